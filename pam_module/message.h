/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_MESSAGE_H
#define TENURE_PAM_MESSAGE_H

/*
 * The edge: what a person reads and what the log keeps. MUST: words go through the PAM conversation alone, never to a
 * descriptor; the one line of a denial is shown once, PAM_SILENT or not (sudo always sends it), and says what to do;
 * information needs a terminal and no PAM_SILENT, so that scp, sftp, rsync and git get no byte.
 */

#include "pam_module/judge.h"

/*
 * Ends a phase that is not allowed: logs once, tells once, and returns code. In report-only mode, and for a
 * break-glass account that only a failure stops, it logs that and returns PAM_IGNORE: others decide. t may be NULL.
 */
int refuse(pam_handle_t *pamh, struct transaction *t, const struct subject *s, const struct judgement *j,
	   int code) MUST_CHECK;

/* True if a person at a terminal reads what we say, and the caller did not ask for silence. */
bool may_inform(pam_handle_t *pamh, int flags);

/* The caller's terminal as a device path, or NULL ("ssh" and "cron" are none). buf: at least TERMINAL_PATH_MAX. */
#define TERMINAL_PATH_MAX 64
const char *terminal_path(pam_handle_t *pamh, char buf[static TERMINAL_PATH_MAX]);

/* One line of information. */
void inform(pam_handle_t *pamh, const char *line);

#endif
