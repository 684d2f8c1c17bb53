/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_KEYS_FORMAT_H
#define TENURE_SNAPSHOT_KEYS_FORMAT_H

/*
 * keys, version 1, 0600. What map.h says of all snapshots, and: struct keys_record for each user with keys, ascending by
 * name; a user's lines are offsets into the pool of strings, one behind the other in `lines`.
 * In a delta (delta.h) a record may have none: then the user has no keys.
 */

#include "common/snapshot/map.h"

#define KEYS_VERSION 1

struct keys_header {
	struct snapshot_header common;
	struct snapshot_span records; /* count: records */
	struct snapshot_span lines;   /* count: 32-bit offsets */
	struct snapshot_span strings; /* count: bytes */
};
_Static_assert(sizeof(struct keys_header) == 112, "the layout is the format");

struct keys_record {
	uint8_t principal[16];
	uint32_t name;
	uint32_t first, count; /* in lines */
};
_Static_assert(sizeof(struct keys_record) == 28, "the layout is the format");

#endif
