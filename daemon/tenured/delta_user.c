/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users whose entries changed: who they are now, and who they are in the base. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/validate.h"
#include "common/snapshot/identity_format.h"
#include "daemon/tenured/delta_compute.h"

_Static_assert(DELTA_LOGIN_SIZE > IDENTITY_LOGIN_MAX, "a name that shows fits");

int delta_login(const struct computation *c, const char *name, char ret[static DELTA_LOGIN_SIZE])
{
	const int n = c->tenant->home ? snprintf(ret, DELTA_LOGIN_SIZE, "%s", name)
				      : snprintf(ret, DELTA_LOGIN_SIZE, "%s@%s", name,
						 c->tenant->domain_count ? c->tenant->domains[0] : "");

	return n < 0 || n > IDENTITY_LOGIN_MAX ? -EAGAIN : 0;
}

int delta_source_of(const struct computation *c, const struct uuid *uuid, struct source_object *ret)
{
	size_t len;
	const void *object = mirror_by_uuid(c->m, uuid, &len);

	return object && mirror_source(object, len, ret) == 0 ? 0 : -EAGAIN;
}

int delta_verdict(const struct computation *c, bool parsed)
{
	return c->builder.no_memory ? -ENOMEM : parsed && c->problems.count == 0 ? 0 : -EAGAIN;
}

/* --- one of them --- */

static int parse_now(struct computation *c, struct parsed_user *p)
{
	char login[DELTA_LOGIN_SIZE];
	struct user *u = p->user;
	int r = delta_verdict(c, mirror_parse(&c->builder, &p->source, u));

	if (r == 0)
		r = user_validate(u, c->tenant, &c->problems);
	if (r == 0)
		r = delta_verdict(c, !u->o.dropped);
	if (r == 0 && u->uid == NO_ID && c->tenant->ldap.derive_ids)
		u->uid = mirror_derived_id(&u->o.id, c->tenant);
	if (r == 0 && (u->uid == NO_ID || !uuid_equal(&u->o.id, &p->entry.id)))
		r = -EAGAIN;
	if (r == 0)
		r = delta_login(c, u->o.name, login);
	if (r < 0)
		return r;
	p->login = strdup(login);
	return p->login ? 0 : -ENOMEM;
}

/* What a whole publication would make of his gid is looked at in delta_fresh.c, where it is another. */
static gid_t gid_of(const struct user *u)
{
	return u->gid == NO_ID ? u->uid : u->gid;
}

static int compare_with_base(struct parsed_user *p, const struct policy_principal *before)
{
	const struct user *u = p->user;

	p->renamed = strcmp(u->o.name, before->name) != 0;
	p->moved = strcmp(u->o.place, before->place) != 0;
	p->renumbered = u->uid != p->base.uid;
	p->regrouped = gid_of(u) != p->base.gid;
	return u->kind == before->kind ? 0 : -EAGAIN; /* what a service may hold is another thing */
}

/* A principal without a login, or with one of this host's, is told by nothing that deltas know. */
static int find_base(const struct computation *c, struct parsed_user *p)
{
	struct policy_principal before;
	int r = policy_principal_by_id(c->base->policy, &p->entry.id, &p->position);

	if (r == -ENOENT)
		return 0;
	if (r == 0)
		r = policy_principal(c->base->policy, p->position, &before);
	if (r < 0 || before.uid == NO_ID || !before.login ||
	    identity_user_by_name(c->base->identity, before.login, &p->base) < 0 || p->base.uid != before.uid ||
	    !uuid_equal(&p->base.principal, &p->entry.id))
		return -EAGAIN;
	p->in_base = true;
	p->base_name = before.name;
	p->offset = identity_user_offset(c->base->identity, &p->base);
	return p->user ? compare_with_base(p, &before) : 0;
}

int delta_parse_user(struct computation *c, const struct delta_entry *entry, struct parsed_user *p, bool *ret_nobody)
{
	size_t len;
	const void *object = mirror_by_uuid(c->m, &entry->uuid, &len);
	int r = object ? mirror_source(object, len, &p->source) : 0;

	p->entry = *entry;
	if (r < 0)
		return -EAGAIN;
	if (object && p->source.kind == OBJECT_USER) {
		p->user = calloc(1, sizeof(*p->user));
		if (!p->user)
			return -ENOMEM;
		user_init(p->user);
		r = parse_now(c, p);
	} else if (object && p->source.kind != OBJECT_ELSEWHERE) {
		return -EAGAIN;
	}
	if (r == 0)
		r = find_base(c, p);
	*ret_nobody = r == 0 && !p->user && !p->in_base;
	/* Who was left out may have been so for somebody's sake, or somebody for his. */
	return *ret_nobody && delta_is_odd_id(c->d, &entry->id) ? -EAGAIN : r;
}

