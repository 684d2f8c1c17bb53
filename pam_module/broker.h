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

/* What a tenant's directory says of a password; its server may take its time (BROKER_DIRECTORY_WAIT_MS). */
#define BROKER_DIRECTORY_WAIT_MS 20000
enum broker_verdict {
	BROKER_VERDICT_NO = 1,
	BROKER_VERDICT_YES,
	BROKER_VERDICT_MUST_CHANGE, /* right, and to be changed before anything else */
	BROKER_VERDICT_EXPIRED,
	BROKER_VERDICT_LOCKED,
	BROKER_VERDICT_REFUSED,	    /* of a new one */
	BROKER_VERDICT_UNAVAILABLE, /* nobody could be asked */
	BROKER_VERDICT_NONE,	    /* it is held against no directory */
};
/*
 * For root. new_password NULL: is it right; else it becomes that one. ret_message: clean, or "". 0; errors as above; a
 * verdict that is none of these is BROKER_VERDICT_NO.
 */
int broker_password(uid_t uid, const char *password, const char *new_password, enum broker_verdict *ret,
		    char ret_message[static BROKER_LINE_MAX + 1]) MUST_CHECK;

/* For root: the hash that offline.h keeps of a password that was right; NULL: none any more. 0; errors as above. */
int broker_keep_password(uid_t uid, const char *hash) MUST_CHECK;

#endif
