/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine's disk fails, and the engine is killed, at each call that writes. Whatever happens: what was acknowledged
 * is there afterwards, what was over is over, and an error never ends in a grant. The calls are wrapped by the linker;
 * TENURE_TEST_LONG takes every call instead of every few.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/fault/disk.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define HOUR	 (3600 * NS_PER_S)
#define STEP_MAX 16

enum acknowledged {
	NOTHING, FILED, GRANTED, OVER, REFUSED,
	UNSURE, /* a call that changes it was under way */
};

struct story {
	struct instant at;
	struct uuid ids[STEP_MAX];
	enum acknowledged said[STEP_MAX];
	unsigned calls;
	bool finished;
};

static struct story *story; /* shared with the child */

static void note(struct engine_fixture *f, size_t step, int result, const struct request *r)
{
	story->at = f->clock.at;
	if (result < 0) {
		story->said[step] = REFUSED;
		return;
	}
	story->ids[step] = r->id;
	story->said[step] = r->state == REQUEST_PENDING ? FILED : r->state == REQUEST_ACTIVE ? GRANTED : OVER;
}

static int ask(struct engine_fixture *f, size_t step, uid_t uid, const char *role)
{
	const struct request_input in = {.role = role, .reason = "why", .ticket = "1"};
	const struct request *r = NULL;
	struct actor who;
	int k = engine_actor(f->engine, uid, uid, &who);

	if (k == 0)
		k = engine_request(f->engine, &who, &in, true, &r);
	note(f, step, k, r);
	return k;
}

static void pass(struct engine_fixture *f, int64_t ns)
{
	f->clock.at.realtime_ns += ns;
	f->clock.at.boottime_ns += ns;
	for (size_t i = 0; i < STEP_MAX; i++)
		if (ns >= HOUR && i != 1 && story->said[i] == GRANTED)
			story->said[i] = OVER; /* quick ones: by time */
	story->at = f->clock.at;
	(void)engine_tick(f->engine);
}

static void tell(struct engine_fixture *f)
{
	const struct request *r = NULL;
	struct actor alice, carol;
	int k;
	const bool known = engine_actor(f->engine, UID_ALICE, UID_ALICE, &alice) == 0 &&
			   engine_actor(f->engine, UID_CAROL, UID_CAROL, &carol) == 0;

	(void)ask(f, 0, UID_ALICE, "quick");
	if (ask(f, 1, UID_BOB, "db-operator") == 0 && known) {
		story->said[1] = UNSURE;
		k = engine_approve(f->engine, &carol, &story->ids[1], "yes", true, &r);
		note(f, 1, k, r);
	}
	pass(f, NS_PER_S);
	(void)ask(f, 2, UID_DAVE, "quick");
	if (story->said[0] == GRANTED && known) {
		story->said[0] = UNSURE;
		k = engine_end(f->engine, &alice, &story->ids[0], &r);
		note(f, 0, k, r);
	}
	if (story->said[2] == GRANTED && known) {
		story->said[2] = UNSURE;
		k = engine_revoke(f->engine, &carol, &story->ids[2], "no", &r);
		note(f, 2, k, r);
	}
	(void)ask(f, 3, UID_ALICE, "quick");
	pass(f, HOUR);
	(void)ask(f, 4, UID_ALICE, "db-operator");
	(void)ask(f, 5, UID_ALICE, "two-eyes");
	if (story->said[5] == FILED && known) {
		story->said[5] = UNSURE;
		k = engine_deny(f->engine, &carol, &story->ids[5], "no", &r);
		note(f, 5, k, r);
	}
	story->finished = true;
}

static enum acknowledged is_now(struct engine_fixture *f, const struct uuid *id)
{
	const struct request *r;

	if (engine_find_id(f->engine, id, &r) < 0)
		return NOTHING;
	return r->state == REQUEST_PENDING ? FILED : r->state == REQUEST_ACTIVE ? GRANTED : OVER;
}

static int count_active(void *context, const struct request *r)
{
	*(size_t *)context += r->state == REQUEST_ACTIVE;
	return 0;
}

/*
 * Everything that was said holds, and what gates read is what the state says; while the disk fails (not well) they may
 * read less, never more.
 */
