/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index, and the small tables: secrets and keys. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/safe_file.h"
#include "common/snapshot/gate_file.h"
#include "common/snapshot/image.h"
#include "common/snapshot/index_format.h"
#include "common/snapshot/keys.h"
#include "common/snapshot/policy.h"
#include "common/snapshot/secrets.h"
#include "tests/unit/snapshot_fixture.h"

static struct fixture f;

static int setup(void **state)
{
	return fixture_setup(&f) ? 0 : -1;
}

static int teardown(void **state)
{
	fixture_teardown(&f);
	return 0;
}

static void test_no_index_is_enoent_and_damage_is_not(void **state)
{
	struct index_view *v = NULL;
	int fd;

	assert_int_equal(index_open(&v), -ENOENT);
	fd = open(fixture_path(&f, "/var/lib/tenure/index"), O_WRONLY | O_CREAT, 0644);
	assert_true(fd >= 0);
	assert_int_equal(index_open(&v), -EBADMSG);
	assert_int_equal(fchmod(fd, 0666), 0);
	assert_int_equal(index_open(&v), -EPERM);
	close(fd);
}

static void test_tenants_and_domains(void **state)
{
	CLEANUP(index_closep) struct index_view *v = NULL;
	struct index_tenant t;
	size_t i = 9;

	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(index_open(&v), 0);
	assert_int_equal(index_tenant_count(v), 2);
	assert_int_equal(index_tenant(v, 0, &t), 0);
	assert_string_equal(t.name, "contoso");
	assert_string_equal(t.domain, "contoso.com");
	assert_true(t.home);
	assert_int_equal(t.id_range.last, 1900099999);
	assert_int_equal(t.role_gids.first, 1900090000);
	assert_int_equal(index_tenant(v, 2, &t), -ENOENT);
	assert_int_equal(index_tenant_by_domain(v, "fabrikam.com", &i), 0);
	assert_int_equal(i, 1);
	assert_int_equal(index_tenant_by_domain(v, "contoso.example", &i), 0);
	assert_int_equal(i, 0);
	assert_int_equal(index_tenant_by_domain(v, "nowhere.com", &i), -ENOENT);
	assert_true(uuid_equal(index_host_id(v), &f.host_id));
}

static void test_who_is_governed(void **state)
{
	CLEANUP(index_closep) struct index_view *v = NULL;
	struct index_login l;

	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(index_open(&v), 0);
	assert_int_equal(index_login_by_uid(v, 0, &l), 0);
	assert_int_equal(l.governed, GOVERNED_NOT);
	assert_int_equal(index_login_by_uid(v, 1000, &l), 0);
	assert_int_equal(l.governed, GOVERNED_NOT);
	assert_int_equal(index_login_by_uid(v, 1900000001, &l), 0);
	assert_int_equal(l.governed, GOVERNED_TENANT);
	assert_int_equal(l.tenant, 0);
	assert_int_equal(index_login_by_uid(v, 1950000001, &l), 0);
	assert_int_equal(l.tenant, 1);
	assert_int_equal(index_login_by_uid(v, FIXTURE_BOBBY_UID, &l), 0);
	assert_int_equal(l.governed, GOVERNED_LOCAL);
	assert_string_equal(l.login, "bobby");
	assert_true(uuid_equal(&l.principal, &f.users[1].o.id));
	assert_int_equal(index_login_by_uid(v, 1501, &l), -EKEYREVOKED);
	assert_int_equal(index_login_by_name(v, "bobby", &l), 0);
	assert_int_equal(index_login_by_name(v, "erinlocal", &l), -EKEYREVOKED);
	assert_int_equal(index_login_by_name(v, "root", &l), -ENOENT);
}

