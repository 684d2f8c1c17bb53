/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was changed, parsed, and found in the base. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/validate.h"
#include "common/snapshot/identity_format.h"
#include "daemon/tenured/delta_compute.h"

/* name, or name@domain. */
static int shown_name(const struct computation *c, const char *name, char ret[static IDENTITY_LOGIN_MAX + 1])
{
	const int n = c->tenant->home ? snprintf(ret, IDENTITY_LOGIN_MAX + 1, "%s", name)
				      : snprintf(ret, IDENTITY_LOGIN_MAX + 1, "%s@%s", name,
						 c->tenant->domain_count ? c->tenant->domains[0] : "");

	return n < 0 || n > IDENTITY_LOGIN_MAX ? -EAGAIN : 0;
}

/* Somebody of the base. 0, -ENOENT, -EAGAIN. */
static int find_user(const struct computation *c, const char *name, struct identity_user *ret)
{
	char login[IDENTITY_LOGIN_MAX + 1];
	int r = name ? shown_name(c, name, login) : -EAGAIN;

	return r == 0 ? identity_user_by_name(c->base->identity, login, ret) : r;
}

/* Somebody of the base, or new. */
static int find_offset(const struct computation *c, const char *name, uint32_t *ret)
{
	struct identity_user u;
	int r = find_user(c, name, &u);

	if (r == 0)
		*ret = identity_user_offset(c->base->identity, &u);
	for (size_t i = 0; r == -ENOENT && i < c->added_count; i++)
		if (strcmp(c->added[i].user->o.name, name) == 0) {
			*ret = c->added[i].offset;
			return 0;
		}
	return r == -ENOENT ? -EAGAIN : r;
}

int delta_user_at(const struct computation *c, uint32_t offset, struct identity_user *ret)
{
	const struct parsed_user *p = &c->added[offset & ~DELTA_ADDED];

	if (!(offset & DELTA_ADDED))
		return identity_user_by_offset(c->base->identity, offset, ret);
	*ret = (struct identity_user){
		.name = p->login,
		.name_len = strlen(p->login),
		.uid = p->user->uid,
		.gid = p->user->gid == NO_ID ? p->user->uid : p->user->gid,
		.principal = p->user->o.id,
	};
	identity_home(c->base->identity, ret);
	return 0;
}

static int source_of(const struct computation *c, const struct uuid *id, struct source_object *ret)
{
	size_t len;
	const void *object = mirror_by_uuid(c->m, id, &len);

	return object && mirror_source(object, len, ret) == 0 ? 0 : -EAGAIN;
}

/* 0: it is as sound as it is to be. */
static int verdict(const struct computation *c, bool parsed)
{
	return c->builder.no_memory ? -ENOMEM : parsed && c->problems.count == 0 ? 0 : -EAGAIN;
}

static int add_new(struct computation *c, struct parsed_user *p)
{
	char login[IDENTITY_LOGIN_MAX + 1];
	int r = shown_name(c, p->user->o.name, login);

	if (r == 0)
		r = delta_check_added(c->d, c->base, c->w, p->user, login);
	if (r < 0)
		return r;
	p->login = strdup(login);
	return p->login ? 0 : -ENOMEM;
}

int delta_parse_user(struct computation *c, const struct uuid *id, struct parsed_user *p)
{
	struct identity_user shown;
	int r = source_of(c, id, &p->source);

	if (r == 0)
		r = p->source.kind == OBJECT_USER ? verdict(c, mirror_parse(&c->builder, &p->source, p->user)) : -EAGAIN;
	if (r == 0)
		r = user_validate(p->user, c->tenant, &c->problems);
	if (r == 0)
		r = verdict(c, !p->user->o.dropped);
	if (r == 0)
		r = find_user(c, p->user->o.name, &shown);
	if (r == -ENOENT)
		return add_new(c, p);
	if (r < 0)
		return r;
	if (!uuid_equal(&shown.principal, &p->user->o.id))
		return -EAGAIN;
	p->offset = identity_user_offset(c->base->identity, &shown);
	return delta_add_offset(c, p->offset);
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

static int members_now(const struct computation *c, struct delta_group *g)
{
	const struct name_list *members = &g->parsed.members;

	g->now = calloc(members->count + 1, sizeof(*g->now));
	if (!g->now)
		return -ENOMEM;
	for (; g->now_count < members->count; g->now_count++) {
		int r = find_offset(c, members->names[g->now_count], &g->now[g->now_count]);

		if (r < 0)
			return r;
	}
	g->now_count = delta_unique(g->now, g->now_count);
	return 0;
}

static int find_group(const struct computation *c, struct delta_group *g)
{
	char name[IDENTITY_LOGIN_MAX + 1];
	int r = shown_name(c, g->parsed.o.name, name);

	if (r == 0)
		r = identity_group_by_name(c->base->identity, name, &g->base);
	if (r < 0 || (!g->base.member_users && !g->base.member_lengths))
		return -EAGAIN;
	g->offset = identity_group_offset(c->base->identity, &g->base);
	return g->parsed.gid == NO_ID || g->parsed.gid == g->base.gid ? 0 : -EAGAIN;
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

int delta_parse_group(struct computation *c, const struct uuid *id, struct delta_group *g)
{
	struct source_object s;
	int r = source_of(c, id, &s);

	if (r == 0)
		r = s.kind == OBJECT_GROUP ? verdict(c, mirror_parse(&c->builder, &s, &g->parsed)) : -EAGAIN;
	if (r == 0 && (g->parsed.member_groups.count > 0 || delta_is_bound(c->d, g->parsed.o.name)))
		r = -EAGAIN;
	if (r == 0)
		r = find_group(c, g);
	if (r == 0)
		r = members_before(c, g);
	if (r == 0)
		r = members_now(c, g);
	return r < 0 ? r : list_names(c, g);
}