static void check_story(struct engine_fixture *f, bool well, const char *how, unsigned call)
{
	size_t active = 0, granted;

	for (size_t i = 0; i < STEP_MAX; i++) {
		enum acknowledged now = is_now(f, &story->ids[i]);
		bool right = story->said[i] == NOTHING || story->said[i] == UNSURE ||
			     (story->said[i] == REFUSED ? now != GRANTED : now == story->said[i]);

		if (!right)
			fail_msg("%s at call %u: step %zu was acknowledged as %d and is %d", how, call, i,
				 (int)story->said[i], (int)now);
	}
	assert_int_equal(engine_each(f->engine, count_active, &active), 0);
	granted = fixture_granted(f, "root") + fixture_granted(f, "postgres");
	if (well ? granted != active : granted > active)
		fail_msg("%s at call %u: %zu grants, gates read %zu", how, call, active, granted);
}

static void fresh_host(void **state)
{
	(void)engine_fixture_setup_host(state);
	memset(story, 0, sizeof(*story));
	story->at = ((struct engine_fixture *)*state)->clock.at;
}

/* In a child that the fault may kill. */
static int run_child(struct engine_fixture *f, enum fault fault, unsigned at)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		disk.fault = fault;
		disk.at = at;
		disk.counting = true;
		disk.calls = 0;
		if (engine_new(&f->clock.source, &f->engine) < 0 || engine_start(f->engine, "test") < 0)
			_exit(1);
		tell(f);
		story->calls = disk.calls;
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_killed_at_any_call_it_comes_back_as_it_was(void **unused)
{
	const unsigned step = getenv("TENURE_TEST_LONG") ? 1 : 7;
	void *state = NULL;
	unsigned calls;

	fresh_host(&state);
	fixture_start(state); /* the generation page is mapped once in a process: let every child find it so */
	(void)engine_fixture_teardown(&state);
	fresh_host(&state);
	assert_int_equal(run_child(state, FAULT_NONE, 0), 0);
	calls = story->calls;
	assert_true(calls > 100);
	(void)engine_fixture_teardown(&state);
	for (int mode = FAULT_KILL_BEFORE; mode <= FAULT_KILL_AFTER; mode++)
		for (unsigned at = (unsigned)mode; at < calls; at += step) {
			fresh_host(&state);
			struct engine_fixture *f = state;

			int ended = run_child(f, (enum fault)mode, at);

			if (ended != KILLED)
				fail_msg("mode %d, call %u of %u: the child ended with %d", mode, at, calls, ended);
			f->clock.at = story->at;
			fixture_start(f);
			assert_null(engine_degraded(f->engine));
			check_story(f, true, mode == FAULT_KILL_BEFORE ? "killed before" : "killed after", at);
			(void)engine_fixture_teardown(&state);
		}
}

/* One call fails, or all from one on: refusals, but no grant without its record; then the disk is well again. */
static void test_failing_at_any_call_nothing_is_granted_unrecorded(void **unused)
{
	const unsigned step = getenv("TENURE_TEST_LONG") ? 1 : 11;
	static const int errors[] = {ENOSPC, EIO, EDQUOT};
	void *state = NULL;

	for (int mode = FAULT_ERROR_ONCE; mode <= FAULT_ERROR_ON; mode++)
		for (unsigned at = 0; at < 160; at += step) {
			fresh_host(&state);
			struct engine_fixture *f = state;

			fixture_start(f);
			disk.fault = (enum fault)mode;
			disk.at = at;
			disk.error = errors[at % ARRAY_LENGTH(errors)];
			disk.calls = 0;
			disk.counting = true;
			tell(f);
			check_story(f, false, "failed", at);
			disk.counting = false;
			disk.fault = FAULT_NONE;
			if (at % 2 == 0)
				fixture_restart(f); /* as if killed while the disk was full */
			pass(f, NS_PER_S);
			check_story(f, true, "failed, then well", at);
			assert_null(engine_degraded(f->engine));
			assert_int_equal(ask(f, 6, UID_DAVE, "quick"), 0);
			fixture_restart(f);
			check_story(f, true, "failed, then started anew", at);
			(void)engine_fixture_teardown(&state);
		}
}

/* Nothing is answered before it is on disk. */
static void test_what_is_acknowledged_is_on_disk(void **unused)
{
	const struct request *r;
	void *state = NULL;

	fresh_host(&state);
	struct engine_fixture *f = state;
	struct actor carol;

	fixture_start(f);
	memset(unsynced, 0, sizeof(unsynced));
	for (int n = 0; n < 3; n++) {
		assert_int_equal(fixture_request(f, UID_ALICE, n == 1 ? "db-operator" : "quick", &r), 0);
		for (int fd = 0; fd < FD_MAX; fd++)
			assert_false(unsynced[fd]);
	}
	carol = fixture_actor(f, UID_CAROL);
	assert_int_equal(engine_revoke(f->engine, &carol, &r->id, "no", &r), 0);
	for (int fd = 0; fd < FD_MAX; fd++)
		assert_false(unsynced[fd]);
	(void)engine_fixture_teardown(&state);
}

