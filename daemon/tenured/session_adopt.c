/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

/*
 * Adoption: sessions outlive the broker. Each record is read, its front-end known again by pid and start time, its
 * cgroup looked at; then it goes on as if nothing had been: open ones are judged again, endings are finished. A record
 * of another boot, or one that does not read, moves no process: it is reported and put away.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/wire/session_record.h"
#include "daemon/tenured/notice.h"
#include "daemon/tenured/session_state.h"

#define ADOPT_MAX 8192
#define RESCAN_NS NS_PER_S

static bool name_is_record(const char *name, bool *ret_foreign)
{
	char id[UUID_TEXT_MAX];
	struct uuid uuid;

	if (strlen(name) < UUID_TEXT_MAX - 1)
		return false;
	memcpy(id, name, UUID_TEXT_MAX - 1);
	id[UUID_TEXT_MAX - 1] = '\0';
	*ret_foreign = strcmp(name + UUID_TEXT_MAX - 1, SESSION_RECORD_SUFFIX) == 0;
	return uuid_parse(id, &uuid) == 0 && (*ret_foreign || name[UUID_TEXT_MAX - 1] == '\0');
}

static int record_read(const char *path, const char *name, struct session *ret, struct uuid *ret_boot)
{
	char *text, id[UUID_TEXT_MAX];
	size_t len;

	int r = safe_read(path, SESSION_FILE_MAX - 1, &text, &len);
	if (r < 0)
		return r == -EFBIG ? -EBADMSG : r;
	r = session_record_parse(text, len, ret, ret_boot);
	free(text);
	if (r < 0)
		return r;
	uuid_format(&ret->id, id);
	return strncmp(id, name, UUID_TEXT_MAX - 1) == 0 ? 0 : -EBADMSG;
}

int session_record_read_id(const struct uuid *id, struct session *ret, struct uuid *ret_boot)
{
	char path[4096], name[UUID_TEXT_MAX];

	uuid_format(id, name);
	snprintf(path, sizeof(path), "%s/%s", tenure_path(PATH_SESSIONS), name);
	return record_read(path, name, ret, ret_boot);
}

/* What pam_tenure alone could not know, or not say. */
static int foreign_complete(struct sessions *s, struct session *e, const struct instant *now)
{
	struct session_question question = session_question_of(e, now);
	struct session_judgement j = {.decision.verdict = VERDICT_DENY};
	struct process_stat stat;
	dev_t device;

	if (process_is(e->pid, e->start)) {
		(void)!process_program_read(e->pid, &e->program);
		(void)!process_audit_session_read(e->pid, &e->audit_session);
		if (e->tty[0] && notice_device(e->tty, &device) == 0 && process_stat_read(e->pid, &stat) == 0 &&
		    stat.tty == device)
			e->tty_device = device;
	}
	(void)!s->ports.judge(s->ports.context, &question, &j);
	e->tenant_id = j.tenant_id;
	e->principal = j.principal;
	snprintf(e->user, sizeof(e->user), "%s", j.user);
	snprintf(e->login, sizeof(e->login), "%s", j.login);

	struct session_entry entry = {.report = {.survivors = "", .leftovers = ""}};
	session_view_fill(s, e, now, &entry.view);
	return s->ports.journal(s->ports.context, SESSION_EVENT_OPEN, &entry, 1);
}

/* Where it stands after a broker of before. What was being ended is ended again from the start: no step hurts twice. */
static void stage_resume(struct sessions *s, struct session *e, const struct instant *now)
{
	int populated = cgroup_populated(session_folder(s, e), e->cgroup);
	bool empty = populated == 0 || populated == -ENOENT;

	e->due_ns = now->boottime_ns;
	e->stage_ns = now->boottime_ns;
	e->counted_start = e->ended ? UINT64_MAX : 0; /* who was there is counted already */
	if (e->stage == STAGE_OPENING || e->stage == STAGE_OPEN) {
		if (e->stage == STAGE_OPENING) /* nobody was told that it is open */
			(void)!ending_front_aside(s, e);
		e->stage = STAGE_OPEN;
		e->due_ns = TIME_FOREVER;
		if (empty || cgroup_populated(session_folder(s, e), e->cgroup) == 0)
			ending_closed(s, e, now);
		return;
	}
	if (e->cause == SESSION_CAUSE_NONE)
		e->cause = SESSION_FAILED;
	if (e->stage == STAGE_STUCK) /* reported already */
		return;
	/* Who survived and what is left is looked for anew, not added to. */
	e->survived = 0;
	e->left = 0;
	if ((e->stage == STAGE_SWEEP || e->stage == STAGE_DONE) && empty)
		ending_sweep(e, now);
	else
		e->stage = STAGE_DUE;
}

static void adopted_link(struct sessions *s, struct session *e, const struct instant *now)
{
	(void)!sessions_slice_ready(s); /* pam_tenure may have made another since */
	session_parent_open(s, e);
	stage_resume(s, e, now);
	int r = session_watch(s, e);
	if (r < 0)
		session_log(s, LOG_ERR, "session of %s: cannot be watched: %s", e->user, strerror(-r));
	session_warnings_set(s, e, now);
	session_link(s, e);
}

