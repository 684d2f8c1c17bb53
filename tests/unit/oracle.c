/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/oracle.h"

#include <string.h>

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

static const struct host *this_host(const struct world *w)
{
	for (size_t i = 0; i < w->d->host_count; i++) {
		if (memcmp(&w->d->hosts[i].o.id, &w->host_id, sizeof(w->host_id)) == 0)
			return &w->d->hosts[i];
	}
	return NULL;
}

bool oracle_is_broken(const struct world *w)
{
	const struct host *h = this_host(w);
	return w->d->broken_restriction || (h && h->o.dropped);
}

static const struct role *role_called(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->d->role_count; i++) {
		if (!w->d->roles[i].o.dropped && same(w->d->roles[i].o.name, name))
			return &w->d->roles[i];
	}
	return NULL;
}

static const struct unit *unit_called(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->d->unit_count; i++) {
		if (!w->d->units[i].o.dropped && same(w->d->units[i].o.name, name))
			return &w->d->units[i];
	}
	return NULL;
}

static bool lists(const struct name_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (same(list->names[i], name))
			return true;
	}
	return false;
}

/* Nesting followed as deep as there are groups: deeper is a cycle. */
static bool group_has(const struct world *w, const char *group, const char *user, size_t depth)
{
	for (size_t i = 0; i < w->d->group_count && depth > 0; i++) {
		const struct group *g = &w->d->groups[i];
		if (g->o.dropped || !same(g->o.name, group))
			continue;
		if (lists(&g->members, user))
			return true;
		for (size_t k = 0; k < g->member_groups.count; k++) {
			if (group_has(w, g->member_groups.names[k], user, depth - 1))
				return true;
		}
	}
	return false;
}

static bool is_of(const struct world *w, const struct assignment *a, uint32_t user)
{
	const struct user *u = &w->d->users[user];
	if (a->o.dropped || u->o.dropped)
		return false;
	if (a->type == ASSIGNMENT_ELIGIBLE && u->kind == USER_SERVICE)
		return false;
	return a->user ? same(a->user, u->o.name) : group_has(w, a->group, u->o.name, w->d->group_count);
}

static bool runs(int64_t start, int64_t end, int64_t now)
{
	return start <= now && now < end;
}

