/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MUST: every offset and length is held against the mapping before it is followed; every id against what a directory
 * may give. Runs in other people's processes: no allocation but in identity_open.
 */
#include "common/snapshot/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/identity_format.h"

struct identity {
	struct snapshot map;
	const struct identity_header *header;
	struct table users_by_name, users_by_uid, groups_by_name, groups_by_gid;
	const uint32_t *gids;
	const struct identity_principal *principals;
	const char *home_prefix;
};

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

int identity_open_near(struct safe_walk *walk, const char *tenant, struct identity **ret)
{
	char path[SNAPSHOT_PATH_MAX];
	struct snapshot s;
	int r = snapshot_tenant_path(tenant, "identity", path, sizeof(path));

	if (r == 0)
		r = snapshot_map(walk, path, SNAPSHOT_IDENTITY, IDENTITY_VERSION, &s);
	if (r < 0)
		return r;
	r = identity_from(&s, ret);
	if (r < 0)
		snapshot_unmap(&s);
	return r;
}

int identity_open(const char *tenant, struct identity **ret)
{
	return identity_open_near(NULL, tenant, ret);
}

bool identity_is_current(const struct identity *id, const char *tenant)
{
	char path[SNAPSHOT_PATH_MAX];

	return snapshot_tenant_path(tenant, "identity", path, sizeof(path)) == 0 && snapshot_is_current(&id->map, path);
}

void identity_close(struct identity *id)
{
	if (id)
		snapshot_unmap(&id->map);
	free(id);
}

void identity_closep(struct identity **id)
{
	identity_close(*id);
	*id = NULL;
}

/* A record of a section at offset from the file's start; NULL if it does not lie in the section. */
static const void *record_at(const struct identity *id, struct snapshot_span section, uint32_t offset, size_t size)
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

/*
 * The record, its strings and gids, all inside; each string ends where the next begins; "*" between name and gecos.
 * *ret_size: of the record, where one of that size lies in the section; else 0.
 */
static const struct identity_user_record *user_record(const struct identity *id, uint32_t offset, size_t *ret_size)
{
	const struct identity_user_record *u = record_at(id, id->header->users, offset, sizeof(*u));
	const char *strings = (const char *)(u + 1);
	size_t size;
	uint32_t len;

	*ret_size = 0;
	if (!u)
		return NULL;
	len = u->strings_len;
	size = sizeof(*u) + (len + 3u) / 4 * 4 + u->gid_count * sizeof(uint32_t);
	if (!record_at(id, id->header->users, offset, size))
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
	const struct identity_user_record *u = user_record(id, offset, ret_size);
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

int identity_user_by_name(const struct identity *id, const char *name, struct identity_user *ret)
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
		if (ret->name_len == len && memcmp(ret->name, name, len) == 0)
			return 0;
	}
	return -ENOENT;
}

int identity_user_by_uid(const struct identity *id, uid_t uid, struct identity_user *ret)
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
		if (ret->uid == uid)
			return 0;
	}
	return -ENOENT;
}

/* Behind a record of that size; where there is none (0), nothing can be told apart any more: to the end. */
static void cursor_move(size_t *cursor, size_t size, size_t count)
{
	*cursor = size > 0 && size < count - *cursor ? *cursor + size : count;
}

