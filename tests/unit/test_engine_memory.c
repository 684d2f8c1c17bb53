/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory runs out inside an ending, at every allocation that JSON makes, once or for good. What was acknowledged as over
 * is over: in memory, for gates, and for the next broker.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define HOUR (3600 * NS_PER_S)

static struct {
	long left; /* allocations until one fails; < 0: none does */
	bool for_good;
	bool hit;
} memory = {.left = -1};

static void *allocate(size_t size)
{
	if (memory.left > 0)
		memory.left--;
	else if (memory.left == 0) {
		memory.hit = true;
		memory.left = memory.for_good ? 0 : -1;
		return NULL;
	}
	return malloc(size);
}

enum way { BY_REVOKE, BY_END, BY_TIME, BY_CANCEL, BY_DENY, BY_TIME_OUT, BY_DRAIN, WAYS };
static const enum request_state ends[WAYS] = {
	[BY_REVOKE] = REQUEST_REVOKED,	   [BY_END] = REQUEST_ENDED,   [BY_TIME] = REQUEST_EXPIRED,
	[BY_CANCEL] = REQUEST_CANCELLED,   [BY_DENY] = REQUEST_DENIED, [BY_TIME_OUT] = REQUEST_TIMED_OUT,
	[BY_DRAIN] = REQUEST_REVOKED,
};

static bool is_grant(enum way way)
{
	return way != BY_CANCEL && way != BY_DENY && way != BY_TIME_OUT;
}

static int end_it(struct engine_fixture *f, enum way way, const struct uuid *id)
{
	const struct actor alice = fixture_actor(f, UID_ALICE), carol = fixture_actor(f, UID_CAROL),
			   root = fixture_actor(f, 0);
	const struct request *r;
	size_t grants;

	switch (way) {
	case BY_REVOKE:
		return engine_revoke(f->engine, &carol, id, "enough", &r);
	case BY_END:
		return engine_end(f->engine, &alice, id, &r);
	case BY_CANCEL:
		return engine_cancel(f->engine, &alice, id, &r);
	case BY_DENY:
		return engine_deny(f->engine, &carol, id, "no", &r);
	case BY_DRAIN:
		return engine_drain(f->engine, &root, "removed", &grants);
	default:
		(void)engine_tick(f->engine);
		return 0;
	}
}

/* What the tick will find when it looks. */
static void prepare(struct engine_fixture *f, enum way way)
{
	const int64_t ns = way == BY_TIME ? HOUR : way == BY_TIME_OUT ? 24 * HOUR : NS_PER_S;

	f->clock.at.realtime_ns += ns;
	f->clock.at.boottime_ns += ns;
}

static void check(struct engine_fixture *f, enum way way, const struct uuid *id, long at, const char *when)
{
	const struct request *r;

	assert_int_equal(engine_find_id(f->engine, id, &r), 0);
	if (r->state != ends[way] || fixture_granted(f, "postgres") != 0)
		fail_msg("way %d, allocation %ld, %s: it is %s, gates read %zu", (int)way, at, when,
			 request_state_text(r->state), fixture_granted(f, "postgres"));
}

/* False: there are no more allocations to fail. */
static bool fail_at(enum way way, long at, bool for_good)
{
	void *state = NULL;
	const struct request *r;
	int error;

	(void)engine_fixture_setup(&state);
	struct engine_fixture *f = state;

	assert_int_equal(fixture_request(f, UID_ALICE, is_grant(way) ? "quick" : "db-operator", &r), 0);
	const struct uuid id = r->id;

	prepare(f, way);
	memory.left = at;
	memory.for_good = for_good;
	memory.hit = false;
	error = end_it(f, way, &id);
	const bool hit = memory.hit;

	if (error < 0)
		fail_msg("way %d, allocation %ld: %s", (int)way, at, strerror(-error));
	check(f, way, &id, at, "at once");
	memory.left = -1;
	(void)engine_tick(f->engine);
	check(f, way, &id, at, "later");
	fixture_restart(f);
	check(f, way, &id, at, "after a restart");
	(void)engine_fixture_teardown(&state);
	return hit;
}

static void test_an_ending_needs_no_memory(void **unused)
{
	unsigned failed = 0;

	for (int way = 0; way < WAYS; way++)
		for (int for_good = 0; for_good < 2; for_good++)
			for (long at = 0; fail_at((enum way)way, at, for_good == 1); at += for_good ? 5 : 1)
				failed++;
	assert_true(failed > 300);
}

/* No line longer than it is: what a disk that takes nothing comes to, but for the files of PATH_RUN, which are short. */
static void stop_growth(struct engine_fixture *f, bool stopped)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
	char path[512];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/var/lib/tenure/journal/journal-00000000000000000001.jsonl", f->root);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = stopped ? (rlim_t)st.st_size + 1 : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Killed with all memory gone and a disk that takes nothing: what is in PATH_RUN is enough. */
static void test_what_memory_and_disk_refuse_is_remembered(void **unused)
{
	void *state = NULL;
	const struct request *r;

	(void)engine_fixture_setup(&state);
	struct engine_fixture *f = state;
	const struct actor carol = fixture_actor(f, UID_CAROL);

	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	const struct uuid id = r->id;

	stop_growth(f, true);
	memory.left = 0;
	memory.for_good = true;
	assert_int_equal(engine_revoke(f->engine, &carol, &id, "enough", &r), 0);
	memory.left = -1;
	stop_growth(f, false);
	check(f, BY_REVOKE, &id, 0, "at once");
	fixture_restart(f); /* as if killed: nothing was tried again */
	check(f, BY_REVOKE, &id, 0, "after a restart");
	assert_null(engine_degraded(f->engine));
	assert_int_equal(fixture_count_events(f, "revoke"), 1);
	(void)engine_fixture_teardown(&state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_ending_needs_no_memory),
		cmocka_unit_test(test_what_memory_and_disk_refuse_is_remembered),
	};

	(void)signal(SIGXFSZ, SIG_IGN);
	json_set_alloc_funcs(allocate, free);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
