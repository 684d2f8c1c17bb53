/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records: who may take one up, when it goes, and what becomes of a session without one. */
#include "tests/unit/cmocka_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "tests/unit/sessions_fixture.h"

static bool has_opened(struct world *w)
{
	return w->opened > 0;
}

static bool has_ended(struct world *w)
{
	return w->ended > 0;
}

static bool is_there(const struct foreign *r)
{
	return access(r->path, F_OK) == 0;
}

/* While tenure-reap ends one session, somebody opens another without the broker. */
static void test_backstop_leaves_records_of_others(void **state)
{
	struct world *w = *state;
	struct front a = front_start(WORK_SLEEP | WORK_STUBBORN), b = front_start(WORK_SLEEP);
	struct session_answer answer;
	struct foreign other;
	char id[UUID_TEXT_MAX];
	pid_t pids[2], pid;

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &a, &answer), 0);
	uuid_format(&answer.id, id);
	assert_int_equal(front_go(&a, pids, 2), 2);
	foreign_make(w, &b, 3600 * NS_PER_S, &other);
	assert_int_equal(front_go(&b, &pid, 1), 1);
	sessions_free(w->sessions);
	w->sessions = NULL;
	w->offset_ns += 61 * NS_PER_S;
	pid_t pam = fork();
	if (pam == 0) { /* the reaper has waited for the broker, and gives its session the grace */
		nanosleep(&(struct timespec){2, 500000000}, NULL);
		foreign_publish(&other);
		_exit(0);
	}
	assert_int_equal(sessions_reap(id, &w->clock), 0);
	assert_int_equal(waitpid(pam, NULL, 0), pam);
	pids_are_gone(pids, 2);
	assert_true(is_there(&other));

	world_restart(w);
	assert_true(world_until(w, has_opened));
	assert_false(pid_is_gone(pid));
	w->offset_ns += 3601 * NS_PER_S;
	assert_true(world_until(w, world_is_empty));
	assert_true(pid_is_gone(pid));
	assert_true(front_done(&a));
	assert_true(front_done(&b));
}

/* pam_tenure was killed between the cgroup and its record, or somebody has removed that. */
static void test_a_cgroup_without_a_record_is_ended(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP | WORK_STUBBORN);
	struct foreign lost;
	pid_t pids[2];

	foreign_make(w, &f, 3600 * NS_PER_S, &lost);
	assert_int_equal(front_go(&f, pids, 2), 2);
	(void)sessions_tick(w->sessions);
	w->offset_ns += 31 * NS_PER_S; /* the next look sees it; it may be a moment old */
	(void)sessions_tick(w->sessions);
	assert_int_equal(w->ending, 0);
	w->offset_ns += 9 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	assert_int_equal(w->ending, 0);
	w->offset_ns += 2 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	assert_int_equal(w->ending, 1);
	w->offset_ns += 6 * NS_PER_S;
	assert_true(world_until(w, has_ended));
	assert_int_equal(w->last.cause, SESSION_FAILED);
	assert_true(world_until(w, world_is_empty));
	pids_are_gone(pids, 2);
	assert_true(world_cgroup_is_gone(w, &lost.id));
	assert_int_equal(world_records(), 0);
	(void)front_done(&f); /* it was in there too */
}

/* The same found by a broker that starts, which knows nothing of it. */
static void test_a_record_that_is_damaged_ends_its_session(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP);
	struct session_answer answer;
	char id[UUID_TEXT_MAX];
	pid_t pid;

	assert_int_equal(front_open(w, &f, &answer), 0);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	uuid_format(&answer.id, id);
	record_put(id, "version=1\nid=");
	world_restart(w);
	assert_int_equal(sessions_count(w->sessions), 0);
	(void)sessions_tick(w->sessions);
	w->offset_ns += 11 * NS_PER_S;
	assert_true(world_until(w, has_ended));
	assert_int_equal(w->last.cause, SESSION_FAILED);
	assert_true(pid_is_gone(pid));
	(void)front_done(&f);
}

