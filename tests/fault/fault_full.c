/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A disk that is full while the directory changes: who is out by the new one is out, and nobody else is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/disk.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define DIRECTORY "etc/tenure/directory.d/contoso.conf"
#define HOLDERS	  "var/lib/tenure/tenants/contoso/holders"
#define HOUR	  (3600 * NS_PER_S)

/* Whoever fills it also takes what the journal gives back of its reserve. */
static void fill(void)
{
	disk.reserve = 0;
	disk.room = 0;
}

static void make_room(struct engine_fixture *f)
{
	disk.room = -1;
	fixture_pass(f, 2 * NS_PER_S);
	assert_null(engine_degraded(f->engine));
}

static int count_row(void *context, const struct holder *row)
{
	(*(size_t *)context)++;
	return 0;
}

/* Standing rows of who has that uid; 0 too where there is no table. */
static size_t standing_rows(struct engine_fixture *f, uid_t uid)
{
	CLEANUP(holders_closep) struct holders *h = NULL;
	const struct actor who = fixture_actor(f, uid);
	size_t count = 0;

	if (holders_open("contoso", "holders", &h) < 0)
		return 0;
	assert_int_equal(holders_of_principal(h, &who.principal_id, &f->clock.at, count_row, &count), 0);
	return count;
}

static void check_lost(struct engine_fixture *f, const char *from, const char *to)
{
	const struct request *alice, *dave;

	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &alice), 0);
	assert_int_equal(fixture_request(f, UID_DAVE, "quick", &dave), 0);
	assert_int_equal(fixture_granted(f, "postgres"), 2);
	fill();
	fixture_edit(f, DIRECTORY, from, to);
	fixture_reload(f);
	assert_int_equal(alice->state, REQUEST_REVOKED);
	assert_string_equal(alice->why, "not-eligible");
	assert_int_equal(dave->state, REQUEST_ACTIVE);
	/* The table cannot be written, and the one that stands says too much. */
	assert_int_equal(fixture_granted(f, "postgres"), 0);
	fixture_pass(f, 2 * NS_PER_S);
	assert_int_equal(alice->state, REQUEST_REVOKED);
	assert_int_equal(dave->state, REQUEST_ACTIVE);
	make_room(f);
	assert_int_equal(dave->state, REQUEST_ACTIVE);
	assert_int_equal(fixture_granted(f, "postgres"), 1);
	fixture_restart(f);
	assert_int_equal(fixture_granted(f, "postgres"), 1);
	assert_int_equal(fixture_count_events(f, "revoke"), 1);
}

static void test_who_is_disabled_loses_the_grant(void **state)
{
	check_lost(*state, "{ name = \"alice\"; uid", "{ name = \"alice\"; enabled = false; uid");
}

static void test_who_is_no_longer_eligible_loses_the_grant(void **state)
{
	check_lost(*state, "members = [ \"alice\", \"bob\", \"dave\" ]", "members = [ \"bob\", \"dave\" ]");
}

/* So does a broker that is started on a full disk. */
static void test_a_broker_that_starts_on_a_full_disk_sees_it_too(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *alice;

	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &alice), 0);
	const struct uuid id = alice->id;

	fixture_stop(f);
	fill();
	fixture_edit(f, DIRECTORY, "{ name = \"alice\"; uid", "{ name = \"alice\"; enabled = false; uid");
	fixture_start(f);
	assert_int_equal(engine_find_id(f->engine, &id, &alice), 0);
	assert_int_equal(alice->state, REQUEST_REVOKED);
	assert_int_equal(fixture_granted(f, "postgres"), 0);
	disk.room = -1;
}

/* What NSS shows: nothing that is not so; where nothing was taken away, all that was there. */
static void test_standing_rows_say_no_more_than_is_so(void **state)
{
	struct engine_fixture *f = *state;

	assert_true(standing_rows(f, UID_ALICE) > 0);
	fill();
	fixture_edit(f, DIRECTORY, "title = \"Two\"", "title = \"Too\"");
	fixture_reload(f);
	assert_true(standing_rows(f, UID_ALICE) > 0);
	fixture_edit(f, DIRECTORY, "{ name = \"alice\"; uid", "{ name = \"alice\"; enabled = false; uid");
	fixture_reload(f);
	assert_false(fixture_exists(f, HOLDERS));
	make_room(f);
	assert_int_equal(standing_rows(f, UID_ALICE), 0);
	assert_true(standing_rows(f, UID_DAVE) > 0);
}

static int end_of_test(void **state)
{
	disk.room = -1;
	return engine_fixture_teardown(state);
}

int main(void)
{
#define FULL_TEST(fn) cmocka_unit_test_setup_teardown(fn, engine_fixture_setup, end_of_test)
	const struct CMUnitTest tests[] = {
		FULL_TEST(test_who_is_disabled_loses_the_grant),
		FULL_TEST(test_who_is_no_longer_eligible_loses_the_grant),
		FULL_TEST(test_a_broker_that_starts_on_a_full_disk_sees_it_too),
		FULL_TEST(test_standing_rows_say_no_more_than_is_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
