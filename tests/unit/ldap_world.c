/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/ldap_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka_test.h"

static const char tenant_conf[] =
	"id = \"6d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60\";\n"
	"domains = [ \"fabrikam.com\" ];\n"
	"source = \"ldap\";\n"
	"id_range = [ 1900000000, 1909999999 ];\n"
	"role_gids = [ 1909000000, 1909000999 ];\n"
	"ldap: {\n"
	"  uris = [ \"ldaps://ldap.fabrikam.com\" ];\n"
	"  base = \"dc=fabrikam,dc=com\";\n"
	"  bind = \"simple\";\n"
	"  bind_dn = \"cn=host,dc=fabrikam,dc=com\";\n"
	"  password_file = \"/etc/tenure/fabrikam.password\";\n"
	"  tls_ca = \"/etc/tenure/fabrikam.pem\";\n"
	"};\n";

static const char host_conf[] =
	"tenants = [ \"fabrikam\" ];\n"
	"gate = { mode = \"enforce\"; services = [ \"sudo\", \"su\" ]; };\n"
	"ceiling = { allow_become = [ \"root\", \"postgres\" ]; allow_groups = [ \"adm\" ]; };\n"
	"journal = { reserve = 65536; };\n"
	"min_duration = \"1m\";\n";

void world_start(struct engine_fixture *f)
{
	fixture_write(f, "etc/tenure/tenure.conf", host_conf);
	fixture_write(f, "etc/tenure/tenants.d/" WORLD_TENANT ".conf", tenant_conf);
	fixture_start(f);
	assert_non_null(world_mirror(f));
}

size_t world_tenant(struct engine_fixture *f)
{
	return engine_tenant_by_name(f->engine, WORLD_TENANT);
}

struct mirror *world_mirror(struct engine_fixture *f)
{
	unsigned serial;

	return engine_mirror(f->engine, world_tenant(f), &serial);
}

struct uuid world_id(enum object_kind kind, unsigned number)
{
	struct uuid id = {{0x42, (uint8_t)kind}};

	for (size_t i = 0; i < 4; i++)
		id.bytes[4 + i] = (uint8_t)(number >> (8 * i));
	return id;
}

/* An object that may be larger than a packet. */
struct object_text {
	uint8_t *bytes;
	size_t len, size;
};

static void add(struct object_text *o, unsigned tag, const void *data, size_t len)
{
	if (o->size < o->len + len + SYNC_FIELD_HEADER_LEN) {
		o->size = 2 * (o->len + len + SYNC_FIELD_HEADER_LEN);
		o->bytes = realloc(o->bytes, o->size);
		assert_non_null(o->bytes);
	}
	o->bytes[o->len] = (uint8_t)tag;
	o->bytes[o->len + 1] = 0;
	o->bytes[o->len + 2] = (uint8_t)len;
	o->bytes[o->len + 3] = (uint8_t)(len >> 8);
	memcpy(o->bytes + o->len + SYNC_FIELD_HEADER_LEN, data, len);
	o->len += SYNC_FIELD_HEADER_LEN + len;
}

static void add_text(struct object_text *o, unsigned tag, const char *text)
{
	if (text)
		add(o, tag, text, strlen(text));
}

static PRINTF_LIKE(3, 4) void add_format(struct object_text *o, unsigned tag, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	add_text(o, tag, text);
}

static void begin(struct object_text *o, enum object_kind kind, unsigned number)
{
	const struct uuid id = world_id(kind, number);
	const uint8_t k = (uint8_t)kind;

	add(o, SYNC_TAG_UUID, id.bytes, sizeof(id.bytes));
	add(o, SYNC_TAG_KIND, &k, 1);
}

static void put(struct mirror *m, struct object_text *o)
{
	assert_int_equal(mirror_entry(m, o->bytes, o->len), 0);
	free(o->bytes);
}

#define USER_DN	 "uid=user%06u,ou=people,dc=fabrikam,dc=com"
#define GROUP_DN "cn=group%05u,ou=groups,dc=fabrikam,dc=com"

