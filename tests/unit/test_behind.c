/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A publication that a child makes: nobody waits for it, nothing is taken away later, and what it cannot do we do. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/snapshot/identity.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/delta_bed.h"

static struct engine_tenant *tenant_of(struct engine_fixture *f)
{
	return &f->engine->tenants[world_tenant(f)];
}

/* What is in the batch, which deltas do not tell, is being published. */
static void begin(struct engine_fixture *f)
{
	f->engine->behind_objects = 0;
	world_commit(f, false);
	fixture_pass(f, 60 * NS_PER_S);
	assert_true(tenant_of(f)->delta.publishing);
	assert_false(engine_is_current(f->engine, world_tenant(f)));
}

/* *ret_in_front: the child could not. */
static void end(struct engine_fixture *f, bool *ret_in_front)
{
	*ret_in_front = false;
	for (unsigned i = 0; i < 4000 && (tenant_of(f)->delta.publishing || tenant_of(f)->changed); i++) {
		usleep(1000);
		fixture_pass(f, 60 * NS_PER_S);
		*ret_in_front = *ret_in_front || tenant_of(f)->in_front;
	}
	assert_true(engine_is_current(f->engine, world_tenant(f)));
	assert_false(tenant_of(f)->in_front);
}

static void end_behind(struct engine_fixture *f)
{
	bool in_front;

	end(f, &in_front);
	assert_false(in_front);
}

static const struct request *granted(struct engine_fixture *f, unsigned who)
{
	const struct request *r;
	struct actor approver = fixture_actor(f, UID(30));

	assert_int_equal(fixture_request(f, UID(who), "operator", &r), 0);
	assert_int_equal(engine_approve(f->engine, &approver, &r->id, "ok", true, &r), 0);
	assert_int_equal(r->state, REQUEST_ACTIVE);
	return r;
}

/* Group 1 makes eligible: when it goes, what was granted by it goes, be it granted while that was under way. */
static void test_nobody_waits_and_nothing_granted_meanwhile_stays(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *before = granted(f, 6), *meanwhile, *r;
	struct world_user u = person(4);

	world_delete_group(world_mirror(f), 1);
	begin(f);
	meanwhile = granted(f, 7);
	u.disabled = true;
	world_put_user(world_mirror(f), &u);
	world_commit(f, false);
	end_behind(f);
	assert_int_equal(before->state, REQUEST_REVOKED);
	assert_int_equal(meanwhile->state, REQUEST_REVOKED);
	assert_true(fixture_request(f, UID(8), "operator", &r) < 0);
	assert_false(is_enabled(4));
	assert_int_equal(rows_of(4), 0);
	assert_true(rows_of(3) > 0);
	assert_int_equal(whole_count(f), 2);
	/* And changes are deltas again. */
	change_gecos(f, 3, "Other");
	assert_string_equal(gecos_of(3), "Other");
	assert_int_equal(whole_count(f), 2);
}

/* What deltas do not tell may come twice: the second is published behind the first. */
static void test_one_after_the_other(void **state)
{
	struct engine_fixture *f = *state;

	world_delete_group(world_mirror(f), 1);
	begin(f);
	world_delete_group(world_mirror(f), 0);
	world_commit(f, false);
	end_behind(f);
	assert_int_equal(whole_count(f), 3);
	assert_int_equal(rows_of(4), 0);
}

static void test_what_a_child_cannot_do_we_do(void **state)
{
	struct engine_fixture *f = *state;
	bool in_front;
	char path[SNAPSHOT_PATH_MAX];

	world_delete_group(world_mirror(f), 1);
	begin(f);
	(void)kill(tenant_of(f)->delta.compactor, SIGKILL);
	end(f, &in_front);
	assert_true(in_front);
	assert_int_equal(whole_count(f), 2);
	assert_int_equal(snapshot_tenant_path(WORLD_TENANT, "policy.next", path, sizeof(path)), 0);
	assert_int_equal(mkdir(path, 0755), 0); /* a rename onto it fails */
	world_delete_group(world_mirror(f), 0);
	begin(f);
	end(f, &in_front);
	assert_true(in_front);
	assert_int_equal(whole_count(f), 3);
	assert_int_equal(rows_of(4), 0);
	(void)rmdir(path);
}

/* T50: the child retires nobody, we do, before anything of it counts. */
static void test_who_leaves_behind_is_retired(void **state)
{
	struct engine_fixture *f = *state;
	CLEANUP(identity_closep) struct identity *id = NULL;
	const struct uuid tenant = engine_tenant(f->engine, world_tenant(f))->id, other = {{1}};
	const struct uuid own = world_id(OBJECT_USER, 31);
	struct identity_user found;
	struct world_user u = person(PEOPLE);

	/* Who approves is named where deltas know nothing of; and somebody comes with his uid in the same batch. */
	world_delete_user(world_mirror(f), 31);
	put_team(f, 3, 30, 1);
	u.uid = UID(31);
	world_put_user(world_mirror(f), &u);
	begin(f);
	end_behind(f);
	assert_false(state_uid_is_free(&f->engine->state, &tenant, UID(31), &other));
	assert_true(state_uid_is_free(&f->engine->state, &tenant, UID(31), &own));
	assert_int_equal(identity_open(WORLD_TENANT, &id), 0);
	assert_int_equal(identity_user_by_uid(id, UID(31), &found), -ENOENT);
	assert_true(engine_problems(f->engine)->count > 0);
}

/* A broker that ends meanwhile leaves what stands; one that starts publishes what is true by then. */
static void test_a_restart_meanwhile(void **state)
{
	struct engine_fixture *f = *state;

	world_delete_group(world_mirror(f), 0);
	begin(f);
	assert_true(rows_of(4) > 0);
	fixture_restart(f);
	assert_int_equal(rows_of(4), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, delta_setup, engine_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nobody_waits_and_nothing_granted_meanwhile_stays),
		TEST(test_one_after_the_other),
		TEST(test_what_a_child_cannot_do_we_do),
		TEST(test_who_leaves_behind_is_retired),
		TEST(test_a_restart_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
