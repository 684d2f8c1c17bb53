/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_PAM_FAKES_H
#define TENURE_TESTS_PAM_FAKES_H

/*
 * What the test build of pam_tenure.so sees in place of the machine: linked with --wrap, so that the module's own
 * objects are the shipped ones. The test program finds the struct by dlsym("fakes") in the module that libpam loads.
 */

#include <stdbool.h>
#include <sys/types.h>

#define FAKE_GROUPS_MAX 64

struct fakes {
	uid_t uid, euid;	/* of the calling process; (uid_t)-1: the real ones */
	bool nss_fails;		/* getpwnam answers nothing */
	bool cgroup2;		/* statfs says cgroup2, and a new folder has its cgroup.procs */
	long fail_allocation;	/* which allocation, opening, mapping, reading fails; 0: none */
	long allocations;	/* counted so far */
	bool fail_all_after;	/* and every later one too */
	int group_count;	/* supplementary groups as they were set */
	gid_t groups[FAKE_GROUPS_MAX];
	char syslog[8192];	/* what was logged, a line each */
};

#endif
