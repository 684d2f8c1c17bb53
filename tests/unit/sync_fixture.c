/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/sync_fixture.h"

void bed_write_tenant(struct sync_bed *b, const char *name, unsigned heartbeat)
{
	const bool first = strcmp(name, "fabrikam") == 0;
	char file[64], text[1024];

	(void)snprintf(file, sizeof(file), "etc/tenure/tenants.d/%s.conf", name);
	(void)snprintf(text, sizeof(text),
		       "id = \"%c%c0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60\";\n"
		       "domains = [ \"%s.com\" ];\n"
		       "source = \"ldap\";\n"
		       "id_range = [ %u, %u ];\n"
		       "role_gids = [ %u, %u ];\n"
		       "ldap: {\n"
		       "  uris = [ \"ldaps://ldap.%s.com\" ];\n"
		       "  base = \"dc=%s,dc=com\";\n"
		       "  bind = \"simple\";\n"
		       "  bind_dn = \"cn=host,dc=%s,dc=com\";\n"
		       "  password_file = \"/etc/tenure/%s.password\";\n"
		       "  tls_ca = \"/etc/tenure/%s.pem\";\n"
		       "  heartbeat = \"%us\";\n"
		       "};\n",
		       first ? '6' : '7', 'd', name, first ? FABRIKAM_UID : NORTHWIND_UID,
		       (first ? FABRIKAM_UID : NORTHWIND_UID) + 99999, (first ? FABRIKAM_UID : NORTHWIND_UID) + 90000,
		       (first ? FABRIKAM_UID : NORTHWIND_UID) + 90999, name, name, name, name, name, heartbeat);
	fixture_write(b->f, file, text);
}

static void on_changed(void *context)
{
	((struct sync_bed *)context)->changed++;
}

static void start_sync(struct sync_bed *b)
{
	const struct sync_hooks hooks = {b, on_changed};

	assert_int_equal(sync_new(b->loop, b->f->engine, &hooks, &b->sync), 0);
	sync_configure(b->sync);
}

int sync_bed_setup(void **state)
{
	struct sync_bed *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	assert_int_equal(engine_fixture_setup_host((void **)&b->f), 0);
	fixture_edit(b->f, "etc/tenure/tenure.conf", "[ \"contoso\" ]", "[ \"contoso\", \"fabrikam\", \"northwind\" ]");
	bed_write_tenant(b, "fabrikam", 30);
	bed_write_tenant(b, "northwind", 30);
	assert_int_equal(loop_new(&b->loop), 0);
	fake_account = 0;
	fixture_start(b->f);
	start_sync(b);
	*state = b;
	return 0;
}

int sync_bed_teardown(void **state)
{
	struct sync_bed *b = *state;

	sync_free(b->sync);
	loop_free(b->loop);
	(void)engine_fixture_teardown((void **)&b->f);
	free(b);
	return 0;
}

void bed_settle(struct sync_bed *b)
{
	(void)engine_tick(b->f->engine);
	sync_settle(b->sync);
}

void bed_reload(struct sync_bed *b)
{
	fixture_reload(b->f);
	sync_configure(b->sync);
	bed_settle(b);
}

void bed_restart(struct sync_bed *b)
{
	sync_free(b->sync);
	fixture_restart(b->f);
	start_sync(b);
}

struct worker *bed_worker(const char *tenant)
{
	struct worker *w = fake_worker(tenant);

	if (!w)
		fail_msg("%s has no worker", tenant);
	if (!w->running)
		fake_hello(w);
	assert_true(w->started);
	return w;
}

static struct sync_packet *packet(enum sync_type type, unsigned flags)
{
	static struct sync_packet p;

	sync_packet_begin(&p, type, flags);
	return &p;
}

static void add_text(struct sync_packet *p, unsigned tag, const char *text)
{
	if (text)
		assert_int_equal(sync_packet_add_text(p, tag, text), 0);
}

static void add_uuid(struct sync_packet *p, unsigned n)
{
	const struct uuid id = {{0xd1, [14] = (uint8_t)(n >> 8), [15] = (uint8_t)n}};

	assert_int_equal(sync_packet_add_uuid(p, SYNC_TAG_UUID, &id), 0);
}

bool say(struct worker *w, enum sync_type type, unsigned flags, const char *cookie)
{
	struct sync_packet *p = packet(type, flags);

	add_text(p, SYNC_TAG_COOKIE, cookie);
	return fake_say(w, p);
}

bool say_failed(struct worker *w, enum sync_failure failure, const char *text)
{
	struct sync_packet *p = packet(SYNC_FAILED, failure);

	add_text(p, SYNC_TAG_URI, "ldaps://ldap.fabrikam.com");
	add_text(p, SYNC_TAG_TEXT, text);
	return fake_say(w, p);
}

