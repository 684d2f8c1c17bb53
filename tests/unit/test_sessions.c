/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a session ends: by time, by judgement, by drain; and how long it goes on. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/unit/sessions_fixture.h"

/* Opens one, starts the work, and lets its time be up. */
static void expire(struct world *w, unsigned work, size_t expected)
{
	struct front f = front_start(work);
	struct session_answer answer;
	pid_t pids[8];

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	assert_string_equal(answer.role, "db-operator");
	assert_int_equal(w->opened, 1);
	assert_int_equal(world_records(), 1);
	size_t n = front_go(&f, pids, ARRAY_LENGTH(pids));
	assert_int_equal(n, expected);
	world_turn(w, 0);
	assert_int_equal(sessions_count(w->sessions), 1);
	assert_int_equal(w->ending, 0);

	w->offset_ns += 61 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	assert_int_equal(w->ending, 1);
	if (work & (WORK_STUBBORN | WORK_DAEMON | WORK_BOMB)) {
		world_turn(w, 0);
		assert_int_equal(sessions_count(w->sessions), 1);
		w->offset_ns += 6 * NS_PER_S; /* the grace is over */
	}
	assert_true(world_until(w, world_is_empty));
	pids_are_gone(pids, n);
	assert_true(front_done(&f)); /* aside, not killed: it had its time to restore the terminal */
	assert_int_equal(w->ended, 1);
	assert_int_equal(w->last.cause, SESSION_EXPIRED);
	assert_int_equal(w->last.survived, 0);
	assert_int_equal(w->released, 1);
	assert_int_equal(world_records(), 0);
	assert_true(world_cgroup_is_gone(w, &answer.id));
}

static void test_expiry_ends_shell_and_setsid_child(void **state)
{
	struct world *w = *state;

	expire(w, WORK_SLEEP | WORK_SETSID, 2);
	assert_int_equal(w->last.ended, 2);
}

static void test_expiry_ends_who_ignores_signals(void **state)
{
	struct world *w = *state;

	expire(w, WORK_STUBBORN | WORK_DAEMON, 2);
	assert_int_equal(w->last.ended, 2);
}

static void test_expiry_ends_the_stopped(void **state)
{
	struct world *w = *state;

	w->config.grace_ns = 0;
	sessions_configure(w->sessions, &w->config);
	expire(w, WORK_STOPPED, 1);
}

static void test_expiry_ends_a_fork_bomb(void **state)
{
	struct world *w = *state;

	expire(w, WORK_BOMB, 1);
	assert_true(w->last.ended > 100);
}

static bool has_ending(struct world *w)
{
	return w->ending > 0;
}

static void judged_away(struct world *w, enum session_cause cause, enum why why)
{
	struct front f = front_start(WORK_SLEEP);
	struct session_answer answer;
	pid_t pid;

	assert_int_equal(front_open(w, &f, &answer), 0);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	sessions_recheck(w->sessions);
	assert_int_equal(w->ending, 0);
	w->verdict = VERDICT_DENY;
	w->why = why;
	w->cause = cause;
	sessions_recheck(w->sessions);
	assert_true(world_until(w, has_ending));
	assert_true(world_until(w, world_is_empty));
	assert_true(pid_is_gone(pid));
	assert_true(front_done(&f));
}

static void test_revocation_ends_at_once(void **state)
{
	struct world *w = *state;

	judged_away(w, SESSION_REVOKED, WHY_NO_ACTIVE_ROLE);
	assert_int_equal(w->last.cause, SESSION_REVOKED);
}

static void test_lost_eligibility_ends_at_once(void **state)
{
	struct world *w = *state;

	judged_away(w, SESSION_CAUSE_NONE, WHY_DENIED);
	assert_int_equal(w->last.cause, SESSION_LOST);
}

static void test_disabled_account_ends_at_once(void **state)
{
	struct world *w = *state;

	judged_away(w, SESSION_DISABLED, WHY_DISABLED);
	assert_int_equal(w->last.cause, SESSION_DISABLED);
}

static void test_could_not_read_keeps_the_end_that_was_given(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP);
	struct session_answer answer;
	pid_t pid;

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	w->verdict = VERDICT_DENY;
	w->why = WHY_UNREADABLE;
	w->judge_error = -EBADMSG;
	sessions_recheck(w->sessions);
	assert_int_equal(sessions_count(w->sessions), 1);
	assert_int_equal(w->ending, 0);
	w->offset_ns += 61 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	assert_true(world_until(w, world_is_empty));
	assert_int_equal(w->last.cause, SESSION_EXPIRED);
	assert_true(front_done(&f));
}

/* The machine slept over the first one: what is said is what is left. */
static void test_a_late_warning_says_what_is_left(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP);
	struct session_answer answer;
	char text[512];
	pid_t pid;

	world_grant(w, 100 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	struct terminal t = terminal_open(w);
	terminal_give(w, &t);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	(void)sessions_tick(w->sessions);
	assert_string_equal(terminal_read(&t, text, sizeof(text)), "");
	w->offset_ns += 55 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	/* 45 s less what the test took */
	const char *left = strstr(terminal_read(&t, text, sizeof(text)), "Tenure: db-operator ends in ");
	assert_non_null(left);
	long n = strtol(left + strlen("Tenure: db-operator ends in "), NULL, 10);
	assert_true(n > 1 && n <= 45); /* not "1 min" */
	kill(pid, SIGKILL);
	assert_true(front_done(&f));
	terminal_close(&t);
}

