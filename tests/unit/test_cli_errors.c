/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every way to fail: one line on stderr, an exit code, an object with --json. */
#include "tests/unit/cmocka_test.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/error.h"
#include "tests/unit/cli_run.h"
#include "tests/unit/cli_script.h"

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* One line on stderr that begins and ends so; nothing on stdout. */
static void expect_error(const char *words, int code, const char *message, const char *next)
{
	struct cli_result r = cli_run(words);

	if (r.code != code || lines(r.err) != 1 || strncmp(r.err, "tenure: ", 8) != 0 || !strstr(r.err, message) ||
	    !strstr(r.err, next))
		fail_msg("tenure %s: code %d, wanted %d, \"%s\", \"%s\": %s", words, r.code, code, message, next, r.err);
	assert_string_equal(r.out, "");
	cli_result_done(&r);
}

static void expect_json_error(const char *words, int code, const char *id)
{
	struct cli_result r = cli_run(words);
	json_t *object = json_loads(r.out, JSON_REJECT_DUPLICATES, NULL), *error = json_object_get(object, "error");

	if (r.code != code || json_integer_value(json_object_get(error, "code")) != code ||
	    !json_is_string(json_object_get(error, "message")) || !json_is_string(json_object_get(error, "next")) ||
	    !json_is_string(json_object_get(error, "id")) ||
	    strcmp(json_string_value(json_object_get(error, "id")), id) != 0)
		fail_msg("tenure %s: code %d: %s%s", words, r.code, r.out, r.err);
	assert_string_equal(r.err, "");
	json_decref(object);
	cli_result_done(&r);
}

static const struct {
	const char *error, *parameters;
	int code;
	const char *id, *message, *next;
} replies[] = {
	{"NotGoverned", "{}", CODE_NO, "not-governed", "no tenant knows you", "administrator"},
	{"NotEligible", "{\"role\": \"x\", \"next\": \"ask Carol\"}", CODE_NO, "not-eligible", "not eligible", "; ask Carol"},
	{"NotYours", "{\"message\": \"only carol may\"}", CODE_NO, "not-yours", "only carol may\n", ""},
	{"NotYours", "{\"message\": \"only carol may\", \"next\": \"tenure pending\"}", CODE_NO, "not-yours",
	 "only carol may", "; next: tenure pending"},
	{"OwnRequest", "{\"id\": \"7K2M-Q4XB\", \"ask\": [\"carol\", \"dave\"]}", CODE_NO, "own-request",
	 "7K2M-Q4XB is your own request", "; nobody approves their own. Ask: carol, dave"},
	{"NoSuchRole", "{\"role\": \"x\"}", CODE_UNKNOWN, "no-such-role", "no such role", "see: tenure roles"},
	{"NoSuchUser", "{\"user\": \"x\"}", CODE_UNKNOWN, "no-such-user", "no such user", "NAME@DOMAIN"},
	{"NoSuchRequest", "{\"id\": \"x\"}", CODE_UNKNOWN, "no-such-request", "no such request", "tenure pending"},
	{"NoSuchSession", "{\"id\": \"x\"}", CODE_UNKNOWN, "no-such-session", "no such session", "tenure sessions"},
	{"Ambiguous", "{\"id\": \"7K2M\", \"matches\": [\"7K2M-AAAA\", \"7K2M-BBBB\"]}", CODE_USAGE, "ambiguous",
	 "7K2M fits 7K2M-AAAA, 7K2M-BBBB", "more of the id"},
	{"Invalid", "{\"field\": \"duration\", \"message\": \"at most 2h\"}", CODE_USAGE, "invalid", "at most 2h", "tenure roles"},
	{"Missing", "{\"fields\": [\"reason\", \"duration\"]}", CODE_USAGE, "input-missing", "no terminal to ask on",
	 "give --reason --for"},
	{"StepUpNeeded", "{\"what\": \"x\"}", CODE_USAGE, "step-up-needed", "no terminal to ask on", "on a terminal"},
	{"StepUpFailed", "{}", CODE_STEP_UP, "step-up-failed", "step-up failed", "try again"},
	{"WrongState", "{\"message\": \"it is active\"}", CODE_NO, "wrong-state", "it is active", "tenure history"},
	{"NotFromLogin", "{}", CODE_NO, "not-from-login", "not a login session of your own", "log in as yourself"},
	{"Busy", "{}", CODE_NO, "busy", "a limit was reached", "; try again in a minute"},
	{"Busy", "{\"message\": \"too many step-ups; try again\"}", CODE_NO, "busy", "too many step-ups; try again\n", ""},
	{"Invalid", "{\"field\": \"duration\", \"message\": \"you hold it\", \"next\": \"ask for more than 1h\"}",
	 CODE_USAGE, "invalid", "you hold it; ask for more than 1h\n", ""},
	{"Unavailable", "{\"message\": \"the disk is full\"}", CODE_NO, "unavailable", "the disk is full", "tenure check"},
	{"org.varlink.service.MethodNotFound", "{}", CODE_BROKER, "broker-version", "does not understand", "restart"},
	{"NewerThanThis", "{}", CODE_BROKER, "broker-version", "does not understand", "restart"},
};

