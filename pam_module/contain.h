/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_CONTAIN_H
#define TENURE_PAM_CONTAIN_H

/*
 * Contains a session: through the broker, or without it where nobody answers. MUST: 0 only when the calling process is
 * in a cgroup of its own and a record of it is on its way to whoever ends it; a host that cannot end a session does
 * not open one (decision 5).
 */

#include "pam_module/broker.h"
#include "pam_module/judge.h"

/*
 * 0; -EACCES: the broker refuses; -errno: nobody can contain it. *ret_unattended: done without the broker.
 */
int contain(const struct broker_session_request *request, const struct decision *decision,
	    struct broker_session *ret, bool *ret_unattended) MUST_CHECK;

/*
 * Where the calling process was started inside a contained session and something (pam_systemd) has moved it out of there
 * since, it goes back. 0 (also where there is nothing to do) or -errno.
 */
int contain_stay(void) MUST_CHECK;

/* The front-end leaves. The session stays contained for as long as anything runs in it. */
void contain_close(const char *id);

/* The parts, for their tests. */

/* True if a cgroup path has a component of ours: tenure-UUID or tenure-UUID.scope. */
bool cgroup_path_is_contained(const char *path);

#endif
