/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of a user whose groups changed: the gids that NSS shows, and the assignments that the policy says are held. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/delta.h"

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool has(const uint32_t *list, size_t count, uint32_t number)
{
	return count > 0 && bsearch(&number, list, count, sizeof(*list), compare_numbers);
}

static bool is_in(const struct delta_group *g, const struct delta_user *u)
{
	return has(g->now, g->now_count, u->offset);
}

static bool was_in(const struct delta_group *g, const struct delta_user *u)
{
	return has(g->before, g->before_count, u->offset);
}

static bool is_of_changed(const struct delta_set *s, gid_t gid)
{
	for (size_t i = 0; i < s->group_count; i++)
		if (!s->groups[i].added && s->groups[i].base.gid == gid)
			return true;
	return false;
}

int delta_gids(const struct delta_set *s, struct delta_user *u)
{
	u->gids = calloc(u->base.gid_count + s->group_count + 1, sizeof(*u->gids));
	if (!u->gids)
		return -ENOMEM;
	for (size_t i = 0; i < u->base.gid_count; i++)
		if (!is_of_changed(s, u->base.gids[i]))
			u->gids[u->gid_count++] = u->base.gids[i];
	for (size_t i = 0; i < s->group_count; i++)
		if (is_in(&s->groups[i], u) && s->groups[i].gid != u->record.gid)
			u->gids[u->gid_count++] = s->groups[i].gid;
	if (u->gid_count > 1)
		qsort(u->gids, u->gid_count, sizeof(*u->gids), compare_numbers);
	return 0;
}

/* --- assignments --- */

static const struct delta_group *group_of(const struct delta_set *s, const char *name)
{
	for (size_t i = 0; name && i < s->group_count; i++)
		if (!s->groups[i].gone && strcmp(s->groups[i].parsed.o.name, name) == 0)
			return &s->groups[i];
	return NULL;
}

static int held_add(struct delta_user *u, size_t *size, uint32_t position)
{
	if (u->held_count == *size) {
		const size_t more = *size ? 2 * *size : 16;
		uint32_t *grown = reallocarray(u->held, more, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		u->held = grown;
		*size = more;
	}
	u->held[u->held_count++] = position;
	return 0;
}

/* It changed, or is no more: what stands in the base does not count. */
static bool is_touched(const struct delta_set *s, uint32_t position)
{
	for (size_t i = 0; i < s->assigned_count; i++)
		if (s->assigned[i].base && s->assigned[i].base->position == position)
			return true;
	return false;
}

static bool is_given_to(const struct delta_set *s, const struct delta_assigned *a, const struct delta_user *u)
{
	if (a->gone || !a->counts)
		return false;
	if (a->parsed.user)
		return a->user == u->offset;
	for (size_t i = 0; i < s->group_count; i++)
		if (uuid_equal(&s->groups[i].entry, &a->group))
			return is_in(&s->groups[i], u);
	return false;
}

/* Those that changed, or are new. */
static int held_assigned(const struct delta_set *s, struct delta_user *u, size_t *size, bool service, size_t *ret_given)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < s->assigned_count; i++) {
		const struct delta_assigned *a = &s->assigned[i];

		if (!is_given_to(s, a, u) || (service && a->parsed.type == ASSIGNMENT_ELIGIBLE))
			continue;
		(*ret_given)++;
		r = held_add(u, size, a->position);
	}
	return r;
}

/* Those that do not go through a group that changed, or through one that the user is still in. */
static int held_keep(const struct delta_base *b, const struct delta_set *s, struct delta_user *u, size_t *size,
		     size_t *ret_before)
{
	uint32_t position;
	int r;

	for (uint32_t i = 0;; i++) {
		r = policy_held_position(b->policy, u->policy.principal, i, &position);
		if (r == -ENOENT)
			return 0;
		if (r < 0)
			return r;
		if (position >= b->through_count)
			return -EBADMSG;
		const struct delta_group *g = group_of(s, b->through[position]);

		(*ret_before)++;
		r = !is_touched(s, position) && (!g || is_in(g, u)) ? held_add(u, size, position) : 0;
		if (r < 0)
			return r;
	}
}

