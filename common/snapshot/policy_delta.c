/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The delta of a policy: principals that are other than in the base, with lists that lead to the base's records. */

#include <errno.h>
#include <string.h>

#include "common/base/text.h"
#include "common/model/directory.h"
#include "common/snapshot/image.h"
#include "common/snapshot/policy_compile.h"
#include "common/snapshot/policy_file.h"

static uint32_t copy_string(struct compiler *c, const struct policy *base, uint32_t reference, int *error)
{
	const char *text;
	int r = policy_string(base, reference, &text);
	if (r < 0) {
		*error = r;
		return 0;
	}
	return compile_string(c, text);
}

static struct policy_list append_items(struct compiler *c, enum policy_section_id section, const uint32_t *values,
				       size_t count)
{
	const struct policy_list list = {compile_count(c, section), (uint32_t)count};
	for (size_t i = 0; i < count; i++) {
		const struct policy_item item = {.value = values[i]};
		buffer_append(&c->sections[section], &item, sizeof(item));
	}
	return list;
}

/* The units stay as they are. */
static int append_units(struct compiler *c, const struct policy *base, struct policy_list units, struct policy_list *ret)
{
	*ret = (struct policy_list){compile_count(c, POLICY_MEMBERSHIPS), units.count};
	for (uint32_t i = 0; i < units.count; i++) {
		const void *found;
		int r = policy_list_record(base, POLICY_MEMBERSHIPS, units, i, &found);
		if (r < 0)
			return r;
		const struct policy_item item = {.value = ((const struct policy_item *)found)->value};
		buffer_append(&c->sections[POLICY_MEMBERSHIPS], &item, sizeof(item));
	}
	return 0;
}

/* Nothing is left of him but that he is gone. */
static int append_gone(struct compiler *c, const struct policy_principal_record *base)
{
	struct policy_principal_record record = {.uid = NO_ID,
						 .flags = POLICY_PRINCIPAL_GONE,
						 .held = {compile_count(c, POLICY_HELD), 0},
						 .units = {compile_count(c, POLICY_MEMBERSHIPS), 0}};
	memcpy(record.id, base->id, sizeof(record.id));
	buffer_append(&c->sections[POLICY_PRINCIPALS], &record, sizeof(record));
	return 0;
}

static int append_principal(struct compiler *c, const struct policy *base, const struct policy_change *change)
{
	const void *found;
	int r = policy_sound_record(base, POLICY_PRINCIPALS, change->principal, &found);
	if (r < 0)
		return r;
	struct policy_principal_record record = *(const struct policy_principal_record *)found;
	const struct policy_list units = record.units;
	if (change->gone)
		return append_gone(c, &record);
	record.start_ns = change->start_ns;
	record.end_ns = change->end_ns;
	record.flags &= ~POLICY_PRINCIPAL_ENABLED;
	record.flags |= change->enabled ? POLICY_PRINCIPAL_ENABLED : 0;
	record.uid = change->name ? change->uid : record.uid;
	record.name = change->name ? compile_string(c, change->name) : copy_string(c, base, record.name, &r);
	record.login = change->name ? compile_string(c, change->login) : copy_string(c, base, record.login, &r);
	record.place = change->name ? compile_string(c, change->place) : copy_string(c, base, record.place, &r);
	record.held = append_items(c, POLICY_HELD, change->held, change->held_count);
	record.check = 0;
	if (r == 0)
		r = append_units(c, base, units, &record.units);
	buffer_append(&c->sections[POLICY_PRINCIPALS], &record, sizeof(record));
	return r;
}

static int append_added(struct compiler *c, const struct policy_change *change)
{
	struct policy_principal_record record = {
		.start_ns = change->start_ns,
		.end_ns = change->end_ns,
		.uid = change->uid,
		.flags = (change->service ? POLICY_PRINCIPAL_SERVICE : 0) | (change->enabled ? POLICY_PRINCIPAL_ENABLED : 0),
		.name = compile_string(c, change->name),
		.login = compile_string(c, change->login),
		.place = compile_string(c, change->place),
		.held = append_items(c, POLICY_HELD, change->held, change->held_count),
		.units = {compile_count(c, POLICY_MEMBERSHIPS), 0},
	};
	memcpy(record.id, change->id.bytes, sizeof(record.id));
	buffer_append(&c->sections[POLICY_PRINCIPALS], &record, sizeof(record));
	return 0;
}

