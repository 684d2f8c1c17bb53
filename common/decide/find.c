/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who gives a right: the assignments and the grants of a principal, denies and ceiling aside. */

#include <errno.h>
#include <string.h>

#include "common/decide/walk.h"

struct deny_query query_of(const struct walk *w, const char *target)
{
	uint32_t target_user = is_management(w->kind) ? w->request->target_user : NO_INDEX;
	return (struct deny_query){.kind = w->kind, .argument = target, .target_user = target_user};
}

int assignment_reaches(const struct walk *w, const struct policy_assignment *a)
{
	const struct place_of_right place = {
		.scope = a->scope, .unit = a->unit, .at_host = a->at_host, .blocked = a->blocked};
	if (!is_management(w->kind))
		return host_right_reaches(a);
	return management_reaches(w->policy, w->kind, &place, w->request->target_user);
}

void finding_merge(struct finding *into, const struct finding *other, const struct instant *now)
{
	int64_t left = window_left_ns(&other->window, now), kept = window_left_ns(&into->window, now);
	bool longer = !into->held || left > kept;
	bool standing = (into->held && into->standing) || other->standing;
	if (longer)
		*into = *other;
	into->standing = standing;
}

/* The assignment, if it is live, reaches and covers. */
static int find_in_assignment(const struct walk *w, const char *target, const struct policy_assignment *a,
			      struct finding *into)
{
	struct policy_role role;
	int r = assignment_reaches(w, a);
	if (r > 0)
		r = rights_cover(w->policy, a->rights, w->kind, target);
	if (r <= 0)
		return r;
	if (policy_role(w->policy, a->role, &role) < 0)
		return -EBADMSG;
	const struct finding found = {.held = true, .standing = true, .role = role.name, .window = a->window};
	finding_merge(into, &found, &w->request->now);
	return 0;
}

static int find_in_assignments(const struct walk *w, const char *target, struct finding *into)
{
	struct policy_assignment a;
	for (uint32_t i = 0;; i++) {
		int r = policy_assignment(w->policy, w->request->principal, i, &a);
		if (r == -ENOENT)
			return 0;
		if (r == 0 && a.type == ASSIGNMENT_ACTIVE && window_holds(&a.window, &w->request->now))
			r = find_in_assignment(w, target, &a, into);
		if (r != 0)
			return r;
	}
}

struct grant_search {
	const struct walk *walk;
	const char *target;
	struct finding *into;
};

/* The row gives what is asked: 1, 0, -EBADMSG. */
static int row_gives(const struct grant_search *s, const struct holder *row)
{
	const struct walk *w = s->walk;
	struct place_of_right place = {0};
	if (row->kind != w->kind || !row->role || !window_holds(&row->window, &w->request->now))
		return 0;
	if (is_management(row->kind)) {
		int r = place_of_grant(w->policy, row->argument, &place);
		return r <= 0 ? r : management_reaches(w->policy, row->kind, &place, w->request->target_user);
	}
	const struct policy_right right = {.kind = row->kind, .argument = row->argument};
	if (row->kind != RIGHT_LOGIN && !row->argument)
		return -EBADMSG;
	return !s->target || right_covers(&right, w->kind, s->target);
}

static int find_in_row(void *context, const struct holder *row)
{
	struct grant_search *s = context;
	int r = row_gives(s, row);
	if (r <= 0)
		return r;
	const struct finding found = {.held = true, .role = row->role, .window = row->window, .request = row->request};
	finding_merge(s->into, &found, &s->walk->request->now);
	return 0;
}

int find_right(const struct walk *w, const char *target, struct finding *ret)
{
	*ret = (struct finding){0};
	int r = find_in_assignments(w, target, ret);
	/* A service principal holds active assignments only. */
	if (r != 0 || w->user.kind == USER_SERVICE)
		return r;
	struct grant_search search = {.walk = w, .target = target, .into = ret};
	return holders_of_principal(w->grants, &w->user.id, &w->request->now, find_in_row, &search);
}

/* kind:target would pass denies and ceiling: 1, 0, -EBADMSG. */
static int target_is_free(const struct walk *w, const char *target)
{
	const struct deny_query query = query_of(w, target);
	int r = right_is_denied(w->policy, w->request->principal, &query, &w->request->now, NULL);
	if (r != 0)
		return r < 0 ? r : 0;
	return ceiling_allows(w->policy, w->kind, target);
}

/* The assignment covers a target that is free: the one asked for, or any that the ceiling names. */
static int covers_free_target(const struct walk *w, const struct policy_assignment *a)
{
	if (w->request->question != QUESTION_GATE_ANY) {
		int r = rights_cover(w->policy, a->rights, w->kind, w->request->target);
		return r <= 0 ? r : target_is_free(w, w->request->target);
	}
	for (uint32_t i = 0;; i++) {
		const char *target;
		int r = policy_ceiling(w->policy, RIGHT_BECOME, i, &target);
		if (r == -ENOENT)
			return 0;
		if (r == 0)
			r = rights_cover(w->policy, a->rights, w->kind, target);
		if (r > 0)
			r = target_is_free(w, target);
		if (r != 0)
			return r;
	}
}

/* Into buf: the role of the assignment. */
static int copy_role(const struct walk *w, uint32_t role, char buf[static NAME_LENGTH_MAX + 1])
{
	struct policy_role record;
	if (policy_role(w->policy, role, &record) < 0)
		return -EBADMSG;
	return copy_name(buf, record.name);
}

int find_hint(struct walk *w)
{
	struct policy_assignment a;
	if (w->user.kind == USER_SERVICE)
		return 0;
	for (uint32_t i = 0;; i++) {
		int r = policy_assignment(w->policy, w->request->principal, i, &a);
		if (r == -ENOENT)
			return 0;
		if (r != 0)
			return r;
		if (a.type != ASSIGNMENT_ELIGIBLE || !window_holds(&a.window, &w->request->now))
			continue;
		r = assignment_reaches(w, &a);
		if (r > 0)
			r = covers_free_target(w, &a);
		if (r < 0)
			return r;
		if (r > 0)
			return copy_role(w, a.role, w->decision->role);
	}
}

int find_other_role(struct walk *w)
{
	struct finding other;
	int r = find_right(w, NULL, &other);
	if (r != 0 || !other.held)
		return r;
	w->decision->why = WHY_WRONG_TARGET;
	return copy_name(w->decision->other_role, other.role);
}
