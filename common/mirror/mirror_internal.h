/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_MIRROR_MIRROR_INTERNAL_H
#define TENURE_MIRROR_MIRROR_INTERNAL_H

/* Between the files of the mirror: mirror.c (what is in memory), mirror_batch.c (changes), mirror_file.c (the disk). */

#include <nettle/sha2.h>

#include "common/mirror/mirror.h"

/* One allocation an object. len 0: in a batch, that it is gone. */
struct mirrored {
	struct mirrored *next_uuid, *next_dn;
	struct uuid uuid;
	uint32_t len, dn, dn_len; /* dn: where it begins in bytes */
	uint32_t batch;		  /* the last one that mentioned it */
	uint8_t kind;		  /* enum object_kind */
	uint8_t bytes[];
};

/* Chains of objects by their id; by DN too, where it has such chains. */
struct mirror_table {
	struct mirrored **by_uuid, **by_dn;
	size_t size, count; /* size: a power of two, or 0 */
	bool has_dns;
};
/* Room for so many: adding them cannot fail. 0 or -ENOMEM. */
int mirror_table_reserve(struct mirror_table *t, size_t count) MUST_CHECK;
int mirror_table_add(struct mirror_table *t, struct mirrored *o) MUST_CHECK;
struct mirrored *mirror_table_find(const struct mirror_table *t, const struct uuid *uuid);
/* Takes it out; the caller frees it. NULL: is not there. */
struct mirrored *mirror_table_take(struct mirror_table *t, const struct uuid *uuid);
/* Frees all that is in it. */
void mirror_table_done(struct mirror_table *t);
/* Walks: *cursor begins at 0. NULL behind the last. The table must not change meanwhile. */
struct mirror_cursor {
	size_t bucket;
	struct mirrored *next;
};
struct mirrored *mirror_table_next(const struct mirror_table *t, struct mirror_cursor *c);

/* An object from its fields: 0, -EBADMSG, -ENOMEM. */
int mirrored_new(const void *object, size_t len, struct mirrored **ret) MUST_CHECK;
int mirrored_gone(const struct uuid *uuid, struct mirrored **ret) MUST_CHECK;

#define MIRROR_HASH_LEN SHA256_DIGEST_SIZE
#define MIRROR_PATH_MAX 256

struct mirror {
	char path[MIRROR_PATH_MAX];
	struct uuid tenant_id;
	uint8_t mapping[MIRROR_HASH_LEN];
	struct mirror_table objects;
	struct mirror_table staged; /* of the batch that is open; nothing of it counts yet */
	bool open;		    /* a batch is */
	uint32_t batch;
	size_t live;		    /* bytes of all objects */
	void *cookie;
	size_t cookie_len;
	int64_t complete_ns;
	/* mirror_file.c */
	bool read_only;
	int fd;			       /* -1: none yet, or it did not take the last write: all of it is written anew */
	uint64_t file_len;
	uint8_t chain[MIRROR_HASH_LEN]; /* of the last commit */
};

/* The batch becomes what is there, for which the table of objects has room: mirror_table_reserve. */
void mirror_fold(struct mirror *m);

/* Reads what is there. 0; -EBADMSG: it does not hold; -errno. */
int mirror_file_load(struct mirror *m) MUST_CHECK;
/* The batch and its commit, on disk. 0 or -errno: then nothing of it is in the file. */
int mirror_file_append(struct mirror *m, const void *cookie, size_t cookie_len, int64_t complete_ns) MUST_CHECK;
/* Writes it anew if more than half of it is old. If that fails, the long one is as good. */
void mirror_file_tidy(struct mirror *m);

#endif
