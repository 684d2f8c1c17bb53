/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/tenured/loop_internal.h"

static int64_t boottime_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_BOOTTIME, &ts) < 0)
		return TIME_FOREVER;
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t loop_in_ms(int64_t ms)
{
	return time_add(boottime_now(), ms * NS_PER_MS);
}

/* The heap of timers. */

static void heap_place(struct loop *l, size_t at, struct loop_source *s)
{
	l->heap[at] = s;
	s->heap_at = at;
}

static void heap_rise(struct loop *l, size_t at)
{
	struct loop_source *s = l->heap[at];

	while (at > 0 && l->heap[(at - 1) / 2]->due_ns > s->due_ns) {
		heap_place(l, at, l->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	heap_place(l, at, s);
}

static void heap_sink(struct loop *l, size_t at)
{
	struct loop_source *s = l->heap[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child + 1 < l->heap_count && l->heap[child + 1]->due_ns < l->heap[child]->due_ns)
			child++;
		if (child >= l->heap_count || l->heap[child]->due_ns >= s->due_ns)
			break;
		heap_place(l, at, l->heap[child]);
		at = child;
	}
	heap_place(l, at, s);
}

void loop_timer_remove(struct loop *l, struct loop_source *s)
{
	size_t at = s->heap_at;
	struct loop_source *last;

	if (at == TIMER_ASLEEP)
		return;
	s->heap_at = TIMER_ASLEEP;
	last = l->heap[--l->heap_count];
	if (last == s)
		return;
	heap_place(l, at, last);
	heap_rise(l, at);
	heap_sink(l, last->heap_at);
}

/* There is always room: loop_add_timer makes it. */
static void heap_insert(struct loop *l, struct loop_source *s)
{
	heap_place(l, l->heap_count++, s);
	heap_rise(l, s->heap_at);
}

static int heap_reserve(struct loop *l)
{
	size_t timers = 1, size;
	struct loop_source **heap;

	for (const struct loop_source *s = l->sources; s; s = s->next)
		timers += s->kind == SOURCE_TIMER;
	if (timers <= l->heap_size)
		return 0;
	size = timers * 2;
	heap = reallocarray(l->heap, size, sizeof(*heap));
	if (!heap)
		return -ENOMEM;
	l->heap = heap;
	l->heap_size = size;
	return 0;
}

void loop_timer_arm(struct loop *l)
{
	int64_t due = l->heap_count ? l->heap[0]->due_ns : TIME_FOREVER;
	struct itimerspec spec = {0};

	if (due == l->armed_ns)
		return;
	if (due != TIME_FOREVER) {
		if (due <= 0)
			due = 1; /* zero would disarm it */
		spec.it_value.tv_sec = due / NS_PER_S;
		spec.it_value.tv_nsec = due % NS_PER_S;
	}
	if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) == 0)
		l->armed_ns = l->heap_count ? l->heap[0]->due_ns : TIME_FOREVER;
}

int loop_add_timer(struct loop *l, int64_t boottime_ns, loop_fn fn, void *context, struct loop_source **ret)
{
	struct loop_source *s;
	int r = heap_reserve(l);

	if (r < 0)
		return r;
	s = loop_source_new(l, SOURCE_TIMER, context);
	if (!s)
		return -ENOMEM;
	s->fn.plain = fn;
	loop_set_timer(s, boottime_ns);
	*ret = s;
	return 0;
}

void loop_set_timer(struct loop_source *s, int64_t boottime_ns)
{
	loop_timer_remove(s->loop, s);
	s->due_ns = boottime_ns;
	if (boottime_ns != TIME_FOREVER)
		heap_insert(s->loop, s);
}

void loop_timer_dispatch(struct loop *l)
{
	int64_t now = boottime_now();
	uint64_t expirations;

	(void)!read(l->timer_fd, &expirations, sizeof(expirations));
	l->armed_ns = TIME_FOREVER;
	/* One set to "at once" by a callback waits for the next turn: heap_count bounds this one. */
	for (size_t left = l->heap_count; left && l->heap_count && l->heap[0]->due_ns <= now; left--) {
		struct loop_source *s = l->heap[0];

		loop_timer_remove(l, s);
		s->fn.plain(s->context);
	}
}
