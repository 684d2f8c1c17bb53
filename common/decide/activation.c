/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Roles: their terms, their approvers, and who may activate them. */

#include <errno.h>
#include <string.h>

#include "common/decide/walk.h"

int policy_role_by_name(const struct policy *policy, const char *name, uint32_t *ret)
{
	struct policy_role role;
	for (uint32_t i = 0;; i++) {
		int r = policy_role(policy, i, &role);
		if (r < 0)
			return r;
		if (strcmp(role.name, name) == 0) {
			*ret = i;
			return 0;
		}
	}
}

int policy_role_terms(const struct policy *policy, uint32_t role, struct role_terms *ret)
{
	struct policy_role record;
	int r = policy_role(policy, role, &record);
	if (r < 0)
		return r;
	*ret = (struct role_terms){
		.name = record.name,
		.title = record.title,
		.id = record.id,
		.activation = record.activation,
		.approvers_named = record.approvers_named,
	};
	return 0;
}

int policy_role_rights(const struct policy *policy, uint32_t role, int (*fn)(void *, enum right_kind, const char *),
		       void *context)
{
	struct policy_role record;
	int r = policy_role(policy, role, &record);
	if (r < 0)
		return r;
	return capped_rights(policy, record.rights, fn, context);
}

/* A person who can act now: enabled, inside its dates. */
static int is_live_person(const struct policy *p, uint32_t principal, const struct instant *now)
{
	struct policy_principal user;
	if (policy_principal(p, principal, &user) < 0)
		return -EBADMSG;
	return user.kind == USER_PERSON && user.enabled && now->realtime_ns >= user.start_ns &&
	       now->realtime_ns < user.end_ns;
}

static int may_approve(const struct policy *p, const struct holders *grants, uint32_t principal,
		       const struct instant *now)
{
	const struct decision_request request = {
		.question = QUESTION_MANAGE,
		.principal = principal,
		.manage = RIGHT_REQUEST_APPROVE,
		.target_user = NO_INDEX,
		.now = *now,
	};
	struct decision decision;
	enum verdict verdict = decide(p, grants, &request, &decision, NULL, NULL);
	if (decision.why == WHY_UNREADABLE)
		return -EBADMSG;
	return verdict_allows(verdict);
}

int policy_role_approvers(const struct policy *policy, const struct holders *grants, uint32_t role,
			  const struct instant *now, int (*fn)(void *, uint32_t principal), void *context)
{
	struct policy_role record;
	int r = policy_role(policy, role, &record);
	if (r < 0)
		return r;
	for (uint32_t i = 0;; i++) {
		uint32_t principal;
		r = record.approvers_named ? policy_role_approver(policy, role, i, &principal)
					   : policy_manager(policy, i, &principal);
		if (r == -ENOENT)
			return 0;
		if (r == 0)
			r = is_live_person(policy, principal, now);
		if (r > 0 && !record.approvers_named)
			r = may_approve(policy, grants, principal, now);
		if (r > 0)
			r = fn(context, principal);
		if (r != 0)
			return r;
	}
}

struct leftover {
	const struct policy *policy;
	uint32_t principal;
	const struct policy_assignment *assignment;
	const struct instant *now;
};

/* 1 stops: this right is left. */
static int is_left(void *context, enum right_kind kind, const char *argument)
{
	const struct leftover *l = context;
	const struct deny_query query = {.kind = kind, .argument = argument, .target_user = NO_INDEX};
	bool reaches = is_management(kind) ? l->assignment->at_host || l->assignment->unit != NO_INDEX
					   : host_right_reaches(l->assignment);
	if (!reaches)
		return 0;
	int r = right_is_denied(l->policy, l->principal, &query, l->now, NULL);
	return r < 0 ? r : r == 0;
}

/* A deny of the role needs no look of its own: it takes each right of the role. */
int assignment_leaves_something(const struct policy *p, uint32_t principal, const struct policy_assignment *a,
				const struct instant *now)
{
	struct leftover leftover = {p, principal, a, now};
	return capped_rights(p, a->rights, is_left, &leftover);
}

