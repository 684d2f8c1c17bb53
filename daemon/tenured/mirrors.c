/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/mirrors.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>

/* Each with its length, so that no two lists of texts look the same. NULL differs from "". */
static void hash_text(struct sha256_ctx *h, const char *text)
{
	const uint64_t len = text ? strlen(text) : UINT64_MAX;

	sha256_update(h, sizeof(len), (const uint8_t *)&len);
	if (text)
		sha256_update(h, (size_t)len, (const uint8_t *)text);
}

static void hash_number(struct sha256_ctx *h, int64_t n)
{
	sha256_update(h, sizeof(n), (const uint8_t *)&n);
}

static void hash_ldap(struct sha256_ctx *h, const struct ldap_config *l)
{
	const char *const texts[] = {l->base,	 l->bind_dn, l->password_file, l->tls_ca,
				     l->tls_cert, l->tls_key, l->user_filter,  l->group_filter};
	const int64_t numbers[] = {l->bind, l->schema, l->derive_ids, l->heartbeat_ns, l->poll_ns};

	hash_number(h, (int64_t)l->uri_count);
	for (size_t i = 0; i < l->uri_count; i++)
		hash_text(h, l->uris[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		hash_text(h, texts[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(numbers); i++)
		hash_number(h, numbers[i]);
	for (size_t i = 0; i < OBJECT_KIND_COUNT; i++)
		hash_text(h, l->bases[i]);
	for (size_t i = 0; i < LDAP_FIELD_COUNT; i++)
		hash_text(h, l->map[i]);
}

void tenant_digest(const struct tenant_config *t, uint8_t ret[static TENANT_DIGEST_LEN])
{
	struct sha256_ctx h;

	sha256_init(&h);
	hash_text(&h, t->name);
	sha256_update(&h, sizeof(t->id.bytes), t->id.bytes);
	hash_number(&h, t->source);
	hash_number(&h, t->id_range.first);
	hash_number(&h, t->id_range.last);
	hash_ldap(&h, &t->ldap);
	sha256_digest(&h, TENANT_DIGEST_LEN, ret);
}

static struct kept_mirror *find(const struct mirrors *m, const char *tenant)
{
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->items[i].tenant, tenant) == 0)
			return &m->items[i];
	return NULL;
}

const struct kept_mirror *mirrors_find(const struct mirrors *m, const char *tenant)
{
	return find(m, tenant);
}

static int open_one(struct mirrors *m, const struct tenant_config *t, struct kept_mirror *k)
{
	int r = mirror_open(t, &k->mirror, &k->damaged);

	if (r < 0)
		return r;
	tenant_digest(t, k->digest);
	k->serial = ++m->last_serial;
	return 0;
}

int mirrors_get(struct mirrors *m, const struct tenant_config *t, const struct kept_mirror **ret)
{
	struct kept_mirror *k = find(m, t->name), *grown;
	int r;

	*ret = k;
	if (k)
		return 0;
	grown = reallocarray(m->items, m->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	m->items = grown;
	k = &m->items[m->count];
	*k = (struct kept_mirror){.tenant = strdup(t->name)};
	if (!k->tenant)
		return -ENOMEM;
	r = open_one(m, t, k);
	if (r < 0) {
		free(k->tenant);
		return r;
	}
	m->count++;
	*ret = k;
	return 0;
}

int mirrors_refresh(struct mirrors *m, const struct tenant_config *t)
{
	struct kept_mirror *k = find(m, t->name);
	uint8_t digest[TENANT_DIGEST_LEN];
	int r;

	if (!k)
		return -ENOENT;
	tenant_digest(t, digest);
	if (memcmp(digest, k->digest, sizeof(digest)) == 0)
		return 0;
	mirror_close(k->mirror);
	k->mirror = NULL;
	r = open_one(m, t, k);
	if (r < 0)
		mirrors_drop(m, (size_t)(k - m->items));
	return r;
}

void mirrors_drop(struct mirrors *m, size_t i)
{
	mirror_close(m->items[i].mirror);
	free(m->items[i].tenant);
	m->items[i] = m->items[--m->count];
}

void mirrors_done(struct mirrors *m)
{
	while (m->count > 0)
		mirrors_drop(m, m->count - 1);
	free(m->items);
	*m = (struct mirrors){0};
}
