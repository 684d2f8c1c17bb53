/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people see: the screens of the story, at 80 columns, whatever the broker says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "helper/output.h"
#include "tests/unit/cli_run.h"
#include "tests/unit/cli_script.h"

static const char *const all_verbs[] = {
	"status",   "roles",	"pending", "sessions",	    "history",
	"explain alice", "version", "cancel",  "end 7K2M", "request db-operator",
	"request db-operator --wait", "extend 7K2M", "approve --reason seen", "deny --reason no", "revoke 7K2M --reason no",
};

static void expect_lines(const char *words, int code, const char *const lines[])
{
	struct cli_result r = cli_run(words);
	const char *at = r.out;

	for (size_t i = 0; lines[i]; i++) {
		size_t len = strlen(lines[i]);

		if (strncmp(at, lines[i], len) != 0 || at[len] != '\n')
			fail_msg("tenure %s: wanted \"%s\", got: %s", words, lines[i], at);
		at += len + 1;
	}
	assert_string_equal(at, "");
	assert_int_equal(r.code, code);
	cli_result_done(&r);
}

static void test_status(void **state)
{
	script_play_with("Pending", "[{\"reply\": {\"items\": []}}]");
	expect_lines("", 0,
		     (const char *const[]){
			 "alice@contoso.com on db1 (/prod/hr/web/db1, production), units: emea",
			 "",
			 "ROLE             STATE     UNTIL       SCOPE         THROUGH",
			 "host-user-login  assigned  -           /prod/hr      group dba",
			 "db-operator      eligible  2099-12-31  /prod/hr/web  group dba",
			 "",
			 "Next: tenure request db-operator   (up to 2h; reason, step-up, 1 approval)",
			 NULL});
}

static json_t *grant(const char *role, const char *id, long left_s, const char *right)
{
	json_t *row = script_role("activated");

	json_object_set_new(row, "role", json_string(role));
	json_object_set_new(row, "id", json_string(id));
	json_object_set_new(row, "left", json_integer(left_s));
	if (right)
		json_object_set_new(row, "rights", json_pack("[s,s]", "login", right));
	return row;
}

/* Nothing can be granted: that is said, and no request is proposed that would be refused. */
static void test_status_while_nothing_can_be_granted(void **state)
{
	json_t *rows[] = {json_pack("[o]", script_role("eligible")),
			  json_pack("[o]", grant("db-operator", "7K2M-Q4XB", 2530, NULL))};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *script = script_story();
		json_t *reply = json_object_get(json_array_get(json_object_get(script, "Status"), 0), "reply");
		struct cli_result r;

		json_object_set_new(reply, "roles", rows[i]);
		json_object_set_new(reply, "degraded", json_string("the disk is full"));
		script_play(script);
		r = cli_run("status");
		assert_int_equal(r.code, 0);
		assert_string_equal(r.err, "tenure: nothing can be granted now: the disk is full\n");
		assert_null(strstr(r.out, "tenure request"));
		assert_null(strstr(r.out, "tenure extend"));
		assert_int_equal(strstr(r.out, "Next: sudo -i   End it: tenure end\n") != NULL, i == 1);
		cli_result_done(&r);
	}
}

static void test_status_of_an_approver(void **state)
{
	struct cli_result r;

	script_play(script_story());
	r = cli_run("status");
	assert_non_null(strstr(r.out, "\nFor you: 1 request to decide: tenure pending\nNext: "));
	cli_result_done(&r);
	/* No answer to that is no failure. */
	script_play_with("Pending", "[{\"error\": \"Busy\", \"parameters\": {}}]");
	r = cli_run("status");
	assert_int_equal(r.code, 0);
	assert_string_equal(r.err, "");
	cli_result_done(&r);
}

/* Status shows these rows; takes them. */
static void play_roles(json_t *rows)
{
	json_t *script = script_story();

	json_object_set_new(json_object_get(json_array_get(json_object_get(script, "Status"), 0), "reply"), "roles", rows);
	script_play(script);
}

