/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Worker, mirror and engine, joined: what counts, what does not, and what it costs the other tenants. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/fresh.h"
#include "common/snapshot/map.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/sync_fixture.h"

#define FABRIKAM(n)  (FABRIKAM_UID + (n))
#define NORTHWIND(n) (NORTHWIND_UID + (n))
#define ADMIN	     "host-administrator-login"

static void test_a_batch_is_in_force_when_it_is_whole(void **state)
{
	struct sync_bed *b = *state;
	struct worker *w = bed_worker("fabrikam");

	assert_string_equal(w->cookie, "");
	assert_true(say(w, SYNC_REFRESH, SYNC_ALL, NULL));
	assert_true(say_user(w, 1, 0, NULL));
	bed_settle(b);
	assert_false(bed_knows(b, FABRIKAM(1)));
	assert_true(say(w, SYNC_DONE, SYNC_ALL, "c1"));
	bed_settle(b);
	assert_true(bed_knows(b, FABRIKAM(1)));
	assert_string_equal(fixture_actor(b->f, FABRIKAM(1)).user, "user1@fabrikam.com");
	/* One more, without REFRESH, and the first one away. */
	assert_true(say_user(w, 2, 0, NULL));
	assert_true(say_uuid(w, SYNC_DELETED, 1));
	assert_true(say(w, SYNC_DONE, 0, "c2"));
	bed_settle(b);
	assert_false(bed_knows(b, FABRIKAM(1)));
	assert_true(bed_knows(b, FABRIKAM(2)));
	/* Who went is retired. */
	assert_int_equal(fixture_count_events(b->f, "retire"), 1);
}

static void test_objects_of_one_packet_are_all_taken(void **state)
{
	struct sync_bed *b = *state;
	struct worker *w = bed_worker("fabrikam");

	assert_true(say(w, SYNC_REFRESH, SYNC_ALL, NULL));
	assert_true(say_users(w, 1, 3));
	assert_true(say_users(w, 4, 1));
	assert_true(say(w, SYNC_DONE, SYNC_ALL, "c1"));
	bed_settle(b);
	for (unsigned n = 1; n <= 4; n++)
		assert_true(bed_knows(b, FABRIKAM(n)));
	assert_false(bed_knows(b, FABRIKAM(5)));
}

/* Crash, lost connection, restart: nothing of what was not finished. */
static void test_half_a_batch_has_not_happened(void **state)
{
	struct sync_bed *b = *state;
	struct worker *w;

	bed_load(b, "fabrikam", 2, "c1");
	for (int how = 0; how < 3; how++) {
		w = bed_worker("fabrikam");
		assert_string_equal(w->cookie, how == 0 ? "" : "c1");
		assert_true(say(w, SYNC_REFRESH, SYNC_ALL, NULL));
		assert_true(say_user(w, 3, 0, NULL));
		if (how == 0)
			fake_die(w);
		else if (how == 1)
			assert_true(say_failed(w, SYNC_FAILURE_SILENT, NULL));
		else
			bed_restart(b);
		w = bed_worker("fabrikam");
		/* What comes behind is a batch of its own. */
		assert_true(say(w, SYNC_DONE, 0, "c1"));
		bed_settle(b);
		assert_true(bed_knows(b, FABRIKAM(1)));
		assert_false(bed_knows(b, FABRIKAM(3)));
	}
}

static bool lie_empty_entry(struct worker *w)
{
	return say(w, SYNC_ENTRY, 0, NULL);
}

static bool lie_object_without_its_id_first(struct worker *w)
{
	static struct sync_packet p;
	const struct uuid id = {{1}};
	const uint8_t kind = OBJECT_USER;

	sync_packet_begin(&p, SYNC_ENTRY, 0);
	assert_int_equal(sync_packet_add(&p, SYNC_TAG_KIND, &kind, 1), 0);
	assert_int_equal(sync_packet_add_uuid(&p, SYNC_TAG_UUID, &id), 0);
	assert_int_equal(sync_packet_add_text(&p, SYNC_TAG_DN, "uid=a,dc=example"), 0);
	return fake_say(w, &p);
}

static bool lie_unfinished_object(struct worker *w)
{
	return say(w, SYNC_ENTRY, SYNC_MORE, "half") && say(w, SYNC_DONE, 0, "c");
}

