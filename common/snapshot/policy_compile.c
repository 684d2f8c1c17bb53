/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiles the objects of a directory into the records of a policy file. */

#include "common/snapshot/policy_compile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t compile_count(const struct compiler *c, enum policy_section_id section)
{
	return (uint32_t)(c->sections[section].len / policy_record_size(section));
}

uint32_t compile_string(struct compiler *c, const char *text)
{
	struct buffer *strings = &c->sections[POLICY_STRINGS];
	if (!text || !*text)
		return 0;
	uint32_t reference = (uint32_t)strings->len;
	buffer_append(strings, text, strlen(text) + 1);
	return reference;
}

bool compile_manages(const struct right *rights, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (rights[i].kind >= RIGHT_USER_LOCK)
			return true;
	}
	return false;
}

/* Positions of what is not dropped; every object starts with struct object. NULL: no memory. */
static uint32_t *positions(const void *objects, size_t size, size_t count)
{
	uint32_t *ret = calloc(count + 1, sizeof(*ret)), next = 0;
	for (size_t i = 0; ret && i < count; i++) {
		const struct object *o = (const void *)((const char *)objects + i * size);
		ret[i] = o->dropped ? POLICY_NONE : next++;
	}
	return ret;
}

static const char *inherited_environment(const struct directory *d, const char *path)
{
	uint32_t at = NO_INDEX;
	for (size_t i = 0; path && i < d->scope_count; i++) {
		if (!d->scopes[i].o.dropped && strcmp(d->scopes[i].o.name, path) == 0)
			at = (uint32_t)i;
	}
	/* Parents stand before their children, so that this ends whatever a parent says. */
	while (at < d->scope_count) {
		const struct scope *s = &d->scopes[at];
		if (s->environment)
			return s->environment;
		at = s->parent < at ? s->parent : NO_INDEX;
	}
	return NULL;
}

static void compile_host(struct compiler *c)
{
	const struct host *h = c->here;
	c->header.tenant_name = compile_string(c, c->tenant->name);
	c->header.tenant_domain = compile_string(c, c->tenant->domain_count ? c->tenant->domains[0] : NULL);
	c->header.tenant_home = c->tenant->home;
	if (!h)
		return;
	c->header.host = (struct policy_host_record){
		.known = 1,
		.name = compile_string(c, h->o.name),
		.path = compile_string(c, h->path),
		.scope = compile_string(c, h->scope),
		.environment = compile_string(c, inherited_environment(c->d, h->scope)),
		.place = compile_string(c, h->o.place),
	};
}

static void compile_names(struct compiler *c, enum policy_section_id section, char **names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct policy_item item = {.value = compile_string(c, names[i])};
		if (item.value)
			buffer_append(&c->sections[section], &item, sizeof(item));
	}
}

static void compile_right(struct compiler *c, enum right_kind kind, const char *argument)
{
	struct policy_right_record record = {.kind = kind, .argument = compile_string(c, argument)};
	buffer_append(&c->sections[POLICY_RIGHTS], &record, sizeof(record));
}

static bool excluded(const struct role *role, enum right_kind kind, const char *argument)
{
	for (size_t i = 0; i < role->not_action_count; i++) {
		const struct right *not = &role->not_actions[i];
		if (not->kind != kind)
			continue;
		if (!not->argument || !argument || strcmp(not->argument, argument) == 0 ||
		    (kind == RIGHT_BECOME && strcmp(not->argument, "*") == 0))
			return true;
	}
	return false;
}

static bool excludes_some_become(const struct role *role)
{
	for (size_t i = 0; i < role->not_action_count; i++) {
		if (role->not_actions[i].kind == RIGHT_BECOME)
			return true;
	}
	return false;
}

/* actions minus not_actions. become:* minus some is the rest of what the ceiling names. */
static struct policy_list compile_role_rights(struct compiler *c, const struct role *role)
{
	uint32_t first = compile_count(c, POLICY_RIGHTS);
	for (size_t i = 0; i < role->action_count; i++) {
		const struct right *right = &role->actions[i];
		if (excluded(role, right->kind, right->argument))
			continue;
		bool every = right->kind == RIGHT_BECOME && strcmp(right->argument, "*") == 0;
		if (!every || !excludes_some_become(role)) {
			compile_right(c, right->kind, right->argument);
			continue;
		}
		for (size_t k = 0; k < c->host->allow_become_count; k++) {
			if (!excluded(role, RIGHT_BECOME, c->host->allow_become[k]))
				compile_right(c, RIGHT_BECOME, c->host->allow_become[k]);
		}
	}
	return (struct policy_list){first, compile_count(c, POLICY_RIGHTS) - first};
}

