/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Entries whose name another one has: below another part of the tree, or in other case. The first one stays (model,
 * validate_duplicates). References by DN become names, so those to the others have to lead nowhere: else what was given to
 * one of them, who is left out, would be given to the one who has the name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/mirror/mirror_build.h"

struct names {
	const struct source_object *sources;
	uint32_t *slots; /* a power of two; index of a source and 1; 0: free */
	size_t size;
};

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool name_of(const struct source_object *s, struct sync_field *ret)
{
	return sync_find(sync_object_fields(s->bytes, s->len), SYNC_TAG_NAME, ret) == 0;
}

static bool same_name(const struct source_object *s, const struct source_object *t, const struct sync_field *name)
{
	struct sync_field other;

	if (s->kind != t->kind || !name_of(s, &other) || other.len != name->len)
		return false;
	for (size_t i = 0; i < name->len; i++)
		if (lower(other.data[i]) != lower(name->data[i]))
			return false;
	return true;
}

/* True if one before it has the name. */
static bool add(struct names *n, size_t index)
{
	const struct source_object *s = &n->sources[index];
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)s->kind; /* FNV-1a */
	struct sync_field name;

	if (!name_of(s, &name))
		return false;
	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ lower(name.data[i])) * UINT64_C(0x100000001b3);
	for (size_t at = (hash ^ hash >> 32) & (n->size - 1);; at = (at + 1) & (n->size - 1)) {
		if (n->slots[at] == 0) {
			n->slots[at] = (uint32_t)index + 1;
			return false;
		}
		if (same_name(&n->sources[n->slots[at] - 1], s, &name))
			return true;
	}
}

/* Those that DNs refer to. */
static bool is_referred_to(enum object_kind kind)
{
	return kind == OBJECT_USER || kind == OBJECT_GROUP || kind == OBJECT_HOST || kind == OBJECT_UNIT;
}

static int compare_uuids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

int mirror_find_shadowed(const struct source_object *sources, size_t count, struct uuid **ret, size_t *ret_count)
{
	struct names n = {.sources = sources, .size = 16};
	struct uuid *found = NULL;
	size_t found_count = 0;

	while (n.size < 2 * count)
		n.size *= 2;
	n.slots = calloc(n.size, sizeof(*n.slots));
	if (!n.slots)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct uuid *grown = found;

		if (!is_referred_to(sources[i].kind) || !add(&n, i))
			continue;
		if ((found_count & (found_count - 1)) == 0)
			grown = reallocarray(found, found_count ? 2 * found_count : 1, sizeof(*grown));
		if (!grown) {
			free(found);
			free(n.slots);
			return -ENOMEM;
		}
		found = grown;
		found[found_count++] = sources[i].uuid;
	}
	free(n.slots);
	if (found_count > 1)
		qsort(found, found_count, sizeof(*found), compare_uuids);
	*ret = found;
	*ret_count = found_count;
	return 0;
}

bool mirror_is_shadowed(const struct builder *b, const struct uuid *uuid)
{
	return b->shadowed_count > 0 && bsearch(uuid, b->shadowed, b->shadowed_count, sizeof(*b->shadowed), compare_uuids);
}
