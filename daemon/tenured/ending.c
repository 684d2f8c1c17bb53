/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

/*
 * How a session ends. Journal, then the front-end aside (it restores the terminal when the rest dies), SIGHUP and
 * SIGTERM, the grace, cgroup.kill, until the kernel says that nobody is left; then what survived elsewhere and what was
 * left behind. Nothing waits: each step says when it wants to be called again. A broker that dies between any two steps
 * leaves a record from which the next one begins anew; no step hurts when it is done twice.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/tenured/notice.h"
#include "daemon/tenured/session_state.h"

#define LOOK_NS	   (250 * NS_PER_MS) /* inotify tells sooner; this is for the event that never came */
#define REKILL_NS  (100 * NS_PER_MS)
#define KILL_MAX_NS (10 * NS_PER_S) /* then it is reported as it stands */
#define STUCK_NS   (5 * NS_PER_S)
#define SWEEP_MAX_NS (20 * NS_PER_S)
#define CLOSED_MAX_NS (30 * NS_PER_S) /* its search begins later */
#define FRONT_MAX_NS (5 * NS_PER_S) /* what a front-end has to be gone once its session is */

void ending_due(struct session *e, enum session_cause cause)
{
	if (e->stage != STAGE_OPEN)
		return;
	e->stage = STAGE_DUE;
	e->cause = cause;
}

static void stage_set(struct session *e, enum session_stage stage, int64_t due_ns, const struct instant *now)
{
	e->stage = stage;
	e->stage_ns = now->boottime_ns;
	e->due_ns = due_ns;
}

/*
 * Only the very program that opened the session, in the very process: had it run something else by exec, that would be
 * what must end. A login has no front-end: what opened it ends with it.
 */
int ending_front_aside(struct sessions *s, struct session *e)
{
	struct process_program program;

	if (e->kind == SESSION_LOGIN && e->stage != STAGE_OPENING && e->cause != SESSION_CAUSE_NONE)
		return 0;
	if (!process_is(e->pid, e->start) || !cgroup_holds(e->cgroup, e->pid))
		return -ESRCH;
	if (process_program_read(e->pid, &program) < 0 || program.device != e->program.device ||
	    program.inode != e->program.inode)
		return -EPERM;
	if (e->origin[0] && cgroup_move_back(s->root, e->origin, e->pid) == 0)
		return 0;
	if (e->parent[0]) /* it came from another session: nowhere else may it go */
		return -ENOENT;
	return cgroup_move_back(s->root, "/", e->pid);
}

struct tally {
	struct session *session;
	const char *helper; /* the front-end's name: its own monitor is nobody's process */
	bool all;
	uint64_t latest;
	unsigned count;
};

/* Counts a process once: those that the last count had seen started no later than the latest of them. */
static int tally_pid(void *context, pid_t pid)
{
	struct tally *t = context;
	struct session *e = t->session;
	struct process_stat stat;
	uid_t uids[4];

	if (pid == e->pid && e->kind == SESSION_GATE)
		return 0;
	if (process_stat_read(pid, &stat) < 0 || stat.state == 'Z' || (!t->all && stat.start <= e->counted_start))
		return 0;
	if (t->helper && stat.parent == e->pid && strcmp(stat.name, t->helper) == 0)
		return 0;
	t->count++;
	if (stat.tty != 0 && stat.tty != e->tty_device)
		e->inner_tty = stat.tty;
	t->latest = stat.start > t->latest ? stat.start : t->latest;
	if (e->target_uid == NO_ID && process_uids_read(pid, uids) == 0 && uids[0] != e->invoker)
		e->target_uid = uids[0];
	return 0;
}

static void tally(struct sessions *s, struct session *e, bool all)
{
	struct process_stat front;
	struct tally t = {.session = e, .all = all, .latest = e->counted_start};

	if (process_stat_read(e->pid, &front) == 0 && front.start == e->start)
		t.helper = front.name;
	(void)!cgroup_each_pid(session_folder(s, e), e->cgroup, tally_pid, &t);
	e->ended += t.count;
	e->counted_start = t.latest;
}

static void terminal_say(struct session *e, const char *line)
{
	if (e->tty[0])
		(void)!notice_write(e->tty, e->tty_device, e->invoker, line);
}

