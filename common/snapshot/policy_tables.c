/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The hash tables of a policy file, and the logins that this host maps to principals. */

#include "common/snapshot/policy_compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *string_of(const struct compiler *c, uint32_t reference)
{
	return c->sections[POLICY_STRINGS].data + reference;
}

static struct policy_principal_record *principals(struct compiler *c)
{
	return (void *)c->sections[POLICY_PRINCIPALS].data;
}

/* The key of a principal in a table; false: it has none. */
static bool key_of(const struct compiler *c, const struct policy_principal_record *record, enum policy_section_id table,
		   uint32_t *ret_hash)
{
	if (table == POLICY_BY_ID) {
		*ret_hash = policy_hash(c->header.seed, record->id, sizeof(record->id));
		return true;
	}
	if (table == POLICY_BY_UID) {
		*ret_hash = policy_hash(c->header.seed, &record->uid, sizeof(record->uid));
		return record->uid != NO_ID;
	}
	const char *name = string_of(c, record->name);
	*ret_hash = policy_hash(c->header.seed, name, strlen(name));
	return record->name != 0;
}

static int compile_table(struct compiler *c, enum policy_section_id table)
{
	uint32_t count = compile_count(c, POLICY_PRINCIPALS), slots = 4, hash;
	if (count > UINT32_MAX / 4)
		return -EFBIG;
	while (slots < 2 * count)
		slots *= 2;
	uint32_t *slot = calloc(slots, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		if (!key_of(c, &principals(c)[i], table, &hash))
			continue;
		while (slot[hash & (slots - 1)] != 0)
			hash++;
		slot[hash & (slots - 1)] = i + 1;
	}
	buffer_append(&c->sections[table], slot, (size_t)slots * sizeof(*slot));
	free(slot);
	return buffer_error(&c->sections[table]);
}

static struct policy_principal_record *find_by_id(struct compiler *c, const struct uuid *id)
{
	const uint32_t *slot = (const void *)c->sections[POLICY_BY_ID].data;
	uint32_t slots = compile_count(c, POLICY_BY_ID), hash = policy_hash(c->header.seed, id->bytes, sizeof(id->bytes));
	for (; slot[hash & (slots - 1)] != 0; hash++) {
		struct policy_principal_record *record = &principals(c)[slot[hash & (slots - 1)] - 1];
		if (memcmp(record->id, id->bytes, sizeof(record->id)) == 0)
			return record;
	}
	return NULL;
}

static bool is_of_this_tenant(const struct compiler *c, const struct index_binding *b)
{
	return b->tenant < c->host->tenant_count && strcmp(c->host->tenants[b->tenant], c->tenant->name) == 0;
}

/* A mapped principal has the account of /etc/passwd and no login of its own; a broken mapping leaves it with neither. */
static void map_logins(struct compiler *c)
{
	for (size_t i = 0; i < c->binding_count; i++) {
		const struct index_binding *b = &c->bindings[i];
		struct policy_principal_record *record =
			is_of_this_tenant(c, b) ? find_by_id(c, &b->principal) : NULL;
		if (!record)
			continue;
		bool broken = b->broken || b->uid == NO_ID;
		record->login = broken ? 0 : compile_string(c, b->login);
		record->uid = broken ? NO_ID : b->uid;
	}
}

int compile_tables(struct compiler *c)
{
	int r = compile_table(c, POLICY_BY_ID);
	if (r < 0)
		return r;
	map_logins(c);
	r = buffer_error(&c->sections[POLICY_STRINGS]);
	if (r == 0)
		r = compile_table(c, POLICY_BY_UID);
	if (r == 0)
		r = compile_table(c, POLICY_BY_NAME);
	return r;
}