/* The next step is one that what is held allows. */
static void test_status_with_grant(void **state)
{
	static const struct {
		const char *right, *next;
	} uses[] = {
		{NULL, "\nNext: sudo -i   End it: tenure end   More time: tenure extend\n"},
		{"become:*", "\nNext: sudo -i   End it: "},
		{"become:postgres", "\nNext: sudo -u postgres -i   End it: tenure end   More time: tenure extend\n"},
		{"become:rootadm", "\nNext: sudo -u rootadm -i   End it: "},
		{"group:adm", "\nEnd it: tenure end   More time: tenure extend\n"},
	};
	struct cli_result r;

	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		play_roles(json_pack("[o]", grant("db-operator", "7K2M-Q4XB", 2530, uses[i].right)));
		r = cli_run("status");
		assert_non_null(strstr(r.out, "db-operator  activated  0:42:10 left  /prod/hr/web  group dba\n"));
		if (!strstr(r.out, uses[i].next))
			fail_msg("%s: %s", uses[i].right, r.out);
		cli_result_done(&r);
	}
	/* Two roles want an id, and it is there to be typed. */
	play_roles(json_pack("[o,o]", grant("db-operator", "7K2M-Q4XB", 10, "become:postgres"),
			     grant("other", "AAAA-BBBB", 20, NULL)));
	r = cli_run("status");
	assert_non_null(strstr(r.out, "\nHeld: 7K2M-Q4XB db-operator, AAAA-BBBB other\n"
				      "Next: sudo -u postgres -i   End it: tenure end ID   More time: tenure extend ID\n"));
	cli_result_done(&r);
}

static void test_pending(void **state)
{
	script_play(script_story());
	expect_lines("pending", 0,
		     (const char *const[]){"ID         FROM   ROLE         SCOPE             FOR  ASKED      ENDS",
					   "7K2M-Q4XB  alice  db-operator  /prod/hr/web/db1  1h   3 min ago  in 23:59", NULL});
}

static void test_sessions(void **state)
{
	struct cli_result r;

	script_play(script_story());
	r = cli_run("sessions");
	assert_string_equal(r.out, "ID         USER   ROLE         BY              LEFT     TTY    PID   PROCS\n"
				   "7WK3-ZBPE  alice  db-operator  sudo-i to root  0:42:10  pts/3  8123  3\n");
	cli_result_done(&r);
}

static void test_explain(void **state)
{
	struct cli_result r;
	static const char want[] = "\n\n1 tenant     contoso is home here             tenure.conf:2    yes\n"
				   "3 right      become:root\n"
				   "             host-user-login (dba, /prod/hr)  contoso.conf:47  no right\n"
				   "             db-operator (dba, /prod/hr/web)  contoso.conf:51  eligible\n"
				   "4 deny       none applies\n"
				   "\nFirst unmet: 3. Next: tenure request db-operator\n";

	script_play(script_story());
	r = cli_run("explain alice --service sudo --target root");
	assert_int_equal(r.code, 1);
	assert_int_equal(strncmp(r.out, "deny  alice@contoso.com  sudo to root  on /prod/hr/web/db1  ", 60), 0);
	assert_string_equal(strchr(r.out, '\n'), want);
	cli_result_done(&r);
}

/* What Tenure does not judge is no denial, and no permission of its own. */
static void test_explain_of_what_is_not_judged(void **state)
{
	struct cli_result r;

	script_play_with("Explain", "[{\"reply\": {\"verdict\": \"ignore\", \"why\": \"not-judged\", \"user\": \"bob@contoso.com\","
				    "\"question\": \"su\", \"path\": null, \"time\": \"2026-03-02T14:00:00Z\", \"first_unmet\": null,"
				    "\"next\": null, \"trace\": [{\"step\": 1, \"subject\": \"service\", \"text\": \"su is no gate\","
				    "\"place\": \"\", \"result\": \"not judged\", \"met\": true}]}}]");
	r = cli_run("explain bob --service su");
	assert_int_equal(r.code, 0);
	assert_int_equal(strncmp(r.out, "ignore  bob@contoso.com  su  on this host  ", 43), 0);
	assert_non_null(strstr(r.out, "\n1 service    su is no gate  not judged\n"));
	cli_result_done(&r);
}

