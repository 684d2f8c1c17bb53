/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_MIRROR_MIRROR_BUILD_H
#define TENURE_MIRROR_MIRROR_BUILD_H

/*
 * Between mirror_build.c (a directory of all objects), mirror_parse.c (one object), mirror_ids.c (ids they are given) and
 * mirror_names.c (names that are another's).
 */

#include "common/mirror/mirror.h"

struct builder {
	const struct mirror *m;
	const struct tenant_config *tenant;
	struct directory *d;
	struct problem_list *problems;
	const struct uuid *shadowed; /* ascending; borrowed */
	size_t shadowed_count;
	bool no_memory;
};

/* An object of the mirror, and what it is sorted by: who was made first comes first. */
struct source_object {
	const uint8_t *bytes;
	size_t len;
	enum object_kind kind;
	struct uuid uuid;
	const uint8_t *created; /* text of created_len bytes; NULL: not said */
	size_t created_len;
};

/* What an object is: 0, or as sync_find. */
int mirror_source(const void *object, size_t len, struct source_object *ret) MUST_CHECK;

/* For qsort: the order in which objects stand in a directory. */
int mirror_compare_sources(const void *a, const void *b);

/*
 * Parses it into target, the structure of its kind, initialised. False: it has a fault, which was reported; what could
 * be read is in target, so that its name is known.
 */
bool mirror_parse(struct builder *b, const struct source_object *s, void *target);
/* Adds an error at the object's place, its kind and name before the message. Always false. */
bool mirror_fault(struct builder *b, const struct object *o, enum object_kind kind, const char *remedy, const char *format,
		  ...) PRINTF_LIKE(5, 6);

/*
 * The ids of entries whose name another of their kind has, which comes before them; ascending, to be freed. Sources stand
 * as mirror_compare_sources has them. 0 or -ENOMEM.
 */
int mirror_find_shadowed(const struct source_object *sources, size_t count, struct uuid **ret, size_t *ret_count) MUST_CHECK;
bool mirror_is_shadowed(const struct builder *b, const struct uuid *uuid);

/* Gives ids to users and groups that have none; created: as the directory's users and groups stand. */
int mirror_derive_ids(struct builder *b) MUST_CHECK;

#endif
