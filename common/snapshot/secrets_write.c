/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/directory.h"
#include "common/snapshot/image.h"
#include "common/snapshot/secrets.h"
#include "common/snapshot/secrets_format.h"

static int compare_records(const void *a, const void *b)
{
	const struct secrets_record *x = a, *y = b;

	return memcmp(x->principal, y->principal, sizeof(x->principal));
}

static int records_append(struct image *image, struct pool *pool, const struct directory *d, struct snapshot_span *ret)
{
	struct secrets_record *list = calloc(d->user_count + 1, sizeof(*list));
	size_t count = 0;
	int r = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < d->user_count; i++) {
		const struct user *u = &d->users[i];

		if (u->o.dropped || !u->password || !*u->password)
			continue;
		if (strlen(u->password) >= SECRET_HASH_MAX)
			r = -EMSGSIZE;
		memcpy(list[count].principal, u->o.id.bytes, sizeof(list[count].principal));
		list[count++].hash = pool_add(pool, u->password);
	}
	qsort(list, count, sizeof(*list), compare_records);
	ret->offset = image_append(image, list, count * sizeof(*list), 8);
	ret->count = (uint32_t)count;
	free(list);
	return r < 0 ? r : image->error;
}

int secrets_write(const char *path, uint64_t generation, const struct directory *d)
{
	struct secrets_header h = {0};
	struct image image = {0};
	struct pool pool = {0};
	int r;

	image_header(&image, SNAPSHOT_SECRETS, SECRETS_VERSION, sizeof(h), generation, d->tenant_id.bytes, NULL);
	r = records_append(&image, &pool, d, &h.records);
	h.strings = pool_append(&pool, &image);
	if (r == 0)
		r = image.error;
	if (r == 0) {
		memcpy(&h.common, image.data, sizeof(h.common));
		memcpy(image.data, &h, sizeof(h));
		r = image_write(&image, path, 0600);
	}
	image_done(&image);
	pool_done(&pool);
	return r;
}
