/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_CGROUP_H
#define TENURE_TENURED_CGROUP_H

/*
 * The cgroups of sessions: one directory each in tenure.slice, at the root of our cgroup namespace, on the cgroup2 that
 * /proc/self/mountinfo names (unified, or hybrid under .../unified).
 *
 * MUST: only names that cgroup_name_is_ours takes are opened, moved into, killed or removed (T38); all by *at calls
 * from the one descriptor of tenure.slice; no pid <= 1 is moved or signalled.
 */

#include <sys/types.h>

#include "common/base/cgroup_mount.h"
#include "common/base/id.h"

#define CGROUP_NAME_MAX 64

/*
 * Opens tenure.slice in cgroup2's mount point and makes it if need be: a descriptor, -ENOENT, -EROFS, -EPERM (not
 * root's), -errno.
 */
int cgroup_slice_open(int root) MUST_CHECK;

/* "tenure-UUID", which pam_tenure makes too (session_record.h), and "tenure-UUID.scope". */
enum cgroup_form { CGROUP_PLAIN, CGROUP_SCOPE };
void cgroup_name(const struct uuid *session, enum cgroup_form form, char buf[static CGROUP_NAME_MAX]);
bool cgroup_name_is_ours(const char *name);
/* The same, and whose it is. */
bool cgroup_name_parse(const char *name, struct uuid *ret_session);

/*
 * All take the descriptor of the folder that it is in (tenure.slice; a login's scope; another session's) and a name of
 * ours; -EINVAL for any other name. -ENOENT: there is no such cgroup (any more).
 */
int cgroup_make(int slice, const char *name) MUST_CHECK;
int cgroup_move(int slice, const char *name, pid_t pid) MUST_CHECK;
/* 1, 0, or -errno. */
int cgroup_populated(int slice, const char *name) MUST_CHECK;

/*
 * Calls fn for each process in it and below. One that forks meanwhile may be seen twice or not at all. fn returns 0
 * to go on. 0, fn's value, -errno.
 */
typedef int (*cgroup_pid_fn)(void *context, pid_t pid);
int cgroup_each_pid(int slice, const char *name, cgroup_pid_fn fn, void *context) MUST_CHECK;
/* How many there are; 0 if there is no such cgroup. */
unsigned cgroup_count(int slice, const char *name);

/* Sends them, in order, to each process (by pidfd, once it is seen to be in there still). 0 or -errno. */
int cgroup_signal(int slice, const char *name, const int *signals, size_t count) MUST_CHECK;

/* SIGKILL to all that are in it, at once; where the kernel has no cgroup.kill: freeze, kill each, thaw. */
int cgroup_kill(int slice, const char *name) MUST_CHECK;
/* The way for kernels before 5.14. */
int cgroup_kill_each(int slice, const char *name) MUST_CHECK;

/* Removes it with all below. 0 also if there is none; -EBUSY while a process is in it. */
int cgroup_remove(int slice, const char *name) MUST_CHECK;

/* Opens a cgroup by its path as /proc/PID/cgroup gives it. A descriptor, or -errno. */
int cgroup_path_open(int root, const char *path) MUST_CHECK;

/*
 * Moves pid back to the cgroup that it came from: a path as /proc/PID/cgroup gave it. The one place that writes to a
 * cgroup not ours, and only for a session's own front-end.
 */
int cgroup_move_back(int root, const char *path, pid_t pid) MUST_CHECK;

/* Is pid in the cgroup, or below it, wherever that stands? By /proc/PID/cgroup; the name has 122 random bits. */
bool cgroup_holds(const char *name, pid_t pid);

#endif
