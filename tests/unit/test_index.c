/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* index, and the small tables: secrets and keys. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/safe_file.h"
#include "common/snapshot/keys.h"
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

static void test_services_and_break_glass(void **state)
{
	CLEANUP(index_closep) struct index_view *v = NULL;
	enum gate_mode mode;

	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(index_open(&v), 0);
	assert_int_equal(index_service(v, "sudo", &mode), SERVICE_GATE);
	assert_int_equal(mode, GATE_ENFORCE);
	assert_int_equal(index_service(v, "su", &mode), SERVICE_GATE);
	assert_int_equal(mode, GATE_REPORT_ONLY);
	assert_int_equal(index_service(v, "sshd", &mode), SERVICE_LOGIN);
	assert_int_equal(index_service(v, "cron", &mode), SERVICE_BATCH);
	assert_int_equal(index_service(v, "vsftpd", &mode), SERVICE_NONE);
	assert_true(index_break_glass(v, "rescue"));
	assert_false(index_break_glass(v, "rescu"));
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
	char from[4096], *data;
	size_t len;

	(void)snprintf(from, sizeof(from), "%s/tests/fuzz/seeds/%s", srcdir ? srcdir : ".", seed);
	if (from[0] != '/') {
		char *absolute = realpath(from, NULL);

		assert_non_null(absolute);
		(void)snprintf(from, sizeof(from), "%s", absolute);
		free(absolute);
	}
	if (safe_read(from, 1 << 20, &data, &len) < 0)
		skip(); /* a checkout that others may write to */
	assert_int_equal(safe_replace(path, data, len, 0644, (uid_t)-1, (gid_t)-1), 0);
	free(data);
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
	size_t rows = 0;

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
	free(lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_no_index_is_enoent_and_damage_is_not, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_tenants_and_domains, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_who_is_governed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_services_and_break_glass, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_currency_without_and_with_the_page, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_secrets, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_stored_files_of_version_1_are_read, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
