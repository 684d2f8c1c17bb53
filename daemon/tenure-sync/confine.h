/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SYNC_CONFINE_H
#define TENURE_SYNC_CONFINE_H

/*
 * What keeps tenure-sync in, whoever speaks through it: no core and no look into it, no new privileges, bounds, Landlock
 * (reads what libldap, TLS and the resolver need; writes and executes nothing; listens on no TCP port) and seccomp
 * (an allow list; what only an attacker would call ends the process, the rest is EPERM). Threads of this process, and
 * libraries that it loads later, live under the same.
 *
 * MUST: called once, before anything is read from outside and before there is a second thread.
 */

#include "common/base/result.h"

/* *ret_confined: enum sync_confined, as far as the kernel has it. 0, or -errno: it must not go on. */
int confine(unsigned *ret_confined) MUST_CHECK;

/*
 * True: a file that the rules name was replaced since (resolv.conf by rename), and the new one cannot be read. To be
 * asked before each connection: sync_serve then returns, and the broker starts it anew.
 */
bool confine_is_outdated(void) MUST_CHECK;

/* confine_files.c, confine_calls.c: a part each. 0; -EOPNOTSUPP: the kernel has it not; -errno. */
int confine_files(void) MUST_CHECK;
int confine_calls(void) MUST_CHECK;

#endif
