/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a gate reads of sudo's own arguments: whose file sudoedit opens, and the group of -g (T5). */
#include "tests/unit/cmocka_test.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pam_module/sudo_args.h"
#include "tests/pam/broker.h"
#include "tests/pam/world.h"

static int setup(void **state)
{
	world_setup("enforce");
	fake->uid = UID_GINA;
	return 0;
}

static int teardown(void **state)
{
	world_teardown();
	return 0;
}

#define EDIT 1
#define ODD  2

#define ARGS(words) words, sizeof(words)
static const struct {
	const char *words;
	size_t len;
	int flags;
	const char *user, *group;
} cases[] = {
	{ARGS("sudo\0id"), 0, "", ""},
	{ARGS("/usr/bin/sudo\0-u\0postgres\0id"), 0, "postgres", ""},
	{ARGS("sudo\0-upostgres\0id"), 0, "postgres", ""},
	{ARGS("sudo\0-nu\0postgres\0id"), 0, "postgres", ""},
	{ARGS("sudo\0--user=postgres\0id"), 0, "postgres", ""},
	{ARGS("sudo\0--user\0postgres\0id"), 0, "postgres", ""},
	{ARGS("sudo\0--us\0postgres\0id"), 0, "postgres", ""},
	{ARGS("sudo\0-u\0#105\0-g\0#6\0id"), 0, "#105", "#6"},
	{ARGS("sudo\0-gdisk\0id"), 0, "", "disk"},
	{ARGS("sudo\0--gr=disk\0id"), 0, "", "disk"},
	{ARGS("sudo\0-ne\0/etc/shadow"), EDIT, "", ""},
	{ARGS("sudo\0--edit\0/etc/shadow"), EDIT, "", ""},
	{ARGS("sudo\0--ed\0/etc/shadow"), EDIT, "", ""},
	{ARGS("sudoedit\0/etc/shadow"), EDIT, "", ""},
	{ARGS("/tmp/x/myedit\0-u\0postgres\0f"), EDIT, "postgres", ""},
	{ARGS("edit\0f"), 0, "", ""}, /* no name at all before it: sudo takes that for sudo */
	{ARGS("sudo\0sudoedit\0/etc/shadow"), EDIT, "", ""},
	{ARGS("sudo\0-u\0root\0/usr/bin/sudoedit\0f"), EDIT, "root", ""},
	{ARGS("sudo\0--\0sudoedit\0f"), EDIT, "", ""},
	{ARGS("sudo\0A=b\0-e\0f"), EDIT, "", ""},
	{ARGS("sudo\0-E\0-e\0f"), EDIT, "", ""},
	{ARGS("sudo\0--preserve-env=A,B\0-e\0f"), EDIT, "", ""},
	{ARGS("sudo\0-h\0host\0-e\0f"), EDIT, "", ""},
	{ARGS("sudo\0-hhost\0-e\0f"), EDIT, "", ""},
	{ARGS("sudo\0-p\0-e\0id"), 0, "", ""},		/* the prompt */
	{ARGS("sudo\0-p-e\0id"), 0, "", ""},
	{ARGS("sudo\0--prompt=-e\0id"), 0, "", ""},
	{ARGS("sudo\0id\0-e\0-u\0postgres"), 0, "", ""}, /* the command's */
	{ARGS("sudo\0--\0-e"), 0, "", ""},
	{ARGS("sudo\0-\0-e"), 0, "", ""},
	/* behind a "--", an option's value too, NAME=VALUE is the command or a file to edit */
	{ARGS("sudo\0--\0A=b\0-e"), 0, "", ""},
	{ARGS("sudo\0-p\0--\0A=b\0-e"), 0, "", ""},
	{ARGS("sudo\0-e\0-p\0--\0A=b\0-u\0postgres\0/etc/shadow"), EDIT, "", ""},
	{ARGS("sudo\0-e\0-p\0--\0-u\0postgres\0f"), EDIT, "postgres", ""},
	{ARGS("sudo\0/bin/a=b\0-e"), 0, "", ""},
	{ARGS("sudo\0-i"), 0, "", ""},
	{ARGS("sudo\0-l"), 0, "", ""},
	{ARGS("sudo\0-U\0carol\0-l"), 0, "", ""},
	{ARGS("sudo\0-u\0a\0-u\0b\0id"), ODD, "a", ""},
	{ARGS("sudo\0-u\0\0id"), ODD, "", ""},
	{ARGS("sudo\0-u"), ODD, "", ""},
	{ARGS("sudo\0-Q\0id"), ODD, "", ""},
	{ARGS("sudo\0--new-in-a-later-sudo\0id"), ODD, "", ""},
	{ARGS("sudo\0--re\0id"), ODD, "", ""},		/* ambiguous */
	{ARGS("sudo\0--edit=x\0id"), ODD, "", ""},
};

