/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/table.h"

#include <errno.h>

uint64_t snapshot_checksum(const uint8_t *data, size_t len, size_t at)
{
	const uint64_t first[2] = {0x9e3779b97f4a7c15u, 0xbf58476d1ce4e5b9u};
	const uint64_t rest[2] = {table_hash(first, (const char *)data, at), 0x94d049bb133111ebu};

	return table_hash(rest, (const char *)data + at + sizeof(uint64_t), len - at - sizeof(uint64_t));
}

int table_open(const struct snapshot *s, struct table_span span, struct table *ret)
{
	const void *lines = snapshot_section(s, (struct snapshot_span){span.offset, span.lines},
					     sizeof(struct table_line), __alignof__(struct table_line));

	if (!lines)
		return -EBADMSG;
	*ret = (struct table){.lines = lines, .count = span.lines};
	return 0;
}
