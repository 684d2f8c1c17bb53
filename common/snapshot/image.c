/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/image.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/base/clock.h"
#include "common/base/safe_file.h"

#define IMAGE_FIRST_SIZE 4096

void image_done(struct image *im)
{
	if (im->data)
		explicit_bzero(im->data, im->size); /* password hashes pass through here */
	free(im->data);
	*im = (struct image){0};
}

static bool image_grow(struct image *im, size_t need)
{
	size_t size = im->size ? im->size : IMAGE_FIRST_SIZE;
	uint8_t *data;

	if (im->error)
		return false;
	if (need > SNAPSHOT_SIZE_MAX) {
		im->error = -EFBIG;
		return false;
	}
	if (need <= im->size)
		return true;
	while (size < need)
		size += size / 2;
	data = malloc(size);
	if (!data) {
		im->error = -ENOMEM;
		return false;
	}
	if (im->data) {
		memcpy(data, im->data, im->len);
		explicit_bzero(im->data, im->len);
		free(im->data);
	}
	im->data = data;
	im->size = size;
	return true;
}

uint32_t image_append(struct image *im, const void *data, size_t len, size_t align)
{
	size_t offset = (im->len + align - 1) / align * align;

	if (len > SNAPSHOT_SIZE_MAX)
		im->error = -EFBIG;
	if (!image_grow(im, offset + len))
		return 0;
	memset(im->data + im->len, 0, offset - im->len);
	if (data && len > 0)
		memcpy(im->data + offset, data, len);
	else
		memset(im->data + offset, 0, len);
	im->len = offset + len;
	return (uint32_t)offset;
}

void *image_at(struct image *im, uint32_t offset)
{
	return im->data + offset;
}

void image_header(struct image *im, enum snapshot_kind kind, uint32_t version, size_t header_size, uint64_t generation,
		  const uint8_t tenant_id[16], const uint8_t boot_id[16])
{
	struct snapshot_header h = {
	    .magic = {'T', 'E', 'N', 'U', 'R', 'E', 0, (uint8_t)kind},
	    .version = version,
	    .header_size = (uint32_t)header_size,
	    .generation = generation,
	};
	struct instant now;

	if (clock_system.now(&clock_system, &now) == 0)
		h.written_ns = now.realtime_ns;
	if (tenant_id)
		memcpy(h.tenant_id, tenant_id, sizeof(h.tenant_id));
	if (boot_id)
		memcpy(h.boot_id, boot_id, sizeof(h.boot_id));
	(void)image_append(im, NULL, header_size, 8);
	if (!im->error)
		memcpy(im->data, &h, sizeof(h));
}

void image_base(struct image *im)
{
	uint64_t id = 0;

	while (!im->error && id == 0)
		if (getrandom(&id, sizeof(id), 0) != (ssize_t)sizeof(id))
			im->error = -EIO;
	if (!im->error)
		((struct snapshot_header *)(void *)im->data)->base_id = id;
}

void image_delta(struct image *im, uint64_t base_id, uint64_t sequence)
{
	struct snapshot_header *h = (void *)im->data;

	if (im->error)
		return;
	h->base_id = base_id;
	h->delta_sequence = sequence;
}

void snapshot_seal(uint8_t *data, size_t len, size_t at)
{
	uint64_t sum;

	((struct snapshot_header *)(void *)data)->file_size = len;
	sum = snapshot_checksum(data, len, at);
	memcpy(data + at, &sum, sizeof(sum));
}

int image_write(struct image *im, const char *path, mode_t mode)
{
	struct snapshot_header *h = (void *)im->data;

	if (im->error)
		return im->error;
	h->file_size = im->len;
	return safe_replace(path, im->data, im->len, mode, (uid_t)-1, (gid_t)-1);
}

void pool_done(struct pool *p)
{
	image_done(&p->text);
	free(p->slots);
	*p = (struct pool){0};
}

