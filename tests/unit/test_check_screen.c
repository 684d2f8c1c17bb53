/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tenure check shows, by the program itself. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "helper/cli.h"
#include "helper/verbs.h"
#include "tests/unit/check_root.h"
#include "tests/unit/fake_broker.h"

static char shown[65536];

/* Runs the verb with stdout in a file; its exit code. */
static int run(bool json, bool host_id)
{
	char path[] = "/tmp/tenure-screen.XXXXXX";
	int fd = mkstemp(path), saved = dup(STDOUT_FILENO), code;
	struct cli cli;
	ssize_t n;

	assert_true(fd >= 0 && saved >= 0);
	fflush(stdout);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	cli_init(&cli);
	cli.json = json;
	cli.options.host_id = host_id;
	cli.width = 80;
	code = verb_check(&cli);
	cli_done(&cli);
	fflush(stdout);
	assert_true(dup2(saved, STDOUT_FILENO) >= 0);
	n = pread(fd, shown, sizeof(shown) - 1, 0);
	assert_true(n >= 0);
	shown[n] = '\0';
	close(fd);
	close(saved);
	unlink(path);
	return code;
}

static void break_host(void)
{
	check_root_make();
	check_root_put("/etc/tenure/directory.d/contoso.conf",
		       "version = 1;\nusers = (\n  { name = \"alice\"; uid = 1000; },\n"
		       "  { name = \"bob\"; },\n  { name = \"mal\\x1b[31m\"; } );\n"
		       "hosts = ( { name = \"db1\"; scope = \"/\"; id = \"47dcdcd0-cfb4-42b4-b7f0-711136d8bbc3\"; } );\n",
		       0600);
	check_root_put("/etc/nsswitch.conf", "passwd: files systemd tenure\ngroup: files systemd\n", 0);
	check_root_put("/etc/sudoers.d/old", "# old\n\nDefaults !pam_acct_mgmt\n", 0440);
	check_root_put("/etc/shadow", "root:*:19000::::::\nbob:$y$x:19000::::::\n", 0600);
	check_root_put("/root/.ssh/authorized_keys", "ssh-ed25519 AAAA x\n", 0600);
}

static const char *const screen[] = {
	"db1, host id 47dcdcd0-cfb4-42b4-b7f0-711136d8bbc3, gate enforce\n\n",
	"error  dir-uid      directory.d/contoso.conf:3 user alice: uid 1000 is local\n"
	"       do           give alice a uid in 1900000000-1900099999\n",
	"error  nss          nsswitch.conf: group has no tenure; roles grant nothing\n"
	"       do           group: files systemd tenure\n",
	"error  sudo-acct    /etc/sudoers.d/old:3 !pam_acct_mgmt: sudo skips the gate\n"
	"       do           remove that line; visudo -f /etc/sudoers.d/old\n",
	"error  broker       tenured does not answer: ",
	"warn   way-back     every sudoer is governed by Tenure; root has no password\n"
	"       do           keep one unmapped account, or set root's password\n",
	"warn   root-login   /root/.ssh/authorized_keys lets whoever has such a key be\n"
	"                    root by ssh, past every gate\n",
	"\nok     config host logins subuid ldap caches pam-stacks permissions clock cgroup\n       sshd-usepam stepup homes\n",
	"\n5 errors, 2 warnings. Served: 1 of 3 users.\n",
};

static void test_T13_the_screen_of_a_broken_host(void **state)
{
	size_t column = 0;

	break_host();
	assert_int_equal(run(false, false), CODE_NO);
	for (size_t i = 0; i < ARRAY_LENGTH(screen); i++)
		if (!strstr(shown, screen[i]))
			fail_msg("missing:\n%sshown:\n%s", screen[i], shown);
	for (const char *p = shown; *p; p++) {
		column = *p == '\n' ? 0 : column + 1;
		assert_true(column <= 80);
		assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
	}
	check_root_remove();
}

static void test_json(void **state)
{
	json_t *object, *first;

	break_host();
	assert_int_equal(run(true, false), CODE_NO);
	object = json_loads(shown, 0, NULL);
	assert_non_null(object);
	assert_int_equal(json_integer_value(json_object_get(object, "errors")), 5);
	assert_int_equal(json_array_size(json_object_get(object, "items")), 7);
	assert_true(json_is_true(json_object_get(object, "bound")));
	assert_true(json_is_null(json_object_get(object, "last_good")));
	first = json_array_get(json_object_get(object, "checks"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "id")), "config");
	assert_non_null(json_string_value(json_object_get(first, "what")));
	assert_true(json_is_true(json_object_get(first, "ok")));
	json_decref(object);
	check_root_remove();
}

