/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who came, went, or became another. What a whole publication would hold him against, it is held against here: his name,
 * ids and numbers against all others, the range, the host's own, and those who were deleted (T50). And nothing that the
 * bases' directory had wrong may have to do with him (delta_odd.c): else somebody who was left out may come by his going,
 * or what leads nowhere may mean him.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/validate.h"
#include "daemon/tenured/delta_compute.h"

static bool is_real(const struct identity_group *g)
{
	return g->member_users || g->member_lengths;
}

/* The user of the base who has it is himself, or leaves it to him. */
static bool may_have_name(const struct computation *c, const struct parsed_user *p, const struct identity_user *of)
{
	const uint32_t offset = identity_user_offset(c->base->identity, of);

	return (p->in_base && p->offset == offset) || delta_has_left(c, offset);
}

/* Nobody else has the name, as a user or as a group that is more than theirs. */
static int check_name(const struct computation *c, const struct parsed_user *p)
{
	struct identity_group group;
	struct identity_user user;
	uint32_t position;
	int r = identity_group_by_name(c->base->identity, p->login, &group);

	if (r != -ENOENT && (r < 0 || is_real(&group)))
		return -EAGAIN;
	r = identity_user_by_name(c->base->identity, p->login, &user);
	if (r == -ENOENT)
		r = policy_principal_by_name(c->base->policy, p->user->o.name, &position) == -ENOENT ? 0 : -EAGAIN;
	else if (r == 0)
		r = may_have_name(c, p, &user) ? 0 : -EAGAIN;
	return r == 0 ? 0 : -EAGAIN;
}

/* Nobody else has the number, nor had it; and the group that he names is one, or his own. */
static int check_numbers(const struct computation *c, const struct parsed_user *p)
{
	const struct identity *id = c->base->identity;
	struct user *u = p->user;
	struct identity_group group;
	struct identity_user user;
	uint32_t position;
	int r = identity_user_by_uid(id, u->uid, &user);

	if (u->gid == u->uid)
		u->gid = NO_ID;
	if (r == 0 && !(p->in_base && uuid_equal(&user.principal, &p->entry.id)))
		return -EAGAIN;
	if (r < 0 && (r != -ENOENT || policy_principal_by_uid(c->base->policy, u->uid, &position) != -ENOENT))
		return -EAGAIN;
	r = identity_group_by_gid(id, u->uid, &group);
	if (r == 0 ? is_real(&group) || !p->in_base || p->renumbered : r != -ENOENT)
		return -EAGAIN;
	if (u->gid != NO_ID && (identity_group_by_gid(id, u->gid, &group) < 0 || !is_real(&group)))
		return -EAGAIN;
	return state_uid_is_free(c->w->state, &c->tenant->id, u->uid, &p->entry.id) ? 0 : -EAGAIN;
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

/* A local login of this host is mapped to that name: whom it means is found out where all is read. */
static bool is_mapped(const struct computation *c, const char *name)
{
	const size_t len = strlen(name);

	for (size_t i = 0; i < c->w->host->local_login_count; i++)
		if (strncmp(c->w->host->local_logins[i].principal, name, len) == 0 &&
		    c->w->host->local_logins[i].principal[len] == '@')
			return true;
	return false;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

static bool is_of_other(const struct delta *d, const struct uuid *id)
{
	return d->id_count > 0 && bsearch(id, d->ids, d->id_count, sizeof(*d->ids), compare_ids);
}

static bool is_odd(const struct delta *d, const char *name, const char *place, uid_t uid, gid_t gid)
{
	return delta_is_odd_text(d, name) || delta_is_odd_text(d, place) || delta_is_odd_number(d, uid) ||
	       (gid != NO_ID && delta_is_odd_number(d, gid));
}

static int check_now(const struct computation *c, const struct parsed_user *p)
{
	const struct user *u = p->user;
	int r = check_name(c, p);

	if (is_odd(c->d, u->o.name, u->o.place, u->uid, u->gid) || is_reserved(u->o.name) || is_mapped(c, u->o.name) ||
	    is_of_other(c->d, &p->entry.id))
		return -EAGAIN;
	if (r == 0)
		r = check_numbers(c, p);
	return r == 0 ? validate_alone(c->w, p->user) : r;
}

static int check_before(const struct computation *c, const struct parsed_user *p)
{
	struct policy_principal before;

	if (policy_principal(c->base->policy, p->position, &before) < 0)
		return -EAGAIN;
	if ((!p->user || p->renamed || p->moved) && delta_is_referred_to(c->d, &p->entry.id))
		return -EAGAIN;
	return is_odd(c->d, before.name, before.place, before.uid, p->base.gid) || is_mapped(c, before.name) ? -EAGAIN : 0;
}

/* No two of those who are new, or other, are one. */
static int check_distinct(const struct computation *c)
{
	for (size_t i = 1; i < c->named_count; i++)
		if (strcmp(c->named[i - 1]->user->o.name, c->named[i]->user->o.name) == 0)
			return -EAGAIN;
	for (size_t i = 0; i < c->parsed_count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct parsed_user *a = &c->parsed[i], *b = &c->parsed[k];

			if (uuid_equal(&a->entry.id, &b->entry.id) || (a->user && b->user && a->user->uid == b->user->uid))
				return -EAGAIN;
		}
	return 0;
}

int delta_check_users(struct computation *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->parsed_count; i++) {
		const struct parsed_user *p = &c->parsed[i];
		const bool other = !p->in_base || !p->user || p->renamed || p->moved || p->renumbered || p->regrouped;

		if (other && (!c->d->clean || delta_is_odd_id(c->d, &p->entry.id)))
			return -EAGAIN;
		if (other && p->in_base)
			r = check_before(c, p);
		if (r == 0 && other && p->user)
			r = check_now(c, p);
	}
	return r == 0 ? check_distinct(c) : r;
}