static bool lie_refresh_twice(struct worker *w)
{
	return say(w, SYNC_REFRESH, 0, NULL) && say(w, SYNC_REFRESH, 0, NULL);
}

static bool lie_connected_in_a_batch(struct worker *w)
{
	return say(w, SYNC_REFRESH, 0, NULL) && say_connected(w, 0);
}

static bool lie_of_the_broker(struct worker *w)
{
	return say(w, SYNC_LOGIN, 0, NULL);
}

static bool lie_failure(struct worker *w)
{
	return say_failed(w, (enum sync_failure)77, NULL);
}

static bool lie_no_failure(struct worker *w)
{
	return say_failed(w, (enum sync_failure)0, NULL);
}

static bool lie_result(struct worker *w)
{
	return say(w, SYNC_RESULT, SYNC_VERDICT_YES, NULL);
}

static bool lie_deleted_without_id(struct worker *w)
{
	return say(w, SYNC_DELETED, 0, "x");
}

/* An object that never ends costs its bound, and then it is over. */
static bool lie_endless_object(struct worker *w)
{
	static char part[SYNC_FIELD_MAX - 3];
	bool believed = true;

	memset(part, 'x', sizeof(part) - 1);
	for (size_t sent = 0; believed && sent <= SYNC_OBJECT_MAX; sent += sizeof(part))
		believed = say(w, SYNC_ENTRY, SYNC_MORE, part);
	return believed;
}

static void test_T31_a_lie_ends_the_worker_alone(void **state)
{
	static bool (*const lies[])(struct worker *) = {
		lie_empty_entry, lie_object_without_its_id_first, lie_unfinished_object, lie_refresh_twice,	lie_connected_in_a_batch, lie_of_the_broker,
		lie_failure,	 lie_no_failure,	lie_result, lie_deleted_without_id,   lie_endless_object,
	};
	struct sync_bed *b = *state;

	bed_load(b, "fabrikam", 1, "c1");
	bed_load(b, "northwind", 1, "n1");
	for (size_t i = 0; i < ARRAY_LENGTH(lies); i++) {
		struct worker *w = bed_worker("fabrikam");

		if (lies[i](w) || !w->lied)
			fail_msg("lie %zu was believed", i);
		bed_settle(b);
		assert_true(bed_knows(b, FABRIKAM(1)));
		assert_true(fake_worker("northwind")->running);
		assert_true(bed_knows(b, NORTHWIND(1)));
		assert_string_equal(bed_worker("fabrikam")->cookie, "c1");
	}
}

static void test_a_cookie_that_does_not_hold_is_forgotten(void **state)
{
	struct sync_bed *b = *state;
	struct worker *w;

	bed_load(b, "fabrikam", 1, "c1");
	w = bed_worker("fabrikam");
	assert_true(say_uuid(w, SYNC_PRESENT, 1));
	assert_true(say_uuid(w, SYNC_PRESENT, 9)); /* never heard of */
	assert_false(w->lied);
	assert_false(w->running);
	assert_string_equal(bed_worker("fabrikam")->cookie, "");
	bed_settle(b);
	assert_true(bed_knows(b, FABRIKAM(1)));
	/* Nor after a restart. */
	bed_restart(b);
	assert_string_equal(bed_worker("fabrikam")->cookie, "");
	bed_load(b, "fabrikam", 1, "c2");
	bed_restart(b);
	assert_string_equal(bed_worker("fabrikam")->cookie, "c2");
}

