/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sessions without their broker: it dies and comes back, was not there at the opening, or stays away. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "tests/unit/sessions_fixture.h"

static void test_restart_adopts_and_goes_on(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP | WORK_SETSID);
	struct session_answer answer;
	pid_t pids[2];

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	assert_int_equal(front_go(&f, pids, 2), 2);
	world_restart(w);
	assert_int_equal(sessions_count(w->sessions), 1);
	assert_int_equal(w->ending, 0);
	assert_int_equal(w->opened, 1);
	assert_false(pid_is_gone(pids[0]));
	w->offset_ns += 61 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	assert_true(world_until(w, world_is_empty));
	pids_are_gone(pids, 2);
	assert_int_equal(w->last.ended, 2);
	assert_true(front_done(&f));
}

static void test_restart_ends_what_is_overdue(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP);
	struct session_answer answer;
	pid_t pid;

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	w->offset_ns += 61 * NS_PER_S;
	w->judge_error = -EBADMSG; /* even if nothing can be read */
	world_restart(w);
	assert_int_equal(w->ending, 1);
	assert_true(world_until(w, world_is_empty));
	assert_true(pid_is_gone(pid));
	assert_true(front_done(&f));
}

static void test_restart_closes_what_left_meanwhile(void **state)
{
	struct world *w = *state;
	struct front f = front_start(0);
	struct session_answer answer;
	pid_t pid;

	assert_int_equal(front_open(w, &f, &answer), 0);
	(void)front_go(&f, &pid, 1);
	assert_true(front_done(&f));
	world_restart(w);
	w->offset_ns += 4 * NS_PER_S;
	assert_true(world_until(w, world_is_empty));
	assert_int_equal(w->last.cause, SESSION_CLOSED);
	assert_int_equal(world_records(), 0);
	assert_true(world_cgroup_is_gone(w, &answer.id));
}

/* Dies after each number of turns of an ending; the next one finishes it. */
static void test_restart_between_any_two_steps_finishes(void **state)
{
	struct world *w = *state;

	for (unsigned turns = 0; turns < 6; turns++) {
		struct front f = front_start(WORK_STUBBORN | WORK_SLEEP);
		struct session_answer answer;
		pid_t pids[2];

		w->ended = 0;
		world_grant(w, 60 * NS_PER_S);
		assert_int_equal(front_open(w, &f, &answer), 0);
		assert_int_equal(front_go(&f, pids, 2), 2);
		w->offset_ns += 61 * NS_PER_S;
		for (unsigned i = 0; i < turns; i++) {
			(void)sessions_tick(w->sessions);
			w->offset_ns += i == 2 ? 6 * NS_PER_S : 0;
		}
		world_restart(w);
		w->offset_ns += 6 * NS_PER_S;
		assert_true(world_until(w, world_is_empty));
		assert_int_equal(w->ended, 1);
		assert_int_equal(w->last.cause, SESSION_EXPIRED);
		assert_int_equal(w->last.ended, 2);
		pids_are_gone(pids, 2);
		assert_true(front_done(&f));
		assert_int_equal(world_records(), 0);
	}
}

static void test_records_that_do_not_read_move_nothing(void **state)
{
	struct world *w = *state;

	record_put("11111111-1111-4111-8111-111111111111", "version=1\n");
	record_put("22222222-2222-4222-8222-222222222222", "");
	record_put("33333333-3333-4333-8333-333333333333.adopt", "nonsense");
	record_put("README", "nothing");
	world_restart(w);
	assert_int_equal(sessions_count(w->sessions), 0);
	assert_int_equal(w->ended + w->ending + w->opened, 0);
}

static bool has_opened(struct world *w)
{
	return w->opened > 0;
}

/* pam_tenure opened it alone; the broker notices the file, or finds it at its start. */
static void adopt_foreign(struct world *w, bool restart)
{
	struct front f = front_start(WORK_SLEEP);
	struct foreign r;
	pid_t pid;

	foreign_make(w, &f, 60 * NS_PER_S, &r);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	if (restart) {
		sessions_free(w->sessions);
		w->sessions = NULL;
	}
	foreign_publish(&r);
	if (restart)
		world_restart(w);
	assert_true(world_until(w, has_opened));
	assert_int_equal(sessions_count(w->sessions), 1);
	assert_int_equal(access(r.path, F_OK), -1);
	assert_int_equal(world_records(), 1);
	w->offset_ns += 61 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	assert_true(world_until(w, world_is_empty));
	assert_true(pid_is_gone(pid));
	assert_true(front_done(&f));
	assert_string_equal(session_cause_text(w->last.cause), "expire");
}

static void test_session_opened_without_the_broker_is_adopted(void **state)
{
	adopt_foreign(*state, true);
}

static void test_session_opened_past_the_broker_is_noticed(void **state)
{
	adopt_foreign(*state, false);
}

/* --- the backstop --- */

static void test_backstop_ends_it_without_a_broker(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP | WORK_STUBBORN);
	struct session_answer answer;
	struct instant begun, over;
	char id[UUID_TEXT_MAX];
	pid_t pids[2];

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	uuid_format(&answer.id, id);
	assert_int_equal(front_go(&f, pids, 2), 2);
	w->config.grace_ns = 7 * NS_PER_S; /* its record has to say so */
	sessions_configure(w->sessions, &w->config);
	sessions_free(w->sessions);
	w->sessions = NULL;

	assert_int_equal(sessions_reap("nonsense", &w->clock), -EINVAL);
	assert_int_equal(sessions_reap("00000000-0000-4000-8000-000000000000", &w->clock), -ENOENT);
	assert_int_equal(sessions_reap(id, &w->clock), 0); /* too early: nothing happens */
	assert_false(pid_is_gone(pids[0]));
	w->offset_ns += 61 * NS_PER_S;
	assert_int_equal(w->clock.now(&w->clock, &begun), 0);
	assert_int_equal(sessions_reap(id, &w->clock), 0);
	assert_int_equal(w->clock.now(&w->clock, &over), 0);
	assert_true(over.boottime_ns - begun.boottime_ns >= 7 * NS_PER_S); /* the host's grace for who ignores signals */
	pids_are_gone(pids, 2);
	assert_true(front_done(&f));
	assert_int_equal(world_records(), 1);

	world_restart(w);
	assert_true(world_until(w, world_is_empty));
	assert_int_equal(w->ended, 1);
	assert_int_equal(w->last.cause, SESSION_EXPIRED);
	assert_int_equal(w->last.ended, 2);
	assert_int_equal(world_records(), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_restart_adopts_and_goes_on),
		TEST(test_restart_ends_what_is_overdue),
		TEST(test_restart_closes_what_left_meanwhile),
		TEST(test_restart_between_any_two_steps_finishes),
		TEST(test_records_that_do_not_read_move_nothing),
		TEST(test_session_opened_without_the_broker_is_adopted),
		TEST(test_session_opened_past_the_broker_is_noticed),
		TEST(test_backstop_ends_it_without_a_broker),
	};

	if (!world_is_possible())
		return 77;
	cmocka_set_test_filter(getenv("TENURE_TEST_FILTER"));
	return cmocka_run_group_tests_name("sessions: restart", tests, NULL, NULL);
}
