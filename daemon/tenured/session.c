/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "daemon/tenured/notice.h"
#include "daemon/tenured/scope.h"
#include "daemon/tenured/session_state.h"

/* However long a deadline is, the clocks are looked at this often: REALTIME may be set. */
#define LOOK_AT_LEAST_NS (30 * NS_PER_S)

static const char *const cause_texts[SESSION_CAUSE_COUNT] = {
	[SESSION_CAUSE_NONE] = "none",	 [SESSION_CLOSED] = "closed",	[SESSION_EXPIRED] = "expire",
	[SESSION_ENDED] = "end",	 [SESSION_REVOKED] = "revoke",	[SESSION_LOST] = "lost",
	[SESSION_DISABLED] = "disabled", [SESSION_DRAINED] = "drain",	[SESSION_FAILED] = "failed",
};

const char *session_cause_text(enum session_cause cause)
{
	return cause < SESSION_CAUSE_COUNT ? cause_texts[cause] : "none";
}

int session_now(struct sessions *s, struct instant *ret)
{
	return s->ports.clock->now(s->ports.clock, ret);
}

void session_log(struct sessions *s, int priority, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	if (!s->ports.log)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	s->ports.log(s->ports.context, priority, text);
}

void session_record_update(struct sessions *s, struct session *e)
{
	struct session other;
	struct uuid boot;

	if (e->stray)
		return;
	/* A broker that came back meanwhile has journalled it and put the record away. */
	if (s->reaping && session_record_read_id(&e->id, &other, &boot) == -ENOENT)
		return;
	int r = session_record_write(s, e);
	if (r < 0 && !e->record_behind)
		session_log(s, LOG_ERR, "session of %s: its record cannot be written: %s", e->user, strerror(-r));
	e->record_behind = r < 0;
	if (r < 0)
		sessions_rescan_soon(s);
}

/* systemd removes a slice that is stopped, though we hold it open. */
static bool slice_is_current(const struct sessions *s)
{
	struct stat held, there;

	return fstat(s->slice, &held) == 0 &&
	       fstatat(s->root, SESSION_CGROUP_SLICE, &there, AT_SYMLINK_NOFOLLOW) == 0 && held.st_dev == there.st_dev && held.st_ino == there.st_ino;
}

int sessions_slice_ready(struct sessions *s)
{
	if (s->slice >= 0 && slice_is_current(s))
		return 0;
	if (s->slice >= 0)
		close(s->slice);
	if (s->root < 0)
		s->root = cgroup_mount_open();
	s->slice = s->root < 0 ? s->root : cgroup_slice_open(s->root);
	s->unready = s->slice < 0 ? s->slice : 0;
	return s->unready;
}

const char *sessions_unready(const struct sessions *s)
{
	if (s->slice >= 0)
		return NULL;
	switch (s->unready) {
	case -ENOENT:
		return "no cgroup2 is mounted";
	case -EROFS:
	case -EACCES:
		return "cgroup2 cannot be written";
	case -EPERM:
		return "tenure.slice is not root's";
	default:
		return "no cgroup can be made";
	}
}

void sessions_configure(struct sessions *s, const struct host_config *host)
{
	struct instant now;

	memcpy(s->warn_before_ns, host->warn_before_ns, sizeof(s->warn_before_ns));
	s->warn_before_count = host->warn_before_count;
	s->grace_ns = host->grace_ns;
	if (session_now(s, &now) < 0)
		return;
	for (struct session *e = s->first; e; e = e->next) {
		session_warnings_set(s, e, &now);
		if (e->grace_ns == s->grace_ns || e->stage == STAGE_GONE)
			continue;
		e->grace_ns = s->grace_ns;
		session_record_update(s, e);
	}
}

