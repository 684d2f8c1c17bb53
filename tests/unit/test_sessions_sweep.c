/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last steps: who is still there, who got away, and what is said when that cannot be found out. */
#include "tests/unit/cmocka_test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/sessions_fixture.h"

static bool has_ended(struct world *w)
{
	return w->ended > 0;
}

/* A session from which a process has got away, with its terminal. */
struct getaway {
	struct front front;
	struct terminal terminal;
	struct session_answer answer;
	char id[UUID_TEXT_MAX], shown[32];
	pid_t pid;
};

static struct getaway get_away(struct world *w, unsigned more)
{
	struct getaway g = {.terminal = terminal_open(w)};
	struct process_stat stat;
	pid_t pids[2];

	memcpy(escape_to, g.terminal.name, sizeof(escape_to));
	g.front = front_start(WORK_ESCAPE | more);
	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &g.front, &g.answer), 0);
	terminal_give(w, &g.terminal);
	uuid_format(&g.answer.id, g.id);
	size_t n = more ? 2 : 1;
	assert_int_equal(front_go(&g.front, pids, n), n);
	/* The pids come in any order: it is the one that is not in the session. */
	for (size_t i = 0; i < n; i++) {
		char name[CGROUP_NAME_MAX];
		cgroup_name(&g.answer.id, CGROUP_PLAIN, name);
		g.pid = cgroup_holds(name, pids[i]) ? g.pid : pids[i];
	}
	/* It says its pid just before it becomes sleep: until then it runs the front-end's own program. */
	for (int i = 0; i < 3000 && (process_stat_read(g.pid, &stat) < 0 || strcmp(stat.name, "sleep") != 0); i++)
		usleep(10000);
	snprintf(g.shown, sizeof(g.shown), "%d sleep", (int)g.pid);
	return g;
}

static void let_go(struct getaway *g)
{
	assert_false(pid_is_gone(g->pid)); /* accountable, not containable */
	kill(g->pid, SIGKILL);
	(void)front_done(&g->front);
	terminal_close(&g->terminal);
}

static void test_T45_who_got_away_is_reported_at_the_deadline(void **state)
{
	struct world *w = *state;
	struct getaway g = get_away(w, WORK_SLEEP);

	w->offset_ns += 61 * NS_PER_S;
	assert_true(world_until(w, has_ended));
	assert_int_equal(w->last.cause, SESSION_EXPIRED);
	assert_non_null(strstr(w->survivors, g.shown));
	let_go(&g);
}

static void test_T45_who_got_away_is_reported_when_the_session_closes(void **state)
{
	struct world *w = *state;
	struct getaway g = get_away(w, 0);
	char text[512];

	assert_int_equal(sessions_close(w->sessions, g.id, g.front.pid), 0);
	world_turn(w, 50);
	assert_int_equal(w->ended, 0); /* sudo does not wait for the search, and many share one */
	assert_true(world_cgroup_is_gone(w, &g.answer.id));
	w->offset_ns += 4 * NS_PER_S;
	assert_true(world_until(w, has_ended));
	assert_int_equal(w->last.cause, SESSION_CLOSED);
	assert_int_equal(w->ending, 0);
	assert_int_equal(w->last.survived, 1);
	assert_string_equal(w->survivors, g.shown);
	assert_int_equal(world_records(), 0);
	assert_string_equal(terminal_read(&g.terminal, text, sizeof(text)), ""); /* its user is at work there again */
	let_go(&g);
}

/* With the invoker's real uid, and root in effect. */
static void test_T45_one_uid_of_the_invokers_is_no_excuse(void **state)
{
	struct world *w = *state;

	escape_uid = w->invoker;
	struct getaway g = get_away(w, 0);
	escape_uid = 0;
	assert_int_equal(sessions_close(w->sessions, g.id, g.front.pid), 0);
	w->offset_ns += 4 * NS_PER_S;
	assert_true(world_until(w, has_ended));
	assert_string_equal(w->survivors, g.shown);
	let_go(&g);
}

/* tenure-reap has searched, and so does the broker that journals it. */
static void test_a_report_counts_once(void **state)
{
	struct world *w = *state;
	struct getaway g = get_away(w, WORK_SLEEP);

	sessions_free(w->sessions);
	w->sessions = NULL;
	w->offset_ns += 61 * NS_PER_S;
	assert_int_equal(sessions_reap(g.id, &w->clock), 0);
	world_restart(w);
	w->offset_ns += 6 * NS_PER_S; /* the front-end waits for who got away */
	assert_true(world_until(w, has_ended));
	const char *first = strstr(w->survivors, g.shown);
	assert_non_null(first);
	assert_null(strstr(first + 1, g.shown));
	let_go(&g);
}

/* sudo was moved aside to restore the terminal; it has run away with the session's rights. */
static void test_a_front_end_that_stays_is_reported(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP | WORK_LINGER);
	struct session_answer answer;
	char shown[32];
	pid_t pid;

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	w->offset_ns += 61 * NS_PER_S;
	for (unsigned i = 0; i < 20; i++) /* time to be gone */
		world_turn(w, 20);
	assert_int_equal(w->ended, 0);
	w->offset_ns += 6 * NS_PER_S;
	assert_true(world_until(w, has_ended));
	assert_int_equal(w->last.survived, 1);
	snprintf(shown, sizeof(shown), "%d ", (int)f.pid);
	assert_ptr_equal(strstr(w->survivors, shown), w->survivors);
	front_kill(&f);
}

/* Not one descriptor is to be had, from the deadline on: it is not let go, nor said to be over. */
static void test_what_cannot_be_looked_at_is_not_let_go(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_STUBBORN);
	struct session_answer answer;
	pid_t pid;

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	files_take();
	w->offset_ns += 61 * NS_PER_S;
	for (unsigned i = 0; i < 60; i++) {
		(void)sessions_tick(w->sessions);
		w->offset_ns += NS_PER_S;
	}
	limits_give();
	assert_false(pid_is_gone(pid));
	assert_int_equal(w->ended, 1);
	assert_true(w->last.survived > 0);
	assert_int_equal(world_records(), 1);
	for (unsigned i = 0; i < 100 && world_records() > 0; i++) {
		w->offset_ns += NS_PER_S;
		world_turn(w, 20);
	}
	assert_true(pid_is_gone(pid));
	assert_int_equal(world_records(), 0);
	assert_int_equal(w->ended, 1);
	(void)front_done(&f);
}

/* Whoever looks is too slow: what was not looked at is said. */
static void test_a_search_that_does_not_end_is_said(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP);
	struct session_answer answer;
	pid_t pid;

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	w->offset_ns += 61 * NS_PER_S;
	while (!w->sessions->scan)
		world_turn(w, 20);
	w->offset_ns += 16 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	assert_true(world_until(w, has_ended));
	assert_non_null(strstr(w->leftovers, "search incomplete"));
	assert_true(front_done(&f));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_T45_who_got_away_is_reported_at_the_deadline),
		TEST(test_T45_who_got_away_is_reported_when_the_session_closes),
		TEST(test_T45_one_uid_of_the_invokers_is_no_excuse),
		TEST(test_a_report_counts_once),
		TEST(test_a_front_end_that_stays_is_reported),
		TEST(test_what_cannot_be_looked_at_is_not_let_go),
		TEST(test_a_search_that_does_not_end_is_said),
	};

	if (!world_is_possible())
		return 77;
	cmocka_set_test_filter(getenv("TENURE_TEST_FILTER"));
	return cmocka_run_group_tests_name("sessions: sweep", tests, NULL, NULL);
}
