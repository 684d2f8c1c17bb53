/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Deltas of who comes, goes, and is called otherwise. */
#include <errno.h>
#include <string.h>

#include "common/snapshot/identity.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/delta_bed.h"

/* Somebody new, with groups, keys and rights; what he may not have is published whole, and he does not get it. */
static void test_somebody_new_is_a_delta(void **state)
{
	struct engine_fixture *f = *state;
	struct world_user u = person(PEOPLE);

	for (size_t i = 0; i < engine_problems(f->engine)->count; i++)
		print_message("%s %s\n", engine_problems(f->engine)->items[i].id, engine_problems(f->engine)->items[i].message);
	change(f, &u);
	assert_int_equal(whole_count(f), 1);
	assert_string_equal(gecos_of(PEOPLE), "0");
	assert_true(is_enabled(PEOPLE));
	assert_int_equal(keys_of(PEOPLE), 1);
	assert_int_equal(rows_of(PEOPLE), 0);
	put_team(f, 0, PEOPLE - 10, 11);
	world_commit(f, false);
	fixture_pass(f, 60 * NS_PER_S);
	assert_int_equal(whole_count(f), 1);
	assert_true(rows_of(PEOPLE) > 0);
	disable(f, PEOPLE);
	assert_int_equal(rows_of(PEOPLE), 0);
	assert_int_equal(keys_of(PEOPLE), 0);
	engine_compact(f->engine, world_tenant(f));
	wait_for_compactor(f);
	assert_false(is_enabled(PEOPLE));
	assert_int_equal(whole_count(f), 1);
}

/* Who is deleted is nobody, at once: no session's right, no grant, no name; his uid is nobody else's. */
static void test_who_is_deleted_is_nobody(void **state)
{
	struct engine_fixture *f = *state;
	CLEANUP(policy_closep) struct policy *p = NULL;
	CLEANUP(identity_closep) struct identity *id = NULL;
	struct world_user u = person(PEOPLE);
	const struct request *r;
	struct identity_user found;
	struct identity_group group;
	struct actor approver;
	uint32_t i;

	assert_int_equal(fixture_request(f, UID(6), "operator", &r), 0);
	approver = fixture_actor(f, UID(30));
	assert_int_equal(engine_approve(f->engine, &approver, &r->id, "ok", true, &r), 0);
	world_delete_user(world_mirror(f), 6);
	world_commit(f, false);
	fixture_pass(f, 60 * NS_PER_S);
	assert_int_equal(whole_count(f), 1);
	assert_int_equal(r->state, REQUEST_REVOKED);
	assert_int_equal(rows_of(6), 0);
	assert_int_equal(keys_of(6), 0);
	assert_int_equal(policy_open(WORLD_TENANT, &p), 0);
	assert_int_equal(policy_principal_by_uid(p, UID(6), &i), -ENOENT);
	assert_int_equal(policy_principal_by_name(p, "user000006", &i), -ENOENT);
	assert_int_equal(policy_principal_by_id(p, &r->principal, &i), -ENOENT);
	assert_int_equal(identity_open(WORLD_TENANT, &id), 0);
	assert_int_equal(identity_user_by_uid(id, UID(6), &found), -ENOENT);
	assert_int_equal(identity_group_by_gid(id, UID(6), &group), -ENOENT);
	/* The groups named him, and say so. */
	assert_int_equal(engine_problems(f->engine)->count, 2);
	u.uid = UID(6);
	change(f, &u);
	assert_int_equal(whole_count(f), 2);
	assert_false(state_uid_is_free(&f->engine->state, &r->tenant_id, UID(6), &(struct uuid){{1}}));
	assert_true(state_uid_is_free(&f->engine->state, &r->tenant_id, UID(6), &r->principal));
}

