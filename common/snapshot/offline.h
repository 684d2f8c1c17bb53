/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_OFFLINE_H
#define TENURE_SNAPSHOT_OFFLINE_H

/*
 * What a password was when its directory took it last: for logins while no server can be reached, if the tenant's
 * offline_login_days allow it (tenure.conf(5)). PATH_STATE/tenants/NAME/offline/UUID, 0600, text:
 *
 *   tenure-offline 1
 *   since 1764086400000000000      REALTIME, ns
 *   hash $y$...                    crypt(5)
 *
 * Anything else in it is no password. Whose account is disabled or gone is for the account phase to say, as ever.
 */

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/snapshot/secrets.h"

/* The caller wipes the hash. 0; -ENOENT: none is kept; -EBADMSG, -errno. */
int offline_read(const char *tenant, const struct uuid *principal, int64_t *ret_since_ns,
		 char ret_hash[static SECRET_HASH_MAX]) MUST_CHECK;
/* True while that was not longer ago; a clock that was set back says no. Pure. */
bool offline_holds(int64_t since_ns, int64_t max_ns, int64_t now_ns);

/* For the broker (libsnapwrite). hash: one line of crypt(5). 0, -EINVAL (no hash), -errno. */
int offline_write(const char *tenant, const struct uuid *principal, int64_t since_ns, const char *hash) MUST_CHECK;
int offline_remove(const char *tenant, const struct uuid *principal) MUST_CHECK;
/* Removes what does not hold any more, 0: all; and the folder if it is empty then. */
void offline_sweep(const char *tenant, int64_t max_ns, int64_t now_ns);

/* 0 or -errno. principal NULL: the folder. */
int offline_path(const char *tenant, const struct uuid *principal, char *ret, size_t size) MUST_CHECK;

#endif