/* The first step that touches a process. */
static void ending_start(struct sessions *s, struct session *e, const struct instant *now)
{
	static const int signals[] = {SIGHUP, SIGTERM, SIGCONT}; /* the stopped must hear it too */
	bool again = e->ended > 0;

	(void)!ending_front_aside(s, e);
	tally(s, e, !again);
	stage_set(e, STAGE_TERM, now->boottime_ns, now);
	session_record_update(s, e);
	(void)!cgroup_signal(session_folder(s, e), e->cgroup, signals, ARRAY_LENGTH(signals));
}

static void closed_say(struct session *e)
{
	char line[NOTICE_MAX];

	if (e->said_closed)
		return;
	notice_closed(e->role, e->ended, line);
	terminal_say(e, line);
	e->said_closed = true;
}

void ending_sweep(struct session *e, const struct instant *now)
{
	int64_t patience_ns = e->cause == SESSION_CLOSED ? CLOSED_MAX_NS : SWEEP_MAX_NS;

	stage_set(e, STAGE_SWEEP, time_add(now->boottime_ns, patience_ns), now);
}

/* Those in a cgroup that is removed are over with it, and the kernel may not get to say so. */
static void nested_look(struct sessions *s, const struct session *outer, const struct instant *now)
{
	for (struct session *e = s->first; e; e = e->next) {
		if (strstr(e->parent, outer->cgroup))
			session_look(s, e, now);
	}
}

/* Nobody is in it any more. */
static void ending_empty(struct sessions *s, struct session *e, const struct instant *now)
{
	closed_say(e);
	session_cgroup_remove(s, e);
	nested_look(s, e, now);
	session_user_stop(s, e);
	ending_sweep(e, now);
}

static void ending_term(struct sessions *s, struct session *e, const struct instant *now)
{
	int64_t kill_ns = time_add(e->stage_ns, s->grace_ns), look_ns = time_add(now->boottime_ns, LOOK_NS);

	if (now->boottime_ns < kill_ns) {
		e->due_ns = look_ns < kill_ns ? look_ns : kill_ns;
		return;
	}
	tally(s, e, false);
	stage_set(e, STAGE_KILL, time_add(now->boottime_ns, REKILL_NS), now);
	(void)!cgroup_kill(session_folder(s, e), e->cgroup);
}

static int survivor_name(void *context, pid_t pid)
{
	struct process_stat stat;
	char name[4 * PROCESS_NAME_MAX];
	bool known = process_stat_read(pid, &stat) == 0;

	leftover_survivor(context, pid, known ? text_escape(stat.name, name, sizeof(name)) : "?");
	return 0;
}

/* One that cannot be looked at is one that may be there. */
static void survivors_count(struct sessions *s, struct session *e)
{
	unsigned before = e->survived;
	int r = cgroup_each_pid(session_folder(s, e), e->cgroup, survivor_name, e);

	if (r < 0 && r != -ENOENT && e->survived == before)
		leftover_survivor(e, 0, "unknown");
}

/* What is killed and stays: asleep in the kernel where no signal reaches it. */
static void ending_kill(struct sessions *s, struct session *e, const struct instant *now)
{
	(void)!cgroup_kill(session_folder(s, e), e->cgroup);
	e->due_ns = time_add(now->boottime_ns, REKILL_NS);
	if (now->boottime_ns - e->stage_ns < KILL_MAX_NS)
		return;
	survivors_count(s, e);
	stage_set(e, STAGE_DONE, now->boottime_ns, now);
}

void ending_closed(struct sessions *s, struct session *e, const struct instant *now)
{
	e->cause = SESSION_CLOSED;
	session_cgroup_remove(s, e);
	nested_look(s, e, now);
	session_user_leaves(s, e);
	ending_sweep(e, now);
	session_record_update(s, e);
}

/* A front-end that was moved aside and does not go is one that got away. */
static bool front_lives(const struct session *e)
{
	return e->kind == SESSION_GATE && e->cause != SESSION_CLOSED && !e->front_gone && process_is(e->pid, e->start);
}

void ending_swept(struct sessions *s, struct session *e, const struct instant *now)
{
	int64_t patience_ns = time_add(e->stage_ns, FRONT_MAX_NS);

	if (!front_lives(e) || now->boottime_ns >= patience_ns) {
		if (front_lives(e))
			(void)survivor_name(e, e->pid);
		stage_set(e, STAGE_DONE, now->boottime_ns, now);
		return;
	}
	e->swept = true;
	e->due_ns = patience_ns;
}

