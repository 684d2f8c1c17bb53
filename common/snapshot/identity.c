/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MUST: every offset and length is held against the mapping before it is followed; every id against what a directory
 * may give. Runs in other people's processes: no allocation but in identity_open.
 */
#include "common/snapshot/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/delta.h"
#include "common/snapshot/identity_file.h"

static int sections_open(struct identity *id)
{
	const struct identity_header *h = snapshot_header(&id->map, sizeof(*h));
	int r;

	if (!h)
		return -EBADMSG;
	id->header = h;
	id->gids = snapshot_section(&id->map, h->gids, sizeof(*id->gids), 4);
	id->principals = snapshot_section(&id->map, h->principals, sizeof(*id->principals), 4);
	id->home_prefix = snapshot_section(&id->map, h->home_prefix, 1, 1);
	if (!id->gids || !id->principals || !id->home_prefix || !snapshot_section(&id->map, h->users, 1, IDENTITY_RECORD_ALIGN) ||
	    !snapshot_section(&id->map, h->groups, 1, IDENTITY_RECORD_ALIGN))
		return -EBADMSG;
	r = table_open(&id->map, h->users_by_name, &id->users_by_name);
	if (r == 0)
		r = table_open(&id->map, h->users_by_uid, &id->users_by_uid);
	if (r == 0)
		r = table_open(&id->map, h->groups_by_name, &id->groups_by_name);
	if (r == 0)
		r = table_open(&id->map, h->groups_by_gid, &id->groups_by_gid);
	return r;
}

int identity_from(const struct snapshot *s, struct identity **ret)
{
	struct identity *id;
	int r = snapshot_check(s, SNAPSHOT_IDENTITY, IDENTITY_VERSION);

	if (r < 0)
		return r;
	id = calloc(1, sizeof(*id));
	if (!id)
		return -ENOMEM;
	id->map = *s;
	r = sections_open(id);
	if (r < 0) {
		free(id);
		return r;
	}
	*ret = id;
	return 0;
}

int identity_from_pair(const struct snapshot *base, const struct snapshot *delta, struct identity **ret)
{
	struct identity *id, *other;
	int r = identity_from(base, &id);

	if (r < 0)
		return r;
	r = snapshot_check_delta(delta, SNAPSHOT_IDENTITY, IDENTITY_VERSION, base);
	if (r == 0)
		r = identity_from(delta, &other);
	if (r < 0) {
		free(id);
		return r;
	}
	id->delta = other;
	*ret = id;
	return 0;
}

int identity_open_near(struct safe_walk *walk, const char *tenant, struct identity **ret)
{
	struct snapshot_pair p;
	int r = snapshot_map_pair(walk, tenant, "identity", SNAPSHOT_IDENTITY, IDENTITY_VERSION, &p);

	if (r < 0)
		return r;
	r = p.delta.data ? identity_from_pair(&p.base, &p.delta, ret) : identity_from(&p.base, ret);
	if (r < 0)
		snapshot_unmap_pair(&p);
	return r;
}

int identity_open(const char *tenant, struct identity **ret)
{
	return identity_open_near(NULL, tenant, ret);
}

bool identity_is_current(const struct identity *id, const char *tenant)
{
	const struct snapshot_pair p = {.base = id->map, .delta = id->delta ? id->delta->map : (struct snapshot){.data = NULL}};

	return snapshot_pair_is_current(&p, tenant, "identity");
}

uint64_t identity_base_id(const struct identity *id)
{
	return snapshot_base_id(&id->map);
}

size_t identity_user_count(const struct identity *id)
{
	return id->header->user_count;
}

void identity_home(const struct identity *id, struct identity_user *u)
{
	u->home_prefix = id->home_prefix;
	u->home_prefix_len = id->header->home_prefix.count;
	u->short_len = u->name_len - id->header->domain_len;
}

void identity_close(struct identity *id)
{
	if (!id)
		return;
	identity_close(id->delta);
	snapshot_unmap(&id->map);
	free(id);
}

void identity_closep(struct identity **id)
{
	identity_close(*id);
	*id = NULL;
}

const void *identity_record_at(const struct identity *id, struct snapshot_span section, uint32_t offset, size_t size)
{
	uint32_t inside = offset - section.offset;

	if (offset < section.offset || offset % IDENTITY_RECORD_ALIGN != 0 || inside > section.count ||
	    size > section.count - inside)
		return NULL;
	return id->map.data + offset;
}

static int gids_at(const struct identity *id, uint32_t word, const uint32_t **ret_gids, size_t *ret_count)
{
	uint32_t count = id->header->gids.count;

	if (word >= count || id->gids[word] > count - word - 1)
		return -EBADMSG;
	*ret_gids = id->gids + word + 1;
	*ret_count = id->gids[word];
	return 0;
}

/* Most records end in the next cache line: it comes with the first. Whatever the offset, this is but a hint. */
static inline void record_prefetch(const struct identity *id, uint32_t offset)
{
	__builtin_prefetch(id->map.data + offset);
	__builtin_prefetch(id->map.data + offset + 64);
}

const struct identity_user_record *identity_user_record(const struct identity *id, uint32_t offset, size_t *ret_size)
{
	const struct identity_user_record *u = identity_record_at(id, id->header->users, offset, sizeof(*u));
	const char *strings = (const char *)(u + 1);
	size_t size;
	uint32_t len;

	*ret_size = 0;
	if (!u)
		return NULL;
	len = u->strings_len;
	size = sizeof(*u) + (len + 3u) / 4 * 4 + u->gid_count * sizeof(uint32_t);
	if (!identity_record_at(id, id->header->users, offset, size))
		return NULL;
	*ret_size = size;
	if (u->gecos < 3 || u->shell <= u->gecos || len <= u->shell || (u->home != 0 && (u->home <= u->shell || len <= u->home)))
		return NULL;
	if (strings[u->gecos - 3] != '\0' || strings[u->gecos - 2] != '*' || strings[u->gecos - 1] != '\0' ||
	    strings[u->shell - 1] != '\0' || strings[len - 1] != '\0' || (u->home != 0 && strings[u->home - 1] != '\0'))
		return NULL;
	return u;
}

