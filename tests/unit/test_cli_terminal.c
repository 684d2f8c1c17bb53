/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* At a terminal: questions, passwords without echo, waiting, Ctrl-C, colour. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "helper/error.h"
#include "helper/output.h"
#include "tests/unit/cli_run.h"
#include "tests/unit/cli_script.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* alice asks; step-up; carol approves after a while. */
static json_t *story_with_step_up(void)
{
	json_t *script = script_story(), *active = script_request("active", 1);

	json_object_set_new(active, "approvals",
			    json_pack("[{s:s, s:o, s:s}]", "by", "carol@contoso.com", "at", script_time(0), "reason", "agreed by phone"));
	script_set(script, "Request",
		   json_pack("[{s:s, s:b, s:s}, {s:{s:s, s:o}}, {s:i}, {s:{s:o}}]", "prompt", "Password for alice: ",
			     "echo", 0, "want", "secret", "event", "event", "request", "request",
			     script_request("pending", 1), "pause", 4000, "reply", "request", active));
	script_set(script, "Approve",
		   json_pack("[{s:s, s:b, s:s}, {s:{s:o}}]", "prompt", "Password for carol:", "echo", 0, "want",
			     "secret", "reply", "request", script_request("active", 0)));
	return script;
}

static void test_request_asks_waits_and_answers(void **state)
{
	static const struct pty_step steps[] = {
		{"db-operator on /prod/hr/web/db1: login, become root, group adm\r\nFor how long? [2h] ", ECHO_ON, "3h\n"},
		{"At most 2h", ECHO_ANY, NULL},
		{"For how long? [2h] ", ECHO_ON, "1h\n"},
		{"Reason: ", ECHO_ON, "rebuild\n"},
		{"Step-up, password for alice: ", ECHO_OFF, "secret\n"},
		{"Request 7K2M-Q4XB waits for 1 of: carol   (ends unanswered ", ECHO_ON, NULL},
		{"waiting 0:00   Ctrl-C leaves it open; take it back: tenure cancel 7K2M", ECHO_ON, NULL},
		{"\rwaiting 0:0", ECHO_ON, NULL}, /* and it counts */
		{"Approved by carol: \"agreed by phone\"", ECHO_ON, NULL},
	};
	struct cli_result r;
	char *calls;
	bool sane;

	script_play(story_with_step_up());
	r = cli_run_pty("request", steps, COUNT(steps), &sane);
	assert_int_equal(r.code, CODE_DONE);
	assert_true(sane);
	assert_non_null(strstr(r.out, "You hold db-operator until "));
	/* Late in the evening the end is "tomorrow", and the line wraps. */
	assert_non_null(strstr(r.out, " Use it: sudo -i   End it:"));
	/* T34: what was typed without echo is nowhere on the terminal. */
	assert_null(strstr(r.out, "secret"));
	calls = cli_calls();
	assert_non_null(strstr(calls, "{\"duration\":3600,\"reason\":\"rebuild\",\"role\":\"db-operator\",\"wait\":true}"));
	free(calls);
	cli_result_done(&r);
}

static void test_wrong_password_is_6(void **state)
{
	static const struct pty_step steps[] = {{"password for alice: ", ECHO_OFF, "wrong\n"}};
	struct cli_result r;
	bool sane;

	script_play(story_with_step_up());
	r = cli_run_pty("request db-operator --for 1h --reason x", steps, 1, &sane);
	assert_int_equal(r.code, CODE_STEP_UP);
	assert_true(sane);
	cli_result_done(&r);
}

/* Ctrl-C, Ctrl-\, Ctrl-D at a password: the terminal is as it was, and the signal did what it always does. */
static void test_signals_at_a_password_restore_the_terminal(void **state)
{
	static const struct {
		const char *typed;
		int signal, code;
	} cases[] = {{"half\003", SIGINT, -1}, {"\034", SIGQUIT, -1}, {"\004", 0, CODE_STEP_UP}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct pty_step steps[] = {{"password for alice: ", ECHO_OFF, cases[i].typed}};
		struct cli_result r;
		bool sane;

		script_play(story_with_step_up());
		r = cli_run_pty("request db-operator --for 1h --reason x", steps, 1, &sane);
		assert_int_equal(r.signal, cases[i].signal);
		assert_int_equal(r.code, cases[i].code);
		assert_true(sane);
		cli_result_done(&r);
	}
}

