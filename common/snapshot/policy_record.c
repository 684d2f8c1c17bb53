/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads the records of a policy file: each is checked here, whole, before a word of it is believed. */

#include "common/snapshot/policy.h"

#include <errno.h>
#include <string.h>

#include "common/snapshot/policy_file.h"

/* A string that must be there. */
static int needed_string(const struct policy *p, uint32_t reference, const char **ret)
{
	int r = policy_string(p, reference, ret);
	if (r < 0)
		return r;
	return *ret ? 0 : -EBADMSG;
}

/* A place or title: empty where there is none. */
static int string_or_empty(const struct policy *p, uint32_t reference, const char **ret)
{
	int r = policy_string(p, reference, ret);
	if (r == 0 && !*ret)
		*ret = "";
	return r;
}

static int truth(uint32_t number, bool *ret)
{
	if (number > 1)
		return -EBADMSG;
	*ret = number == 1;
	return 0;
}

int policy_tenant(const struct policy *p, struct policy_tenant *ret)
{
	struct policy_tenant tenant = {0};
	memcpy(tenant.id.bytes, p->header->common.tenant_id, sizeof(tenant.id.bytes));
	if (needed_string(p, p->header->tenant_name, &tenant.name) < 0 ||
	    string_or_empty(p, p->header->tenant_domain, &tenant.domain) < 0 ||
	    truth(p->header->tenant_home, &tenant.home) < 0)
		return -EBADMSG;
	*ret = tenant;
	return 0;
}

int policy_host(const struct policy *p, struct policy_host *ret)
{
	const struct policy_host_record *record = &p->header->host;
	struct policy_host host = {0};
	if (truth(record->known, &host.known) < 0)
		return -EBADMSG;
	if (!host.known) {
		*ret = host;
		return 0;
	}
	if (needed_string(p, record->name, &host.name) < 0 || needed_string(p, record->path, &host.path) < 0 ||
	    needed_string(p, record->scope, &host.scope) < 0 ||
	    policy_string(p, record->environment, &host.environment) < 0 ||
	    string_or_empty(p, record->place, &host.place) < 0)
		return -EBADMSG;
	*ret = host;
	return 0;
}

size_t policy_principal_count(const struct policy *p)
{
	return (size_t)policy_count(p, POLICY_PRINCIPALS) + (p->delta ? p->delta->added : 0);
}

int policy_principal(const struct policy *p, uint32_t i, struct policy_principal *ret)
{
	const struct policy_principal_record *record;
	const struct policy *in;
	int r = policy_current_principal(p, i, &in, &record);
	if (r < 0)
		return r;
	if (record->flags & ~POLICY_PRINCIPAL_FLAGS)
		return -EBADMSG;
	struct policy_principal principal = {
		.uid = record->uid,
		.kind = record->flags & POLICY_PRINCIPAL_SERVICE ? USER_SERVICE : USER_PERSON,
		.enabled = record->flags & POLICY_PRINCIPAL_ENABLED,
		.has_password = record->flags & POLICY_PRINCIPAL_PASSWORD,
		.start_ns = record->start_ns,
		.end_ns = record->end_ns,
	};
	memcpy(principal.id.bytes, record->id, sizeof(principal.id.bytes));
	if (needed_string(in, record->name, &principal.name) < 0 ||
	    policy_string(in, record->login, &principal.login) < 0 ||
	    string_or_empty(in, record->place, &principal.place) < 0)
		return -EBADMSG;
	*ret = principal;
	return 0;
}

static bool right_wants_argument(enum right_kind kind)
{
	return kind == RIGHT_BECOME || kind == RIGHT_GROUP;
}

int policy_right(const struct policy *p, struct policy_rights rights, uint32_t i, struct policy_right *ret)
{
	const void *found;
	const struct policy_list list = {rights.first, rights.count};
	int r = policy_list_record(p, POLICY_RIGHTS, list, i, &found);
	if (r < 0)
		return r;
	const struct policy_right_record *record = found;
	const char *argument;
	if (record->kind < RIGHT_LOGIN || record->kind > RIGHT_POLICY_READ ||
	    policy_string(p, record->argument, &argument) < 0 ||
	    right_wants_argument(record->kind) != (argument != NULL))
		return -EBADMSG;
	*ret = (struct policy_right){.kind = record->kind, .argument = argument};
	return 0;
}

