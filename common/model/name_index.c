/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/validation.h"

static int compare_entries(const void *a, const void *b)
{
	const struct name_index_entry *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order != 0)
		return order;
	return x->index < y->index ? -1 : x->index > y->index;
}

int name_index_build(struct name_index *ni, const void *objects, size_t stride, size_t count)
{
	const char *at = objects;

	*ni = (struct name_index){0};
	if (count == 0)
		return 0;
	ni->entries = calloc(count, sizeof(*ni->entries));
	if (!ni->entries)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++, at += stride) {
		const struct object *o = (const struct object *)(const void *)at;

		if (o->name)
			ni->entries[ni->count++] = (struct name_index_entry){o->name, (uint32_t)i};
	}
	qsort(ni->entries, ni->count, sizeof(*ni->entries), compare_entries);
	return 0;
}

void name_index_done(struct name_index *ni)
{
	free(ni->entries);
	*ni = (struct name_index){0};
}

uint32_t name_index_find(const struct name_index *ni, const char *name)
{
	size_t low = 0, high = ni->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(ni->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == ni->count || strcmp(ni->entries[low].name, name) != 0)
		return NO_INDEX;
	return ni->entries[low].index;
}