/* Two files of one session: pam_tenure's goes when the broker's own stands. */
static int adopt_again(struct sessions *s, struct session *known, bool foreign)
{
	if (foreign)
		session_record_update(s, known);
	return foreign && known->record_behind ? -EAGAIN : -EEXIST;
}

static int adopt(struct sessions *s, const char *path, const char *name, bool foreign, const struct instant *now)
{
	struct uuid boot;
	struct session *e = malloc(sizeof(*e));

	if (!e)
		return -ENOMEM;
	int r = record_read(path, name, e, &boot);
	if (r == 0 && !uuid_equal(&boot, &s->boot))
		r = -ESTALE;
	struct session *known = r == 0 ? session_find(s, &e->id) : NULL;
	if (known)
		r = adopt_again(s, known, foreign);
	if (r < 0) {
		free(e);
		return r;
	}
	if (!s->reaping)
		e->grace_ns = s->grace_ns;
	/* Before the first judgement: should that extend it, the timer's number goes on from here. */
	if (foreign)
		session_backstop_arm(s, e, now);
	int journalled = foreign ? foreign_complete(s, e, now) : 0;
	if (journalled < 0)
		session_log(s, LOG_ERR, "session of %s was opened without the broker and cannot be journalled: %s",
			    e->user, strerror(-journalled));
	session_record_update(s, e);
	adopted_link(s, e, now);
	/* What opened by itself is judged by the broker; what it may not go on with ends. */
	if (foreign && e->stage == STAGE_OPEN)
		session_judge_again(s, e, now);
	if (s->draining > 0) /* pam_tenure has not heard of it */
		ending_due(e, SESSION_DRAINED);
	return foreign && e->record_behind ? -EAGAIN : 0;
}

/* All else may be mended by another try: no descriptor, no memory, a disk that is full. */
static bool is_final(int r)
{
	return r == 0 || r == -EEXIST || r == -ESTALE || r == -EBADMSG;
}

void sessions_rescan_soon(struct sessions *s)
{
	struct instant now = {0};

	(void)!session_now(s, &now);
	s->rescan_ns = time_add(now.boottime_ns, RESCAN_NS);
}

/* A file that is still the only trace of a session stays. */
static void adopt_later(struct sessions *s, const char *path, bool foreign, int r)
{
	if (!s->rescan_said)
		session_log(s, LOG_ERR, "%s cannot be taken up yet: %s", path, strerror(-r));
	s->rescan_said = true;
	s->own_left = s->own_left || !foreign;
	sessions_rescan_soon(s);
}

void sessions_adopt_file(struct sessions *s, const char *name)
{
	char path[4096];
	struct instant now;
	bool foreign;

	if (!name_is_record(name, &foreign))
		return;
	/* Our own records come by the folder at start; behind it, the only files that are news are pam_tenure's. */
	if (!foreign && s->adopted)
		return;
	/* tenure-reap ends one session and no other: who takes up a record answers for the session from then on. */
	if (foreign && s->reaping)
		return;
	snprintf(path, sizeof(path), "%s/%s", tenure_path(PATH_SESSIONS), name);
	int r = session_now(s, &now);
	if (r == 0)
		r = adopt(s, path, name, foreign, &now);
	if (r == -ENOENT) /* gone meanwhile */
		return;
	if (!is_final(r)) {
		adopt_later(s, path, foreign, r);
		return;
	}
	if (r == -EBADMSG)
		session_log(s, LOG_ERR, "%s is no record of a session: it is removed", path);
	if (foreign || r == -ESTALE || r == -EBADMSG)
		unlink(path);
}

static void adopt_all(struct sessions *s, DIR *d, bool foreign)
{
	size_t seen = 0;
	bool its;

	rewinddir(d);
	for (struct dirent *e; seen < ADOPT_MAX && (e = readdir(d)); seen++) {
		if (name_is_record(e->d_name, &its) && its == foreign)
			sessions_adopt_file(s, e->d_name);
	}
}

/* Our own first: what has both is known then. */
int sessions_adopt(struct sessions *s)
{
	DIR *d = opendir(tenure_path(PATH_SESSIONS));

	if (!d)
		return -errno;
	if (!s->adopted) {
		s->own_left = false;
		adopt_all(s, d, false);
		s->adopted = !s->own_left;
	}
	adopt_all(s, d, true);
	closedir(d);
	return 0;
}

void sessions_rescan(struct sessions *s, const struct instant *now)
{
	if (now->boottime_ns < s->rescan_ns)
		return;
	s->rescan_ns = TIME_FOREVER;
	for (struct session *e = s->first; e; e = e->next) {
		if (e->record_behind && e->stage != STAGE_GONE)
			session_record_update(s, e);
	}
	if (!s->reaping && sessions_adopt(s) < 0)
		sessions_rescan_soon(s);
	if (s->rescan_ns == TIME_FOREVER)
		s->rescan_said = false;
}
