/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Somebody new. What a whole publication would hold him against, it is held against here: his name, ids and numbers
 * against all others, the range, the host's own, and those who were deleted (T50). Only in a directory without a single
 * problem: then nobody is left out whose name or number he could take, and nothing that leads nowhere could mean him.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/validate.h"
#include "daemon/tenured/delta.h"

static bool is_real(const struct identity_group *g)
{
	return g->member_users || g->member_lengths;
}

/* Nobody has the name or the number, as a user or as a group; and the group that the user names is one. */
static int check_identity(const struct identity *id, const struct user *u, const char *login)
{
	struct identity_group group;
	struct identity_user user;

	if (identity_user_by_name(id, login, &user) != -ENOENT || identity_group_by_name(id, login, &group) != -ENOENT ||
	    identity_user_by_uid(id, u->uid, &user) != -ENOENT || identity_group_by_gid(id, u->uid, &group) != -ENOENT)
		return -EAGAIN;
	if (u->gid != NO_ID && (identity_group_by_gid(id, u->gid, &group) < 0 || !is_real(&group)))
		return -EAGAIN;
	return 0;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

static int check_policy(const struct delta *d, const struct policy *p, const struct user *u)
{
	uint32_t found;

	if (policy_principal_by_name(p, u->o.name, &found) != -ENOENT || policy_principal_by_id(p, &u->o.id, &found) != -ENOENT ||
	    policy_principal_by_uid(p, u->uid, &found) != -ENOENT)
		return -EAGAIN;
	return d->id_count > 0 && bsearch(&u->o.id, d->ids, d->id_count, sizeof(*d->ids), compare_ids) ? -EAGAIN : 0;
}

/* The user alone, with the group that he names, as a directory. Takes nothing. */
static int validate_alone(const struct delta_where *w, struct user *u)
{
	CLEANUP(directory_freep) struct directory *d = calloc(1, sizeof(*d));
	struct problem_list problems = {0};
	int r;

	if (!d)
		return -ENOMEM;
	d->tenant_id = w->tenant->id;
	d->groups = calloc(1, sizeof(*d->groups));
	if (!d->groups)
		return -ENOMEM;
	if (u->gid != NO_ID) {
		struct group *g = &d->groups[d->group_count++];

		group_init(g);
		g->gid = u->gid;
		g->o.name = strdup("somebody-s-group");
		g->o.place = strdup("");
		if (!g->o.name || !g->o.place)
			return -ENOMEM;
	}
	d->users = u;
	d->user_count = 1;
	r = directory_validate(d, w->tenant, w->accounts, &problems);
	d->users = NULL;
	d->user_count = 0;
	if (r == 0 && (u->o.dropped || problems.count > 0 || problems.lost))
		r = -EAGAIN;
	problem_list_done(&problems);
	return r;
}

/* Names of groups that show holders are nobody else's, and do not show. */
static bool is_reserved(const char *name)
{
	return strncmp(name, "become-", 7) == 0 || strncmp(name, "role-", 5) == 0;
}

int delta_check_added(const struct delta *d, const struct delta_base *base, const struct delta_where *w, struct user *u,
		      const char *login)
{
	int r;

	if (!d->clean || !w->may_add || u->uid == NO_ID || is_reserved(u->o.name))
		return -EAGAIN;
	if (u->gid == u->uid)
		u->gid = NO_ID; /* of the private group: that no other has the number is looked at below */
	if (!state_uid_is_free(w->state, &w->tenant->id, u->uid, &u->o.id))
		return -EAGAIN;
	r = check_identity(base->identity, u, login);
	if (r == 0)
		r = check_policy(d, base->policy, u);
	return r == 0 ? validate_alone(w, u) : r;
}
