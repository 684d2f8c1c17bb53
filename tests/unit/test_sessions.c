/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "common/base/paths.h"
#include "tests/unit/sessions_fixture.h"

static int setup(void **state)
{
	const char *why;

	*state = world_new(&why);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	world_free(*state);
	return 0;
}

static bool cgroup_is_gone(const struct world *w, const struct uuid *id)
{
	char name[CGROUP_NAME_MAX];

	cgroup_name(id, CGROUP_PLAIN, name);
	return cgroup_populated(w->sessions->slice, name) == -ENOENT;
}

static unsigned records_count(void)
{
	unsigned n = 0;
	DIR *d = opendir(tenure_path(PATH_SESSIONS));

	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

static void all_gone(const pid_t *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_true(pid_is_gone(pids[i]));
}

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
	assert_int_equal(records_count(), 1);
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
	all_gone(pids, n);
	assert_true(front_done(&f)); /* aside, not killed: it had its time to restore the terminal */
	assert_int_equal(w->ended, 1);
	assert_int_equal(w->last.cause, SESSION_EXPIRED);
	assert_int_equal(w->last.survived, 0);
	assert_int_equal(w->released, 1);
	assert_int_equal(records_count(), 0);
	assert_true(cgroup_is_gone(w, &answer.id));
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
	assert_int_equal(sessions_count(w->sessions), 0);
	assert_int_equal(w->ended, 1);
	assert_int_equal(w->ending, 0);
	assert_int_equal(w->last.cause, SESSION_CLOSED);
	assert_true(cgroup_is_gone(w, &answer.id));
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
	char id[UUID_TEXT_MAX], name[64], text[256];
	struct stat st;
	pid_t pid;
	int master, slave;

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	uuid_format(&answer.id, id);
	assert_int_equal(openpty(&master, &slave, name, NULL, NULL), 0);
	assert_int_equal(fcntl(master, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(fchown(slave, w->invoker, (gid_t)-1), 0);
	assert_int_equal(fstat(slave, &st), 0);
	memcpy(w->sessions->first->tty, name, strlen(name) + 1);
	w->sessions->first->tty_device = st.st_rdev;
	assert_int_equal(front_go(&f, &pid, 1), 1);
	w->offset_ns += 61 * NS_PER_S;
	(void)sessions_tick(w->sessions);
	assert_int_equal(w->ending, 1);
	assert_int_equal(sessions_close(w->sessions, id, f.pid), 0);
	assert_false(pid_is_gone(pid));
	ssize_t n = read(master, text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, "Tenure: db-operator has ended; this session was closed (1 process)."));
	w->offset_ns += 6 * NS_PER_S;
	assert_true(world_until(w, world_is_empty));
	assert_true(front_done(&f));
	assert_int_equal(read(master, text, sizeof(text)), -1); /* once */
	close(slave);
	close(master);
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
	assert_int_equal(records_count(), 0);
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
	assert_int_equal(records_count(), 0);
	assert_int_equal(sessions_count(w->sessions), 0);
	front_kill(&f);
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
	all_gone(pids, 2);
	assert_true(front_done(&a));
	assert_true(front_done(&b));
	front_kill(&c);
}

/* --- restarts --- */

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
	all_gone(pids, 2);
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
	(void)sessions_tick(w->sessions);
	assert_int_equal(sessions_count(w->sessions), 0);
	assert_int_equal(w->last.cause, SESSION_CLOSED);
	assert_int_equal(records_count(), 0);
	assert_true(cgroup_is_gone(w, &answer.id));
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
		all_gone(pids, 2);
		assert_true(front_done(&f));
		assert_int_equal(records_count(), 0);
	}
}