static int folder_make(void)
{
	struct stat st;
	const char *path = tenure_path(PATH_SESSIONS);

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (lstat(path, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) && st.st_uid == tenure_trusted_uid() && !(st.st_mode & 022) ? 0 : -EPERM;
}

int sessions_prepare(const struct session_ports *ports, struct sessions **ret)
{
	struct sessions *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	*s = (struct sessions){.ports = *ports, .root = -1, .slice = -1, .epoll = -1, .inotify = -1,
			       .records_watch = -1, .rescan_ns = TIME_FOREVER};
	int r = folder_make();
	if (r == 0)
		r = scope_manager_new(&s->manager);
	if (r == 0)
		r = boot_id_read(&s->boot);
	if (r == 0)
		r = sessions_watch_init(s);
	if (r < 0) {
		sessions_free(s);
		return r;
	}
	(void)!sessions_slice_ready(s); /* sessions_unready says it */
	*ret = s;
	return 0;
}

int sessions_new(const struct session_ports *ports, const struct host_config *host, struct sessions **ret)
{
	struct sessions *s;

	int r = sessions_prepare(ports, &s);
	if (r < 0)
		return r;
	sessions_configure(s, host);
	r = sessions_adopt(s);
	if (r < 0) {
		sessions_free(s);
		return r;
	}
	sessions_recheck(s);
	*ret = s;
	return 0;
}

static void descriptor_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

void session_drop(struct sessions *s, struct session *e)
{
	session_unwatch(s, e);
	descriptor_close(e->parent_fd);
	free(e);
}

void sessions_free(struct sessions *s)
{
	if (!s)
		return;
	leftover_free(s);
	scope_manager_free(s->manager);
	while (s->first) {
		struct session *e = s->first;
		s->first = e->next;
		session_drop(s, e);
	}
	free(s->strays);
	descriptor_close(s->slice);
	descriptor_close(s->root);
	descriptor_close(s->inotify);
	descriptor_close(s->epoll);
	free(s);
}

int sessions_fd(const struct sessions *s)
{
	return s->epoll;
}

struct session *session_find(struct sessions *s, const struct uuid *id)
{
	for (struct session *e = s->first; e; e = e->next) {
		if (e->stage != STAGE_GONE && uuid_equal(&e->id, id))
			return e;
	}
	return NULL;
}

void session_link(struct sessions *s, struct session *e)
{
	struct session **at = &s->first;

	while (*at && (*at)->opened_ns <= e->opened_ns)
		at = &(*at)->next;
	e->next = *at;
	*at = e;
	s->count++;
}

/* --- what others see --- */

void session_view_fill(struct sessions *s, const struct session *e, const struct instant *now, struct session_view *ret)
{
	int64_t left = window_left_ns(&e->window, now);

	*ret = (struct session_view){
		.id = e->id, .kind = e->kind, .user = e->user, .login = e->login, .role = e->role,
		.service = e->service, .target = e->target, .tty = e->tty, .tenant_id = e->tenant_id,
		.principal = e->principal, .request = e->request, .invoker = e->invoker, .pid = e->pid,
		.since_ns = e->opened_ns, .left_ns = left,
		.until_ns = left == TIME_FOREVER ? TIME_FOREVER : time_add(now->realtime_ns, left),
		.ending = e->stage > STAGE_OPEN, .cause = e->cause,
	};
}

int sessions_each(struct sessions *s, int (*fn)(void *context, const struct session_view *view), void *context)
{
	struct session_view view;
	struct instant now;

	int r = session_now(s, &now);
	for (struct session *e = s->first; r == 0 && e; e = e->next) {
		if (e->stage == STAGE_GONE)
			continue;
		session_view_fill(s, e, &now, &view);
		view.processes = cgroup_count(session_folder(s, e), e->cgroup);
		r = fn(context, &view);
	}
	return r;
}

size_t sessions_count(const struct sessions *s)
{
	size_t n = 0;

	for (const struct session *e = s->first; e; e = e->next)
		n += e->stage != STAGE_GONE && e->stage != STAGE_STUCK;
	return n;
}

size_t sessions_resting_on(const struct sessions *s, const struct uuid *request)
{
	size_t n = 0;

	for (const struct session *e = s->first; e; e = e->next)
		n += e->stage < STAGE_STUCK && uuid_equal(&e->request, request);
	return n;
}

/* --- time --- */

void session_warnings_set(const struct sessions *s, struct session *e, const struct instant *now)
{
	int64_t left = window_left_ns(&e->window, now);

	for (e->warning_next = 0; e->warning_next < s->warn_before_count; e->warning_next++) {
		if (s->warn_before_ns[e->warning_next] < left)
			return;
	}
}

/* Says the latest warning whose time has come; those that it overtook are left out. */
static void session_warn(struct sessions *s, struct session *e, int64_t left, const struct instant *now)
{
	char line[NOTICE_MAX];
	size_t said = s->warn_before_count;

	for (; e->warning_next < s->warn_before_count && left <= s->warn_before_ns[e->warning_next]; e->warning_next++)
		said = e->warning_next;
	if (said == s->warn_before_count || !e->tty[0])
		return;
	notice_warning(e->role, left, time_add(now->realtime_ns, left), !uuid_is_null(&e->request), line);
	(void)!notice_write(e->tty, e->tty_device, e->invoker, line);
}

/* One session at one tick; the BOOTTIME of what comes next for it. */
static int64_t session_tick(struct sessions *s, struct session *e, const struct instant *now)
{
	if (e->stage == STAGE_OPEN && !window_holds(&e->window, now))
		ending_due(e, SESSION_EXPIRED);
	if (e->stage == STAGE_OPEN && e->front_gone)
		session_look(s, e, now); /* for the event that never came */
	if (e->stage == STAGE_OPEN) {
		int64_t left = window_left_ns(&e->window, now), next = left;
		if (left == TIME_FOREVER)
			return e->front_gone ? time_add(now->boottime_ns, LOOK_AT_LEAST_NS) : TIME_FOREVER;
		session_warn(s, e, left, now);
		if (e->warning_next < s->warn_before_count)
			next = left - s->warn_before_ns[e->warning_next];
		return time_add(now->boottime_ns, next < LOOK_AT_LEAST_NS ? next : LOOK_AT_LEAST_NS);
	}
	if (e->stage > STAGE_DUE && e->stage != STAGE_GONE && now->boottime_ns >= e->due_ns)
		ending_step(s, e, now);
	return e->due_ns;
}

/* Drops what is over. No pointer to a session may be held across this. */
static void gone_drop(struct sessions *s)
{
	for (struct session **at = &s->first; *at;) {
		struct session *e = *at;
		if (e->stage != STAGE_GONE) {
			at = &e->next;
			continue;
		}
		*at = e->next;
		s->count--;
		session_drop(s, e);
	}
}

int64_t sessions_tick(struct sessions *s)
{
	struct instant now;

	if (session_now(s, &now) < 0)
		return TIME_FOREVER;
	sessions_rescan(s, &now);
	int64_t next = strays_tick(s, &now);
	next = s->rescan_ns < next ? s->rescan_ns : next;
	for (struct session *e = s->first; e; e = e->next) {
		int64_t t = session_tick(s, e, &now);
		next = t < next ? t : next;
	}
	ending_flush(s, &now);
	int64_t search = leftover_start(s, &now);
	next = search < next ? search : next;
	gone_drop(s);
	for (struct session *e = s->first; e; e = e->next) {
		if (e->stage > STAGE_OPEN && e->due_ns < next)
			next = e->due_ns;
	}
	return next;
}

void sessions_recheck(struct sessions *s)
{
	struct instant now;

	if (session_now(s, &now) < 0)
		return;
	for (struct session *e = s->first; e; e = e->next) {
		if (e->stage == STAGE_OPEN)
			session_judge_again(s, e, &now);
	}
	(void)sessions_tick(s);
}

void sessions_drain(struct sessions *s)
{
	s->draining++;
	for (struct session *e = s->first; e; e = e->next)
		ending_due(e, SESSION_DRAINED);
	(void)sessions_tick(s);
}

void sessions_drain_over(struct sessions *s)
{
	if (s->draining > 0)
		s->draining--;
}

int sessions_end(struct sessions *s, const struct uuid *id, enum session_cause cause)
{
	struct session *e = session_find(s, id);

	if (!e)
		return -ENOENT;
	ending_due(e, cause);
	(void)sessions_tick(s);
	return 0;
}