int identity_user_next(const struct identity *id, size_t *cursor, struct identity_user *ret)
{
	size_t size;
	int r;

	if (*cursor >= id->header->users.count)
		return -ENOENT;
	r = user_at(id, id->header->users.offset + (uint32_t)*cursor, ret, &size);
	cursor_move(cursor, size, id->header->users.count);
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

/* Where the members of a group begin, from its record's start. */
static size_t members_at(const struct identity_group_record *g)
{
	size_t at = sizeof(*g) + g->strings_len;

	return g->kind == IDENTITY_GROUP_USERS ? (at + 3) / 4 * 4 : at;
}

static bool group_is_of_directory(const struct identity_group_record *g)
{
	return g->kind == IDENTITY_GROUP_NAMES || g->kind == IDENTITY_GROUP_USERS;
}

/* A group of any kind, its size checked; strings are ended. *ret_size as in user_record. */
static int group_record_at(const struct identity *id, uint32_t offset, const struct identity_group_record **ret,
			   size_t *ret_size)
{
	const struct identity_group_record *g = record_at(id, id->header->groups, offset, sizeof(*g));
	size_t size;

	*ret_size = 0;
	if (!g)
		return -EBADMSG;
	size = members_at(g);
	if (g->kind == IDENTITY_GROUP_USERS)
		size += g->member_count * sizeof(uint32_t);
	else
		size += (size_t)g->member_count + g->members_len;
	if (!record_at(id, id->header->groups, offset, size))
		return -EBADMSG;
	*ret_size = (size + 3) / 4 * 4;
	if (g->strings_len == 0 || !id_may_be_given(g->gid))
		return -EBADMSG;
	if (((const char *)(g + 1))[g->strings_len - 1] != '\0')
		return -EBADMSG;
	if (g->kind != IDENTITY_GROUP_USERS && g->member_count > 0 &&
	    (g->members_len < g->member_count || ((const char *)g)[size - 1] != '\0'))
		return -EBADMSG;
	*ret = g;
	return 0;
}

static void group_fill(const struct identity_group_record *g, struct identity_group *ret)
{
	const char *members = (const char *)g + members_at(g);

	*ret = (struct identity_group){.name = (const char *)(g + 1),
				       .gid = g->gid,
				       .member_count = g->member_count,
				       .members_len = g->member_count > 0 ? g->members_len : 0};
	if (g->kind == IDENTITY_GROUP_USERS) {
		ret->member_users = (const uint32_t *)(const void *)members;
	} else {
		ret->member_lengths = (const uint8_t *)members;
		ret->members = members + g->member_count;
	}
}

int identity_member(const struct identity *id, const struct identity_group *g, size_t i, const char **ret_name,
		    size_t *ret_len)
{
	const struct identity_user_record *u;
	const char *name = g->members;
	size_t size;

	if (g->member_users) {
		u = user_record(id, g->member_users[i], &size);
		if (!u)
			return -EBADMSG;
		*ret_name = (const char *)(u + 1);
		*ret_len = u->gecos - 3u;
		return 0;
	}
	for (size_t k = 0; k < i; k++)
		name += g->member_lengths[k];
	if (g->member_lengths[i] == 0 || name + g->member_lengths[i] > g->members + g->members_len)
		return -EBADMSG;
	*ret_name = name;
	*ret_len = g->member_lengths[i] - 1u;
	return 0;
}

static int role_group_fill(const struct identity_group_record *g, struct identity_role_group *ret)
{
	const char *strings = (const char *)(g + 1);
	size_t name_len = strlen(strings) + 1;

	if (name_len >= g->strings_len || (g->kind != 0 && g->kind != RIGHT_BECOME))
		return -EBADMSG;
	ret->name = strings;
	ret->gid = g->gid;
	ret->kind = (enum right_kind)g->kind;
	ret->argument = strings + name_len;
	return 0;
}

static void private_group_fill(const struct identity_user *u, struct identity_group *ret)
{
	*ret = (struct identity_group){.name = u->name, .gid = u->gid, .members = ""};
}

/* tenant: of the directory; else: that shows holders. By name, or by gid where name is NULL. */
static int group_find(const struct identity *id, bool tenant, const char *name, gid_t gid,
		      const struct identity_group_record **ret)
{
	const struct table *table = name ? &id->groups_by_name : &id->groups_by_gid;
	size_t len = name ? strlen(name) : 0, size;
	const uint64_t *seed = id->header->seed;
	struct table_walk walk = table_walk(table, name ? table_hash(seed, name, len) : table_hash_id(seed, gid));
	const struct identity_group_record *g;
	uint32_t offset;

	while ((offset = table_next(table, &walk)) != 0) {
		int r = group_record_at(id, offset, &g, &size);

		if (r < 0)
			return r;
		if (group_is_of_directory(g) != tenant)
			continue;
		if (name ? g->strings_len > len && memcmp(g + 1, name, len + 1) == 0 : g->gid == gid) {
			*ret = g;
			return 0;
		}
	}
	return -ENOENT;
}

int identity_group_by_name(const struct identity *id, const char *name, struct identity_group *ret)
{
	const struct identity_group_record *g;
	struct identity_user u;
	int r = group_find(id, true, name, NO_ID, &g);

	if (r == 0)
		group_fill(g, ret);
	if (r != -ENOENT)
		return r;
	r = identity_user_by_name(id, name, &u);
	if (r < 0)
		return r;
	if (u.gid != u.uid)
		return -ENOENT;
	private_group_fill(&u, ret);
	return 0;
}

int identity_group_by_gid(const struct identity *id, gid_t gid, struct identity_group *ret)
{
	const struct identity_group_record *g;
	struct identity_user u;
	int r = group_find(id, true, NULL, gid, &g);

	if (r == 0)
		group_fill(g, ret);
	if (r != -ENOENT)
		return r;
	r = identity_user_by_uid(id, gid, &u);
	if (r < 0)
		return r;
	if (u.gid != u.uid)
		return -ENOENT;
	private_group_fill(&u, ret);
	return 0;
}

/* The next record of the wanted sort at or behind *cursor, which is moved behind it. */
static int group_record_next(const struct identity *id, bool tenant, size_t *cursor,
			     const struct identity_group_record **ret)
{
	while (*cursor < id->header->groups.count) {
		size_t size;
		int r = group_record_at(id, id->header->groups.offset + (uint32_t)*cursor, ret, &size);

		cursor_move(cursor, size, id->header->groups.count);
		if (r < 0)
			return r;
		if (group_is_of_directory(*ret) == tenant)
			return 0;
	}
	return -ENOENT;
}

int identity_group_next(const struct identity *id, size_t *cursor, struct identity_group *ret)
{
	const struct identity_group_record *g;
	struct identity_user u;
	size_t user_cursor;
	int r;

	if (*cursor < id->header->groups.count) {
		r = group_record_next(id, true, cursor, &g);
		if (r == 0)
			group_fill(g, ret);
		if (r != -ENOENT)
			return r;
	}
	do {
		user_cursor = *cursor - id->header->groups.count;
		r = identity_user_next(id, &user_cursor, &u);
		*cursor = user_cursor + id->header->groups.count;
	} while (r == 0 && u.gid != u.uid);
	if (r == 0)
		private_group_fill(&u, ret);
	return r;
}

int identity_role_group_by_name(const struct identity *id, const char *name, struct identity_role_group *ret)
{
	const struct identity_group_record *g;
	int r = group_find(id, false, name, NO_ID, &g);

	return r < 0 ? r : role_group_fill(g, ret);
}

int identity_role_group_by_gid(const struct identity *id, gid_t gid, struct identity_role_group *ret)
{
	const struct identity_group_record *g;
	int r = group_find(id, false, NULL, gid, &g);

	return r < 0 ? r : role_group_fill(g, ret);
}

int identity_role_group_next(const struct identity *id, size_t *cursor, struct identity_role_group *ret)
{
	const struct identity_group_record *g;
	int r = group_record_next(id, false, cursor, &g);

	return r < 0 ? r : role_group_fill(g, ret);
}
