/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/state.h"

#define SIZE_FIRST 64

static void put(struct state_slot *slots, size_t size, struct state_slot slot)
{
	size_t i = slot.hash & (size - 1);

	while (slots[i].at != 0)
		i = (i + 1) & (size - 1);
	slots[i] = slot;
}

/* At most half full, so that a walk is short. */
static int grow(struct state_index *x)
{
	size_t size = x->size ? 2 * x->size : SIZE_FIRST;
	struct state_slot *slots;

	if (2 * (x->used + 1) <= x->size)
		return 0;
	slots = calloc(size, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < x->size; i++)
		if (x->slots[i].at != 0)
			put(slots, size, x->slots[i]);
	free(x->slots);
	x->slots = slots;
	x->size = size;
	return 0;
}

/* Ids are random; a directory may give some of its own, so that all their bytes count. */
uint32_t state_hash_id(const struct uuid *id)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof(id->bytes); i++)
		hash = (hash ^ id->bytes[i]) * 16777619u;
	return hash;
}

int state_index_add(struct state_index *x, uint32_t hash, size_t at)
{
	int r = at < UINT32_MAX ? grow(x) : -ENOMEM;

	if (r < 0)
		return r;
	put(x->slots, x->size, (struct state_slot){hash, (uint32_t)at + 1});
	x->used++;
	return 0;
}

bool state_index_next(const struct state_index *x, uint32_t hash, size_t *cursor, size_t *ret_at)
{
	while (*cursor < x->size) {
		const struct state_slot *slot = &x->slots[(hash + (*cursor)++) & (x->size - 1)];

		if (slot->at == 0)
			return false;
		if (slot->hash != hash)
			continue;
		*ret_at = slot->at - 1;
		return true;
	}
	return false;
}

void state_index_clear(struct state_index *x)
{
	if (x->slots)
		memset(x->slots, 0, x->size * sizeof(*x->slots));
	x->used = 0;
}

void state_index_done(struct state_index *x)
{
	free(x->slots);
	*x = (struct state_index){0};
}
