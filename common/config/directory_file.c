/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* directory.d/NAME.conf: tenure-directory(5). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/config/config.h"
#include "common/config/reader.h"

#define KEY(key_name, type, member, function) \
	.name = (key_name), .read = (function), .at = offsetof(struct type, member)
#define TABLE(array) {(array), ARRAY_LENGTH(array)}

static const struct choice user_kinds[] = {{"person", USER_PERSON}, {"service", USER_SERVICE}, {NULL, 0}};

static const struct key user_keys[] = {
	{KEY("name", user, o.name, read_name), .required = true},
	{KEY("id", user, o.id, read_uuid)},
	{KEY("kind", user, kind, read_choice), .more = user_kinds},
	{KEY("uid", user, uid, read_id)},
	{KEY("gid", user, gid, read_id)},
	{KEY("gecos", user, gecos, read_text)},
	{KEY("home", user, home, read_text)},
	{KEY("shell", user, shell, read_text)},
	{KEY("password", user, password, read_text)},
	{KEY("enabled", user, enabled, read_bool)},
	{KEY("start", user, start_ns, read_time)},
	{KEY("end", user, end_ns, read_time)},
	{KEY("ssh_keys", user, ssh_keys, read_texts), .count_at = offsetof(struct user, ssh_key_count)},
	{KEY("attributes", user, attributes, read_attributes), .count_at = offsetof(struct user, attribute_count)},
};

static const struct key group_keys[] = {
	{KEY("name", group, o.name, read_name), .required = true},
	{KEY("id", group, o.id, read_uuid)},
	{KEY("gid", group, gid, read_id)},
	{KEY("members", group, members, read_names)},
	{KEY("member_groups", group, member_groups, read_names)},
};

static const struct key scope_keys[] = {
	{KEY("path", scope, o.name, read_name), .required = true},
	{KEY("id", scope, o.id, read_uuid)},
	{KEY("kind", scope, kind, read_text)},
	{KEY("environment", scope, environment, read_text)},
	{KEY("tier", scope, tier, read_text)},
};

static const struct key host_keys[] = {
	{KEY("name", host, o.name, read_name), .required = true},
	{KEY("id", host, o.id, read_uuid), .required = true, .remedy = "write what this prints there: tenure check --host-id"},
	{KEY("scope", host, scope, read_name), .required = true},
	{KEY("attributes", host, attributes, read_attributes), .count_at = offsetof(struct host, attribute_count)},
};

static const struct key unit_keys[] = {
	{KEY("name", unit, o.name, read_name), .required = true},
	{KEY("id", unit, o.id, read_uuid)},
	{KEY("restricted", unit, restricted, read_bool)},
	{KEY("users", unit, users, read_names)},
	{KEY("groups", unit, groups, read_names)},
	{KEY("hosts", unit, hosts, read_names)},
};

static const struct key activation_keys[] = {
	{KEY("max_duration", role, activation.max_duration_ns, read_duration)},
	{KEY("justification", role, activation.justification, read_bool)},
	{KEY("ticket", role, activation.ticket, read_bool)},
	{KEY("step_up", role, activation.step_up, read_bool)},
	{KEY("approvals", role, activation.approvals, read_count)},
	{KEY("approver_users", role, activation.approver_users, read_names)},
	{KEY("approver_groups", role, activation.approver_groups, read_names)},
	{KEY("approval_timeout", role, activation.approval_timeout_ns, read_duration)},
};
static const struct key_table activation_table = TABLE(activation_keys);

static const struct key role_keys[] = {
	{KEY("name", role, o.name, read_name), .required = true},
	{KEY("id", role, o.id, read_uuid)},
	{KEY("title", role, title, read_text)},
	{KEY("gid", role, gid, read_id)},
	{KEY("actions", role, actions, read_rights), .count_at = offsetof(struct role, action_count), .required = true},
	{KEY("not_actions", role, not_actions, read_rights), .count_at = offsetof(struct role, not_action_count)},
	{.name = "activation", .read = read_group, .more = &activation_table},
};

static const struct choice assignment_types[] = {
	{"eligible", ASSIGNMENT_ELIGIBLE}, {"active", ASSIGNMENT_ACTIVE}, {"deny", ASSIGNMENT_DENY}, {NULL, 0}};

static const struct key assignment_keys[] = {
	{KEY("name", assignment, o.name, read_name)},
	{KEY("id", assignment, o.id, read_uuid)},
	{KEY("type", assignment, type, read_choice), .more = assignment_types, .required = true},
	{KEY("role", assignment, role, read_name)},
	{KEY("actions", assignment, actions, read_rights), .count_at = offsetof(struct assignment, action_count)},
	{KEY("user", assignment, user, read_name)},
	{KEY("group", assignment, group, read_name)},
	{KEY("guest", assignment, guest, read_name)},
	{KEY("scope", assignment, scope, read_name)},
	{KEY("unit", assignment, unit, read_name)},
	{KEY("start", assignment, start_ns, read_time)},
	{KEY("end", assignment, end_ns, read_time)},
};