static void test_interrupt_while_waiting_leaves_it_open(void **state)
{
	static const struct pty_step steps[] = {{"password for alice: ", ECHO_OFF, "secret\n"},
						{"waiting 0:00", ECHO_ON, "\003"}};
	struct cli_result r;
	bool sane;

	script_play(story_with_step_up());
	r = cli_run_pty("request db-operator --for 1h --reason x --wait", steps, COUNT(steps), &sane);
	assert_int_equal(r.code, CODE_OPEN);
	assert_true(sane);
	assert_non_null(strstr(r.out, "tenure: 7K2M-Q4XB stays open; take it back: tenure cancel 7K2M"));
	cli_result_done(&r);
}

static void test_without_questions_it_does_not_wait(void **state)
{
	struct cli_result r;
	bool sane;

	script_play(script_story());
	r = cli_run_pty("request db-operator --for 1h --reason x", NULL, 0, &sane);
	assert_int_equal(r.code, CODE_DONE);
	assert_non_null(strstr(r.out, "Request 7K2M-Q4XB waits for 1 of: carol"));
	cli_result_done(&r);
}

static void test_approver_sees_then_decides(void **state)
{
	static const struct pty_step steps[] = {
		{"alice@contoso.com asks for db-operator on /prod/hr/web/db1 for 1h\r\n"
		 "  means    login, become root, group adm\r\n"
		 "  reason   rebuild payroll index, INC-4711\r\n"
		 "  before   2 activations in 30 days, the last 9 days ago\r\n"
		 "Approve? [y]es [d]eny [N]ot now: ",
		 ECHO_ON, "y\n"},
		{"Your reason: ", ECHO_ON, "\n"},
		{"A few words, please.", ECHO_ON, NULL},
		{"Your reason: ", ECHO_ON, "agreed by phone\n"},
		{"Step-up, password for carol: ", ECHO_OFF, "secret\n"},
		{"Approved: alice holds db-operator until ", ECHO_ON, NULL},
	};
	struct cli_result r;
	char *calls;
	bool sane;

	script_play(story_with_step_up());
	r = cli_run_pty("approve", steps, COUNT(steps), &sane);
	assert_int_equal(r.code, CODE_DONE);
	assert_true(sane);
	calls = cli_calls();
	assert_non_null(strstr(calls, "{\"id\":\"7K2M-Q4XB\",\"reason\":\"agreed by phone\"}"));
	free(calls);
	cli_result_done(&r);
}

/* Who decides an extension sees what is held without it, and from when it counts. */
static void test_approver_of_an_extension_sees_what_is_held(void **state)
{
	static const struct pty_step steps[] = {
		{"alice@contoso.com asks for db-operator on /prod/hr/web/db1 for 1h\r\n"
		 "  held     until ",
		 ECHO_ANY, NULL},
		{" (3FT4-OZZH); 1h runs from the approval\r\n  means    ", ECHO_ANY, NULL},
		{"Approve? [y]es [d]eny [N]ot now: ", ECHO_ON, "n\n"},
	};
	json_t *script = script_story(), *request = script_request("pending", 0);
	struct cli_result r;
	bool sane;

	json_object_set_new(request, "extends", json_string("3FT4-OZZH"));
	json_object_set_new(request, "held_until", script_time(600));
	script_set(script, "Show", json_pack("[{s:{s:o}}]", "reply", "request", request));
	script_play(script);
	r = cli_run_pty("approve 7K2M", steps, COUNT(steps), &sane);
	assert_int_equal(r.code, CODE_NO);
	cli_result_done(&r);
}

/* alice holds db-operator, by a grant that has so much left. */
static json_t *story_with_grant(long left_s)
{
	json_t *script = script_story(), *role = script_role("activated");
	json_t *reply = json_object_get(json_array_get(json_object_get(script, "Status"), 0), "reply");

	json_object_set_new(role, "id", json_string("3FT4-OZZH"));
	json_object_set_new(role, "left", json_integer(left_s));
	json_object_set_new(role, "until", script_time(left_s));
	json_object_set_new(reply, "roles", json_pack("[o]", role));
	return script;
}

