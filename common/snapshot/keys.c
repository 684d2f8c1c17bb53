/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/keys.h"

#include <errno.h>
#include <string.h>

#include "common/snapshot/delta.h"
#include "common/snapshot/keys_format.h"

struct keys_view {
	const struct keys_record *records;
	const uint32_t *lines;
	size_t record_count, line_count;
	struct snapshot_pool strings;
};

static int view_open(const struct snapshot *s, struct keys_view *ret)
{
	const struct keys_header *h;
	int r = snapshot_check(s, SNAPSHOT_KEYS, KEYS_VERSION);

	if (r < 0)
		return r;
	h = snapshot_header(s, sizeof(*h));
	if (!h)
		return -EBADMSG;
	ret->records = snapshot_section(s, h->records, sizeof(*ret->records), 4);
	ret->lines = snapshot_section(s, h->lines, sizeof(*ret->lines), 4);
	ret->record_count = h->records.count;
	ret->line_count = h->lines.count;
	if (!ret->records || !ret->lines)
		return -EBADMSG;
	return snapshot_pool(s, h->strings, &ret->strings);
}

static int lines_walk(const struct keys_view *v, const struct keys_record *k, key_fn fn, void *context)
{
	if (k->first > v->line_count || k->count > v->line_count - k->first)
		return -EBADMSG;
	for (uint32_t i = 0; i < k->count; i++) {
		const char *line;
		int r = pool_string(&v->strings, v->lines[k->first + i], false, &line);

		if (r == 0)
			r = fn(context, line);
		if (r != 0)
			return r;
	}
	return k->count > 0 ? 0 : -ENOENT;
}

static int find_name(const struct keys_view *v, const char *name, const struct keys_record **ret)
{
	size_t low = 0, high = v->record_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *other;
		int order;

		if (pool_string(&v->strings, v->records[middle].name, false, &other) < 0)
			return -EBADMSG;
		order = strcmp(name, other);
		if (order == 0) {
			*ret = &v->records[middle];
			return 0;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -ENOENT;
}

/* Asked for mapped local logins alone, once a login: a walk serves. */
static int find_principal(const struct keys_view *v, const struct uuid *principal, const struct keys_record **ret)
{
	for (size_t i = 0; i < v->record_count; i++)
		if (memcmp(v->records[i].principal, principal->bytes, sizeof(principal->bytes)) == 0) {
			*ret = &v->records[i];
			return 0;
		}
	return -ENOENT;
}

static int find(const struct keys_view *v, const char *name, const struct uuid *principal, const struct keys_record **ret)
{
	return name ? find_name(v, name, ret) : find_principal(v, principal, ret);
}

int keys_from(const struct snapshot *s, const char *name, const struct uuid *principal, key_fn fn, void *context)
{
	const struct keys_record *k = NULL;
	struct keys_view v;
	int r = view_open(s, &v);

	if (r == 0)
		r = find(&v, name, principal, &k);
	return r < 0 ? r : lines_walk(&v, k, fn, context);
}

/* Who stands in the delta has what it says, be it nothing. */
int keys_from_pair(const struct snapshot_pair *p, const char *name, const struct uuid *principal, key_fn fn, void *context)
{
	const struct keys_record *k = NULL;
	struct keys_view v;
	int r = p->delta.data ? view_open(&p->delta, &v) : -ENOENT;

	if (r == 0)
		r = find(&v, name, principal, &k);
	if (r != -ENOENT)
		return r < 0 ? r : lines_walk(&v, k, fn, context);
	return keys_from(&p->base, name, principal, fn, context);
}

static int keys_of(const char *tenant, const char *name, const struct uuid *principal, key_fn fn, void *context)
{
	struct snapshot_pair p;
	int r = snapshot_map_pair(NULL, tenant, "keys", SNAPSHOT_KEYS, KEYS_VERSION, &p);

	if (r < 0)
		return r == -ENOENT ? -ENXIO : r;
	r = keys_from_pair(&p, name, principal, fn, context);
	snapshot_unmap_pair(&p);
	return r;
}

int keys_of_login(const char *tenant, const char *name, key_fn fn, void *context)
{
	return keys_of(tenant, name, NULL, fn, context);
}

int keys_of_principal(const char *tenant, const struct uuid *principal, key_fn fn, void *context)
{
	return keys_of(tenant, NULL, principal, fn, context);
}
