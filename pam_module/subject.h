/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_SUBJECT_H
#define TENURE_PAM_SUBJECT_H

/*
 * Who is judged. MUST:
 *  - the class of the service decides: login and batch judge PAM_USER, a gate judges its invoker, who is the caller's
 *    real uid and nothing that a client, an environment or PAM_RUSER says;
 *  - it is fixed when first seen and compared in every later phase (T4);
 *  - only a missing index, uid 0 or a uid that the index does not list is "none of ours"; whatever could not be read
 *    is STANDING_UNREADABLE, which denies (T46);
 *  - root is never governed, whatever is broken.
 */

#include <security/pam_modules.h>

#include "common/snapshot/index.h"
#include "pam_module/transaction.h"

enum standing {
	STANDING_UNREADABLE = 0x59a3c6e1, /* could not be told: deny */
	STANDING_IGNORED = 0x36f81c5a,	  /* none of ours: others decide */
	STANDING_GOVERNED = 0x6c0e93b5,	  /* ours: judge */
	STANDING_CHANGED = 0x1b957ad3,	  /* another one than in an earlier phase: deny */
	STANDING_BROKER = 0x47d12e8c,	  /* we are inside tenured: refuse, before anything is read (T21) */
};

struct subject {
	enum standing standing;
	const char *service; /* PAM_SERVICE */
	enum service_class service_class;
	enum gate_mode mode;
	uid_t uid;			 /* NO_ID: not known */
	char login[TRANSACTION_USER_MAX]; /* "" until known */
	struct index_view *index;	 /* NULL: not there or not readable */
	struct index_login mapped;	 /* GOVERNED */
	struct index_tenant tenant;	 /* GOVERNED */
};

enum phase {
	PHASE_AUTH, /* a login may start over with another name */
	PHASE_LATER,
};

/*
 * Finds and fixes. Never fails: what goes wrong is in ret->standing. *ret_transaction is what the phases share, or NULL
 * if there is no memory for it; then no one who is governed gets further than a denial.
 */
void subject_find(pam_handle_t *pamh, enum phase phase, struct subject *ret, struct transaction **ret_transaction);
void subject_done(struct subject *s);

/*
 * The tenant user of a name as NSS shows it: the account whose password is ours to check. 0; -ENOENT: no tenant has
 * such a login; -errno: could not be told.
 */
int subject_tenant_user(pam_handle_t *pamh, const struct index_view *index, const char *name, uid_t *ret_uid,
			struct index_tenant *ret_tenant) MUST_CHECK;

/* True if tenure.conf names the account among break_glass_users: no failure may stop it (a denial may). */
bool subject_is_break_glass(const struct subject *s);

/* True inside tenured itself: everything is refused before anything is read (T21). */
bool subject_is_in_broker(void);

/* True for sudo and sudo-i, whose arguments say more than PAM hears (sudo_args.h). */
bool subject_is_sudo(const struct subject *s);

/* True for su and su-l: PAM_USER is the target from the start. sudo and its like show theirs in the session phase. */
bool subject_target_is_known(const struct subject *s);

#endif