static void test_every_error_of_the_broker(void **state)
{
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		char steps[512];

		(void)snprintf(steps, sizeof(steps), "[{\"error\": \"%s\", \"parameters\": %s}]", replies[i].error,
			       replies[i].parameters);
		script_play_with("Request", steps);
		expect_error("request db-operator", replies[i].code, replies[i].message, replies[i].next);
		expect_error("request db-operator --wait", replies[i].code, replies[i].message, replies[i].next);
		expect_json_error("request db-operator --json", replies[i].code, replies[i].id);
	}
}

static void test_no_broker(void **state)
{
	cli_broker(NULL);
	expect_error("pending", CODE_BROKER, "broker not running", "; start it: systemctl start tenured");
	expect_error("status", CODE_BROKER, "broker not running: eligible roles unknown", "systemctl start tenured");
	expect_error("request x", CODE_BROKER, "broker not running", "systemctl start tenured");
	expect_error("approve 7K2M --reason x", CODE_BROKER, "broker not running", "systemctl start tenured");
	expect_json_error("sessions --json", CODE_BROKER, "broker-down");
	expect_json_error("--json", CODE_BROKER, "broker-down");
}

static void test_version_and_keys_need_no_broker(void **state)
{
	struct cli_result r;

	cli_broker(NULL);
	r = cli_run("version");
	assert_int_equal(r.code, CODE_DONE);
	assert_non_null(strstr(r.out, ", broker not running\n"));
	cli_result_done(&r);
	r = cli_run("ssh-keys root");
	assert_int_equal(r.code, CODE_DONE);
	assert_string_equal(r.out, "");
	assert_string_equal(r.err, "");
	cli_result_done(&r);
}

static void test_T24_ssh_keys_refuses_what_is_no_login(void **state)
{
	static const char *const bad[] = {"-x", "../x", "ALICE", "a:b", "1000", "a@", "@b", "a@b", "a/b", "\xc3\xa4"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char words[64];
		struct cli_result r;

		(void)snprintf(words, sizeof(words), "ssh-keys -- %s", bad[i]);
		r = cli_run(words);
		assert_int_equal(r.code, CODE_USAGE);
		assert_string_equal(r.out, "");
		assert_int_equal(lines(r.err), 1);
		cli_result_done(&r);
	}
}

static void test_broker_that_sends_garbage(void **state)
{
	static const char *const steps[] = {
		"[{\"raw\": \"not JSON at all\"}]",
		"[{\"raw\": \"[1, 2]\"}]",
		"[{\"raw\": \"\"}]",
		"[{\"raw\": \"{\\\"parameters\\\": 7}\"}]",
		"[{\"raw\": \"{\\\"error\\\": 7}\"}]",
		"[{\"raw\": \"{\\\"parameters\\\": {\\\"a\\\": 1, \\\"a\\\": 2}}\"}]",
	};

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		script_play_with("Pending", steps[i]);
		expect_error("pending", CODE_BROKER, "cannot be read", "journalctl -u tenured");
		expect_json_error("pending --json", CODE_BROKER, "broker-garbage");
	}
	script_play_with("Pending", "[{\"close\": true}]");
	expect_error("pending", CODE_BROKER, "closed the connection", "try again");
}

