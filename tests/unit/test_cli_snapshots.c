/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What works with the broker down: keys for sshd, and the status of who asks. */
#include "tests/unit/cmocka_test.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/snapshot/keys.h"
#include "helper/error.h"
#include "tests/unit/cli_run.h"
#include "tests/unit/snapshot_fixture.h"

static struct fixture f;
static char *alice_keys[] = {(char[]){"ssh-ed25519 AAAAC3Nza alice@laptop"}, (char[]){"ssh-rsa AAAAB3 alice@old"}};
static char *bob_keys[] = {(char[]){"ssh-ed25519 AAAABob bob@desk"}};

static int setup(void **state)
{
	(void)cli_root();
	if (!fixture_setup(&f))
		return -1;
	f.users[0].ssh_keys = alice_keys;
	f.users[0].ssh_key_count = 2;
	f.users[1].ssh_keys = bob_keys;
	f.users[1].ssh_key_count = 1;
	f.foreign_users[0].ssh_keys = bob_keys;
	f.foreign_users[0].ssh_key_count = 1;
	if (fixture_publish(&f, false) < 0 || keys_write(fixture_tenant_path(&f, "contoso", "keys"), 1, &f.directory) < 0)
		return -1;
	return keys_write(fixture_tenant_path(&f, "fabrikam", "keys"), 1, &f.foreign);
}

static int teardown(void **state)
{
	fixture_teardown(&f);
	return 0;
}

static void expect_keys(const char *login, const char *out)
{
	char words[128];
	struct cli_result r;

	(void)snprintf(words, sizeof(words), "ssh-keys %s", login);
	r = cli_run(words);
	if (r.code != CODE_DONE || strcmp(r.out, out) != 0 || *r.err)
		fail_msg("tenure %s: %d %s%s", words, r.code, r.out, r.err);
	cli_result_done(&r);
}

static void test_keys_of_logins(void **state)
{
	expect_keys("alice", "ssh-ed25519 AAAAC3Nza alice@laptop\nssh-rsa AAAAB3 alice@old\n");
	expect_keys("zoe@fabrikam.com", "ssh-ed25519 AAAABob bob@desk\n");
	expect_keys("carol", "");
}

/* Another tenant's short name, another's domain, nobody at all: no keys, and nothing for sshd to log. */
static void test_keys_of_nobody(void **state)
{
	expect_keys("zoe", "");
	expect_keys("alice@fabrikam.com", "");
	expect_keys("alice@nowhere.com", "");
	expect_keys("root", "");
}

/* bob has no uid: a local account that happens to be called bob must not open to his keys. */
static void test_keys_never_go_to_a_login_that_is_not_shown(void **state)
{
	expect_keys("bob", "");
}

/* A mapped account's logins are its own, unless the mapping says login = tenant. */
static void test_keys_of_a_mapped_login(void **state)
{
	expect_keys("bobby", "");
	f.bindings[0].governs_login = true;
	assert_int_equal(fixture_publish(&f, false), 0);
	expect_keys("bobby", "ssh-ed25519 AAAABob bob@desk\n");
	f.bindings[0].governs_login = false;
	assert_int_equal(fixture_publish(&f, false), 0);
}

static void test_keys_that_cannot_be_trusted_are_an_error(void **state)
{
	const char *path = fixture_tenant_path(&f, "contoso", "keys");
	struct cli_result r;

	assert_int_equal(chmod(path, 0666), 0);
	r = cli_run("ssh-keys alice");
	assert_int_equal(r.code, CODE_NO);
	assert_string_equal(r.out, "");
	assert_non_null(strstr(r.err, "the keys cannot be read"));
	cli_result_done(&r);
	assert_int_equal(chmod(path, 0600), 0);
}

static void hold(const char *file, const char *role, bool grant)
{
	struct holder row = fixture_holder(&f, 0, 0, NULL);

	row.role = role;
	row.window = WINDOW_ALWAYS;
	if (grant) {
		struct instant now;

		assert_int_equal(clock_system.now(&clock_system, &now), 0);
		row.window.end_ns = now.realtime_ns + 2530 * NS_PER_S + NS_PER_S / 2;
		memset(&row.request, 0x42, sizeof(row.request));
	}
	assert_int_equal(fixture_holders(&f, "contoso", file, &row, 1), 0);
}

static void test_status_without_the_broker(void **state)
{
	struct cli_result r;
	json_t *answer;

	if (geteuid() != 0)
		skip_because("needs root, to be somebody else");
	hold("holders", "host-user-login", false);
	hold("grants", "db-operator", true);
	cli_real_uid = 1900000001;
	r = cli_run("status");
	assert_int_equal(r.code, CODE_BROKER);
	assert_int_equal(strncmp(r.out, "alice@contoso.com on ", 21), 0);
	assert_non_null(strstr(r.out, "\n\nROLE             STATE      UNTIL         SCOPE  THROUGH\n"
				      "host-user-login  assigned   -             -      -\n"
				      "db-operator      activated  0:42:"));
	assert_string_equal(r.err, "tenure: broker not running: eligible roles unknown; start it: systemctl start tenured\n");
	cli_result_done(&r);
	r = cli_run("status --json");
	answer = json_loads(r.out, 0, NULL);
	assert_int_equal(r.code, CODE_BROKER);
	assert_int_equal(json_array_size(json_object_get(answer, "roles")), 2);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(answer, "error"), "code")), CODE_BROKER);
	json_decref(answer);
	cli_result_done(&r);
	cli_real_uid = 0;
}

/* Who is in no tenant sees the error alone. */
static void test_status_of_nobody_without_the_broker(void **state)
{
	struct cli_result r;

	r = cli_run("status");
	assert_int_equal(r.code, CODE_BROKER);
	assert_string_equal(r.out, "");
	cli_result_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_of_logins),
		cmocka_unit_test(test_keys_of_nobody),
		cmocka_unit_test(test_keys_never_go_to_a_login_that_is_not_shown),
		cmocka_unit_test(test_keys_of_a_mapped_login),
		cmocka_unit_test(test_keys_that_cannot_be_trusted_are_an_error),
		cmocka_unit_test(test_status_without_the_broker),
		cmocka_unit_test(test_status_of_nobody_without_the_broker),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
