/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_PAM_FAKES_H
#define TENURE_TESTS_PAM_FAKES_H

/*
 * What the test build of pam_tenure.so sees in place of the machine: linked with --wrap, so that the module's own
 * objects are the shipped ones. The test program finds the struct by dlsym("fakes") in the module that libpam loads.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FAKE_GROUPS_MAX 64

/* What can run out or fail. */
enum fake_call {
	CALL_MEMORY, CALL_MAP, CALL_CRYPT,
	CALL_OPEN, CALL_STAT, CALL_READ, CALL_WRITE, CALL_MKDIR, CALL_CHMOD, CALL_SYNC, CALL_RENAME,
	CALL_CLOCK, CALL_RANDOM, CALL_LIMIT, CALL_GETGROUPS, CALL_SETGROUPS,
	CALL_SOCKET, CALL_CONNECT, CALL_GETSOCKOPT, CALL_SEND, CALL_RECV, CALL_POLL,
	CALL_PAM,
	CALL_KINDS
};

struct fakes {
	uid_t uid, euid;	/* of the calling process; (uid_t)-1: the real ones */
	bool nss_fails;		/* getpwnam answers nothing */
	bool other_peer;	/* whoever holds the broker's socket is somebody else */
	bool cgroup2;		/* statfs says cgroup2, and a new folder has its cgroup.procs */
	long fail_call;		/* which of all these calls fails; 0: none */
	long calls;		/* counted so far */
	bool fail_all_after;	/* and every later one too */
	unsigned long failed[CALL_KINDS];
	uint32_t flip;		/* bits that are turned over in each verdict of the decision core */
	int flip_question;	/* of this question alone (enum question); 0: of every one */
	unsigned fail_delay_us; /* that the module asked for last */
	int group_count;	/* supplementary groups as they were set */
	gid_t groups[FAKE_GROUPS_MAX];
	char syslog[8192];	/* what was logged, a line each */
};
extern struct fakes fakes; /* inside the module */

#endif
