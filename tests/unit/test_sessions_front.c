/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The front-end of a session: who may open one, and what its going closes. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/sessions_fixture.h"

static void test_close_when_the_front_end_is_alone(void **state)
{
	struct world *w = *state;
	struct front f = front_start(0);
	struct session_answer answer;
	char id[UUID_TEXT_MAX];
	pid_t pid;

	assert_int_equal(front_open(w, &f, &answer), 0);
	uuid_format(&answer.id, id);
	assert_int_equal(sessions_close(w->sessions, id, f.pid + 1), -EPERM);
	assert_int_equal(sessions_close(w->sessions, "00000000-0000-4000-8000-000000000000", f.pid), -ENOENT);
	assert_int_equal(sessions_close(w->sessions, id, f.pid), 0);
	assert_true(world_cgroup_is_gone(w, &answer.id));
	w->offset_ns += 4 * NS_PER_S;
	assert_true(world_until(w, world_is_empty));
	assert_int_equal(w->ended, 1);
	assert_int_equal(w->ending, 0);
	assert_int_equal(w->last.cause, SESSION_CLOSED);
	(void)front_go(&f, &pid, 1);
	assert_true(front_done(&f));
}

static void test_close_leaves_children_contained_to_the_deadline(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_DAEMON);
	struct session_answer answer;
	char id[UUID_TEXT_MAX];
	pid_t pid;

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	uuid_format(&answer.id, id);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	(void)!sessions_close(w->sessions, id, f.pid); /* it may be gone by itself already */
	assert_true(front_done(&f));
	world_turn(w, 50);
	assert_int_equal(sessions_count(w->sessions), 1);
	assert_false(pid_is_gone(pid));
	w->offset_ns += 61 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	w->offset_ns += 6 * NS_PER_S;
	assert_true(world_until(w, world_is_empty));
	assert_true(pid_is_gone(pid));
	assert_int_equal(w->last.ended, 1);
}

/* Who ignores signals has its grace; the front-end need not wait for that to say what happened. */
static void test_close_during_the_ending_says_so_before_the_prompt(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_STUBBORN);
	struct session_answer answer;
	char id[UUID_TEXT_MAX], text[256];
	pid_t pid;

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	uuid_format(&answer.id, id);
	struct terminal t = terminal_open(w);
	terminal_give(w, &t);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	w->offset_ns += 61 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	assert_int_equal(w->ending, 1);
	assert_int_equal(sessions_close(w->sessions, id, f.pid), 0);
	assert_false(pid_is_gone(pid));
	assert_non_null(strstr(terminal_read(&t, text, sizeof(text)),
			       "Tenure: db-operator has ended; this session was closed (1 process)."));
	w->offset_ns += 6 * NS_PER_S;
	assert_true(world_until(w, world_is_empty));
	assert_true(front_done(&f));
	(void)terminal_read(&t, text, sizeof(text));
	assert_null(strstr(text, "was closed")); /* once; a busy machine may add that the search for leftovers took too long */
	terminal_close(&t);
}

static void test_front_end_that_just_exits_closes_it(void **state)
{
	struct world *w = *state;
	struct front f = front_start(0);
	struct session_answer answer;
	pid_t pid;

	assert_int_equal(front_open(w, &f, &answer), 0);
	(void)front_go(&f, &pid, 1);
	assert_true(front_done(&f));
	assert_true(world_until(w, world_is_empty));
	assert_int_equal(w->last.cause, SESSION_CLOSED);
	assert_int_equal(w->ending, 0);
}

static void test_T15_who_asks_must_be_alive_and_itself(void **state)
{
	struct world *w = *state;
	struct front f = front_start(0), other = front_start(0);
	struct session_answer answer;
	struct session_input in = {.kind = SESSION_GATE, .service = "sudo", .invoker = 4242, .target = "root",
				   .pid = f.pid, .peer_pid = other.pid, .peer_pidfd = -1, .peer_uid = geteuid()};

	assert_int_equal(sessions_open(w->sessions, &in, &answer), -EPERM); /* another's pid */
	in.peer_pid = f.pid;
	in.peer_uid = geteuid() + 1;
	assert_int_equal(sessions_open(w->sessions, &in, &answer), -EPERM); /* not root */
	in.peer_uid = geteuid();

	/* forked and exited: the pid that the socket knows is a zombie, then nobody */
	int pidfd = process_open(f.pid);
	kill(f.pid, SIGKILL);
	waitid(P_PID, (id_t)f.pid, NULL, WEXITED | WNOWAIT);
	assert_int_equal(sessions_open(w->sessions, &in, &answer), -ESRCH);
	(void)front_done(&f);
	assert_int_equal(sessions_open(w->sessions, &in, &answer), -ESRCH);

	/* the pid lives, but is another process than the one behind the descriptor */
	in.pid = in.peer_pid = other.pid;
	in.peer_pidfd = pidfd;
	assert_int_equal(sessions_open(w->sessions, &in, &answer), -ESRCH);
	for (pid_t pid = -1; pid <= 1; pid++) {
		in.pid = in.peer_pid = pid;
		in.peer_pidfd = -1;
		assert_int_equal(sessions_open(w->sessions, &in, &answer), -EINVAL);
	}
	close(pidfd);
	front_kill(&other);
	assert_int_equal(w->opened, 0);
	assert_int_equal(world_records(), 0);
}