static void compile_role(struct compiler *c, const struct role *role)
{
	const struct activation *a = &role->activation;
	bool named = a->approver_users.count > 0 || a->approver_groups.count > 0;
	struct policy_role_record record = {
		.max_duration_ns = a->max_duration_ns,
		.approval_timeout_ns = a->approval_timeout_ns,
		.name = compile_string(c, role->o.name),
		.title = compile_string(c, role->title),
		.place = compile_string(c, role->o.place),
		.flags = (a->justification ? POLICY_ROLE_JUSTIFICATION : 0) | (a->ticket ? POLICY_ROLE_TICKET : 0) |
			 (a->step_up ? POLICY_ROLE_STEP_UP : 0) | (named ? POLICY_ROLE_APPROVERS_NAMED : 0),
		.rights = compile_role_rights(c, role),
		.approvals = a->approvals,
	};
	memcpy(record.id, role->o.id.bytes, sizeof(record.id));
	buffer_append(&c->sections[POLICY_ROLES], &record, sizeof(record));
}

static void compile_unit(struct compiler *c, const struct unit *u)
{
	struct policy_unit_record record = {
		.name = compile_string(c, u->o.name),
		.flags = (u->restricted ? POLICY_UNIT_RESTRICTED : 0) |
			 (compile_unit_holds_host(c, u) ? POLICY_UNIT_HOLDS_HOST : 0),
	};
	buffer_append(&c->sections[POLICY_UNITS], &record, sizeof(record));
}

static bool is_live(const uint32_t *map, size_t count, uint32_t index)
{
	return index < count && map[index] != POLICY_NONE;
}

/* Everything it names is there, and it can mean something on this host. */
static bool assignment_counts(const struct compiler *c, const struct assignment *a)
{
	const struct directory *d = c->d;
	if (a->o.dropped || (a->role && !is_live(c->roles, d->role_count, a->role_index)))
		return false;
	if (a->unit ? !is_live(c->units, d->unit_count, a->unit_index) : !a->scope)
		return false;
	if ((!a->role && a->type != ASSIGNMENT_DENY) || (a->guest && a->guest_index == NO_INDEX))
		return false;
	const struct role *role = a->role ? &d->roles[a->role_index] : NULL;
	bool manages = role ? compile_manages(role->actions, role->action_count)
			    : compile_manages(a->actions, a->action_count);
	return manages || compile_reach(c, a) != 0;
}

static struct policy_list compile_deny_rights(struct compiler *c, const struct assignment *a)
{
	uint32_t first = compile_count(c, POLICY_RIGHTS);
	for (size_t i = 0; i < a->action_count; i++)
		compile_right(c, a->actions[i].kind, a->actions[i].argument);
	return (struct policy_list){first, compile_count(c, POLICY_RIGHTS) - first};
}

static struct policy_list role_rights(const struct compiler *c, uint32_t role)
{
	const struct policy_role_record *records = (const void *)c->sections[POLICY_ROLES].data;
	return records[role].rights;
}

static void compile_assignment(struct compiler *c, size_t i)
{
	const struct assignment *a = &c->d->assignments[i];
	c->assignments[i] = POLICY_NONE;
	if (!assignment_counts(c, a) || buffer_error(&c->sections[POLICY_ROLES]) < 0)
		return;
	c->assignments[i] = compile_count(c, POLICY_ASSIGNMENTS);
	struct policy_assignment_record record = {
		.start_ns = a->start_ns,
		.end_ns = a->end_ns,
		.type = a->type,
		.flags = compile_reach(c, a),
		.role = a->role ? c->roles[a->role_index] : POLICY_NONE,
		.unit = a->unit ? c->units[a->unit_index] : POLICY_NONE,
		.name = compile_string(c, a->o.name),
		.through = compile_string(c, a->group),
		.scope = a->unit ? 0 : compile_string(c, a->scope),
		.place = compile_string(c, a->o.place),
		.rights = a->role ? role_rights(c, c->roles[a->role_index]) : compile_deny_rights(c, a),
	};
	buffer_append(&c->sections[POLICY_ASSIGNMENTS], &record, sizeof(record));
}

