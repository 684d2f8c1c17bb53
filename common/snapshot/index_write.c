/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/settings.h"
#include "common/snapshot/image.h"
#include "common/snapshot/index.h"
#include "common/snapshot/index_format.h"

struct build {
	const struct host_config *host;
	const struct tenant_config *tenants;
	size_t tenant_count;
	const struct index_binding *bindings;
	size_t binding_count;
	struct index_header header;
	struct image image;
	struct pool pool;
};

static const struct pool *sorted_pool; /* for the comparisons; the broker writes with one thread */

static const char *text_at(uint32_t offset)
{
	return (const char *)sorted_pool->text.data + offset;
}

static int compare_domains(const void *a, const void *b)
{
	const struct index_domain_record *x = a, *y = b;

	return strcmp(text_at(x->name), text_at(y->name));
}

static int compare_locals(const void *a, const void *b)
{
	const struct index_local_record *x = a, *y = b;

	return strcmp(text_at(x->login), text_at(y->login));
}

static int compare_services(const void *a, const void *b)
{
	const struct index_service_record *x = a, *y = b;

	return strcmp(text_at(x->name), text_at(y->name));
}

/* Sorts (if there is an order), appends and frees the list. */
static int section(struct build *b, void *list, size_t count, size_t size, int (*order)(const void *, const void *),
		   struct snapshot_span *ret)
{
	int r = b->pool.text.error;

	if (r == 0 && order && count > 1) {
		sorted_pool = &b->pool;
		qsort(list, count, size, order);
		sorted_pool = NULL;
	}
	ret->offset = image_append(&b->image, list, count * size, 8);
	ret->count = (uint32_t)count;
	free(list);
	return r < 0 ? r : b->image.error;
}

static bool is_trusted(const struct build *b, size_t tenant)
{
	for (size_t i = 0; i < b->tenant_count; i++)
		if (tenant_trusts(&b->tenants[i], &b->tenants[tenant]))
			return true;
	return false;
}

static int tenants_append(struct build *b)
{
	struct index_tenant_record *list = calloc(b->tenant_count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < b->tenant_count; i++) {
		const struct tenant_config *t = &b->tenants[i];

		memcpy(list[i].id, t->id.bytes, sizeof(list[i].id));
		list[i].name = pool_add(&b->pool, t->name);
		list[i].domain = pool_add(&b->pool, t->domain_count > 0 ? t->domains[0] : NULL);
		list[i].first_id = t->id_range.first;
		list[i].last_id = t->id_range.last;
		list[i].first_role_gid = t->role_gids.first;
		list[i].last_role_gid = t->role_gids.last;
		list[i].visibility = (uint32_t)t->visibility;
		list[i].flags = (t->home ? INDEX_TENANT_HOME : 0) | (t->directory_passwords ? INDEX_TENANT_LDAP : 0) |
				(is_trusted(b, i) ? INDEX_TENANT_TRUSTED : 0);
	}
	return section(b, list, b->tenant_count, sizeof(*list), NULL, &b->header.tenants);
}

/* Trusts of tenants that are not bound are none. *ret: the list, to be freed; NULL: no memory. */
static struct index_trust_record *trusts_find(const struct build *b, size_t *ret_count)
{
	struct index_trust_record *list = calloc(b->tenant_count * b->tenant_count + 1, sizeof(*list));

	*ret_count = 0;
	for (size_t i = 0; list && i < b->tenant_count; i++)
		for (size_t k = 0; k < b->tenant_count; k++)
			if (tenant_trusts(&b->tenants[i], &b->tenants[k]))
				list[(*ret_count)++] = (struct index_trust_record){(uint32_t)i, (uint32_t)k};
	return list;
}

static int trusts_append(struct build *b)
{
	size_t count;
	struct index_trust_record *list = trusts_find(b, &count);

	return list ? section(b, list, count, sizeof(*list), NULL, &b->header.trusts) : -ENOMEM;
}

