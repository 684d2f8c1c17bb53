/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_TRANSACTION_H
#define TENURE_PAM_TRANSACTION_H

/*
 * What the phases of one PAM transaction share, kept by pam_set_data. A program may run phases in processes of their
 * own and lose it (sshd does for keyboard-interactive); so nothing in here ever makes a verdict milder.
 */

#include <security/pam_modules.h>
#include <sys/types.h>

#include "common/base/id.h"
#include "common/snapshot/index.h"
#include "common/wire/session_record.h"

#define TRANSACTION_USER_MAX 320 /* a login: name, '@', domain */

struct transaction {
	bool fixed; /* who is judged stands: the four below */
	bool governed;
	enum service_class service_class;
	uid_t uid;
	char user[TRANSACTION_USER_MAX]; /* login and batch: PAM_USER */

	bool must_change;		/* the password was right, and has to be changed now */
	bool told;			/* the one line of a denial was shown */
	const char *logged;		/* why the last denial was logged; static text */
	bool contained;			/* a session was registered */
	char session[UUID_TEXT_MAX];	/* its id, where the broker gave one; else "" */
	size_t group_count;		/* contained: the groups that the session rests on */
	gid_t groups[SESSION_GROUPS_COUNT_MAX];
};

/* The transaction of the handle, or NULL. */
struct transaction *transaction_get(pam_handle_t *pamh);

/* The same, made if there is none; NULL without memory. */
struct transaction *transaction_make(pam_handle_t *pamh);

#endif
