/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * initgroups, getgrouplist: the gids of the user's transitive groups, which the snapshot holds ready, and the local
 * groups of standing `group:` rights that have no end; of a tenant that hides, the group of all members. Never the groups that show holders: what changes by the minute
 * has no place in the credentials of a process, which nothing takes back. `group:` rights that end, by a date or with a
 * grant, are given by PAM, in contained sessions alone.
 */
#include <errno.h>
#include <stdlib.h>

#include "nss_module/answer.h"

NSS_EXPORT enum nss_status _nss_tenure_initgroups_dyn(const char *user, gid_t primary, long *start, long *size,
						      gid_t **groups, long limit, int *errnop);

/* The caller's array, which is ours to grow; limit <= 0: no limit. */
struct gid_array {
	long *start, *size;
	gid_t **groups;
	long limit;
	gid_t primary;
};

/* Room for `more` gids, or for as many as the limit leaves. */
static int make_room(struct gid_array *a, size_t more)
{
	long want = *a->size > 0 ? *a->size : 16;
	gid_t *groups;

	if (more <= (size_t)(*a->size - *a->start))
		return 0;
	while (want - *a->start < (long)more)
		want *= 2;
	if (a->limit > 0 && want > a->limit)
		want = a->limit;
	if (want <= *a->size)
		return 0;
	groups = realloc(*a->groups, (size_t)want * sizeof(**a->groups));
	if (!groups)
		return -ENOMEM;
	*a->groups = groups;
	*a->size = want;
	return 0;
}

static void add(struct gid_array *a, gid_t gid)
{
	if (gid != a->primary && *a->start < *a->size)
		(*a->groups)[(*a->start)++] = gid;
}

static int add_all(struct gid_array *a, const struct view_tenant *t, const uint32_t *gids, size_t count)
{
	int r = make_room(a, count);

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++) {
		if (!view_id_is_ours(t, gids[i]))
			return -EBADMSG;
		add(a, gids[i]);
	}
	return 0;
}

/* What opens the folder of a tenant that hides to the user's processes. */
static int add_members(struct gid_array *a, const struct view_tenant *t)
{
	const uint32_t gid = view_members_gid(t);
	int r = gid == NO_ID ? 0 : make_room(a, 1);

	if (r == 0 && gid != NO_ID)
		add(a, gid);
	return r;
}

static int add_local(void *context, const struct holder *row)
{
	struct gid_array *a = context;
	struct instant now;
	int r;

	if (row->local_gid == NO_ID || row->window.end_ns != TIME_FOREVER || row->window.boot_end_ns != TIME_FOREVER)
		return 0;
	if (row->local_gid == 0)
		return -EBADMSG;
	r = clock_system.now(&clock_system, &now);
	if (r < 0 || !window_holds(&row->window, &now))
		return r;
	for (long i = 0; i < *a->start; i++)
		if ((*a->groups)[i] == row->local_gid)
			return 0;
	r = make_room(a, 1);
	if (r == 0)
		add(a, row->local_gid);
	return r;
}

static int add_local_groups(struct gid_array *a, const struct view_tenant *t, const struct uuid *principal)
{
	const struct holders *standing;
	int r = view_standing(t, &standing);

	return r < 0 || !standing ? r : holders_groups_of_principal(standing, principal, NULL, add_local, a);
}

static int of_local_login(const struct view *view, const char *user, struct gid_array *a)
{
	const struct view_tenant *t;
	const struct identity *id;
	struct index_login login;
	const uint32_t *gids;
	size_t count;
	int r = index_login_by_name(view_index(view), user, &login);

	if (r == -EKEYREVOKED)
		return -ENOENT;
	if (r < 0)
		return r;
	t = view_tenant(view, login.tenant);
	r = view_identity(t, &id);
	if (r == 0)
		r = identity_gids_of_principal(id, &login.principal, &gids, &count);
	if (r == 0)
		r = add_all(a, t, gids, count);
	if (r == 0)
		r = add_members(a, t);
	return r < 0 ? r : add_local_groups(a, t, &login.principal);
}

static int of_user(const struct view *view, const char *user, struct gid_array *a)
{
	const struct view_tenant *t;
	struct identity_user u;
	int r = view_user_by_name(view, user, &t, &u);

	if (r == -ENOENT)
		return of_local_login(view, user, a);
	if (r == 0)
		r = add_all(a, t, u.gids, u.gid_count);
	if (r == 0)
		r = add_members(a, t);
	return r < 0 ? r : add_local_groups(a, t, &u.principal);
}

enum nss_status _nss_tenure_initgroups_dyn(const char *user, gid_t primary, long *start, long *size, gid_t **groups,
					   long limit, int *errnop)
{
	struct gid_array a = {.start = start, .size = size, .groups = groups, .limit = limit, .primary = primary};
	struct reading reading;
	int r = user ? view_enter(&reading) : -ENOENT;
	long before = *start;

	if (r == 0) {
		r = of_user(reading.view, user, &a);
		view_leave(&reading);
	}
	if (r < 0)
		*start = before; /* all or nothing */
	return answer_status(r, errnop);
}
