/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

/*
 * What wakes us: the front-ends' pidfds, one inotify for the cgroup.events of all sessions and for files that
 * pam_tenure registers, and the pipe of the child that looks for leftovers. Each only says "look": what holds is read
 * from the kernel then, so that nothing is lost when events are.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "daemon/tenured/session_state.h"

#define EVENTS_A_TURN 64

int sessions_watch_init(struct sessions *s)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (s->epoll < 0 || s->inotify < 0)
		return -errno;
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->inotify, &event) < 0)
		return -errno;
	s->records_watch = inotify_add_watch(s->inotify, tenure_path(PATH_SESSIONS), IN_MOVED_TO | IN_ONLYDIR);
	return s->records_watch < 0 ? -errno : 0;
}

/* inotify takes names alone; the directory is the one behind our descriptor. */
static int events_watch(struct sessions *s, const struct session *e)
{
	char path[64 + CGROUP_NAME_MAX];
	int folder = session_folder(s, e);

	if (folder < 0 || !cgroup_name_is_ours(e->cgroup))
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s/cgroup.events", folder, e->cgroup);
	int watch = inotify_add_watch(s->inotify, path, IN_MODIFY);
	return watch < 0 ? -errno : watch;
}

int session_watch(struct sessions *s, struct session *e)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = e};

	if (e->pidfd < 0 && !e->front_gone) {
		e->pidfd = process_open(e->pid);
		if (e->pidfd < 0 && e->pidfd != -ESRCH)
			return e->pidfd;
		if (e->pidfd < 0 || !process_is(e->pid, e->start))
			e->front_gone = true;
	}
	if (e->front_gone)
		session_unwatch(s, e);
	else if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, e->pidfd, &event) < 0 && errno != EEXIST)
		return -errno;
	int watch = events_watch(s, e);
	if (watch < 0)
		return watch == -ENOENT ? 0 : watch; /* no cgroup any more: empty */
	e->watch = watch;
	return 0;
}

static void front_unwatch(struct sessions *s, struct session *e)
{
	if (e->pidfd < 0)
		return;
	(void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, e->pidfd, NULL);
	close(e->pidfd);
	e->pidfd = -1;
}

void session_unwatch(struct sessions *s, struct session *e)
{
	front_unwatch(s, e);
	if (e->watch >= 0)
		(void)inotify_rm_watch(s->inotify, e->watch);
	e->watch = -1;
}

void session_look(struct sessions *s, struct session *e, const struct instant *now)
{
	if (e->stage != STAGE_OPEN) {
		if (e->stage > STAGE_DUE && e->stage != STAGE_GONE)
			ending_step(s, e, now);
		return;
	}
	int populated = cgroup_populated(session_folder(s, e), e->cgroup);
	if (populated == 0 || populated == -ENOENT)
		ending_closed(s, e, now);
}

static void inotify_event(struct sessions *s, const struct inotify_event *event, const struct instant *now)
{
	if (event->mask & IN_Q_OVERFLOW) {
		for (struct session *e = s->first; e; e = e->next)
			session_look(s, e, now);
		return;
	}
	if (event->wd == s->records_watch) {
		if (event->len > 0)
			sessions_adopt_file(s, event->name);
		return;
	}
	for (struct session *e = s->first; e; e = e->next) {
		if (e->watch != event->wd)
			continue;
		if (event->mask & IN_IGNORED)
			e->watch = -1; /* the kernel has dropped it: the cgroup is removed */
		session_look(s, e, now);
		return;
	}
}

static void inotify_ready(struct sessions *s, const struct instant *now)
{
	char buf[16384] __attribute__((aligned(__alignof__(struct inotify_event))));

	for (ssize_t n; (n = read(s->inotify, buf, sizeof(buf))) > 0;) {
		for (char *p = buf; p < buf + n;) {
			const struct inotify_event *event = (const struct inotify_event *)(void *)p;
			inotify_event(s, event, now);
			p += sizeof(*event) + event->len;
		}
	}
}

void sessions_dispatch(struct sessions *s)
{
	struct epoll_event events[EVENTS_A_TURN];
	struct instant now;

	if (session_now(s, &now) < 0)
		return;
	int n = epoll_wait(s->epoll, events, EVENTS_A_TURN, 0);
	for (int i = 0; i < n; i++) {
		struct session *e = events[i].data.ptr;
		if (!events[i].data.ptr) {
			inotify_ready(s, &now);
		} else if (events[i].data.ptr == s) {
			leftover_ready(s, &now);
		} else {
			e->front_gone = true;
			front_unwatch(s, e);
			session_look(s, e, &now);
		}
	}
	(void)sessions_tick(s); /* journals, reports, drops */
}
