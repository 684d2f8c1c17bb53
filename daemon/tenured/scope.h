/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_SCOPE_H
#define TENURE_TENURED_SCOPE_H

/*
 * What systemd does for a session where it is PID 1: a scope in tenure.slice for its cgroup, and the backstop, a
 * transient timer that PID 1 fires at the deadline, which runs tenure-reap should no broker be there to end it.
 * RuntimeMaxSec cannot be changed on a running scope, hence a timer that extensions replace.
 *
 * Every call is bounded by SCOPE_WAIT_NS, all its steps together: connecting, being let in, asking, seeing it done. A
 * bus that did not answer in time is left alone for SCOPE_SKIP_NS. Without libsystemd, or with another PID 1,
 * scope_available is false and nothing else is called.
 */

#include <sys/types.h>

#include "common/base/clock.h"
#include "common/base/id.h"

#define SCOPE_WAIT_NS (1800 * NS_PER_MS) /* less than pam_tenure waits for us */
#define SCOPE_SKIP_NS (10 * NS_PER_S)

struct scope_manager;

/* Connects at the first use. 0 or -ENOMEM. */
int scope_manager_new(struct scope_manager **ret) MUST_CHECK;
void scope_manager_free(struct scope_manager *m);

bool scope_available(void);

/*
 * Makes the scope `name` with pid in it, and returns when it is there. 0; -EINPROGRESS: it was asked for, and may come
 * yet; -errno: there is none and none will come.
 */
int scope_start(struct scope_manager *m, const char *name, const char *description, pid_t pid) MUST_CHECK;

/*
 * Arms the timer of the session: in left_ns by the monotonic clock, or at until_ns by REALTIME (TIME_FOREVER: not by
 * that), whichever comes first. number makes its unit's name; the one of number - 1 is stopped. 0 or -errno.
 */
int scope_timer_start(struct scope_manager *m, const struct uuid *session, unsigned number, int64_t left_ns,
		      int64_t until_ns) MUST_CHECK;
/* These ask and do not wait. */
void scope_stop(struct scope_manager *m, const char *name);
void scope_timer_stop(struct scope_manager *m, const struct uuid *session, unsigned number);
/* user@UID.service: what a just-in-time login had running beside its session. */
void scope_user_stop(struct scope_manager *m, uid_t uid);
/* True if logind knows a session of that user that is not in this scope: ".../session-3.scope". */
bool scope_user_has_other(uid_t uid, const char *scope);

#endif
