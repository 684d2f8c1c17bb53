/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* identity: what is written is what is read, and nothing else. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/snapshot/image.h"
#include "tests/unit/snapshot_fixture.h"

static struct fixture f;

static int setup(void **state)
{
	return fixture_setup(&f) ? 0 : -1;
}

static int teardown(void **state)
{
	fixture_teardown(&f);
	return 0;
}

static struct identity *published(const char *tenant)
{
	struct identity *id = NULL;

	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(identity_open(tenant, &id), 0);
	return id;
}

static void expect_member(const struct identity *id, const struct identity_group *g, size_t i, const char *want)
{
	const char *name;
	size_t len;

	assert_true(i < g->member_count);
	assert_int_equal(identity_member(id, g, i, &name, &len), 0);
	assert_int_equal(len, strlen(want));
	assert_string_equal(name, want);
}

static void test_users_are_found_by_name_and_uid(void **state)
{
	CLEANUP(identity_closep) struct identity *id = published("contoso");
	struct identity_user u;

	assert_int_equal(identity_user_by_name(id, "alice", &u), 0);
	assert_string_equal(u.name, "alice");
	assert_string_equal(u.name + 6, "*");
	assert_string_equal(u.gecos, "Alice Ito");
	assert_null(u.home); /* by prefix */
	assert_memory_equal(u.home_prefix, "/home/contoso.com/", u.home_prefix_len);
	assert_int_equal(u.short_len, 5);
	assert_string_equal(u.shell, "/bin/bash");
	assert_int_equal(u.uid, 1900000001);
	assert_int_equal(u.gid, 1900000001);
	assert_int_equal(u.gid_count, 2);
	assert_int_equal(u.gids[0], 1900010000);
	assert_int_equal(u.gids[1], 1900010001);
	assert_true(uuid_equal(&u.principal, &f.users[0].o.id));
	assert_int_equal(identity_user_by_uid(id, 1900000003, &u), 0);
	assert_string_equal(u.name, "carol");
	assert_int_equal(u.gid, 1900010003);
	assert_int_equal(u.gid_count, 1); /* the primary one is left out */
	assert_int_equal(identity_user_by_name(id, "alic", &u), -ENOENT);
	assert_int_equal(identity_user_by_name(id, "alicee", &u), -ENOENT);
	assert_int_equal(identity_user_by_name(id, "", &u), -ENOENT);
	assert_int_equal(identity_user_by_uid(id, 1900000002, &u), -ENOENT);
}

