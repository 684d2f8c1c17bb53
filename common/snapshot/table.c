/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/table.h"

#include <errno.h>

int table_open(const struct snapshot *s, struct table_span span, struct table *ret)
{
	const void *lines = snapshot_section(s, (struct snapshot_span){span.offset, span.lines},
					     sizeof(struct table_line), __alignof__(struct table_line));

	if (!lines)
		return -EBADMSG;
	*ret = (struct table){.lines = lines, .count = span.lines};
	return 0;
}
