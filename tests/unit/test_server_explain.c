/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the broker tells people: why, what is held until when, and what to ask for instead. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/server_fixture.h"

static const char host_conf[] =
	"tenants = [ \"contoso\" ];\n"
	"gate = { mode = \"enforce\"; services = [ \"sudo\", \"su-l\" ];\n"
	"  service_modes = ( { service = \"su-l\"; mode = \"report-only\"; } ); };\n"
	"ceiling = { allow_become = [ \"root\" ]; allow_groups = [ ]; };\n"
	"local_logins = ( { login = \"bob\"; principal = \"u1@contoso.com\"; },\n"
	"  { login = \"ben\"; principal = \"u2@contoso.com\"; login_by = \"tenant\"; } );\n";

static const char *string_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* u1 and u2 are local accounts here; the host is in the directory. */
static void write_host(struct bed *b)
{
	static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n"
				     "ben:x:1002:1002::/home/ben:/bin/sh\n";
	char *text = calloc(1, 65536), *edited = calloc(1, 65536);
	json_t *status;
	FILE *f = fopen(bed_path(b, "etc/tenure/directory.d/contoso.conf"), "re");
	size_t len;

	assert_string_equal(peer_ask(b, "Status", NULL, NULL, &status), "");
	bed_stop(b, SIGKILL);
	assert_non_null(f);
	len = fread(text, 1, 65535, f);
	fclose(f);
	assert_true(len > 0);
	for (char *at = text, *to = edited; *at;) {
		size_t skip = 0;

		for (unsigned n = 1; n <= 2; n++) {
			char uid[32];

			(void)snprintf(uid, sizeof(uid), "uid = %u; ", USER_UID(n));
			if (strncmp(at, uid, strlen(uid)) == 0)
				skip = strlen(uid);
		}
		at += skip;
		if (!skip)
			*to++ = *at++;
	}
	(void)snprintf(edited + strlen(edited), 512,
		       "scopes = ({ path = \"/prod\"; kind = \"management-group\"; });\n"
		       "hosts = ({ name = \"db1\"; id = \"%s\"; scope = \"/prod\"; });\n",
		       string_of(status, "host_id"));
	bed_write(b, "etc/tenure/directory.d/contoso.conf", edited, 0600);
	bed_write(b, "etc/passwd", passwd, 0644);
	bed_write(b, "etc/tenure/tenure.conf", host_conf, 0644);
	json_decref(status);
	free(text);
	free(edited);
}

static int setup(void **state)
{
	int r = bed_setup(state);
	struct bed *b = *state;

	write_host(b);
	bed_start(b);
	return r;
}

/* --- explain --- */

struct explain_case {
	const char *user, *service, *verdict, *text; /* text: stands in the trace */
};

static bool trace_has(const json_t *reply, const char *text)
{
	const json_t *row;
	size_t i;

	json_array_foreach (json_object_get(reply, "trace"), i, row)
		if (strstr(string_of(row, "text"), text))
			return true;
	return false;
}

static int explain(struct bed *b, void *argument)
{
	const struct explain_case *x = argument;
	json_t *reply;
	const char *error =
		peer_ask(b, "Explain", json_pack("{s:s, s:s}", "user", x->user, "service", x->service), NULL, &reply);

	if (strcmp(error, "") == 0 && strcmp(string_of(reply, "verdict"), x->verdict) == 0 && trace_has(reply, x->text))
		return 0;
	(void)fprintf(stderr, "%s %s: \"%s\" %s\n", x->user, x->service, error, json_dumps(reply, 0));
	return 1;
}

