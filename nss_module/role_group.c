/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * become-USER and role-NAME: who holds the right or the role here at this moment, by standing assignment or grant. The
 * tables are walked twice, once to measure and once to fill; both walks see the same mapping and the same time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nss_module/answer.h"

struct gathering {
	const struct view *view;
	const struct view_tenant *tenant; /* whose table is walked */
	char **slots;			  /* NULL: measure only */
	size_t count, limit, bytes;
};

static int is_trusted(const struct gathering *g, size_t from, bool *ret)
{
	return index_trusts(view_index(g->view), view_position(g->view, g->tenant), from, ret);
}

/*
 * A guest's row has a principal of the tenant that takes him in. His own knows him by his uid, which is nobody else's ever
 * (T50).
 */
static int login_is_of_guest(const struct gathering *g, const struct holder *row, bool *ret)
{
	const struct view_tenant *from;
	struct identity_user u;
	struct index_login local;
	int r = view_user_by_name(g->view, row->login, &from, &u);

	if (r == 0)
		return u.uid == row->uid ? is_trusted(g, view_position(g->view, from), ret) : 0;
	if (r != -ENOENT)
		return r;
	r = index_login_by_uid(view_index(g->view), row->uid, &local);
	if (r == 0 && local.login && strcmp(local.login, row->login) == 0)
		return is_trusted(g, local.tenant, ret);
	return r == -EKEYREVOKED ? 0 : r;
}

/*
 * Rows are of principals: one whose login or name has gone to somebody else since gives the newcomer nothing (T50).
 * True if the login is the principal's still.
 */
static int login_is_of(const struct gathering *g, const struct holder *row, bool *ret)
{
	const struct identity *id;
	struct identity_user u;
	struct index_login local;
	int r = view_identity(g->tenant, &id);

	*ret = false;
	if (r == 0)
		r = identity_user_by_name(id, row->login, &u);
	if (r == 0)
		*ret = uuid_equal(&u.principal, &row->principal);
	if (r != -ENOENT)
		return r;
	r = login_is_of_guest(g, row, ret);
	if (r < 0 || *ret)
		return r;
	r = index_login_by_name(view_index(g->view), row->login, &local);
	if (r == 0)
		*ret = uuid_equal(&local.principal, &row->principal) && local.tenant == view_position(g->view, g->tenant);
	return r == -ENOENT || r == -EKEYREVOKED ? 0 : r;
}

static int gather(void *context, const struct holder *row)
{
	struct gathering *g = context;
	bool current;
	int r = 0;

	if (!row->login)
		return 0;
	r = login_is_of(g, row, &current);
	if (r < 0 || !current)
		return r;
	if (g->slots) {
		if (g->count == g->limit)
			return -EBADMSG;
		g->slots[g->count] = (char *)(uintptr_t)row->login;
	}
	g->count++;
	g->bytes += strlen(row->login) + 1;
	return 0;
}

static int gather_table(const struct holders *h, const struct identity_role_group *group, const struct instant *now,
			struct gathering *g)
{
	if (!h)
		return 0;
	if (group->kind == RIGHT_BECOME)
		return holders_of_right(h, RIGHT_BECOME, group->argument, now, gather, g);
	return holders_of_role(h, group->argument, now, gather, g);
}

static int gather_tenant(const struct view_tenant *t, const struct identity_role_group *group,
			 const struct instant *now, struct gathering *g)
{
	const struct holders *standing, *grants;
	int r = view_standing(t, &standing);

	g->tenant = t;
	if (r == 0)
		r = view_grants(t, &grants);
	if (r == 0)
		r = gather_table(standing, group, now, g);
	return r < 0 ? r : gather_table(grants, group, now, g);
}

/* A role is its tenant's; who may become somebody here is asked of all tenants. */
static int gather_all(const struct view *view, const struct view_tenant *t, const struct identity_role_group *group,
		      const struct instant *now, struct gathering *g)
{
	int r = 0;

	if (group->kind != RIGHT_BECOME)
		return gather_tenant(t, group, now, g);
	for (size_t i = 0; r == 0 && i < view_tenant_count(view); i++)
		r = gather_tenant(view_tenant(view, i), group, now, g);
	return r;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Each name once, ascending. Returns how many are left. */
static size_t unique(char **names, size_t count)
{
	size_t kept = 0;

	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0)
			names[kept++] = names[i];
	return kept;
}

static char *put(char *at, const char *s, char **ret)
{
	size_t len = strlen(s) + 1;

	memcpy(at, s, len);
	*ret = at;
	return at + len;
}

int answer_role_group(const struct view *view, const struct view_tenant *t, const struct identity_role_group *group,
		      struct group *ret, char *buf, size_t len)
{
	size_t padding = answer_padding(buf, len), name_len = strlen(group->name) + 1, pointers;
	struct gathering measured = {.view = view}, filled = {.view = view};
	struct instant now;
	char *at;
	int r = clock_system.now(&clock_system, &now);

	if (!view_role_gid_is_ours(t, group->gid))
		return -EBADMSG;
	if (r == 0)
		r = gather_all(view, t, group, &now, &measured);
	if (r < 0)
		return r;
	pointers = (measured.count + 1) * sizeof(char *);
	if (!buf || len - padding < pointers + measured.bytes + name_len + 2)
		return -ERANGE;
	filled.slots = ret->gr_mem = (char **)(void *)(buf + padding);
	filled.limit = measured.count;
	r = gather_all(view, t, group, &now, &filled);
	if (r < 0)
		return r;
	filled.count = unique(filled.slots, filled.count);
	at = buf + padding + pointers;
	for (size_t i = 0; i < filled.count; i++)
		at = put(at, filled.slots[i], &filled.slots[i]);
	filled.slots[filled.count] = NULL;
	at = put(at, group->name, &ret->gr_name);
	(void)put(at, "*", &ret->gr_passwd);
	ret->gr_gid = group->gid;
	return 0;
}
