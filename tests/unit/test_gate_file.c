/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* gate: what is written there is read from there, for whatever tenure.conf may name; anything else reads as nothing. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/safe_file.h"
#include "common/config/config.h"
#include "common/snapshot/gate_file.h"
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

static bool conf_takes(const char *login, struct host_config *ret)
{
	struct problem_list problems = {0};
	char text[256];
	int r;

	(void)snprintf(text, sizeof(text),
		       "tenants = [ \"contoso\" ];\ngate = { mode = \"enforce\"; break_glass_users = [ \"%s\" ]; };\n", login);
	r = host_config_parse(text, strlen(text), "tenure.conf", ret, &problems);
	problem_list_done(&problems);
	return r == 0;
}

/* 1: taken and read; 0: tenure.conf does not take it. */
static int round_trip(const char *login)
{
	struct host_config host;
	struct gate_file gate;

	if (!conf_takes(login, &host))
		return 0;
	assert_int_equal(gate_file_write(&host), 0);
	host_config_done(&host);
	if (gate_file_read(login, &gate) < 0 || !gate.break_glass || gate.report_only)
		fail_msg("break_glass_users may name \"%s\", and the gate file does not", login);
	assert_int_equal(gate_file_read("luser", &gate), 0);
	assert_false(gate.break_glass);
	return 1;
}

static void test_every_name_of_tenure_conf_is_read(void **state)
{
	static const char *const names[] = {"rescue", "Debian-exim", "3com", "_apt", "host$", "a.b", "R2D2",
					    "abcdefghijklmnopqrstuvwxyz01234"};
	unsigned taken = 0;
	char name[4] = {0};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		assert_int_equal(round_trip(names[i]), 1);
	for (name[0] = ' ' + 1; name[0] < 0x7f; name[0]++) {
		for (name[1] = ' '; name[1] < 0x7f; name[1]++) {
			if (!strpbrk(name, "\"\\")) /* libconfig's own */
				taken += (unsigned)round_trip(name);
		}
		name[1] = '\0';
		if (!strpbrk(name, "\"\\"))
			taken += (unsigned)round_trip(name);
	}
	assert_true(taken > 1000);
}

static void test_no_file_and_none_any_longer(void **state)
{
	struct gate_file gate;
	struct host_config host;

	assert_int_equal(gate_file_read("rescue", &gate), -ENOENT);
	assert_true(conf_takes("rescue", &host));
	assert_int_equal(gate_file_write(&host), 0);
	host_config_done(&host);
	assert_int_equal(gate_file_remove(), 0);
	assert_int_equal(gate_file_read("rescue", &gate), -ENOENT);
	assert_int_equal(gate_file_remove(), 0);
}

static void test_one_gate_that_enforces_is_enough(void **state)
{
	struct gate_file gate;

	f.host.gate_mode = GATE_REPORT_ONLY; /* sudo enforces still */
	assert_int_equal(gate_file_write(&f.host), 0);
	assert_int_equal(gate_file_read("rescue", &gate), 0);
	assert_true(gate.break_glass && !gate.report_only);
	f.host.gate_service_count = 0;
	assert_int_equal(gate_file_write(&f.host), 0);
	assert_int_equal(gate_file_read("nobody", &gate), 0);
	assert_true(!gate.break_glass && gate.report_only);
}

static void test_anything_else_gives_nothing_to_anybody(void **state)
{
	static const char *const bad[] = {
		"", "\n", "tenure-gate 1", "tenure-gate 2\nbreak-glass rescue\n", "tenure-gate 1 \nbreak-glass rescue\n",
		"break-glass rescue\ntenure-gate 1\n", "tenure-gate 1\nbreak-glass rescue", "tenure-gate 1\nbreak-glass \n",
		"tenure-gate 1\nbreak-glass rescue\n\n", "tenure-gate 1\nbreak-glass rescue\nreport\n",
		"tenure-gate 1\nbreak-glass rescue\nbreak-glass 1000\n", "tenure-gate 1\nbreak-glass rescue \n",
		"tenure-gate 1\nbreak-glass rescue\nbreak-glass a:b\n", "tenure-gate 1\r\nbreak-glass rescue\r\n",
		"tenure-gate 1\nbreak-glass rescue\nbreak-glass -x\n"};
	const char *path = fixture_path(&f, "/var/lib/tenure/gate");
	struct gate_file gate;

	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		assert_int_equal(safe_replace(path, bad[i], strlen(bad[i]), 0644, (uid_t)-1, (gid_t)-1), 0);
		gate = (struct gate_file){.report_only = true, .break_glass = true};
		if (gate_file_read("rescue", &gate) != -EBADMSG)
			fail_msg("taken: \"%s\"", bad[i]);
		assert_false(gate.report_only || gate.break_glass);
	}
	/* A NUL ends no line. */
	assert_int_equal(safe_replace(path, "tenure-gate 1\nbreak-glass rescue\0\n", 34, 0644, (uid_t)-1, (gid_t)-1), 0);
	assert_int_equal(gate_file_read("rescue", &gate), -EBADMSG);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(gate_file_read("rescue", &gate), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_every_name_of_tenure_conf_is_read, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_file_and_none_any_longer, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_one_gate_that_enforces_is_enough, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_anything_else_gives_nothing_to_anybody, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
