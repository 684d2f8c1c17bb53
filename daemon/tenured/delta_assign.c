/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Assignments that came, went, or became other ones: eligible and active ones of a role that manages nothing, at a scope, for
 * somebody who shows or a plain group. What a whole publication would hold them against, it is held against here. Those that
 * mean nothing on this host cost nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/decide/decide.h"
#include "daemon/tenured/delta_compute.h"

/* The entry that it is given to. */
static bool principal_entry(const struct computation *c, const struct source_object *s, struct uuid *ret)
{
	struct sync_field f;
	char *dn = NULL;
	bool found;

	if (sync_find(sync_object_fields(s->bytes, s->len), SYNC_TAG_PRINCIPAL, &f) < 0 || sync_field_text(&f, &dn) < 0)
		return false;
	found = delta_entry_of(c->m, dn, ret);
	free(dn);
	return found;
}

/* As a whole publication takes it (model, validate_references.c): else it would be said what is wrong. */
static bool is_whole(const struct assignment *a)
{
	return a->type != ASSIGNMENT_DENY && !a->user != !a->group && !a->guest && a->scope && !a->unit && a->role && a->action_count == 0 &&
	       a->start_ns < a->end_ns;
}

static int find_user(const struct computation *c, struct delta_assigned *a)
{
	struct policy_principal p;
	const struct parsed_user *parsed;
	struct identity_user u;
	uint32_t position;
	bool service;

	if (delta_find_user(c, a->parsed.user, &a->user) < 0)
		return -EAGAIN;
	parsed = delta_parsed_at(c, a->user);
	if (parsed) {
		service = parsed->user->kind == USER_SERVICE;
	} else {
		if (delta_user_at(c, a->user, &u) < 0 || policy_principal_by_id(c->base->policy, &u.principal, &position) < 0 ||
		    policy_principal(c->base->policy, position, &p) < 0)
			return -EAGAIN;
		service = p.kind == USER_SERVICE;
	}
	return service && a->parsed.type == ASSIGNMENT_ELIGIBLE ? -EAGAIN : 0;
}

static int parse_now(struct computation *c, struct delta_assigned *a)
{
	bool at_host, blocked;
	int r = delta_verdict(c, mirror_parse(&c->builder, &a->source, &a->parsed));

	if (r < 0 || !is_whole(&a->parsed) || delta_role_manages(c->d, a->parsed.role) ||
	    !delta_is_place(c->d, a->parsed.scope) || policy_role_by_name(c->base->policy, a->parsed.role, &a->role) < 0)
		return r == -ENOMEM ? r : -EAGAIN;
	if (a->base ? !uuid_equal(&a->base->id, &a->parsed.o.id) : !delta_id_is_free(c, &a->parsed.o.id))
		return -EAGAIN;
	r = policy_scope_reaches(c->base->policy, a->parsed.scope, &at_host, &blocked);
	if (r < 0)
		return r;
	a->counts = at_host;
	/* One that was nothing here has a place among the others that nobody knows. */
	if (a->base && a->base->position == NO_INDEX && a->counts)
		return -EAGAIN;
	if (a->parsed.user)
		return find_user(c, a);
	return principal_entry(c, &a->source, &a->group) ? 0 : -EAGAIN;
}

static int parse_one(struct computation *c, const struct uuid *entry, struct delta_assigned *a, bool *ret_nothing)
{
	size_t len;
	const void *object = mirror_by_uuid(c->m, entry, &len);
	int r = object ? mirror_source(object, len, &a->source) : 0;

	assignment_init(&a->parsed);
	a->base = delta_assignment_of(c->d, entry);
	a->gone = !object || a->source.kind == OBJECT_ELSEWHERE;
	*ret_nothing = a->gone && !a->base;
	if (r < 0 || (!a->gone && a->source.kind != OBJECT_ASSIGNMENT) || (a->base && a->base->bound))
		return -EAGAIN;
	if (a->base)
		a->position = a->base->position;
	return a->gone ? 0 : parse_now(c, a);
}

/* Those of the base first, as they stand there, then those that are new, as they were made. */
static int compare_assigned(const void *a, const void *b)
{
	const struct delta_assigned *x = a, *y = b;

	if (!x->base || !y->base)
		return !x->base && !y->base ? mirror_compare_sources(&x->source, &y->source) : x->base ? -1 : 1;
	return (x->base->position > y->base->position) - (x->base->position < y->base->position);
}

