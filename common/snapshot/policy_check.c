/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/policy_check.h"

#include <errno.h>
#include <stddef.h>

#define TEXTS_MAX 2

/* Where the records of a section name the texts that decide. */
static const struct {
	uint8_t count, at[TEXTS_MAX];
} named[POLICY_SECTION_COUNT] = {
	[POLICY_RIGHTS] = {1, {offsetof(struct policy_right_record, argument)}},
	[POLICY_ROLES] = {1, {offsetof(struct policy_role_record, name)}},
	[POLICY_UNITS] = {1, {offsetof(struct policy_unit_record, name)}},
	[POLICY_ASSIGNMENTS] = {1, {offsetof(struct policy_assignment_record, scope)}},
	[POLICY_CEILING_BECOME] = {1, {offsetof(struct policy_item, value)}},
	[POLICY_CEILING_GROUPS] = {1, {offsetof(struct policy_item, value)}},
	[POLICY_PRINCIPALS] = {2,
			       {offsetof(struct policy_principal_record, name),
				offsetof(struct policy_principal_record, login)}},
};

static uint64_t hash(const struct policy_texts *t, uint64_t before, const void *data, size_t len)
{
	const uint64_t seed[2] = {t->seed[0] ^ before, t->seed[1]};
	return table_hash(seed, data, len);
}

static int add_text(const struct policy_texts *t, uint32_t reference, uint64_t *sum)
{
	if (reference == 0)
		return 0; /* no text, which the record itself says */
	if (reference >= t->len)
		return -EBADMSG;
	const char *text = t->strings + reference;
	*sum = hash(t, *sum, text, strnlen(text, t->len - reference));
	return 0;
}

int policy_check_record(const struct policy_texts *t, enum policy_section_id section, uint32_t position,
			const void *record, uint32_t *ret)
{
	const size_t len = policy_record_size(section) - sizeof(uint32_t);
	uint64_t sum = hash(t, (uint64_t)(section + 1) << 32 | position, record, len);
	for (unsigned i = 0; i < named[section].count; i++) {
		uint32_t reference;
		memcpy(&reference, (const char *)record + named[section].at[i], sizeof(reference));
		if (add_text(t, reference, &sum) < 0)
			return -EBADMSG;
	}
	*ret = (uint32_t)sum;
	return 0;
}

int policy_check_header(const struct policy_texts *t, const struct policy_header *header, uint32_t *ret)
{
	const uint32_t texts[] = {header->tenant_name, header->tenant_domain, header->host.name,       header->host.path,
				  header->host.scope,  header->host.place,    header->host.environment};
	const size_t behind = offsetof(struct policy_header, host);
	uint64_t sum = hash(t, 0, header, offsetof(struct policy_header, check));
	sum = hash(t, sum, (const char *)header + behind, sizeof(*header) - behind);
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		if (add_text(t, texts[i], &sum) < 0)
			return -EBADMSG;
	}
	*ret = (uint32_t)sum;
	return 0;
}
