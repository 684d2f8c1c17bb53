/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opens a policy file and finds principals in it.
 *
 * MUST: nothing is read before its place in the mapping is checked. Header and sections are checked here, once;
 * records, lists and strings where they are touched. A principal that is found is not checked yet: whoever asked for it
 * reads it by policy_principal, or its lists, and these compare their words.
 */

#include "common/snapshot/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/delta.h"
#include "common/snapshot/policy_file.h"

uint32_t policy_count(const struct policy *p, enum policy_section_id section)
{
	return p->header->sections[section].count;
}

const void *policy_record(const struct policy *p, enum policy_section_id section, uint32_t i)
{
	const struct snapshot_span *s = &p->header->sections[section];
	if (i >= s->count)
		return NULL;
	return p->map.data + s->offset + i * policy_record_size(section);
}

int policy_sound_record(const struct policy *p, enum policy_section_id section, uint32_t i, const void **ret)
{
	const char *record = policy_record(p, section, i);
	uint32_t check, written;
	if (!record)
		return -ENOENT;
	memcpy(&written, record + policy_record_size(section) - sizeof(written), sizeof(written));
	if (policy_check_record(&p->texts, section, i, record, &check) < 0 || check != written)
		return -EBADMSG;
	*ret = record;
	return 0;
}

int policy_list_record(const struct policy *p, enum policy_section_id section, struct policy_list list, uint32_t i,
		       const void **ret)
{
	if (i >= list.count)
		return -ENOENT;
	uint32_t position;
	if (__builtin_add_overflow(list.first, i, &position))
		return -EBADMSG;
	int r = policy_sound_record(p, section, position, ret);
	return r == -ENOENT ? -EBADMSG : r;
}

int policy_string(const struct policy *p, uint32_t reference, const char **ret)
{
	if (reference == 0) {
		*ret = NULL;
		return 0;
	}
	const char *text = policy_record(p, POLICY_STRINGS, reference);
	if (!text)
		return -EBADMSG;
	*ret = text; /* ends at the section's last NUL at the latest */
	return 0;
}

static bool section_is_sound(const struct snapshot *map, const struct policy_header *header, enum policy_section_id id)
{
	const struct snapshot_span *s = &header->sections[id];
	uint64_t size = (uint64_t)s->count * policy_record_size(id);
	if (s->offset < sizeof(struct policy_header) || s->offset % 8 != 0)
		return false;
	return s->offset <= map->len && size <= map->len - s->offset;
}

int policy_check_sections(const struct snapshot *map, const struct policy_header *header)
{
	for (unsigned id = 0; id < POLICY_SECTION_COUNT; id++) {
		if (!section_is_sound(map, header, id))
			return -EBADMSG;
	}
	for (unsigned id = POLICY_BY_ID; id <= POLICY_BY_NAME; id++) {
		uint32_t slots = header->sections[id].count;
		if (slots == 0 || (slots & (slots - 1)) != 0)
			return -EBADMSG;
	}
	const struct snapshot_span *strings = &header->sections[POLICY_STRINGS];
	if (strings->count == 0)
		return -EBADMSG;
	return map->data[strings->offset + strings->count - 1] == '\0' ? 0 : -EBADMSG;
}

static int check_header(struct policy *p)
{
	uint32_t check;
	p->header = snapshot_header(&p->map, sizeof(*p->header));
	if (!p->header || policy_check_sections(&p->map, p->header) < 0)
		return -EBADMSG;
	p->texts = (struct policy_texts){.seed = p->header->seed,
					 .strings = policy_record(p, POLICY_STRINGS, 0),
					 .len = policy_count(p, POLICY_STRINGS)};
	if (policy_check_header(&p->texts, p->header, &check) < 0)
		return -EBADMSG;
	return check == p->header->check ? 0 : -EBADMSG;
}

/* Takes the map over, also when it fails. */
static int policy_of_map(struct snapshot *map, struct policy **ret)
{
	struct policy *p = malloc(sizeof(*p));
	if (!p) {
		snapshot_unmap(map);
		return -ENOMEM;
	}
	*p = (struct policy){.map = *map};
	if (check_header(p) < 0) {
		policy_close(p);
		return -EBADMSG;
	}
	*ret = p;
	return 0;
}

int policy_open_path(const char *path, struct policy **ret)
{
	struct snapshot map;
	int r = snapshot_map(NULL, path, SNAPSHOT_POLICY, POLICY_VERSION, &map);
	if (r < 0)
		return r;
	return policy_of_map(&map, ret);
}

int policy_open_memory(const void *data, size_t len, struct policy **ret)
{
	struct snapshot map = {.data = data, .len = len, .borrowed = true};
	int r = snapshot_check(&map, SNAPSHOT_POLICY, POLICY_VERSION);
	if (r < 0)
		return r;
	return policy_of_map(&map, ret);
}

/*
 * Who is not found in a delta is taken from the base, which may say more: so whoever stands in it must be found there. It
 * is small, and looked through once.
 */
