/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two tenants at one broker: no verb tells one of the other, by an answer, by an error or by the words of one. */
#include "tests/unit/cmocka_test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/server_fixture.h"

#define ZOE	1950000001u /* fabrikam: reads everything, looks after sessions; her id in the directory is ALICE's */
#define ALICE_ID "c4be3a09-07c1-5319-b3ab-48661336acec" /* by her name and tenant */

static const char *const right_password[] = {PASSWORD, NULL};

static void add_fabrikam(struct bed *b)
{
	bed_write(b, "etc/tenure/tenure.conf",
		  "tenants = [ \"contoso\", \"fabrikam\" ];\n"
		  "gate = { mode = \"enforce\"; services = [ \"sudo\" ]; break_glass_users = [ ]; };\n"
		  "ceiling = { allow_become = [ \"root\" ]; allow_groups = [ ]; };\n"
		  "local_logins = ( { login = \"bob\"; principal = \"u1@contoso.com\"; } );\n",
		  0644);
	bed_write(b, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/sh\n", 0644);
	bed_write(b, "etc/tenure/tenants.d/fabrikam.conf",
		  "id = \"5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f61\";\ndomains = [ \"fabrikam.com\" ];\nsource = \"file\";\n"
		  "id_range = [ 1950000000, 1950099999 ];\nrole_gids = [ 1950090000, 1950090999 ];\nvisibility = \"tenant\";\n",
		  0644);
	bed_write(b, "etc/tenure/directory.d/fabrikam.conf",
		  "version = 1;\nusers = (\n"
		  "{ name = \"zoe\"; uid = 1950000001; id = \"" ALICE_ID "\"; },\n"
		  "{ name = \"yan\"; uid = 1950000002; } );\n"
		  "roles = ( { name = \"db-operator\"; title = \"Another\"; actions = [ \"become:root\" ];\n"
		  "  activation = { max_duration = \"2h\"; justification = false; step_up = false; approvals = 1; }; } );\n"
		  "assignments = (\n"
		  "{ type = \"active\"; role = \"host-user-login\"; user = \"yan\"; scope = \"/\"; },\n"
		  "{ type = \"eligible\"; role = \"db-operator\"; user = \"zoe\"; scope = \"/\"; },\n"
		  "{ type = \"active\"; role = \"security-reader\"; user = \"zoe\"; scope = \"/\"; },\n"
		  "{ type = \"active\"; role = \"privileged-role-administrator\"; user = \"zoe\"; scope = \"/\"; },\n"
		  "{ type = \"active\"; role = \"helpdesk-administrator\"; user = \"zoe\"; scope = \"/\"; } );\n",
		  0600);
}

static int setup(void **state)
{
	struct bed *b;
	int r = bed_setup(state);

	if (r != 0)
		return r;
	b = *state;
	bed_stop(b, 15);
	add_fabrikam(b);
	bed_start(b);
	return 0;
}

static int file_request(struct bed *b, void *argument)
{
	json_t *reply;
	const char *error = peer_ask(b, "Request", json_pack("{s:s, s:s}", "role", "db-operator", "reason", "x"),
				     right_password, &reply);

	(void)argument;
	if (*error)
		(void)fprintf(stderr, "Request: %s\n", error);
	return *error ? 1 : 0;
}

/* The whole of an answer, errors included, as text. */
static void answer_of(struct bed *b, const char *method, json_t *parameters, char *buf, size_t len)
{
	json_t *reply = NULL;
	const char *error = peer_ask(b, method, parameters, NULL, &reply);
	char *text = reply ? json_dumps(reply, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	(void)snprintf(buf, len, "%s %s", error, text ? text : "");
	free(text);
	json_decref(reply);
}

static void put_name(char *text, const char *name, const char *instead)
{
	for (char *at; (at = strstr(text, name));) {
		memmove(at + strlen(instead), at + strlen(name), strlen(at + strlen(name)) + 1);
		memcpy(at, instead, strlen(instead));
	}
}

/* Of those of the other tenant she hears what she hears of nobody, to the letter. */
static int ask_about_others(struct bed *b, void *argument)
{
	static const char *const methods[] = {"Status", "Roles", "Explain", "History", "Sessions"};
	static const char *const names[] = {"alice@contoso.com", "u1@contoso.com", "bob", "alice", "zoe@contoso.com"};
	static char about[65536], nobody[65536];

	(void)argument;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
			answer_of(b, methods[i], json_pack("{s:s}", "user", names[n]), about, sizeof(about));
			answer_of(b, methods[i], json_pack("{s:s}", "user", "nobody@nowhere.example"), nobody, sizeof(nobody));
			put_name(nobody, "nobody@nowhere.example", names[n]);
			if (strcmp(about, nobody) != 0) {
				(void)fprintf(stderr, "%s of %s: %s\nof nobody: %s\n", methods[i], names[n], about, nobody);
				return 1;
			}
		}
	return 0;
}

static int ask_about_own(struct bed *b, void *argument)
{
	char text[4096];

	(void)argument;
	answer_of(b, "Roles", json_pack("{s:s}", "user", "yan@fabrikam.com"), text, sizeof(text));
	return strncmp(text, " {\"items\":[{", 12) == 0 ? 0 : 1;
}

/* Nothing that she may read has a word of the other tenant. */
static int read_everything(struct bed *b, void *argument)
{
	static const char *const methods[] = {"Status", "Roles", "Explain", "History", "Sessions", "Pending"};
	static char text[1 << 20];

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		answer_of(b, methods[i], NULL, text, sizeof(text));
		if (text[0] != ' ' || strstr(text, argument) || strstr(text, "19000")) {
			(void)fprintf(stderr, "%s: %s\n", methods[i], text);
			return 1;
		}
	}
	return 0;
}