static bool above(const char *upper, const char *path)
{
	size_t len = strlen(upper);
	if (same(upper, "/"))
		return true;
	return path && strncmp(upper, path, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static bool unit_has_host(const struct world *w, const char *unit)
{
	const struct unit *u = unit_called(w, unit);
	return u && this_host(w) && lists(&u->hosts, this_host(w)->o.name);
}

static bool unit_has_user(const struct world *w, const char *unit, uint32_t user)
{
	const struct unit *u = unit_called(w, unit);
	return u && lists(&u->users, w->d->users[user].o.name);
}

static bool host_in_restricted(const struct world *w)
{
	for (size_t i = 0; i < w->d->unit_count; i++) {
		if (w->d->units[i].restricted && unit_has_host(w, w->d->units[i].o.name))
			return true;
	}
	return false;
}

static bool user_in_restricted(const struct world *w, uint32_t user)
{
	for (size_t i = 0; i < w->d->unit_count; i++) {
		if (w->d->units[i].restricted && unit_has_user(w, w->d->units[i].o.name, user))
			return true;
	}
	return false;
}

/* A place: a path, or a unit's name. */
static bool place_is_at_host(const struct world *w, const char *place)
{
	const struct host *h = this_host(w);
	if (place[0] != '/')
		return unit_has_host(w, place);
	return above(place, h ? h->path : NULL);
}

static bool place_reaches_host(const struct world *w, const char *place)
{
	if (!place_is_at_host(w, place))
		return false;
	if (!host_in_restricted(w))
		return true;
	return place[0] != '/' && unit_called(w, place)->restricted;
}

static bool is_host_right(enum right_kind kind)
{
	return kind == RIGHT_LOGIN || kind == RIGHT_BECOME || kind == RIGHT_GROUP;
}

static bool place_reaches(const struct world *w, const char *place, enum right_kind kind, uint32_t target)
{
	bool of_users = kind == RIGHT_USER_LOCK || kind == RIGHT_USER_SESSIONS_END;
	if (is_host_right(kind) || (!of_users))
		return place_reaches_host(w, place);
	if (target == NO_INDEX)
		return kind == RIGHT_USER_SESSIONS_END && place_reaches_host(w, place);
	bool guarded = user_in_restricted(w, target);
	if (place[0] != '/')
		return unit_has_user(w, place, target) && (!guarded || unit_called(w, place)->restricted);
	if (guarded)
		return false;
	return same(place, "/") || (kind == RIGHT_USER_SESSIONS_END && place_reaches_host(w, place));
}

static const char *place_of(const struct assignment *a)
{
	return a->unit ? a->unit : a->scope;
}

static bool in_ceiling(const struct world *w, enum right_kind kind, const char *argument)
{
	char **names = kind == RIGHT_BECOME ? w->host.allow_become : w->host.allow_groups;
	size_t count = kind == RIGHT_BECOME ? w->host.allow_become_count : w->host.allow_group_count;
	if (kind != RIGHT_BECOME && kind != RIGHT_GROUP)
		return true;
	for (size_t i = 0; i < count; i++) {
		if (same(names[i], argument))
			return true;
	}
	return false;
}

/* One entry of actions or not_actions. argument NULL: the kind takes none. */
static bool names_right(const struct right *r, enum right_kind kind, const char *argument)
{
	if (r->kind != kind)
		return false;
	return !argument || same(r->argument, argument) || (kind == RIGHT_BECOME && same(r->argument, "*"));
}

static bool rights_have(const struct right *rights, size_t count, enum right_kind kind, const char *argument)
{
	for (size_t i = 0; i < count; i++) {
		if (names_right(&rights[i], kind, argument))
			return true;
	}
	return false;
}

/* By name alone, without become:*. */
static bool names_exactly(const struct role *role, const char *target)
{
	for (size_t i = 0; i < role->action_count; i++) {
		if (role->actions[i].kind == RIGHT_BECOME && same(role->actions[i].argument, target))
			return true;
	}
	return false;
}

static bool role_has(const struct world *w, const struct role *role, enum right_kind kind, const char *argument)
{
	bool minus_some = rights_have(role->not_actions, role->not_action_count, RIGHT_BECOME, NULL);
	if (!rights_have(role->actions, role->action_count, kind, argument) ||
	    rights_have(role->not_actions, role->not_action_count, kind, argument))
		return false;
	/* become:* minus something is the rest of what the ceiling names. */
	return kind != RIGHT_BECOME || !minus_some || names_exactly(role, argument) || in_ceiling(w, kind, argument);
}

/* Some right of the kind, with whatever argument. */
static bool role_has_some(const struct world *w, const struct role *role, enum right_kind kind)
{
	for (size_t i = 0; i < role->action_count; i++) {
		const char *argument = role->actions[i].argument;
		if (role->actions[i].kind != kind)
			continue;
		if (kind != RIGHT_BECOME || !same(argument, "*")) {
			if (role_has(w, role, kind, argument))
				return true;
			continue;
		}
		if (!rights_have(role->not_actions, role->not_action_count, RIGHT_BECOME, NULL))
			return true;
		for (size_t k = 0; k < w->host.allow_become_count; k++) {
			if (role_has(w, role, kind, w->host.allow_become[k]))
				return true;
		}
	}
	return false;
}

static bool deny_names(const struct world *w, const struct assignment *a, enum right_kind kind, const char *argument)
{
	return a->role ? role_has(w, role_called(w, a->role), kind, argument)
		       : rights_have(a->actions, a->action_count, kind, argument);
}

/* target: for management, the user; a unit that holds the user reaches as well. */
static bool deny_reaches(const struct world *w, const struct assignment *a, uint32_t target)
{
	if (place_is_at_host(w, place_of(a)))
		return true;
	return target != NO_INDEX && a->unit && unit_has_user(w, a->unit, target);
}

static bool denied(const struct world *w, uint32_t user, enum right_kind kind, const char *argument, uint32_t target,
		   int64_t now)
{
	for (size_t i = 0; i < w->d->assignment_count; i++) {
		const struct assignment *a = &w->d->assignments[i];
		if (a->type == ASSIGNMENT_DENY && is_of(w, a, user) && runs(a->start_ns, a->end_ns, now) &&
		    deny_reaches(w, a, target) && deny_names(w, a, kind, argument))
			return true;
	}
	return false;
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
