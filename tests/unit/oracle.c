/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/oracle.h"

#include <string.h>

#include "tests/unit/oracle_reach.h"

bool oracle_is_broken(const struct world *w)
{
	const struct host *h = this_host(w);
	return w->d->broken_restriction || (h && h->o.dropped);
}

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t left_of(const struct window *w, const struct instant *now)
{
	int64_t real = w->end_ns == TIME_FOREVER ? TIME_FOREVER : w->end_ns - now->realtime_ns;
	int64_t boot = w->boot_end_ns == TIME_FOREVER ? TIME_FOREVER : w->boot_end_ns - now->boottime_ns;
	return smaller(real, boot);
}

/* What is asked, with positions of the directory. */
struct asked {
	const struct world *w;
	const struct instant *now;
	uint32_t user, target_user;
	enum right_kind kind;
};

static uint32_t deny_target(const struct asked *q)
{
	return is_host_right(q->kind) ? NO_INDEX : q->target_user;
}

static bool gives(const struct asked *q, const struct assignment *a, const char *argument, bool any)
{
	const struct role *role = role_called(q->w, a->role);
	if (!role || !place_reaches(q->w, place_of(a), q->kind, q->target_user))
		return false;
	return any ? role_has_some(q->w, role, q->kind) : role_has(q->w, role, q->kind, argument);
}

static bool row_gives(const struct asked *q, const struct holder *row, const char *argument, bool any)
{
	const struct user *u = &q->w->d->users[q->user];
	if (u->kind == USER_SERVICE || memcmp(&row->principal, &u->o.id, sizeof(u->o.id)) != 0 || row->kind != q->kind ||
	    !window_holds(&row->window, q->now))
		return false;
	if (!is_host_right(q->kind)) {
		bool known = row->argument[0] == '/' || unit_called(q->w, row->argument);
		return known && place_reaches(q->w, row->argument, q->kind, q->target_user);
	}
	return any || !argument || same(row->argument, argument) ||
	       (q->kind == RIGHT_BECOME && same(row->argument, "*"));
}

struct held {
	bool standing, granted;
	int64_t left_ns;
};

static struct held held(const struct asked *q, const char *argument, bool any)
{
	struct held h = {0};
	for (size_t i = 0; i < q->w->d->assignment_count; i++) {
		const struct assignment *a = &q->w->d->assignments[i];
		if (a->type != ASSIGNMENT_ACTIVE || !is_of(q->w, a, q->user) ||
		    !runs(a->start_ns, a->end_ns, q->now->realtime_ns) || !gives(q, a, argument, any))
			continue;
		const struct window window = {a->start_ns, a->end_ns, TIME_FOREVER};
		h.standing = true;
		h.left_ns = larger(h.left_ns, left_of(&window, q->now));
	}
	for (size_t i = 0; i < q->w->grants.count; i++) {
		const struct holder *row = &q->w->grants.rows[i];
		if (!row_gives(q, row, argument, any))
			continue;
		h.granted = true;
		h.left_ns = larger(h.left_ns, left_of(&row->window, q->now));
	}
	return h;
}

/* Nanoseconds to the next start of a deny of the right; there is none now. */
static int64_t next_deny(const struct asked *q, const char *argument)
{
	int64_t next = TIME_FOREVER;
	for (size_t i = 0; i < q->w->d->assignment_count; i++) {
		const struct assignment *a = &q->w->d->assignments[i];
		if (a->type == ASSIGNMENT_DENY && is_of(q->w, a, q->user) && a->start_ns > q->now->realtime_ns &&
		    deny_reaches(q->w, a, deny_target(q)) && deny_names(q->w, a, q->kind, argument))
			next = smaller(next, a->start_ns - q->now->realtime_ns);
	}
	return next;
}

/* Management rights that a user holds anywhere, a bit each. */
static unsigned rank(const struct asked *q, uint32_t user, bool minus_denied)
{
	unsigned bits = 0;
	for (enum right_kind kind = RIGHT_USER_LOCK; kind <= RIGHT_POLICY_READ; kind++) {
		bool has = false;
		for (size_t i = 0; i < q->w->d->assignment_count; i++) {
			const struct assignment *a = &q->w->d->assignments[i];
			const struct role *role = role_called(q->w, a->role);
			has |= a->type == ASSIGNMENT_ACTIVE && is_of(q->w, a, user) && role &&
			       runs(a->start_ns, a->end_ns, q->now->realtime_ns) && role_has(q->w, role, kind, NULL);
		}
		for (size_t i = 0; i < q->w->grants.count; i++) {
			const struct holder *row = &q->w->grants.rows[i];
			has |= row->kind == kind && window_holds(&row->window, q->now) &&
			       memcmp(&row->principal, &q->w->d->users[user].o.id, sizeof(row->principal)) == 0;
		}
		if (has && !(minus_denied && denied(q->w, user, kind, NULL, NO_INDEX, q->now->realtime_ns)))
			bits |= 1u << kind;
	}
	return bits;
}