static int try_id(struct bed *b, void *argument)
{
	static const char *const methods[] = {"Show", "Cancel", "End", "Approve", "Deny", "Revoke"};
	char text[4096];

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		answer_of(b, methods[i],
			  i < 3 ? json_pack("{s:s}", "id", argument) : json_pack("{s:s, s:s}", "id", argument, "reason", "x"), text,
			  sizeof(text));
		if (strncmp(text, "NoSuchRequest ", 14) != 0) {
			(void)fprintf(stderr, "%s: %s\n", methods[i], text);
			return 1;
		}
	}
	answer_of(b, "History", json_pack("{s:s}", "id", argument), text, sizeof(text));
	return strncmp(text, "NoSuchRequest ", 14) == 0 ? 0 : 2;
}

static void test_another_tenants_people_are_nobody(void **state)
{
	struct bed *b = *state;

	assert_int_equal(bed_as(b, ZOE, NO_LOGIN, ask_about_own, NULL), 0);
	assert_int_equal(bed_as(b, ZOE, NO_LOGIN, ask_about_others, NULL), 0);
}

static int history_of(struct bed *b, void *argument)
{
	static char text[1 << 20];

	answer_of(b, "History", NULL, text, sizeof(text));
	return strstr(text, argument) ? 0 : 1;
}

/* The trail of each is theirs; the host's administrator has all of it. */
static void test_another_tenants_trail_is_not_shown(void **state)
{
	struct bed *b = *state;
	json_t *reply;
	char id[16];

	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, file_request, NULL), 0);
	assert_int_equal(bed_as(b, READER, NO_LOGIN, history_of, (void *)(uintptr_t) "alice@contoso.com"), 0);
	assert_int_equal(bed_as(b, READER, NO_LOGIN, history_of, (void *)(uintptr_t)ALICE_ID), 0);
	assert_int_equal(bed_as(b, 0, NO_LOGIN, history_of, (void *)(uintptr_t) "alice@contoso.com"), 0);
	assert_int_equal(bed_as(b, ZOE, NO_LOGIN, read_everything, (void *)(uintptr_t) "contoso"), 0);
	assert_int_equal(bed_as(b, ZOE, NO_LOGIN, history_of, (void *)(uintptr_t) "\"event\":\"start\""), 0);
	assert_string_equal(peer_ask(b, "Pending", NULL, NULL, &reply), "");
	(void)snprintf(id, sizeof(id), "%s",
		       json_string_value(json_object_get(json_array_get(json_object_get(reply, "items"), 0), "id")));
	json_decref(reply);
	assert_int_equal(bed_as(b, ZOE, NO_LOGIN, try_id, id), 0);
}

/* 0: the first is taken, and the limit was reached some time. */
static int spend_all(struct bed *b, void *argument)
{
	char text[4096];

	(void)argument;
	for (int i = 0; i < 200; i++) {
		answer_of(b, "Request", json_pack("{s:s}", "role", "quick"), text, sizeof(text));
		if (strncmp(text, "Busy ", 5) == 0)
			return 0;
		answer_of(b, "End", NULL, text, sizeof(text));
		if (strncmp(text, "Busy ", 5) == 0)
			return 0;
	}
	return 1;
}

static int request_the_same(struct bed *b, void *argument)
{
	char text[4096];

	(void)argument;
	answer_of(b, "Request", json_pack("{s:s}", "role", "db-operator"), text, sizeof(text));
	if (text[0] != ' ')
		(void)fprintf(stderr, "Request: %s\n", text);
	return text[0] == ' ' ? 0 : 1;
}

/* They have one id in two directories: what one asks for, and spends, is none of the other's. */
static void test_one_id_in_two_tenants(void **state)
{
	struct bed *b = *state;

	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, file_request, NULL), 0);
	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, spend_all, NULL), 0);
	assert_int_equal(bed_as(b, ZOE, NO_LOGIN, request_the_same, NULL), 0);
}

static int deny_as_root(struct bed *b, void *argument)
{
	char text[4096];

	answer_of(b, "Deny", json_pack("{s:s, s:s}", "id", argument, "reason", "x"), text, sizeof(text));
	return text[0] == ' ' ? 0 : 1;
}

/* zoe, as root: the host's administrator sees who it was, the other tenant's auditor that it was root. */
static void test_who_acts_as_root_is_the_hosts_to_know(void **state)
{
	struct bed *b = *state;
	json_t *reply;
	char id[16];

	if (!bed_can_set_login_uid())
		skip_because("no audit: a login uid cannot be set");
	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, file_request, NULL), 0);
	assert_string_equal(peer_ask(b, "Pending", NULL, NULL, &reply), "");
	(void)snprintf(id, sizeof(id), "%s",
		       json_string_value(json_object_get(json_array_get(json_object_get(reply, "items"), 0), "id")));
	json_decref(reply);
	assert_int_equal(bed_as(b, 0, ZOE, deny_as_root, id), 0);
	assert_int_equal(bed_as(b, 0, NO_LOGIN, history_of, (void *)(uintptr_t) "1950000001"), 0);
	assert_int_equal(bed_as(b, READER, NO_LOGIN, history_of, (void *)(uintptr_t) "\"event\":\"deny\""), 0);
	assert_int_equal(bed_as(b, READER, NO_LOGIN, history_of, (void *)(uintptr_t) "1950000001"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_another_tenants_people_are_nobody, setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_another_tenants_trail_is_not_shown, setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_one_id_in_two_tenants, setup, bed_teardown),
		cmocka_unit_test_setup_teardown(test_who_acts_as_root_is_the_hosts_to_know, setup, bed_teardown),
	};

	if (geteuid() != 0) {
		(void)puts("skipped: needs root, to be other users");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