static void test_mapped_principals_have_no_passwd_entry(void **state)
{
	CLEANUP(identity_closep) struct identity *id = published("contoso");
	struct identity_user u;
	struct identity_group g;
	const uint32_t *gids;
	size_t count;

	assert_int_equal(identity_user_by_name(id, "bob", &u), -ENOENT);
	assert_int_equal(identity_user_by_name(id, "bobby", &u), -ENOENT);
	assert_int_equal(identity_user_by_name(id, "erin", &u), -ENOENT);
	assert_int_equal(identity_gids_of_principal(id, &f.users[1].o.id, &gids, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(gids[2], 1900010002);
	assert_int_equal(identity_gids_of_principal(id, &f.users[4].o.id, &gids, &count), -ENOENT);
	assert_int_equal(identity_group_by_name(id, "dba", &g), 0);
	assert_int_equal(g.member_count, 2);
	assert_memory_equal(g.members, "alice\0bobby", 12); /* one has no record: stored by name */
	assert_int_equal(g.member_lengths[0], 6);
	expect_member(id, &g, 1, "bobby");
	assert_int_equal(identity_group_by_name(id, "approvers", &g), 0);
	expect_member(id, &g, 0, "carol");
	assert_int_equal(identity_group_by_name(id, "everybody", &g), 0);
	assert_int_equal(g.member_count, 3); /* erin's mapping is broken */
}

static void test_private_and_role_groups(void **state)
{
	CLEANUP(identity_closep) struct identity *id = published("contoso");
	struct identity_group g;
	struct identity_role_group r;
	size_t cursor = 0, count = 0;

	assert_int_equal(identity_group_by_name(id, "alice", &g), 0);
	assert_int_equal(g.gid, 1900000001);
	assert_int_equal(g.member_count, 0);
	assert_int_equal(identity_group_by_gid(id, 1900000004, &g), 0);
	assert_string_equal(g.name, "dave");
	assert_int_equal(identity_group_by_name(id, "carol", &g), -ENOENT);
	assert_int_equal(identity_group_by_name(id, "role-db-operator", &g), -ENOENT);
	assert_int_equal(identity_role_group_by_name(id, "role-db-operator", &r), 0);
	assert_int_equal(r.gid, 1900090100);
	assert_int_equal(r.kind, 0);
	assert_string_equal(r.argument, "db-operator");
	assert_int_equal(identity_role_group_by_name(id, "become-root", &r), 0);
	assert_int_equal(r.kind, RIGHT_BECOME);
	assert_string_equal(r.argument, "root");
	assert_in_range(r.gid, 1900090000, 1900090999);
	assert_int_equal(identity_role_group_by_gid(id, r.gid, &r), 0);
	assert_string_equal(r.name, "become-root");
	while (identity_role_group_next(id, &cursor, &r) == 0)
		count++;
	assert_int_equal(count, 3);
}

/* As directories of RFC 2307 have it: an entry for each user's own group, under whatever name. */
static void test_a_group_of_the_directory_is_a_users_own(void **state)
{
	struct identity_group g;
	size_t cursor = 0, seen = 0;

	f.groups[0].gid = 1900000001;
	CLEANUP(identity_closep) struct identity *id = published("contoso");

	assert_int_equal(identity_group_by_name(id, "alice", &g), -ENOENT);
	assert_int_equal(identity_group_by_gid(id, 1900000001, &g), 0);
	assert_string_equal(g.name, "dba");
	while (identity_group_next(id, &cursor, &g) == 0)
		seen += g.gid == 1900000001;
	assert_int_equal(seen, 1);
	assert_int_equal(identity_group_by_name(id, "dave", &g), 0);
}

/* Every name that the ceiling may hold: sudoers can only use what is shown. */
static void test_targets_with_names_of_the_hosts_own(void **state)
{
	static char exim[] = "Debian-exim", digit[] = "3com";
	char *targets[] = {exim, digit};
	CLEANUP(identity_closep) struct identity *id = NULL;
	struct identity_role_group r;

	f.host.allow_become = targets;
	f.host.allow_become_count = 2;
	assert_int_equal(fixture_publish(&f, false), 0);
	assert_int_equal(identity_open("contoso", &id), 0);
	assert_int_equal(identity_role_group_by_name(id, "become-Debian-exim", &r), 0);
	assert_string_equal(r.argument, "Debian-exim");
	assert_int_equal(identity_role_group_by_name(id, "become-3com", &r), 0);
	assert_int_equal(identity_role_group_by_name(id, "become-root", &r), -ENOENT);
}

static void test_enumeration_shows_everything_once(void **state)
{
	CLEANUP(identity_closep) struct identity *id = published("contoso");
	struct identity_user u;
	struct identity_group g;
	size_t cursor = 0, users = 0, groups = 0;
	int r;

	while ((r = identity_user_next(id, &cursor, &u)) == 0)
		users++;
	assert_int_equal(r, -ENOENT);
	assert_int_equal(users, 3);
	for (cursor = 0; (r = identity_group_next(id, &cursor, &g)) == 0;)
		groups++;
	assert_int_equal(r, -ENOENT);
	assert_int_equal(groups, 4 + 2);
}

static void test_other_tenants_have_names_with_their_domain(void **state)
{
	CLEANUP(identity_closep) struct identity *id = published("fabrikam");
	struct identity_user u;
	struct identity_group g;
	struct identity_role_group r;

	assert_int_equal(identity_user_by_name(id, "zoe", &u), -ENOENT);
	assert_int_equal(identity_user_by_name(id, "zoe@fabrikam.com", &u), 0);
	assert_null(u.home);
	assert_memory_equal(u.home_prefix, "/home/fabrikam.com/", u.home_prefix_len);
	assert_int_equal(u.short_len, 3);
	assert_int_equal(identity_group_by_name(id, "dba@fabrikam.com", &g), 0);
	expect_member(id, &g, 0, "zoe@fabrikam.com");
	assert_int_equal(identity_role_group_by_name(id, "become-root", &r), -ENOENT);
}

static void expect_no_user(uid_t uid, gid_t gid)
{
	struct identity *id;
	struct identity_user u;

	f.users[0].uid = uid;
	f.users[0].gid = gid;
	id = published("contoso");
	assert_int_equal(identity_user_by_name(id, "alice", &u), -ENOENT);
	assert_int_equal(identity_user_by_uid(id, uid, &u), -ENOENT);
	identity_close(id);
}

static void test_T22_ids_out_of_the_range_are_not_written(void **state)
{
	static const uint32_t bad[] = {0, 1, 999, 1000, 65534, 65535, 1899999999, 1900100000, 1900090100, 1u << 31, NO_ID - 1};

	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
		expect_no_user(bad[i], NO_ID);
		expect_no_user(1900000001, bad[i]);
	}
}

static void test_T22_role_gids_stay_inside_their_range(void **state)
{
	struct identity_role_group r;
	struct identity *id;

	f.roles[0].gid = 42; /* shadow */
	id = published("contoso");
	assert_int_equal(identity_role_group_by_name(id, "role-db-operator", &r), -ENOENT);
	identity_close(id);
	f.groups[0].gid = 1900090100; /* a group of the directory on a role's gid */
	id = published("contoso");
	assert_int_equal(identity_role_group_by_gid(id, 1900090100, &r), -ENOENT);
	identity_close(id);
}

static void test_T23_groups_cannot_pose_as_groups_of_holders(void **state)
{
	CLEANUP(identity_closep) struct identity *id = NULL;
	struct identity_group g;
	struct identity_user u;

	f.groups[0].o.name = (char *)(uintptr_t)"become-root";
	f.groups[1].o.name = (char *)(uintptr_t)"role-db-operator";
	f.users[3].o.name = (char *)(uintptr_t)"become-postgres";
	id = published("contoso");
	assert_int_equal(identity_group_by_name(id, "become-root", &g), -ENOENT);
	assert_int_equal(identity_group_by_gid(id, 1900010001, &g), -ENOENT);
	assert_int_equal(identity_group_by_name(id, "role-db-operator", &g), -ENOENT);
	assert_int_equal(identity_user_by_name(id, "become-postgres", &u), -ENOENT);
}

static void test_dropped_objects_do_not_show(void **state)
{
	CLEANUP(identity_closep) struct identity *id = NULL;
	struct identity_group g;
	struct identity_user u;

	f.users[0].o.dropped = f.groups[1].o.dropped = true;
	id = published("contoso");
	assert_int_equal(identity_user_by_name(id, "alice", &u), -ENOENT);
	assert_int_equal(identity_group_by_name(id, "dba-oncall", &g), -ENOENT);
	assert_int_equal(identity_group_by_name(id, "dba", &g), 0);
	assert_int_equal(g.member_count, 1);
}

static void test_ids_of_another_tenants_binding_are_not_ours(void **state)
{
	CLEANUP(identity_closep) struct identity *id = NULL;
	struct identity_group g;

	f.foreign_users[0].o.id = f.users[1].o.id; /* as bob, whom contoso's binding maps */
	id = published("fabrikam");
	assert_int_equal(identity_group_by_name(id, "dba@fabrikam.com", &g), 0);
	expect_member(id, &g, 0, "zoe@fabrikam.com");
}

#define CROWD 20000

static void test_a_crowd_is_found(void **state)
{
	static struct user users[CROWD];
	static char names[CROWD][24];
	static uint32_t closure[CROWD];
	struct identity *id;
	struct identity_user u;
	struct identity_group g;

	for (uint32_t i = 0; i < CROWD; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "user%u", i * 7);
		users[i] = f.users[0];
		users[i].o.name = names[i];
		users[i].o.id.bytes[0] = (uint8_t)i;
		users[i].o.id.bytes[1] = (uint8_t)(i >> 8);
		users[i].uid = 1900000000 + i;
		closure[i] = i;
	}
	f.directory.users = users;
	f.directory.user_count = CROWD;
	for (size_t i = 1; i < FIXTURE_GROUPS; i++)
		f.groups[i].o.dropped = true;
	f.groups[0].closure = closure;
	f.groups[0].closure_count = CROWD;
	f.groups[0].gid = 1900080000;
	f.binding_count = 0;
	id = published("contoso");
	for (uint32_t i = 0; i < CROWD; i++) {
		assert_int_equal(identity_user_by_name(id, names[i], &u), 0);
		assert_int_equal(u.uid, 1900000000 + i);
		assert_int_equal(u.gid_count, 1);
		assert_int_equal(identity_user_by_uid(id, 1900000000 + i, &u), 0);
		assert_string_equal(u.name, names[i]);
	}
	assert_int_equal(identity_group_by_gid(id, 1900080000, &g), 0);
	assert_int_equal(g.member_count, CROWD);
	assert_non_null(g.members); /* many: stored by name */
	expect_member(id, &g, CROWD - 1, names[CROWD - 1]);
	identity_close(id);
}

