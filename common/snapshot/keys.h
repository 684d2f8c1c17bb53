/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_KEYS_H
#define TENURE_SNAPSHOT_KEYS_H

/*
 * keys: a user's ssh public keys, for sshd's AuthorizedKeysCommand. The user is named as in the directory ("alice",
 * whatever NSS appends), or, for a mapped local login, by the principal's id. Format: see keys_format.h.
 */

#include "common/base/id.h"
#include "common/snapshot/map.h"

/*
 * Calls fn for each key line (without newline) until it returns other than 0. 0, -ENOENT (no such user, or no key),
 * -ENXIO (the tenant has no keys file), -EBADMSG, -EPERM, -errno, or fn's value.
 */
typedef int (*key_fn)(void *context, const char *line);
int keys_of_login(const char *tenant, const char *name, key_fn fn, void *context) MUST_CHECK;
int keys_of_principal(const char *tenant, const struct uuid *principal, key_fn fn, void *context) MUST_CHECK;
/* The same over a snapshot that is mapped already, which stays the caller's. principal is asked if name is NULL. */
int keys_from(const struct snapshot *s, const char *name, const struct uuid *principal, key_fn fn,
	      void *context) MUST_CHECK;

/* The same of a base and its delta, which stay the caller's. */
struct snapshot_pair;
int keys_from_pair(const struct snapshot_pair *p, const char *name, const struct uuid *principal, key_fn fn,
		   void *context) MUST_CHECK;

/*
 * For the broker: the delta of a base. Each of its users stands in the place of the base's record, one without keys or
 * disabled as one that has none.
 */
struct user;
int keys_delta_write(const char *path, uint64_t generation, uint64_t sequence, const struct snapshot *base,
		     const struct user *const *users, size_t count) MUST_CHECK;
/* Dropped and disabled users are passed over. */
struct directory;
int keys_write(const char *path, uint64_t generation, const struct directory *d) MUST_CHECK;

#endif
