/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/holders.h"
#include "common/snapshot/holders_format.h"
#include "common/snapshot/image.h"

#define SEED_DRAWS_MAX 16

struct build {
	const struct holder **rows; /* ascending by principal and kind */
	size_t count;
	struct holders_header header;
	struct image image;
	struct pool pool;
};

static const struct build *sorted; /* for the comparisons of positions; the broker writes with one thread */

static int compare_rows(const void *a, const void *b)
{
	const struct holder *x = *(const struct holder *const *)a, *y = *(const struct holder *const *)b;
	int order = memcmp(x->principal.bytes, y->principal.bytes, sizeof(x->principal.bytes));

	return order != 0 ? order : (int)x->kind - (int)y->kind;
}

static int compare_rights(const void *a, const void *b)
{
	const struct holder *x = sorted->rows[*(const uint32_t *)a], *y = sorted->rows[*(const uint32_t *)b];

	if (x->kind != y->kind)
		return (int)x->kind - (int)y->kind;
	return strcmp(x->argument ? x->argument : "", y->argument ? y->argument : "");
}

static int compare_roles(const void *a, const void *b)
{
	const struct holder *x = sorted->rows[*(const uint32_t *)a], *y = sorted->rows[*(const uint32_t *)b];

	return strcmp(x->role, y->role);
}

static bool row_is_whole(const struct holder *row)
{
	bool needs_argument = row->kind == RIGHT_BECOME || row->kind == RIGHT_GROUP;

	return row->role && (int)row->kind >= 0 && row->kind <= RIGHT_POLICY_READ && (row->argument || !needs_argument);
}

static int rows_pick(struct build *b, const struct holder *rows, size_t count)
{
	b->rows = calloc(count + 1, sizeof(struct holder *));
	if (!b->rows)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		if (!row_is_whole(&rows[i]))
			return -EINVAL;
		b->rows[b->count++] = &rows[i];
	}
	qsort(b->rows, b->count, sizeof(struct holder *), compare_rows);
	return 0;
}

static void rows_append(struct build *b)
{
	b->header.rows.offset = image_append(&b->image, NULL, 0, 8);
	b->header.rows.count = (uint32_t)b->count;
	for (size_t i = 0; i < b->count; i++) {
		const struct holder *from = b->rows[i];
		struct holders_row row = {
		    .start_ns = from->window.start_ns,
		    .end_ns = from->window.end_ns,
		    .boot_end_ns = from->window.boot_end_ns,
		    .kind = (uint32_t)from->kind,
		    .argument = pool_add(&b->pool, from->argument),
		    .login = pool_add(&b->pool, from->login),
		    .role = pool_add(&b->pool, from->role),
		    .uid = from->uid,
		    .local_gid = from->kind == RIGHT_GROUP ? from->local_gid : NO_ID,
		};

		memcpy(row.principal, from->principal.bytes, sizeof(row.principal));
		memcpy(row.request, from->request.bytes, sizeof(row.request));
		(void)image_append(&b->image, &row, sizeof(row), 8);
	}
}

/* Positions of the rows of rights, or of roles, in their order. */
static int positions_append(struct build *b, bool roles, struct snapshot_span *ret)
{
	uint32_t *list = calloc(b->count + 1, sizeof(*list));
	size_t count = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < b->count; i++)
		if (((int)b->rows[i]->kind == 0) == roles)
			list[count++] = (uint32_t)i;
	sorted = b;
	qsort(list, count, sizeof(*list), roles ? compare_roles : compare_rights);
	sorted = NULL;
	ret->offset = image_append(&b->image, list, count * sizeof(*list), 4);
	ret->count = (uint32_t)count;
	free(list);
	return b->image.error;
}

