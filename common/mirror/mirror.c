/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The objects in memory, and who the mirror belongs to. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/mirror/mirror_internal.h"

#define TABLE_MIN 256

/* --- tables --- */

/* Object ids are random, but a directory may choose them: mixed, so that long chains take more than a look. */
static size_t hash_bytes(const uint8_t *bytes, size_t len)
{
	uint64_t h = 0x9e3779b97f4a7c15u ^ len, word;

	for (; len >= sizeof(word); bytes += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		h = (h ^ word) * 0x9fb21c651e98df25u;
		h ^= h >> 29;
	}
	for (size_t i = 0; i < len; i++)
		h = (h ^ bytes[i]) * 0x100000001b3u;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	return (size_t)(h ^ h >> 32);
}

static size_t bucket_of_uuid(const struct mirror_table *t, const struct uuid *uuid)
{
	return hash_bytes(uuid->bytes, sizeof(uuid->bytes)) & (t->size - 1);
}

static size_t bucket_of_dn(const struct mirror_table *t, const uint8_t *dn, size_t len)
{
	return hash_bytes(dn, len) & (t->size - 1);
}

static void link_object(struct mirror_table *t, struct mirrored *o)
{
	size_t bucket = bucket_of_uuid(t, &o->uuid);

	o->next_uuid = t->by_uuid[bucket];
	t->by_uuid[bucket] = o;
	if (!t->has_dns)
		return;
	bucket = bucket_of_dn(t, o->bytes + o->dn, o->dn_len);
	o->next_dn = t->by_dn[bucket];
	t->by_dn[bucket] = o;
}

static int resize(struct mirror_table *t, size_t size)
{
	struct mirror_table fresh = {.size = size, .count = t->count, .has_dns = t->has_dns};
	struct mirror_cursor c = {0};
	struct mirrored *o;

	fresh.by_uuid = calloc(size, sizeof(struct mirrored *));
	if (t->has_dns)
		fresh.by_dn = calloc(size, sizeof(struct mirrored *));
	if (!fresh.by_uuid || (t->has_dns && !fresh.by_dn)) {
		free(fresh.by_uuid);
		free(fresh.by_dn);
		return -ENOMEM;
	}
	while ((o = mirror_table_next(t, &c)))
		link_object(&fresh, o);
	free(t->by_uuid);
	free(t->by_dn);
	*t = fresh;
	return 0;
}

int mirror_table_reserve(struct mirror_table *t, size_t count)
{
	size_t size = t->size ? t->size : TABLE_MIN;

	while (size < count)
		size *= 2;
	return size == t->size ? 0 : resize(t, size);
}

int mirror_table_add(struct mirror_table *t, struct mirrored *o)
{
	int r = mirror_table_reserve(t, t->count + 1);

	if (r < 0)
		return r;
	link_object(t, o);
	t->count++;
	return 0;
}

struct mirrored *mirror_table_find(const struct mirror_table *t, const struct uuid *uuid)
{
	struct mirrored *o = t->size ? t->by_uuid[bucket_of_uuid(t, uuid)] : NULL;

	while (o && !uuid_equal(&o->uuid, uuid))
		o = o->next_uuid;
	return o;
}

static void unlink_dn(struct mirror_table *t, const struct mirrored *o)
{
	struct mirrored **at = &t->by_dn[bucket_of_dn(t, o->bytes + o->dn, o->dn_len)];

	while (*at && *at != o)
		at = &(*at)->next_dn;
	if (*at)
		*at = o->next_dn;
}

struct mirrored *mirror_table_take(struct mirror_table *t, const struct uuid *uuid)
{
	struct mirrored **at = t->size ? &t->by_uuid[bucket_of_uuid(t, uuid)] : NULL, *o;

	while (at && *at && !uuid_equal(&(*at)->uuid, uuid))
		at = &(*at)->next_uuid;
	o = at ? *at : NULL;
	if (!o)
		return NULL;
	*at = o->next_uuid;
	if (t->has_dns)
		unlink_dn(t, o);
	t->count--;
	return o;
}

struct mirrored *mirror_table_next(const struct mirror_table *t, struct mirror_cursor *c)
{
	struct mirrored *o;

	while (!c->next && c->bucket < t->size)
		c->next = t->by_uuid[c->bucket++];
	o = c->next;
	if (o)
		c->next = o->next_uuid;
	return o;
}