/* --- all of them --- */

/* Those of the base first, then who is new: in the order of a directory. */
static int compare_parsed(const void *a, const void *b)
{
	const struct parsed_user *x = a, *y = b;

	if (x->in_base != y->in_base)
		return x->in_base ? -1 : 1;
	return x->in_base ? (x->offset > y->offset) - (x->offset < y->offset) : mirror_compare_sources(&x->source, &y->source);
}

static int compare_named(const void *a, const void *b)
{
	const struct parsed_user *const *x = a, *const *y = b;

	return strcmp((*x)->user->o.name, (*y)->user->o.name);
}

static int number(struct computation *c)
{
	uint32_t added = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->parsed_count; i++) {
		struct parsed_user *p = &c->parsed[i];

		if (!p->in_base)
			p->offset = DELTA_ADDED | added++;
		else if (i > 0 && c->parsed[i - 1].in_base && c->parsed[i - 1].offset == p->offset)
			return -EAGAIN; /* two entries are one user */
		r = delta_add_offset(c, p->offset);
	}
	return r;
}

int delta_order_users(struct computation *c)
{
	if (c->parsed_count > 1)
		qsort(c->parsed, c->parsed_count, sizeof(*c->parsed), compare_parsed);
	c->named = calloc(c->parsed_count + 1, sizeof(struct parsed_user *));
	if (!c->named)
		return -ENOMEM;
	for (size_t i = 0; i < c->parsed_count; i++)
		if (c->parsed[i].user && (c->parsed[i].renamed || !c->parsed[i].in_base))
			c->named[c->named_count++] = &c->parsed[i];
	if (c->named_count > 1)
		qsort(c->named, c->named_count, sizeof(struct parsed_user *), compare_named);
	return number(c);
}

static int compare_offset(const void *key, const void *item)
{
	const uint32_t offset = *(const uint32_t *)key, other = ((const struct parsed_user *)item)->offset;

	return (offset > other) - (offset < other);
}

struct parsed_user *delta_parsed_at(const struct computation *c, uint32_t offset)
{
	return c->parsed_count > 0 ? bsearch(&offset, c->parsed, c->parsed_count, sizeof(*c->parsed), compare_offset) : NULL;
}

bool delta_has_left(const struct computation *c, uint32_t offset)
{
	const struct parsed_user *p = delta_parsed_at(c, offset);

	return p && (!p->user || p->renamed);
}

int delta_user_at(const struct computation *c, uint32_t offset, struct identity_user *ret)
{
	const struct parsed_user *p = delta_parsed_at(c, offset);
	int r = 0;

	if (p && p->in_base)
		*ret = p->base;
	else if (p)
		*ret = (struct identity_user){.principal = p->entry.id};
	else
		r = identity_user_by_offset(c->base->identity, offset, ret);
	if (r < 0 || !p || !p->user)
		return r;
	ret->name = p->login;
	ret->name_len = strlen(p->login);
	ret->uid = p->user->uid;
	ret->gid = gid_of(p->user);
	identity_home(c->base->identity, ret);
	return 0;
}

static int compare_name(const void *key, const void *item)
{
	return strcmp(key, (*(const struct parsed_user *const *)item)->user->o.name);
}

int delta_find_user(const struct computation *c, const char *name, uint32_t *ret_offset)
{
	const struct parsed_user *const *named =
		c->named_count > 0 ? bsearch(name, c->named, c->named_count, sizeof(struct parsed_user *), compare_name) : NULL;
	char login[DELTA_LOGIN_SIZE];
	struct identity_user u;
	int r;

	if (named) {
		*ret_offset = (*named)->offset;
		return 0;
	}
	if (delta_login(c, name, login) < 0)
		return -ENOENT;
	r = identity_user_by_name(c->base->identity, login, &u);
	if (r < 0)
		return r;
	*ret_offset = identity_user_offset(c->base->identity, &u);
	return delta_has_left(c, *ret_offset) ? -ENOENT : 0;
}
