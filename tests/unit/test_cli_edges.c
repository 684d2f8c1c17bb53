/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Odd ways to be started, and a broker that hangs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "helper/error.h"
#include "tests/unit/cli_run.h"
#include "tests/unit/cli_script.h"

static void test_T36_no_arguments_at_all(void **state)
{
	char *argv[] = {NULL};
	struct cli_result r;

	script_play(script_story());
	r = cli_run_argv(argv);
	assert_int_equal(r.code, CODE_DONE);
	assert_non_null(strstr(r.out, "alice@contoso.com on db1"));
	cli_result_done(&r);
}

/* The kernel takes 128 KiB for one argument; together they make 1 MiB. */
static void test_T36_a_mebibyte_of_arguments(void **state)
{
	enum { ARGUMENT = 128 * 1024 - 64, COUNT = 9 };
	static char big[COUNT][ARGUMENT];
	char *argv[COUNT + 3] = {(char *)(uintptr_t)"tenure"};
	static const char *const firsts[] = {"request", "explain", "ssh-keys", "--reason", "x", NULL};
	struct cli_result r;

	for (int i = 0; i < COUNT; i++) {
		memset(big[i], 'a' + i, ARGUMENT - 1);
		argv[i + 2] = big[i];
	}
	for (size_t i = 0; firsts[i]; i++) {
		argv[1] = (char *)(uintptr_t)firsts[i];
		r = cli_run_argv(argv);
		assert_int_equal(r.code, CODE_USAGE);
		assert_string_equal(r.out, "");
		cli_result_done(&r);
	}
	for (int i = 0; i < COUNT; i++)
		memcpy(big[i], "--reason=", 9);
	argv[1] = (char *)(uintptr_t)"request";
	r = cli_run_argv(argv);
	assert_int_equal(r.code, CODE_USAGE);
	cli_result_done(&r);
}

/* By the shell, which can close and redirect what it likes. */
static int shell(const char *command)
{
	int status = system(command);

	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define T "tests/unit/tenure_under_test "

static void test_descriptors_that_are_closed_or_full(void **state)
{
	script_play(script_story());
	assert_int_equal(shell(T "status </dev/null >&- 2>/dev/null"), CODE_NO);
	assert_int_equal(shell(T "status </dev/null >/dev/full 2>/dev/null"), CODE_NO);
	assert_int_equal(shell(T "status <&- >/dev/null"), CODE_DONE);
	assert_int_equal(shell(T "status </dev/null 2>&- >/dev/null"), CODE_DONE);
	assert_int_equal(shell(T "status <&- >&- 2>&-"), CODE_NO);
	assert_int_equal(shell(T "nonsense <&- >&- 2>&-"), CODE_USAGE);
	assert_int_equal(shell(T "status </dev/null 2>&1 >/dev/full | grep -q 'could not be written'"), 0);
}

static void test_broken_pipe_is_no_error(void **state)
{
	script_play(script_story());
	assert_int_equal(shell("{ { sleep 0.3; " T "status </dev/null; echo $? >&3; } | :; } 3>&1 2>/dev/null | grep -qx 0"), 0);
}

static void test_no_colour_in_a_pipe_and_width_by_COLUMNS(void **state)
{
	script_play(script_story());
	assert_int_equal(shell("COLUMNS=60 " T "status </dev/null | awk 'length > 60 { exit 1 }'"), 0);
	assert_int_equal(shell("COLUMNS=200 " T "roles </dev/null | grep -q 'login, become root, group adm  up to 2h'"), 0);
}

/* T13: what is a letter in UTF-8 holds a control byte for a terminal that takes bytes for letters. */
static void test_T13_other_character_sets_get_ascii_alone(void **state)
{
	script_play_with("Roles", "[{\"reply\": {\"items\": [{\"role\": \"\\u00db31m\", \"rights\": [\"\\u00dc\"]}]}}]");
	assert_int_equal(shell("LC_ALL=C " T "roles </dev/null | LC_ALL=C grep -q '[^ -~]'"), 1);
	assert_int_equal(shell("LC_ALL=C " T "roles </dev/null | grep -qF '\\xc3\\x9b31m'"), 0);
	assert_int_equal(shell("LC_ALL=C.UTF-8 " T "roles </dev/null | LC_ALL=C grep -q '[^ -~]'"), 0);
}

/* Nobody reads, nobody answers: an error after ten seconds, never a hang. */
static void test_hanging_broker(void **state)
{
	time_t before = time(NULL);
	struct cli_result r;

	script_play_with("Status", "[{\"hang\": true}]");
	r = cli_run("request db-operator --for 1h --reason x --wait");
	assert_int_equal(r.code, CODE_BROKER);
	assert_non_null(strstr(r.err, "tenure: the broker does not answer; "));
	assert_true(time(NULL) - before >= 9);
	cli_result_done(&r);
}

/* The broker is restarted while a request waits: the request lives on, and so does who waits for it. */
static void test_waiting_outlives_the_connection(void **state)
{
	json_t *script = script_story();
	struct cli_result r;

	script_set(script, "Request", json_pack("[{s:{s:s, s:o}}, {s:b}]", "event", "event", "request", "request",
						script_request("pending", 1), "close", 1));
	script_set(script, "Show", json_pack("[{s:{s:o}}]", "reply", "request", script_request("active", 1)));
	script_play(script);
	r = cli_run("request db-operator --for 1h --reason x --wait");
	assert_int_equal(r.code, CODE_DONE);
	assert_non_null(strstr(r.err, "tenure: the broker closed the connection; 7K2M-Q4XB goes on waiting\n"));
	assert_null(strstr(r.err, "try again"));
	assert_int_equal(strncmp(r.out, "You hold db-operator until ", 27), 0);
	cli_result_done(&r);
}

/* The request should be over, and the broker says nothing more: whoever waits for a job is not kept. */
static void test_waiting_ends_behind_the_time_out(void **state)
{
	json_t *script = script_story(), *request = script_request("pending", 1);
	struct cli_result r;

	json_object_set_new(request, "times_out", script_time(-59));
	script_set(script, "Request", json_pack("[{s:{s:s, s:o}}, {s:b}]", "event", "event", "request", "request", request,
						"hang", 1));
	script_set(script, "Show", json_pack("[{s:{s:o}}]", "reply", "request", script_request("timed-out", 1)));
	script_play(script);
	r = cli_run("request db-operator --for 1h --reason x --wait");
	assert_int_equal(r.code, CODE_NO);
	assert_non_null(strstr(r.err, "nobody answered in time"));
	cli_result_done(&r);
}

/* --json everywhere: a program that asks how to ask gets an object, too. */
static void test_help_is_an_object_with_json(void **state)
{
	static const struct {
		const char *words;
		size_t count;
	} helps[] = {{"help --json", 17}, {"--json help", 17}, {"help request --json", 1}, {"request --help --json", 1},
		     {"--json request --help", 1}, {"--json --help", 17}};

	for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++) {
		struct cli_result r = cli_run(helps[i].words);
		json_t *object = json_loads(r.out, JSON_REJECT_DUPLICATES, NULL), *items = json_object_get(object, "items");
		const json_t *last = json_array_get(items, json_array_size(items) - 1);

		if (r.code != CODE_DONE || json_array_size(items) != helps[i].count ||
		    json_array_size(json_object_get(last, "options")) < 3)
			fail_msg("tenure %s: %s%s", helps[i].words, r.out, r.err);
		json_decref(object);
		cli_result_done(&r);
	}
}