/* A grant that was revoked while nothing could be written stays revoked, for gates at once, and for the next broker. */
static void test_revoked_on_a_dead_disk_stays_revoked(void **unused)
{
	const struct request *r, *other;
	void *state = NULL;
	struct actor carol;

	fresh_host(&state);
	struct engine_fixture *f = state;

	fixture_start(f);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	assert_int_equal(fixture_request(f, UID_DAVE, "quick", &other), 0);
	const struct uuid id = r->id;

	carol = fixture_actor(f, UID_CAROL);
	disk.fault = FAULT_ERROR_ON;
	disk.at = disk.calls = 0;
	disk.error = EIO;
	disk.counting = true;
	assert_int_equal(engine_revoke(f->engine, &carol, &id, "enough", &r), 0);
	assert_int_equal(r->state, REQUEST_REVOKED);
	assert_int_equal(fixture_granted(f, "postgres"), 0);
	assert_int_equal(fixture_request(f, UID_BOB, "quick", &r), -EROFS);
	fixture_reload(f); /* nothing of it can be published, and nothing that stands is taken away */
	assert_non_null(engine_policy(f->engine, 0));
	assert_int_equal(other->state, REQUEST_ACTIVE);
	disk.counting = false;
	disk.fault = FAULT_NONE;
	fixture_restart(f);
	assert_int_equal(engine_find_id(f->engine, &id, &r), 0);
	assert_int_equal(r->state, REQUEST_REVOKED);
	assert_string_equal(r->decided_reason, "enough");
	pass(f, NS_PER_S);
	assert_int_equal(fixture_granted(f, "postgres"), 1); /* the other one */
	assert_int_equal(fixture_count_events(f, "revoke"), 1);
	fixture_restart(f);
	assert_int_equal(fixture_granted(f, "postgres"), 1);
	(void)engine_fixture_teardown(&state);
}

/* A disk with no room: what is kept in reserve serves the endings, and no grant is made of it. */
static void test_disk_full_endings_go_on_and_grants_do_not(void **unused)
{
	const struct request *first, *second;
	void *state = NULL;
	struct actor alice;

	fresh_host(&state);
	struct engine_fixture *f = state;

	fixture_start(f);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &first), 0);
	assert_int_equal(fixture_request(f, UID_DAVE, "quick", &second), 0);
	disk.reserve = 65536;
	disk.room = 100;
	assert_int_equal(ask(f, 0, UID_BOB, "quick"), -EROFS);
	assert_non_null(engine_degraded(f->engine));
	alice = fixture_actor(f, UID_ALICE);
	assert_int_equal(engine_end(f->engine, &alice, &first->id, &first), 0);
	assert_int_equal(journal_waiting(engine_journal(f->engine)), 0);
	assert_int_equal(fixture_count_events(f, "end"), 1);
	assert_int_equal(fixture_count_events(f, "degrade"), 1);
	assert_int_equal(ask(f, 0, UID_BOB, "quick"), -EROFS);
	disk.room = 100;
	pass(f, HOUR); /* not even the reserve is left: in memory alone */
	assert_int_equal(second->state, REQUEST_EXPIRED);
	assert_true(journal_waiting(engine_journal(f->engine)) > 0);
	assert_int_equal(fixture_granted(f, "postgres"), 0);
	fixture_restart(f);
	assert_int_equal(fixture_granted(f, "postgres"), 0);
	assert_non_null(engine_degraded(f->engine));
	disk.room = -1;
	pass(f, NS_PER_S);
	assert_null(engine_degraded(f->engine));
	assert_int_equal(fixture_count_events(f, "expire"), 1);
	assert_int_equal(ask(f, 0, UID_BOB, "quick"), 0);
	(void)engine_fixture_teardown(&state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_at_any_call_it_comes_back_as_it_was),
		cmocka_unit_test(test_failing_at_any_call_nothing_is_granted_unrecorded),
		cmocka_unit_test(test_what_is_acknowledged_is_on_disk),
		cmocka_unit_test(test_revoked_on_a_dead_disk_stays_revoked),
		cmocka_unit_test(test_disk_full_endings_go_on_and_grants_do_not),
	};

	story = mmap(NULL, sizeof(*story), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (story == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