/* Right JSON of the wrong shape is shown as nothing, and decides nothing. */
static void test_broker_of_another_shape(void **state)
{
	static const char *const methods[] = {"Status", "Roles", "Pending", "Sessions", "Request", "Approve", "Show", "End"};
	static const char *const verbs[] = {"status", "roles", "pending", "sessions", "request x", "approve 7K2M --reason x",
					    "deny 7K2M --reason x", "end 7K2M"};
	static const char *const steps[] = {"[{\"reply\": {}}]", "[{\"reply\": {\"items\": 3, \"roles\": {}, \"request\": []}}]",
					    "[{\"reply\": {\"items\": [1, null, []], \"roles\": [[], 4], \"request\": {\"approvals\": [7], \"before\": 3, \"left\": \"x\"}}}]"};

	for (size_t m = 0; m < sizeof(methods) / sizeof(methods[0]); m++) {
		for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
			struct cli_result r;

			script_play_with(methods[m], steps[s]);
			r = cli_run(verbs[m]);
			if (r.code < 0 || r.code > 6)
				fail_msg("tenure %s: code %d signal %d", verbs[m], r.code, r.signal);
			if (strncmp(verbs[m], "request", 7) == 0 && strcmp(methods[m], "Request") == 0)
				assert_int_equal(r.code, CODE_BROKER);
			cli_result_done(&r);
		}
	}
}

static void test_outcomes_that_are_no(void **state)
{
	static const char *const states[] = {"denied", "cancelled", "timed-out", "failed", "revoked", "ended", "expired"};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		json_t *script = script_story(), *request = script_request(states[i], 1), *answer;
		struct cli_result r;

		json_object_set_new(request, "decided_by", json_string("carol"));
		json_object_set_new(request, "decided_reason", json_string("not today"));
		script_set(script, "Request", json_pack("[{s:{s:o}}]", "reply", "request", request));
		script_play(script);
		expect_error("request db-operator", CODE_NO, " by carol: \"not today\"", "; ");
		r = cli_run("request db-operator --json");
		answer = json_loads(r.out, 0, NULL);
		assert_int_equal(r.code, CODE_NO);
		assert_non_null(json_object_get(answer, "request"));
		assert_string_equal(json_string_value(json_object_get(json_object_get(answer, "error"), "id")), states[i]);
		json_decref(answer);
		cli_result_done(&r);
	}
}

static void test_wait_that_ends_open(void **state)
{
	script_play(script_story());
	expect_error("request db-operator --wait", CODE_OPEN, "7K2M-Q4XB stays open", "tenure cancel 7K2M");
}

static void test_usage(void **state)
{
	script_play(script_story());
	expect_error("requset", CODE_USAGE, "no verb \"requset\"", "did you mean: tenure request");
	expect_error("hist", CODE_USAGE, "no verb \"hist\"", "did you mean: tenure history");
	expect_error("xyzzy", CODE_USAGE, "no verb \"xyzzy\"", "see: tenure --help");
	expect_error("help aprove", CODE_USAGE, "no verb", "did you mean: tenure help approve");
	expect_error("status --reason x", CODE_USAGE, "status has no option --reason", "tenure status --help");
	expect_error("request a b", CODE_USAGE, "request does not take \"b\"", "tenure request --help");
	expect_error("revoke --reason x", CODE_USAGE, "revoke wants ID", "tenure revoke --help");
	expect_error("request --for", CODE_USAGE, "--for wants DURATION", "--help");
	expect_error("request --wait=yes", CODE_USAGE, "--wait takes no value", "alone");
	expect_error("request -x", CODE_USAGE, "no option -x", "--help");
	for (const char *const *d = (const char *const[]){"0s", "5", "-1h", "1h1h", "99999999d", "h", NULL}; *d; d++) {
		char words[64];

		(void)snprintf(words, sizeof(words), "request db-operator --for=%s", *d);
		expect_error(words, CODE_USAGE, "cannot be read", "45m, 2h or 1h30m");
	}
	expect_error("request --reason=", CODE_USAGE, "--reason is empty", "words");
	expect_error("history --limit=0", CODE_USAGE, "cannot be read", "number");
	expect_error("history --limit=1001", CODE_USAGE, "cannot be read", "a number from 1 to 1000");
	expect_error("explain --time=now", CODE_USAGE, "cannot be read", "2026-03-02T14:00:00Z");
	expect_error("approve 7K --reason x", CODE_USAGE, "\"7K\" is no request's id", "at least 4");
	expect_json_error("requset --json", CODE_USAGE, "usage");
}