void mirror_table_done(struct mirror_table *t)
{
	struct mirror_cursor c = {0};
	struct mirrored *o;

	while ((o = mirror_table_next(t, &c)))
		free(o);
	free(t->by_uuid);
	free(t->by_dn);
	*t = (struct mirror_table){.has_dns = t->has_dns};
}

/* --- objects --- */

struct anatomy {
	const uint8_t *uuid, *dn;
	size_t dn_len;
	unsigned kind, uuids, kinds, dns;
};

static bool take_field(struct anatomy *a, const struct sync_field *f)
{
	switch (f->tag) {
	case SYNC_TAG_UUID:
		a->uuid = f->data;
		a->uuids++;
		return f->len == sizeof(((struct uuid *)NULL)->bytes);
	case SYNC_TAG_KIND:
		a->kinds++;
		a->kind = f->len == 1 ? f->data[0] : 0;
		return a->kind > 0 && a->kind < OBJECT_KIND_COUNT;
	case SYNC_TAG_DN:
		a->dn = f->data;
		a->dn_len = f->len;
		a->dns++;
		return f->len > 0 && f->len <= SYNC_DN_MAX && !memchr(f->data, '\0', f->len);
	default:
		return f->tag >= SYNC_TAG_MODIFIER && f->tag < SYNC_TAG_COUNT;
	}
}

int mirrored_new(const void *object, size_t len, struct mirrored **ret)
{
	struct sync_cursor c = sync_object_fields(object, len);
	struct anatomy a = {0};
	struct sync_field f;
	struct mirrored *o;
	int r;

	if (len == 0 || len > SYNC_OBJECT_MAX)
		return -EBADMSG;
	while ((r = sync_next(&c, &f)) > 0)
		if (!take_field(&a, &f))
			return -EBADMSG;
	if (r < 0 || a.uuids != 1 || a.kinds != 1 || a.dns != 1)
		return -EBADMSG;
	o = malloc(sizeof(*o) + len);
	if (!o)
		return -ENOMEM;
	*o = (struct mirrored){
		.len = (uint32_t)len,
		.dn = (uint32_t)(a.dn - (const uint8_t *)object),
		.dn_len = (uint32_t)a.dn_len,
		.kind = (uint8_t)a.kind,
	};
	memcpy(o->uuid.bytes, a.uuid, sizeof(o->uuid.bytes));
	memcpy(o->bytes, object, len);
	*ret = o;
	return 0;
}

int mirrored_gone(const struct uuid *uuid, struct mirrored **ret)
{
	struct mirrored *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	o->uuid = *uuid;
	*ret = o;
	return 0;
}

/* --- the mirror --- */

static void hash_text(struct sha256_ctx *h, const char *text)
{
	const uint8_t end = 0, none = 1;

	if (text)
		sha256_update(h, strlen(text), (const uint8_t *)text);
	sha256_update(h, 1, text ? &end : &none);
}

/* What decides which objects are sent, and what is in them: of another one the cookie does not hold. */
static void hash_mapping(const struct ldap_config *c, uint8_t ret[static MIRROR_HASH_LEN])
{
	const uint8_t schema = (uint8_t)c->schema;
	struct sha256_ctx h;

	sha256_init(&h);
	hash_text(&h, c->base);
	sha256_update(&h, 1, &schema);
	for (size_t i = 0; i < OBJECT_KIND_COUNT; i++)
		hash_text(&h, c->bases[i]);
	hash_text(&h, c->user_filter);
	hash_text(&h, c->group_filter);
	for (size_t i = 0; i < LDAP_FIELD_COUNT; i++)
		hash_text(&h, c->map[i]);
	sha256_digest(&h, MIRROR_HASH_LEN, ret);
}

static int mirror_path(const char *tenant, char buf[static MIRROR_PATH_MAX])
{
	int n = snprintf(buf, MIRROR_PATH_MAX, "%s/mirror/%s", tenure_path(PATH_STATE), tenant);

	return n < 0 || n >= MIRROR_PATH_MAX ? -ENAMETOOLONG : 0;
}

