/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_FUZZ_SNAPSHOT_INPUT_H
#define TENURE_FUZZ_SNAPSHOT_INPUT_H

/*
 * Arbitrary bytes as a snapshot. The common header is mended (unless the first byte is 0xff), and the sum of a file that
 * has one, or hardly an input would come past them; all else is the input's. On the heap at its exact size, so that a
 * sanitizer sees a byte too many.
 */
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/table.h"

static inline bool snapshot_input(const uint8_t *data, size_t size, enum snapshot_kind kind, uint32_t version,
				  size_t header_size, struct snapshot *ret)
{
	struct snapshot_header h = {.magic = {'T', 'E', 'N', 'U', 'R', 'E', 0, (uint8_t)kind},
				    .version = version,
				    .header_size = (uint32_t)header_size,
				    .file_size = size};
	void *copy = NULL;

	if (size == 0 || posix_memalign(&copy, 64, size) != 0)
		return false;
	memcpy(copy, data, size);
	if (size >= header_size && data[0] != 0xff)
		memcpy(copy, &h, sizeof(h));
	*ret = (struct snapshot){.data = copy, .len = size, .borrowed = true};
	return true;
}

/* at: where the sum stands. */
static inline void snapshot_input_sum(const struct snapshot *s, size_t at)
{
	uint8_t *data = (uint8_t *)(uintptr_t)s->data;
	uint64_t sum;

	if (s->len < at + sizeof(sum) || data[0] == 0xff)
		return;
	sum = snapshot_checksum(data, s->len, at);
	memcpy(data + at, &sum, sizeof(sum));
}

static inline void snapshot_input_done(struct snapshot *s)
{
	free((void *)(uintptr_t)s->data);
}

/* Reads every byte of a string, so that one that leaves the input is seen. */
static inline void snapshot_input_read(const char *s)
{
	if (s && strlen(s) == SIZE_MAX)
		abort();
}

#endif