static enum why account(const struct user *u, int64_t now)
{
	if (!u->enabled)
		return WHY_DISABLED;
	if (now < u->start_ns)
		return WHY_NOT_YET;
	return now >= u->end_ns ? WHY_ENDED : WHY_NONE;
}

static enum right_kind kind_of(const struct decision_request *request)
{
	switch (request->question) {
	case QUESTION_LOGIN:
		return RIGHT_LOGIN;
	case QUESTION_GATE:
	case QUESTION_GATE_ANY:
		return RIGHT_BECOME;
	case QUESTION_GROUP:
		return RIGHT_GROUP;
	case QUESTION_MANAGE:
		return request->manage;
	default:
		return 0;
	}
}

static struct oracle_answer answer_any(const struct asked *q)
{
	struct oracle_answer answer = {.why = WHY_NO_ACTIVE_ROLE};
	struct held some = held(q, NULL, true);
	unsigned free = 0, taken = 0;
	bool standing = false;
	if (!some.standing && !some.granted)
		return answer;
	for (size_t i = 0; i < q->w->host.allow_become_count; i++) {
		const char *target = q->w->host.allow_become[i];
		struct held h = held(q, target, false);
		if (!h.standing && !h.granted)
			continue;
		if (denied(q->w, q->user, RIGHT_BECOME, target, NO_INDEX, q->now->realtime_ns)) {
			taken++;
			continue;
		}
		free++;
		standing |= h.standing;
		answer.left_ns = larger(answer.left_ns, smaller(h.left_ns, next_deny(q, target)));
	}
	answer.why = free > 0 ? WHY_NONE : taken > 0 ? WHY_DENIED : WHY_CEILING;
	answer.by_grant = free > 0 && !standing;
	return answer;
}

static enum why why_not(const struct asked *q, enum question question)
{
	if (question == QUESTION_LOGIN)
		return WHY_NO_LOGIN_RIGHT;
	if (question != QUESTION_GATE)
		return WHY_NO_RIGHT;
	struct held some = held(q, NULL, true);
	return some.standing || some.granted ? WHY_WRONG_TARGET : WHY_NO_ACTIVE_ROLE;
}

static struct oracle_answer answer_one(const struct asked *q, enum question question, const char *target)
{
	struct held h = held(q, target, false);
	struct oracle_answer answer = {.by_grant = !h.standing, .left_ns = smaller(h.left_ns, next_deny(q, target))};
	if (!h.standing && !h.granted)
		answer.why = why_not(q, question);
	else if (denied(q->w, q->user, q->kind, target, deny_target(q), q->now->realtime_ns))
		answer.why = WHY_DENIED;
	else if (!in_ceiling(q->w, q->kind, target))
		answer.why = WHY_CEILING;
	else if ((q->kind == RIGHT_USER_LOCK || q->kind == RIGHT_USER_SESSIONS_END) && q->target_user != NO_INDEX &&
		 (rank(q, q->target_user, false) & ~rank(q, q->user, true)) != 0)
		answer.why = WHY_HIGHER_ROLE;
	else
		answer.why = WHY_NONE;
	return answer;
}

static const char *argument_of(const struct decision_request *request)
{
	bool takes = request->question == QUESTION_GATE || request->question == QUESTION_GROUP;
	return takes ? request->target : NULL;
}

struct oracle_answer oracle_decide(const struct world *w, const struct decision_request *request, uint32_t user,
				   uint32_t target_user)
{
	const struct user *u = &w->d->users[user];
	const struct asked q = {w, &request->now, user, target_user, kind_of(request)};
	struct oracle_answer answer = {.why = account(u, request->now.realtime_ns)};
	int64_t left = u->end_ns == TIME_FOREVER ? TIME_FOREVER : u->end_ns - request->now.realtime_ns;
	if (answer.why != WHY_NONE)
		return answer;
	if (request->question == QUESTION_BATCH)
		answer.left_ns = TIME_FOREVER;
	else if (request->question == QUESTION_GATE_ANY)
		answer = answer_any(&q);
	else
		answer = answer_one(&q, request->question, argument_of(request));
	answer.left_ns = smaller(answer.left_ns, left);
	return answer;
}

static bool passes(const struct asked *q, const char *target)
{
	return !denied(q->w, q->user, q->kind, target, deny_target(q), q->now->realtime_ns) &&
	       in_ceiling(q->w, q->kind, target);
}

static bool would_do(const struct asked *q, const struct decision_request *request, const struct assignment *a)
{
	if (request->question != QUESTION_GATE_ANY) {
		const char *target = argument_of(request);
		return gives(q, a, target, false) && passes(q, target);
	}
	for (size_t i = 0; i < q->w->host.allow_become_count; i++) {
		const char *target = q->w->host.allow_become[i];
		if (gives(q, a, target, false) && passes(q, target))
			return true;
	}
	return false;
}