/* FNV-1a: these strings are the broker's own walk, and a slow walk is all that a bad set could make. */
static uint32_t pool_hash(const char *s)
{
	uint32_t h = 2166136261u;

	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	return h ^ h >> 15;
}

static uint32_t *pool_slot(struct pool *p, const char *s)
{
	uint32_t i = pool_hash(s) & (p->slot_count - 1);

	while (p->slots[i] != 0 && strcmp((const char *)p->text.data + p->slots[i] - 1, s) != 0)
		i = (i + 1) & (p->slot_count - 1);
	return &p->slots[i];
}

static bool pool_make_room(struct pool *p)
{
	uint32_t old_count = p->slot_count;
	uint32_t *old = p->slots;

	if (p->text.error)
		return false;
	if (p->used < old_count / 2)
		return true;
	p->slot_count = old_count ? old_count * 2 : 64;
	p->slots = calloc(p->slot_count, sizeof(*p->slots));
	if (!p->slots) {
		p->slots = old;
		p->slot_count = old_count;
		p->text.error = -ENOMEM;
		return false;
	}
	for (uint32_t i = 0; i < old_count; i++)
		if (old[i] != 0)
			*pool_slot(p, (const char *)p->text.data + old[i] - 1) = old[i];
	free(old);
	return true;
}

uint32_t pool_add(struct pool *p, const char *s)
{
	uint32_t *slot;

	if (!s)
		return POOL_NONE;
	if (!pool_make_room(p))
		return 0;
	slot = pool_slot(p, s);
	if (*slot == 0) {
		uint32_t offset = image_append(&p->text, s, strlen(s) + 1, 1);

		if (p->text.error)
			return 0;
		*slot = offset + 1;
		p->used++;
	}
	return *slot - 1;
}

struct snapshot_span pool_append(struct pool *p, struct image *im)
{
	struct snapshot_span span = {0};

	(void)pool_add(p, ""); /* a section is never empty */
	if (p->text.error && !im->error)
		im->error = p->text.error;
	if (im->error)
		return span;
	span.offset = image_append(im, p->text.data, p->text.len, 1);
	span.count = (uint32_t)p->text.len;
	return span;
}

int table_seed(uint64_t seed[2])
{
	return getrandom(seed, 2 * sizeof(*seed), 0) == (ssize_t)(2 * sizeof(*seed)) ? 0 : -EIO;
}

static bool line_add(struct table_line *line, const struct table_entry *entry)
{
	for (size_t i = 0; i < TABLE_LINE_BUCKETS; i++)
		if (line->offsets[i] == 0) {
			line->tags[i] = (uint32_t)entry->hash;
			line->offsets[i] = entry->offset;
			return true;
		}
	return false;
}

/*
 * Three in five buckets are taken: of the lines, one in twenty overflows. Of many entries some would lie too far from home
 * in nearly every draw (nine in ten at a million): of those, half of the buckets are, which one draw in a thousand misses.
 */
#define DENSE_MAX 200000u

static size_t lines_for(size_t count)
{
	return count == 0 ? 0 : count / (count > DENSE_MAX ? 4 : 5) + 1;
}

int table_append(struct image *im, const struct table_entry *entries, size_t count, struct table_span *ret)
{
	size_t lines = lines_for(count), start = im->len;
	uint32_t offset = image_append(im, NULL, lines * sizeof(struct table_line), sizeof(struct table_line));
	struct table t;

	if (im->error)
		return im->error;
	t = (struct table){.lines = image_at(im, offset), .count = (uint32_t)lines};
	for (size_t i = 0; i < count; i++) {
		uint32_t home = table_home(&t, entries[i].hash), step = 0;
		struct table_line *line = image_at(im, offset);

		while (step < TABLE_STEPS_MAX && step < lines && !line_add(&line[(home + step) % lines], &entries[i]))
			step++;
		if (step == TABLE_STEPS_MAX || step == lines) {
			im->len = start;
			return -EAGAIN;
		}
	}
	*ret = (struct table_span){.offset = offset, .lines = (uint32_t)lines};
	return 0;
}
