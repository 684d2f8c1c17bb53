/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/oracle_reach.h"

#include <string.h>

bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

const struct host *this_host(const struct world *w)
{
	for (size_t i = 0; i < w->d->host_count; i++) {
		if (memcmp(&w->d->hosts[i].o.id, &w->host_id, sizeof(w->host_id)) == 0)
			return &w->d->hosts[i];
	}
	return NULL;
}

const struct role *role_called(const struct world *w, const char *name)
{
	for (size_t i = 0; i < w->d->role_count; i++) {
		if (!w->d->roles[i].o.dropped && same(w->d->roles[i].o.name, name))
			return &w->d->roles[i];
	}
	return NULL;
}

const struct unit *unit_called(const struct world *w, const char *name)
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

bool is_of(const struct world *w, const struct assignment *a, uint32_t user)
{
	const struct user *u = &w->d->users[user];
	if (a->o.dropped || u->o.dropped)
		return false;
	if (a->type == ASSIGNMENT_ELIGIBLE && u->kind == USER_SERVICE)
		return false;
	return a->user ? same(a->user, u->o.name) : group_has(w, a->group, u->o.name, w->d->group_count);
}

bool runs(int64_t start, int64_t end, int64_t now)
{
	return start <= now && now < end;
}

bool above(const char *upper, const char *path)
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
bool place_is_at_host(const struct world *w, const char *place)
{
	const struct host *h = this_host(w);
	if (place[0] != '/')
		return unit_has_host(w, place);
	return above(place, h ? h->path : NULL);
}

bool place_reaches_host(const struct world *w, const char *place)
{
	if (!place_is_at_host(w, place))
		return false;
	if (!host_in_restricted(w))
		return true;
	return place[0] != '/' && unit_called(w, place)->restricted;
}

bool is_host_right(enum right_kind kind)
{
	return kind == RIGHT_LOGIN || kind == RIGHT_BECOME || kind == RIGHT_GROUP;
}

bool place_reaches(const struct world *w, const char *place, enum right_kind kind, uint32_t target)
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

const char *place_of(const struct assignment *a)
{
	return a->unit ? a->unit : a->scope;
}

bool in_ceiling(const struct world *w, enum right_kind kind, const char *argument)
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

bool role_has(const struct world *w, const struct role *role, enum right_kind kind, const char *argument)
{
	bool minus_some = rights_have(role->not_actions, role->not_action_count, RIGHT_BECOME, NULL);
	if (!rights_have(role->actions, role->action_count, kind, argument) ||
	    rights_have(role->not_actions, role->not_action_count, kind, argument))
		return false;
	/* become:* minus something is the rest of what the ceiling names. */
	return kind != RIGHT_BECOME || !minus_some || names_exactly(role, argument) || in_ceiling(w, kind, argument);
}

/* Some right of the kind, with whatever argument. */
bool role_has_some(const struct world *w, const struct role *role, enum right_kind kind)
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

bool deny_names(const struct world *w, const struct assignment *a, enum right_kind kind, const char *argument)
{
	return a->role ? role_has(w, role_called(w, a->role), kind, argument)
		       : rights_have(a->actions, a->action_count, kind, argument);
}

/* target: for management, the user; a unit that holds the user reaches as well. */
bool deny_reaches(const struct world *w, const struct assignment *a, uint32_t target)
{
	if (place_is_at_host(w, place_of(a)))
		return true;
	return target != NO_INDEX && a->unit && unit_has_user(w, a->unit, target);
}

bool denied(const struct world *w, uint32_t user, enum right_kind kind, const char *argument, uint32_t target,
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
