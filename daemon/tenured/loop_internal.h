/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_LOOP_INTERNAL_H
#define TENURE_TENURED_LOOP_INTERNAL_H

/* Between loop.c (descriptors, signals, children) and loop_timer.c (a heap of timers on one timerfd). */

#include <signal.h>

#include "daemon/tenured/loop.h"

#define TIMER_ASLEEP SIZE_MAX

enum source_kind { SOURCE_FD, SOURCE_TIMER, SOURCE_SIGNAL, SOURCE_CHILD, SOURCE_CLOCK_JUMP };

struct loop_source {
	struct loop *loop;
	struct loop_source *next, *previous; /* in loop->sources, or (next) in loop->dead */
	enum source_kind kind;
	bool dead;
	int fd; /* SOURCE_FD: the caller's; CHILD, CLOCK_JUMP: ours */
	pid_t pid;
	int signal_number;
	int64_t due_ns;
	size_t heap_at; /* TIMER: position in loop->heap, or TIMER_ASLEEP */
	union {
		loop_fd_fn fd;
		loop_fn plain;
		loop_signal_fn signal;
		loop_child_fn child;
	} fn;
	void *context;
};

struct loop {
	int epoll_fd, timer_fd, signal_fd;
	sigset_t signals;
	bool stopped, dispatching;
	struct loop_source *sources, *dead;
	struct loop_source **heap; /* timers, the earliest first */
	size_t heap_count, heap_size;
	int64_t armed_ns;
};

/* loop.c: NULL without memory. */
struct loop_source *loop_source_new(struct loop *l, enum source_kind kind, void *context);

/* loop_timer.c */
void loop_timer_remove(struct loop *l, struct loop_source *s);
void loop_timer_arm(struct loop *l);
void loop_timer_dispatch(struct loop *l);

#endif
