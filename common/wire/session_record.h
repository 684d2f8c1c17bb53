/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_WIRE_SESSION_RECORD_H
#define TENURE_WIRE_SESSION_RECORD_H

/*
 * The registration of a contained session that pam_tenure opened by itself, because nobody answered on root.sock
 * (decision 1: with the broker dead, what is granted goes on). The module judges, makes a cgroup, moves its own process
 * into it, writes this file, and only then says yes. The broker adopts each at its next start, or when it notices the
 * file: it judges anew, journals the session, writes a record of its own and unlinks this one.
 *
 * Version 1. File: PATH_SESSIONS/UUID.adopt, root 0600, written whole under another name, then renamed; at most
 * SESSION_RECORD_MAX bytes. One KEY=VALUE a line, each key once, in this order; an optional line is left out, never
 * empty. Values hold no control bytes.
 *
 *   version=1
 *   id=UUID                  of the session, random
 *   kind=gate | login
 *   service=sudo-i           PAM service
 *   invoker=1900000001       gate: the real uid that the account phase saw; login: the uid of the login
 *   target=root              gate: who is become; login: the login's name
 *   groups=adm,systemd-journal   login: the local groups that it takes on, names with commas between them, at most
 *                            SESSION_GROUPS_COUNT_MAX; optional. What holds good of the login holds good of each
 *   tty=/dev/pts/3           optional
 *   pid=812                  the process that was moved: the front-end (sudo, su), or what opens the login
 *   start=123456             its start time: field 22 of /proc/PID/stat, in clock ticks since boot
 *   boot=UUID                the boot that pid and start count on; a record of another boot is void
 *   opened=NANOSECONDS       REALTIME
 *   role=db-operator         that gave the right; optional
 *   request=UUID             of the grant; left out for a standing right
 *   end=NANOSECONDS          REALTIME; left out: no end
 *   boot_end=NANOSECONDS     BOOTTIME; left out: no end. The earlier of the two ends the session
 *   cgroup=/tenure.slice/tenure-UUID     below the cgroup2 mount; exactly SESSION_CGROUP_SLICE and the id
 *   parent=/tenure.slice/tenure-OUTER     optional: the session that it was opened in, whose folder holds the cgroup
 *
 * MUST (reader): safe_open, exact owner and mode, every rule above checked; the cgroup is made from id, and the line
 * only compared; whatever does not check is reported, never acted on.
 */

#define SESSION_RECORD_VERSION 1
#define SESSION_RECORD_MAX     4096
#define SESSION_RECORD_SUFFIX  ".adopt"

#define SESSION_GROUPS_COUNT_MAX 64
#define SESSION_GROUPS_MAX	 2112 /* bytes, without a NUL */

/* The folder below the cgroup2 mount, and the name in front of a session's id. */
#define SESSION_CGROUP_SLICE  "tenure.slice"
#define SESSION_CGROUP_PREFIX "tenure-"

#endif
