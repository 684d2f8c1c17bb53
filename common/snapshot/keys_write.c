/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/directory.h"
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

static int build(struct image *image, struct pool *pool, const struct directory *d, struct keys_header *h)
{
	size_t count;
	const struct user **users = users_pick(d, &count);
	struct image lines = {0};
	int r;

	if (!users)
		return -ENOMEM;
	h->records.offset = image_append(image, NULL, 0, 8);
	h->records.count = (uint32_t)count;
	for (size_t i = 0; i < count; i++) {
		struct keys_record k = {.name = pool_add(pool, users[i]->o.name),
					.first = (uint32_t)(lines.len / sizeof(uint32_t)),
					.count = (uint32_t)users[i]->ssh_key_count};

		memcpy(k.principal, users[i]->o.id.bytes, sizeof(k.principal));
		for (size_t n = 0; n < users[i]->ssh_key_count; n++) {
			uint32_t line = pool_add(pool, users[i]->ssh_keys[n]);

			(void)image_append(&lines, &line, sizeof(line), sizeof(line));
		}
		(void)image_append(image, &k, sizeof(k), 4);
	}
	h->lines.offset = image_append(image, lines.data, lines.len, 8);
	h->lines.count = (uint32_t)(lines.len / sizeof(uint32_t));
	h->strings = pool_append(pool, image);
	r = lines.error ? lines.error : image->error;
	image_done(&lines);
	free(users);
	return r;
}

int keys_write(const char *path, uint64_t generation, const struct directory *d)
{
	struct keys_header h = {0};
	struct image image = {0};
	struct pool pool = {0};
	int r;

	image_header(&image, SNAPSHOT_KEYS, KEYS_VERSION, sizeof(h), generation, d->tenant_id.bytes, NULL);
	r = build(&image, &pool, d, &h);
	if (r == 0) {
		memcpy(&h.common, image.data, sizeof(h.common));
		memcpy(image.data, &h, sizeof(h));
		r = image_write(&image, path, 0600);
	}
	image_done(&image);
	pool_done(&pool);
	return r;
}
