/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_SECRETS_H
#define TENURE_SNAPSHOT_SECRETS_H

/* secrets: principal id -> crypt(5) hash. Root alone reads it. Format: see secrets_format.h. */

#include "common/base/id.h"
#include "common/snapshot/map.h"

#define SECRET_HASH_MAX 384 /* CRYPT_OUTPUT_SIZE */

/*
 * Copies the hash of a principal into buf (SECRET_HASH_MAX bytes); the caller wipes it. 0; -ENOENT: the principal has
 * none; -ENXIO: the tenant has no secrets file; -EBADMSG, -EPERM, -errno.
 */
int secrets_read(const char *tenant, const struct uuid *principal, char buf[static SECRET_HASH_MAX]) MUST_CHECK;
/* The same over a snapshot that is mapped already, which stays the caller's. */
int secrets_read_from(const struct snapshot *s, const struct uuid *principal,
		      char buf[static SECRET_HASH_MAX]) MUST_CHECK;

/* Users without a password and dropped ones are passed over; a hash that is too long is -EMSGSIZE. */
struct directory;
int secrets_write(const char *path, uint64_t generation, const struct directory *d) MUST_CHECK;

#endif
