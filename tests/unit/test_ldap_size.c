/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A directory of 100,000: a group of all of them, a cycle of 64 groups (T29); a thousand who were deleted, and others who
 * come with their uids and names (T50).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/snapshot/identity.h"
#include "common/snapshot/policy.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/ldap_world.h"

#define PEOPLE	100000u
#define CYCLE	64u
#define CYCLE_FIRST 100u
#define EACH	20u /* members of each group of the cycle */
#define DELETED 1000u
#define UID(n)	(WORLD_UID_FIRST + 1 + (n))

static void put_everybody(struct mirror *m)
{
	unsigned *members = calloc(PEOPLE, sizeof(*members));
	struct world_group all = {.number = 7, .members = members, .member_count = PEOPLE};

	assert_non_null(members);
	for (unsigned i = 0; i < PEOPLE; i++) {
		const struct world_user u = {.number = i, .gecos = "Somebody"};

		world_put_user(m, &u);
		members[i] = i;
	}
	world_put_group(m, &all);
	free(members);
}

/* Each has twenty of its own, and the next one in it; the last one the first. */
static void put_cycle(struct mirror *m)
{
	for (unsigned i = 0; i < CYCLE; i++) {
		const unsigned next = CYCLE_FIRST + (i + 1) % CYCLE;
		unsigned members[EACH];
		const struct world_group g = {
			.number = CYCLE_FIRST + i, .members = members, .member_count = EACH, .groups = &next, .group_count = 1};

		for (unsigned k = 0; k < EACH; k++)
			members[k] = 1000 + i * EACH + k;
		world_put_group(m, &g);
	}
}

static int setup(void **state)
{
	struct engine_fixture *f;

	assert_int_equal(engine_fixture_setup_host((void **)&f), 0);
	*state = f;
	world_start(f);
	put_everybody(world_mirror(f));
	put_cycle(world_mirror(f));
	world_commit(f, true);
	world_publish(f);
	return 0;
}

static struct identity *open_identity(void)
{
	struct identity *id;

	assert_int_equal(identity_open(WORLD_TENANT, &id), 0);
	return id;
}

/* Of so many, a child may publish what deltas do not tell. */
static void settle(struct engine_fixture *f)
{
	fixture_pass(f, 3600 * NS_PER_S);
	for (unsigned i = 0; i < 20000 && !engine_is_current(f->engine, world_tenant(f)); i++) {
		usleep(1000);
		fixture_pass(f, NS_PER_S);
	}
	assert_true(engine_is_current(f->engine, world_tenant(f)));
}

static size_t cycles_reported(struct engine_fixture *f)
{
	const struct problem_list *all = engine_problems(f->engine);
	size_t count = 0;

	for (size_t i = 0; i < all->count; i++)
		count += strcmp(all->items[i].id, "dir-cycle") == 0;
	return count;
}

static void test_huge_groups_and_long_cycles(void **state)
{
	struct engine_fixture *f = *state;
	CLEANUP(identity_closep) struct identity *id = open_identity();
	struct identity_group g;
	struct identity_user u;

	assert_int_equal(identity_group_by_gid(id, WORLD_GID_FIRST + 7, &g), 0);
	assert_int_equal(g.member_count, PEOPLE);
	for (unsigned i = 0; i < CYCLE; i++) {
		assert_int_equal(identity_group_by_gid(id, WORLD_GID_FIRST + CYCLE_FIRST + i, &g), 0);
		assert_int_equal(g.member_count, CYCLE * EACH);
	}
	assert_int_equal(cycles_reported(f), 1);
	assert_int_equal(identity_user_by_uid(id, UID(1000), &u), 0);
	assert_int_equal(u.gid_count, CYCLE + 1);
	assert_int_equal(identity_user_by_uid(id, UID(999), &u), 0);
	assert_int_equal(u.gid_count, 1);
}

