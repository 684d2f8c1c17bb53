/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Guests from, and guests of, a tenant whose directory is in LDAP: what changes there is true in the other tenant's files
 * at once, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka_test.h"
#include "tests/unit/delta_bed.h"

#define CONTOSO	 "etc/tenure/tenants.d/contoso.conf"
#define UID_AMY	 1950000001u
#define OUTSIDE	 1 /* positions in tenure.conf: contoso */

static const char contoso[] =
	"id = \"5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60\";\ndomains = [ \"contoso.com\" ];\nsource = \"file\";\n"
	"id_range = [ 1950000000, 1950099999 ];\nrole_gids = [ 1950090000, 1950090999 ];\n"
	"trusts = ( { tenant = \"fabrikam\"; users = [ \"user000020\" ]; groups = [ \"group00001\" ]; } );\n";

static const char directory[] =
	"version = 1;\nusers = ( { name = \"amy\"; uid = 1950000001; } );\n"
	"roles = ( { name = \"web\"; actions = [ \"become:postgres\" ]; } );\n"
	"assignments = (\n"
	"  { type = \"active\"; role = \"web\"; guest = \"user000005@fabrikam.com\"; scope = \"/\"; },\n"
	"  { type = \"active\"; role = \"web\"; guest = \"user000006@fabrikam.com\"; scope = \"/\"; },\n"
	"  { type = \"eligible\"; role = \"web\"; guest = \"user000020@fabrikam.com\"; scope = \"/\"; },\n"
	"  { type = \"active\"; role = \"web\"; guest = \"user000021@fabrikam.com\"; scope = \"/\"; } );\n";

static int setup(void **state)
{
	int r = delta_setup(state);
	struct engine_fixture *f = *state;

	if (r != 0)
		return r;
	fixture_write(f, CONTOSO, contoso);
	fixture_write(f, "etc/tenure/directory.d/contoso.conf", directory);
	fixture_edit(f, "etc/tenure/tenure.conf", "[ \"fabrikam\" ]", "[ \"fabrikam\", \"contoso\" ]");
	fixture_edit(f, "etc/tenure/tenants.d/fabrikam.conf", "source =",
		     "trusts = ( { tenant = \"contoso\"; users = [ \"amy\" ]; } );\nsource =");
	fixture_reload(f);
	return 0;
}

/* By the files, as a gate reads them. */
static bool may(struct engine_fixture *f, uid_t uid, const char *home_name, const char *name, const char *target)
{
	CLEANUP(policy_closep) struct policy *home = NULL, *policy = NULL;
	CLEANUP(holders_closep) struct holders *grants = NULL;
	struct decision_request q = {.question = QUESTION_GATE, .target = target, .target_user = NO_INDEX};
	struct decision d;

	assert_int_equal(engine_now(f->engine, &q.now), 0);
	assert_int_equal(policy_open(home_name, &home), 0);
	assert_int_equal(policy_open(name, &policy), 0);
	assert_int_equal(holders_open(name, "grants", &grants), 0);
	if (policy_principal_by_uid(home, uid, &q.principal) < 0)
		return false;
	return decide_guest(home, policy, grants, &q, &d, NULL, NULL) == VERDICT_ALLOW;
}

static bool is_guest(struct engine_fixture *f, unsigned n)
{
	return may(f, UID(n), "fabrikam", "contoso", "postgres");
}

static bool is_listed(uid_t uid)
{
	CLEANUP(policy_closep) struct policy *policy = NULL;
	struct policy_principal p;
	uint32_t found;

	assert_int_equal(policy_open("contoso", &policy), 0);
	return policy_principal_by_uid(policy, uid, &found) == 0 && policy_principal(policy, found, &p) == 0 && p.guest;
}

static void test_from_ldap(void **state)
{
	struct engine_fixture *f = *state;
	const struct actor who = fixture_actor(f, UID(20));
	const struct request_input in = {.role = "web", .reason = "x"};
	const struct request *r;
	struct actor guest;

	assert_true(is_guest(f, 5));
	assert_true(is_guest(f, 6));
	assert_false(is_guest(f, 20));
	assert_false(is_guest(f, 21)); /* named, and not listed */
	assert_int_equal(engine_guest(f->engine, &who, OUTSIDE, &guest), 0);
	assert_int_equal(engine_request(f->engine, &guest, &in, true, &r), 0);
	assert_true(is_guest(f, 20));
	/* Out of the group. */
	put_team(f, 1, 6, 4);
	world_commit(f, false);
	fixture_pass(f, 60 * NS_PER_S);
	assert_false(is_guest(f, 5));
	assert_false(is_listed(UID(5)));
	assert_true(is_guest(f, 6));
	disable(f, 6);
	assert_false(is_guest(f, 6));
	/* And in again. */
	put_team(f, 1, 5, 5);
	world_commit(f, false);
	fixture_pass(f, 60 * NS_PER_S);
	assert_true(is_guest(f, 5));
	/* Who goes, loses what was granted. */
	assert_int_equal(r->state, REQUEST_ACTIVE);
	world_delete_user(world_mirror(f), 20);
	world_commit(f, false);
	fixture_pass(f, 60 * NS_PER_S);
	assert_int_equal(r->state, REQUEST_REVOKED);
	assert_false(is_listed(UID(20)));
	/* His uid is retired in the name of his own tenant. */
	assert_int_equal(fixture_count_events(f, "retire"), 1);
}

static void test_of_ldap(void **state)
{
	struct engine_fixture *f = *state;

	assert_false(may(f, UID_AMY, "contoso", "fabrikam", "root"));
	world_put_guest(world_mirror(f), "Amy@contoso.com");
	world_commit(f, false);
	fixture_pass(f, 60 * NS_PER_S);
	assert_true(may(f, UID_AMY, "contoso", "fabrikam", "root"));
	change_gecos(f, 3, "Other");
	assert_true(may(f, UID_AMY, "contoso", "fabrikam", "root"));
	fixture_edit(f, "etc/tenure/directory.d/contoso.conf", "uid = 1950000001", "enabled = false; uid = 1950000001");
	fixture_reload(f);
	assert_false(may(f, UID_AMY, "contoso", "fabrikam", "root"));
	fixture_edit(f, "etc/tenure/directory.d/contoso.conf", "enabled = false; uid = 1950000001", "uid = 1950000001");
	fixture_reload(f);
	assert_true(may(f, UID_AMY, "contoso", "fabrikam", "root"));
	world_put_guest(world_mirror(f), "nobody@contoso.com");
	world_commit(f, false);
	fixture_pass(f, 60 * NS_PER_S);
	assert_true(fixture_has_problem(f, "dir-reference", NULL));
	assert_true(may(f, UID_AMY, "contoso", "fabrikam", "root"));
}

/* What does not hold of fabrikam is not in force, and lets nobody in; it costs contoso nothing. */
static void test_a_directory_that_does_not_hold(void **state)
{
	struct engine_fixture *f = *state;
	const unsigned nobody = 999;
	const struct world_group broken = {.number = 2, .members = &nobody, .member_count = 1};

	world_put_group(world_mirror(f), &broken); /* a deny is of it */
	world_commit(f, false);
	fixture_pass(f, 60 * NS_PER_S);
	assert_true(fixture_has_problem(f, "dir-restriction", NULL));
	assert_false(is_guest(f, 5));
	put_team(f, 2, 0, 0);
	world_commit(f, false);
	fixture_pass(f, 60 * NS_PER_S);
	assert_true(is_guest(f, 5));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, engine_fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_from_ldap), TEST(test_of_ldap), TEST(test_a_directory_that_does_not_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