static void test_an_extension_says_from_when_it_counts(void **state)
{
	static const struct pty_step steps[] = {
		{"db-operator is held until ", ECHO_ANY, NULL},
		{"; what you ask for runs from", ECHO_ANY, NULL},
		{"For how long? [2h] ", ECHO_ON, "1h\n"},
		{"Reason: ", ECHO_ON, "not done yet\n"},
		{"You hold db-operator until ", ECHO_ON, NULL},
	};
	struct cli_result r;
	bool sane;

	script_play(story_with_grant(600));
	r = cli_run_pty("extend", steps, COUNT(steps), &sane);
	assert_int_equal(r.code, CODE_DONE);
	cli_result_done(&r);
}

static void test_what_is_held_is_not_asked_for_again(void **state)
{
	struct cli_result r;
	char *calls;
	bool sane;

	script_play(story_with_grant(600));
	r = cli_run_pty("request db-operator", NULL, 0, &sane);
	calls = cli_calls();
	assert_int_equal(r.code, CODE_NO);
	assert_non_null(strstr(r.out, "tenure: you hold db-operator until "));
	assert_non_null(strstr(r.out, "; more: tenure extend\r\n"));
	assert_null(strstr(calls, "io.tenure.Request"));
	free(calls);
	cli_result_done(&r);
}

static void test_missing_input_blames_no_terminal_that_is_there(void **state)
{
	struct cli_result r;
	bool sane;

	script_play_with("Request", "[{\"error\": \"Missing\", \"parameters\": {\"fields\": [\"reason\"]}}]");
	r = cli_run_pty("request db-operator --for 1h --reason x", NULL, 0, &sane);
	assert_int_equal(r.code, CODE_USAGE);
	assert_non_null(strstr(r.out, "tenure: input is missing; give --reason\r\n"));
	cli_result_done(&r);
}

static void test_approver_may_deny_instead(void **state)
{
	static const struct pty_step steps[] = {
		{"Approve? [y]es [d]eny [N]ot now: ", ECHO_ON, "d\n"},
		{"Your reason: ", ECHO_ON, "not today\n"},
		{"Denied: alice does not get db-operator.", ECHO_ON, NULL},
	};
	struct cli_result r;
	char *calls;
	bool sane;

	script_play(story_with_step_up());
	r = cli_run_pty("approve 7K2M", steps, COUNT(steps), &sane);
	assert_int_equal(r.code, CODE_DONE);
	calls = cli_calls();
	assert_null(strstr(calls, "io.tenure.Approve"));
	assert_non_null(strstr(calls, "not today"));
	free(calls);
	cli_result_done(&r);
	r = cli_run_pty("revoke 7K2M", steps + 1, 1, &sane);
	assert_int_equal(r.code, CODE_DONE);
	assert_non_null(strstr(r.out, "Revoked: 7K2M-Q4XB"));
	cli_result_done(&r);
}

/* Anything but y and d decides nothing. */
static void test_not_now_decides_nothing(void **state)
{
	static const char *const answers[] = {"\n", "n\n", "j\n", "1\n"};

	for (size_t i = 0; i < COUNT(answers); i++) {
		const struct pty_step steps[] = {{"Approve? [y]es [d]eny [N]ot now: ", ECHO_ON, answers[i]}};
		struct cli_result r;
		char *calls;
		bool sane;

		script_play(story_with_step_up());
		r = cli_run_pty("approve 7K2M", steps, 1, &sane);
		assert_int_equal(r.code, CODE_NO);
		assert_non_null(strstr(r.out, "Not now: 7K2M-Q4XB goes on waiting."));
		calls = cli_calls();
		assert_null(strstr(calls, "io.tenure.Approve"));
		assert_null(strstr(calls, "io.tenure.Deny"));
		free(calls);
		cli_result_done(&r);
		r = cli_run_pty("approve 7K2M --json", steps, 1, &sane);
		assert_int_equal(r.code, CODE_NO);
		assert_non_null(strstr(r.out, "{\"error\": {\"code\": 1, \"id\": \"not-now\""));
		cli_result_done(&r);
	}
}

