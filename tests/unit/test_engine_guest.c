/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Guests of contoso from fabrikam: what is listed, as long as it is, and nothing beside. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/policy.h"
#include "daemon/tenured/session_engine.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define CONTOSO	  "etc/tenure/tenants.d/contoso.conf"
#define DIRECTORY "etc/tenure/directory.d/contoso.conf"
#define ABROAD	  "etc/tenure/directory.d/fabrikam.conf"
#define TRUST	  "trusts = ( { tenant = \"fabrikam\"; users = [ \"zoe\" ]; groups = [ \"vendors\" ]; } );\n"

#define UID_ZOE 1910000002u /* a guest by name */
#define UID_VAL 1910000003u /* a guest through vendors, which lower holds */
#define UID_YAN 1910000004u /* no guest */
#define UID_VINCE 1002u /* a local account, mapped to val by one test */
#define ALICE_ID "c4be3a09-07c1-5319-b3ab-48661336acec" /* contoso's alice, by her name and tenant */

/* %s: of zoe; of assignments. */
static const char abroad[] =
	"version = 1;\n"
	"users = ( { name = \"fred\"; uid = 1910000001; },\n"
	"  { name = \"zoe\"; uid = 1910000002; id = \"" ALICE_ID "\"; %s },\n"
	"  { name = \"val\"; uid = 1910000003; }, { name = \"yan\"; uid = 1910000004; } );\n"
	"groups = ( { name = \"vendors\"; member_groups = [ \"lower\" ]; }, { name = \"lower\"; members = [ \"val\" ]; } );\n"
	"roles = ( { name = \"operator\"; actions = [ \"become:root\" ]; } );\n"
	"assignments = ( { type = \"active\"; role = \"operator\"; user = \"fred\"; scope = \"/\"; }%s );\n";

static void write_abroad(struct engine_fixture *f, const char *of_zoe, const char *assignments)
{
	char text[4096];

	(void)snprintf(text, sizeof(text), abroad, of_zoe, assignments);
	fixture_write(f, ABROAD, text);
}

#define GUESTS                                                                                                         \
	"assignments = (\n"                                                                                            \
	"  { type = \"active\"; role = \"web\"; guest = \"zoe@fabrikam.com\"; scope = \"/prod\"; },\n"                   \
	"  { type = \"eligible\"; role = \"quick\"; guest = \"zoe@fabrikam.com\"; scope = \"/prod\"; },\n"               \
	"  { type = \"eligible\"; role = \"two-eyes\"; guest = \"zoe@fabrikam.com\"; scope = \"/prod\"; },\n"            \
	"  { type = \"active\"; role = \"web\"; guest = \"val@fabrikam.com\"; scope = \"/prod\"; },\n"

static int setup(void **state)
{
	int r = engine_fixture_setup_host(state);
	struct engine_fixture *f = *state;

	if (r != 0)
		return r;
	fixture_bind_fabrikam(f);
	write_abroad(f, "", "");
	fixture_edit(f, CONTOSO, "visibility", TRUST "visibility");
	fixture_edit(f, DIRECTORY, "roles = (\n", "roles = (\n  { name = \"web\"; actions = [ \"login\", \"become:postgres\" ]; },\n");
	fixture_edit(f, DIRECTORY, "assignments = (\n", GUESTS);
	fixture_start(f);
	return 0;
}

static struct session_judgement judged_as(struct engine_fixture *f, uid_t uid, const char *target, const struct uuid *as)
{
	struct session_engine glue;
	struct session_ports ports;
	struct session_judgement j;
	struct session_question q = {.kind = target ? SESSION_GATE : SESSION_LOGIN, .service = "sudo", .invoker = uid,
				     .groups = "", .target = target ? target : "zoe", .principal = *as};

	session_engine_ports(&glue, f->engine, NULL, &ports);
	assert_int_equal(engine_now(f->engine, &q.now), 0);
	assert_int_equal(ports.judge(ports.context, &q, &j), 0);
	return j;
}

