/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Groups that came, went, or became other ones. Only such as nothing names but their members' own entries: no assignment, no
 * unit, no role, no other group, and nobody's gid. What a whole publication would hold them against, it is held against here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/validate.h"
#include "daemon/tenured/delta_compute.h"

static bool is_real(const struct identity_group *g)
{
	return g->member_users || g->member_lengths;
}

static int find_base(const struct computation *c, const struct delta_shown *shown, struct delta_group *g)
{
	if (identity_group_by_gid(c->base->identity, shown->gid, &g->base) < 0 || !is_real(&g->base))
		return -EAGAIN;
	g->offset = identity_group_offset(c->base->identity, &g->base);
	return 0;
}

static int parse_now(struct computation *c, const struct source_object *s, struct delta_group *g)
{
	char login[DELTA_LOGIN_SIZE];
	int r = delta_verdict(c, mirror_parse(&c->builder, s, &g->parsed));

	if (r == 0 && delta_is_bound(c->d, g->parsed.o.name))
		r = -EAGAIN;
	/* It may have come to where something leads. */
	if (r == 0 && delta_is_odd_text(c->d, g->parsed.o.place))
		r = -EAGAIN;
	if (r == 0)
		r = delta_login(c, g->parsed.o.name, login);
	if (r < 0)
		return r;
	g->gid = g->parsed.gid;
	if (g->gid == NO_ID && c->tenant->ldap.derive_ids)
		g->gid = mirror_derived_id(&g->parsed.o.id, c->tenant);
	g->login = strdup(login);
	return g->login ? 0 : -ENOMEM;
}

int delta_find_group(struct computation *c, const struct uuid *entry, struct delta_group *g, bool *ret_nothing)
{
	const struct delta_shown *shown = delta_shown_entry(c->d, entry);
	struct source_object s = {.kind = OBJECT_ELSEWHERE};
	size_t len;
	const void *object = mirror_by_uuid(c->m, entry, &len);
	int r = object && mirror_source(object, len, &s) < 0 ? -EAGAIN : 0;

	*ret_nothing = false;
	if (r == 0 && s.kind != OBJECT_ELSEWHERE && s.kind != OBJECT_GROUP)
		r = -EAGAIN;
	g->gone = s.kind == OBJECT_ELSEWHERE;
	g->added = !shown;
	if (r == 0 && shown)
		r = find_base(c, shown, g);
	if (r == 0 && !g->gone)
		r = parse_now(c, &s, g);
	if (r < 0)
		return r;
	*ret_nothing = g->gone && g->added;
	g->fresh = g->gone || g->added || strcmp(g->login, g->base.name) != 0 || g->gid != g->base.gid;
	return 0;
}