/*
 * What every object ends with: its place, and an id of the tenant's name space unless it has one. One with a fault but
 * with a name stays, dropped, so that what refers to it is not reported as well.
 */
static bool finish_object(struct reader *r, const config_setting_t *s, struct object *o, bool ok, const char *word,
			  const char *id_text, const struct directory *d)
{
	char *text;

	o->dropped = !ok;
	o->place = setting_place(r, s);
	if (!o->place || !id_text)
		return false;
	if (!uuid_is_null(&o->id))
		return true;
	if (asprintf(&text, "%s:%s", word, id_text) < 0) {
		r->no_memory = true;
		return false;
	}
	uuid_v5(&d->tenant_id, text, &o->id);
	free(text);
	return true;
}

static bool finish_user(struct reader *r, const config_setting_t *s, void *object, bool ok, void *owner)
{
	struct user *u = object;

	return finish_object(r, s, &u->o, ok, "user", u->o.name, owner);
}

static bool finish_group(struct reader *r, const config_setting_t *s, void *object, bool ok, void *owner)
{
	struct group *g = object;

	return finish_object(r, s, &g->o, ok, "group", g->o.name, owner);
}

static bool check_scope(struct reader *r, const config_setting_t *s, const struct scope *scope)
{
	const char *remedy, *fault = scope_fault(scope, &remedy);

	return !fault || report(r, s, "conf-value", remedy, "%s", fault);
}

static bool finish_scope(struct reader *r, const config_setting_t *s, void *object, bool ok, void *owner)
{
	struct scope *scope = object;

	if (ok)
		ok = check_scope(r, s, scope);
	scope->parent = NO_INDEX;
	return finish_object(r, s, &scope->o, ok, "scope", scope->o.name, owner);
}

/*
 * A host with a fault may be this one, under an id or a name that cannot be read: without its entry it would leave its
 * restricted units, and the denies of its scope would not reach it.
 */
static bool finish_host(struct reader *r, const config_setting_t *s, void *object, bool ok, void *owner)
{
	struct directory *d = owner;
	struct host *h = object;

	if (!ok)
		d->broken_restriction = true;
	return finish_object(r, s, &h->o, ok, "host", h->o.name, owner);
}

/* A unit with a fault may be one that restricts: a mistyped "restricted" is such a fault. */
static bool finish_unit(struct reader *r, const config_setting_t *s, void *object, bool ok, void *owner)
{
	struct directory *d = owner;
	struct unit *u = object;

	if (!ok)
		d->broken_restriction = true;
	return finish_object(r, s, &u->o, ok, "unit", u->o.name, owner);
}

static bool check_role(struct reader *r, const config_setting_t *s, const struct role *role)
{
	const char *remedy, *fault = role_fault(role, &remedy);

	return !fault || report(r, s, "conf-value", remedy, "%s", fault);
}

static bool finish_role(struct reader *r, const config_setting_t *s, void *object, bool ok, void *owner)
{
	struct role *role = object;

	if (ok)
		ok = check_role(r, s, role);
	if (role->o.name && !role->title) {
		role->title = strdup(role->o.name);
		if (!role->title)
			r->no_memory = true;
	}
	return finish_object(r, s, &role->o, ok, "role", role->o.name, owner);
}

/* True if the text says, beyond doubt, that the assignment gives. */
static bool certainly_gives(const config_setting_t *s)
{
	const config_setting_t *type = config_setting_is_group(s) ? config_setting_get_member(s, "type") : NULL;
	const char *text = type ? config_setting_get_string(type) : NULL;

	return text && (strcmp(text, "eligible") == 0 || strcmp(text, "active") == 0);
}

/* "become:root,login"; the caller frees it. NULL without memory. */
static char *rights_text(const struct right *rights, size_t count)
{
	char *text = calloc(count + 1, RIGHT_TEXT_MAX), *at = text;

	for (size_t i = 0; text && i < count; i++) {
		if (i > 0)
			*at++ = ',';
		right_format(rights[i].kind, rights[i].argument, at, RIGHT_TEXT_MAX);
		at += strlen(at);
	}
	return text;
}