static void record_put(struct world *w, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", tenure_path(PATH_SESSIONS), name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void test_records_that_do_not_read_move_nothing(void **state)
{
	struct world *w = *state;

	record_put(w, "11111111-1111-4111-8111-111111111111", "version=1\n");
	record_put(w, "22222222-2222-4222-8222-222222222222", "");
	record_put(w, "33333333-3333-4333-8333-333333333333.adopt", "nonsense");
	record_put(w, "README", "nothing");
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
	char cgroup[CGROUP_NAME_MAX], boot[UUID_TEXT_MAX], id[UUID_TEXT_MAX], text[1024], name[64], part[80];
	struct uuid session;
	pid_t pid;

	assert_int_equal(uuid_random(&session), 0);
	uuid_format(&session, id);
	uuid_format(&w->sessions->boot, boot);
	cgroup_name(&session, CGROUP_PLAIN, cgroup);
	assert_int_equal(cgroup_make(w->sessions->slice, cgroup), 0);
	assert_int_equal(cgroup_move(w->sessions->slice, cgroup, f.pid), 0);
	assert_int_equal(front_go(&f, &pid, 1), 1);
	world_grant(w, 60 * NS_PER_S);
	snprintf(text, sizeof(text),
		 "version=1\nid=%s\nkind=gate\nservice=sudo\ninvoker=4242\ntarget=root\npid=%d\nstart=%llu\nboot=%s\n"
		 "opened=%lld\nrole=db-operator\nend=%lld\nboot_end=%lld\ncgroup=/tenure.slice/%s\n",
		 id, (int)f.pid, (unsigned long long)f.start, boot, (long long)(w->window.end_ns - 60 * NS_PER_S), (long long)w->window.end_ns,
		 (long long)w->window.boot_end_ns, cgroup);
	snprintf(name, sizeof(name), "%s.adopt", id);
	snprintf(part, sizeof(part), "%s.tmp", name);
	record_put(w, part, text);
	if (restart) {
		sessions_free(w->sessions);
		w->sessions = NULL;
	}
	char from[256], to[256];
	snprintf(from, sizeof(from), "%s/%s", tenure_path(PATH_SESSIONS), part);
	snprintf(to, sizeof(to), "%s/%s", tenure_path(PATH_SESSIONS), name);
	assert_int_equal(rename(from, to), 0);
	if (restart)
		world_restart(w);
	assert_true(world_until(w, has_opened));
	assert_int_equal(sessions_count(w->sessions), 1);
	assert_int_equal(access(to, F_OK), -1);
	assert_int_equal(records_count(), 1);
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
	char id[UUID_TEXT_MAX];
	pid_t pids[2];

	world_grant(w, 60 * NS_PER_S);
	assert_int_equal(front_open(w, &f, &answer), 0);
	uuid_format(&answer.id, id);
	assert_int_equal(front_go(&f, pids, 2), 2);
	sessions_free(w->sessions);
	w->sessions = NULL;

	assert_int_equal(sessions_reap("nonsense", &w->clock), -EINVAL);
	assert_int_equal(sessions_reap("00000000-0000-4000-8000-000000000000", &w->clock), -ENOENT);
	assert_int_equal(sessions_reap(id, &w->clock), 0); /* too early: nothing happens */
	assert_false(pid_is_gone(pids[0]));
	w->offset_ns += 61 * NS_PER_S;
	assert_int_equal(sessions_reap(id, &w->clock), 0);
	all_gone(pids, 2);
	assert_true(front_done(&f));
	assert_int_equal(records_count(), 1);

	world_restart(w);
	assert_true(world_until(w, world_is_empty));
	assert_int_equal(w->ended, 1);
	assert_int_equal(w->last.cause, SESSION_EXPIRED);
	assert_int_equal(w->last.ended, 2);
	assert_int_equal(records_count(), 0);
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
	assert_int_equal(records_count(), 0);
	free(fronts);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_expiry_ends_shell_and_setsid_child),
		TEST(test_expiry_ends_who_ignores_signals),
		TEST(test_expiry_ends_the_stopped),
		TEST(test_expiry_ends_a_fork_bomb),
		TEST(test_revocation_ends_at_once),
		TEST(test_lost_eligibility_ends_at_once),
		TEST(test_disabled_account_ends_at_once),
		TEST(test_could_not_read_keeps_the_end_that_was_given),
		TEST(test_a_longer_grant_extends_it),
		TEST(test_close_when_the_front_end_is_alone),
		TEST(test_close_leaves_children_contained_to_the_deadline),
		TEST(test_close_during_the_ending_says_so_before_the_prompt),
		TEST(test_front_end_that_just_exits_closes_it),
		TEST(test_T15_who_asks_must_be_alive_and_itself),
		TEST(test_denied_or_unjournalled_leaves_nothing),
		TEST(test_endings_go_on_when_the_journal_refuses),
		TEST(test_drain_ends_all_and_opens_none),
		TEST(test_restart_adopts_and_goes_on),
		TEST(test_restart_ends_what_is_overdue),
		TEST(test_restart_closes_what_left_meanwhile),
		TEST(test_restart_between_any_two_steps_finishes),
		TEST(test_records_that_do_not_read_move_nothing),
		TEST(test_session_opened_without_the_broker_is_adopted),
		TEST(test_session_opened_past_the_broker_is_noticed),
		TEST(test_backstop_ends_it_without_a_broker),
		TEST(test_a_thousand_sessions_end_together),
	};
	const char *why;
	struct world *w = geteuid() == 0 ? world_new(&why) : (why = "needs root", NULL);

	if (!w) {
		printf("skip: %s\n", why);
		return 77;
	}
	world_free(w);
	cmocka_set_test_filter(getenv("TENURE_TEST_FILTER"));
	return cmocka_run_group_tests_name("sessions", tests, NULL, NULL);
}
