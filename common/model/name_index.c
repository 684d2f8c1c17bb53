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

/* --- by hash: a group's members are looked for in hundreds of thousands --- */

#define STEPS_MAX 64 /* names may be made to lie close; then they are looked for in order */

/* FNV-1a, mixed: of short names alone it scatters badly. The upper half finds the slot. */
static uint64_t hash(const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return h ^ h >> 32;
}

/* Its slot, or a free one; NULL: neither is near. */
static struct name_index_slot *find_slot(const struct name_index *ni, const char *name, uint32_t *ret_tag)
{
	const uint64_t h = hash(name);
	size_t at = h >> 32;

	*ret_tag = (uint32_t)h;
	for (int step = 0; step < STEPS_MAX; step++, at++) {
		struct name_index_slot *slot = &ni->slots[at & (ni->size - 1)];

		if (slot->entry == 0 || (slot->tag == *ret_tag && strcmp(ni->entries[slot->entry - 1].name, name) == 0))
			return slot;
	}
	return NULL;
}

static int build_slots(struct name_index *ni)
{
	for (ni->size = 2; ni->size < 2 * ni->count;)
		ni->size *= 2;
	ni->slots = calloc(ni->size, sizeof(*ni->slots));
	if (!ni->slots)
		return -ENOMEM;
	for (size_t i = 0; i < ni->count; i++) {
		uint32_t tag;
		struct name_index_slot *slot = find_slot(ni, ni->entries[i].name, &tag);

		if (!slot) {
			free(ni->slots);
			ni->slots = NULL;
			return 0;
		}
		if (slot->entry == 0) /* of equal ones the first */
			*slot = (struct name_index_slot){tag, (uint32_t)i + 1};
	}
	return 0;
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
	return build_slots(ni);
}

void name_index_done(struct name_index *ni)
{
	free(ni->entries);
	free(ni->slots);
	*ni = (struct name_index){0};
}

static uint32_t find_in_order(const struct name_index *ni, const char *name)
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

uint32_t name_index_find(const struct name_index *ni, const char *name)
{
	const struct name_index_slot *slot;
	uint32_t tag;

	if (!ni->slots)
		return find_in_order(ni, name);
	slot = find_slot(ni, name, &tag);
	return slot && slot->entry > 0 ? ni->entries[slot->entry - 1].index : NO_INDEX;
}
