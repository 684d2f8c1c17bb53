/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_MODEL_VALIDATION_H
#define TENURE_MODEL_VALIDATION_H

/*
 * Between the files of this room: one validation at work. The steps run in the order of the declarations below; each
 * may drop objects, and a later step does not look at what is dropped. Steps return 0 or -ENOMEM.
 */

#include "common/model/settings.h"

/* Names (or ids) of one kind of object, sorted, to find a position; equal ones in the order of the file. */
struct name_index_entry {
	const char *name;
	uint32_t index;
};

struct name_index_slot {
	uint32_t tag, entry; /* of its hash; position and 1, 0: free */
};

struct name_index {
	struct name_index_entry *entries;
	size_t count;
	struct name_index_slot *slots; /* the same by hash, where names do not lie too close: NULL */
	size_t size;
};

/* Takes the objects of an array whose elements are `stride` bytes and begin with struct object; no name, no entry. */
int name_index_build(struct name_index *ni, const void *objects, size_t stride, size_t count) MUST_CHECK;
void name_index_done(struct name_index *ni);
/* The first object of that name, NO_INDEX if there is none. */
uint32_t name_index_find(const struct name_index *ni, const char *name);

struct validation {
	struct directory *d;
	const struct tenant_config *tenant;
	const struct local_accounts *local;
	struct problem_list *problems;
	struct name_index users, groups, scopes, hosts, units, roles;
};

/* Adds an error about an object and drops it. `word` is its kind: "user". */
void validation_drop(struct validation *v, const char *id, const char *word, struct object *o, const char *remedy,
		     const char *format, ...) PRINTF_LIKE(6, 7);

/* Names, fields, home and shell, duplicates of names and ids; builds the name indices. */
int validate_names(struct validation *v) MUST_CHECK;
int validate_fields(struct validation *v) MUST_CHECK;
int validate_duplicates(struct validation *v) MUST_CHECK;

/* A line of a .pub file without options, whose key is of the type that the line names. */
bool ssh_key_is_valid(const char *key);

/* uids and gids against the tenant's range, the deny-list, the host's own, each other. */
int validate_ids(struct validation *v) MUST_CHECK;

/* Turns every name into an index; what dangles is reported, and dropped where nothing is left to mean. */
int validate_references(struct validation *v) MUST_CHECK;

/* Fills each group's closure; reports cycles. */
int validate_closure(struct validation *v) MUST_CHECK;

/* Sets broken_restriction where something that only restricts does not hold as it was written (T49). */
int validate_restrictions(struct validation *v) MUST_CHECK;

#endif