/* An assignment is known by what it says, so that a line that moves keeps its id. */
static bool finish_assignment(struct reader *r, const config_setting_t *s, void *object, bool ok, void *owner)
{
	struct assignment *a = object;
	struct directory *d = owner;
	char *rights = rights_text(a->actions, a->action_count), *text = NULL;
	bool keep;

	if (!ok && !certainly_gives(s))
		d->broken_restriction = true;
	if (!rights || asprintf(&text, "%s:%d:%s:%s:%s:%s:%s:%s:%lld:%lld", a->o.name ? a->o.name : "", (int)a->type,
				a->role ? a->role : "", rights, a->user ? a->user : a->guest ? a->guest : "", a->group ? a->group : "",
				a->scope ? a->scope : "", a->unit ? a->unit : "", (long long)a->start_ns,
				(long long)a->end_ns) < 0) {
		free(rights);
		r->no_memory = true;
		return false;
	}
	keep = finish_object(r, s, &a->o, ok, "assignment", text, owner);
	free(rights);
	free(text);
	return keep;
}

#define INIT(type)                              \
	static void init_##type(void *object)   \
	{                                       \
		type##_init(object);            \
	}
#define DONE(type)                              \
	static void done_##type(void *object)   \
	{                                       \
		type##_done(object);            \
	}
INIT(user) INIT(group) INIT(role) INIT(assignment)
DONE(user) DONE(group) DONE(scope) DONE(host) DONE(unit) DONE(role) DONE(assignment)

static const struct item_kind user_kind = {
	"user", sizeof(struct user), TABLE(user_keys), init_user, done_user, finish_user};
static const struct item_kind group_kind = {
	"group", sizeof(struct group), TABLE(group_keys), init_group, done_group, finish_group};
static const struct item_kind scope_kind = {
	"scope", sizeof(struct scope), TABLE(scope_keys), NULL, done_scope, finish_scope};
static const struct item_kind host_kind = {
	"host", sizeof(struct host), TABLE(host_keys), NULL, done_host, finish_host};
static const struct item_kind unit_kind = {
	"unit", sizeof(struct unit), TABLE(unit_keys), NULL, done_unit, finish_unit};
static const struct item_kind role_kind = {
	"role", sizeof(struct role), TABLE(role_keys), init_role, done_role, finish_role};
static const struct item_kind assignment_kind = {
	"assignment", sizeof(struct assignment), TABLE(assignment_keys), init_assignment, done_assignment,
	finish_assignment};

#define DIRECTORY_VERSION 1

static bool read_version(struct reader *r, const config_setting_t *s, const struct key *key, void *target)
{
	(void)target;
	if (config_setting_type(s) == CONFIG_TYPE_INT && config_setting_get_int(s) == DIRECTORY_VERSION)
		return true;
	return report(r, s, "conf-value", "write version = 1;", "%s of the format is not known here", key->name);
}

#define LIST(key_name, items, counter, object_kind) \
	{KEY(key_name, directory, items, read_objects), .count_at = offsetof(struct directory, counter), .more = (object_kind)}

static const struct key directory_keys[] = {
	{.name = "version", .read = read_version, .required = true},
	LIST("users", users, user_count, &user_kind),
	LIST("groups", groups, group_count, &group_kind),
	LIST("scopes", scopes, scope_count, &scope_kind),
	LIST("hosts", hosts, host_count, &host_kind),
	LIST("units", units, unit_count, &unit_kind),
	LIST("roles", roles, role_count, &role_kind),
	LIST("assignments", assignments, assignment_count, &assignment_kind),
};
static const struct key_table directory_table = TABLE(directory_keys);

/* An unknown list may hold what restricts; a format of another version may mean anything. */
static int read_directory(struct reader *r, const config_setting_t *root, struct directory *d)
{
	const config_setting_t *version = config_setting_get_member(root, "version");

	if (!read_members(r, root, &directory_table, d))
		d->broken_restriction = true;
	if (r->no_memory)
		return -ENOMEM;
	if (!version || config_setting_get_int(version) != DIRECTORY_VERSION)
		return -EINVAL;
	return 0;
}

int directory_parse(const char *text, size_t len, const char *place, const struct uuid *tenant_id,
		    struct directory **ret, struct problem_list *problems)
{
	struct reader reader = {.place = place, .problems = problems, .fold = true};
	CLEANUP(directory_freep) struct directory *d = NULL;
	config_t config;
	int r = config_text_check(text, len, place, problems);

	if (r < 0)
		return r;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->tenant_id = *tenant_id;
	r = reader_parse(&reader, text, &config);
	if (r == 0)
		r = read_directory(&reader, config_root_setting(&config), d);
	config_destroy(&config);
	if (r < 0)
		return r;
	*ret = d;
	d = NULL;
	return 0;
}

int directory_load(const char *path, const struct uuid *tenant_id, struct directory **ret,
		   struct problem_list *problems)
{
	struct file_text file;
	int r = file_text_read(path, problems, &file);

	if (r < 0)
		return r;
	r = directory_parse(file.text, file.len, file.place, tenant_id, ret, problems);
	file_text_done(&file);
	return r;
}