/* Who is governed, and by which gate, as the sound file says it: nothing else is ever read out of a damaged one. */
static bool says_what_was_written(const struct index_view *v)
{
	static const char *const services[] = {"sudo", "su", "sshd", "cron", "vsftpd"};
	static const enum service_class classes[] = {SERVICE_GATE, SERVICE_GATE, SERVICE_LOGIN, SERVICE_BATCH,
						     SERVICE_NONE};
	static const uid_t governed[] = {1900000000, 1900000001, 1900099999, 1950000001, FIXTURE_BOBBY_UID};
	enum service_class class;
	enum gate_mode mode;
	struct index_login l;

	for (size_t i = 0; i < ARRAY_LENGTH(services); i++)
		if (index_service(v, services[i], &class, &mode) < 0 || class != classes[i] ||
		    mode != (i == 1 ? GATE_REPORT_ONLY : GATE_ENFORCE))
			return false;
	for (size_t i = 0; i < ARRAY_LENGTH(governed); i++)
		if (index_login_by_uid(v, governed[i], &l) < 0 || l.governed == GOVERNED_NOT)
			return false;
	return index_login_by_uid(v, 1501, &l) == -EKEYREVOKED && !index_break_glass(v, "alice");
}

static void test_services_and_break_glass(void **state)
{
	CLEANUP(index_closep) struct index_view *v = NULL;

	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(index_open(&v), 0);
	assert_true(says_what_was_written(v));
	assert_true(index_break_glass(v, "rescue"));
	assert_false(index_break_glass(v, "rescu"));
}

/* The published index in memory, to be bent; the caller frees the data. */
static struct snapshot index_bytes(void)
{
	struct snapshot s = {.borrowed = true};
	char *data;

	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(safe_read(fixture_path(&f, "/var/lib/tenure/index"), 1 << 20, &data, &s.len), 0);
	s.data = (uint8_t *)data;
	return s;
}

