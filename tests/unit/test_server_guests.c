/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A guest at the broker: hears of the tenant that takes her in what she is given there and what she does, and no more. */
#include "tests/unit/cmocka_test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/server_fixture.h"

#define ZOE 1950000001u /* contoso's guest; her id in the directory is ALICE's */
#define YAN 1950000002u /* fabrikam's auditor and helpdesk, nobody's guest */
#define VAL 1950000003u /* contoso's guest, who is given nothing */
#define ALICE_ID "c4be3a09-07c1-5319-b3ab-48661336acec" /* by her name and tenant */

static void edit(struct bed *b, const char *name, const char *before, const char *text)
{
	static char old[1 << 16], edited[1 << 17];
	FILE *file = fopen(bed_path(b, name), "re");
	char *at;

	assert_non_null(file);
	old[fread(old, 1, sizeof(old) - 1, file)] = '\0';
	(void)fclose(file);
	at = strstr(old, before);
	assert_non_null(at);
	(void)snprintf(edited, sizeof(edited), "%.*s%s%s", (int)(at - old), old, text, at);
	bed_write(b, name, edited, 0600);
}

static void add_fabrikam(struct bed *b)
{
	bed_write(b, "etc/tenure/tenure.conf",
		  "tenants = [ \"contoso\", \"fabrikam\" ];\n"
		  "gate = { mode = \"enforce\"; services = [ \"sudo\" ]; break_glass_users = [ ]; };\n"
		  "ceiling = { allow_become = [ \"root\" ]; allow_groups = [ ]; };\n",
		  0644);
	bed_write(b, "etc/tenure/tenants.d/fabrikam.conf",
		  "id = \"5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f61\";\ndomains = [ \"fabrikam.com\" ];\nsource = \"file\";\n"
		  "id_range = [ 1950000000, 1950099999 ];\nrole_gids = [ 1950090000, 1950090999 ];\n",
		  0644);
	bed_write(b, "etc/tenure/directory.d/fabrikam.conf",
		  "version = 1;\nusers = ( { name = \"zoe\"; uid = 1950000001; id = \"" ALICE_ID "\"; },\n"
		  "{ name = \"yan\"; uid = 1950000002; }, { name = \"val\"; uid = 1950000003; } );\n"
		  "assignments = ( { type = \"active\"; role = \"security-reader\"; user = \"yan\"; scope = \"/\"; },\n"
		  "{ type = \"active\"; role = \"helpdesk-administrator\"; user = \"yan\"; scope = \"/\"; } );\n",
		  0600);
	edit(b, "etc/tenure/tenants.d/contoso.conf", "visibility",
	     "trusts = ( { tenant = \"fabrikam\"; users = [ \"zoe\", \"val\" ]; } );\n");
	edit(b, "etc/tenure/directory.d/contoso.conf", "{ type = \"active\"; role = \"host-user-login\"",
	     "{ type = \"eligible\"; role = \"quick\"; guest = \"zoe@fabrikam.com\"; scope = \"/\"; },\n"
	     "{ type = \"eligible\"; role = \"asked\"; guest = \"zoe@fabrikam.com\"; scope = \"/\"; },\n");
	edit(b, "etc/tenure/directory.d/contoso.conf", "{ name = \"db-operator\"",
	     "{ name = \"asked\"; actions = [ \"become:root\" ]; activation = { justification = false; step_up = false; "
	     "approvals = 1; approver_users = [ \"carol\" ]; }; },\n");
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

/* The whole of an answer, errors included, as text. */
static const char *answer_of(struct bed *b, const char *method, json_t *parameters)
{
	static char buf[1 << 20];
	json_t *reply = NULL;
	const char *error = peer_ask(b, method, parameters, NULL, &reply);
	char *text = reply ? json_dumps(reply, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

	(void)snprintf(buf, sizeof(buf), "%s %s", error, text ? text : "");
	free(text);
	json_decref(reply);
	return buf;
}

struct asked {
	const char *method, *key, *value; /* key NULL: no parameter */
	const char *has[4];
	bool nothing_of_contoso; /* but her own: none of its people, none of its other roles */
};

static int ask(struct bed *b, void *argument)
{
	static const char *const others[] = {"alice", "carol", "reader", "helper", "fast", "db-operator", "19000"};
	const struct asked *a = argument;
	const char *text = answer_of(b, a->method, a->key ? json_pack("{s:s}", a->key, a->value) : NULL);

	for (size_t i = 0; i < 4 && a->has[i]; i++)
		if (!strstr(text, a->has[i])) {
			(void)fprintf(stderr, "%s: no %s in %s\n", a->method, a->has[i], text);
			return 1;
		}
	for (size_t i = 0; a->nothing_of_contoso && i < sizeof(others) / sizeof(others[0]); i++)
		if (strstr(text, others[i])) {
			(void)fprintf(stderr, "%s: %s in %s\n", a->method, others[i], text);
			return 2;
		}
	return 0;
}

#define ASK(b, uid, ...) assert_int_equal(bed_as(b, uid, NO_LOGIN, ask, &(struct asked){__VA_ARGS__}), 0)

static void test_a_guest_sees_her_own(void **state)
{
	struct bed *b = *state;

	ASK(b, ZOE, "Roles", NULL, NULL, {"\"quick\"", "\"asked\"", "guest of contoso"}, true);
	ASK(b, ZOE, "Request", "role", "quick", {" {\"request\"", "\"active\"", "zoe@fabrikam.com"}, true);
	ASK(b, ZOE, "Request", "role", "asked", {"\"pending\"", "\"approvers\":[]"}, true);
	ASK(b, ZOE, "Status", NULL, NULL, {"activated", "\"tenant\":\"fabrikam\"", "\"pending\""}, true);
	ASK(b, ZOE, "Roles", NULL, NULL, {"activated"}, true);
	ASK(b, ZOE, "Explain", "target", "root", {"\"verdict\":\"allow\"", "contoso"}, true);
	ASK(b, ZOE, "History", NULL, NULL, {"\"event\":\"activate\"", "\"event\":\"request\"", "\"quick\""}, true);
	ASK(b, ZOE, "Extend", NULL, NULL, {"\"active\"", "\"extends\":\""}, true);
	ASK(b, ZOE, "Pending", NULL, NULL, {"asked"}, true);
	ASK(b, ZOE, "End", NULL, NULL, {"\"ended\""}, true);
	ASK(b, VAL, "Roles", NULL, NULL, {"{\"items\":[]}"}, true);
	ASK(b, VAL, "History", NULL, NULL, {"{\"intact\":true,\"items\":[]"}, true);
	ASK(b, VAL, "Explain", "target", "root", {"\"verdict\":\"deny\""}, true);
}

/* What is there and not hers is not there, by the same words. */
static int request_others(struct bed *b, void *argument)
{
	static const char *const roles[] = {"fast", "db-operator", "quick"};
	char nobody[4096];

	for (size_t i = 0; i < (argument ? 3u : 2u); i++) {
		char *at;

		(void)snprintf(nobody, sizeof(nobody), "%s", answer_of(b, "Request", json_pack("{s:s}", "role", "nosuch")));
		while ((at = strstr(nobody, "nosuch"))) {
			memmove(at + strlen(roles[i]), at + 6, strlen(at + 6) + 1);
			memcpy(at, roles[i], strlen(roles[i]));
		}
		if (strncmp(nobody, "NoSuchRole", 10) != 0 ||
		    strcmp(nobody, answer_of(b, "Request", json_pack("{s:s}", "role", roles[i]))) != 0) {
			(void)fprintf(stderr, "%s: %s\n", roles[i], nobody);
			return 1;
		}
	}
	return 0;
}

static int ask_about_others(struct bed *b, void *argument)
{
	static const char *const methods[] = {"Status", "Roles", "Explain", "History", "Sessions"};

	(void)argument;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strncmp(answer_of(b, methods[i], json_pack("{s:s}", "user", "alice@contoso.com")), "NotYours", 8) != 0)
			return 1;
	return 0;
}

static void test_nothing_else_is_there(void **state)
{
	struct bed *b = *state;

	assert_int_equal(bed_as(b, ZOE, NO_LOGIN, request_others, NULL), 0);
	assert_int_equal(bed_as(b, VAL, NO_LOGIN, request_others, b), 0);
	assert_int_equal(bed_as(b, YAN, NO_LOGIN, request_others, b), 0);
	assert_int_equal(bed_as(b, ZOE, NO_LOGIN, ask_about_others, NULL), 0);
}

static int hears_not(struct bed *b, void *argument)
{
	const struct asked *a = argument;
	const char *text = answer_of(b, a->method, a->key ? json_pack("{s:s}", a->key, a->value) : NULL);

	if (text[0] == ' ' && !strstr(text, a->has[0]))
		return 0;
	(void)fprintf(stderr, "%s: %s\n", a->method, text);
	return 1;
}

#define HEARS_NOT(b, uid, ...) assert_int_equal(bed_as(b, uid, NO_LOGIN, hears_not, &(struct asked){__VA_ARGS__}), 0)

/* What the guest does is in the trail of contoso: its auditor reads it, fabrikam's does not. */
static void test_whose_trail_it_is(void **state)
{
	struct bed *b = *state;

	ASK(b, ZOE, "Request", "role", "quick", {"\"active\""}, true);
	ASK(b, READER, "History", NULL, NULL, {"zoe@fabrikam.com", "\"quick\""}, false);
	ASK(b, READER, "History", "user", "zoe@fabrikam.com", {"\"quick\""}, false);
	ASK(b, READER, "Roles", "user", "zoe@fabrikam.com", {"\"quick\""}, false);
	HEARS_NOT(b, YAN, "History", NULL, NULL, {"quick"}, false);
	HEARS_NOT(b, YAN, "History", "user", "zoe@fabrikam.com", {"quick"}, false);
	HEARS_NOT(b, YAN, "Roles", "user", "zoe@fabrikam.com", {"quick"}, false);
	HEARS_NOT(b, YAN, "Status", "user", "zoe@fabrikam.com", {"quick"}, false);
	HEARS_NOT(b, YAN, "Explain", "user", "zoe@fabrikam.com", {"contoso"}, false);
	/* Contoso's own hear of her nothing but the guest. */
	ASK(b, ALICE, "History", NULL, NULL, {" {"}, false);
	HEARS_NOT(b, ALICE, "History", NULL, NULL, {"zoe"}, false);
	assert_int_equal(bed_as(b, 0, NO_LOGIN, ask, &(struct asked){"Roles", "user", "zoe@fabrikam.com", {"guest of contoso"}, false}), 0);
}

static int approve(struct bed *b, void *argument)
{
	json_t *reply = NULL, *items;
	char id[16];

	(void)argument;
	if (*peer_ask(b, "Pending", NULL, NULL, &reply))
		return 1;
	items = json_object_get(reply, "items");
	if (json_array_size(items) != 1)
		return 2;
	(void)snprintf(id, sizeof(id), "%s", json_string_value(json_object_get(json_array_get(items, 0), "id")));
	json_decref(reply);
	const char *error = peer_ask(b, "Approve", json_pack("{s:s, s:s}", "id", id, "reason", "go on"), NULL, &reply);

	if (*error)
		(void)fprintf(stderr, "Approve: %s\n", error);
	json_decref(reply);
	return *error ? 3 : 0;
}

static void test_who_approved_is_contoso(void **state)
{
	struct bed *b = *state;

	if (!bed_can_set_login_uid())
		skip_because("no audit: the login uid cannot be set");
	ASK(b, ZOE, "Request", "role", "asked", {"\"pending\""}, true);
	assert_int_equal(bed_as(b, CAROL, CAROL, approve, NULL), 0);
	ASK(b, ZOE, "Status", NULL, NULL, {"\"activated\"", "go on"}, true);
	ASK(b, ZOE, "History", NULL, NULL, {"\"event\":\"approve\"", "go on"}, true);
	ASK(b, READER, "History", NULL, NULL, {"carol@contoso.com", "zoe@fabrikam.com"}, false);
}

static void test_removed_at_once(void **state)
{
	struct bed *b = *state;
	struct wire_client *root;
	json_t *reply;

	ASK(b, ZOE, "Request", "role", "quick", {"\"active\""}, true);
	bed_write(b, "etc/tenure/tenants.d/contoso.conf",
		  "id = \"5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60\";\ndomains = [ \"contoso.com\" ];\nsource = \"file\";\n"
		  "id_range = [ 1900000000, 1900099999 ];\nrole_gids = [ 1900090000, 1900090999 ];\n",
		  0644);
	root = peer_connect(b, true);
	assert_string_equal(peer_call(root, "Reload", NULL, NULL, &reply), "");
	json_decref(reply);
	wire_client_free(root);
	ASK(b, ZOE, "Roles", NULL, NULL, {"{\"items\":[]}"}, true);
	ASK(b, ZOE, "Explain", "target", "root", {"\"verdict\":\"deny\""}, true);
	ASK(b, ZOE, "History", NULL, NULL, {"\"event\":\"revoke\"", "not-eligible"}, true);
	assert_int_equal(bed_as(b, ZOE, NO_LOGIN, request_others, b), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_guest_sees_her_own), TEST(test_nothing_else_is_there), TEST(test_whose_trail_it_is),
		TEST(test_who_approved_is_contoso), TEST(test_removed_at_once),
	};

	if (geteuid() != 0) {
		(void)puts("skipped: needs root, to be other users");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
