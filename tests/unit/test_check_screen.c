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
	"\nok     config logins subuid caches pam-stacks ways permissions clock cgroup\n       sshd-usepam stepup homes\n",
	"\n5 errors, 1 warning. Served: 1 of 3 users.\n",
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
	json_t *object;

	break_host();
	assert_int_equal(run(true, false), CODE_NO);
	object = json_loads(shown, 0, NULL);
	assert_non_null(object);
	assert_int_equal(json_integer_value(json_object_get(object, "errors")), 5);
	assert_int_equal(json_array_size(json_object_get(object, "items")), 6);
	json_decref(object);
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
		cmocka_unit_test(test_host_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