static int check_assignments(const struct policy *base, struct policy *delta)
{
	uint32_t before = 0;
	for (uint32_t i = 0; i < policy_count(delta, POLICY_ASSIGNMENTS); i++) {
		const void *found;
		if (policy_sound_record(delta, POLICY_ASSIGNMENTS, i, &found) < 0)
			return -EBADMSG;
		const uint32_t replaces = ((const struct policy_assignment_record *)found)->replaces;
		if (replaces > policy_count(base, POLICY_ASSIGNMENTS) || (replaces != 0 && replaces <= before) ||
		    (replaces != 0 && delta->replacing != i))
			return -EBADMSG;
		before = replaces;
		delta->replacing += replaces != 0;
	}
	return 0;
}

static int check_delta(const struct policy *base, struct policy *delta)
{
	for (uint32_t i = 0; i < policy_count(delta, POLICY_PRINCIPALS); i++) {
		const void *record;
		struct uuid id;
		uint32_t found;
		int r = policy_sound_record(delta, POLICY_PRINCIPALS, i, &record);
		if (r < 0)
			return -EBADMSG;
		const struct policy_principal_record *principal = record;
		memcpy(id.bytes, principal->id, sizeof(id.bytes));
		if (policy_principal_by_id(delta, &id, &found) < 0 || found != i)
			return -EBADMSG;
		r = policy_principal_by_id(base, &id, &found);
		if (r == -ENOENT && delta->added == i && !(principal->flags & POLICY_PRINCIPAL_GONE))
			delta->added++;
		else if (r < 0)
			return -EBADMSG;
	}
	return check_assignments(base, delta);
}

/* Takes the delta over, if it answers 0. */
static int join(struct policy *base, struct policy *delta)
{
	int r = check_delta(base, delta);
	if (r == 0)
		base->delta = delta;
	return r;
}

int policy_open(const char *tenant, struct policy **ret)
{
	struct policy *p, *delta = NULL;
	struct snapshot_pair pair;
	int r = snapshot_map_pair(NULL, tenant, "policy", SNAPSHOT_POLICY, POLICY_VERSION, &pair);
	if (r < 0)
		return r;
	r = policy_of_map(&pair.base, &p);
	if (r < 0) {
		snapshot_unmap(&pair.delta);
		return r;
	}
	if (pair.delta.data) {
		r = policy_of_map(&pair.delta, &delta);
		if (r == 0)
			r = join(p, delta);
	}
	if (r < 0) {
		if (p->delta != delta)
			policy_close(delta);
		policy_close(p);
		return r;
	}
	*ret = p;
	return 0;
}

int policy_open_delta(const struct policy *base, const char *path, struct policy **ret)
{
	struct snapshot map = base->map;
	struct policy *p = NULL, *delta;
	int r = policy_open_path(path, &delta);
	if (r < 0)
		return r;
	r = snapshot_check_delta(&delta->map, SNAPSHOT_POLICY, POLICY_VERSION, &base->map);
	map.borrowed = true;
	map.copied = false;
	if (r == 0)
		r = policy_of_map(&map, &p);
	if (r == 0)
		r = join(p, delta);
	if (r < 0) {
		policy_close(p);
		policy_close(delta);
		return r;
	}
	*ret = p;
	return 0;
}

void policy_close(struct policy *p)
{
	if (!p)
		return;
	policy_close(p->delta);
	snapshot_unmap(&p->map);
	free(p);
}

void policy_closep(struct policy **p)
{
	policy_close(*p);
	*p = NULL;
}

uint64_t policy_base_id(const struct policy *p)
{
	return snapshot_base_id(&p->map);
}

uint64_t policy_generation(const struct policy *p)
{
	return p->header->common.generation;
}

/* What a principal is looked for by. */
struct wanted {
	enum policy_section_id table;
	const struct uuid *id;
	const char *name;
	uid_t uid;
};

/* 1: it is the one; 0: another; -EBADMSG. */
static int is_wanted(const struct policy *p, const struct policy_principal_record *record, const struct wanted *wanted)
{
	if (wanted->table == POLICY_BY_ID)
		return memcmp(record->id, wanted->id->bytes, sizeof(record->id)) == 0;
	if (record->flags & POLICY_PRINCIPAL_GONE)
		return 0;
	if (wanted->table == POLICY_BY_UID)
		return record->uid == wanted->uid;
	const char *name;
	int r = policy_string(p, record->name, &name);
	if (r < 0 || !name)
		return -EBADMSG;
	return strcmp(name, wanted->name) == 0;
}

