/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_LOOP_H
#define TENURE_TENURED_LOOP_H

/*
 * The broker's one loop: descriptors by epoll, timers on CLOCK_BOOTTIME by one timerfd, signals by signalfd, ends of
 * children by pidfd, and jumps of the wall clock. One thread; no callback may block.
 *
 * Every watch is a struct loop_source, freed by whoever asked for it. A callback may free any source, its own included:
 * a freed source is never called again, not even for an event that was already fetched.
 */

#include <sys/types.h>

#include "common/base/clock.h"

struct loop;
struct loop_source;

int loop_new(struct loop **ret) MUST_CHECK;
/* Frees what sources are left, too. NULL is fine. */
void loop_free(struct loop *l);

/* Runs until loop_stop. 0, or -errno of the loop itself. */
int loop_run(struct loop *l) MUST_CHECK;
/* One turn: waits at most timeout_ms (-1: until something happens), then calls what is due. 0 or -errno. */
int loop_turn(struct loop *l, int timeout_ms) MUST_CHECK;
void loop_stop(struct loop *l);

/* NULL is fine. Closes no descriptor but those that the loop opened itself (pidfd of a child). */
void loop_source_free(struct loop_source *s);
/* Frees *s and sets it to NULL. */
void loop_source_clear(struct loop_source **s);

/* events and what the callback gets: EPOLLIN, EPOLLOUT, ...; EPOLLERR and EPOLLHUP always come. Level-triggered. */
typedef void (*loop_fd_fn)(void *context, int fd, uint32_t events);
int loop_add_fd(struct loop *l, int fd, uint32_t events, loop_fd_fn fn, void *context,
		struct loop_source **ret) MUST_CHECK;
int loop_set_events(struct loop_source *s, uint32_t events) MUST_CHECK;

/*
 * Calls fn once when CLOCK_BOOTTIME reaches boottime_ns: at the loop's next turn if that has passed (0: as soon as
 * possible). TIME_FOREVER: asleep. A timer that fired sleeps until it is set again. Timers due together run in order
 * of their times.
 */
typedef void (*loop_fn)(void *context);
int loop_add_timer(struct loop *l, int64_t boottime_ns, loop_fn fn, void *context,
		   struct loop_source **ret) MUST_CHECK;
void loop_set_timer(struct loop_source *s, int64_t boottime_ns);
/* CLOCK_BOOTTIME now + ms, for loop_set_timer. */
int64_t loop_in_ms(int64_t ms);

/* Blocks the signal and calls fn whenever it comes. One source a signal. */
typedef void (*loop_signal_fn)(void *context, int signal_number);
int loop_add_signal(struct loop *l, int signal_number, loop_signal_fn fn, void *context,
		    struct loop_source **ret) MUST_CHECK;

/*
 * Calls fn once when our child has ended, which reaps it: status as of waitpid(2), or -errno if it could not be had.
 * Freeing the source before that leaves a zombie to the caller.
 */
typedef void (*loop_child_fn)(void *context, pid_t pid, int status);
int loop_add_child(struct loop *l, pid_t pid, loop_child_fn fn, void *context,
		   struct loop_source **ret) MUST_CHECK;
/* Reaps our child when it ends, and tells nobody. 0 or -errno. */
int loop_reap(struct loop *l, pid_t pid) MUST_CHECK;

/* Calls fn whenever CLOCK_REALTIME was set (TFD_TIMER_CANCEL_ON_SET). */
int loop_add_clock_jump(struct loop *l, loop_fn fn, void *context, struct loop_source **ret) MUST_CHECK;

#endif
