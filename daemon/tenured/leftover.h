/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_LEFTOVER_H
#define TENURE_TENURED_LEFTOVER_H

/*
 * What an elevated session may leave behind, outside its cgroup: at and cron jobs, systemd units and timers, files with
 * setuid or setgid, sudoers, authorized_keys, accounts; and processes that root moved away (T45). It is found by the
 * time of the last change of the inode, which touch(1) cannot set back, and by audit session and terminal. It is
 * reported, never undone: full root is accountable, not containable.
 *
 * The search is bounded in time and number, and runs in a child of low priority, one for all sessions that wait. What a
 * bound has cut off is said: "search incomplete" among what was left.
 */

#include <sys/types.h>

#include "common/base/result.h"
#include "daemon/tenured/session_process.h"

#define LEFTOVER_TEXT_MAX 320

struct leftover {
	int64_t changed_ns; /* REALTIME */
	uid_t owner;
	char text[LEFTOVER_TEXT_MAX]; /* "at job 12", "/etc/cron.d/x", "setuid /tmp/sh": escaped */
};

/*
 * fn returns 0 to go on. root: "" or what stands in front of every path (tests). Whole trees are walked, for setuid and
 * setgid files, only with setid. 0, -E2BIG (some place had more than was looked at; the others are searched), or fn's
 * value.
 */
typedef int (*leftover_fn)(void *context, const struct leftover *l);
int leftover_search(const char *root, int64_t since_ns, bool setid, leftover_fn fn, void *context) MUST_CHECK;

/* A process that started at `since` (clock ticks since boot) or later and is in no cgroup of ours. */
struct survivor {
	pid_t pid;
	uint64_t start;
	uid_t uids[4]; /* real, effective, saved, file system */
	uint32_t audit_session;
	dev_t tty;
	struct process_program program;
	char name[4 * PROCESS_NAME_MAX]; /* escaped */
};
typedef int (*survivor_fn)(void *context, const struct survivor *p);
int survivor_search(uint64_t since, survivor_fn fn, void *context) MUST_CHECK;

#endif
