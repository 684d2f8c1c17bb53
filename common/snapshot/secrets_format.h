/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_SECRETS_FORMAT_H
#define TENURE_SNAPSHOT_SECRETS_FORMAT_H

/*
 * secrets, version 1, 0600. What map.h says of all snapshots, and: struct secrets_record for each principal that has a
 * password, ascending by id, each pointing into the pool of strings.
 */

#include "common/snapshot/map.h"

#define SECRETS_VERSION 1

struct secrets_header {
	struct snapshot_header common;
	struct snapshot_span records; /* count: records */
	struct snapshot_span strings; /* count: bytes */
};
_Static_assert(sizeof(struct secrets_header) == 104, "the layout is the format");

struct secrets_record {
	uint8_t principal[16];
	uint32_t hash; /* in the pool: crypt(5), shorter than SECRET_HASH_MAX */
};
_Static_assert(sizeof(struct secrets_record) == 20, "the layout is the format");

#endif