static struct session_judgement judged(struct engine_fixture *f, uid_t uid, const char *target)
{
	return judged_as(f, uid, target, &(struct uuid){{0}});
}

static bool may(struct engine_fixture *f, uid_t uid, const char *target)
{
	return judged(f, uid, target).decision.verdict == VERDICT_ALLOW;
}

/* The same, of the files alone, as a gate reads them. */
static enum why published(struct engine_fixture *f, uid_t uid, const char *target)
{
	CLEANUP(index_closep) struct index_view *index = NULL;
	CLEANUP(policy_closep) struct policy *home = NULL, *policy = NULL;
	CLEANUP(holders_closep) struct holders *grants = NULL;
	struct decision_request q = {.question = QUESTION_GATE, .target = target, .target_user = NO_INDEX};
	struct decision d;
	bool trusts;

	assert_int_equal(engine_now(f->engine, &q.now), 0);
	assert_int_equal(index_open(&index), 0);
	assert_int_equal(index_trusts(index, 0, 1, &trusts), 0);
	if (!trusts)
		return WHY_NO_ACTIVE_ROLE;
	assert_int_equal(policy_open("fabrikam", &home), 0);
	assert_int_equal(policy_open("contoso", &policy), 0);
	assert_int_equal(holders_open("contoso", "grants", &grants), 0);
	if (policy_principal_by_uid(home, uid, &q.principal) < 0) /* mapped ones, too */
		return WHY_UNKNOWN_USER;
	(void)!decide_guest(home, policy, grants, &q, &d, NULL, NULL);
	return d.why;
}

static void test_what_is_listed(void **state)
{
	struct engine_fixture *f = *state;
	const struct session_judgement j = judged(f, UID_ZOE, "postgres");

	assert_int_equal(engine_problems(f->engine)->errors, 0);
	assert_int_equal(j.decision.verdict, VERDICT_ALLOW);
	assert_string_equal(j.decision.role, "web");
	assert_string_equal(j.user, "zoe@fabrikam.com");
	assert_true(may(f, UID_ZOE, NULL)); /* login */
	assert_true(may(f, UID_VAL, "postgres"));
	assert_false(may(f, UID_YAN, "postgres"));
	assert_false(may(f, UID_FRED, "postgres"));
	assert_true(may(f, UID_FRED, "root")); /* his own */
	assert_false(may(f, UID_ZOE, "root"));
	assert_int_equal(published(f, UID_ZOE, "postgres"), WHY_NONE);
	assert_int_equal(published(f, UID_YAN, "postgres"), WHY_NO_ACTIVE_ROLE);
	/* It goes one way. */
	assert_false(may(f, UID_ALICE, "root"));
	/* The host's ceiling caps what is given to a guest as well. */
	fixture_edit(f, "etc/tenure/tenure.conf", "\"postgres\"", "\"oracle\"");
	fixture_reload(f);
	assert_false(may(f, UID_ZOE, "postgres"));
	fixture_edit(f, "etc/tenure/tenure.conf", "\"oracle\"", "\"postgres\"");
	fixture_reload(f);
	/* One that was opened as a guest stays the guest's, whatever else. */
	assert_int_equal(judged_as(f, UID_ZOE, "postgres", &j.principal).decision.verdict, VERDICT_ALLOW);
}

/* Zoe has alice's id, in her own tenant; here she is somebody else. */
static void test_equal_ids_are_two(void **state)
{
	struct engine_fixture *f = *state;
	const struct actor alice = fixture_actor(f, UID_ALICE), zoe = fixture_actor(f, UID_ZOE);
	struct actor guest;

	assert_true(uuid_equal(&alice.principal_id, &zoe.principal_id));
	assert_int_equal(engine_guest(f->engine, &zoe, 0, &guest), 0);
	assert_false(uuid_equal(&alice.principal_id, &guest.principal_id));
	assert_int_equal(engine_guest(f->engine, &alice, 1, &guest), -ENOENT);
	assert_false(may(f, UID_ZOE, "root"));
	/* Alice is eligible for short, zoe is not. */
	fixture_edit(f, CONTOSO, TRUST, "");
	fixture_reload(f);
	assert_int_equal(engine_guest(f->engine, &zoe, 0, &guest), -ENOENT);
	/* The id of hers that contoso derives is not one that fabrikam can take from it. */
	assert_true(fixture_actor(f, UID_ALICE).governed);
}