void world_put_user(struct mirror *m, const struct world_user *u)
{
	struct object_text o = {0};

	begin(&o, OBJECT_USER, u->number);
	if (u->dn)
		add_text(&o, SYNC_TAG_DN, u->dn);
	else
		add_format(&o, SYNC_TAG_DN, USER_DN, u->number);
	add_format(&o, SYNC_TAG_CREATED, "2026-01-01T00:00:00.%06uZ", u->created ? u->created : u->number);
	if (u->name)
		add_text(&o, SYNC_TAG_NAME, u->name);
	else
		add_format(&o, SYNC_TAG_NAME, "user%06u", u->number);
	if (!u->no_uid) {
		add_format(&o, SYNC_TAG_UID, "%u", u->uid ? u->uid : WORLD_UID_FIRST + 1 + u->number);
		add_format(&o, SYNC_TAG_GID, "%u", u->gid ? u->gid : u->uid ? u->uid : WORLD_UID_FIRST + 1 + u->number);
	}
	add_text(&o, SYNC_TAG_GECOS, u->gecos);
	add_text(&o, SYNC_TAG_SHELL, u->shell);
	add_text(&o, SYNC_TAG_HOME, u->home);
	add_text(&o, SYNC_TAG_SSH_KEY, u->key);
	add_text(&o, SYNC_TAG_END, u->end);
	if (u->disabled)
		add_text(&o, SYNC_TAG_ENABLED, "false");
	if (u->service)
		add_text(&o, SYNC_TAG_USER_KIND, "service");
	put(m, &o);
}

void world_put_group(struct mirror *m, const struct world_group *g)
{
	struct object_text o = {0};

	begin(&o, OBJECT_GROUP, g->number);
	if (g->dn)
		add_text(&o, SYNC_TAG_DN, g->dn);
	else
		add_format(&o, SYNC_TAG_DN, GROUP_DN, g->number);
	if (g->name)
		add_text(&o, SYNC_TAG_NAME, g->name);
	else
		add_format(&o, SYNC_TAG_NAME, "group%05u", g->number);
	if (!g->hidden)
		add_format(&o, SYNC_TAG_GID, "%u", g->gid ? g->gid : WORLD_GID_FIRST + g->number);
	for (size_t i = 0; i < g->member_count; i++) {
		if (g->texts)
			add_text(&o, g->by_name ? SYNC_TAG_MEMBER_NAME : SYNC_TAG_MEMBER, g->texts[i]);
		else if (g->by_name)
			add_format(&o, SYNC_TAG_MEMBER_NAME, "user%06u", g->members[i]);
		else
			add_format(&o, SYNC_TAG_MEMBER, USER_DN, g->members[i]);
	}
	for (size_t i = 0; i < g->group_count; i++)
		add_format(&o, SYNC_TAG_MEMBER, GROUP_DN, g->groups[i]);
	put(m, &o);
}

void world_delete_user(struct mirror *m, unsigned number)
{
	const struct uuid id = world_id(OBJECT_USER, number);

	assert_int_equal(mirror_deleted(m, &id), 0);
}

void world_delete_group(struct mirror *m, unsigned number)
{
	const struct uuid id = world_id(OBJECT_GROUP, number);

	assert_int_equal(mirror_deleted(m, &id), 0);
}

struct field {
	unsigned tag;
	const char *text;
};

static void put_other(struct mirror *m, enum object_kind kind, const char *name, const struct field *fields)
{
	static unsigned number;
	struct object_text o = {0};

	begin(&o, kind, ++number);
	add_format(&o, SYNC_TAG_DN, "cn=%s,ou=tenure,dc=fabrikam,dc=com", name);
	add_text(&o, SYNC_TAG_NAME, name);
	for (; fields->tag; fields++)
		add_text(&o, fields->tag, fields->text);
	put(m, &o);
}
#define PUT(m, kind, name, ...) put_other(m, kind, name, (const struct field[]){__VA_ARGS__, {0, NULL}})
#define F(tag, text) {SYNC_TAG_##tag, text}
#define GROUP(n) "cn=group0000" #n ",ou=groups,dc=fabrikam,dc=com"

