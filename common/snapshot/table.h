/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_TABLE_H
#define TENURE_SNAPSHOT_TABLE_H

/*
 * Hash tables of a snapshot. A table is lines of eight buckets, a line is a cache line; a bucket is 32 bits of the key
 * (its tag) and the offset of its record, 0 if it is free; a line's tags stand before its offsets. A key lives in the line that its hash selects, or, where
 * that was full, in one of the next; a line with a free bucket ends the search. So a hit costs one line and one record,
 * a miss one line.
 *
 * Names are hashed with two random numbers of the file, drawn when it is written: whoever picks the names cannot know
 * them, and the writer draws again when any key would lie more than TABLE_STEPS_MAX lines from home.
 *
 * MUST (reader): take no more steps than TABLE_STEPS_MAX, nor more than there are lines, whatever the file says.
 */

#include <string.h>

#include "common/snapshot/map.h"

#define TABLE_LINE_BUCKETS 8
#define TABLE_STEPS_MAX	   8

struct table_line {
	uint32_t tags[TABLE_LINE_BUCKETS];
	uint32_t offsets[TABLE_LINE_BUCKETS]; /* of the records, from the file's start; filled from the first on */
};
_Static_assert(sizeof(struct table_line) == 64, "one cache line");

/* As it is found in a header. */
struct table_span {
	uint32_t offset; /* a multiple of 64 */
	uint32_t lines;
};

struct table {
	const struct table_line *lines;
	uint32_t count;
};

/* 0 or -EBADMSG. An empty table is fine. */
int table_open(const struct snapshot *s, struct table_span span, struct table *ret) MUST_CHECK;

static inline uint64_t table_read64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t table_read32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Both halves of the 128-bit product, folded. */
static inline uint64_t table_mix(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
	uint64_t low = (uint64_t)(uint32_t)a * (uint32_t)b, high = (a >> 32) * (b >> 32);
	uint64_t ab = (a >> 32) * (uint32_t)b, ba = (uint64_t)(uint32_t)a * (b >> 32);
	uint64_t middle = (low >> 32) + (uint32_t)ab + (uint32_t)ba;

	return (middle << 32 | (uint32_t)low) ^ (high + (ab >> 32) + (ba >> 32) + (middle >> 32));
#endif
}

/* The hash of a name; reads exactly len bytes. Part of the formats. */
static inline uint64_t table_hash(const uint64_t seed[2], const char *name, size_t len)
{
	uint64_t a = seed[0] ^ len, b = seed[1];

	while (len > 16) {
		a = table_mix(table_read64(name) ^ a, table_read64(name + 8) ^ b);
		name += 16;
		len -= 16;
	}
	if (len >= 8) {
		a ^= table_read64(name);
		b ^= table_read64(name + len - 8);
	} else if (len >= 4) {
		a ^= table_read32(name);
		b ^= table_read32(name + len - 4);
	} else if (len > 0) {
		a ^= (uint64_t)(uint8_t)name[0] << 16 | (uint64_t)(uint8_t)name[len / 2] << 8 | (uint8_t)name[len - 1];
	}
	return table_mix(table_mix(a, b) ^ seed[1], seed[0] | 1);
}

/*
 * Over every byte of a file but the eight at `at`, where the sum itself stands: a file that was changed by a bit or torn
 * has another. Against accidents; who can write the file can write the sum.
 */
uint64_t snapshot_checksum(const uint8_t *data, size_t len, size_t at);

/* For ids: multiplication by a random odd number spreads any set of them. The tag is the id itself. */
static inline uint64_t table_hash_id(const uint64_t seed[2], uint32_t id)
{
	return (((uint64_t)id + 1) * (seed[0] | 1)) >> 32 << 32 | id;
}

/* The upper half of the hash selects the line, the lower half is the tag. */
static inline uint32_t table_home(const struct table *t, uint64_t hash)
{
	return (uint32_t)(((hash >> 32) * t->count) >> 32);
}

/* A bit for each bucket that carries the tag. All eight are compared: a branch for each would be guessed wrongly. */
static inline uint32_t table_matches(const struct table_line *line, uint32_t tag)
{
	uint32_t matches = 0;

	for (uint32_t i = 0; i < TABLE_LINE_BUCKETS; i++)
		matches |= (uint32_t)(line->tags[i] == tag) << i;
	return matches;
}

/* A walk over the buckets that carry the hash's tag. */
struct table_walk {
	uint32_t line, step, tag, matches;
};

static inline struct table_walk table_walk(const struct table *t, uint64_t hash)
{
	struct table_walk w = {.line = table_home(t, hash), .tag = (uint32_t)hash};

	if (t->count > 0)
		w.matches = table_matches(&t->lines[w.line], w.tag);
	return w;
}

/* The offset of the next record to look at, 0 if there is none. */
static inline uint32_t table_next(const struct table *t, struct table_walk *w)
{
	while (w->step < TABLE_STEPS_MAX && w->step < t->count) {
		const struct table_line *line = &t->lines[w->line];

		if (w->matches != 0) {
			uint32_t bucket = (uint32_t)__builtin_ctz(w->matches);

			w->matches &= w->matches - 1;
			if (line->offsets[bucket] != 0)
				return line->offsets[bucket];
			continue;
		}
		if (line->offsets[TABLE_LINE_BUCKETS - 1] == 0)
			return 0;
		w->step++;
		w->line = w->line + 1 == t->count ? 0 : w->line + 1;
		w->matches = table_matches(&t->lines[w->line], w->tag);
	}
	return 0;
}

#endif