/* The group alone, as a directory. Takes nothing. */
static int validate_alone(const struct delta_where *w, struct group *g)
{
	CLEANUP(directory_freep) struct directory *d = calloc(1, sizeof(*d));
	struct problem_list problems = {0};
	struct group alone = {.o = g->o, .gid = g->gid};
	int r;

	if (!d)
		return -ENOMEM;
	d->tenant_id = w->tenant->id;
	d->groups = &alone;
	d->group_count = 1;
	r = directory_validate(d, w->tenant, w->accounts, &problems);
	free(alone.closure);
	d->groups = NULL;
	d->group_count = 0;
	if (r == 0 && (alone.o.dropped || problems.count > 0 || problems.lost))
		r = -EAGAIN;
	problem_list_done(&problems);
	return r;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

/* Nobody has its name, and no group of the base; nor its id. */
static int check_name(const struct computation *c, const struct delta_group *g)
{
	const struct object *o = &g->parsed.o;
	struct identity_group group;
	uint32_t found;

	if (delta_is_odd_text(c->d, o->name) || delta_is_odd_id(c->d, &o->id))
		return -EAGAIN;
	if (delta_find_user(c, o->name, &found) != -ENOENT ||
	    policy_principal_by_name(c->base->policy, o->name, &found) != -ENOENT)
		return -EAGAIN;
	if (!g->added && strcmp(g->login, g->base.name) == 0)
		return 0;
	return identity_group_by_name(c->base->identity, g->login, &group) == -ENOENT ? 0 : -EAGAIN;
}

bool delta_id_is_free(const struct computation *c, const struct uuid *id)
{
	uint32_t found;

	if ((c->d->id_count > 0 && bsearch(id, c->d->ids, c->d->id_count, sizeof(*c->d->ids), compare_ids)) ||
	    policy_principal_by_id(c->base->policy, id, &found) != -ENOENT || delta_is_odd_id(c->d, id))
		return false;
	for (size_t i = 0; i < c->parsed_count; i++)
		if (uuid_equal(&c->parsed[i].entry.id, id))
			return false;
	return true;
}

static int check_id(const struct computation *c, const struct delta_group *g)
{
	for (size_t i = 0; i < c->set->assigned_count; i++)
		if (uuid_equal(&c->set->assigned[i].parsed.o.id, &g->parsed.o.id))
			return -EAGAIN;
	return delta_id_is_free(c, &g->parsed.o.id) ? 0 : -EAGAIN;
}

/* Its number is nobody's, as a group or as a user, nor about to be. */
static int check_gid(const struct computation *c, const struct delta_group *g)
{
	struct identity_group group;
	struct identity_user user;

	if (g->gid == NO_ID || delta_is_odd_number(c->d, g->gid) ||
	    identity_group_by_gid(c->base->identity, g->gid, &group) != -ENOENT ||
	    identity_user_by_uid(c->base->identity, g->gid, &user) != -ENOENT)
		return -EAGAIN;
	for (size_t i = 0; i < c->parsed_count; i++)
		if (c->parsed[i].user && (c->parsed[i].user->uid == g->gid || c->parsed[i].user->gid == g->gid))
			return -EAGAIN;
	return 0;
}

/* Nobody may have it for his own group, who is in the base or came since. */
static int check_left(const struct computation *c, const struct delta_group *g)
{
	const struct delta_shown *shown = delta_shown_group(c->d, g->base.gid);
	char name[DELTA_LOGIN_SIZE];

	if (!shown || shown->named || (shown->primary && (g->gone || g->gid != g->base.gid)))
		return -EAGAIN;
	(void)snprintf(name, sizeof(name), "%s", g->base.name);
	if (!c->tenant->home && strrchr(name, '@'))
		*strrchr(name, '@') = '\0';
	if (delta_is_odd_text(c->d, name) || delta_is_odd_number(c->d, g->base.gid) || delta_is_bound(c->d, name))
		return -EAGAIN;
	for (size_t i = 0; i < c->parsed_count; i++)
		if (c->parsed[i].user && c->parsed[i].user->gid == g->base.gid && (g->gone || g->gid != g->base.gid))
			return -EAGAIN;
	return 0;
}

static int check_one(const struct computation *c, struct delta_group *g)
{
	int r = g->added ? check_id(c, g) : check_left(c, g);

	if (r < 0 || g->gone)
		return r;
	r = check_name(c, g);
	if (r == 0 && (g->added || g->gid != g->base.gid))
		r = check_gid(c, g);
	g->parsed.gid = g->gid;
	return r == 0 ? validate_alone(c->w, &g->parsed) : r;
}

int delta_check_groups(const struct computation *c)
{
	struct delta_set *s = c->set;
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->group_count; i++) {
		struct delta_group *g = &s->groups[i];

		if (!g->fresh)
			continue;
		s->reshaped = true;
		if (!c->d->clean)
			return -EAGAIN;
		r = check_one(c, g);
		for (size_t k = 0; r == 0 && k < s->group_count; k++) {
			const struct delta_group *other = &s->groups[k];

			if (k != i && !g->gone && !other->gone &&
			    (strcmp(g->login, other->login) == 0 || g->gid == other->gid ||
			     uuid_equal(&g->parsed.o.id, &other->parsed.o.id)))
				return -EAGAIN;
		}
	}
	return r;
}