int policy_scope_reaches(const struct policy *base, const char *scope, bool *ret_at_host, bool *ret_blocked)
{
	struct policy_host host;
	struct policy_unit unit;
	bool restricted = false;
	int r = policy_host(base, &host);
	for (uint32_t i = 0; r == 0 && i < policy_unit_count(base); i++) {
		r = policy_unit(base, i, &unit);
		restricted = restricted || (r == 0 && unit.restricted && unit.holds_host);
	}
	if (r < 0)
		return r;
	*ret_at_host = host.known ? scope_covers(scope, host.path) : strcmp(scope, "/") == 0;
	*ret_blocked = *ret_at_host && restricted;
	return 0;
}

static int append_assignment(struct compiler *c, const struct policy *base, const struct policy_assigned *assigned)
{
	const struct assignment *a = assigned->assignment;
	const void *role;
	bool at_host, blocked;
	int r = policy_sound_record(base, POLICY_ROLES, assigned->role, &role);
	if (r == 0)
		r = policy_scope_reaches(base, a->scope, &at_host, &blocked);
	if (r < 0)
		return r;
	const struct policy_assignment_record record = {
		.start_ns = a->start_ns,
		.end_ns = a->end_ns,
		.type = a->type,
		.flags = (at_host ? POLICY_ASSIGNMENT_AT_HOST : 0) | (blocked ? POLICY_ASSIGNMENT_BLOCKED : 0),
		.role = assigned->role,
		.unit = POLICY_NONE,
		.name = compile_string(c, a->o.name),
		.through = compile_string(c, a->group),
		.scope = compile_string(c, a->scope),
		.place = compile_string(c, a->o.place),
		.rights = ((const struct policy_role_record *)role)->rights,
		.replaces = assigned->replaces == NO_INDEX ? 0 : assigned->replaces + 1,
	};
	buffer_append(&c->sections[POLICY_ASSIGNMENTS], &record, sizeof(record));
	return 0;
}

static int compile_changes(struct compiler *c, const struct policy *base, const struct policy_delta *delta)
{
	struct policy_tenant tenant;
	int r = policy_tenant(base, &tenant);
	buffer_append(&c->sections[POLICY_STRINGS], "", 1);
	if (r == 0)
		r = table_seed(c->header.seed);
	if (r < 0)
		return r;
	c->header.tenant_name = compile_string(c, tenant.name);
	c->header.tenant_domain = compile_string(c, tenant.domain);
	c->header.tenant_home = tenant.home;
	for (size_t i = 0; r == 0 && i < delta->assigned_count; i++)
		r = append_assignment(c, base, &delta->assigned[i]);
	for (size_t i = 0; r == 0 && i < delta->change_count; i++) {
		const struct policy_change *change = &delta->changes[i];
		r = change->added ? append_added(c, change) : append_principal(c, base, change);
	}
	for (unsigned i = 0; r == 0 && i < POLICY_SECTION_COUNT; i++)
		r = buffer_error(&c->sections[i]);
	return r < 0 ? r : compile_tables(c);
}

int policy_delta_write(const char *path, uint64_t generation, uint64_t sequence, const struct policy *base,
		       const struct policy_delta *delta)
{
	struct compiler c = {.d = NULL};
	struct image im = {0};
	for (unsigned i = 0; i < POLICY_SECTION_COUNT; i++)
		c.sections[i] = BUFFER(SNAPSHOT_SIZE_MAX);
	int r = compile_changes(&c, base, delta);
	if (r == 0) {
		image_header(&im, SNAPSHOT_POLICY, POLICY_VERSION, sizeof(c.header), generation,
			     base->header->common.tenant_id, NULL);
		image_delta(&im, base->header->common.base_id, sequence);
		r = compile_image(&c, &im);
	}
	if (r == 0)
		r = image_write(&im, path, 0600);
	for (unsigned i = 0; i < POLICY_SECTION_COUNT; i++)
		buffer_done(&c.sections[i]);
	image_done(&im);
	return r;
}
