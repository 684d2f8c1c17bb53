/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Management rights: what they reach, and who stands above whom (decide.h). */

#include <errno.h>
#include <string.h>

#include "common/decide/walk.h"

int user_is_in_unit(const struct policy *p, uint32_t user, uint32_t unit)
{
	for (uint32_t i = 0;; i++) {
		uint32_t of;
		int r = policy_principal_unit(p, user, i, &of);
		if (r == -ENOENT)
			return 0;
		if (r < 0)
			return r;
		if (of == unit)
			return 1;
	}
}

static int unit_is_restricted(const struct policy *p, uint32_t unit)
{
	struct policy_unit u;
	int r = policy_unit(p, unit, &u);
	return r < 0 ? -EBADMSG : u.restricted;
}

static int user_is_restricted(const struct policy *p, uint32_t user)
{
	for (uint32_t i = 0;; i++) {
		uint32_t unit;
		int r = policy_principal_unit(p, user, i, &unit);
		if (r == -ENOENT)
			return 0;
		if (r == 0)
			r = unit_is_restricted(p, unit);
		if (r != 0)
			return r;
	}
}

static int host_is_restricted(const struct policy *p)
{
	struct policy_unit unit;
	for (uint32_t i = 0;; i++) {
		int r = policy_unit(p, i, &unit);
		if (r == -ENOENT)
			return 0;
		if (r < 0)
			return r;
		if (unit.restricted && unit.holds_host)
			return 1;
	}
}

static int user_is_reached(const struct policy *p, enum right_kind kind, const struct place_of_right *place,
			   uint32_t user)
{
	int restricted = user_is_restricted(p, user);
	if (restricted < 0)
		return restricted;
	if (place->unit != NO_INDEX) {
		int r = user_is_in_unit(p, user, place->unit);
		return r > 0 && restricted ? unit_is_restricted(p, place->unit) : r;
	}
	if (restricted)
		return 0;
	if (strcmp(place->scope, "/") == 0)
		return 1;
	return kind == RIGHT_USER_SESSIONS_END && place->at_host && !place->blocked;
}

int management_reaches(const struct policy *p, enum right_kind kind, const struct place_of_right *place,
		       uint32_t target_user)
{
	bool of_users = kind == RIGHT_USER_LOCK || kind == RIGHT_USER_SESSIONS_END;
	if (of_users && target_user != NO_INDEX)
		return user_is_reached(p, kind, place, target_user);
	if (kind == RIGHT_USER_LOCK)
		return 0; /* a host cannot be locked */
	return place->at_host && !place->blocked;
}

static int place_of_unit(const struct policy *p, const char *name, struct place_of_right *ret)
{
	struct policy_unit unit;
	for (uint32_t i = 0;; i++) {
		int r = policy_unit(p, i, &unit);
		if (r == -ENOENT)
			return 0;
		if (r < 0)
			return r;
		if (strcmp(unit.name, name) != 0)
			continue;
		int restricted = host_is_restricted(p);
		if (restricted < 0)
			return restricted;
		*ret = (struct place_of_right){
			.unit = i, .at_host = unit.holds_host, .blocked = restricted && !unit.restricted};
		return 1;
	}
}

int place_of_grant(const struct policy *p, const char *argument, struct place_of_right *ret)
{
	struct policy_host host;
	if (!argument)
		return 0;
	if (argument[0] != '/')
		return place_of_unit(p, argument, ret);
	int r = policy_host(p, &host);
	int restricted = host_is_restricted(p);
	if (r < 0 || restricted < 0)
		return -EBADMSG;
	*ret = (struct place_of_right){
		.scope = argument,
		.unit = NO_INDEX,
		.at_host = scope_covers(argument, host.known ? host.path : "/"),
		.blocked = restricted,
	};
	return 1;
}

/* Management rights of a principal, a bit each. */
struct held_rights {
	const struct policy *policy;
	uint32_t principal;
	const struct instant *now;
	bool without_denied;
	unsigned bits;
};

static int add_right(struct held_rights *h, enum right_kind kind)
{
	if (!is_management(kind))
		return 0;
	const struct deny_query query = {.kind = kind, .target_user = NO_INDEX};
	int r = h->without_denied ? right_is_denied(h->policy, h->principal, &query, h->now, NULL) : 0;
	if (r == 0)
		h->bits |= 1u << kind;
	return r < 0 ? r : 0;
}

static int add_granted(void *context, const struct holder *row)
{
	struct held_rights *h = context;
	return window_holds(&row->window, h->now) ? add_right(h, row->kind) : 0;
}

static int add_rights(struct held_rights *h, struct policy_rights rights)
{
	struct policy_right right;
	for (uint32_t i = 0;; i++) {
		int r = policy_right(h->policy, rights, i, &right);
		if (r == -ENOENT)
			return 0;
		if (r == 0)
			r = add_right(h, right.kind);
		if (r != 0)
			return r;
	}
}

static int held_rights(struct held_rights *h, const struct holders *grants)
{
	struct policy_principal principal;
	struct policy_assignment a;
	int r = 0;
	if (policy_principal(h->policy, h->principal, &principal) < 0)
		return -EBADMSG;
	for (uint32_t i = 0; r == 0; i++) {
		r = policy_assignment(h->policy, h->principal, i, &a);
		if (r == 0 && a.type == ASSIGNMENT_ACTIVE && window_holds(&a.window, h->now))
			r = add_rights(h, a.rights);
	}
	if (r != -ENOENT)
		return r;
	return holders_of_principal(grants, &principal.id, h->now, add_granted, h);
}

int holds_no_higher_role(const struct policy *p, const struct holders *grants, uint32_t principal, uint32_t target,
			 const struct instant *now)
{
	struct held_rights own = {.policy = p, .principal = principal, .now = now, .without_denied = true};
	struct held_rights other = {.policy = p, .principal = target, .now = now};
	int r = held_rights(&own, grants);
	if (r == 0)
		r = held_rights(&other, grants);
	if (r != 0)
		return -EBADMSG;
	return (other.bits & ~own.bits) == 0;
}
