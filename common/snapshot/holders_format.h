/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_HOLDERS_FORMAT_H
#define TENURE_SNAPSHOT_HOLDERS_FORMAT_H

/*
 * holders and grants, version 1. What map.h says of all snapshots, and:
 *
 *   rows       struct holders_row, ascending by principal, then by kind
 *   by_right   positions of rows of a right, ascending by kind, then by argument (none: "")
 *   by_role    positions of rows of a role (kind 0), ascending by role
 *   groups     table (table.h): id of a principal -> its first row of kind RIGHT_GROUP
 *   strings    the pool
 *
 * In a delta (delta.h), which `grants` has none of, each principal that has a row there has no other; one that has lost
 * all has one whose window is empty, of no role.
 *
 * The header's boot_id is null in `holders`; in `grants` it is the boot that they belong to, and on any other the table
 * counts as empty. The sum is compared in `grants` alone: a gate believes them, they are small, and `holders`, which is
 * neither, is only shown.
 */

#include "common/snapshot/table.h"

#define HOLDERS_VERSION 1

struct holders_header {
	struct snapshot_header common;
	uint64_t checksum; /* snapshot_checksum */
	uint64_t seed[2];
	struct table_span groups;
	struct snapshot_span rows;	/* count: rows */
	struct snapshot_span by_right;	/* count: 32-bit positions */
	struct snapshot_span by_role;	/* count: 32-bit positions */
	struct snapshot_span strings;	/* count: bytes */
};
_Static_assert(sizeof(struct holders_header) == 152, "the layout is the format");

struct holders_row {
	int64_t start_ns, end_ns, boot_end_ns; /* struct window */
	uint8_t principal[16];
	uint8_t request[16];
	uint32_t kind;		  /* enum right_kind, or 0 */
	uint32_t argument, login; /* POOL_NONE: none */
	uint32_t role;
	uint32_t uid, local_gid;
};
_Static_assert(sizeof(struct holders_row) == 80, "the layout is the format");

#endif