/* The first row of kind RIGHT_GROUP of each principal that has one. */
static size_t group_entries(const struct build *b, struct table_entry *entries)
{
	const struct holder *before = NULL;
	size_t count = 0;

	for (size_t i = 0; i < b->count; i++) {
		const struct holder *row = b->rows[i];

		if (row->kind != RIGHT_GROUP)
			continue;
		if (!before || !uuid_equal(&before->principal, &row->principal))
			entries[count++] = (struct table_entry){
			    .hash = table_hash(b->header.seed, (const char *)row->principal.bytes,
					       sizeof(row->principal.bytes)),
			    .offset = b->header.rows.offset + (uint32_t)(i * sizeof(struct holders_row)),
			};
		before = row;
	}
	return count;
}

static int groups_append(struct build *b)
{
	struct table_entry *entries = calloc(b->count + 1, sizeof(*entries));
	int r = entries ? -EAGAIN : -ENOMEM;

	for (int draw = 0; r == -EAGAIN && draw < SEED_DRAWS_MAX; draw++) {
		r = table_seed(b->header.seed);
		if (r == 0)
			r = table_append(&b->image, entries, group_entries(b, entries), &b->header.groups);
	}
	free(entries);
	return r;
}

static int build(struct build *b)
{
	int r;

	rows_append(b);
	r = positions_append(b, false, &b->header.by_right);
	if (r == 0)
		r = positions_append(b, true, &b->header.by_role);
	if (r == 0)
		r = groups_append(b);
	if (r < 0)
		return r;
	b->header.strings = pool_append(&b->pool, &b->image);
	if (b->image.error)
		return b->image.error;
	memcpy(&b->header.common, b->image.data, sizeof(b->header.common));
	memcpy(b->image.data, &b->header, sizeof(b->header));
	snapshot_seal(b->image.data, b->image.len, offsetof(struct holders_header, checksum));
	return 0;
}

enum part { PART_WHOLE, PART_BASE, PART_DELTA };
struct part_of {
	enum part part;
	uint64_t base_id, sequence;
};

static int write_as(const struct part_of *part, const char *path, uint64_t generation, const struct uuid *tenant_id,
		    const struct uuid *boot_id, const struct holder *rows, size_t count)
{
	struct build b = {0};
	int r = rows_pick(&b, rows, count);

	if (r == 0) {
		image_header(&b.image, SNAPSHOT_HOLDERS, HOLDERS_VERSION, sizeof(b.header), generation,
			     tenant_id->bytes, boot_id ? boot_id->bytes : NULL);
		if (part->part == PART_BASE)
			image_base(&b.image);
		else if (part->part == PART_DELTA)
			image_delta(&b.image, part->base_id, part->sequence);
		r = build(&b);
	}
	if (r == 0)
		r = image_write(&b.image, path, 0644);
	image_done(&b.image);
	pool_done(&b.pool);
	free(b.rows);
	return r;
}

int holders_write(const char *path, uint64_t generation, const struct uuid *tenant_id, const struct uuid *boot_id,
		  const struct holder *rows, size_t count)
{
	return write_as(&(struct part_of){PART_WHOLE, 0, 0}, path, generation, tenant_id, boot_id, rows, count);
}

int holders_base_write(const char *path, uint64_t generation, const struct uuid *tenant_id, const struct holder *rows,
		       size_t count)
{
	return write_as(&(struct part_of){PART_BASE, 0, 0}, path, generation, tenant_id, NULL, rows, count);
}

int holders_delta_write(const char *path, uint64_t generation, const struct uuid *tenant_id, uint64_t base_id,
			uint64_t sequence, const struct uuid *principals, size_t principal_count, const struct holder *rows,
			size_t count)
{
	struct holder *all = calloc(count + principal_count + 1, sizeof(*all));
	int r;

	if (!all)
		return -ENOMEM;
	if (count > 0)
		memcpy(all, rows, count * sizeof(*all));
	for (size_t i = 0; i < principal_count; i++)
		all[count + i] = (struct holder){
			.principal = principals[i], .role = "", .uid = NO_ID, .local_gid = NO_ID, .window = {0, 0, 0}};
	r = write_as(&(struct part_of){PART_DELTA, base_id, sequence}, path, generation, tenant_id, NULL, all,
		     count + principal_count);
	free(all);
	return r;
}