void world_put_assignment(struct mirror *m, const struct world_assignment *a)
{
	struct object_text o = {0};

	begin(&o, OBJECT_ASSIGNMENT, a->number);
	add_format(&o, SYNC_TAG_DN, "cn=assignment%u,ou=tenure,dc=fabrikam,dc=com", a->number);
	add_format(&o, SYNC_TAG_CREATED, "2026-02-01T00:00:00.%06uZ", a->created);
	add_format(&o, SYNC_TAG_NAME, "assignment%u", a->number);
	add_text(&o, SYNC_TAG_ASSIGNMENT_TYPE, a->type);
	add_text(&o, SYNC_TAG_ROLE, a->role);
	add_text(&o, SYNC_TAG_PRINCIPAL, a->who);
	add_text(&o, SYNC_TAG_PATH, a->path);
	add_text(&o, SYNC_TAG_END, a->end);
	put(m, &o);
}

void world_delete_assignment(struct mirror *m, unsigned number)
{
	const struct uuid id = world_id(OBJECT_ASSIGNMENT, number);

	assert_int_equal(mirror_deleted(m, &id), 0);
}

static void put_host(struct mirror *m)
{
	struct object_text o = {0};
	struct uuid host;

	assert_int_equal(host_id_read(&host), 0);
	begin(&o, OBJECT_HOST, 1);
	add_text(&o, SYNC_TAG_DN, "cn=db1,ou=tenure,dc=fabrikam,dc=com");
	add_text(&o, SYNC_TAG_NAME, "db1");
	add_text(&o, SYNC_TAG_PATH, "/prod");
	add(&o, SYNC_TAG_ID, host.bytes, sizeof(host.bytes));
	put(m, &o);
}

void world_put_policy(struct mirror *m)
{
	put_host(m);
	PUT(m, OBJECT_SCOPE, "prod", F(PATH, "/prod"));
	PUT(m, OBJECT_ROLE, "operator", F(ACTION, "become:root"), F(ACTION, "group:adm"), F(MAX_DURATION, "2h"),
	    F(STEP_UP, "false"), F(APPROVALS, "1"), F(APPROVER, GROUP(3)));
	PUT(m, OBJECT_ROLE, "keeper", F(ACTION, "user.lock"), F(MAX_DURATION, "2h"));
	PUT(m, OBJECT_ASSIGNMENT, "login", F(ASSIGNMENT_TYPE, "active"), F(ROLE, "host-user-login"), F(PRINCIPAL, GROUP(0)),
	    F(PATH, "/prod"));
	PUT(m, OBJECT_ASSIGNMENT, "may", F(ASSIGNMENT_TYPE, "eligible"), F(ROLE, "operator"), F(PRINCIPAL, GROUP(1)),
	    F(PATH, "/prod"));
	PUT(m, OBJECT_ASSIGNMENT, "not", F(ASSIGNMENT_TYPE, "deny"), F(ACTION, "become:root"), F(PRINCIPAL, GROUP(2)),
	    F(PATH, "/prod"));
	PUT(m, OBJECT_ASSIGNMENT, "always", F(ASSIGNMENT_TYPE, "active"), F(ROLE, "operator"), F(PRINCIPAL, GROUP(4)),
	    F(PATH, "/prod"));
	PUT(m, OBJECT_ASSIGNMENT, "keeps", F(ASSIGNMENT_TYPE, "active"), F(ROLE, "keeper"), F(PRINCIPAL, GROUP(5)),
	    F(PATH, "/prod"));
}

static void on_change(void *context, const struct mirror_change *c)
{
	struct engine_fixture *f = context;

	engine_note_change(f->engine, world_tenant(f), c);
}

void world_commit(struct engine_fixture *f, bool all)
{
	size_t changes;

	assert_int_equal(mirror_commit(world_mirror(f), all, "c", 1, f->clock.at.realtime_ns, on_change, f, &changes), 0);
	if (all)
		engine_directory_changed(f->engine, world_tenant(f));
	else
		engine_directory_noted(f->engine, world_tenant(f));
}

void world_publish(struct engine_fixture *f)
{
	fixture_pass(f, 1);
	assert_true(engine_is_current(f->engine, world_tenant(f)));
}