static void expect_out(struct engine_fixture *f, uid_t uid, const char *what)
{
	if (may(f, uid, "postgres") || may(f, uid, NULL))
		fail_msg("%s: uid %u is let in", what, uid);
	if (published(f, uid, "postgres") == WHY_NONE)
		fail_msg("%s: uid %u is let in by the files", what, uid);
}

static void expect_in(struct engine_fixture *f, uid_t uid, const char *what)
{
	if (!may(f, uid, "postgres") || published(f, uid, "postgres") != WHY_NONE)
		fail_msg("%s: uid %u is not let in", what, uid);
}

static void test_what_is_removed_is_gone(void **state)
{
	struct engine_fixture *f = *state;
	static const struct {
		const char *file, *from, *to;
		bool zoe, val;
	} cuts[] = {
		{CONTOSO, TRUST, "", false, false},
		{CONTOSO, "[ \"zoe\" ]", "[ ]", false, true},
		{CONTOSO, "groups = [ \"vendors\" ]; ", "", true, false},
		{ABROAD, "members = [ \"val\" ]", "members = [ \"yan\" ]", true, false},
		{ABROAD, "uid = 1910000003", "enabled = false; uid = 1910000003", true, false},
		{ABROAD, "uid = 1910000003", "end = \"2026-03-02T12:00:00Z\"; uid = 1910000003", true, false},
		{ABROAD, "uid = 1910000003", "start = \"2026-03-02T14:00:00Z\"; uid = 1910000003", true, false},
		{DIRECTORY, "guest = \"val@fabrikam.com\"", "guest = \"yan@fabrikam.com\"", true, false},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cuts); i++) {
		char *good = fixture_read(f, cuts[i].file);

		expect_in(f, UID_ZOE, "before");
		expect_in(f, UID_VAL, "before");
		fixture_edit(f, cuts[i].file, cuts[i].from, cuts[i].to);
		fixture_reload(f);
		(cuts[i].zoe ? expect_in : expect_out)(f, UID_ZOE, cuts[i].from);
		(cuts[i].val ? expect_in : expect_out)(f, UID_VAL, cuts[i].from);
		assert_int_not_equal(published(f, UID_YAN, "postgres"), WHY_NONE);
		fixture_write(f, cuts[i].file, good);
		fixture_reload(f);
		free(good);
	}
}

/* Of whom the other tenant has no more. */
static void test_a_deleted_user_is_no_guest(void **state)
{
	struct engine_fixture *f = *state;

	fixture_edit(f, ABROAD, "name = \"zoe\"; uid = 1910000002", "name = \"zed\"; uid = 1910000002");
	fixture_reload(f);
	expect_out(f, UID_ZOE, "renamed");
	expect_in(f, UID_VAL, "the other");
	assert_true(fixture_has_problem(f, "dir-reference", "tenants.d/contoso.conf")); /* the trust's */
	assert_true(fixture_has_problem(f, "dir-reference", NULL));
}

