/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_SESSION_PROCESS_H
#define TENURE_TENURED_SESSION_PROCESS_H

/*
 * What /proc says of a process. A pid alone names nothing: with its start time it does. A process writes its own name
 * into the second field of `stat`, blanks and parentheses included, so everything counts from the last ')' (T37).
 */

#include <sys/types.h>

#include "common/base/result.h"

#define PROCESS_NAME_MAX 64
#define PROCESS_CGROUP_MAX 1024
#define PROCESS_NO_AUDIT_SESSION UINT32_MAX

struct process_stat {
	char name[PROCESS_NAME_MAX]; /* as it calls itself: escape before showing */
	char state;		     /* 'Z': a zombie */
	pid_t parent;
	dev_t tty; /* 0: none */
	uint64_t start; /* clock ticks since boot: the second half of its identity */
};

/* The parsers take the file's text and its length; -EBADMSG if it is no such text. */
int process_stat_parse(const char *text, size_t len, struct process_stat *ret) MUST_CHECK;
/* The path behind "0::": a cgroup of version 2, from the root of our cgroup namespace. */
int process_cgroup_parse(const char *text, size_t len, char *buf, size_t size) MUST_CHECK;
/* Real, effective, saved, file system. */
int process_uids_parse(const char *text, size_t len, uid_t ret[4]) MUST_CHECK;

/* Each: 0, -ESRCH (no such process), -EINVAL (pid <= 0), -EBADMSG, -errno. */
int process_stat_read(pid_t pid, struct process_stat *ret) MUST_CHECK;
int process_cgroup_read(pid_t pid, char *buf, size_t size) MUST_CHECK;
int process_uids_read(pid_t pid, uid_t ret[4]) MUST_CHECK;
/* The audit session id, PROCESS_NO_AUDIT_SESSION if it has none. */
int process_audit_session_read(pid_t pid, uint32_t *ret) MUST_CHECK;

/* The program that it runs, as a file. */
struct process_program {
	dev_t device;
	ino_t inode;
};
int process_program_read(pid_t pid, struct process_program *ret) MUST_CHECK;

/* True if pid lives, is no zombie, and started at `start`. */
bool process_is(pid_t pid, uint64_t start);

/* pidfd_open(2) and pidfd_send_signal(2). The latter refuses what is no pidfd. */
int process_open(pid_t pid) MUST_CHECK;
int process_signal(int pidfd, int signal_number) MUST_CHECK;
/* True once the process has ended. */
bool process_has_ended(int pidfd);

#endif