static void test_denied_or_unjournalled_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct front f = front_start(0);
	struct session_answer answer;
	char before[PROCESS_CGROUP_MAX], after[PROCESS_CGROUP_MAX];

	assert_int_equal(process_cgroup_read(f.pid, before, sizeof(before)), 0);
	w->verdict = VERDICT_DENY;
	assert_int_equal(front_open(w, &f, &answer), -EACCES);
	for (unsigned bit = 0; bit < 32; bit++) { /* no verdict but one allows */
		w->verdict = (enum verdict)((unsigned)VERDICT_ALLOW ^ (1u << bit));
		assert_int_equal(front_open(w, &f, &answer), -EACCES);
	}
	w->verdict = VERDICT_ALLOW;
	w->judge_error = -EBADMSG;
	assert_int_equal(front_open(w, &f, &answer), -EBADMSG);
	w->judge_error = 0;
	w->journal_error = -EROFS;
	assert_int_equal(front_open(w, &f, &answer), -EROFS);
	w->journal_error = 0;
	world_grant(w, -1);
	assert_int_equal(front_open(w, &f, &answer), -EACCES);
	assert_int_equal(process_cgroup_read(f.pid, after, sizeof(after)), 0);
	assert_string_equal(before, after);
	assert_int_equal(world_records(), 0);
	assert_int_equal(sessions_count(w->sessions), 0);
	front_kill(&f);
}

/* What a login takes on is asked for at its opening, at every change, and by the next broker. */
static void test_groups_of_a_login_are_judged_with_it(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP);
	struct session_answer answer;
	struct session_input in = {.kind = SESSION_LOGIN, .service = "sshd", .invoker = 4242, .target = "alice",
				   .groups = "adm,systemd-journal", .pid = f.pid, .peer_pid = f.pid, .peer_pidfd = -1,
				   .peer_uid = geteuid()};
	pid_t pid;

	in.kind = SESSION_GATE;
	assert_int_equal(sessions_open(w->sessions, &in, &answer), -EINVAL);
	in.kind = SESSION_LOGIN;
	in.groups = "adm,";
	assert_int_equal(sessions_open(w->sessions, &in, &answer), -EINVAL);
	in.groups = "adm,systemd-journal";
	assert_int_equal(sessions_open(w->sessions, &in, &answer), 0);
	assert_string_equal(w->groups, "adm,systemd-journal");
	assert_int_equal(front_go(&f, &pid, 1), 1);
	w->groups[0] = '\0';
	sessions_recheck(w->sessions);
	assert_string_equal(w->groups, "adm,systemd-journal");
	w->groups[0] = '\0';
	world_restart(w);
	assert_string_equal(w->groups, "adm,systemd-journal");
	w->verdict = VERDICT_DENY;
	w->why = WHY_NO_RIGHT;
	sessions_recheck(w->sessions);
	assert_true(world_until(w, world_is_empty));
	assert_int_equal(w->last.cause, SESSION_LOST);
	pids_are_gone(&pid, 1);
	(void)front_done(&f);
}

/* sudo -u deploy -i by a grant, and in there sudo -i by a right of deploy's own. */
static void test_a_session_in_another_ends_with_it(void **state)
{
	struct world *w = *state;
	struct front outer = front_start(WORK_FRONT), inner;
	struct session_answer answer;
	char cgroup[PROCESS_CGROUP_MAX], name[CGROUP_NAME_MAX];
	pid_t pid;

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &outer, &answer), 0);
	cgroup_name(&answer.id, CGROUP_PLAIN, name);
	inner = front_within(&outer);
	w->window = WINDOW_ALWAYS;
	w->standing = true;
	assert_int_equal(front_open(w, &inner, &answer), 0);
	assert_int_equal(front_go(&inner, &pid, 1), 1);
	assert_int_equal(process_cgroup_read(pid, cgroup, sizeof(cgroup)), 0);
	assert_non_null(strstr(cgroup, name));
	w->judge_error = -EBADMSG; /* each keeps the end that it was given */
	world_restart(w); /* the next broker finds it there */
	assert_int_equal(sessions_count(w->sessions), 2);
	w->offset_ns += 61 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	w->offset_ns += 6 * NS_PER_S;
	assert_true(world_until(w, world_is_empty));
	pids_are_gone(&pid, 1);
	pids_are_gone(&inner.pid, 1);
	assert_int_equal(w->ended, 2);
	assert_true(world_cgroup_is_gone(w, &answer.id));
	assert_int_equal(world_records(), 0);
	assert_true(front_done(&outer));
}

/* systemctl stop tenure.slice, with nobody in it. */
static void test_a_slice_that_was_removed_is_made_again(void **state)
{
	struct world *w = *state;
	struct front f = front_start(WORK_SLEEP);
	struct session_answer answer;
	pid_t pid;

	assert_int_equal(unlinkat(w->sessions->root, "tenure.slice", AT_REMOVEDIR), 0);
	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	assert_null(sessions_unready(w->sessions));
	assert_int_equal(front_go(&f, &pid, 1), 1);
	assert_int_equal(unlinkat(w->sessions->root, "tenure.slice", AT_REMOVEDIR), -1);
	w->offset_ns += 61 * NS_PER_S;
	assert_true(world_until(w, world_is_empty));
	pids_are_gone(&pid, 1);
	assert_true(front_done(&f));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_close_when_the_front_end_is_alone),
		TEST(test_close_leaves_children_contained_to_the_deadline),
		TEST(test_close_during_the_ending_says_so_before_the_prompt),
		TEST(test_front_end_that_just_exits_closes_it),
		TEST(test_T15_who_asks_must_be_alive_and_itself),
		TEST(test_denied_or_unjournalled_leaves_nothing),
		TEST(test_groups_of_a_login_are_judged_with_it),
		TEST(test_a_session_in_another_ends_with_it),
		TEST(test_a_slice_that_was_removed_is_made_again),
	};

	if (!world_is_possible())
		return 77;
	cmocka_set_test_filter(getenv("TENURE_TEST_FILTER"));
	return cmocka_run_group_tests_name("sessions: front-end", tests, NULL, NULL);
}
