/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/holders.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/delta.h"
#include "common/snapshot/holders_format.h"

struct holders {
	struct snapshot map;
	const struct holders_header *header;
	const struct holders_row *rows;
	const uint32_t *by_right, *by_role;
	uint32_t row_count, by_right_count, by_role_count; /* 0 for grants of another boot */
	struct table groups;
	struct snapshot_pool strings;
	struct holders *delta; /* NULL: none. Who has a row there has no other. */
};

static int sections_open(struct holders *h)
{
	const struct holders_header *header = snapshot_header(&h->map, sizeof(*header));
	int r;

	if (!header)
		return -EBADMSG;
	h->header = header;
	h->rows = snapshot_section(&h->map, header->rows, sizeof(*h->rows), 8);
	h->by_right = snapshot_section(&h->map, header->by_right, sizeof(*h->by_right), 4);
	h->by_role = snapshot_section(&h->map, header->by_role, sizeof(*h->by_role), 4);
	if (!h->rows || !h->by_right || !h->by_role)
		return -EBADMSG;
	h->row_count = header->rows.count;
	h->by_right_count = header->by_right.count;
	h->by_role_count = header->by_role.count;
	r = table_open(&h->map, header->groups, &h->groups);
	return r < 0 ? r : snapshot_pool(&h->map, header->strings, &h->strings);
}

/* A table of grants that names no boot, or a standing one that does, is in the other's place. */
static int grants_check(struct holders *h, bool grants)
{
	const size_t at = offsetof(struct holders_header, checksum);
	struct uuid table_boot, boot;
	int r;

	memcpy(table_boot.bytes, h->header->common.boot_id, sizeof(table_boot.bytes));
	if (uuid_is_null(&table_boot) == grants)
		return -EBADMSG;
	if (!grants)
		return 0;
	if (h->header->checksum != snapshot_checksum(h->map.data, h->map.len, at))
		return -EBADMSG;
	r = boot_id_read(&boot);
	if (r < 0)
		return r == -ENOENT ? -EBADMSG : r; /* the table is there */
	if (!uuid_equal(&table_boot, &boot)) {
		h->row_count = h->by_right_count = h->by_role_count = 0;
		h->groups.count = 0;
	}
	return 0;
}

int holders_from(const struct snapshot *s, bool grants, struct holders **ret)
{
	struct holders *h;
	int r = snapshot_check(s, SNAPSHOT_HOLDERS, HOLDERS_VERSION);

	if (r < 0)
		return r;
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->map = *s;
	r = sections_open(h);
	if (r == 0)
		r = grants_check(h, grants);
	if (r < 0) {
		free(h);
		return r;
	}
	*ret = h;
	return 0;
}

/* Takes both over if it answers 0. */
static int holders_from_pair(const struct snapshot_pair *p, struct holders **ret)
{
	struct holders *h, *delta = NULL;
	int r = holders_from(&p->base, false, &h);

	if (r < 0)
		return r;
	r = p->delta.data ? holders_from(&p->delta, false, &delta) : 0;
	if (r < 0) {
		free(h);
		return r;
	}
	h->delta = delta;
	*ret = h;
	return 0;
}

static int grants_open(struct safe_walk *walk, const char *tenant, struct holders **ret)
{
	char path[SNAPSHOT_PATH_MAX];
	struct snapshot s;
	int r = snapshot_tenant_path(tenant, "grants", path, sizeof(path));

	if (r == 0)
		r = snapshot_map(walk, path, SNAPSHOT_HOLDERS, HOLDERS_VERSION, &s);
	if (r < 0)
		return r;
	r = holders_from(&s, true, ret);
	if (r < 0)
		snapshot_unmap(&s);
	return r;
}

int holders_open_near(struct safe_walk *walk, const char *tenant, const char *file, struct holders **ret)
{
	struct snapshot_pair p;
	int r;

	if (strcmp(file, "grants") == 0)
		return grants_open(walk, tenant, ret);
	r = snapshot_map_pair(walk, tenant, file, SNAPSHOT_HOLDERS, HOLDERS_VERSION, &p);
	if (r < 0)
		return r;
	r = holders_from_pair(&p, ret);
	if (r < 0)
		snapshot_unmap_pair(&p);
	return r;
}