/* The completion knows a verb behind options, and nothing else. */
static void test_completion_finds_the_verb(void **state)
{
	static const struct {
		const char *words, *wanted;
	} cases[] = {{"pe", "pending"}, {"--json pe", "pending"}, {"--no-input --json hist", "history"},
		     {"--j", "--json"}, {"--json request --reas", "--reason"}, {"request --reason --json --no-i", "--no-input"}};
	const char *source = getenv("srcdir");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char command[1024];

		(void)snprintf(command, sizeof(command),
			       "bash -c '. \"%s\"/helper/tenure.bash; COMP_WORDS=(tenure %s); "
			       "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _tenure; [ \"${COMPREPLY[*]}\" = \"%s\" ]'",
			       source ? source : ".", cases[i].words, cases[i].wanted);
		if (shell(command) != 0)
			fail_msg("%s: not %s", cases[i].words, cases[i].wanted);
	}
}

/* T35: no shell is asked, no program is started by name. */
static void test_T35_no_shell_and_no_programs(void **state)
{
	const char *source = getenv("srcdir");
	char command[512];

	(void)snprintf(command, sizeof(command),
		       "! grep -nE '\\b(system|popen|exec[lv]p?e?|posix_spawnp?|fork|vfork|wordexp)[[:space:]]*\\(' "
		       "\"%s\"/helper/*.c",
		       source ? source : ".");
	assert_int_equal(shell(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T36_no_arguments_at_all),
		cmocka_unit_test(test_T36_a_mebibyte_of_arguments),
		cmocka_unit_test(test_descriptors_that_are_closed_or_full),
		cmocka_unit_test(test_broken_pipe_is_no_error),
		cmocka_unit_test(test_no_colour_in_a_pipe_and_width_by_COLUMNS),
		cmocka_unit_test(test_T13_other_character_sets_get_ascii_alone),
		cmocka_unit_test(test_help_is_an_object_with_json),
		cmocka_unit_test(test_completion_finds_the_verb),
		cmocka_unit_test(test_T35_no_shell_and_no_programs),
		cmocka_unit_test(test_waiting_outlives_the_connection),
		cmocka_unit_test(test_waiting_ends_behind_the_time_out),
		cmocka_unit_test(test_hanging_broker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