static void test_history(void **state)
{
	struct cli_result r;

	script_play(script_story());
	r = cli_run("history");
	assert_int_equal(r.code, 0);
	assert_non_null(strstr(r.out, "  request  alice  db-operator  /prod/hr/web/db1  20s \"show it\"\n"));
	assert_non_null(strstr(r.out, "  step-up  alice  pam:tenure ok\n"));
	assert_non_null(strstr(r.out, "  approve  carol  step-up ok \"seen\"\n"));
	cli_result_done(&r);
}

static void test_outcomes(void **state)
{
	script_play(script_story());
	expect_lines("deny 7k2mq --reason no", 0, (const char *const[]){"Denied: alice does not get db-operator.", NULL});
	expect_lines("cancel 7K2M", 0, (const char *const[]){"Taken back: 7K2M-Q4XB, db-operator.", NULL});
	expect_lines("end 7K2M", 0,
		     (const char *const[]){"Ended: 7K2M-Q4XB, you no longer hold db-operator by it.", NULL});
	expect_lines("revoke 7K2M --reason x", 0,
		     (const char *const[]){"Revoked: 7K2M-Q4XB, alice no longer holds db-operator by it.", NULL});
}

/* An extension is a grant of its own; end means the role. Two roles are two things to end. */
static void test_end_of_all_grants_of_a_role(void **state)
{
	for (int same = 0; same < 2; same++) {
		struct cli_result r;
		char *calls;

		play_roles(json_pack("[o,o]", grant("db-operator", "7K2M-Q4XB", 10, NULL),
				     grant(same ? "db-operator" : "other", "AAAA-BBBB", 20, NULL)));
		r = cli_run("end");
		calls = cli_calls();
		assert_int_equal(r.code, same ? 0 : 2);
		assert_int_equal(strstr(calls, "{\"method\":\"io.tenure.End\",\"parameters\":{}}") != NULL, same);
		if (!same)
			assert_non_null(strstr(r.err, "say which: 7K2M-Q4XB db-operator, AAAA-BBBB other; tenure end ID"));
		free(calls);
		cli_result_done(&r);
	}
}

/* The warning before the end says "tenure extend", whatever was extended before. */
static void test_extend_takes_the_longest_of_a_role(void **state)
{
	for (int same = 0; same < 2; same++) {
		json_t *rows = json_pack("[o,o,o]", grant("db-operator", "7K2M-Q4XB", 10, NULL),
					 grant("db-operator", "AAAA-BBBB", 30, NULL),
					 grant(same ? "db-operator" : "other", "CCCC-DDDD", 20, NULL));
		struct cli_result r;
		char *calls;

		play_roles(rows);
		r = cli_run("extend --for 1h --reason x");
		calls = cli_calls();
		assert_int_equal(r.code, same ? 0 : 2);
		assert_int_equal(strstr(calls, "\"id\":\"AAAA-BBBB\"") != NULL, same);
		if (!same)
			assert_non_null(strstr(r.err, "; tenure extend ID"));
		free(calls);
		cli_result_done(&r);
	}
}

static void test_end_of_a_session(void **state)
{
	script_play_with("End", "[{\"reply\": {\"items\": []}}]");
	expect_lines("end 7K2M", 0, (const char *const[]){"Ended: the session.", NULL});
}

