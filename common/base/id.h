/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_BASE_ID_H
#define TENURE_BASE_ID_H

/*
 * Ids. An object of a directory has a UUID (RFC 9562); a request has 128 random bits of its own, which people see as
 * eight characters and may abbreviate to four (T20). uuid.c has what needs no library and serves the modules; id.c has
 * what hashes or asks for randomness.
 */

#include "common/base/result.h"

struct uuid {
	uint8_t bytes[16];
};

#define UUID_TEXT_MAX 37

bool uuid_equal(const struct uuid *a, const struct uuid *b);
bool uuid_is_null(const struct uuid *u);

/* "5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60", either case. 0 or -EINVAL. */
int uuid_parse(const char *text, struct uuid *ret) MUST_CHECK;
void uuid_format(const struct uuid *u, char buf[static UUID_TEXT_MAX]);

/* Version 5 (RFC 9562, 5.5): SHA-1 over the name space's bytes and the name. */
void uuid_v5(const struct uuid *space, const char *name, struct uuid *ret);

/* 128 bits from getrandom(2), version and variant bits set as version 4. 0 or -errno. */
int uuid_random(struct uuid *ret) MUST_CHECK;

/*
 * This host's id: what sd_id128_get_machine_app_specific(3) answers for our application id, computed from
 * /etc/machine-id, which itself stays confidential. 0, -ENOENT (no machine-id yet), -EINVAL, -errno.
 */
int host_id_read(struct uuid *ret) MUST_CHECK;

/* This boot, from the kernel. Needs no library. */
int boot_id_read(struct uuid *ret) MUST_CHECK;

/*
 * The short form of a request's id: the first 40 bits in base32 (RFC 4648), with a hyphen: "7K2M-Q4XB". Any prefix
 * of four characters or more serves as input, either case, the hyphen optional.
 */
#define REQUEST_ID_TEXT_MAX 10
#define REQUEST_ID_PREFIX_MIN 4
void request_id_format(const struct uuid *id, char buf[static REQUEST_ID_TEXT_MAX]);

/* True if the text (as a person typed it) is a prefix of the id's short form, or the whole UUID. */
bool request_id_matches(const struct uuid *id, const char *text);

/* True if the text could be a prefix at all. */
bool request_id_text_is_valid(const char *text);

#endif