/* The line that sums up says what is in force, not what the broken file says. */
static void test_what_is_in_force(void **state)
{
	static const struct {
		const char *path, *text, *gone, *sum;
	} cases[] = {
		{"/etc/tenure/directory.d/contoso.conf", "version = ;", NULL,
		 "Served: 3 of 3 users, last good state of 2026-03-01\n13:04:02.\n"},
		{"/etc/tenure/tenants.d/contoso.conf", "id = ;", NULL, "Served: 3 of 3 users, last good state of "},
		{"/etc/tenure/tenure.conf", "tenants = [ ;", "/var/lib/tenure/last/tenure.conf",
		 "\nok     ldap nss caches pam-stacks sudoers permissions clock cgroup sshd-usepam\n\n"
		 "2 errors, 0 warnings. What cannot be read stays as it was published.\n"},
		{"/etc/tenure/directory.d/contoso.conf", "version = ;", "/var/lib/tenure/last/directory.d/contoso.conf",
		 "2 errors, 0 warnings. What cannot be read stays as it was published.\n"},
		{"/etc/tenure/tenure.conf", "tenants = [ ];", NULL,
		 "0 errors, 0 warnings. No tenant is bound: Tenure changes nothing for anybody.\n"},
	};
	const time_t then = 1772370242; /* 2026-03-01T13:04:02Z */

	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		check_root_make();
		check_root_put(cases[i].path, cases[i].text, 0600);
		check_root_time("/var/lib/tenure/last/directory.d/contoso.conf", then);
		if (cases[i].gone)
			check_root_put(cases[i].gone, NULL, 0);
		(void)run(false, false);
		if (!strstr(shown, cases[i].sum))
			fail_msg("missing:\n%sshown:\n%s", cases[i].sum, shown);
		assert_int_equal(strstr(shown, "No tenant is bound") != NULL, i == ARRAY_LENGTH(cases) - 1);
		check_root_remove();
	}
}

static void test_what_is_in_force_as_json(void **state)
{
	json_t *object;

	check_root_make();
	check_root_put("/etc/tenure/directory.d/contoso.conf", "version = ;", 0600);
	check_root_time("/var/lib/tenure/last/directory.d/contoso.conf", 1772370242);
	assert_int_equal(run(true, false), CODE_NO);
	object = json_loads(shown, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(object, "last_good")), "2026-03-01T13:04:02Z");
	assert_int_equal(json_integer_value(json_object_get(object, "served")), 3);
	assert_true(json_is_false(json_object_get(object, "unread")));
	json_decref(object);
	check_root_remove();
}

/* What stands in the journal, only the broker can hold the files against; it says so to root. */
static void test_T50_what_the_broker_knows(void **state)
{
	static const char script[] =
		"{\"Ping\": [{\"reply\": {\"version\": \"1\", \"journal\": \"ok\", \"degraded\": null, \"problems\": ["
		"{\"id\": \"dir-uid-retired\", \"severity\": \"error\", \"where\": \"directory.d/contoso.conf:2\","
		" \"what\": \"user alice: uid 1900000001 belonged to somebody who was deleted\", \"remedy\": \"another uid\"},"
		"{\"id\": \"dir-uid\", \"severity\": \"error\", \"where\": \"x\", \"what\": \"stale\", \"remedy\": \"\"},"
		"{\"id\": 3}, 4]}}]}";
	char socket[256];
	pid_t broker;

	check_root_make();
	assert_true(snprintf(socket, sizeof(socket), "%s/run/tenure/tenured.sock", getenv("TENURE_TEST_ROOT")) < 108);
	assert_int_equal(fake_broker_start(socket, script, NULL, &broker), 0);
	assert_int_equal(run(false, false), CODE_NO);
	fake_broker_stop(broker);
	if (!strstr(shown, "error  dir-uid-retired  directory.d/contoso.conf:2 user alice: uid 1900000001\n") ||
	    !strstr(shown, "       do               another uid\n") || !strstr(shown, "\n1 error, 0 warnings. Served: 3 of 3 users.\n"))
		fail_msg("shown:\n%s", shown);
	check_root_remove();
}

static void test_host_id(void **state)
{
	check_root_make();
	assert_int_equal(run(false, true), CODE_DONE);
	assert_string_equal(shown, "47dcdcd0-cfb4-42b4-b7f0-711136d8bbc3\n");
	check_root_put("/etc/machine-id", NULL, 0);
	assert_int_equal(run(false, true), CODE_NO);
	assert_string_equal(shown, "");
	check_root_remove();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T13_the_screen_of_a_broken_host),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_what_is_in_force),
		cmocka_unit_test(test_what_is_in_force_as_json),
		cmocka_unit_test(test_T50_what_the_broker_knows),
		cmocka_unit_test(test_host_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