static int number(const struct computation *c)
{
	const struct source_object last = {.kind = OBJECT_ASSIGNMENT,
					   .uuid = c->d->last.entry,
					   .created = c->d->last.created_len ? c->d->last.created : NULL,
					   .created_len = c->d->last.created_len};
	struct delta_set *s = c->set;
	uint32_t next = (uint32_t)policy_assignment_count(c->base->policy);

	if (s->assigned_count > 1)
		qsort(s->assigned, s->assigned_count, sizeof(*s->assigned), compare_assigned);
	for (size_t i = 0; i < s->assigned_count; i++) {
		struct delta_assigned *a = &s->assigned[i];

		for (size_t k = 0; k < i && !a->gone; k++)
			if (!s->assigned[k].gone && uuid_equal(&s->assigned[k].parsed.o.id, &a->parsed.o.id))
				return -EAGAIN;
		if (a->base)
			continue;
		if (mirror_compare_sources(&a->source, &last) <= 0)
			return -EAGAIN; /* it stands somewhere among the others */
		if (a->counts)
			a->position = next++;
	}
	return 0;
}

static int add_group(struct delta_objects *all, const struct uuid *entry)
{
	return uuid_is_null(entry) || delta_objects_add_group(all, entry) ? 0 : -ENOMEM;
}

int delta_parse_assignments(struct computation *c, struct delta_objects *all)
{
	struct delta_set *s = c->set;
	int r = 0;

	s->assigned = calloc(all->assignment_count + 1, sizeof(*s->assigned));
	if (!s->assigned)
		return -ENOMEM;
	if (all->assignment_count > 0 && !c->d->clean)
		return -EAGAIN;
	for (size_t i = 0; r == 0 && i < all->assignment_count; i++) {
		struct delta_assigned *a = &s->assigned[s->assigned_count];
		bool nothing = false;

		r = parse_one(c, &all->assignments[i], a, &nothing);
		s->assigned_count += r < 0 || !nothing;
		if (r == 0 && a->base && a->base->position != NO_INDEX)
			r = add_group(all, &a->base->group);
		if (r == 0 && !a->gone && !a->parsed.user && a->counts)
			r = add_group(all, &a->group);
		s->reshaped = true;
	}
	return r == 0 ? number(c) : r;
}

/* --- who has them, or had --- */

static int add_members(struct computation *c, const uint32_t *offsets, size_t count)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i++)
		r = delta_add_offset(c, offsets[i]);
	return r;
}

static int add_user(struct computation *c, const struct uuid *principal)
{
	struct policy_principal p;
	struct identity_user u;
	uint32_t position;

	/* Who has no login, or another, is told by nothing here. */
	if (policy_principal_by_id(c->base->policy, principal, &position) < 0 ||
	    policy_principal(c->base->policy, position, &p) < 0 || !p.login ||
	    identity_user_by_name(c->base->identity, p.login, &u) < 0)
		return -EAGAIN;
	return delta_add_offset(c, identity_user_offset(c->base->identity, &u));
}

static int add_holders_of_group(struct computation *c, const struct uuid *entry)
{
	for (size_t i = 0; i < c->set->group_count; i++) {
		const struct delta_group *g = &c->set->groups[i];
		int r;

		if (!uuid_equal(&g->entry, entry))
			continue;
		if (g->fresh)
			return -EAGAIN;
		r = add_members(c, g->before, g->before_count);
		return r == 0 ? add_members(c, g->now, g->now_count) : r;
	}
	return -EAGAIN;
}

int delta_add_holders(struct computation *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->set->assigned_count; i++) {
		const struct delta_assigned *a = &c->set->assigned[i];

		if (a->base && a->base->position != NO_INDEX)
			r = uuid_is_null(&a->base->group) ? add_user(c, &a->base->user)
							  : add_holders_of_group(c, &a->base->group);
		if (r == 0 && !a->gone && a->counts)
			r = a->parsed.user ? delta_add_offset(c, a->user) : add_holders_of_group(c, &a->group);
	}
	return r;
}