/* Nothing of it is left here. */
static void ending_forget(struct sessions *s, struct session *e, const struct instant *now)
{
	session_cgroup_remove(s, e);
	(void)!session_record_unlink(e);
	session_backstop_disarm(s, e);
	stage_set(e, STAGE_GONE, TIME_FOREVER, now);
}

void ending_step(struct sessions *s, struct session *e, const struct instant *now)
{
	int populated = cgroup_populated(session_folder(s, e), e->cgroup);
	bool empty = populated == 0 || populated == -ENOENT;

	switch (e->stage) {
	case STAGE_TERM:
	case STAGE_KILL:
		if (empty)
			ending_empty(s, e, now);
		else if (e->stage == STAGE_TERM)
			ending_term(s, e, now);
		else
			ending_kill(s, e, now);
		break;
	case STAGE_SWEEP:
		if (!e->swept && now->boottime_ns >= e->due_ns) /* no word from who looks for leftovers */
			leftover_incomplete(e);
		if (e->swept || now->boottime_ns >= e->due_ns)
			ending_swept(s, e, now);
		break;
	case STAGE_STUCK:
		if (empty) {
			ending_forget(s, e, now);
			break;
		}
		(void)!cgroup_kill(session_folder(s, e), e->cgroup);
		e->due_ns = time_add(now->boottime_ns, STUCK_NS);
		break;
	default:
		break;
	}
}

void ending_front_leaves(struct sessions *s, struct session *e, const struct instant *now)
{
	if (e->stage != STAGE_TERM && e->stage != STAGE_KILL)
		return;
	ending_step(s, e, now);
	tally(s, e, false);
	closed_say(e);
}

/* --- all that are due, or done, together: one write to the journal --- */

static void report_fill(const struct session *e, struct session_report *ret)
{
	*ret = (struct session_report){.cause = e->cause, .ended = e->ended, .survived = e->survived, .left = e->left,
				       .survivors = e->survivors, .leftovers = e->leftovers};
}

static void journal_all(struct sessions *s, enum session_stage stage, enum session_event event,
			const struct instant *now)
{
	size_t count = 0;

	for (struct session *e = s->first; e; e = e->next)
		count += e->stage == stage;
	if (count == 0)
		return;
	struct session_entry *entries = calloc(count, sizeof(*entries));
	int r = entries ? 0 : -ENOMEM;
	size_t n = 0;
	for (struct session *e = s->first; r == 0 && e; e = e->next) {
		if (e->stage != stage)
			continue;
		session_view_fill(s, e, now, &entries[n].view);
		report_fill(e, &entries[n++].report);
	}
	if (r == 0)
		r = s->ports.journal(s->ports.context, event, entries, count);
	free(entries);
	if (r < 0)
		session_log(s, LOG_ERR, "%zu endings could not be journalled and go on: %s", count, strerror(-r));
}

static void ending_finish(struct sessions *s, struct session *e, const struct instant *now)
{
	struct session_report report;
	int populated = cgroup_populated(session_folder(s, e), e->cgroup);

	report_fill(e, &report);
	if (populated != 0 && populated != -ENOENT) { /* or cannot be looked at: it is not let go */
		stage_set(e, STAGE_STUCK, time_add(now->boottime_ns, STUCK_NS), now);
		session_record_update(s, e);
	} else {
		ending_forget(s, e, now);
	}
	/* Last: whoever asks what still rests on the grant does not count this one any more. */
	if (!uuid_is_null(&e->request) && s->ports.released)
		s->ports.released(s->ports.context, &e->request, &report);
}

/* What tenure-reap came to is the next broker's to journal: all stays in the record, the timer too. */
static void ending_leave(struct sessions *s, struct session *e, const struct instant *now)
{
	session_record_update(s, e);
	stage_set(e, STAGE_GONE, TIME_FOREVER, now);
}

void ending_flush(struct sessions *s, const struct instant *now)
{
	journal_all(s, STAGE_DUE, SESSION_EVENT_ENDING, now);
	for (struct session *e = s->first; e; e = e->next) {
		if (e->stage == STAGE_DUE) {
			ending_start(s, e, now);
			ending_step(s, e, now);
		}
	}
	journal_all(s, STAGE_DONE, SESSION_EVENT_END, now);
	for (struct session *e = s->first; e; e = e->next) {
		if (e->stage == STAGE_DONE && s->reaping)
			ending_leave(s, e, now);
		else if (e->stage == STAGE_DONE)
			ending_finish(s, e, now);
	}
}