bool say_connected(struct worker *w, unsigned flags)
{
	struct sync_packet *p = packet(SYNC_CONNECTED, flags);

	add_text(p, SYNC_TAG_URI, "ldaps://ldap.fabrikam.com");
	return fake_say(w, p);
}

bool say_uuid(struct worker *w, enum sync_type type, unsigned n)
{
	struct sync_packet *p = packet(type, 0);

	add_uuid(p, n);
	return fake_say(w, p);
}

static const char *dn_of_user(unsigned n)
{
	static char dn[64];

	(void)snprintf(dn, sizeof(dn), "uid=user%u,ou=people,dc=example", n);
	return dn;
}

static void add_user(struct sync_packet *p, const struct worker *w, unsigned n)
{
	const unsigned base = strcmp(w->tenant, "fabrikam") == 0 ? FABRIKAM_UID : NORTHWIND_UID;
	const uint8_t kind = OBJECT_USER;
	char name[32], uid[16], home[96];

	(void)snprintf(name, sizeof(name), "user%u", n);
	(void)snprintf(uid, sizeof(uid), "%u", base + n);
	(void)snprintf(home, sizeof(home), "/home/%s.com/%s", w->tenant, name);
	add_uuid(p, n);
	assert_int_equal(sync_packet_add(p, SYNC_TAG_KIND, &kind, 1), 0);
	add_text(p, SYNC_TAG_DN, dn_of_user(n));
	add_text(p, SYNC_TAG_MODIFIER, "cn=admin,dc=example");
	add_text(p, SYNC_TAG_NAME, name);
	add_text(p, SYNC_TAG_UID, uid);
	add_text(p, SYNC_TAG_HOME, home);
	add_text(p, SYNC_TAG_SHELL, "/bin/sh");
}

bool say_user(struct worker *w, unsigned n, unsigned tag, const char *text)
{
	struct sync_packet *p = packet(SYNC_ENTRY, 0);

	add_user(p, w, n);
	if (tag)
		add_text(p, tag, text);
	return fake_say(w, p);
}

bool say_users(struct worker *w, unsigned first, unsigned count)
{
	struct sync_packet *p = packet(SYNC_ENTRY, 0);

	for (unsigned n = first; n < first + count; n++)
		add_user(p, w, n);
	return fake_say(w, p);
}

bool say_assignment(struct worker *w, unsigned own, unsigned n, const char *type, const char *role)
{
	const uint8_t kind = OBJECT_ASSIGNMENT;
	struct sync_packet *p = packet(SYNC_ENTRY, 0);
	char dn[64];

	(void)snprintf(dn, sizeof(dn), "cn=a%u,ou=assignments,dc=example", own);
	add_uuid(p, 0x8000 + own);
	assert_int_equal(sync_packet_add(p, SYNC_TAG_KIND, &kind, 1), 0);
	add_text(p, SYNC_TAG_DN, dn);
	add_text(p, SYNC_TAG_MODIFIER, "cn=admin,dc=example");
	add_text(p, SYNC_TAG_ASSIGNMENT_TYPE, type);
	add_text(p, SYNC_TAG_ROLE, role);
	add_text(p, SYNC_TAG_PRINCIPAL, dn_of_user(n));
	add_text(p, SYNC_TAG_PATH, "/");
	return fake_say(w, p);
}

void bed_load(struct sync_bed *b, const char *tenant, unsigned count, const char *cookie)
{
	struct worker *w = bed_worker(tenant);

	assert_true(say_connected(w, 0));
	assert_true(say(w, SYNC_REFRESH, SYNC_ALL, NULL));
	for (unsigned n = 1; n <= count; n++)
		assert_true(say_user(w, n, 0, NULL));
	assert_true(say(w, SYNC_DONE, SYNC_ALL, cookie));
	bed_settle(b);
}

bool bed_knows(struct sync_bed *b, uid_t uid)
{
	struct actor who;

	return engine_actor(b->f->engine, uid, uid, &who) == 0 && who.governed;
}

uint64_t bed_inode(struct sync_bed *b, const char *file)
{
	char path[256];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/var/lib/tenure/%s", b->f->root, file);
	return stat(path, &st) == 0 ? st.st_ino : 0;
}

void fixture_mkdir(struct engine_fixture *f, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", f->root, name);
	assert_int_equal(mkdir(path, 0755), 0);
}

void fixture_rmdir(struct engine_fixture *f, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", f->root, name);
	assert_int_equal(rmdir(path), 0);
}

char *fixture_read_journal(struct engine_fixture *f)
{
	char path[256], *text = NULL;
	size_t size = 0;
	glob_t found;

	(void)snprintf(path, sizeof(path), "%s/var/lib/tenure/journal/journal-*.jsonl", f->root);
	assert_int_equal(glob(path, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	FILE *file = fopen(found.gl_pathv[0], "r");

	assert_non_null(file);
	assert_true(getdelim(&text, &size, '\0', file) > 0);
	(void)fclose(file);
	globfree(&found);
	return text;
}
