/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Groups of an identity, as identity.c has users. */
#include <errno.h>
#include <string.h>

#include "common/snapshot/identity_file.h"

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
	const struct identity_group_record *g = identity_record_at(id, id->header->groups, offset, sizeof(*g));
	size_t size;

	*ret_size = 0;
	if (!g)
		return -EBADMSG;
	size = members_at(g);
	if (g->kind == IDENTITY_GROUP_USERS)
		size += g->member_count * sizeof(uint32_t);
	else
		size += (size_t)g->member_count + g->members_len;
	if (!identity_record_at(id, id->header->groups, offset, size))
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
		u = identity_user_record(id, g->member_users[i], &size);
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
static int group_find_in(const struct identity *id, bool tenant, const char *name, gid_t gid,
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
		if (group_is_of_directory(g) != tenant || identity_is_replaced(id, offset))
			continue;
		if (name ? g->strings_len > len && memcmp(g + 1, name, len + 1) == 0 : g->gid == gid) {
			*ret = g;
			return 0;
		}
	}
	return -ENOENT;
}

static int group_find(const struct identity *id, bool tenant, const char *name, gid_t gid,
		      const struct identity_group_record **ret)
{
	int r = id->delta ? group_find_in(id->delta, tenant, name, gid, ret) : -ENOENT;

	return r == -ENOENT ? group_find_in(id, tenant, name, gid, ret) : r;
}

uint32_t identity_group_offset(const struct identity *id, const struct identity_group *g)
{
	return (uint32_t)((size_t)((const uint8_t *)g->name - id->map.data) - sizeof(struct identity_group_record));
}

/* A group of the directory that has the user's number is the one: two of the same gid would be one to the kernel. */
static int private_group(const struct identity *id, const struct identity_user *u, struct identity_group *ret)
{
	const struct identity_group_record *g;
	int r = u->gid == u->uid ? group_find(id, true, NULL, u->gid, &g) : 0;

	if (r != -ENOENT)
		return r < 0 ? r : -ENOENT;
	private_group_fill(u, ret);
	return 0;
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
	return r < 0 ? r : private_group(id, &u, ret);
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

/* The next record of the wanted sort, of this file, at or behind *cursor, which is moved behind it. */
static int group_record_next(const struct identity *id, bool tenant, size_t *cursor,
			     const struct identity_group_record **ret)
{
	while (*cursor < id->header->groups.count) {
		const uint32_t offset = id->header->groups.offset + (uint32_t)*cursor;
		size_t size;
		int r = group_record_at(id, offset, ret, &size);

		identity_cursor_move(cursor, size, id->header->groups.count);
		if (r < 0)
			return r;
		if (group_is_of_directory(*ret) == tenant && !identity_is_replaced(id, offset))
			return 0;
	}
	return -ENOENT;
}

/* Groups of this file, then private ones of its users. whole: the base, with its delta. */
static int group_next(const struct identity *whole, const struct identity *id, size_t *cursor, struct identity_group *ret)
{
	const struct identity_group_record *g;
	struct identity_user u;
	size_t user_cursor;
	int r, found;

	if (*cursor < id->header->groups.count) {
		r = group_record_next(id, true, cursor, &g);
		if (r == 0)
			group_fill(g, ret);
		if (r != -ENOENT)
			return r;
	}
	do {
		user_cursor = *cursor - id->header->groups.count;
		r = identity_own_user_next(id, &user_cursor, &u);
		*cursor = user_cursor + id->header->groups.count;
		found = r == 0 ? private_group(whole, &u, ret) : r;
	} while (r == 0 && found == -ENOENT);
	return found;
}

int identity_group_next(const struct identity *id, size_t *cursor, struct identity_group *ret)
{
	const size_t count = (size_t)id->header->groups.count + id->header->users.count;
	size_t behind;
	int r = *cursor < count ? group_next(id, id, cursor, ret) : -ENOENT;

	if (r != -ENOENT || !id->delta)
		return r;
	behind = *cursor - count;
	r = group_next(id, id->delta, &behind, ret);
	*cursor = count + behind;
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