/* Shortcuts: the only request, role or grant need not be named. */
static void test_shortcuts(void **state)
{
	struct cli_result r;
	char *calls;

	script_play(script_story());
	r = cli_run("approve --reason seen");
	assert_int_equal(r.code, 0);
	assert_int_equal(strncmp(r.out, "Approved: alice holds db-operator until ", 40), 0);
	cli_result_done(&r);
	r = cli_run("request --for 1h --reason x");
	assert_int_equal(r.code, 0);
	assert_int_equal(strncmp(r.out, "Request 7K2M-Q4XB waits for 1 of: carol   (ends unanswered ", 59), 0);
	cli_result_done(&r);
	calls = cli_calls();
	assert_non_null(strstr(calls, "\"parameters\":{\"duration\":3600,\"reason\":\"x\",\"role\":\"db-operator\",\"wait\":false}"));
	assert_non_null(strstr(calls, "{\"id\":\"7K2M-Q4XB\",\"reason\":\"seen\"}"));
	free(calls);
}

/* Whatever stands in a field, no line is wider than the terminal. */
static void check_width(const char *words, const char *text, unsigned width)
{
	char *copy = strdup(text), *rest = NULL;

	for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (display_width(line) > width)
			fail_msg("tenure %s: %u columns: %s", words, display_width(line), line);
	free(copy);
}

static void test_width_of_the_story(void **state)
{
	script_play(script_story());
	for (size_t i = 0; i < sizeof(all_verbs) / sizeof(all_verbs[0]); i++) {
		struct cli_result r = cli_run(all_verbs[i]);

		check_width(all_verbs[i], r.out, 80);
		cli_result_done(&r);
	}
}

static void test_help_fits(void **state)
{
	for (const struct verb *v = verb_table; v->name; v++) {
		struct cli_result r;
		char words[64];

		(void)snprintf(words, sizeof(words), "help %s", v->name);
		r = cli_run(words);
		assert_int_equal(r.code, 0);
		assert_non_null(strstr(r.out, v->summary));
		check_width(words, r.out, 80);
		cli_result_done(&r);
	}
	script_play(script_story());
	for (const char *const *words = (const char *const[]){"--help", "help", "-h", NULL}; *words; words++) {
		struct cli_result r = cli_run(*words);

		assert_int_equal(r.code, 0);
		check_width(*words, r.out, 80);
		cli_result_done(&r);
	}
}

/* Every string of a reply, but what the client decides by. */
static void spoil(json_t *value, const char *key, const char *with, bool whole)
{
	static const char *const kept[] = {"event", "state", "verdict", "time", "asked", "times_out", "until",
					   "start", "since", "last",    "id",	 "prompt", "want"};
	const char *name;
	json_t *item;
	size_t i;

	json_object_foreach (value, name, item) {
		if (json_is_string(item)) {
			bool keep = false;

			for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
				keep = keep || strcmp(kept[i], name) == 0;
			if (!keep || whole)
				json_object_set_new(value, name, json_sprintf("%s%s", json_string_value(item), with));
		} else {
			spoil(item, name, with, whole);
		}
	}
	json_array_foreach (value, i, item) {
		if (json_is_string(item))
			json_array_set_new(value, i, json_sprintf("%s%s", json_string_value(item), with));
		else
			spoil(item, key, with, whole);
	}
}

/* C0 but newline, DEL, C1, line separators, bidirectional and zero-width formatting. */
static void check_clean(const char *words, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	assert_null(strstr(text, "\nINJECTED"));
	for (; *s; s++) {
		bool bad = (*s < 0x20 && *s != '\n') || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0);

		if (*s == 0xe2 && s[1] == 0x80)
			bad = bad || (s[2] >= 0x8b && s[2] <= 0x8f) || (s[2] >= 0xa8 && s[2] <= 0xae);
		if (*s == 0xe2 && s[1] == 0x81)
			bad = bad || (s[2] >= 0xa6 && s[2] <= 0xa9);
		if (bad)
			fail_msg("tenure %s: byte %02x got through: %s", words, *s, (const char *)s);
	}
}