static void test_no_input_asks_nothing_on_a_terminal(void **state)
{
	struct cli_result r;
	bool sane;

	script_play(story_with_step_up());
	r = cli_run_pty("approve 7K2M --no-input", NULL, 0, &sane);
	assert_int_equal(r.code, CODE_USAGE);
	assert_non_null(strstr(r.out, "give --reason"));
	cli_result_done(&r);
	r = cli_run_pty("request db-operator --for 1h --reason x --wait --no-input", NULL, 0, &sane);
	assert_int_equal(r.code, CODE_USAGE);
	assert_non_null(strstr(r.out, "step-up is needed"));
	assert_null(strstr(r.out, "password for"));
	cli_result_done(&r);
}

/* Lines end where the cursor leaves them: at "\r" too, which the counting line is written over by. */
static void check_width(const char *words, const char *text, unsigned width)
{
	char *copy = strdup(text), *rest = NULL;

	for (char *line = strtok_r(copy, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest))
		if (display_width(line) > width)
			fail_msg("tenure %s: %u columns: %s", words, display_width(line), line);
	free(copy);
}

/* A story whose people and reasons go on and on. */
static json_t *long_story(void)
{
	static const char *const keys[] = {"decided_reason", "decided_by", "user", "login", "role", "reason"};
	json_t *script = script_story(), *active = script_request("active", 1), *no = script_request("denied", 1);
	char text[301];

	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 9 == 8 ? ' ' : 'x';
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < COUNT(keys); i++) {
		json_object_set_new(active, keys[i], json_string(text));
		json_object_set_new(no, keys[i], json_string(text));
	}
	json_object_set_new(active, "approvals",
			    json_pack("[{s:s, s:o, s:s}]", "by", text, "at", script_time(0), "reason", text));
	script_set(script, "Request",
		   json_pack("[{s:{s:s, s:s}}, {s:{s:s, s:o}}, {s:i}, {s:{s:o}}]", "event", "event", "message", "text", text,
			     "event", "event", "request", "request", script_request("pending", 1), "pause", 1500, "reply",
			     "request", active));
	script_set(script, "Extend", json_pack("[{s:{s:o}}]", "reply", "request", json_deep_copy(no)));
	script_set(script, "Approve", json_pack("[{s:{s:o}}]", "reply", "request", json_deep_copy(active)));
	script_set(script, "Deny", json_pack("[{s:{s:o}}]", "reply", "request", json_deep_copy(no)));
	script_set(script, "Revoke", json_pack("[{s:{s:o}}]", "reply", "request", json_deep_copy(active)));
	script_set(script, "Cancel", json_pack("[{s:{s:o}}]", "reply", "request", json_deep_copy(active)));
	script_set(script, "End", json_pack("[{s:{s:[o]}}]", "reply", "items", no));
	script_set(script, "Pending", json_pack("[{s:s, s:{s:s}}]", "error", "Unavailable", "parameters", "message", text));
	json_object_set_new(json_object_get(json_array_get(json_object_get(script, "Status"), 0), "reply"), "degraded",
			    json_string(text));
	return script;
}

/* Whatever people wrote, and however narrow the terminal is: standard error keeps to it as standard output does. */
static void test_everything_fits_the_terminal(void **state)
{
	static const char *const verbs[] = {
		"status", "pending", "request db-operator --for 1h --reason x --wait", "extend 7K2M --for 1h --reason x",
		"approve 7K2M --reason x", "deny 7K2M --reason x", "revoke 7K2M --reason x", "cancel 7K2M", "end 7K2M",
		"version", "requset", "approve 7K --reason x", "request --for 0s", "history --limit=0",
		"request db-operator --ticket=", "explain --time=now", "explain", "revoke",
	};
	static const unsigned short widths[] = {80, 60};

	assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
	for (size_t w = 0; w < COUNT(widths); w++) {
		cli_columns = widths[w];
		for (size_t i = 0; i < COUNT(verbs); i++) {
			struct cli_result r;
			bool sane;

			script_play(long_story());
			r = cli_run_pty(verbs[i], NULL, 0, &sane);
			check_width(verbs[i], r.out, widths[w]);
			cli_result_done(&r);
		}
	}
	cli_broker(NULL);
	for (size_t w = 0; w < COUNT(widths); w++) {
		struct cli_result r;
		bool sane;

		cli_columns = widths[w];
		r = cli_run_pty("status", NULL, 0, &sane);
		assert_non_null(strstr(r.out, "tenure: broker not running"));
		check_width("status", r.out, widths[w]);
		cli_result_done(&r);
	}
	cli_columns = 80;
	assert_int_equal(unsetenv("NO_COLOR"), 0);
}