static void test_arguments(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct sudo_args args;

		sudo_args_parse(cases[i].words, cases[i].len, false, &args);
		assert_int_equal((args.edit ? EDIT : 0) | (args.odd ? ODD : 0), cases[i].flags);
		assert_string_equal(args.user, cases[i].user);
		assert_string_equal(args.group, cases[i].group);
	}
}

static void test_a_vector_that_is_cut_is_odd_unless_its_options_are_whole(void **state)
{
	static const char words[] = "sudo\0-u\0postgres\0id\0x";
	struct sudo_args args;

	for (size_t len = 0; len < sizeof(words); len++) {
		sudo_args_parse(words, len, true, &args);
		assert_int_equal(args.odd, len < sizeof("sudo\0-u\0postgres\0id"));
	}
	sudo_args_parse("", 0, false, &args);
	assert_true(args.odd);
}

#define LINE_POSTGRES "Tenure: pg-operator does not let you become root; see: tenure roles"

static void test_T5_sudoedit_is_asked_for_its_target_before_it_reads(void **state)
{
	world_grant("gina", "pg-operator", 600);
	WORLD_COMMAND("sudo\0id");
	assert_int_equal(world_account("sudo", "gina"), PAM_SUCCESS);
	WORLD_COMMAND("sudoedit\0/etc/shadow");
	assert_int_equal(world_account("sudo", "gina"), PAM_PERM_DENIED);
	assert_string_equal(person.last_error, LINE_POSTGRES);
	assert_true(logged("deny user=gina why=wrong-target target=root"));
	assert_int_equal(world_authenticate("sudo", "gina", WORLD_PASSWORD), PAM_CRED_INSUFFICIENT);
	WORLD_COMMAND("sudo\0-e\0-u\0carol\0/etc/shadow");
	assert_int_equal(world_account("sudo", "gina"), PAM_PERM_DENIED);
	WORLD_COMMAND("sudo\0-e\0-u\0#0\0/etc/shadow");
	assert_int_equal(world_account("sudo", "gina"), PAM_PERM_DENIED);
	WORLD_COMMAND("sudo\0-e\0-u\0nobody-knows\0/etc/shadow");
	assert_int_equal(world_account("sudo", "gina"), PAM_PERM_DENIED);
	WORLD_COMMAND("sudo\0-e\0-u\0postgres\0/etc/x");
	assert_int_equal(world_account("sudo", "gina"), PAM_SUCCESS);
	WORLD_COMMAND("sudo\0-e\0-u\0#105\0/etc/x");
	assert_int_equal(world_account("sudo", "gina"), PAM_SUCCESS);
	fake->uid = UID_ERIN;
	WORLD_COMMAND("sudoedit\0/etc/shadow");
	assert_int_equal(world_account("sudo", "erin"), PAM_SUCCESS);
}

