/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups: those that changed, and those in which somebody was who is gone, or has another name, DN or gid. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/validate.h"
#include "daemon/tenured/delta_compute.h"

/* So many of a set are looked at for what became of users. */
#define FOLLOWING_MAX 1024u

static int add_shown(const struct computation *c, struct delta_objects *all, gid_t gid)
{
	const struct delta_shown *g = delta_shown_group(c->d, gid);

	if (!g || all->group_count >= FOLLOWING_MAX)
		return -EAGAIN;
	return delta_objects_add_group(all, &g->uuid) ? 0 : -ENOMEM;
}

static bool is_member(const struct computation *c, gid_t gid, const struct identity_user *u)
{
	struct identity_group g;
	const char *name;
	size_t len;

	if (identity_group_by_gid(c->base->identity, gid, &g) < 0)
		return false;
	if (g.member_users) {
		for (size_t i = 0; i < g.member_count; i++)
			if (identity_member(c->base->identity, &g, i, &name, &len) == 0 && strcmp(name, u->name) == 0)
				return true;
		return false;
	}
	name = g.members;
	for (size_t i = 0; i < g.member_count; name += g.member_lengths[i++])
		if (strcmp(name, u->name) == 0)
			return true;
	return false;
}

int delta_add_groups(const struct computation *c, struct delta_objects *all)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->parsed_count; i++) {
		const struct parsed_user *p = &c->parsed[i];

		if (!p->in_base || (p->user && !p->renamed && !p->moved && !p->regrouped))
			continue;
		if (is_member(c, p->base.gid, &p->base)) /* which is not among his gids */
			r = add_shown(c, all, p->base.gid);
		for (size_t k = 0; r == 0 && k < p->base.gid_count; k++)
			r = add_shown(c, all, p->base.gids[k]);
	}
	return r;
}

static int members_before(const struct computation *c, struct delta_group *g)
{
	const char *name = g->base.members;

	g->before = calloc(g->base.member_count + 1, sizeof(*g->before));
	if (!g->before)
		return -ENOMEM;
	for (; g->before_count < g->base.member_count; g->before_count++) {
		struct identity_user u;
		size_t len;
		int r = 0;

		if (g->base.member_users)
			r = identity_member(c->base->identity, &g->base, g->before_count, &name, &len);
		if (r == 0)
			r = identity_user_by_name(c->base->identity, name, &u);
		if (r < 0)
			return -EAGAIN;
		g->before[g->before_count] = identity_user_offset(c->base->identity, &u);
		if (!g->base.member_users)
			name += g->base.member_lengths[g->before_count];
	}
	g->before_count = delta_unique(g->before, g->before_count);
	return 0;
}

bool delta_is_nobody(const struct computation *c, const char *name)
{
	struct policy_principal p;
	struct identity_user u;
	uint32_t position;
	int r = policy_principal_by_name(c->base->policy, name, &position);

	if (r < 0)
		return r == -ENOENT;
	/* In the base he shows, and has left: else he has no login, and is a member all the same. */
	return policy_principal(c->base->policy, position, &p) == 0 && p.login &&
	       identity_user_by_name(c->base->identity, p.login, &u) == 0 &&
	       delta_has_left(c, identity_user_offset(c->base->identity, &u));
}

/*
 * A member that leads nowhere: somebody who went, was moved, or is yet to come. It is said, and is nobody. Not where the
 * group restricts, for then what is published has to stay; nor where it may mean somebody who is left out.
 */
static int member_is_missing(const struct computation *c, const struct delta_group *g, const char *name)
{
	const struct delta_shown *shown = g->added ? NULL : delta_shown_group(c->d, g->base.gid);

	if (!c->d->clean || (!g->added && (!shown || shown->restricts)) || delta_is_odd_text(c->d, name) ||
	    !delta_is_nobody(c, name))
		return -EAGAIN;
	validate_report_missing(&c->set->problems, "group", &g->parsed.o, "member", name);
	return c->set->problems.lost ? -ENOMEM : 0;
}

static int members_now(struct computation *c, struct delta_group *g)
{
	const struct name_list *members = &g->parsed.members;

	g->now = calloc(members->count + 1, sizeof(*g->now));
	if (!g->now)
		return -ENOMEM;
	for (size_t i = 0; i < members->count; i++) {
		int r = delta_find_user(c, members->names[i], &g->now[g->now_count]);

		if (r == 0)
			g->now_count++;
		else if (r == -ENOENT)
			r = member_is_missing(c, g, members->names[i]);
		if (r < 0)
			return r;
	}
	int r = delta_members_below(c, g);

	g->now_count = delta_unique(g->now, g->now_count);
	return r;
}

/* Members in the order of their records, which is the one of a whole publication. */
static int list_names(const struct computation *c, struct delta_group *g)
{
	struct identity_user u;
	size_t at = 0;

	for (size_t i = 0; i < g->now_count; i++) {
		if (delta_user_at(c, g->now[i], &u) < 0)
			return -EAGAIN;
		g->names_len += u.name_len + 1;
	}
	g->names = malloc(g->names_len + 1);
	g->lengths = malloc(g->now_count + 1);
	if (!g->names || !g->lengths)
		return -ENOMEM;
	for (size_t i = 0; i < g->now_count; i++) {
		if (delta_user_at(c, g->now[i], &u) < 0)
			return -EAGAIN;
		memcpy(g->names + at, u.name, u.name_len + 1);
		g->lengths[i] = (uint8_t)(u.name_len + 1);
		at += u.name_len + 1;
	}
	return 0;
}

/* How deep a deny reaches is of the bases; so is what is known of nesting where it may have changed. */
static int check_nesting(const struct computation *c, const struct delta_group *g)
{
	const struct delta_shown *shown = delta_shown_entry(c->d, &g->entry);

	if (!delta_has_changed_group(c, &g->entry))
		return 0;
	c->set->reshaped = c->set->reshaped || g->parsed.member_groups.count > 0;
	return g->parsed.member_groups.count > 0 && shown && shown->restricts ? -EAGAIN : 0;
}

/* It is looked at for what is assigned to it alone. */
static bool is_same(const struct computation *c, const struct delta_group *g)
{
	if (g->fresh || g->now_count != g->before_count)
		return false;
	for (size_t i = 0; i < g->now_count; i++)
		if (g->now[i] != g->before[i] || delta_parsed_at(c, g->now[i]))
			return false;
	return true;
}

int delta_parse_group(struct computation *c, const struct uuid *id, struct delta_group *g, bool *ret_nothing)
{
	int r = delta_find_group(c, id, g, ret_nothing);

	if (r == 0 && !g->added)
		r = members_before(c, g);
	if (r == 0 && !g->gone)
		r = check_nesting(c, g);
	if (r == 0 && !g->gone)
		r = members_now(c, g);
	if (r == 0)
		r = list_names(c, g);
	g->same = r == 0 && is_same(c, g);
	return r;
}