size_t policy_role_count(const struct policy *p)
{
	return policy_count(p, POLICY_ROLES);
}

int policy_role(const struct policy *p, uint32_t i, struct policy_role *ret)
{
	const void *found;
	int r = policy_sound_record(p, POLICY_ROLES, i, &found);
	if (r < 0)
		return r;
	const struct policy_role_record *record = found;
	if (record->flags & ~POLICY_ROLE_FLAGS)
		return -EBADMSG;
	struct policy_role role = {
		.rights = {record->rights.first, record->rights.count},
		.activation = {
			.max_duration_ns = record->max_duration_ns,
			.justification = record->flags & POLICY_ROLE_JUSTIFICATION,
			.ticket = record->flags & POLICY_ROLE_TICKET,
			.step_up = record->flags & POLICY_ROLE_STEP_UP,
			.approvals = record->approvals,
			.approval_timeout_ns = record->approval_timeout_ns,
		},
		.approvers_named = record->flags & POLICY_ROLE_APPROVERS_NAMED,
		.approver_count = record->approvers.count,
	};
	memcpy(role.id.bytes, record->id, sizeof(role.id.bytes));
	if (needed_string(p, record->name, &role.name) < 0 || string_or_empty(p, record->title, &role.title) < 0 ||
	    string_or_empty(p, record->place, &role.place) < 0)
		return -EBADMSG;
	*ret = role;
	return 0;
}

/* A position in `section` of p, from a list of positions of `in`: p itself or its delta. */
static int listed_position_in(const struct policy *p, const struct policy *in, enum policy_section_id lists,
			      struct policy_list list, uint32_t i, enum policy_section_id section, uint32_t *ret)
{
	const void *found;
	int r = policy_list_record(in, lists, list, i, &found);
	if (r < 0)
		return r;
	uint32_t position = ((const struct policy_item *)found)->value, count = policy_count(p, section);
	if (section == POLICY_ASSIGNMENTS && p->delta)
		count += policy_count(p->delta, section) - p->delta->replacing;
	if (position >= count)
		return -EBADMSG;
	*ret = position;
	return 0;
}

static int listed_position(const struct policy *p, enum policy_section_id lists, struct policy_list list, uint32_t i,
			   enum policy_section_id section, uint32_t *ret)
{
	return listed_position_in(p, p, lists, list, i, section, ret);
}

int policy_role_approver(const struct policy *p, uint32_t role, uint32_t i, uint32_t *ret)
{
	const void *found;
	int r = policy_sound_record(p, POLICY_ROLES, role, &found);
	if (r < 0)
		return r;
	const struct policy_role_record *record = found;
	return listed_position(p, POLICY_APPROVERS, record->approvers, i, POLICY_PRINCIPALS, ret);
}

size_t policy_unit_count(const struct policy *p)
{
	return policy_count(p, POLICY_UNITS);
}

int policy_unit(const struct policy *p, uint32_t i, struct policy_unit *ret)
{
	const void *found;
	int r = policy_sound_record(p, POLICY_UNITS, i, &found);
	if (r < 0)
		return r;
	const struct policy_unit_record *record = found;
	struct policy_unit unit = {
		.restricted = record->flags & POLICY_UNIT_RESTRICTED,
		.holds_host = record->flags & POLICY_UNIT_HOLDS_HOST,
	};
	if (record->flags & ~POLICY_UNIT_FLAGS || needed_string(p, record->name, &unit.name) < 0)
		return -EBADMSG;
	*ret = unit;
	return 0;
}

/* A position in `section`, from a list of the principal's own. Walks begin at 0: there its record is checked. */
static int own_position(const struct policy *p, enum policy_section_id lists, uint32_t principal, uint32_t i,
			enum policy_section_id section, uint32_t *ret)
{
	const struct policy_principal_record *record = policy_record(p, POLICY_PRINCIPALS, principal);
	const struct policy *in = p;
	if (!record && !p->delta)
		return -ENOENT;
	int r = i == 0 || p->delta ? policy_current_principal(p, principal, &in, &record) : 0;
	if (r < 0)
		return r;
	return listed_position_in(p, in, lists, lists == POLICY_HELD ? record->held : record->units, i, section, ret);
}