static void compile_login(struct compiler *c, const struct user *u, struct policy_principal_record *record)
{
	char login[sizeof("@") + 31 + 253];
	record->login = 0;
	if (u->uid == NO_ID)
		return;
	if (c->tenant->home || c->tenant->domain_count == 0) {
		record->login = record->name;
		return;
	}
	int len = snprintf(login, sizeof(login), "%s@%s", u->o.name, c->tenant->domains[0]);
	if (len > 0 && (size_t)len < sizeof(login))
		record->login = compile_string(c, login);
}

static void compile_principal(struct compiler *c, const struct user *u)
{
	bool password = u->password && *u->password;
	struct policy_principal_record record = {
		.start_ns = u->start_ns,
		.end_ns = u->end_ns,
		.uid = u->uid,
		.flags = (u->kind == USER_SERVICE ? POLICY_PRINCIPAL_SERVICE : 0) |
			 (u->enabled ? POLICY_PRINCIPAL_ENABLED : 0) | (password ? POLICY_PRINCIPAL_PASSWORD : 0),
		.name = compile_string(c, u->o.name),
		.place = compile_string(c, u->o.place),
	};
	memcpy(record.id, u->o.id.bytes, sizeof(record.id));
	compile_login(c, u, &record);
	buffer_append(&c->sections[POLICY_PRINCIPALS], &record, sizeof(record));
}

static void compile_guest(struct compiler *c, const struct guest *g)
{
	struct policy_principal_record record = {
		.start_ns = g->start_ns,
		.end_ns = g->end_ns,
		.uid = g->uid,
		.flags = POLICY_PRINCIPAL_GUEST | (g->kind == USER_SERVICE ? POLICY_PRINCIPAL_SERVICE : 0) |
			 (g->enabled ? POLICY_PRINCIPAL_ENABLED : 0),
		.name = compile_string(c, g->name),
		.login = compile_string(c, g->login),
	};
	memcpy(record.id, g->id.bytes, sizeof(record.id));
	buffer_append(&c->sections[POLICY_PRINCIPALS], &record, sizeof(record));
}

static void compile_objects(struct compiler *c)
{
	const struct directory *d = c->d;
	buffer_append(&c->sections[POLICY_STRINGS], "", 1);
	compile_host(c);
	compile_names(c, POLICY_CEILING_BECOME, c->host->allow_become, c->host->allow_become_count);
	compile_names(c, POLICY_CEILING_GROUPS, c->host->allow_groups, c->host->allow_group_count);
	for (size_t i = 0; i < d->role_count; i++) {
		if (!d->roles[i].o.dropped)
			compile_role(c, &d->roles[i]);
	}
	for (size_t i = 0; i < d->unit_count; i++) {
		if (!d->units[i].o.dropped)
			compile_unit(c, &d->units[i]);
	}
	for (size_t i = 0; i < d->assignment_count; i++)
		compile_assignment(c, i);
	for (size_t i = 0; i < d->user_count; i++) {
		if (!d->users[i].o.dropped)
			compile_principal(c, &d->users[i]);
	}
	c->first_guest = compile_count(c, POLICY_PRINCIPALS);
	for (size_t i = 0; i < d->guest_count; i++)
		compile_guest(c, &d->guests[i]);
}

int compile_sections(struct compiler *c)
{
	const struct directory *d = c->d;
	c->principals = positions(d->users, sizeof(*d->users), d->user_count);
	c->roles = positions(d->roles, sizeof(*d->roles), d->role_count);
	c->units = positions(d->units, sizeof(*d->units), d->unit_count);
	c->assignments = positions(d->assignments, sizeof(*d->assignments), d->assignment_count);
	if (!c->principals || !c->roles || !c->units || !c->assignments)
		return -ENOMEM;
	compile_objects(c);
	for (unsigned i = 0; i < POLICY_SECTION_COUNT; i++) {
		int r = buffer_error(&c->sections[i]);
		if (r < 0)
			return r;
	}
	int r = compile_lists(c);
	if (r < 0)
		return r;
	return compile_tables(c);
}
