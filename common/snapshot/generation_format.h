/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_GENERATION_FORMAT_H
#define TENURE_SNAPSHOT_GENERATION_FORMAT_H

/*
 * The generation page, PATH_GENERATION, 0644: GENERATION_PAGE_SIZE bytes, of which the first hold this. Written once
 * under another name and linked into place, so that nobody sees half of one; from then on only `generation` changes,
 * by atomic stores of the broker. It starts at the time of its making (REALTIME, ns), so that a page made anew never
 * repeats a number that a reader still holds.
 */

#include <stdint.h>

#define GENERATION_MAGIC     "TENURE\0\x47"
#define GENERATION_VERSION   1
#define GENERATION_PAGE_SIZE 4096
#define GENERATION_RETIRED   UINT64_MAX /* the page is about to be unlinked: let go of it */

struct generation_page {
	uint8_t magic[8];
	uint32_t version;
	uint32_t reserved; /* 0 */
	uint64_t generation; /* at 16: the package's removal marks it, too */
};
_Static_assert(sizeof(struct generation_page) == 24, "the layout is the format");

#endif