static void test_every_bit_flipped_is_damage(void **state)
{
	const struct snapshot s = index_bytes();
	uint8_t *data = (uint8_t *)(uintptr_t)s.data;

	for (size_t bit = 0; bit < s.len * 8; bit++) {
		struct index_view *v = NULL;

		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (index_from(&s, &v) != -EBADMSG)
			fail_msg("bit %zu of byte %zu goes unseen", bit % 8, bit / 8);
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	CLEANUP(index_closep) struct index_view *v = NULL;
	assert_int_equal(index_from(&s, &v), 0);
	assert_true(says_what_was_written(v));
	free(data);
}

static int service_of(const struct snapshot *s, const char *service)
{
	CLEANUP(index_closep) struct index_view *v = NULL;
	enum service_class class = SERVICE_NONE;
	enum gate_mode mode;

	snapshot_seal((uint8_t *)(uintptr_t)s->data, s->len, offsetof(struct index_header, checksum));
	assert_int_equal(index_from(s, &v), 0);
	return index_service(v, service, &class, &mode);
}

/* A file that is whole and says what no index says. */
static void test_a_service_of_no_class_is_damage_and_not_none(void **state)
{
	const struct snapshot s = index_bytes();
	struct index_header *h = (void *)(uintptr_t)s.data;
	struct index_service_record *services = (void *)((uint8_t *)h + h->services.offset);
	const struct index_service_record good = services[3]; /* sudo, the last by name */

	assert_int_equal(service_of(&s, "sudo"), 0);
	services[3].service_class = SERVICE_NONE;
	assert_int_equal(service_of(&s, "sudo"), -EBADMSG);
	services[3].service_class = SERVICE_BATCH + 1;
	assert_int_equal(service_of(&s, "sudo"), -EBADMSG);
	services[3] = good;
	services[3].mode = 0;
	assert_int_equal(service_of(&s, "sudo"), -EBADMSG);
	services[3].mode = 3;
	assert_int_equal(service_of(&s, "sudo"), -EBADMSG);
	services[3] = good;
	services[0].name = h->strings.count; /* another's name, which may have been this one's */
	assert_int_equal(service_of(&s, "vsftpd"), -EBADMSG);
	free((void *)h);
}

static void test_currency_without_and_with_the_page(void **state)
{
	CLEANUP(index_closep) struct index_view *v = NULL;

	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(index_open(&v), 0);
	assert_true(index_is_current(v));
	assert_int_equal(fixture_publish(&f, false), 0);
	assert_false(index_is_current(v)); /* no page: the file itself is looked at */
}

static void test_secrets(void **state)
{
	char hash[SECRET_HASH_MAX];
	char *path = strdup(fixture_tenant_path(&f, "contoso", "secrets"));
	struct stat st;

	f.users[0].password = (char *)(uintptr_t)"$y$j9T$abc$def";
	f.users[2].password = (char *)(uintptr_t)"$y$j9T$ghi$jkl";
	f.users[3].password = (char *)(uintptr_t)"";
	assert_int_equal(secrets_read("contoso", &f.users[0].o.id, hash), -ENXIO);
	assert_int_equal(secrets_write(path, 1, &f.directory), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(secrets_read("contoso", &f.users[0].o.id, hash), 0);
	assert_string_equal(hash, "$y$j9T$abc$def");
	assert_int_equal(secrets_read("contoso", &f.users[2].o.id, hash), 0);
	assert_string_equal(hash, "$y$j9T$ghi$jkl");
	assert_int_equal(secrets_read("contoso", &f.users[1].o.id, hash), -ENOENT);
	assert_int_equal(secrets_read("contoso", &f.users[3].o.id, hash), -ENOENT); /* empty is none */
	free(path);
}

/* The longest that the validator takes is written and read; a longer one is said. */
static void test_the_longest_hash(void **state)
{
	char longest[SECRET_HASH_MAX + 1], hash[SECRET_HASH_MAX];
	const char *path = fixture_tenant_path(&f, "contoso", "secrets");

	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "$y$", 3);
	longest[SECRET_HASH_MAX - 1] = '\0';
	f.users[0].password = longest;
	assert_int_equal(secrets_write(path, 1, &f.directory), 0);
	assert_int_equal(secrets_read("contoso", &f.users[0].o.id, hash), 0);
	assert_string_equal(hash, longest);
	longest[SECRET_HASH_MAX - 1] = 'x';
	longest[SECRET_HASH_MAX] = '\0';
	assert_int_equal(secrets_write(path, 1, &f.directory), -EMSGSIZE);
}

static int take_line(void *context, const char *line)
{
	char **lines = context;

	*lines = realloc(*lines, strlen(*lines) + strlen(line) + 2);
	assert_non_null(*lines);
	strcat(strcat(*lines, line), ";");
	return 0;
}

static void test_keys(void **state)
{
	char *keys[] = {(char *)(uintptr_t)"ssh-ed25519 A a", (char *)(uintptr_t)"ssh-ed25519 B b"};
	char *lines = calloc(1, 1);
	const char *path = fixture_tenant_path(&f, "contoso", "keys");

	f.users[1].ssh_keys = f.users[3].ssh_keys = keys;
	f.users[1].ssh_key_count = 2;
	f.users[3].ssh_key_count = 1;
	f.users[3].enabled = false;
	assert_int_equal(keys_of_login("contoso", "bob", take_line, &lines), -ENXIO);
	assert_int_equal(keys_write(path, 1, &f.directory), 0);
	assert_int_equal(keys_of_login("contoso", "bob", take_line, &lines), 0);
	assert_string_equal(lines, "ssh-ed25519 A a;ssh-ed25519 B b;");
	assert_int_equal(keys_of_principal("contoso", &f.users[1].o.id, take_line, &lines), 0);
	assert_int_equal(keys_of_login("contoso", "alice", take_line, &lines), -ENOENT);
	assert_int_equal(keys_of_login("contoso", "dave", take_line, &lines), -ENOENT); /* disabled */
	free(lines);
}

/* Files that were stored when a format was made: they are read as long as their version is. */
static void install(const char *seed, const char *path)
{
	const char *srcdir = getenv("srcdir");
	char from[4096];
	static char data[1 << 16];
	size_t len;
	FILE *file;

	/* Whoever owns the checkout: it is the copy that is opened by the rules. */
	(void)snprintf(from, sizeof(from), "%s/tests/fuzz/seeds/%s", srcdir ? srcdir : ".", seed);
	file = fopen(from, "re");
	assert_non_null(file);
	len = fread(data, 1, sizeof(data), file);
	assert_true(len > 0 && feof(file) && !ferror(file));
	fclose(file);
	assert_int_equal(safe_replace(path, data, len, 0644, (uid_t)-1, (gid_t)-1), 0);
}

static int count_row(void *context, const struct holder *row)
{
	(*(size_t *)context)++;
	return 0;
}

static void test_stored_files_of_version_1_are_read(void **state)
{
	const struct instant now = {.realtime_ns = 1, .boottime_ns = 1};
	CLEANUP(index_closep) struct index_view *v = NULL;
	CLEANUP(identity_closep) struct identity *id = NULL;
	CLEANUP(holders_closep) struct holders *h = NULL;
	struct identity_user u;
	struct identity_group g;
	char hash[SECRET_HASH_MAX], *lines = calloc(1, 1);
	struct gate_file gate;
	size_t rows = 0;

	install("gate/report", fixture_path(&f, "/var/lib/tenure/gate"));
	install("index/host", fixture_path(&f, "/var/lib/tenure/index"));
	install("identity/home", fixture_tenant_path(&f, "contoso", "identity"));
	install("holders/standing", fixture_tenant_path(&f, "contoso", "holders"));
	install("keys/two", fixture_tenant_path(&f, "contoso", "keys"));
	install("secrets/two", fixture_tenant_path(&f, "contoso", "secrets"));
	assert_int_equal(index_open(&v), 0);
	assert_int_equal(index_tenant_count(v), 2);
	assert_int_equal(identity_open("contoso", &id), 0);
	assert_int_equal(identity_user_by_name(id, "alice", &u), 0);
	assert_int_equal(u.gid_count, 2);
	assert_int_equal(identity_group_by_gid(id, 1900010001, &g), 0);
	assert_int_equal(g.member_count, 2);
	assert_int_equal(holders_open("contoso", "holders", &h), 0);
	assert_int_equal(holders_of_right(h, RIGHT_BECOME, "root", &now, count_row, &rows), 0);
	assert_int_equal(rows, 1);
	assert_int_equal(keys_of_login("contoso", "bob", take_line, &lines), 0);
	assert_int_equal(secrets_read("contoso", &f.users[0].o.id, hash), 0);
	assert_int_equal(gate_file_read("Debian-exim", &gate), 0);
	assert_true(gate.break_glass && gate.report_only);
	free(lines);
}

static void test_a_stored_policy_of_version_1_is_read(void **state)
{
	CLEANUP(policy_closep) struct policy *p = NULL;
	struct policy_principal user;
	struct policy_tenant tenant;
	struct policy_assignment a;
	struct policy_role role;
	size_t held = 0;
	uint32_t i;

	install("policy/world-0", fixture_tenant_path(&f, "contoso", "policy"));
	assert_int_equal(policy_open("contoso", &p), 0);
	assert_int_equal(policy_tenant(p, &tenant), 0);
	assert_string_equal(tenant.name, "contoso");
	assert_int_equal(policy_principal_by_name(p, "u0", &i), 0);
	assert_int_equal(policy_principal(p, i, &user), 0);
	assert_string_equal(user.name, "u0");
	for (i = 0; i < policy_principal_count(p); i++)
		for (uint32_t k = 0; policy_assignment(p, i, k, &a) == 0; k++, held++)
			assert_true(a.role == NO_INDEX || policy_role(p, a.role, &role) == 0);
	assert_true(held > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_no_index_is_enoent_and_damage_is_not, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_tenants_and_domains, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_who_is_governed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_services_and_break_glass, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_every_bit_flipped_is_damage, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_service_of_no_class_is_damage_and_not_none, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_currency_without_and_with_the_page, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_secrets, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_the_longest_hash, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_stored_files_of_version_1_are_read, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_stored_policy_of_version_1_is_read, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