static void test_a_longer_grant_extends_it(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP);
	struct session_answer answer;
	pid_t pid;

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	world_grant(w, 600 * NS_PER_S);
	(void)!uuid_random(&w->request); /* another grant */
	sessions_recheck(w->sessions);
	assert_int_equal(w->released, 1);
	w->offset_ns += 61 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	assert_int_equal(w->ending, 0);
	w->offset_ns += 600 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	assert_int_equal(w->ending, 1);
	assert_true(world_until(w, world_is_empty));
	assert_true(front_done(&f));
}

static void test_endings_go_on_when_the_journal_refuses(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP);
	struct session_answer answer;
	pid_t pid;

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	w->journal_error = -ENOSPC;
	w->offset_ns += 61 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	assert_true(world_until(w, world_is_empty));
	assert_true(pid_is_gone(pid));
	assert_true(front_done(&f));
}

static void test_drain_ends_all_and_opens_none(void **state)
{
	struct world *w = *state;
	struct front a = front_start(WORK_SLEEP), b = front_start(WORK_SETSID), c = front_start(0);
	struct session_answer answer;
	pid_t pids[2];

	assert_int_equal(front_open(w, &a, &answer), 0);
	assert_int_equal(front_open(w, &b, &answer), 0);
	assert_int_equal(front_go(&a, &pids[0], 1), 1);
	assert_int_equal(front_go(&b, &pids[1], 1), 1);
	sessions_drain(w->sessions);
	assert_int_equal(front_open(w, &c, &answer), -EBUSY);
	assert_true(world_until(w, world_is_empty));
	assert_int_equal(w->last.cause, SESSION_DRAINED);
	assert_int_equal(w->ended, 2);
	pids_are_gone(pids, 2);
	assert_true(front_done(&a));
	assert_true(front_done(&b));
	front_kill(&c);
}

/* --- many --- */

#define MANY 1000

static void test_a_thousand_sessions_end_together(void **state)
{
	struct world *w = *state;
	struct rlimit files;
	struct session_answer answer;
	pid_t pid;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	struct front *fronts = calloc(MANY, sizeof(*fronts));
	assert_non_null(fronts);
	world_grant(w, 600 * NS_PER_S);
	for (size_t i = 0; i < MANY; i++) {
		fronts[i] = front_start(WORK_SLEEP);
		assert_int_equal(front_open(w, &fronts[i], &answer), 0);
		assert_int_equal(front_go(&fronts[i], &pid, 1), 1);
	}
	assert_int_equal(sessions_count(w->sessions), MANY);
	unsigned writes = w->writes;
	struct instant begun, over;
	struct rusage used_before, used;
	assert_int_equal(getrusage(RUSAGE_SELF, &used_before), 0);
	w->offset_ns += 601 * NS_PER_S;
	assert_int_equal(session_now(w->sessions, &begun), 0);
	(void)sessions_tick(w->sessions);
	assert_int_equal(w->ending, MANY);
	assert_int_equal(w->writes, writes + 1); /* one write, and one fdatasync, for all of them */
	for (size_t i = 0; i < MANY; i++)
		assert_true(front_done(&fronts[i])); /* its child is gone, and it has seen that */
	assert_int_equal(session_now(w->sessions, &over), 0);
	assert_int_equal(getrusage(RUSAGE_SELF, &used), 0);
	print_message("%d sessions: all processes gone after %lld ms, of which %lld ms of the broker's own\n", MANY,
		      (long long)((over.boottime_ns - begun.boottime_ns) / NS_PER_MS),
		      (long long)((used.ru_utime.tv_sec - used_before.ru_utime.tv_sec + used.ru_stime.tv_sec -
				   used_before.ru_stime.tv_sec) * 1000 +
				  (used.ru_utime.tv_usec - used_before.ru_utime.tv_usec + used.ru_stime.tv_usec -
				   used_before.ru_stime.tv_usec) / 1000));
	assert_true(world_until(w, world_is_empty));
	assert_int_equal(w->ended, MANY);
	assert_int_equal(w->released, MANY);
	assert_int_equal(world_records(), 0);
	free(fronts);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_expiry_ends_shell_and_setsid_child),
		TEST(test_expiry_ends_who_ignores_signals),
		TEST(test_expiry_ends_the_stopped),
		TEST(test_expiry_ends_a_fork_bomb),
		TEST(test_revocation_ends_at_once),
		TEST(test_lost_eligibility_ends_at_once),
		TEST(test_disabled_account_ends_at_once),
		TEST(test_could_not_read_keeps_the_end_that_was_given),
		TEST(test_a_late_warning_says_what_is_left),
		TEST(test_a_longer_grant_extends_it),
		TEST(test_endings_go_on_when_the_journal_refuses),
		TEST(test_drain_ends_all_and_opens_none),
		TEST(test_a_thousand_sessions_end_together),
	};

	if (!world_is_possible())
		return 77;
	cmocka_set_test_filter(getenv("TENURE_TEST_FILTER"));
	return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