/* A seed that serves is found in few draws, be there a million names. */
static void test_a_table_of_very_many(void **state)
{
	static const size_t counts[] = {1000, 100000, 200000, 200001, 1000000};
	struct table_entry *entries = calloc(1000000, sizeof(*entries));

	(void)state;
	assert_non_null(entries);
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		int r = -EAGAIN;

		for (int draw = counts[c] > 200000 ? 13 : 0; r == -EAGAIN && draw < 16; draw++) {
			struct image image = {0};
			struct table_span span;
			uint64_t seed[2];

			assert_int_equal(table_seed(seed), 0);
			for (size_t i = 0; i < counts[c]; i++)
				entries[i] = (struct table_entry){.hash = table_hash(seed, (const char *)&i, sizeof(i)), .offset = 1};
			r = table_append(&image, entries, counts[c], &span);
			image_done(&image);
		}
		assert_int_equal(r, 0);
	}
	free(entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_targets_with_names_of_the_hosts_own, setup, teardown),
	    cmocka_unit_test(test_a_table_of_very_many),
	    cmocka_unit_test_setup_teardown(test_users_are_found_by_name_and_uid, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_mapped_principals_have_no_passwd_entry, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_private_and_role_groups, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_group_of_the_directory_is_a_users_own, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_enumeration_shows_everything_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_other_tenants_have_names_with_their_domain, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_T22_ids_out_of_the_range_are_not_written, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_T22_role_gids_stay_inside_their_range, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_T23_groups_cannot_pose_as_groups_of_holders, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_dropped_objects_do_not_show, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_ids_of_another_tenants_binding_are_not_ours, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_crowd_is_found, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