/* One bound for a ticket, here and behind the socket. */
static void test_a_ticket_has_128_bytes(void **state)
{
	char words[200] = "request db-operator --reason x --ticket ";
	size_t at = strlen(words);
	struct cli_result r;

	script_play(script_story());
	memset(words + at, 'x', 129);
	expect_error(words, CODE_USAGE, "--ticket cannot be taken as it is", "at most 128 bytes");
	words[at + 128] = '\0';
	r = cli_run(words);
	assert_int_equal(r.code, CODE_DONE);
	cli_result_done(&r);
}

/* A word is what its place makes it. */
static void test_json_is_an_option_only_where_options_stand(void **state)
{
	struct cli_result r;

	script_play_with("Pending", "[{\"reply\": {\"items\": []}}]");
	expect_error("approve --reason --json", CODE_UNKNOWN, "no request waits for you", "tenure pending");
	expect_json_error("approve --reason x --json", CODE_UNKNOWN, "no-such-request");
	/* Options that go with every verb stand before it, too. */
	for (const char *const *words = (const char *const[]){"--json pending", "--no-input --json pending", "pending --json",
							      NULL};
	     *words; words++) {
		r = cli_run(*words);
		assert_int_equal(r.code, CODE_DONE);
		assert_string_equal(r.out, "{\"items\": []}\n");
		cli_result_done(&r);
	}
	expect_json_error("--json requset", CODE_USAGE, "usage");
	expect_error("--no-input requset", CODE_USAGE, "no verb \"requset\"", "tenure request");
	expect_error("--reason x pending", CODE_USAGE, "status has no option --reason", "tenure status --help");
}

/* root is asked about by nobody, and has nobody to mean. */
static void test_explain_wants_a_user_of_root(void **state)
{
	if (geteuid() != 0)
		skip_because("needs root");
	script_play(script_story());
	expect_error("explain", CODE_USAGE, "name a user", "tenure explain USER");
	expect_error("explain --service sudo", CODE_USAGE, "name a user", "tenure explain USER");
}

static void test_missing_input_without_terminal(void **state)
{
	script_play(script_story());
	expect_error("approve 7K2M", CODE_USAGE, "no terminal to ask on", "give --reason");
	expect_error("deny 7K2M", CODE_USAGE, "no terminal to ask on", "give --reason");
	expect_error("revoke 7K2M", CODE_USAGE, "no terminal to ask on", "give --reason");
	expect_json_error("approve --json", CODE_USAGE, "input-missing");
}

static void test_nothing_or_too_much_to_choose(void **state)
{
	json_t *script = script_story(), *other = script_request("pending", 0);

	script_play_with("Pending", "[{\"reply\": {\"items\": []}}]");
	expect_error("approve --reason x", CODE_UNKNOWN, "no request waits for you", "tenure pending");
	expect_error("cancel", CODE_UNKNOWN, "no request of yours waits", "tenure pending");
	expect_error("end", CODE_UNKNOWN, "you hold no grant", "tenure status");
	script_play_with("History", "[{\"error\": \"NoSuchRequest\", \"parameters\": {\"id\": \"7K2M\"}}]");
	expect_error("history 7K2M", CODE_UNKNOWN, "no such request", "tenure pending");
	json_object_set_new(other, "id", json_string("AAAA-BBBB"));
	script_set(script, "Pending", json_pack("[{s:{s:[o,o]}}]", "reply", "items", script_request("pending", 0), other));
	script_play(script);
	expect_error("approve --reason x", CODE_USAGE, "say which: 7K2M-Q4XB alice db-operator, AAAA-BBBB alice db-operator",
		     "tenure approve ID");
}