static void test_T5_what_is_not_understood_wants_root(void **state)
{
	world_grant("gina", "pg-operator", 600);
	WORLD_COMMAND("sudo\0--new-in-a-later-sudo\0-u\0postgres\0id");
	assert_int_equal(world_account("sudo", "gina"), PAM_PERM_DENIED);
	fake->uid = UID_ERIN;
	assert_int_equal(world_account("sudo", "erin"), PAM_SUCCESS);
	assert_int_equal(unlink(world_path("/proc/self/cmdline")), 0);
	assert_int_equal(mkdir(world_path("/proc/self/cmdline"), 0755), 0); /* cannot be read */
	assert_int_equal(world_account("sudo", "erin"), PAM_PERM_DENIED);
	assert_true(logged("deny user=erin why=could-not-read"));
	assert_int_equal(world_account("su", "root"), PAM_SUCCESS); /* has no need of it */
}

static int session(const char *target)
{
	pam_handle_t *pamh = world_start("sudo", "gina");
	int r;

	person = (struct person){.answer = WORLD_PASSWORD};
	r = pam_acct_mgmt(pamh, PAM_SILENT);
	if (r == PAM_SUCCESS) {
		assert_int_equal(pam_set_item(pamh, PAM_USER, target), PAM_SUCCESS);
		r = pam_open_session(pamh, PAM_SILENT);
	}
	world_end(pamh);
	return r;
}

static void test_T5_a_group_beside_the_target(void **state)
{
	static const char *const opens[] = {
		"{\"parameters\":{\"id\":\"7K2M-Q4XB\",\"role\":\"pg-reader\",\"request\":\"ABCD-EFGH\","
		"\"until\":\"2026-03-02T14:04:11Z\",\"message\":\"\"}}", NULL};
	struct fake_broker *b = fake_broker_start(world_path("/run/tenure/root.sock"), opens);

	world_grant("gina", "pg-operator", 600);
	WORLD_COMMAND("sudo\0-u\0postgres\0-g\0disk\0id");
	assert_int_equal(session("postgres"), PAM_PERM_DENIED);
	assert_string_equal(person.last_error, "Tenure: no role lets you take group disk here; see: tenure roles");
	assert_true(logged("deny user=gina why=no-group-right target=disk"));
	WORLD_COMMAND("sudo\0-u\0postgres\0-g\0#6\0id");
	assert_int_equal(session("postgres"), PAM_PERM_DENIED);
	WORLD_COMMAND("sudo\0-u\0postgres\0-g\0no-such\0id");
	assert_int_equal(session("postgres"), PAM_PERM_DENIED);
	WORLD_COMMAND("sudo\0-u\0postgres\0-g\0adm\0id");
	assert_int_equal(session("postgres"), PAM_PERM_DENIED);
	WORLD_COMMAND("sudo\0-e\0-u\0postgres\0-g\0disk\0f");
	assert_int_equal(world_account("sudo", "gina"), PAM_PERM_DENIED);
	WORLD_COMMAND("sudo\0-e\0-g\0disk\0f"); /* as herself, with that group */
	assert_int_equal(world_account("sudo", "gina"), PAM_PERM_DENIED);
	WORLD_COMMAND("sudo\0-u\0postgres\0-g\0postgres\0id");
	assert_int_equal(session("postgres"), PAM_SUCCESS);
	world_grant("gina", "pg-reader", 600);
	WORLD_COMMAND("sudo\0-u\0postgres\0-g\0adm\0id");
	assert_int_equal(session("postgres"), PAM_SUCCESS);
	WORLD_COMMAND("sudo\0-u\0postgres\0-g\0disk\0id"); /* not below the ceiling either */
	assert_int_equal(session("postgres"), PAM_PERM_DENIED);
	fake_broker_stop(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_a_vector_that_is_cut_is_odd_unless_its_options_are_whole),
		cmocka_unit_test_setup_teardown(test_T5_sudoedit_is_asked_for_its_target_before_it_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_T5_what_is_not_understood_wants_root, setup, teardown),
		cmocka_unit_test_setup_teardown(test_T5_a_group_beside_the_target, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