int holders_open(const char *tenant, const char *file, struct holders **ret)
{
	return holders_open_near(NULL, tenant, file, ret);
}

bool holders_is_current(const struct holders *h, const char *tenant, const char *file)
{
	const struct snapshot_pair p = {.base = h->map, .delta = h->delta ? h->delta->map : (struct snapshot){.data = NULL}};

	return snapshot_pair_is_current(&p, tenant, file);
}

uint64_t holders_base_id(const struct holders *h)
{
	return snapshot_base_id(&h->map);
}

void holders_close(struct holders *h)
{
	if (!h)
		return;
	holders_close(h->delta);
	snapshot_unmap(&h->map);
	free(h);
}

void holders_closep(struct holders **h)
{
	holders_close(*h);
	*h = NULL;
}

static int row_read(const struct holders *h, const struct holders_row *row, struct holder *ret)
{
	bool needs_argument = row->kind == RIGHT_BECOME || row->kind == RIGHT_GROUP;
	int r = pool_string(&h->strings, row->argument, !needs_argument, &ret->argument);

	if (r == 0)
		r = pool_string(&h->strings, row->login, true, &ret->login);
	if (r == 0)
		r = pool_string(&h->strings, row->role, false, &ret->role);
	if (r < 0 || row->kind > RIGHT_POLICY_READ)
		return -EBADMSG;
	ret->kind = (enum right_kind)row->kind;
	memcpy(ret->principal.bytes, row->principal, sizeof(row->principal));
	memcpy(ret->request.bytes, row->request, sizeof(row->request));
	ret->uid = row->uid;
	ret->local_gid = row->local_gid;
	ret->window = (struct window){row->start_ns, row->end_ns, row->boot_end_ns};
	return 0;
}

static uint32_t first_row(const struct holders *h, const struct uuid *principal)
{
	uint32_t low = 0, high = h->row_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (memcmp(h->rows[middle].principal, principal->bytes, sizeof(principal->bytes)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool has_rows(const struct holders *h, const uint8_t principal[16])
{
	struct uuid id;
	uint32_t i;

	memcpy(id.bytes, principal, sizeof(id.bytes));
	i = first_row(h, &id);
	return i < h->row_count && memcmp(h->rows[i].principal, principal, sizeof(id.bytes)) == 0;
}

/* Hands a row on if it holds now (NULL: in any case). One that never holds says that its principal has no others. */
static int row_offer(const struct holders *h, const struct holders_row *row, const struct instant *now, holder_fn fn,
		     void *context)
{
	struct holder holder;
	int r;

	if (h->delta && has_rows(h->delta, row->principal))
		return 0;
	r = row_read(h, row, &holder);
	if (r < 0 || holder.window.start_ns >= holder.window.end_ns || (now && !window_holds(&holder.window, now)))
		return r;
	return fn(context, &holder);
}

/* From the row at `first` on, while it is the principal's, and of the kind unless that is -1. */
static int rows_walk(const struct holders *h, uint32_t first, const struct uuid *principal, int kind,
		     const struct instant *now, holder_fn fn, void *context)
{
	int r = 0;

	for (uint32_t i = first; r == 0 && i < h->row_count; i++) {
		if (memcmp(h->rows[i].principal, principal->bytes, sizeof(principal->bytes)) != 0)
			break;
		if (kind >= 0 && h->rows[i].kind != (uint32_t)kind)
			break;
		r = row_offer(h, &h->rows[i], now, fn, context);
	}
	return r;
}

static int each(const struct holders *h, holder_fn fn, void *context)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < h->row_count; i++)
		r = row_offer(h, &h->rows[i], NULL, fn, context);
	return r;
}

int holders_each(const struct holders *h, holder_fn fn, void *context)
{
	int r = each(h, fn, context);

	return r == 0 && h->delta ? each(h->delta, fn, context) : r;
}

int holders_of_principal(const struct holders *h, const struct uuid *principal, const struct instant *now, holder_fn fn,
			 void *context)
{
	int r = rows_walk(h, first_row(h, principal), principal, -1, now, fn, context);

	return r == 0 && h->delta ? rows_walk(h->delta, first_row(h->delta, principal), principal, -1, now, fn, context) : r;
}

static int groups_walk(const struct holders *h, const struct uuid *principal, const struct instant *now, holder_fn fn,
		       void *context)
{
	struct table_walk walk;
	uint32_t offset;

	if (h->groups.count == 0)
		return 0;
	walk = table_walk(&h->groups, table_hash(h->header->seed, (const char *)principal->bytes, sizeof(*principal)));
	while ((offset = table_next(&h->groups, &walk)) != 0) {
		uint32_t inside = offset - h->header->rows.offset;

		if (offset < h->header->rows.offset || inside % sizeof(*h->rows) != 0 ||
		    inside / sizeof(*h->rows) >= h->row_count)
			return -EBADMSG;
		inside /= sizeof(*h->rows);
		if (memcmp(h->rows[inside].principal, principal->bytes, sizeof(principal->bytes)) == 0)
			return rows_walk(h, inside, principal, RIGHT_GROUP, now, fn, context);
	}
	return 0;
}

int holders_groups_of_principal(const struct holders *h, const struct uuid *principal, const struct instant *now,
				holder_fn fn, void *context)
{
	int r = groups_walk(h, principal, now, fn, context);

	return r == 0 && h->delta ? groups_walk(h->delta, principal, now, fn, context) : r;
}

/* How the row at a position of by_right compares with (kind, argument). */
static int right_compare(const struct holders *h, uint32_t position, enum right_kind kind, const char *argument,
			 int *ret)
{
	const struct holders_row *row;
	const char *other;

	if (h->by_right[position] >= h->row_count)
		return -EBADMSG;
	row = &h->rows[h->by_right[position]];
	if (pool_string(&h->strings, row->argument, true, &other) < 0)
		return -EBADMSG;
	if (row->kind != (uint32_t)kind)
		*ret = row->kind < (uint32_t)kind ? -1 : 1;
	else
		*ret = strcmp(other ? other : "", argument);
	return 0;
}

static int right_walk(const struct holders *h, enum right_kind kind, const char *argument, const struct instant *now,
		      holder_fn fn, void *context)
{
	uint32_t low = 0, high = h->by_right_count;
	int order, r = 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		r = right_compare(h, middle, kind, argument, &order);
		if (r < 0)
			return r;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; r == 0 && low < h->by_right_count; low++) {
		r = right_compare(h, low, kind, argument, &order);
		if (r < 0 || order != 0)
			break;
		r = row_offer(h, &h->rows[h->by_right[low]], now, fn, context);
	}
	return r;
}