static void test_denies_win(void **state)
{
	struct engine_fixture *f = *state;
	char *good = fixture_read(f, DIRECTORY);

	/* Of her own tenant, which gives her nothing itself. */
	write_abroad(f, "", ", { type = \"deny\"; actions = [ \"become:postgres\" ]; user = \"zoe\"; scope = \"/\"; }");
	fixture_reload(f);
	assert_false(may(f, UID_ZOE, "postgres"));
	assert_int_equal(published(f, UID_ZOE, "postgres"), WHY_DENIED);
	assert_true(may(f, UID_ZOE, NULL));
	/* One that begins later ends what she has then. */
	write_abroad(f, "", ", { type = \"deny\"; actions = [ \"become:postgres\" ]; user = \"zoe\"; scope = \"/\"; "
			    "start = \"2026-03-02T13:30:00Z\"; }");
	fixture_reload(f);
	assert_int_equal(judged(f, UID_ZOE, "postgres").decision.window.end_ns, TEST_NOW + 1800 * NS_PER_S);
	write_abroad(f, "", "");
	/* Of the one that lets her in. */
	fixture_edit(f, DIRECTORY, "assignments = (\n",
		     "assignments = (\n  { type = \"deny\"; role = \"web\"; guest = \"zoe@fabrikam.com\"; scope = \"/\"; },\n");
	fixture_reload(f);
	assert_int_equal(engine_problems(f->engine)->errors, 0);
	expect_out(f, UID_ZOE, "denied");
	expect_in(f, UID_VAL, "not denied");
	fixture_write(f, DIRECTORY, good);
	free(good);
}

/* A deny of whom there is not may be meant for one whom there is: until it is mended, guests hold nothing. */
static void test_a_deny_of_nobody_closes_to_guests_alone(void **state)
{
	struct engine_fixture *f = *state;

	fixture_edit(f, DIRECTORY, "assignments = (\n",
		     "assignments = (\n  { type = \"deny\"; role = \"web\"; guest = \"zoo@fabrikam.com\"; scope = \"/\"; },\n");
	fixture_reload(f);
	assert_true(fixture_has_problem(f, "dir-restriction", NULL));
	expect_out(f, UID_ZOE, "zoo");
	expect_out(f, UID_VAL, "zoo");
	/* What contoso takes away is gone all the same: fabrikam cannot keep its policy as it is. */
	fixture_edit(f, DIRECTORY, "{ type = \"eligible\"; role = \"short\"; group = \"dba\"; scope = \"/prod\";\n    end = \"2026-03-02T14:00:00Z\"; }",
		     "{ type = \"active\"; role = \"short\"; group = \"dba\"; scope = \"/prod\"; }");
	fixture_reload(f);
	assert_true(may(f, UID_ALICE, "postgres"));
}

/* What is in force of the guests' own tenant is not what its file says. */
static void test_unreadable_denies(void **state)
{
	struct engine_fixture *f = *state;

	fixture_write(f, "var/lib/tenure/tenants/contoso/policy", "torn");
	fixture_stop(f);
	fixture_write(f, DIRECTORY, "version = 1;\nassignments = ( { type = \"deny\"; role = \"none\"; user = \"alice\"; scope = \"/\"; } );");
	fixture_remove(f, "var/lib/tenure/last/directory.d/contoso.conf");
	fixture_restart(f);
	assert_false(may(f, UID_ZOE, "postgres"));
	assert_false(may(f, UID_ZOE, NULL));
	assert_true(may(f, UID_FRED, "root"));
}

static const struct request *elevated(struct engine_fixture *f)
{
	const struct request_input in = {.role = "quick", .ticket = "T1"};
	const struct actor zoe = fixture_actor(f, UID_ZOE);
	const struct request *r;
	struct actor guest;

	assert_int_equal(engine_guest(f->engine, &zoe, 0, &guest), 0);
	assert_int_equal(engine_request(f->engine, &guest, &in, true, &r), 0);
	assert_int_equal(r->state, REQUEST_ACTIVE);
	return r;
}

