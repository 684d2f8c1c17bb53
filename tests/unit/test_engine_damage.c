/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A journal that does not hold: no grant stands, none is made, endings go on, and root can begin anew. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define SEGMENT "var/lib/tenure/journal/journal-00000000000000000001.jsonl"

static int take_first(void *context, const struct request *r)
{
	*(const struct request **)context = r;
	return 1;
}

/* Changes a word inside a line of the middle. */
static void damage(struct engine_fixture *f)
{
	fixture_stop(f);
	fixture_edit(f, SEGMENT, "\"rebuild the index\"", "\"rebuild the undex\"");
}

static void test_damage_ends_grants_and_makes_none(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *granted, *pending;
	struct actor root;

	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &granted), 0);
	assert_int_equal(fixture_request(f, UID_BOB, "db-operator", &pending), 0);
	damage(f);
	fixture_start(f);
	assert_non_null(engine_degraded(f->engine));
	assert_int_equal(fixture_granted(f, "postgres"), 0);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &granted), -EROFS);
	root = fixture_actor(f, 0);
	assert_int_equal(engine_each(f->engine, take_first, &pending), 1);
	if (pending->state == REQUEST_PENDING)
		assert_int_equal(engine_deny(f->engine, &root, &pending->id, "damaged", &pending), 0);
	(void)engine_tick(f->engine);
	assert_non_null(engine_degraded(f->engine));
}

static void test_reset_is_audited_and_keeps_who_is_who(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;
	struct actor root, alice;

	fixture_edit(f, "etc/tenure/directory.d/contoso.conf", "{ name = \"dave\"; uid = 1900000004; }",
		     "{ name = \"dave\"; uid = 1900000005; }");
	fixture_reload(f);
	assert_int_equal(fixture_count_events(f, "retire"), 1);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	damage(f);
	fixture_start(f);
	root = fixture_actor(f, 0);
	alice = fixture_actor(f, UID_ALICE);
	assert_int_equal(engine_journal_reset(f->engine, &alice, "journal", "why"), -EACCES);
	assert_int_equal(engine_journal_reset(f->engine, &root, "journal", " "), -ENODATA);
	assert_int_equal(engine_journal_reset(f->engine, &root, "journal", "looked at it"), 0);
	assert_null(engine_degraded(f->engine));
	assert_int_equal(fixture_granted(f, "postgres"), 0);
	assert_int_equal(fixture_count_events(f, "journal-reset"), 1);
	assert_int_equal(fixture_count_events(f, "bind"), 1);
	assert_int_equal(fixture_count_events(f, "retire"), 1);
	assert_int_equal(engine_journal_reset(f->engine, &root, "journal", "again"), -EALREADY);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	fixture_restart(f);
	assert_null(engine_degraded(f->engine));
	assert_int_equal(fixture_granted(f, "postgres"), 1);
	assert_int_equal(fixture_count_events(f, "bind"), 1);
}

static void test_a_second_broker_is_refused(void **state)
{
	struct engine_fixture *f = *state;
	struct engine *second = NULL;

	assert_int_equal(engine_new(&f->clock.source, &second), -EBUSY);
	assert_null(second);
}

int main(void)
{
#define DAMAGE_TEST(fn) cmocka_unit_test_setup_teardown(fn, engine_fixture_setup, engine_fixture_teardown)
	const struct CMUnitTest tests[] = {
		DAMAGE_TEST(test_damage_ends_grants_and_makes_none),
		DAMAGE_TEST(test_reset_is_audited_and_keeps_who_is_who),
		DAMAGE_TEST(test_a_second_broker_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