static int find_principal(const struct policy *p, uint32_t hash, const struct wanted *wanted, uint32_t *ret)
{
	uint32_t slots = policy_count(p, wanted->table);
	for (uint32_t step = 0; step < slots; step++) {
		const uint32_t *slot = policy_record(p, wanted->table, (hash + step) & (slots - 1));
		if (*slot == 0)
			return -ENOENT;
		const struct policy_principal_record *record = policy_record(p, POLICY_PRINCIPALS, *slot - 1);
		if (!record)
			return -EBADMSG;
		int r = is_wanted(p, record, wanted);
		if (r < 0)
			return r;
		if (r > 0) {
			*ret = *slot - 1;
			return 0;
		}
	}
	return -EBADMSG; /* the writer leaves room */
}

static uint32_t hash_of(const struct policy *p, const struct wanted *wanted)
{
	if (wanted->table == POLICY_BY_ID)
		return policy_hash(p->header->seed, wanted->id->bytes, sizeof(wanted->id->bytes));
	if (wanted->table == POLICY_BY_UID)
		return policy_hash(p->header->seed, &wanted->uid, sizeof(wanted->uid));
	return policy_hash(p->header->seed, wanted->name, strlen(wanted->name));
}

/* In this file alone. */
static int find_own(const struct policy *p, const struct wanted *wanted, uint32_t *ret)
{
	return find_principal(p, hash_of(p, wanted), wanted, ret);
}

static int find_by_own_id(const struct policy *p, const uint8_t id[16], uint32_t *ret)
{
	struct uuid wanted_id;
	memcpy(wanted_id.bytes, id, sizeof(wanted_id.bytes));
	return find_own(p, &(struct wanted){.table = POLICY_BY_ID, .id = &wanted_id}, ret);
}

/* Who stands in the delta, at that position: where he is among all. One that is gone is nobody. */
static int place_of(const struct policy *p, uint32_t position, uint32_t *ret)
{
	const struct policy_principal_record *record = policy_record(p->delta, POLICY_PRINCIPALS, position);
	if (!record)
		return -EBADMSG;
	if (record->flags & POLICY_PRINCIPAL_GONE)
		return -ENOENT;
	if (position < p->delta->added) {
		*ret = policy_count(p, POLICY_PRINCIPALS) + position;
		return 0;
	}
	return find_by_own_id(p, record->id, ret) < 0 ? -EBADMSG : 0;
}

/* The delta first: whoever stands in it is found by what it says, and by nothing that the base says. */
static int find(const struct policy *p, const struct wanted *wanted, uint32_t *ret)
{
	const struct policy_principal_record *record;
	uint32_t position;
	int r = p->delta ? find_own(p->delta, wanted, &position) : -ENOENT;
	if (r == 0)
		return place_of(p, position, ret);
	if (r == -ENOENT)
		r = find_own(p, wanted, &position);
	if (r < 0)
		return r;
	if (p->delta && wanted->table != POLICY_BY_ID) {
		record = policy_record(p, POLICY_PRINCIPALS, position);
		r = record ? find_by_own_id(p->delta, record->id, ret) : -EBADMSG;
		if (r != -ENOENT)
			return r < 0 ? r : -ENOENT;
	}
	*ret = position;
	return 0;
}

int policy_principal_by_id(const struct policy *p, const struct uuid *id, uint32_t *ret)
{
	const struct wanted wanted = {.table = POLICY_BY_ID, .id = id};
	return find(p, &wanted, ret);
}

int policy_principal_by_uid(const struct policy *p, uid_t uid, uint32_t *ret)
{
	if (uid == NO_ID)
		return -ENOENT;
	const struct wanted wanted = {.table = POLICY_BY_UID, .uid = uid};
	return find(p, &wanted, ret);
}

int policy_principal_by_name(const struct policy *p, const char *name, uint32_t *ret)
{
	const struct wanted wanted = {.table = POLICY_BY_NAME, .name = name};
	return find(p, &wanted, ret);
}

int policy_current_principal(const struct policy *p, uint32_t i, const struct policy **ret_in,
			     const struct policy_principal_record **ret)
{
	const uint32_t count = policy_count(p, POLICY_PRINCIPALS);
	const void *found;
	if (p->delta && i >= count && i - count < p->delta->added) {
		*ret_in = p->delta;
		int r = policy_sound_record(p->delta, POLICY_PRINCIPALS, i - count, &found);
		*ret = r == 0 ? found : NULL;
		return r;
	}
	int r = policy_sound_record(p, POLICY_PRINCIPALS, i, &found);
	if (r < 0)
		return r;
	const struct policy *in = p;
	const struct policy_principal_record *record = found;
	if (p->delta) {
		struct uuid id;
		uint32_t position;
		memcpy(id.bytes, record->id, sizeof(id.bytes));
		r = policy_principal_by_id(p->delta, &id, &position);
		if (r == 0)
			r = policy_sound_record(p->delta, POLICY_PRINCIPALS, position, &found);
		else if (r == -ENOENT)
			r = 0;
		if (r < 0)
			return -EBADMSG;
		in = found == record ? p : p->delta;
		record = found;
		if (record->flags & POLICY_PRINCIPAL_GONE)
			return -ENOENT;
	}
	*ret_in = in;
	*ret = record;
	return 0;
}