static void test_T13_questions_and_messages_are_escaped(void **state)
{
	static const struct pty_step steps[] = {{"Step-up, password \\x1b]0;x\\x07: ", ECHO_OFF, "secret\n"}};
	static const struct pty_step card[] = {{"reason   \\x1b[2Jnone", ECHO_ANY, NULL}, {"[N]ot now: ", ECHO_ON, "n\n"}};
	json_t *script = script_story(), *request = script_request("pending", 0);
	struct cli_result r;
	bool sane;

	json_object_set_new(request, "reason", json_string("\033[2Jnone"));
	script_set(script, "Show", json_pack("[{s:{s:o}}]", "reply", "request", request));
	script_set(script, "Request",
		   json_pack("[{s:{s:s, s:s}}, {s:s, s:b, s:s}, {s:{s:o}}]", "event", "event", "message", "text",
			     "touch \033[31mthe key\nINJECTED", "prompt", "password \033]0;x\007:", "echo", 0, "want", "secret",
			     "reply", "request", script_request("pending", 1)));
	script_play(script);
	r = cli_run_pty("request db-operator --for 1h --reason x", steps, 1, &sane);
	assert_int_equal(r.code, CODE_DONE);
	assert_non_null(strstr(r.out, "touch \\x1b[31mthe key\\x0aINJECTED\r\n"));
	assert_null(strchr(r.out, '\033'));
	cli_result_done(&r);
	r = cli_run_pty("approve 7K2M", card, COUNT(card), &sane);
	assert_null(strchr(r.out, '\033'));
	cli_result_done(&r);
}

static void expect_colour(bool wanted)
{
	struct cli_result r;
	bool sane;

	r = cli_run_pty("status", NULL, 0, &sane);
	assert_int_equal(r.code, CODE_DONE);
	assert_int_equal(strstr(r.out, "\033[") != NULL, wanted);
	cli_result_done(&r);
}

static void test_colour_only_where_it_is_wanted(void **state)
{
	struct cli_result r;

	script_play(script_story());
	expect_colour(true);
	r = cli_run("status");
	assert_null(strchr(r.out, '\033'));
	cli_result_done(&r);
	assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
	expect_colour(false);
	assert_int_equal(unsetenv("NO_COLOR"), 0);
	assert_int_equal(setenv("TERM", "dumb", 1), 0);
	expect_colour(false);
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_asks_waits_and_answers),
		cmocka_unit_test(test_wrong_password_is_6),
		cmocka_unit_test(test_signals_at_a_password_restore_the_terminal),
		cmocka_unit_test(test_interrupt_while_waiting_leaves_it_open),
		cmocka_unit_test(test_without_questions_it_does_not_wait),
		cmocka_unit_test(test_approver_sees_then_decides),
		cmocka_unit_test(test_approver_of_an_extension_sees_what_is_held),
		cmocka_unit_test(test_an_extension_says_from_when_it_counts),
		cmocka_unit_test(test_what_is_held_is_not_asked_for_again),
		cmocka_unit_test(test_missing_input_blames_no_terminal_that_is_there),
		cmocka_unit_test(test_approver_may_deny_instead),
		cmocka_unit_test(test_not_now_decides_nothing),
		cmocka_unit_test(test_no_input_asks_nothing_on_a_terminal),
		cmocka_unit_test(test_everything_fits_the_terminal),
		cmocka_unit_test(test_T13_questions_and_messages_are_escaped),
		cmocka_unit_test(test_colour_only_where_it_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
