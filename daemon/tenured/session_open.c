/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

/*
 * Opening and closing. Order of opening: who asks, may it, record, cgroup, move, look whether it is in there, journal;
 * then the answer. Whatever fails takes the steps back, and the gate denies.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/wire/session_record.h"
#include "daemon/tenured/notice.h"
#include "daemon/tenured/session_state.h"

static int text_copy(const char *text, char *buf, size_t size)
{
	if (!text || !text[0] || strlen(text) >= size || text_check(text, size) < 0)
		return -EINVAL;
	memcpy(buf, text, strlen(text) + 1);
	return 0;
}

/* Only a terminal that the front-end itself has for its controlling one; else we stay silent, no error. */
static void tty_take(const char *tty, const struct process_stat *stat, struct session *e)
{
	dev_t device;

	if (!tty || strlen(tty) >= sizeof(e->tty) || notice_device(tty, &device) < 0 || device != stat->tty)
		return;
	memcpy(e->tty, tty, strlen(tty) + 1);
	e->tty_device = device;
}

/*
 * The process behind the socket: pid, start time and pidfd are of one process only if it lived when both had been
 * taken. One that forks and exits, so that another asks in its place, is gone then (T15).
 */
static int front_take(const struct session_input *in, struct session *e)
{
	struct process_stat stat;
	uid_t uids[4];

	if (in->peer_uid != tenure_trusted_uid() || in->pid != in->peer_pid)
		return -EPERM;
	e->pid = in->pid;
	e->pidfd = in->peer_pidfd >= 0 ? fcntl(in->peer_pidfd, F_DUPFD_CLOEXEC, 0) : process_open(in->pid);
	if (e->pidfd < 0)
		return in->peer_pidfd >= 0 ? -errno : e->pidfd;
	int r = process_stat_read(in->pid, &stat);
	if (r == 0)
		r = process_uids_read(in->pid, uids);
	if (r == 0)
		r = process_program_read(in->pid, &e->program);
	if (r == 0)
		r = process_cgroup_read(in->pid, e->origin, sizeof(e->origin));
	if (r == 0)
		r = process_audit_session_read(in->pid, &e->audit_session);
	if (r == -ENOENT || r == -ESRCH) /* no audit in this kernel, or gone: told apart below */
		r = process_has_ended(e->pidfd) ? -ESRCH : 0;
	if (r < 0)
		return r;
	if (process_has_ended(e->pidfd) || stat.state == 'Z')
		return -ESRCH;
	if (uids[1] != tenure_trusted_uid())
		return -EPERM;
	e->start = stat.start;
	tty_take(in->tty, &stat, e);
	return 0;
}

/* A gate takes no groups on. */
static int groups_take(const struct session_input *in, struct session *e)
{
	if (!in->groups || !in->groups[0])
		return 0;
	if (in->kind != SESSION_LOGIN || session_groups_check(in->groups) < 0)
		return -EINVAL;
	return text_copy(in->groups, e->groups, sizeof(e->groups));
}

static int input_take(const struct session_input *in, struct session *e)
{
	if (in->kind != SESSION_GATE && in->kind != SESSION_LOGIN)
		return -EINVAL;
	e->kind = in->kind;
	e->invoker = in->invoker;
	int r = text_copy(in->service, e->service, sizeof(e->service));
	if (r == 0)
		r = text_copy(in->target, e->target, sizeof(e->target));
	if (r == 0)
		r = groups_take(in, e);
	return r < 0 ? r : front_take(in, e);
}

static int judge_first(struct sessions *s, struct session *e, const struct instant *now)
{
	struct session_question question = session_question_of(e, now);
	struct session_judgement j = {.decision.verdict = VERDICT_DENY};

	int r = s->ports.judge(s->ports.context, &question, &j);
	if (r < 0)
		return r;
	if (j.decision.verdict != VERDICT_ALLOW || !window_holds(&j.decision.window, now))
		return -EACCES;
	if (strlen(j.user) >= sizeof(e->user) || strlen(j.login) >= sizeof(e->login))
		return -EINVAL;
	e->tenant_id = j.tenant_id;
	e->principal = j.principal;
	e->window = j.decision.window;
	if (j.decision.by_grant)
		e->request = j.decision.request;
	memcpy(e->role, j.decision.role, sizeof(e->role));
	memcpy(e->user, j.user, strlen(j.user) + 1);
	memcpy(e->login, j.login, strlen(j.login) + 1);
	return 0;
}

/* Takes back what contain() did; the process returns to where it came from. */
static void uncontain(struct sessions *s, struct session *e)
{
	(void)!ending_front_aside(s, e);
	session_cgroup_remove(s, e);
	(void)!session_record_unlink(e);
}