/* Those through groups that the user came into. A service principal holds active assignments only. */
static int held_gain(const struct delta_base *b, const struct delta_set *s, struct delta_user *u, size_t *size, bool service,
		     size_t *ret_gained)
{
	struct policy_assignment a;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < b->through_count; i++) {
		const struct delta_group *g = group_of(s, b->through[i]);

		if (!g || !is_in(g, u) || was_in(g, u) || is_touched(s, i))
			continue;
		r = policy_assignment_at(b->policy, i, &a);
		if (r == 0 && !(service && a.type == ASSIGNMENT_ELIGIBLE)) {
			(*ret_gained)++;
			r = held_add(u, size, i);
		}
	}
	return r;
}

/* Only of somebody whose groups changed can the list be another one. */
static bool moved(const struct delta_set *s, const struct delta_user *u)
{
	for (size_t i = 0; i < s->group_count; i++)
		if (is_in(&s->groups[i], u) != was_in(&s->groups[i], u))
			return true;
	return false;
}

int delta_policy(const struct delta_base *b, const struct delta_set *s, struct delta_user *u)
{
	size_t size = 0, before = 0, gained = 0;
	struct policy_principal p;
	int r = policy_principal_by_id(b->policy, &u->base.principal, &u->policy.principal);

	if (r == 0 && u->gone) {
		u->policy.gone = u->other_policy = true;
		u->policy.id = u->base.principal;
		return 0;
	}
	if (r == 0)
		r = policy_principal(b->policy, u->policy.principal, &p);
	if (r == 0)
		r = held_keep(b, s, u, &size, &before);
	if (r < 0)
		return r == -ENOENT ? -EBADMSG : r;
	const size_t kept = u->held_count;

	if (moved(s, u))
		r = held_gain(b, s, u, &size, p.kind == USER_SERVICE, &gained);
	if (r == 0)
		r = held_assigned(s, u, &size, p.kind == USER_SERVICE, &gained);
	if (r < 0)
		return r;
	if (u->held_count > 1)
		qsort(u->held, u->held_count, sizeof(*u->held), compare_numbers);
	u->policy = (struct policy_change){
		.principal = u->policy.principal,
		.id = p.id,
		.name = u->fresh ? u->now->o.name : NULL,
		.login = u->record.name,
		.place = u->fresh ? u->now->o.place : NULL,
		.uid = u->base.uid,
		.enabled = u->now ? u->now->enabled : p.enabled,
		.start_ns = u->now ? u->now->start_ns : p.start_ns,
		.end_ns = u->now ? u->now->end_ns : p.end_ns,
		.held = u->held,
		.held_count = u->held_count,
	};
	u->other_policy = u->fresh || u->policy.enabled != p.enabled || u->policy.start_ns != p.start_ns ||
			  u->policy.end_ns != p.end_ns || kept != before || gained > 0;
	return u->fresh || p.uid == u->base.uid ? 0 : -EBADMSG;
}

int delta_policy_added(const struct delta_base *b, const struct delta_set *s, struct delta_user *u)
{
	size_t size = 0, gained = 0;
	int r = held_gain(b, s, u, &size, u->now->kind == USER_SERVICE, &gained);

	if (r == 0)
		r = held_assigned(s, u, &size, u->now->kind == USER_SERVICE, &gained);
	if (u->held_count > 1)
		qsort(u->held, u->held_count, sizeof(*u->held), compare_numbers);
	u->policy = (struct policy_change){
		.added = true,
		.id = u->base.principal,
		.name = u->now->o.name,
		.login = u->login,
		.place = u->now->o.place,
		.uid = u->base.uid,
		.service = u->now->kind == USER_SERVICE,
		.enabled = u->now->enabled,
		.start_ns = u->now->start_ns,
		.end_ns = u->now->end_ns,
		.held = u->held,
		.held_count = u->held_count,
	};
	u->other_policy = true;
	return r;
}