bool oracle_role_would_do(const struct world *w, const struct decision_request *request, uint32_t user,
			  uint32_t target_user, const char *role, enum assignment_type type)
{
	const struct asked q = {w, &request->now, user, target_user, kind_of(request)};
	for (size_t i = 0; i < w->d->assignment_count; i++) {
		const struct assignment *a = &w->d->assignments[i];
		if (a->type == type && is_of(w, a, user) && (!role || same(a->role, role)) &&
		    runs(a->start_ns, a->end_ns, request->now.realtime_ns) && would_do(&q, request, a))
			return true;
	}
	return false;
}

/* A deny of the role itself, not of its rights alone. */
static bool role_denied(const struct world *w, uint32_t user, const char *role, int64_t now)
{
	for (size_t i = 0; i < w->d->assignment_count; i++) {
		const struct assignment *a = &w->d->assignments[i];
		if (a->type == ASSIGNMENT_DENY && same(a->role, role) && is_of(w, a, user) &&
		    runs(a->start_ns, a->end_ns, now) && place_is_at_host(w, place_of(a)))
			return true;
	}
	return false;
}

static bool account_holds(const struct world *w, uint32_t user, int64_t now)
{
	return !w->d->users[user].o.dropped && account(&w->d->users[user], now) == WHY_NONE;
}

bool oracle_stands(const struct world *w, uint32_t user, enum right_kind kind, const char *argument, int64_t realtime_ns)
{
	const struct instant now = {realtime_ns, 0};
	const struct asked q = {w, &now, user, NO_INDEX, kind};
	if (!account_holds(w, user, realtime_ns))
		return false;
	if (kind != 0 && !passes(&q, argument))
		return false;
	if (kind == 0 && role_denied(w, user, argument, realtime_ns))
		return false;
	for (size_t i = 0; i < w->d->assignment_count; i++) {
		const struct assignment *a = &w->d->assignments[i];
		if (a->type != ASSIGNMENT_ACTIVE || !is_of(w, a, user) || !runs(a->start_ns, a->end_ns, realtime_ns))
			continue;
		if (kind == 0 ? same(a->role, argument) && place_reaches_host(w, place_of(a))
			      : gives(&q, a, argument, false))
			return true;
	}
	return false;
}

bool oracle_grant_gives(const struct world *w, uint32_t user, const char *role, const char *where, enum right_kind kind,
			const char *argument, int64_t realtime_ns)
{
	if (!account_holds(w, user, realtime_ns) || w->d->users[user].kind == USER_SERVICE)
		return false;
	if (kind == 0)
		return !role_denied(w, user, role, realtime_ns);
	if (denied(w, user, kind, argument, NO_INDEX, realtime_ns) || !in_ceiling(w, kind, argument))
		return false;
	if (is_host_right(kind) && !place_is_at_host(w, where))
		return false;
	return role_has(w, role_called(w, role), kind, argument);
}

static bool leaves_something(const struct world *w, uint32_t user, const struct assignment *a, int64_t now)
{
	const struct role *role = role_called(w, a->role);
	for (enum right_kind kind = RIGHT_LOGIN; kind <= RIGHT_POLICY_READ; kind++) {
		char **names = kind == RIGHT_BECOME ? w->host.allow_become : w->host.allow_groups;
		size_t count = kind == RIGHT_BECOME  ? w->host.allow_become_count
			       : kind == RIGHT_GROUP ? w->host.allow_group_count
						     : 1;
		bool reaches = is_host_right(kind) ? place_reaches_host(w, place_of(a))
						   : a->unit || place_is_at_host(w, place_of(a));
		for (size_t i = 0; i < count; i++) {
			const char *argument = kind == RIGHT_BECOME || kind == RIGHT_GROUP ? names[i] : NULL;
			if (reaches && role_has(w, role, kind, argument) &&
			    !denied(w, user, kind, argument, NO_INDEX, now))
				return true;
		}
	}
	return false;
}

static bool place_is_inside(const struct world *w, const struct assignment *a, const char *where)
{
	const struct host *h = this_host(w);
	if (!where)
		return true;
	if (a->unit)
		return same(a->unit, where);
	return where[0] == '/' && above(a->scope, where) && above(where, h ? h->path : "/");
}

bool oracle_may_activate(const struct world *w, uint32_t user, const char *role, const char *where,
			 const struct instant *now)
{
	if (!account_holds(w, user, now->realtime_ns) || w->d->users[user].kind == USER_SERVICE ||
	    role_denied(w, user, role, now->realtime_ns))
		return false;
	for (size_t i = 0; i < w->d->assignment_count; i++) {
		const struct assignment *a = &w->d->assignments[i];
		if (a->type == ASSIGNMENT_ELIGIBLE && same(a->role, role) && role_called(w, role) && is_of(w, a, user) &&
		    runs(a->start_ns, a->end_ns, now->realtime_ns) && place_is_inside(w, a, where) &&
		    leaves_something(w, user, a, now->realtime_ns))
			return true;
	}
	return false;
}