static int of_right(const struct holders *h, enum right_kind kind, const char *argument, const struct instant *now,
		    holder_fn fn, void *context)
{
	int r = right_walk(h, kind, argument ? argument : "", now, fn, context);

	if (r == 0 && kind == RIGHT_BECOME && argument && strcmp(argument, "*") != 0)
		r = right_walk(h, kind, "*", now, fn, context);
	return r;
}

int holders_of_right(const struct holders *h, enum right_kind kind, const char *argument, const struct instant *now,
		     holder_fn fn, void *context)
{
	int r = of_right(h, kind, argument, now, fn, context);

	return r == 0 && h->delta ? of_right(h->delta, kind, argument, now, fn, context) : r;
}

static int role_compare(const struct holders *h, uint32_t position, const char *role, int *ret)
{
	const char *other;

	if (h->by_role[position] >= h->row_count ||
	    pool_string(&h->strings, h->rows[h->by_role[position]].role, false, &other) < 0)
		return -EBADMSG;
	*ret = strcmp(other, role);
	return 0;
}

static int role_walk(const struct holders *h, const char *role, const struct instant *now, holder_fn fn, void *context)
{
	uint32_t low = 0, high = h->by_role_count;
	int order, r = 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		r = role_compare(h, middle, role, &order);
		if (r < 0)
			return r;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; r == 0 && low < h->by_role_count; low++) {
		r = role_compare(h, low, role, &order);
		if (r < 0 || order != 0)
			break;
		r = row_offer(h, &h->rows[h->by_role[low]], now, fn, context);
	}
	return r;
}

int holders_of_role(const struct holders *h, const char *role, const struct instant *now, holder_fn fn, void *context)
{
	int r = role_walk(h, role, now, fn, context);

	return r == 0 && h->delta ? role_walk(h->delta, role, now, fn, context) : r;
}