/* One change: one generation, and no file of anybody else is touched. */
static void test_a_change_costs_the_other_tenants_nothing(void **state)
{
	static const char *const others[] = {"tenants/contoso/identity", "tenants/contoso/policy", "tenants/contoso/holders",
					     "tenants/northwind/identity", "tenants/northwind/policy",
					     "tenants/contoso/grants", "tenants/northwind/keys", "index"};
	struct sync_bed *b = *state;
	uint64_t inodes[ARRAY_LENGTH(others)], generation;

	bed_load(b, "fabrikam", 1, "c1");
	bed_load(b, "northwind", 1, "n1");
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		inodes[i] = bed_inode(b, others[i]);
		assert_int_not_equal(inodes[i], 0);
	}
	generation = generation_read();
	assert_true(say_user(fake_worker("fabrikam"), 2, 0, NULL));
	assert_true(say(fake_worker("fabrikam"), SYNC_DONE, 0, "c2"));
	bed_settle(b);
	assert_true(bed_knows(b, FABRIKAM(2)));
	assert_int_equal(generation_read(), generation + 1);
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		if (bed_inode(b, others[i]) != inodes[i])
			fail_msg("%s was written", others[i]);
	/* A batch that changes nothing writes nothing. */
	assert_true(say_user(fake_worker("fabrikam"), 2, 0, NULL));
	assert_true(say(fake_worker("fabrikam"), SYNC_DONE, 0, "c3"));
	bed_settle(b);
	assert_int_equal(generation_read(), generation + 1);
}

/* What restricts and does not hold: the last good policy stays, and answers do not make it fresh. */
static void test_T49_a_broken_deny_keeps_the_last_policy(void **state)
{
	struct sync_bed *b = *state;
	struct worker *w;
	char buf[ENGINE_STALE_MAX];
	struct fresh before, after;
	uint64_t policy;

	bed_load(b, "fabrikam", 2, "c1");
	bed_load(b, "northwind", 1, "n1");
	assert_int_equal(fresh_read("fabrikam", &before), 0);
	policy = bed_inode(b, "tenants/fabrikam/policy");
	fixture_pass(b->f, 10 * NS_PER_S);
	w = bed_worker("fabrikam");
	assert_true(say_assignment(w, 1, 1, "deny", "no-such-role"));
	assert_true(say_user(w, 3, 0, NULL));
	assert_true(say(w, SYNC_DONE, 0, "c2"));
	bed_settle(b);
	assert_int_equal(bed_inode(b, "tenants/fabrikam/policy"), policy);
	assert_true(bed_knows(b, FABRIKAM(1)));
	assert_false(bed_knows(b, FABRIKAM(3)));
	assert_true(engine_problems(b->f->engine)->errors > 0);
	assert_non_null(strstr(engine_stale(b->f->engine, engine_tenant_by_name(b->f->engine, "fabrikam"), buf), "last good"));
	assert_null(engine_stale(b->f->engine, engine_tenant_by_name(b->f->engine, "northwind"), buf));
	assert_true(say(w, SYNC_ALIVE, 0, NULL));
	bed_settle(b);
	assert_int_equal(fresh_read("fabrikam", &after), 0);
	assert_int_equal(after.boottime_ns, before.boottime_ns);
	/* Mended. */
	fixture_pass(b->f, 10 * NS_PER_S);
	assert_true(say_uuid(w, SYNC_DELETED, 0x8001));
	assert_true(say(w, SYNC_DONE, 0, "c3"));
	bed_settle(b);
	assert_true(bed_knows(b, FABRIKAM(3)));
	assert_int_equal(engine_problems(b->f->engine)->errors, 0);
	assert_int_equal(fresh_read("fabrikam", &after), 0);
	assert_true(after.boottime_ns > before.boottime_ns);
}

/* A host that boots without network knows what its mirrors know. */
static void test_a_start_without_workers(void **state)
{
	struct sync_bed *b = *state;

	bed_load(b, "fabrikam", 3, "c1");
	fake_account = -ENOENT;
	fixture_remove(b->f, "var/lib/tenure/tenants/fabrikam/policy");
	fixture_remove(b->f, "var/lib/tenure/tenants/fabrikam/identity");
	bed_restart(b);
	assert_null(fake_worker("fabrikam"));
	assert_true(fixture_has_problem(b->f, "ldap-user", NULL));
	assert_true(bed_knows(b, FABRIKAM(3)));
	assert_int_not_equal(bed_inode(b, "tenants/fabrikam/identity"), 0);
	/* The account is there at last. */
	fake_account = 0;
	bed_reload(b);
	assert_string_equal(bed_worker("fabrikam")->cookie, "c1");
	assert_false(fixture_has_problem(b->f, "ldap-user", NULL));
}

