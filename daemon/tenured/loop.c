/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/loop_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 64

/* Sources */

struct loop_source *loop_source_new(struct loop *l, enum source_kind kind, void *context)
{
	struct loop_source *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->loop = l;
	s->kind = kind;
	s->fd = -1;
	s->heap_at = TIMER_ASLEEP;
	s->context = context;
	s->next = l->sources;
	if (s->next)
		s->next->previous = s;
	l->sources = s;
	return s;
}

static int source_watch(struct loop_source *s, int fd, uint32_t events, int operation)
{
	struct epoll_event event = {.events = events, .data.ptr = s};

	return epoll_ctl(s->loop->epoll_fd, operation, fd, &event) < 0 ? -errno : 0;
}

static void signals_renew(struct loop *l)
{
	if (l->signal_fd >= 0)
		(void)signalfd(l->signal_fd, &l->signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void bury(struct loop *l)
{
	while (l->dead) {
		struct loop_source *s = l->dead;

		l->dead = s->next;
		free(s);
	}
}

void loop_source_free(struct loop_source *s)
{
	struct loop *l;

	if (!s || s->dead)
		return;
	l = s->loop;
	s->dead = true;
	if (s->kind == SOURCE_FD && s->fd >= 0)
		(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	if ((s->kind == SOURCE_CHILD || s->kind == SOURCE_CLOCK_JUMP) && s->fd >= 0) {
		(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
		close(s->fd);
	}
	if (s->kind == SOURCE_TIMER)
		loop_timer_remove(l, s);
	if (s->kind == SOURCE_SIGNAL) {
		sigdelset(&l->signals, s->signal_number);
		signals_renew(l);
	}
	if (s->previous)
		s->previous->next = s->next;
	else
		l->sources = s->next;
	if (s->next)
		s->next->previous = s->previous;
	s->next = l->dead; /* an event in hand may still point here */
	l->dead = s;
	if (!l->dispatching)
		bury(l);
}

void loop_source_clear(struct loop_source **s)
{
	loop_source_free(*s);
	*s = NULL;
}

int loop_add_fd(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *context, struct loop_source **ret)
{
	struct loop_source *s = loop_source_new(l, SOURCE_FD, context);
	int r;

	if (!s)
		return -ENOMEM;
	s->fn.fd = fn;
	r = source_watch(s, fd, events, EPOLL_CTL_ADD);
	if (r < 0) {
		loop_source_free(s);
		return r;
	}
	s->fd = fd;
	*ret = s;
	return 0;
}

int loop_set_events(struct loop_source *s, uint32_t events)
{
	return source_watch(s, s->fd, events, EPOLL_CTL_MOD);
}

int loop_add_signal(struct loop *l, int signal_number, loop_signal_fn fn, void *context, struct loop_source **ret)
{
	struct loop_source *s = loop_source_new(l, SOURCE_SIGNAL, context);
	sigset_t one;
	int fd, r = 0;

	if (!s)
		return -ENOMEM;
	s->fn.signal = fn;
	s->signal_number = signal_number;
	sigemptyset(&one);
	sigaddset(&one, signal_number);
	sigaddset(&l->signals, signal_number);
	if (sigprocmask(SIG_BLOCK, &one, NULL) < 0)
		r = -errno;
	fd = r < 0 ? -1 : signalfd(l->signal_fd, &l->signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r == 0 && fd < 0)
		r = -errno;
	if (r == 0 && l->signal_fd < 0) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &l->signal_fd};

		l->signal_fd = fd;
		if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
			r = -errno;
	}
	if (r < 0) {
		loop_source_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

int loop_add_child(struct loop *l, pid_t pid, loop_child_fn fn, void *context, struct loop_source **ret)
{
	struct loop_source *s = loop_source_new(l, SOURCE_CHILD, context);
	int r;

	if (!s)
		return -ENOMEM;
	s->fn.child = fn;
	s->pid = pid;
	s->fd = (int)syscall(SYS_pidfd_open, pid, 0);
	r = s->fd < 0 ? -errno : source_watch(s, s->fd, EPOLLIN, EPOLL_CTL_ADD);
	if (r < 0) {
		loop_source_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

static void on_reaped(void *context, pid_t pid, int status)
{
	(void)pid;
	(void)status;
	loop_source_free(context);
}

int loop_reap(struct loop *l, pid_t pid)
{
	struct loop_source *s;
	int r = loop_add_child(l, pid, on_reaped, NULL, &s);

	if (r == 0)
		s->context = s;
	return r;
}

static int clock_jump_arm(int fd)
{
	/* Far away: it is the cancellation that we wait for. */
	struct itimerspec spec = {.it_value.tv_sec = INT32_MAX};

	if (timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, NULL) < 0)
		return -errno;
	return 0;
}

int loop_add_clock_jump(struct loop *l, loop_fn fn, void *context, struct loop_source **ret)
{
	struct loop_source *s = loop_source_new(l, SOURCE_CLOCK_JUMP, context);
	int r;

	if (!s)
		return -ENOMEM;
	s->fn.plain = fn;
	s->fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	r = s->fd < 0 ? -errno : clock_jump_arm(s->fd);
	if (r == 0)
		r = source_watch(s, s->fd, EPOLLIN, EPOLL_CTL_ADD);
	if (r < 0) {
		loop_source_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

/* Dispatch */

static void dispatch_signals(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		for (struct loop_source *s = l->sources; s; s = s->next) {
			if (s->kind != SOURCE_SIGNAL || s->signal_number != (int)info.ssi_signo)
				continue;
			s->fn.signal(s->context, s->signal_number);
			break; /* the list may have changed */
		}
	}
}

static void dispatch_child(struct loop_source *s)
{
	int status = 0;
	pid_t pid = waitpid(s->pid, &status, WNOHANG);

	if (pid == 0)
		return;
	if (pid < 0)
		status = -errno;
	(void)epoll_ctl(s->loop->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	s->fn.child(s->context, s->pid, status);
}

static void dispatch_clock_jump(struct loop_source *s)
{
	uint64_t expirations;

	(void)!read(s->fd, &expirations, sizeof(expirations)); /* ECANCELED: that is the jump */
	(void)!clock_jump_arm(s->fd);
	s->fn.plain(s->context);
}

static void dispatch(struct loop *l, const struct epoll_event *event)
{
	struct loop_source *s = event->data.ptr;

	if (event->data.ptr == &l->timer_fd) {
		loop_timer_dispatch(l);
	} else if (event->data.ptr == &l->signal_fd) {
		dispatch_signals(l);
	} else if (s->dead) {
		return;
	} else if (s->kind == SOURCE_FD) {
		s->fn.fd(s->context, s->fd, event->events);
	} else if (s->kind == SOURCE_CHILD) {
		dispatch_child(s);
	} else if (s->kind == SOURCE_CLOCK_JUMP) {
		dispatch_clock_jump(s);
	}
}

int loop_turn(struct loop *l, int timeout_ms)
{
	struct epoll_event events[EVENTS_MAX];
	int n;

	loop_timer_arm(l);
	n = epoll_wait(l->epoll_fd, events, EVENTS_MAX, timeout_ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	l->dispatching = true;
	for (int i = 0; i < n; i++)
		dispatch(l, &events[i]);
	l->dispatching = false;
	bury(l);
	return 0;
}

int loop_run(struct loop *l)
{
	l->stopped = false;
	while (!l->stopped) {
		int r = loop_turn(l, -1);

		if (r < 0)
			return r;
	}
	return 0;
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}

int loop_new(struct loop **ret)
{
	struct loop *l = calloc(1, sizeof(*l));
	struct epoll_event event = {.events = EPOLLIN};
	int r;

	if (!l)
		return -ENOMEM;
	l->signal_fd = l->timer_fd = -1;
	l->armed_ns = TIME_FOREVER;
	sigemptyset(&l->signals);
	event.data.ptr = &l->timer_fd;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd >= 0)
		l->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->timer_fd < 0 || epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->timer_fd, &event) < 0) {
		r = -errno;
		loop_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	while (l->sources)
		loop_source_free(l->sources);
	bury(l);
	if (l->signal_fd >= 0)
		close(l->signal_fd);
	if (l->timer_fd >= 0)
		close(l->timer_fd);
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	free(l->heap);
	free(l);
}