/* One change of somebody in all of that, and of a group in the cycle. */
static void test_a_change_beside_them(void **state)
{
	struct engine_fixture *f = *state;
	const struct world_user u = {.number = 1000, .gecos = "Changed"};
	const unsigned next = CYCLE_FIRST + 1, member = 5;
	const struct world_group g = {
		.number = CYCLE_FIRST, .members = &member, .member_count = 1, .groups = &next, .group_count = 1};
	uint64_t whole, deltas, now_whole;
	struct identity_user found;
	struct identity *id;

	engine_publications(f->engine, world_tenant(f), &whole, &deltas);
	world_put_user(world_mirror(f), &u);
	world_commit(f, false);
	settle(f);
	engine_publications(f->engine, world_tenant(f), &now_whole, &deltas);
	assert_int_equal(now_whole, whole);
	id = open_identity();
	assert_int_equal(identity_user_by_uid(id, UID(1000), &found), 0);
	assert_string_equal(found.gecos, "Changed");
	assert_int_equal(found.gid_count, CYCLE + 1);
	identity_close(id);
	world_put_group(world_mirror(f), &g);
	world_commit(f, false);
	settle(f);
	id = open_identity();
	assert_int_equal(identity_user_by_uid(id, UID(1000), &found), 0);
	assert_int_equal(found.gid_count, 1);
	assert_int_equal(identity_user_by_uid(id, UID(5), &found), 0);
	assert_int_equal(found.gid_count, CYCLE + 1);
	identity_close(id);
}

static void test_a_change_of_very_many(void **state)
{
	struct engine_fixture *f = *state;
	struct identity_user found;
	struct identity *id;

	for (unsigned i = 0; i < PEOPLE / 2; i++) {
		const struct world_user u = {.number = i, .gecos = "Moved"};

		world_put_user(world_mirror(f), &u);
	}
	world_commit(f, false);
	settle(f);
	id = open_identity();
	assert_int_equal(identity_user_by_uid(id, UID(PEOPLE / 2 - 1), &found), 0);
	assert_string_equal(found.gecos, "Moved");
	assert_int_equal(identity_user_by_uid(id, UID(PEOPLE / 2), &found), 0);
	assert_string_equal(found.gecos, "Somebody");
	identity_close(id);
}

static void nobody_is_there(unsigned n)
{
	CLEANUP(identity_closep) struct identity *id = open_identity();
	CLEANUP(policy_closep) struct policy *p = NULL;
	struct identity_user u;
	uint32_t found;

	assert_int_equal(identity_user_by_uid(id, UID(n), &u), -ENOENT);
	assert_int_equal(policy_open(WORLD_TENANT, &p), 0);
	assert_int_equal(policy_principal_by_uid(p, UID(n), &found), -ENOENT);
}

static void test_a_thousand_uids_stay_nobodys(void **state)
{
	struct engine_fixture *f = *state;

	for (unsigned i = 0; i < DELETED; i++)
		world_delete_user(world_mirror(f), 2000 + i);
	world_commit(f, false);
	settle(f);
	assert_int_equal(fixture_count_events(f, "retire"), DELETED);
	/* Others, under the same names and with the same uids. */
	for (unsigned i = 0; i < DELETED; i++) {
		char name[32];
		const struct world_user u = {.number = PEOPLE + i, .name = name, .uid = UID(2000 + i)};

		(void)snprintf(name, sizeof(name), "user%06u", 2000 + i);
		world_put_user(world_mirror(f), &u);
	}
	world_commit(f, false);
	settle(f);
	nobody_is_there(2000);
	nobody_is_there(2000 + DELETED - 1);
	fixture_restart(f);
	nobody_is_there(2000 + DELETED / 2);
	/* The same people, back again, are who they were. */
	for (unsigned i = 0; i < DELETED; i++) {
		const struct world_user u = {.number = 2000 + i, .gecos = "Back"};
		const struct uuid other = world_id(OBJECT_USER, PEOPLE + i);

		assert_int_equal(mirror_deleted(world_mirror(f), &other), 0);
		world_put_user(world_mirror(f), &u);
	}
	world_commit(f, false);
	settle(f);
	CLEANUP(identity_closep) struct identity *id = open_identity();
	struct identity_user u;

	assert_int_equal(identity_user_by_uid(id, UID(2500), &u), 0);
	assert_string_equal(u.gecos, "Back");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, engine_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_huge_groups_and_long_cycles),
		TEST(test_a_change_beside_them),
		TEST(test_a_change_of_very_many),
		TEST(test_a_thousand_uids_stay_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
