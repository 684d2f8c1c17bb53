/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_DELTA_H
#define TENURE_SNAPSHOT_DELTA_H

/*
 * A change beside the file that it changes, so that its cost does not grow with the directory. Beside a base, FILE, whose
 * header has a base_id, there may be one delta, FILE.ID (16 digits): all that is other than in that base, written anew at
 * each change. It is of the base's own format, with the same base_id and a delta_sequence; what stands in it replaces what
 * the base says of the same user, group or principal (each format says how). A base without an id has none.
 *
 * MUST (writer): a delta is in place before its base is, and stays until another base is: a reader that takes one after
 * the other never sees less than there was. A delta that does not hold is damage of the whole, never "none".
 * MUST (reader): the base first, then its delta; where there is none, look whether the base is still the one in place.
 */

#include "common/snapshot/map.h"

struct snapshot_pair {
	struct snapshot base, delta; /* delta.data NULL: none */
};

/* Both. 0; as snapshot_map, of either file. */
int snapshot_map_pair(struct safe_walk *walk, const char *tenant, const char *file, enum snapshot_kind kind,
		      uint32_t version, struct snapshot_pair *ret) MUST_CHECK;
void snapshot_unmap_pair(struct snapshot_pair *p);
/* Are they what stands there now? */
bool snapshot_pair_is_current(const struct snapshot_pair *p, const char *tenant, const char *file);

/* 0: it has no deltas. */
uint64_t snapshot_base_id(const struct snapshot *s);
/* As snapshot_check, of a delta of that base. */
int snapshot_check_delta(const struct snapshot *s, enum snapshot_kind kind, uint32_t version,
			 const struct snapshot *base) MUST_CHECK;
/* Where the delta of a base stands: 0 or -ENAMETOOLONG. */
int snapshot_delta_path(const char *tenant, const char *file, uint64_t base_id, char *buf, size_t len) MUST_CHECK;
/* Is it the name of a delta of that file (any base's, *ret_id)? */
bool snapshot_is_delta_name(const char *name, const char *file, uint64_t *ret_id);

#endif
