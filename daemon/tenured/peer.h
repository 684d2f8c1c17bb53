/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_PEER_H
#define TENURE_TENURED_PEER_H

/*
 * Who is on the other end of a socket: what the kernel says, nothing else (T14). MUST: whatever cannot be found out is
 * a refusal, never an identity (T16); a process is meant by its pidfd, so that a pid that came to another is noticed
 * (T15); a peer in another user namespace has no identity here (T47).
 */

#include <sys/types.h>

#include "common/base/result.h"

struct peer {
	pid_t pid;
	uid_t uid; /* effective, when it connected */
	uid_t real_uid; /* who started it: of a setuid program, not whom it serves */
	gid_t gid;
	int pidfd; /* -1: none held */
	uid_t login_uid; /* NO_ID: unset, or a kernel without audit */
	uint64_t start_time; /* clock ticks since boot, field 22 of /proc/PID/stat */
};

#define PEER_NONE ((struct peer){.pid = -1, .uid = (uid_t)-1, .real_uid = (uid_t)-1, .gid = (gid_t)-1, .pidfd = -1, .login_uid = (uid_t)-1})

/* 0; -ESRCH: it is gone; -EACCES: another user namespace, or no longer who connected; -errno. */
int peer_read(int socket_fd, struct peer *ret) MUST_CHECK;
/* Reads again what may have changed: 0, or as peer_read: then nothing may be done in its name. */
int peer_check(struct peer *peer) MUST_CHECK;
void peer_done(struct peer *peer);

/* Of this very process; NO_ID: none, or it cannot be told. */
uid_t peer_own_login_uid(void);

/* The start time in the text of /proc/PID/stat; the name in it may hold blanks and parentheses (T37). 0 or -EBADMSG. */
int peer_start_time_parse(const char *stat, uint64_t *ret) MUST_CHECK;
/* True if uid is one of the four of the "Uid:" line in the text of /proc/PID/status. */
bool peer_status_has_uid(const char *status, uid_t uid);
/* The first of the four. 0 or -EBADMSG. */
int peer_status_real_uid(const char *status, uid_t *ret) MUST_CHECK;

#endif
