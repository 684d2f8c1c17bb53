/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_BROKER_H
#define TENURE_PAM_BROKER_H

/*
 * The broker as the module sees it. MUST: every wait ends (BROKER_WAIT_MS in total, CLOCK_MONOTONIC); no signal is ever
 * raised in somebody else's process; who answers must be the trusted uid by SO_PEERCRED; no answer (-ENOTCONN) is told
 * apart from a bad one.
 */

#include <sys/types.h>

#include "common/base/id.h"
#include "common/base/text.h"

#define BROKER_WAIT_MS		    2000
#define BROKER_PASSWORD_WAIT_MS	    10000 /* it hashes, and delays after a wrong one */
#define BROKER_LINE_MAX		    160

struct broker_session_request {
	const char *kind, *service, *target, *tty; /* tty NULL: none */
	const char *groups; /* that a login takes on: "adm,systemd-journal"; NULL: none */
	uid_t invoker;
};

struct broker_session {
	char id[UUID_TEXT_MAX]; /* letters, digits, hyphens: as the broker writes it */
	char message[BROKER_LINE_MAX + 1]; /* clean text, or "" */
};

/*
 * SessionOpen: the calling process is contained when this says 0. -ENOTCONN: nobody answers (no socket, nobody behind
 * it, silence until the end of the wait, closed without a word); -ENETUNREACH: it says that it cannot contain anybody
 * now; -EROFS: it cannot put it on record; -EACCES: it refuses; -EBADMSG: no sense in the answer; -errno.
 */
int broker_session_open(const struct broker_session_request *request, struct broker_session *ret) MUST_CHECK;

/* SessionClose. Errors as above; none changes anything for the caller. */
int broker_session_close(const char *id) MUST_CHECK;

/* Is this the password of who calls? 0; -EKEYREJECTED: no; -ENOTCONN and -errno as above. */
int broker_authenticate(const char *password) MUST_CHECK;

#endif