static int make_folder(void)
{
	char path[MIRROR_PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/mirror", tenure_path(PATH_STATE));

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static void forget_all(struct mirror *m)
{
	mirror_table_done(&m->objects);
	mirror_table_done(&m->staged);
	m->open = false;
	m->live = 0;
	m->complete_ns = 0;
	free(m->cookie);
	m->cookie = NULL;
	m->cookie_len = 0;
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
	m->file_len = 0;
}

static int load(const struct tenant_config *tenant, bool read_only, struct mirror **ret, bool *ret_damaged)
{
	struct mirror *m = calloc(1, sizeof(*m));
	int r;

	*ret_damaged = false;
	if (!m)
		return -ENOMEM;
	m->fd = -1;
	m->read_only = read_only;
	m->objects.has_dns = true;
	m->tenant_id = tenant->id;
	hash_mapping(&tenant->ldap, m->mapping);
	r = mirror_path(tenant->name, m->path);
	if (r == 0 && !read_only)
		r = make_folder();
	if (r == 0)
		r = mirror_file_load(m);
	if (r == -EBADMSG) {
		*ret_damaged = true;
		forget_all(m);
		r = 0;
	}
	if (r < 0) {
		mirror_close(m);
		return r;
	}
	*ret = m;
	return 0;
}

int mirror_open(const struct tenant_config *tenant, struct mirror **ret, bool *ret_damaged)
{
	return load(tenant, false, ret, ret_damaged);
}

int mirror_read(const struct tenant_config *tenant, struct mirror **ret, bool *ret_damaged)
{
	return load(tenant, true, ret, ret_damaged);
}

void mirror_close(struct mirror *m)
{
	if (!m)
		return;
	forget_all(m);
	free(m);
}

int mirror_remove(const char *tenant)
{
	char path[MIRROR_PATH_MAX];
	int r = mirror_path(tenant, path);

	if (r == 0 && unlink(path) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

const void *mirror_cookie(const struct mirror *m, size_t *ret_len)
{
	*ret_len = m->cookie_len;
	return m->cookie;
}

size_t mirror_count(const struct mirror *m)
{
	return m->objects.count;
}

int64_t mirror_complete_ns(const struct mirror *m)
{
	return m->complete_ns;
}

void mirror_sizes(const struct mirror *m, size_t *ret_memory, size_t *ret_disk)
{
	*ret_memory = m->live + m->objects.count * sizeof(struct mirrored) + 2 * m->objects.size * sizeof(struct mirrored *);
	*ret_disk = (size_t)m->file_len;
}

int mirror_each(const struct mirror *m, int (*fn)(void *, const void *object, size_t len), void *context)
{
	struct mirror_cursor c = {0};
	struct mirrored *o;
	int r = 0;

	while (r == 0 && (o = mirror_table_next(&m->objects, &c)))
		r = fn(context, o->bytes, o->len);
	return r;
}

const void *mirror_by_dn(const struct mirror *m, const char *dn, size_t *ret_len)
{
	const size_t len = strlen(dn);
	const struct mirrored *o =
		m->objects.size ? m->objects.by_dn[bucket_of_dn(&m->objects, (const uint8_t *)dn, len)] : NULL;

	while (o && (o->dn_len != len || memcmp(o->bytes + o->dn, dn, len) != 0))
		o = o->next_dn;
	*ret_len = o ? o->len : 0;
	return o ? o->bytes : NULL;
}

const void *mirror_by_uuid(const struct mirror *m, const struct uuid *uuid, size_t *ret_len)
{
	const struct mirrored *o = mirror_table_find(&m->objects, uuid);

	*ret_len = o ? o->len : 0;
	return o ? o->bytes : NULL;
}

#define EXPECTED 32
#define LINE	 64

/* Each is two or three looks into memory far apart: all of them at once take little longer than one. */
size_t mirror_expect_members(const struct mirror *m, struct sync_cursor fields)
{
	struct mirrored *const *buckets[EXPECTED];
	struct sync_field f;
	size_t count = 0;

	while (m->objects.size && count < EXPECTED && sync_next(&fields, &f) > 0 && f.tag == SYNC_TAG_MEMBER) {
		buckets[count] = &m->objects.by_dn[bucket_of_dn(&m->objects, f.data, f.len)];
		__builtin_prefetch(buckets[count++]);
	}
	for (size_t i = 0; i < count; i++)
		for (size_t at = 0; *buckets[i] && at < 4 * LINE; at += LINE) /* as far as its name */
			__builtin_prefetch((const uint8_t *)*buckets[i] + at);
	return count;
}
