/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_IMAGE_H
#define TENURE_SNAPSHOT_IMAGE_H

/*
 * A snapshot on its way to the disk: bytes that grow, a pool of strings, hash tables. Everything that fails (memory, a
 * file that would be too large) marks the image; image_write says so. For the broker.
 */

#include "common/snapshot/table.h"

struct image {
	uint8_t *data;
	size_t len, size;
	int error; /* 0 or -errno */
};

void image_done(struct image *im);

/*
 * Appends len bytes (NULL: zeroes) at the next multiple of align and returns their offset; 0 after an error. What it
 * returned stays valid as an offset; a pointer into data does not.
 */
uint32_t image_append(struct image *im, const void *data, size_t len, size_t align);
/* The bytes at an offset that image_append gave. */
void *image_at(struct image *im, uint32_t offset);

/* Reserves the header of header_size bytes (the first append) and fills its common part. */
void image_header(struct image *im, enum snapshot_kind kind, uint32_t version, size_t header_size, uint64_t generation,
		  const uint8_t tenant_id[16], const uint8_t boot_id[16]);

/* It is a base that may have deltas (delta.h): gives it an id. Behind image_header. */
void image_base(struct image *im);
/* It is the delta of that base. */
void image_delta(struct image *im, uint64_t base_id, uint64_t sequence);

/* Replaces path. header: header_size bytes of the kind's own header, whose common part is put in first. 0 or -errno. */
int image_write(struct image *im, const char *path, mode_t mode) MUST_CHECK;

/* A finished file in memory: puts its size and, at `at`, its sum in (snapshot_checksum). */
void snapshot_seal(uint8_t *data, size_t len, size_t at);

/* Strings, each once. */
struct pool {
	struct image text;
	uint32_t *slots; /* offset + 1 */
	uint32_t slot_count, used;
};

void pool_done(struct pool *p);
/* The offset of s in the pool; POOL_NONE for NULL. An error marks p->text. */
uint32_t pool_add(struct pool *p, const char *s);
/* Appends the pool to the image as a section. */
struct snapshot_span pool_append(struct pool *p, struct image *im);

/* What goes into a table. */
struct table_entry {
	uint64_t hash;
	uint32_t offset;
};

/*
 * Builds a table of the entries into the image. 0; -EAGAIN: some key would lie too far from home, draw another seed;
 * -errno.
 */
int table_append(struct image *im, const struct table_entry *entries, size_t count, struct table_span *ret) MUST_CHECK;

/* A fresh seed. 0 or -errno. */
int table_seed(uint64_t seed[2]) MUST_CHECK;

#endif