/* pam_tenure had not heard of it. */
static void test_what_opens_during_removal_ends(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP);
	struct foreign r;
	pid_t pid;

	sessions_drain(w->sessions);
	foreign_make(w, &f, 3600 * NS_PER_S, &r);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	foreign_publish(&r);
	assert_true(world_until(w, has_ended));
	assert_int_equal(w->last.cause, SESSION_DRAINED);
	assert_int_equal(w->opened, 1);
	assert_true(pid_is_gone(pid));
	assert_false(is_there(&r));
	assert_true(front_done(&f));
}

/* No descriptor for it now: it is the only trace of a session that lives. */
static void test_a_record_that_cannot_be_read_now_stays(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP);
	struct foreign r;
	pid_t pid;

	foreign_make(w, &f, 60 * NS_PER_S, &r);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	foreign_publish(&r);
	files_take();
	world_turn(w, 100);
	limits_give();
	assert_int_equal(w->opened, 0);
	assert_true(is_there(&r));
	w->offset_ns += 2 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	assert_int_equal(w->opened, 1);
	assert_false(is_there(&r));
	w->offset_ns += 60 * NS_PER_S;
	assert_true(world_until(w, world_is_empty));
	assert_true(pid_is_gone(pid));
	assert_true(front_done(&f));
}

/* The disk is full: it stays until the broker's own stands. */
static void test_a_record_stays_until_another_is_written(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP);
	struct foreign r;
	pid_t pid;

	foreign_make(w, &f, 60 * NS_PER_S, &r);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	foreign_publish(&r);
	writing_take();
	world_turn(w, 100);
	limits_give();
	assert_int_equal(sessions_count(w->sessions), 1); /* it is contained and watched already */
	assert_true(is_there(&r));
	w->offset_ns += 2 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	assert_false(is_there(&r));
	assert_int_equal(world_records(), 1);
	assert_int_equal(w->opened, 1); /* once */
	world_restart(w);
	w->offset_ns += 60 * NS_PER_S;
	assert_true(world_until(w, world_is_empty));
	assert_true(pid_is_gone(pid));
	assert_true(front_done(&f));
}

static void record_mode(const char *name, mode_t mode)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", tenure_path(PATH_SESSIONS), name);
	assert_int_equal(chmod(path, mode), 0);
}

/* A record that a starting broker cannot read is not given up. */
static void test_own_records_are_tried_again(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP);
	struct session_answer answer;
	char id[UUID_TEXT_MAX];
	pid_t pid;

	world_grant(w, 600 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	uuid_format(&answer.id, id);
	record_mode(id, 0666); /* nobody's to trust, for a moment */
	world_restart(w);
	for (unsigned i = 0; i < 6; i++) { /* nor is its session one without a record */
		w->offset_ns += 11 * NS_PER_S;
		(void)sessions_tick(w->sessions);
	}
	assert_int_equal(sessions_count(w->sessions), 0);
	assert_false(pid_is_gone(pid));
	record_mode(id, 0600);
	w->offset_ns += 2 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	assert_int_equal(sessions_count(w->sessions), 1);
	w->offset_ns += 600 * NS_PER_S;
	assert_true(world_until(w, world_is_empty));
	assert_true(pid_is_gone(pid));
	assert_int_equal(w->last.cause, SESSION_EXPIRED);
	assert_true(front_done(&f));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_backstop_leaves_records_of_others),
		TEST(test_a_cgroup_without_a_record_is_ended),
		TEST(test_a_record_that_is_damaged_ends_its_session),
		TEST(test_what_opens_during_removal_ends),
		TEST(test_a_record_that_cannot_be_read_now_stays),
		TEST(test_a_record_stays_until_another_is_written),
		TEST(test_own_records_are_tried_again),
	};

	if (!world_is_possible())
		return 77;
	cmocka_set_test_filter(getenv("TENURE_TEST_FILTER"));
	return cmocka_run_group_tests_name("sessions: records", tests, NULL, NULL);
}