/* Nothing was ever read: its uids are governed, and nobody of them gets anywhere. */
static void test_a_directory_that_never_answered(void **state)
{
	struct sync_bed *b = *state;
	struct index_login login;

	assert_int_equal(fixture_governed(FABRIKAM(1), &login), 0);
	assert_int_equal(login.governed, GOVERNED_TENANT);
	assert_null(engine_policy(b->f->engine, engine_tenant_by_name(b->f->engine, "fabrikam")));
	assert_true(fixture_has_problem(b->f, "ldap-empty", NULL));
	bed_load(b, "fabrikam", 0, "c1");
	assert_false(fixture_has_problem(b->f, "ldap-empty", "tenants.d/fabrikam.conf"));
	assert_non_null(engine_policy(b->f->engine, engine_tenant_by_name(b->f->engine, "fabrikam")));
}

static void test_reload_keeps_a_worker_whose_tenant_did_not_change(void **state)
{
	struct sync_bed *b = *state;
	unsigned fabrikam = bed_worker("fabrikam")->number, northwind = bed_worker("northwind")->number;

	bed_load(b, "fabrikam", 1, "c1");
	assert_true(say(fake_worker("fabrikam"), SYNC_REFRESH, 0, NULL));
	assert_true(say_user(fake_worker("fabrikam"), 2, 0, NULL));
	bed_reload(b);
	assert_int_equal(fake_worker("fabrikam")->number, fabrikam);
	assert_true(say(fake_worker("fabrikam"), SYNC_DONE, 0, "c2"));
	bed_settle(b);
	assert_true(bed_knows(b, FABRIKAM(2)));
	/* The batch of a worker that has to go is gone with it. */
	assert_true(say_user(fake_worker("fabrikam"), 3, 0, NULL));
	bed_write_tenant(b, "fabrikam", 40);
	bed_reload(b);
	assert_int_not_equal(fake_worker("fabrikam")->number, fabrikam);
	assert_int_equal(fake_worker("northwind")->number, northwind);
	assert_false(fake_worker("fabrikam")->running);
	bed_load(b, "fabrikam", 2, "c3");
	assert_false(bed_knows(b, FABRIKAM(3)));
}

static void test_an_unbound_tenant_leaves_nothing(void **state)
{
	struct sync_bed *b = *state;

	bed_load(b, "fabrikam", 1, "c1");
	bed_load(b, "northwind", 1, "n1");
	fixture_edit(b->f, "etc/tenure/tenure.conf", ", \"fabrikam\"", "");
	bed_reload(b);
	assert_null(fake_worker("fabrikam"));
	assert_false(fixture_exists(b->f, "var/lib/tenure/mirror/fabrikam"));
	assert_false(fixture_exists(b->f, "var/lib/tenure/tenants/fabrikam"));
	assert_false(fixture_exists(b->f, "run/tenure/fresh-fabrikam"));
	assert_true(fixture_exists(b->f, "var/lib/tenure/mirror/northwind"));
	assert_true(bed_worker("northwind")->running);
	/* Bound again, it begins at the beginning. */
	fixture_edit(b->f, "etc/tenure/tenure.conf", "\"northwind\"", "\"northwind\", \"fabrikam\"");
	bed_reload(b);
	assert_string_equal(bed_worker("fabrikam")->cookie, "");
	assert_false(bed_knows(b, FABRIKAM(1)));
}

int main(void)
{
#define SYNC_TEST(fn) cmocka_unit_test_setup_teardown(fn, sync_bed_setup, sync_bed_teardown)
	const struct CMUnitTest tests[] = {
		SYNC_TEST(test_a_batch_is_in_force_when_it_is_whole),
		SYNC_TEST(test_objects_of_one_packet_are_all_taken),
		SYNC_TEST(test_half_a_batch_has_not_happened),
		SYNC_TEST(test_T31_a_lie_ends_the_worker_alone),
		SYNC_TEST(test_a_cookie_that_does_not_hold_is_forgotten),
		SYNC_TEST(test_a_change_costs_the_other_tenants_nothing),
		SYNC_TEST(test_T49_a_broken_deny_keeps_the_last_policy),
		SYNC_TEST(test_a_start_without_workers),
		SYNC_TEST(test_a_directory_that_never_answered),
		SYNC_TEST(test_reload_keeps_a_worker_whose_tenant_did_not_change),
		SYNC_TEST(test_an_unbound_tenant_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
