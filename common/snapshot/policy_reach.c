/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What of a directory reaches this host, and whether all that restricts can be compiled at all.
 *
 * MUST: an object that only restricts is never passed over. Where it cannot be compiled, nothing is (T49).
 */

#include "common/snapshot/policy_compile.h"

#include <errno.h>
#include <string.h>

#include "common/base/text.h"

int compile_find_host(struct compiler *c, const struct uuid *host_id)
{
	c->here = NULL;
	c->here_index = NO_INDEX;
	for (size_t i = 0; i < c->d->host_count; i++) {
		const struct host *h = &c->d->hosts[i];
		if (!uuid_equal(&h->o.id, host_id))
			continue;
		/* Without its entry the host would leave its restricted units and the denies of its scope. */
		if (h->o.dropped || !h->path)
			return -EINVAL;
		c->here = h;
		c->here_index = (uint32_t)i;
		break;
	}
	for (size_t i = 0; i < c->d->unit_count; i++) {
		const struct unit *u = &c->d->units[i];
		if (!u->o.dropped && u->restricted && compile_unit_holds_host(c, u))
			c->here_restricted = true;
	}
	return 0;
}

bool compile_unit_holds_host(const struct compiler *c, const struct unit *u)
{
	if (!c->here || !u->hosts.index)
		return false;
	for (size_t i = 0; i < u->hosts.count; i++) {
		if (u->hosts.index[i] == c->here_index)
			return true;
	}
	return false;
}

static bool at_host(const struct compiler *c, const struct assignment *a)
{
	if (a->unit)
		return a->unit_index != NO_INDEX && compile_unit_holds_host(c, &c->d->units[a->unit_index]);
	if (!c->here)
		return strcmp(a->scope, "/") == 0;
	return scope_covers(a->scope, c->here->path);
}

uint32_t compile_reach(const struct compiler *c, const struct assignment *a)
{
	if (!at_host(c, a))
		return 0;
	bool at_restricted = a->unit && c->d->units[a->unit_index].restricted;
	if (c->here_restricted && !at_restricted && a->type != ASSIGNMENT_DENY)
		return POLICY_ASSIGNMENT_AT_HOST | POLICY_ASSIGNMENT_BLOCKED;
	return POLICY_ASSIGNMENT_AT_HOST;
}

static bool list_is_resolved(const struct name_list *list)
{
	if (list->count > 0 && !list->index)
		return false;
	for (size_t i = 0; i < list->count; i++) {
		if (list->index[i] == NO_INDEX)
			return false;
	}
	return true;
}

static bool unit_compiles(const struct unit *u)
{
	if (!u->restricted)
		return true;
	return !u->o.dropped && list_is_resolved(&u->users) && list_is_resolved(&u->groups) &&
	       list_is_resolved(&u->hosts);
}

/* A dropped user holds nothing, so its denies may go, and who is no guest (guest.h); a dropped group, role or unit would take a deny from others. */
static bool deny_compiles(const struct directory *d, const struct assignment *a)
{
	if (a->o.dropped || (!a->role && a->action_count == 0))
		return false;
	if (a->role && (a->role_index >= d->role_count || d->roles[a->role_index].o.dropped))
		return false;
	if (a->unit ? a->unit_index >= d->unit_count || d->units[a->unit_index].o.dropped : !a->scope)
		return false;
	if (a->guest)
		return true;
	if (a->group)
		return a->group_index < d->group_count && !d->groups[a->group_index].o.dropped;
	return a->user && a->user_index < d->user_count;
}

int compile_check_restrictions(const struct compiler *c)
{
	const struct directory *d = c->d;
	if (d->broken_restriction)
		return -EINVAL;
	for (size_t i = 0; i < d->unit_count; i++) {
		if (!unit_compiles(&d->units[i]))
			return -EINVAL;
	}
	for (size_t i = 0; i < d->assignment_count; i++) {
		if (d->assignments[i].type == ASSIGNMENT_DENY && !deny_compiles(d, &d->assignments[i]))
			return -EINVAL;
	}
	return 0;
}