static int describe(const struct policy *p, uint32_t principal, const struct policy_assignment *a,
		    const struct instant *now, struct eligibility *ret)
{
	struct policy_principal user;
	struct policy_role role;
	struct policy_unit unit = {0};
	if (policy_principal(p, principal, &user) < 0 || policy_role(p, a->role, &role) < 0 ||
	    (a->unit != NO_INDEX && policy_unit(p, a->unit, &unit) < 0))
		return -EBADMSG;
	*ret = (struct eligibility){
		.role = a->role,
		.role_name = role.name,
		.title = role.title,
		.scope = a->scope,
		.unit = unit.name,
		.through = a->through,
		.place = a->place,
		.type = a->type,
		.window = window_cut(a->window, user.start_ns, user.end_ns),
	};
	if (!user.enabled || !window_holds(&ret->window, now))
		return 0;
	int r = assignment_leaves_something(p, principal, a, now);
	ret->usable = r > 0;
	return r < 0 ? r : 0;
}

int decide_assignments(const struct policy *policy, uint32_t principal, const struct instant *now, eligibility_fn fn,
		       void *context)
{
	struct policy_assignment a;
	struct eligibility e;
	if (principal >= policy_principal_count(policy))
		return -ENOENT;
	for (uint32_t i = 0;; i++) {
		int r = policy_assignment(policy, principal, i, &a);
		if (r == -ENOENT)
			return 0;
		if (r == 0 && a.type == ASSIGNMENT_DENY)
			continue;
		if (r == 0)
			r = describe(policy, principal, &a, now, &e);
		if (r == 0)
			r = fn(context, &e);
		if (r != 0)
			return r;
	}
}

static int manages_only(const struct policy *p, struct policy_rights rights)
{
	for (enum right_kind kind = RIGHT_LOGIN; kind <= RIGHT_GROUP; kind++) {
		int r = rights_cover(p, rights, kind, NULL);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return 1;
}

/* Where a grant of the assignment would stand; *ret NULL: not at the scope that was asked for. */
static int place_grant(const struct policy *p, const struct policy_assignment *a, const struct eligibility *e,
		       const char *asked, const char **ret)
{
	struct policy_host host;
	*ret = NULL;
	if (policy_host(p, &host) < 0)
		return -EBADMSG;
	const char *here = host.known ? host.path : "/";
	if (e->unit) {
		if (!asked || strcmp(asked, e->unit) == 0)
			*ret = e->unit;
		return 0;
	}
	if (asked) {
		if (scope_path_is_valid(asked) && scope_covers(e->scope, asked) && scope_covers(asked, here))
			*ret = asked;
		return 0;
	}
	int manages = manages_only(p, a->rights);
	if (manages < 0)
		return manages;
	*ret = manages ? e->scope : here;
	return 0;
}

struct activation_search {
	uint32_t role;
	const char *scope;
	const struct instant *now;
	bool found;
	struct eligibility best;
};

static int consider(const struct policy *p, uint32_t principal, const struct policy_assignment *a,
		    struct activation_search *s)
{
	struct eligibility e;
	if (a->type != ASSIGNMENT_ELIGIBLE || a->role != s->role)
		return 0;
	if (describe(p, principal, a, s->now, &e) != 0)
		return -EBADMSG;
	if (!e.usable)
		return 0;
	if (place_grant(p, a, &e, s->scope, &e.grant_scope) != 0)
		return -EBADMSG;
	if (!e.grant_scope)
		return 0;
	if (!s->found || window_left_ns(&e.window, s->now) > window_left_ns(&s->best.window, s->now))
		s->best = e;
	s->found = true;
	return 0;
}

int decide_activation(const struct policy *policy, uint32_t principal, uint32_t role, const char *scope,
		      const struct instant *now, struct eligibility *ret)
{
	struct activation_search search = {.role = role, .scope = scope, .now = now};
	struct policy_assignment a;
	if (principal >= policy_principal_count(policy) || role >= policy_role_count(policy))
		return -ENOENT;
	int r = is_live_person(policy, principal, now);
	if (r <= 0)
		return r < 0 ? r : -EACCES;
	r = 0;
	for (uint32_t i = 0; r == 0; i++) {
		r = policy_assignment(policy, principal, i, &a);
		if (r == 0)
			r = consider(policy, principal, &a, &search);
	}
	if (r != -ENOENT)
		return r;
	if (!search.found)
		return -EACCES;
	*ret = search.best;
	return 0;
}
