/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_BASE_CLOCK_H
#define TENURE_BASE_CLOCK_H

/*
 * Time, in nanoseconds, on the two clocks that a deadline is held against: REALTIME, since 1970, which people read
 * and may set; BOOTTIME, since boot, suspend included, which nobody can turn back. The earlier of the two ends a
 * grant. Code that judges time takes a struct clock_source, so that tests bring one of their own; shipped programs
 * use clock_system alone. Only privileged code judges time: a user may shift BOOTTIME in a time namespace.
 */

#include "common/base/result.h"

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

/* Ends that never come, and starts that always were. */
#define TIME_FOREVER INT64_MAX
#define TIME_ALWAYS  INT64_MIN

struct instant {
	int64_t realtime_ns;
	int64_t boottime_ns;
};

struct clock_source {
	/* Fills *ret; 0 or -errno. */
	int (*now)(struct clock_source *self, struct instant *ret);
};

extern struct clock_source clock_system;

/*
 * When something holds: start inclusive, end exclusive. boot_end_ns is TIME_FOREVER for what is not bound to this
 * boot; otherwise it is on this boot's BOOTTIME and the window is over when either end is reached.
 */
struct window {
	int64_t start_ns;    /* REALTIME or TIME_ALWAYS */
	int64_t end_ns;	     /* REALTIME or TIME_FOREVER */
	int64_t boot_end_ns; /* BOOTTIME or TIME_FOREVER */
};

#define WINDOW_ALWAYS ((struct window){TIME_ALWAYS, TIME_FOREVER, TIME_FOREVER})

bool window_holds(const struct window *w, const struct instant *now);

/* Nanoseconds until the window's end, TIME_FOREVER if it has none, 0 if it is over. */
int64_t window_left_ns(const struct window *w, const struct instant *now);

/*
 * a + b without overflow: stops at the ends of the range. b is a duration, >= 0.
 */
int64_t time_add(int64_t a_ns, int64_t b_ns);

/*
 * RFC 3339 date-time with a zone ("2026-12-31T23:59:59Z", "...+01:00"; a fraction is accepted, seconds 60 is not).
 * The whole string must match. 0, -EINVAL, -ERANGE.
 */
int time_parse_rfc3339(const char *text, int64_t *ret_realtime_ns) MUST_CHECK;

/* "2026-12-31T23:59:59Z", UTC, cut to seconds. len >= TIME_TEXT_MAX. */
#define TIME_TEXT_MAX 32
void time_format_rfc3339(int64_t realtime_ns, char *buf, size_t len);

/*
 * "20s", "5m", "2h", "1d", "1h30m": a plain number is refused, units descend, nothing repeats, no blanks.
 * 0, -EINVAL, -ERANGE (over 366 days).
 */
int duration_parse(const char *text, int64_t *ret_ns) MUST_CHECK;

/* The shortest form that duration_parse reads back: "1h30m", "45s", "0s". Rounds down to seconds. */
#define DURATION_TEXT_MAX 32
void duration_format(int64_t ns, char *buf, size_t len);

#endif