static int domains_append(struct build *b)
{
	struct index_domain_record *list;
	size_t count = 0;

	for (size_t i = 0; i < b->tenant_count; i++)
		count += b->tenants[i].domain_count;
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	count = 0;
	for (size_t i = 0; i < b->tenant_count; i++)
		for (size_t k = 0; k < b->tenants[i].domain_count; k++)
			list[count++] = (struct index_domain_record){
			    .name = pool_add(&b->pool, b->tenants[i].domains[k]), .tenant = (uint32_t)i};
	return section(b, list, count, sizeof(*list), compare_domains, &b->header.domains);
}

static int locals_append(struct build *b)
{
	struct index_local_record *list = calloc(b->binding_count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < b->binding_count; i++) {
		const struct index_binding *from = &b->bindings[i];

		memcpy(list[i].principal, from->principal.bytes, sizeof(list[i].principal));
		list[i].login = pool_add(&b->pool, from->login);
		list[i].uid = from->uid;
		list[i].tenant = (uint32_t)from->tenant;
		list[i].flags = (from->governs_login ? INDEX_LOCAL_GOVERNS_LOGIN : 0) |
				(from->broken || from->uid == NO_ID ? INDEX_LOCAL_BROKEN : 0);
	}
	return section(b, list, b->binding_count, sizeof(*list), compare_locals, &b->header.locals);
}

static int services_append(struct build *b)
{
	const struct host_config *h = b->host;
	size_t count = 0;
	struct index_service_record *list =
	    calloc(h->gate_service_count + h->login_service_count + h->batch_service_count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < h->gate_service_count; i++)
		list[count++] = (struct index_service_record){.name = pool_add(&b->pool, h->gate_services[i].name),
							      .service_class = SERVICE_GATE,
							      .mode = (uint32_t)h->gate_services[i].mode};
	for (size_t i = 0; i < h->login_service_count; i++)
		list[count++] = (struct index_service_record){.name = pool_add(&b->pool, h->login_services[i]),
							      .service_class = SERVICE_LOGIN};
	for (size_t i = 0; i < h->batch_service_count; i++)
		list[count++] = (struct index_service_record){.name = pool_add(&b->pool, h->batch_services[i]),
							      .service_class = SERVICE_BATCH};
	return section(b, list, count, sizeof(*list), compare_services, &b->header.services);
}

static int break_glass_append(struct build *b)
{
	uint32_t *list = calloc(b->host->break_glass_user_count + 1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < b->host->break_glass_user_count; i++)
		list[i] = pool_add(&b->pool, b->host->break_glass_users[i]);
	return section(b, list, b->host->break_glass_user_count, sizeof(*list), NULL, &b->header.break_glass);
}

static int build(struct build *b, uint64_t generation)
{
	int r;

	image_header(&b->image, SNAPSHOT_INDEX, INDEX_VERSION, sizeof(b->header), generation, NULL, NULL);
	r = tenants_append(b);
	if (r == 0)
		r = domains_append(b);
	if (r == 0)
		r = trusts_append(b);
	if (r == 0)
		r = locals_append(b);
	if (r == 0)
		r = services_append(b);
	if (r == 0)
		r = break_glass_append(b);
	if (r < 0)
		return r;
	b->header.strings = pool_append(&b->pool, &b->image);
	if (b->image.error)
		return b->image.error;
	memcpy(&b->header.common, b->image.data, sizeof(b->header.common));
	memcpy(b->image.data, &b->header, sizeof(b->header));
	snapshot_seal(b->image.data, b->image.len, offsetof(struct index_header, checksum));
	return 0;
}

int index_write(const char *path, uint64_t generation, const struct uuid *host_id, const struct host_config *host,
		const struct tenant_config *tenants, size_t tenant_count, const struct index_binding *bindings,
		size_t binding_count)
{
	struct build b = {.host = host,
			  .tenants = tenants,
			  .tenant_count = tenant_count,
			  .bindings = bindings,
			  .binding_count = binding_count};
	int r;

	memcpy(b.header.host_id, host_id->bytes, sizeof(b.header.host_id));
	r = build(&b, generation);
	if (r == 0)
		r = image_write(&b.image, path, 0644);
	image_done(&b.image);
	pool_done(&b.pool);
	return r;
}
