/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_VERIFY_H
#define TENURE_PAM_VERIFY_H

/*
 * A tenant user's password against `secrets`. MUST: an empty one is refused before anything is asked (T1); who has no
 * hash costs as much time as who has; a locked, unknown or weak hash fits no password; nothing of either stays in
 * memory.
 */

#include <sys/types.h>

#include "common/snapshot/index.h"

/*
 * 0: it is right and the account is enabled. -EKEYREJECTED: it is not, or the account is not. -errno: could not be
 * told. may_ask: where the hashes are not ours to read, the broker answers for the calling user itself.
 */
int verify_password(const struct index_tenant *tenant, uid_t uid, const char *password, bool may_ask) MUST_CHECK;

#endif
