/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/directory.h"
#include "common/snapshot/delta.h"
#include "common/snapshot/image.h"
#include "common/snapshot/keys.h"
#include "common/snapshot/keys_format.h"

static int compare_users(const void *a, const void *b)
{
	const struct user *const *x = a, *const *y = b;

	return strcmp((*x)->o.name, (*y)->o.name);
}

static const struct user **users_pick(const struct directory *d, size_t *ret_count)
{
	const struct user **users = calloc(d->user_count + 1, sizeof(struct user *));

	*ret_count = 0;
	for (size_t i = 0; users && i < d->user_count; i++)
		if (!d->users[i].o.dropped && d->users[i].enabled && d->users[i].ssh_key_count > 0)
			users[(*ret_count)++] = &d->users[i];
	if (users)
		qsort(users, *ret_count, sizeof(struct user *), compare_users);
	return users;
}

static void record_append(struct image *image, struct image *lines, struct pool *pool, const struct user *u)
{
	struct keys_record k = {.name = pool_add(pool, u->o.name),
				.first = (uint32_t)(lines->len / sizeof(uint32_t)),
				.count = u->o.dropped || !u->enabled ? 0 : (uint32_t)u->ssh_key_count};

	memcpy(k.principal, u->o.id.bytes, sizeof(k.principal));
	for (size_t n = 0; n < k.count; n++) {
		uint32_t line = pool_add(pool, u->ssh_keys[n]);

		(void)image_append(lines, &line, sizeof(line), sizeof(line));
	}
	(void)image_append(image, &k, sizeof(k), 4);
}

/* Takes the image to the disk. users: ascending by name. */
static int write_users(struct image *image, const char *path, const struct user *const *users, size_t count)
{
	struct keys_header h = {0};
	struct image lines = {0};
	struct pool pool = {0};
	int r;

	h.records.offset = image_append(image, NULL, 0, 8);
	h.records.count = (uint32_t)count;
	for (size_t i = 0; i < count; i++)
		record_append(image, &lines, &pool, users[i]);
	h.lines.offset = image_append(image, lines.data, lines.len, 8);
	h.lines.count = (uint32_t)(lines.len / sizeof(uint32_t));
	h.strings = pool_append(&pool, image);
	r = lines.error ? lines.error : image->error;
	if (r == 0) {
		memcpy(&h.common, image->data, sizeof(h.common));
		memcpy(image->data, &h, sizeof(h));
		r = image_write(image, path, 0600);
	}
	image_done(&lines);
	pool_done(&pool);
	return r;
}

int keys_write(const char *path, uint64_t generation, const struct directory *d)
{
	size_t count;
	const struct user **users = users_pick(d, &count);
	struct image image = {0};
	int r;

	if (!users)
		return -ENOMEM;
	image_header(&image, SNAPSHOT_KEYS, KEYS_VERSION, sizeof(struct keys_header), generation, d->tenant_id.bytes, NULL);
	if (d->in_parts)
		image_base(&image);
	r = write_users(&image, path, users, count);
	image_done(&image);
	free(users);
	return r;
}

int keys_delta_write(const char *path, uint64_t generation, uint64_t sequence, const struct snapshot *base,
		     const struct user *const *users, size_t count)
{
	const struct user **sorted = calloc(count + 1, sizeof(struct user *));
	struct image image = {0};
	int r;

	if (!sorted)
		return -ENOMEM;
	if (count > 0)
		memcpy(sorted, users, count * sizeof(struct user *));
	qsort(sorted, count, sizeof(struct user *), compare_users);
	image_header(&image, SNAPSHOT_KEYS, KEYS_VERSION, sizeof(struct keys_header), generation,
		     ((const struct snapshot_header *)snapshot_header(base, sizeof(struct snapshot_header)))->tenant_id, NULL);
	image_delta(&image, snapshot_base_id(base), sequence);
	r = write_users(&image, path, sorted, count);
	image_done(&image);
	free(sorted);
	return r;
}