/* What contoso's directory says does not hold: what is in force is of before, and so are its guests. */
static void test_the_last_good_policy_lets_nobody_in(void **state)
{
	struct engine_fixture *f = *state;
	const struct uuid id = elevated(f)->id;
	const struct request *r;
	struct actor guest, zoe = fixture_actor(f, UID_ZOE);
	char *good = fixture_read(f, DIRECTORY);

	fixture_remove(f, "var/lib/tenure/last/directory.d/contoso.conf");
	fixture_edit(f, DIRECTORY, "assignments = (\n",
		     "assignments = (\n  { type = \"deny\"; role = \"none\"; user = \"alice\"; scope = \"/\"; },\n");
	fixture_reload(f);
	expect_out(f, UID_ZOE, "the last good policy");
	assert_true(may(f, UID_ALICE, NULL));
	assert_int_equal(engine_guest(f->engine, &zoe, 0, &guest), -ENOENT);
	assert_int_equal(engine_find_id(f->engine, &id, &r), 0);
	assert_int_equal(r->state, REQUEST_REVOKED);
	fixture_write(f, DIRECTORY, good);
	fixture_reload(f);
	expect_in(f, UID_ZOE, "mended");
	free(good);
}

/* One of fabrikam's with an account of /etc/passwd is a guest by that one. */
static void test_a_mapped_guest(void **state)
{
	struct engine_fixture *f = *state;

	fixture_edit(f, "etc/passwd", "bob:x", "vince:x:1002:1002::/home/vince:/bin/sh\nbob:x");
	fixture_edit(f, "etc/tenure/tenure.conf", "local_logins = (",
		     "local_logins = ( { login = \"vince\"; principal = \"val@fabrikam.com\"; },");
	fixture_reload(f);
	assert_true(may(f, UID_VINCE, "postgres"));
	assert_int_equal(published(f, UID_VINCE, "postgres"), WHY_NONE);
	assert_int_not_equal(published(f, UID_VAL, "postgres"), WHY_NONE);
	fixture_edit(f, CONTOSO, "groups = [ \"vendors\" ]; ", "");
	fixture_reload(f);
	assert_false(may(f, UID_VINCE, "postgres"));
	assert_int_not_equal(published(f, UID_VINCE, "postgres"), WHY_NONE);
}

static void test_trusts_that_make_no_sense(void **state)
{
	static const struct {
		const char *to, *id;
	} wrong[] = {
		{"trusts = ( { tenant = \"contoso\"; users = [ \"alice\" ]; } );\n", "conf-value"},
		{"trusts = ( { tenant = \"nobody\"; users = [ \"zoe\" ]; } );\n", "conf-value"},
		{"trusts = ( { tenant = \"fabrikam\"; }, { tenant = \"fabrikam\"; } );\n", "conf-value"},
		{"trusts = ( { tenant = \"fabrikam\"; users = [ \"zoe@fabrikam.com\" ]; } );\n", "conf-value"},
		{"trusts = ( { users = [ \"zoe\" ]; } );\n", "conf-missing"},
		{"trusts = ( { tenant = \"fabrikam\"; domains = [ \"*\" ]; } );\n", "conf-key"},
	};
	struct engine_fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(wrong); i++) {
		char *good = fixture_read(f, CONTOSO);

		fixture_edit(f, CONTOSO, TRUST, wrong[i].to);
		fixture_reload(f);
		if (!fixture_has_problem(f, wrong[i].id, NULL))
			fail_msg("%s", wrong[i].to);
		expect_in(f, UID_ZOE, "the last good one");
		fixture_write(f, CONTOSO, good);
		fixture_reload(f);
		free(good);
	}
}

/* No role that manages goes to a guest. */
static void test_a_guest_manages_nothing(void **state)
{
	struct engine_fixture *f = *state;
	const struct actor zoe = fixture_actor(f, UID_ZOE);
	struct actor guest;

	fixture_edit(f, DIRECTORY, "assignments = (\n",
		     "assignments = (\n  { type = \"active\"; role = \"global-administrator\"; guest = \"zoe@fabrikam.com\"; scope = \"/\"; },\n");
	fixture_reload(f);
	assert_true(fixture_has_problem(f, "dir-assignment", NULL));
	assert_false(may(f, UID_ZOE, "root"));
	assert_int_equal(engine_guest(f->engine, &zoe, 0, &guest), 0);
	assert_int_equal(engine_revoke(f->engine, &guest, &(struct uuid){{1}}, "x", &(const struct request *){NULL}), -ENOENT);
}

