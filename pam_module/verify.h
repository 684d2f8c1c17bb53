/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_VERIFY_H
#define TENURE_PAM_VERIFY_H

/*
 * A tenant user's password against `secrets`, or against the tenant's directory. MUST: an empty one is refused before anything is asked (T1); who has no
 * hash costs as much time as who has; a locked, unknown or weak hash fits no password; nothing of either stays in
 * memory.
 */

#include <sys/types.h>

#include "common/snapshot/index.h"
#include "pam_module/broker.h"

/* What there is to say beside yes or no. */
struct verification {
	bool must_change; /* it is right, and good for nothing but to be changed */
	char message[BROKER_LINE_MAX + 1]; /* for the user, clean, or "" */
};

/*
 * 0: it is right and the account is enabled. -EKEYREJECTED: it is not, or the account is not; -EKEYEXPIRED: the
 * directory says that it has expired, or that the account is locked. -errno: could not be told. may_ask: where the
 * hashes are not ours to read, the broker answers for the calling user itself. gate: it is no login, so that a password
 * that was right once does not do without the directory, unless offline_gates says so.
 */
int verify_password(const struct index_tenant *tenant, uid_t uid, const char *password, bool may_ask, bool gate,
		    struct verification *ret) MUST_CHECK;

#endif