int policy_principal_unit(const struct policy *p, uint32_t principal, uint32_t i, uint32_t *ret)
{
	return own_position(p, POLICY_MEMBERSHIPS, principal, i, POLICY_UNITS, ret);
}

/* Its parts must fit each other: made at a scope or at a unit; of a role, unless it is a deny. */
static bool assignment_is_sound(const struct policy *p, const struct policy_assignment_record *record)
{
	if (record->type > ASSIGNMENT_DENY || record->flags & ~POLICY_ASSIGNMENT_FLAGS)
		return false;
	if (record->role == POLICY_NONE ? record->type != ASSIGNMENT_DENY : record->role >= policy_count(p, POLICY_ROLES))
		return false;
	return record->unit == POLICY_NONE ? record->scope != 0
					   : record->scope == 0 && record->unit < policy_count(p, POLICY_UNITS);
}

size_t policy_assignment_count(const struct policy *p)
{
	return policy_count(p, POLICY_ASSIGNMENTS);
}

int policy_held_position(const struct policy *p, uint32_t principal, uint32_t i, uint32_t *ret)
{
	return own_position(p, POLICY_HELD, principal, i, POLICY_ASSIGNMENTS, ret);
}

/* Where that one stands: in the delta, if it says something else of it. */
static const struct policy *place_of_assignment(const struct policy *p, uint32_t position, uint32_t *ret)
{
	const uint32_t count = policy_count(p, POLICY_ASSIGNMENTS);
	uint32_t low = 0, high = p->delta ? p->delta->replacing : 0;
	*ret = position;
	if (p->delta && position >= count) {
		*ret = position - count + p->delta->replacing;
		return p->delta;
	}
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		const struct policy_assignment_record *record = policy_record(p->delta, POLICY_ASSIGNMENTS, middle);
		if (record->replaces == position + 1) {
			*ret = middle;
			return p->delta;
		}
		if (record->replaces < position + 1)
			low = middle + 1;
		else
			high = middle;
	}
	return p;
}

int policy_assignment_at(const struct policy *p, uint32_t position, struct policy_assignment *ret)
{
	const void *found;
	const struct policy *in = place_of_assignment(p, position, &position);
	int r = policy_sound_record(in, POLICY_ASSIGNMENTS, position, &found);
	if (r < 0)
		return r;
	const struct policy_assignment_record *record = found;
	if (!assignment_is_sound(p, record))
		return -EBADMSG;
	struct policy_assignment assignment = {
		.type = record->type,
		.role = record->role,
		.unit = record->unit,
		.at_host = record->flags & POLICY_ASSIGNMENT_AT_HOST,
		.blocked = record->flags & POLICY_ASSIGNMENT_BLOCKED,
		.rights = {record->rights.first, record->rights.count},
		.window = {record->start_ns, record->end_ns, TIME_FOREVER},
	};
	if (policy_string(in, record->name, &assignment.name) < 0 ||
	    policy_string(in, record->through, &assignment.through) < 0 ||
	    policy_string(in, record->scope, &assignment.scope) < 0 ||
	    string_or_empty(in, record->place, &assignment.place) < 0)
		return -EBADMSG;
	*ret = assignment;
	return 0;
}

int policy_assignment(const struct policy *p, uint32_t principal, uint32_t i, struct policy_assignment *ret)
{
	uint32_t position;
	int r = policy_held_position(p, principal, i, &position);
	return r < 0 ? r : policy_assignment_at(p, position, ret);
}

int policy_manager(const struct policy *p, uint32_t i, uint32_t *ret)
{
	const struct policy_list all = {0, policy_count(p, POLICY_MANAGERS)};
	return listed_position(p, POLICY_MANAGERS, all, i, POLICY_PRINCIPALS, ret);
}

int policy_ceiling(const struct policy *p, enum right_kind kind, uint32_t i, const char **ret)
{
	const void *found;
	int r = policy_sound_record(p, kind == RIGHT_BECOME ? POLICY_CEILING_BECOME : POLICY_CEILING_GROUPS, i, &found);
	if (r < 0)
		return r;
	return needed_string(p, ((const struct policy_item *)found)->value, ret);
}
