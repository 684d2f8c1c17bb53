/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_TIMES_H
#define TENURE_HELPER_TIMES_H

/*
 * Times as people read them: local, with the zone's name where a moment is exact. All are REALTIME nanoseconds; 0 and
 * TIME_FOREVER show as "-". The strings live as long as the cli.
 */

#include "helper/cli.h"

/* An exact end: "15:04:11 CET", "tomorrow 01:04:11 CET", "2026-03-04 15:04:11 CET". */
const char *time_exact(struct cli *cli, int64_t now_ns, int64_t at_ns);

/* Roughly when: "14:03", "14:03 tomorrow", "2026-03-04 14:03". */
const char *time_rough(struct cli *cli, int64_t now_ns, int64_t at_ns);

/* For a narrow column: the day, or the hour if it is within a day: "2026-12-31", "15:04". */
const char *time_day(struct cli *cli, int64_t now_ns, int64_t at_ns);

/* "15:04:11", or "2026-03-04 15:04:11" where it is not of today. */
const char *time_of_entry(struct cli *cli, int64_t now_ns, int64_t at_ns);

/* How long since: "14 s", "3 min", "2 h", "9 days". */
const char *time_since(struct cli *cli, int64_t now_ns, int64_t at_ns);

/* How long until, in hours and minutes: "23:59"; "14 s", "3 days". */
const char *time_until(struct cli *cli, int64_t now_ns, int64_t at_ns);

/* "0:42:10", of seconds. */
const char *time_left(struct cli *cli, int64_t left_s);

/* "1h30m" */
const char *duration_text(struct cli *cli, int64_t ns);

#endif