static int user_at(const struct identity *id, uint32_t offset, struct identity_user *ret, size_t *ret_size)
{
	const struct identity_user_record *u = identity_user_record(id, offset, ret_size);
	const char *strings = (const char *)(u + 1);

	if (!u || !id_may_be_given(u->uid) || !id_may_be_given(u->gid) || u->gecos - 3u < id->header->domain_len)
		return -EBADMSG;
	ret->name = ret->strings = strings;
	ret->gecos = strings + u->gecos;
	ret->shell = strings + u->shell;
	ret->home = u->home != 0 ? strings + u->home : NULL;
	ret->strings_len = u->strings_len;
	ret->name_len = u->gecos - 3u;
	ret->home_prefix = id->home_prefix;
	ret->home_prefix_len = id->header->home_prefix.count;
	ret->short_len = ret->name_len - id->header->domain_len;
	ret->uid = u->uid;
	ret->gid = u->gid;
	ret->gid_count = u->gid_count;
	ret->gids = (const uint32_t *)(const void *)(strings + (u->strings_len + 3u) / 4 * 4);
	memcpy(ret->principal.bytes, u->principal, sizeof(u->principal));
	return 0;
}

bool identity_is_replaced(const struct identity *id, uint32_t offset)
{
	uint32_t low = 0, high = id->delta ? id->delta->header->gids.count : 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (id->delta->gids[middle] == offset)
			return true;
		if (id->delta->gids[middle] < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static inline int user_find_name(const struct identity *id, const char *name, struct identity_user *ret)
{
	size_t len = strlen(name);
	struct table_walk walk = table_walk(&id->users_by_name, table_hash(id->header->seed, name, len));
	uint32_t offset;
	size_t size;

	while ((offset = table_next(&id->users_by_name, &walk)) != 0) {
		int r;

		record_prefetch(id, offset);
		r = user_at(id, offset, ret, &size);
		if (r < 0)
			return r;
		if (ret->name_len == len && memcmp(ret->name, name, len) == 0 && !identity_is_replaced(id, offset))
			return 0;
	}
	return -ENOENT;
}

static inline int user_find_uid(const struct identity *id, uid_t uid, struct identity_user *ret)
{
	struct table_walk walk = table_walk(&id->users_by_uid, table_hash_id(id->header->seed, uid));
	uint32_t offset;
	size_t size;

	while ((offset = table_next(&id->users_by_uid, &walk)) != 0) {
		int r;

		record_prefetch(id, offset);
		r = user_at(id, offset, ret, &size);
		if (r < 0)
			return r;
		if (ret->uid == uid && !identity_is_replaced(id, offset))
			return 0;
	}
	return -ENOENT;
}

int identity_user_by_name(const struct identity *id, const char *name, struct identity_user *ret)
{
	int r = id->delta ? user_find_name(id->delta, name, ret) : -ENOENT;

	return r == -ENOENT ? user_find_name(id, name, ret) : r;
}

int identity_user_by_uid(const struct identity *id, uid_t uid, struct identity_user *ret)
{
	int r = id->delta ? user_find_uid(id->delta, uid, ret) : -ENOENT;

	return r == -ENOENT ? user_find_uid(id, uid, ret) : r;
}

int identity_user_by_offset(const struct identity *id, uint32_t offset, struct identity_user *ret)
{
	size_t size;

	return user_at(id, offset, ret, &size);
}

uint32_t identity_user_offset(const struct identity *id, const struct identity_user *u)
{
	const size_t at = (size_t)((const uint8_t *)u->strings - id->map.data) - sizeof(struct identity_user_record);

	return (uint32_t)at;
}

void identity_cursor_move(size_t *cursor, size_t size, size_t count)
{
	*cursor = size > 0 && size < count - *cursor ? *cursor + size : count;
}

int identity_own_user_next(const struct identity *id, size_t *cursor, struct identity_user *ret)
{
	while (*cursor < id->header->users.count) {
		const uint32_t offset = id->header->users.offset + (uint32_t)*cursor;
		size_t size;
		int r = user_at(id, offset, ret, &size);

		identity_cursor_move(cursor, size, id->header->users.count);
		if (r < 0 || !identity_is_replaced(id, offset))
			return r;
	}
	return -ENOENT;
}

int identity_user_next(const struct identity *id, size_t *cursor, struct identity_user *ret)
{
	const size_t count = id->header->users.count;
	size_t behind;
	int r = *cursor < count ? identity_own_user_next(id, cursor, ret) : -ENOENT;

	if (r != -ENOENT || !id->delta)
		return r;
	behind = *cursor - count;
	r = identity_own_user_next(id->delta, &behind, ret);
	*cursor = count + behind;
	return r;
}

int identity_gids_of_principal(const struct identity *id, const struct uuid *principal, const uint32_t **ret_gids,
			       size_t *ret_count)
{
	size_t low = 0, high = id->header->principals.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(principal->bytes, id->principals[middle].id, sizeof(principal->bytes));

		if (order == 0)
			return gids_at(id, id->principals[middle].gids, ret_gids, ret_count);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -ENOENT;
}
