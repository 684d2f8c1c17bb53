/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is written of what happened, and to whom it is told: the log, the history; and what people hear who cannot go on. */
#include "tests/unit/cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/server_fixture.h"

#define SEGMENT	  "var/lib/tenure/journal/journal-00000000000000000001.jsonl"
#define DIRECTORY "etc/tenure/directory.d/contoso.conf"
#define NEW_ALICE 1900000050u
#define CHAIN	  16 /* digits of it in the log */

static const char *const right_password[] = {PASSWORD, NULL};

static char *read_file(struct bed *b, const char *name)
{
	FILE *f = fopen(bed_path(b, name), "r");
	char *text = calloc(1, 1 << 20);

	assert_non_null(f);
	assert_non_null(text);
	assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
	(void)fclose(f);
	return text;
}

/* Replaces `from`, which is there, and has the files read again. */
static int reload(struct bed *b, void *argument)
{
	struct wire_client *c = peer_connect(b, true);
	json_t *reply;

	return strcmp(peer_call(c, "Reload", NULL, NULL, &reply), "");
}

static void edit(struct bed *b, const char *from, const char *to)
{
	char *text = read_file(b, DIRECTORY), *at = strstr(text, from);
	char *edited = calloc(1, strlen(text) + strlen(to) + 1);

	assert_non_null(at);
	assert_non_null(edited);
	(void)sprintf(edited, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	bed_write(b, DIRECTORY, edited, 0600);
	free(edited);
	free(text);
	assert_int_equal(bed_as(b, 0, NO_LOGIN, reload, NULL), 0);
}

static int ask(struct bed *b, void *argument)
{
	json_t *reply;

	return strcmp(peer_ask(b, "Request", json_pack("{s:s, s:s}", "role", (char *)argument, "reason", "x"),
			       right_password, &reply),
		      "");
}

/* --- the log --- */

/* The hash that the log has of line seq. False: it has none. */
static bool logged_chain(const char *log, long long seq, char chain[static CHAIN + 1])
{
	char mark[64];
	const char *at;

	(void)snprintf(mark, sizeof(mark), " seq=%lld chain=", seq);
	at = strstr(log, mark);
	return at && sscanf(at + strlen(mark), "%16[0-9a-f]", chain) == 1 && strlen(chain) == CHAIN;
}

/* Who keeps the log elsewhere can hold every line of the journal against it: each `prev` is what the log said before. */
static void test_heads_of_the_chain_are_in_the_log(void **state)
{
	struct bed *b = *state;
	char *log, *journal, *line, *rest = NULL, role[] = "quick", chain[CHAIN + 1];
	unsigned compared = 0;

	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, ask, role), 0);
	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, ask, role), 0);
	log = read_file(b, "log");
	journal = read_file(b, SEGMENT);
	for (line = strtok_r(journal, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		json_t *o = json_loads(line, 0, NULL);
		const char *prev = json_string_value(json_object_get(o, "prev"));
		const long long seq = (long long)json_integer_value(json_object_get(o, "seq"));

		assert_non_null(prev);
		if (seq > 1) {
			assert_true(logged_chain(log, seq - 1, chain));
			assert_memory_equal(chain, prev, CHAIN);
			compared++;
		}
		json_decref(o);
	}
	assert_true(compared > 4);
	free(log);
	free(journal);
}

/* --- the history --- */

/* How many lines one is shown of one's own; 99: none may be asked for. */
static int count_history(struct bed *b, void *argument)
{
	json_t *reply;

	if (strcmp(peer_ask(b, "History", NULL, NULL, &reply), "") != 0)
		return 99;
	return (int)json_array_size(json_object_get(reply, "items"));
}