/* The record comes first (session_contain): there is never a cgroup of ours that no record names. */
static int contain(struct sessions *s, struct session *e)
{
	int r = session_contain(s, e);

	if (r == 0 && (!cgroup_holds(e->cgroup, e->pid) || process_has_ended(e->pidfd)))
		r = -ESRCH;
	return r;
}

static int journal_open_event(struct sessions *s, const struct session *e, const struct instant *now)
{
	struct session_entry entry = {.report = {.survivors = "", .leftovers = ""}};

	session_view_fill(s, e, now, &entry.view);
	return s->ports.journal(s->ports.context, SESSION_EVENT_OPEN, &entry, 1);
}

/* Contained, watched, journalled, recorded as open: all of it, or nothing. */
static int establish(struct sessions *s, struct session *e, const struct instant *now)
{
	int r = contain(s, e);

	if (r == 0)
		r = session_watch(s, e);
	if (r == 0 && e->front_gone)
		r = -ESRCH;
	if (r == 0)
		r = journal_open_event(s, e, now);
	if (r < 0) {
		uncontain(s, e);
		return r;
	}
	e->stage = STAGE_OPEN;
	session_backstop_arm(s, e, now);
	session_record_update(s, e);
	return 0;
}

static void answer_fill(const struct session *e, const struct instant *now, struct session_answer *ret)
{
	int64_t left = window_left_ns(&e->window, now);
	char when[64];

	*ret = (struct session_answer){.id = e->id, .request = e->request};
	memcpy(ret->role, e->role, sizeof(ret->role));
	ret->until_ns = left == TIME_FOREVER ? TIME_FOREVER : time_add(now->realtime_ns, left);
	if (left == TIME_FOREVER)
		return;
	notice_time(ret->until_ns, when, sizeof(when));
	snprintf(ret->message, sizeof(ret->message), "You hold %s until %s.", e->role, when);
}

static int open_checked(struct sessions *s, const struct session_input *in, struct session *e,
			const struct instant *now)
{
	int r = input_take(in, e);

	if (r == 0)
		r = judge_first(s, e, now);
	if (r == 0 && sessions_slice_ready(s) < 0)
		r = -EOPNOTSUPP;
	if (r == 0)
		r = uuid_random(&e->id);
	e->opened_ns = now->realtime_ns;
	return r < 0 ? r : establish(s, e, now);
}

int sessions_open(struct sessions *s, const struct session_input *in, struct session_answer *ret)
{
	struct instant now;

	if (s->draining > 0 || s->count >= SESSIONS_MAX)
		return -EBUSY;
	int r = session_now(s, &now);
	if (r < 0)
		return r;
	struct session *e = calloc(1, sizeof(*e));
	if (!e)
		return -ENOMEM;
	*e = (struct session){.stage = STAGE_OPENING, .parent_fd = -1, .pidfd = -1, .watch = -1, .due_ns = TIME_FOREVER,
			      .grace_ns = s->grace_ns, .target_uid = NO_ID, .audit_session = PROCESS_NO_AUDIT_SESSION};
	r = open_checked(s, in, e, &now);
	if (r < 0) {
		session_drop(s, e);
		return r;
	}
	session_warnings_set(s, e, &now);
	session_link(s, e);
	answer_fill(e, &now, ret);
	return 0;
}

/* --- closing --- */

static struct session *find_text(struct sessions *s, const char *id)
{
	struct uuid uuid;

	if (uuid_parse(id, &uuid) == 0)
		return session_find(s, &uuid);
	for (struct session *e = s->first; e; e = e->next) {
		if (e->stage != STAGE_GONE && request_id_text_is_valid(id) && request_id_matches(&e->id, id))
			return e;
	}
	return NULL;
}

static int other_pid(void *context, pid_t pid)
{
	return pid != *(const pid_t *)context;
}

int sessions_close(struct sessions *s, const char *id, pid_t peer_pid)
{
	struct session *e = find_text(s, id);
	struct instant now;

	if (!e)
		return -ENOENT;
	if (peer_pid != e->pid || !process_is(e->pid, e->start))
		return -EPERM;
	int r = session_now(s, &now);
	if (r < 0)
		return r;
	if (e->stage == STAGE_OPEN && cgroup_each_pid(session_folder(s, e), e->cgroup, other_pid, &peer_pid) == 0) {
		(void)!ending_front_aside(s, e);
		ending_closed(s, e, &now);
	} else {
		ending_front_leaves(s, e, &now);
	}
	(void)sessions_tick(s);
	return 0;
}