static void test_a_grant_ends_with_what_it_rests_on(void **state)
{
	static const struct {
		const char *file, *from, *to;
	} cuts[] = {
		{CONTOSO, TRUST, ""},
		{CONTOSO, "users = [ \"zoe\" ]; ", ""},
		{ABROAD, "uid = 1910000002", "enabled = false; uid = 1910000002"},
		{DIRECTORY, "role = \"quick\"; guest = \"zoe@fabrikam.com\"", "role = \"quick\"; guest = \"val@fabrikam.com\""},
		{ABROAD, ALICE_ID, "11111111-2222-4333-8444-555555555555"}, /* another zoe */
		{ABROAD, "uid = 1910000002; id = \"" ALICE_ID "\"", "uid = 1910000009; id = \"11111111-2222-4333-8444-666666666666\""},
	};
	struct engine_fixture *f = *state;

	fixture_edit(f, DIRECTORY, "{ type = \"active\"; role = \"web\"; guest = \"zoe@fabrikam.com\"; scope = \"/prod\"; },\n", "");
	fixture_reload(f);
	for (size_t i = 0; i < ARRAY_LENGTH(cuts); i++) {
		char *good = fixture_read(f, cuts[i].file);
		const struct request *r = elevated(f);
		const struct uuid id = r->id;
		struct session_judgement j = judged(f, UID_ZOE, "postgres");

		assert_string_equal(r->user, "zoe@fabrikam.com");
		assert_int_equal(r->tenant, 0);
		assert_int_equal(j.decision.verdict, VERDICT_ALLOW);
		assert_true(uuid_equal(&j.decision.request, &id));
		assert_true(fixture_granted(f, "postgres") > 0);
		fixture_restart(f);
		assert_true(may(f, UID_ZOE, "postgres"));
		fixture_edit(f, cuts[i].file, cuts[i].from, cuts[i].to);
		fixture_reload(f);
		assert_int_equal(engine_find_id(f->engine, &id, &r), 0);
		assert_int_equal(r->state, REQUEST_REVOKED);
		assert_int_equal(fixture_granted(f, "postgres"), 0);
		expect_out(f, UID_ZOE, cuts[i].from);
		j = judged_as(f, UID_ZOE, "postgres", &j.principal);
		assert_int_equal(j.decision.verdict, VERDICT_DENY);
		fixture_write(f, cuts[i].file, good);
		fixture_reload(f);
		free(good);
	}
}

/* Whose guests are gone: their uids are not retired in the name of who let them in. */
static void test_no_guests_uid_is_retired(void **state)
{
	struct engine_fixture *f = *state;

	fixture_edit(f, CONTOSO, TRUST, "");
	fixture_reload(f);
	assert_int_equal(fixture_count_events(f, "retire"), 0);
	assert_false(fixture_has_problem(f, "dir-uid-retired", NULL));
	assert_true(fixture_actor(f, UID_ZOE).governed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, engine_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_what_is_listed),
		TEST(test_equal_ids_are_two),
		TEST(test_what_is_removed_is_gone),
		TEST(test_a_deleted_user_is_no_guest),
		TEST(test_denies_win),
		TEST(test_a_deny_of_nobody_closes_to_guests_alone),
		TEST(test_unreadable_denies),
		TEST(test_the_last_good_policy_lets_nobody_in),
		TEST(test_a_mapped_guest),
		TEST(test_trusts_that_make_no_sense),
		TEST(test_a_guest_manages_nothing),
		TEST(test_a_grant_ends_with_what_it_rests_on),
		TEST(test_no_guests_uid_is_retired),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