static void play_with_role(const char *state, const char *more)
{
	json_t *script = script_story(), *role = script_role(state);
	json_t *reply = json_object_get(json_array_get(json_object_get(script, "Status"), 0), "reply");

	json_object_set_new(role, "id", json_string("3FT4-OZZH"));
	json_object_set_new(role, "until", script_time(600));
	json_object_set_new(role, "left", json_integer(600));
	json_object_set_new(reply, "roles", more ? json_pack("[o,o]", role, script_role(more)) : json_pack("[o]", role));
	script_play(script);
}

/* A role without questions would be granted a second time, without a word. */
static void test_what_is_held_or_asked_for(void **state)
{
	struct cli_result r;

	for (int i = 0; i < 2; i++) {
		play_with_role("activated", i ? "eligible" : NULL);
		expect_error("request db-operator --for 1h --reason x", CODE_NO, "you hold db-operator until ",
			     "; more: tenure extend");
		expect_json_error("request db-operator --json", CODE_NO, "held");
		r = cli_run("request db-operator --scope /prod/hr/web/db1 --reason x");
		assert_int_equal(r.code, CODE_DONE);
		cli_result_done(&r);
	}
	play_with_role("activated", NULL);
	expect_error("request", CODE_NO, "you hold db-operator until ", "; more: tenure extend");
	play_with_role("pending", NULL);
	expect_error("request db-operator", CODE_NO, "3FT4-OZZH asks for db-operator already", "tenure cancel 3FT4");
	expect_error("request", CODE_NO, "3FT4-OZZH asks for db-operator already", "tenure cancel 3FT4");
}

static void test_own_request(void **state)
{
	json_t *script = script_story();

	script_set(script, "Show", json_pack("[{s:{s:o}}]", "reply", "request", script_request("pending", 1)));
	script_play(script);
	expect_error("approve 7K2M --reason x", CODE_NO, "7K2M-Q4XB is your own request",
		     "; nobody approves their own. Ask: carol");
}

static void test_unknown_role_is_suggested(void **state)
{
	script_play_with("Request", "[{\"error\": \"NoSuchRole\", \"parameters\": {\"role\": \"x\"}}]");
	expect_error("request db-operatr", CODE_UNKNOWN, "no such role", "did you mean: tenure request db-operator");
}

static void test_damaged_journal_is_said(void **state)
{
	script_play_with("History", "[{\"reply\": {\"items\": [], \"intact\": false, \"verified\": 41}}]");
	struct cli_result r = cli_run("history");

	assert_int_equal(r.code, CODE_NO);
	assert_non_null(strstr(r.err, "broken behind entry 41"));
	cli_result_done(&r);
	expect_json_error("history --json", CODE_NO, "journal-damaged");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_error_of_the_broker),
		cmocka_unit_test(test_no_broker),
		cmocka_unit_test(test_version_and_keys_need_no_broker),
		cmocka_unit_test(test_T24_ssh_keys_refuses_what_is_no_login),
		cmocka_unit_test(test_broker_that_sends_garbage),
		cmocka_unit_test(test_broker_of_another_shape),
		cmocka_unit_test(test_outcomes_that_are_no),
		cmocka_unit_test(test_wait_that_ends_open),
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_a_ticket_has_128_bytes),
		cmocka_unit_test(test_json_is_an_option_only_where_options_stand),
		cmocka_unit_test(test_explain_wants_a_user_of_root),
		cmocka_unit_test(test_missing_input_without_terminal),
		cmocka_unit_test(test_nothing_or_too_much_to_choose),
		cmocka_unit_test(test_what_is_held_or_asked_for),
		cmocka_unit_test(test_own_request),
		cmocka_unit_test(test_unknown_role_is_suggested),
		cmocka_unit_test(test_damaged_journal_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