/* Under another name he is who he was: what is granted stays, and his old name is nobody's. */
static void test_who_is_renamed_stays_himself(void **state)
{
	struct engine_fixture *f = *state;
	CLEANUP(identity_closep) struct identity *id = NULL;
	struct identity_user found;
	struct world_user u = person(6);

	u.name = "somebody";
	change(f, &u);
	assert_int_equal(whole_count(f), 1);
	assert_int_equal(identity_open(WORLD_TENANT, &id), 0);
	assert_int_equal(identity_user_by_name(id, "user000006", &found), -ENOENT);
	assert_int_equal(identity_user_by_name(id, "somebody", &found), 0);
	assert_int_equal(found.uid, UID(6));
	assert_true(found.gid_count > 0); /* whose members are named by their DN, which is what it was */
	assert_int_equal(keys_of(6), 0);
	assert_true(rows_of(6) > 0);
	assert_true(is_enabled(6));
}

/* T50: the uid of somebody who was deleted is nobody's; a local account's, or another's name, neither. */
static void test_a_newcomer_takes_nothing_that_was_anybodys(void **state)
{
	struct engine_fixture *f = *state;
	CLEANUP(identity_closep) struct identity *id = NULL;
	struct identity_user found;
	struct world_user u = person(PEOPLE);

	world_delete_user(world_mirror(f), 20);
	world_commit(f, false);
	fixture_pass(f, 60 * NS_PER_S);
	assert_int_equal(whole_count(f), 1);
	u.uid = UID(20);
	change(f, &u);
	assert_int_equal(whole_count(f), 2);
	assert_int_equal(identity_open(WORLD_TENANT, &id), 0);
	assert_int_equal(identity_user_by_uid(id, UID(20), &found), -ENOENT);
	assert_int_equal(identity_user_by_name(id, "user000040", &found), -ENOENT);
}

static void publish(struct engine_fixture *f)
{
	world_commit(f, false);
	fixture_pass(f, 60 * NS_PER_S);
}

/* What an administrator gives and takes away: in force at once, and a grant of it ends with it. */
static void test_what_is_assigned_is_a_delta(void **state)
{
	struct engine_fixture *f = *state;
	struct world_assignment may = {
		.number = 100, .created = 1, .type = "eligible", .role = "operator", .path = "/prod",
		.who = "uid=user000012,ou=people,dc=fabrikam,dc=com"};
	struct world_assignment always = {
		.number = 101, .created = 2, .type = "active", .role = "operator", .path = "/prod",
		.who = "cn=group00000,ou=groups,dc=fabrikam,dc=com"};
	const size_t rows = rows_of(12);
	const struct request *r;
	struct actor approver = fixture_actor(f, UID(30));

	assert_true(fixture_request(f, UID(12), "operator", &r) < 0);
	world_put_assignment(world_mirror(f), &may);
	publish(f);
	assert_int_equal(fixture_request(f, UID(12), "operator", &r), 0);
	assert_int_equal(engine_approve(f->engine, &approver, &r->id, "ok", true, &r), 0);
	may.end = "2027-01-01T00:00:00Z";
	world_put_assignment(world_mirror(f), &may);
	publish(f);
	assert_int_equal(r->state, REQUEST_ACTIVE);
	world_delete_assignment(world_mirror(f), 100);
	publish(f);
	assert_int_equal(r->state, REQUEST_REVOKED);
	assert_true(fixture_request(f, UID(12), "operator", &r) < 0);
	world_put_assignment(world_mirror(f), &always);
	publish(f);
	assert_true(rows_of(12) > rows && rows_of(3) > rows);
	assert_int_equal(rows_of(30), 0);
	always.who = "cn=group00001,ou=groups,dc=fabrikam,dc=com";
	world_put_assignment(world_mirror(f), &always);
	publish(f);
	assert_int_equal(rows_of(12), rows);
	assert_true(rows_of(5) > rows);
	world_delete_assignment(world_mirror(f), 101);
	publish(f);
	assert_int_equal(rows_of(5), rows);
	assert_int_equal(whole_count(f), 1);
	/* What denies is no matter of deltas. */
	always.type = "deny";
	always.number = 102;
	world_put_assignment(world_mirror(f), &always);
	publish(f);
	assert_int_equal(whole_count(f), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, delta_setup, engine_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_somebody_new_is_a_delta),
		TEST(test_who_is_deleted_is_nobody),
		TEST(test_who_is_renamed_stays_himself),
		TEST(test_what_is_assigned_is_a_delta),
		TEST(test_a_newcomer_takes_nothing_that_was_anybodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