static void test_explain_judges_what_the_modules_judge(void **state)
{
	static const struct explain_case cases[] = {
		{"alice", "sudo", "deny", "become:root"},
		{"alice", "sshd", "allow", "login"},
		{"alice", "cron", "allow", "an enabled account"},
		{"carol", "sshd", "deny", "login"},
		/* What tenure.conf does not list is nobody's business here, be it a gate elsewhere. */
		{"alice", "nonsense", "ignore", "nonsense is no gate, login or batch service here"},
		{"alice", "su", "ignore", "su is no gate, login or batch service here"},
		/* A mapping of the gates alone leaves logins to the account. */
		{"bob", "sudo", "deny", "become:root"},
		{"bob", "sshd", "ignore", "bob is mapped for the gates alone"},
		{"bob", "cron", "ignore", "bob is mapped for the gates alone"},
		{"u1", "sshd", "ignore", "bob is mapped for the gates alone"},
		{"ben", "sshd", "allow", "login"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(bed_as(*state, 0, NO_LOGIN, explain, (void *)(uintptr_t)&cases[i]), 0);
}

static int explain_modes(struct bed *b, void *argument)
{
	json_t *reply;

	(void)argument;
	(void)peer_ask(b, "Explain", json_pack("{s:s}", "service", "su-l"), NULL, &reply);
	if (strcmp(string_of(reply, "verdict"), "deny") != 0 || strcmp(string_of(reply, "mode"), "report-only") != 0 ||
	    !trace_has(reply, "a denial is logged, and it passes"))
		return 1;
	(void)peer_ask(b, "Explain", json_pack("{s:s}", "service", "sudo"), NULL, &reply);
	if (strcmp(string_of(reply, "mode"), "enforce") != 0 || trace_has(reply, "it passes"))
		return 2;
	(void)peer_ask(b, "Explain", json_pack("{s:s}", "service", "sshd"), NULL, &reply);
	return json_is_null(json_object_get(reply, "mode")) ? 0 : 3;
}

static void test_explain_says_when_a_gate_only_reports(void **state)
{
	assert_int_equal(bed_as(*state, ALICE, NO_LOGIN, explain_modes, NULL), 0);
}

/* --- what may be asked for --- */

static const char *message_of(const json_t *reply)
{
	return string_of(reply, "message");
}

static int ask_out_of_bounds(struct bed *b, void *argument)
{
	json_t *reply;

	(void)argument;
	for (int i = 0; i < 2; i++)
		if (strcmp(peer_ask(b, "Request", json_pack("{s:s, s:i}", "role", "quick", "duration", i ? 1 : 9 * 3600),
				    NULL, &reply),
			   "Invalid") != 0 ||
		    strcmp(message_of(reply), "quick can be had for 1m to 2h") != 0)
			return 1;
	if (strcmp(peer_ask(b, "Request", json_pack("{s:s, s:s}", "role", "quick", "scope", "/prod/hr"), NULL, &reply),
		   "Invalid") != 0 ||
	    strcmp(message_of(reply), "quick can be had at / down to /prod/db1") != 0)
		return 2;
	return 0;
}

static void test_what_is_out_of_bounds_hears_the_bounds(void **state)
{
	assert_int_equal(bed_as(*state, ALICE, NO_LOGIN, ask_out_of_bounds, NULL), 0);
}

static json_t *own_grant(json_t *reply)
{
	return json_object_get(reply, "request");
}

static int extend(struct bed *b, void *argument)
{
	json_t *first, *reply;
	const char *next;

	(void)argument;
	if (strcmp(peer_ask(b, "Request", json_pack("{s:s, s:i}", "role", "quick", "duration", 3600), NULL, &first), "") != 0)
		return 1;
	/* From now, not behind what is held: ten minutes are over before the hour is. */
	if (strcmp(peer_ask(b, "Extend", json_pack("{s:i}", "duration", 600), NULL, &reply), "Invalid") != 0)
		return 2;
	next = string_of(reply, "next");
	if (strncmp(message_of(reply), "you hold quick until ", 21) != 0 || !strstr(message_of(reply), " already") ||
	    (strcmp(next, "ask for more than 1h") != 0 && strncmp(next, "ask for more than 59m", 21) != 0))
		return 3;
	if (strcmp(peer_ask(b, "Extend", json_pack("{s:i}", "duration", 5400), NULL, &reply), "") != 0)
		return 4;
	if (strcmp(string_of(own_grant(reply), "until"), string_of(own_grant(first), "until")) <= 0)
		return 5;
	/* Two grants of one role are no riddle: the one that lasts longest is meant. */
	first = reply;
	if (strcmp(peer_ask(b, "Extend", json_pack("{s:i}", "duration", 7200), NULL, &reply), "") != 0 ||
	    strcmp(string_of(own_grant(reply), "extends"), string_of(own_grant(first), "id")) != 0)
		return 6;
	return 0;
}

static void test_an_extension_ends_later(void **state)
{
	assert_int_equal(bed_as(*state, ALICE, NO_LOGIN, extend, NULL), 0);
}

/* --- the rest of what is said --- */

static int look_on(struct bed *b, void *argument)
{
	json_t *reply;

	(void)argument;
	if (strcmp(peer_ask(b, "Status", NULL, NULL, &reply), "") != 0 || strcmp(string_of(reply, "user"), "root") != 0)
		return 1;
	/* root has no tenant, and yet the host is where the directory says. */
	if (strcmp(string_of(reply, "path"), "/prod/db1") != 0 || strcmp(string_of(reply, "host"), "db1") != 0)
		return 2;
	if (!json_is_null(json_object_get(reply, "degraded")))
		return 3;
	if (strcmp(peer_ask(b, "History", json_pack("{s:s}", "id", "AAAA-AAAA"), NULL, &reply), "NoSuchRequest") != 0)
		return 4;
	if (strcmp(peer_ask(b, "History", json_pack("{s:i}", "limit", 1001), NULL, &reply), "Invalid") != 0 ||
	    strcmp(peer_ask(b, "History", json_pack("{s:i}", "limit", 1000), NULL, &reply), "") != 0)
		return 5;
	return 0;
}

static void test_root_looks_on(void **state)
{
	assert_int_equal(bed_as(*state, 0, NO_LOGIN, look_on, NULL), 0);
}

static int ask_with_ticket(struct bed *b, void *argument)
{
	json_t *reply;
	char ticket[130];

	(void)argument;
	memset(ticket, 'x', sizeof(ticket));
	ticket[129] = '\0';
	if (strcmp(peer_ask(b, "Request", json_pack("{s:s, s:s}", "role", "quick", "ticket", ticket), NULL, &reply),
		   "Invalid") != 0)
		return 1;
	ticket[128] = '\0';
	if (strcmp(peer_ask(b, "Request", json_pack("{s:s, s:s}", "role", "quick", "ticket", ticket), NULL, &reply), "") !=
	    0)
		return 2;
	/* Of others: no next step helps who may not see it. */
	if (strcmp(peer_ask(b, "Status", json_pack("{s:s}", "user", "carol"), NULL, &reply), "NotYours") != 0 ||
	    json_object_get(reply, "next"))
		return 3;
	return 0;
}

static void test_a_ticket_has_128_bytes(void **state)
{
	assert_int_equal(bed_as(*state, ALICE, NO_LOGIN, ask_with_ticket, NULL), 0);
}

static int see_degraded(struct bed *b, void *argument)
{
	json_t *reply;

	(void)argument;
	(void)peer_ask(b, "Status", NULL, NULL, &reply);
	return strstr(string_of(reply, "degraded"), "the journal is damaged") ? 0 : 1;
}

/* Who may ask for something hears that nothing can be had. */
static void test_status_says_that_nothing_can_be_granted(void **state)
{
	static const char file[] = "var/lib/tenure/journal/journal-00000000000000000001.jsonl";
	struct bed *b = *state;
	FILE *f;

	bed_stop(b, SIGKILL);
	f = fopen(bed_path(b, file), "r+e");
	assert_non_null(f);
	assert_int_equal(fseek(f, 20, SEEK_SET), 0);
	assert_int_equal(fputc('~', f), '~');
	assert_int_equal(fclose(f), 0);
	bed_start(b);
	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, see_degraded, NULL), 0);
	assert_int_equal(bed_as(b, 0, NO_LOGIN, see_degraded, NULL), 0);
}