static void test_T50_who_has_the_name_now_has_not_the_history(void **state)
{
	struct bed *b = *state;
	char role[] = "quick", alice[256];
	int before;

	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, ask, role), 0);
	before = bed_as(b, ALICE, NO_LOGIN, count_history, NULL);
	assert_in_range(before, 2, 20);
	assert_int_equal(bed_as(b, CAROL, NO_LOGIN, count_history, NULL), 0);
	/* Another person, with the name of the one who left. */
	(void)snprintf(alice, sizeof(alice),
		       "{ name = \"alice\"; uid = %u; id = \"0a0a0a0a-0000-4000-8000-000000000001\";", NEW_ALICE);
	edit(b, "{ name = \"alice\"; uid = 1900000001;", alice);
	assert_int_equal(bed_as(b, NEW_ALICE, NO_LOGIN, count_history, NULL), 0);
	assert_int_equal(bed_as(b, NEW_ALICE, NO_LOGIN, ask, role), 0);
	assert_in_range(bed_as(b, NEW_ALICE, NO_LOGIN, count_history, NULL), 2, before);
	/* And the one who only changed the name has it still. */
	edit(b, "{ name = \"alice\";", "{ name = \"alicia\";");
	edit(b, "members = [ \"alice\"", "members = [ \"alicia\"");
	assert_in_range(bed_as(b, NEW_ALICE, NO_LOGIN, count_history, NULL), 2, 20);
}

/* --- what people hear --- */

struct expected {
	const char *method, *error, *message, *next;
	json_t *parameters;
};

static int hears(struct bed *b, void *argument)
{
	const struct expected *e = argument;
	json_t *reply = NULL;
	const char *error = peer_ask(b, e->method, json_incref(e->parameters), right_password, &reply);
	const char *message = json_string_value(json_object_get(reply, "message"));
	const char *next = json_string_value(json_object_get(reply, "next"));

	if (strcmp(error, e->error) == 0 && message && strstr(message, e->message) &&
	    (!e->next || (next && strcmp(next, e->next) == 0)))
		return 0;
	(void)fprintf(stderr, "%s: %s, %s, %s\n", e->method, error, message ? message : "-", next ? next : "-");
	return 1;
}

static void assert_hears(struct bed *b, unsigned uid, struct expected e)
{
	assert_int_equal(bed_as(b, uid, uid, hears, &e), 0);
	json_decref(e.parameters);
}

static void test_a_step_up_that_cannot_be_says_so(void **state)
{
	struct bed *b = *state;

	assert_int_equal(mkdir(bed_path(b, "etc/pam.d"), 0755), 0);
	bed_write(b, "etc/pam.d/tenure", "auth required pam_no_such_module.so\naccount required pam_permit.so\n", 0644);
	assert_hears(b, ALICE, (struct expected){"Request", "StepUpFailed", "PAM", "tenure check",
						 json_pack("{s:s}", "role", "fast")});
	bed_write(b, "etc/pam.d/tenure", "auth required pam_deny.so\naccount required pam_permit.so\n", 0644);
	assert_hears(b, ALICE, (struct expected){"Request", "StepUpFailed", "step-up failed", NULL,
						 json_pack("{s:s}", "role", "fast")});
}

static int approve_once(struct bed *b, void *argument)
{
	json_t *reply;

	return strcmp(peer_ask(b, "Approve", json_incref(argument), right_password, &reply), "");
}

static void test_whoever_has_approved_hears_that_they_have(void **state)
{
	struct bed *b = *state;
	char role[] = "db-operator", *journal, id[37] = "";
	json_t *approve;

	if (!bed_can_set_login_uid())
		skip_because("no audit: a login uid cannot be set");
	edit(b, "step_up = true; approvals = 1;", "step_up = true; approvals = 2;");
	assert_int_equal(bed_as(b, ALICE, ALICE, ask, role), 0);
	journal = read_file(b, SEGMENT);
	assert_int_equal(sscanf(strstr(journal, "\"event\":\"request\""), "\"event\":\"request\",\"id\":\"%36s", id), 1);
	free(journal);
	approve = json_pack("{s:s, s:s}", "id", id, "reason", "yes");
	assert_int_equal(bed_as(b, CAROL, CAROL, approve_once, approve), 0);
	assert_hears(b, CAROL, (struct expected){"Approve", "WrongState", "you have approved", NULL, approve});
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bed_setup, bed_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_heads_of_the_chain_are_in_the_log),
		TEST(test_T50_who_has_the_name_now_has_not_the_history),
		TEST(test_a_step_up_that_cannot_be_says_so),
		TEST(test_whoever_has_approved_hears_that_they_have),
	};

	if (geteuid() != 0) {
		(void)puts("skipped: needs root, to be other users");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
