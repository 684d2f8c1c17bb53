/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_FAULT_DISK_H
#define TENURE_TESTS_FAULT_DISK_H

/*
 * A disk that fails, or under which the process is killed, at one call that writes. The linker wraps the calls
 * (-Wl,--wrap); without `counting` they pass through.
 */

#include <stdbool.h>

#define KILLED 77 /* exit status of who was killed */
#define FD_MAX 256

enum fault { FAULT_NONE, FAULT_KILL_BEFORE, FAULT_KILL_AFTER, FAULT_ERROR_ONCE, FAULT_ERROR_ON };

struct disk {
	enum fault fault;
	unsigned at, calls; /* the call that it hits; calls so far */
	unsigned syncs;	    /* fdatasync alone: lines of the journal */
	int error;
	bool counting;
	long room; /* bytes that the disk has left; < 0: no limit */
	long reserve;
};
extern struct disk disk;
/* What was written and is not known to be on disk. */
extern bool unsynced[FD_MAX];

#endif