/* --- what is held, to who decides an extension --- */

static const char *const right_password[] = {PASSWORD, NULL};

static int ask_for_operator(struct bed *b, void *argument)
{
	json_t *reply;
	json_t *p = json_pack("{s:s, s:i}", "reason", "x", "duration", argument ? 7200 : 3600);

	if (!argument)
		json_object_set_new(p, "role", json_string("db-operator"));
	return strcmp(peer_ask(b, argument ? "Extend" : "Request", p, right_password, &reply), "") == 0 ? 0 : 1;
}

static const json_t *first_pending(struct bed *b)
{
	json_t *reply;

	if (strcmp(peer_ask(b, "Pending", NULL, NULL, &reply), "") != 0)
		_exit(98);
	return json_array_get(json_object_get(reply, "items"), 0);
}

static int approve_first(struct bed *b, void *argument)
{
	const json_t *row = first_pending(b);
	json_t *reply;
	const char *error;

	/* The second time it is an extension: what is held without it stands in the row. */
	if (json_is_null(json_object_get(row, "held_until")) == (argument != NULL) ||
	    json_is_null(json_object_get(row, "extends")) == (argument != NULL))
		return 1;
	error = peer_ask(b, "Approve", json_pack("{s:s, s:s}", "id", string_of(row, "id"), "reason", "fine"),
			 right_password, &reply);
	return strcmp(error, "") == 0 ? 0 : 2;
}

static void test_who_decides_an_extension_sees_what_is_held(void **state)
{
	static const char extension[] = "";

	if (!bed_can_set_login_uid())
		skip_because("no audit: a login uid cannot be set");
	for (const char *what = NULL;; what = extension) {
		assert_int_equal(bed_as(*state, ALICE, ALICE, ask_for_operator, (void *)(uintptr_t)what), 0);
		assert_int_equal(bed_as(*state, CAROL, CAROL, approve_first, (void *)(uintptr_t)what), 0);
		if (what)
			return;
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_explain_judges_what_the_modules_judge),
		TEST(test_explain_says_when_a_gate_only_reports),
		TEST(test_what_is_out_of_bounds_hears_the_bounds),
		TEST(test_an_extension_ends_later),
		TEST(test_who_decides_an_extension_sees_what_is_held),
		TEST(test_root_looks_on),
		TEST(test_a_ticket_has_128_bytes),
		TEST(test_status_says_that_nothing_can_be_granted),
	};

	if (geteuid() != 0) {
		(void)puts("skipped: needs root, to be other users");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
