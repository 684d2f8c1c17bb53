/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_NOTICE_H
#define TENURE_TENURED_NOTICE_H

/*
 * Lines on the terminal of an elevated session, and nowhere else: no byte of ours ever lands in scp, sftp, rsync, git.
 *
 * MUST: a terminal device (pseudo terminal, console, serial line) that is the very device the session's front-end had
 * as its controlling terminal, owned by the invoker; opened O_NOCTTY, O_NONBLOCK, O_NOFOLLOW, once; never waited for.
 */

#include <sys/types.h>

#include "common/base/clock.h"

#define NOTICE_MAX     512
#define NOTICE_COLUMNS 80
#define NOTICE_OUT_MAX (2 * NOTICE_MAX)

/*
 * Writes the line, in as many as it takes, begun and ended by CR LF: the terminal may be raw. 0, -EPERM (not such a
 * terminal), -EAGAIN (it takes nothing now: the line is lost), -errno.
 */
int notice_write(const char *tty, dev_t device, uid_t owner, const char *line) MUST_CHECK;

/* The bytes that are written: broken at blanks, none wider than NOTICE_COLUMNS; a longer word where it must. */
void notice_layout(const char *line, char buf[static NOTICE_OUT_MAX]);

/* Is this a terminal's name and number, for a start? Fills *ret_device. 0 or -errno. */
int notice_device(const char *tty, dev_t *ret_device) MUST_CHECK;

/* The texts; buf has NOTICE_MAX bytes. left_ns: till the end, rounded up. extend: the holder may ask for more time. */
void notice_warning(const char *role, int64_t left_ns, int64_t until_ns, bool extend, char buf[static NOTICE_MAX]);
void notice_closed(const char *role, unsigned processes, char buf[static NOTICE_MAX]);
void notice_left(const char *leftovers, char buf[static NOTICE_MAX]);

/* "15:04:11 CET", in the host's zone. */
void notice_time(int64_t realtime_ns, char *buf, size_t size);

#endif