static const char *const corpus[] = {
	"\033[2J\033]0;title\007",
	"\nINJECTED line",
	"\r\nINJECTED",
	"\xc2\x9b" "31m\xc2\x9d",
	"\x7f\x08\x08\t",
	"\xe2\x80\xae" "txt.exe\xe2\x80\xac",
	"\xe2\x81\xa6" "a\xe2\x81\xa9\xe2\x80\x8b\xe2\x80\x8e",
	"\xe2\x80\xa8INJECTED\xe2\x80\xa9",
	"\"\\ \" until tomorrow",
};

static void test_T13_nothing_from_outside_reaches_the_terminal(void **state)
{
	for (size_t c = 0; c < sizeof(corpus) / sizeof(corpus[0]); c++) {
		for (int whole = 0; whole < 2; whole++) {
			json_t *script = script_story();

			spoil(script, "", corpus[c], whole);
			script_play(script);
			for (size_t i = 0; i < sizeof(all_verbs) / sizeof(all_verbs[0]); i++) {
				struct cli_result r = cli_run(all_verbs[i]);

				check_clean(all_verbs[i], r.out);
				check_clean(all_verbs[i], r.err);
				cli_result_done(&r);
			}
		}
	}
}

static void test_T13_arguments_and_errors_are_escaped(void **state)
{
	char *argv[] = {(char *)(uintptr_t)"tenure", (char *)(uintptr_t)"\033[31mrequset\nINJECTED", NULL};
	struct cli_result r;

	script_play_with("Pending", "[{\"error\": \"Busy\", \"parameters\": {\"message\": \"m\\u001b[2J\\nINJECTED\","
				    "\"next\": \"n\\u009b\\nINJECTED\"}}]");
	r = cli_run("pending");
	assert_int_equal(r.code, 1);
	check_clean("pending", r.err);
	cli_result_done(&r);
	r = cli_run_argv(argv);
	assert_int_equal(r.code, 2);
	check_clean("argv", r.err);
	cli_result_done(&r);
}

static void test_long_fields_wrap(void **state)
{
	static const char tail[] = "-a-very-long-name-that-nobody-would-choose/and/a/path/that/never/ends/at/all/"
				   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
	static const char *const tables[] = {"status", "roles", "pending"};
	json_t *script = script_story();

	spoil(script, "", tail, false);
	script_play(script);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		struct cli_result r = cli_run(tables[i]);

		check_width(tables[i], r.out, 80);
		assert_int_equal(r.code, 0);
		cli_result_done(&r);
	}
}

static void test_json_is_one_object(void **state)
{
	script_play(script_story());
	for (size_t i = 0; i < sizeof(all_verbs) / sizeof(all_verbs[0]); i++) {
		char words[128];
		struct cli_result r;
		json_t *object;

		(void)snprintf(words, sizeof(words), "%s --json", all_verbs[i]);
		r = cli_run(words);
		object = json_loads(r.out, JSON_REJECT_DUPLICATES, NULL);
		if (!json_is_object(object))
			fail_msg("tenure %s: %s%s", words, r.out, r.err);
		json_decref(object);
		cli_result_done(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_status_of_an_approver),
		cmocka_unit_test(test_status_while_nothing_can_be_granted),
		cmocka_unit_test(test_status_with_grant),
		cmocka_unit_test(test_pending),
		cmocka_unit_test(test_sessions),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_explain_of_what_is_not_judged),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_shortcuts),
		cmocka_unit_test(test_end_of_all_grants_of_a_role),
		cmocka_unit_test(test_extend_takes_the_longest_of_a_role),
		cmocka_unit_test(test_end_of_a_session),
		cmocka_unit_test(test_width_of_the_story),
		cmocka_unit_test(test_help_fits),
		cmocka_unit_test(test_T13_nothing_from_outside_reaches_the_terminal),
		cmocka_unit_test(test_T13_arguments_and_errors_are_escaped),
		cmocka_unit_test(test_long_fields_wrap),
		cmocka_unit_test(test_json_is_one_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
