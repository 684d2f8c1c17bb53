/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/snapshot/identity_build.h"

/* Gids are chosen among the first of role_gids. */
#define ROLE_GIDS_MAX 65536

/* A group that shows holders. */
struct shown_role {
	char name[IDENTITY_LOGIN_MAX + 1];
	const char *argument;
	enum right_kind kind;
	gid_t gid;
};

struct role_list {
	struct shown_role *items;
	size_t count, size;
};

static const struct directory *sorted_directory; /* for compare_gids; the broker writes with one thread */

static int compare_gids(const void *a, const void *b)
{
	gid_t x = sorted_directory->groups[*(const uint32_t *)a].gid;
	gid_t y = sorted_directory->groups[*(const uint32_t *)b].gid;

	return x < y ? -1 : x > y;
}

int build_groups_pick(struct identity_build *b)
{
	b->groups = calloc(b->d->group_count + 1, sizeof(*b->groups));
	if (!b->groups)
		return -ENOMEM;
	for (size_t i = 0; i < b->d->group_count; i++) {
		const struct group *g = &b->d->groups[i];

		if (!g->o.dropped && g->gid != NO_ID && build_id_is_ours(b, g->gid) &&
		    !build_name_is_reserved(g->o.name))
			b->groups[b->group_count++] = (uint32_t)i;
	}
	sorted_directory = b->d;
	qsort(b->groups, b->group_count, sizeof(*b->groups), compare_gids);
	sorted_directory = NULL;
	return 0;
}

/* name, or name@domain; false if it is too long. */
static bool group_name(const struct identity_build *b, const char *name, char *buf, size_t size)
{
	const char *domain = b->tenant->domain_count > 0 ? b->tenant->domains[0] : "";
	size_t len = strlen(name), domain_len = b->tenant->home ? 0 : strlen(domain) + 1;

	if (len + domain_len >= size || domain_len == 1)
		return false;
	memcpy(buf, name, len + 1);
	if (domain_len > 0) {
		buf[len] = '@';
		memcpy(buf + len + 1, domain, domain_len);
	}
	return true;
}

/* The i-th of a group's closure as it shows; NULL if it does not. */
static const struct shown_user *member_at(const struct identity_build *b, const struct group *g, size_t i)
{
	const struct shown_user *u = g->closure[i] < b->d->user_count ? &b->users[g->closure[i]] : NULL;

	return u && u->login && (!u->own || u->record != 0) ? u : NULL;
}

/* Counts members and decides how they are stored. */
static void members_measure(const struct identity_build *b, const struct group *g, struct identity_group_record *r)
{
	r->kind = b->d->user_count > IDENTITY_NAMES_USERS_MAX ? IDENTITY_GROUP_USERS : IDENTITY_GROUP_NAMES;
	for (size_t i = 0; i < g->closure_count; i++) {
		const struct shown_user *u = member_at(b, g, i);

		if (!u)
			continue;
		if (u->record == 0 || r->member_count == IDENTITY_GROUP_USERS_MAX)
			r->kind = IDENTITY_GROUP_NAMES;
		r->member_count++;
		r->members_len += (uint32_t)strlen(u->login) + 1;
	}
}

static void members_append(struct identity_build *b, const struct group *g, const struct identity_group_record *r)
{
	bool by_name = r->kind == IDENTITY_GROUP_NAMES;
	uint32_t at = image_append(&b->image, NULL, by_name ? r->member_count + r->members_len : r->member_count * 4,
				   by_name ? 1 : 4);
	uint32_t name_at = at + r->member_count;

	for (size_t i = 0; !b->image.error && i < g->closure_count; i++) {
		const struct shown_user *u = member_at(b, g, i);
		uint8_t length = u ? (uint8_t)(strlen(u->login) + 1) : 0;

		if (!u)
			continue;
		if (by_name) {
			memcpy(image_at(&b->image, at++), &length, 1);
			memcpy(image_at(&b->image, name_at), u->login, length);
			name_at += length;
		} else {
			memcpy(image_at(&b->image, at), &u->record, sizeof(u->record));
			at += sizeof(u->record);
		}
	}
}

static void group_append(struct identity_build *b, const struct group *g)
{
	struct identity_group_record r = {.gid = g->gid};
	char name[IDENTITY_LOGIN_MAX + 1];
	uint32_t offset;

	if (!group_name(b, g->o.name, name, sizeof(name)))
		return;
	r.strings_len = (uint16_t)(strlen(name) + 1);
	members_measure(b, g, &r);
	offset = image_append(&b->image, &r, sizeof(r), IDENTITY_RECORD_ALIGN);
	(void)image_append(&b->image, name, r.strings_len, 1);
	members_append(b, g, &r);
	b->group_records.offsets[b->group_records.count++] = offset;
}

/* PREFIX-argument, once; a name that is too long is left out. */
static int role_add(const struct identity_build *b, struct role_list *list, const char *prefix, enum right_kind kind,
		    const char *argument, gid_t gid)
{
	char name[IDENTITY_LOGIN_MAX + 1];
	size_t prefix_len = strlen(prefix);
	struct shown_role *role;

	if (prefix_len + strlen(argument) > NAME_LENGTH_MAX)
		return 0;
	memcpy(name, prefix, prefix_len);
	memcpy(name + prefix_len, argument, strlen(argument) + 1);
	if (!local_name_is_valid(name))
		return 0;
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].kind == kind && strcmp(list->items[i].argument, argument) == 0)
			return 0;
	if (list->count == list->size) {
		size_t size = list->size ? list->size * 2 : 32;
		struct shown_role *items = reallocarray(list->items, size, sizeof(*items));

		if (!items)
			return -ENOMEM;
		list->items = items;
		list->size = size;
	}
	role = &list->items[list->count];
	*role = (struct shown_role){.argument = argument, .kind = kind, .gid = gid};
	if (group_name(b, name, role->name, sizeof(role->name)))
		list->count++;
	return 0;
}

/* become-USER exists for whatever target anybody could ever hold here: the home tenant shows them for all tenants. */
static int become_groups_pick(const struct identity_build *b, struct role_list *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && b->tenant->home && i < b->host->allow_become_count; i++)
		r = role_add(b, list, "become-", RIGHT_BECOME, b->host->allow_become[i], NO_ID);
	return r;
}

static int role_groups_pick(const struct identity_build *b, struct role_list *list)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->d->role_count; i++) {
		const struct role *role = &b->d->roles[i];

		if (!role->o.dropped)
			r = role_add(b, list, "role-", (enum right_kind)0, role->o.name, role->gid);
	}
	return r;
}

static int compare_roles(const void *a, const void *b)
{
	return strcmp(((const struct shown_role *)a)->name, ((const struct shown_role *)b)->name);
}

/* FNV-1a: the same name gets the same gid again, unless another took it first. */
static uint32_t name_hash(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h ^ h >> 15;
}

/* Takes the gid if it is free and of the range. */
static bool gid_take(const struct id_range *range, bool *taken, uint32_t span, gid_t gid)
{
	if (gid < range->first || gid > range->last)
		return false;
	if (gid - range->first >= span)
		return true; /* named, and out of what is chosen from */
	if (taken[gid - range->first])
		return false;
	taken[gid - range->first] = true;
	return true;
}

/* The host gave these away itself. */
static void gids_keep_off(const struct id_range *range, bool *taken, uint32_t span, const struct id_range *away)
{
	for (uint32_t i = 0; i < span; i++)
		if (range->first + i >= away->first && range->first + i <= away->last)
			taken[i] = true;
}

/* Gids that roles name come first. What gets none has NO_ID. */
static int role_gids_choose(const struct identity_build *b, struct role_list *list)
{
	const struct id_range *range = &b->tenant->role_gids;
	bool valid = range->first >= 1000 && range->last >= range->first && range->last <= INT32_MAX;
	uint32_t span = !valid				      ? 0
			: range->last - range->first >= ROLE_GIDS_MAX ? ROLE_GIDS_MAX
								      : range->last - range->first + 1;
	bool *taken = calloc((size_t)span + 1, sizeof(*taken));

	if (!taken)
		return -ENOMEM;
	for (size_t i = 0; i < b->d->taken_range_count; i++)
		gids_keep_off(range, taken, span, &b->d->taken_ranges[i]);
	for (size_t i = 0; i < list->count; i++) {
		gid_t wanted = list->items[i].gid;

		/* What is named and cannot be had is not shown: a gid is never repaired. */
		if (wanted != NO_ID && !(span > 0 && gid_take(range, taken, span, wanted)))
			list->items[i--] = list->items[--list->count];
	}
	if (list->count > 0)
		qsort(list->items, list->count, sizeof(*list->items), compare_roles);
	for (size_t i = 0; i < list->count; i++) {
		uint32_t at = span > 0 ? name_hash(list->items[i].name) % span : 0;

		for (uint32_t k = 0; list->items[i].gid == NO_ID && k < span; k++, at = (at + 1) % span)
			if (gid_take(range, taken, span, range->first + at))
				list->items[i].gid = range->first + at;
	}
	free(taken);
	return 0;
}

static void role_append(struct identity_build *b, const struct shown_role *role)
{
	struct identity_group_record r = {.gid = role->gid, .kind = (uint16_t)role->kind};
	size_t name_len = strlen(role->name) + 1, argument_len = strlen(role->argument) + 1;
	uint32_t offset;
	char *at;

	if (role->gid == NO_ID)
		return;
	r.strings_len = (uint16_t)(name_len + argument_len);
	offset = image_append(&b->image, NULL, sizeof(r) + r.strings_len, IDENTITY_RECORD_ALIGN);
	if (b->image.error)
		return;
	at = image_at(&b->image, offset);
	memcpy(at, &r, sizeof(r));
	memcpy(at + sizeof(r), role->name, name_len);
	memcpy(at + sizeof(r) + name_len, role->argument, argument_len);
	b->group_records.offsets[b->group_records.count++] = offset;
}

int build_groups_append(struct identity_build *b)
{
	struct role_list roles = {0};
	int r = become_groups_pick(b, &roles);

	if (r == 0)
		r = role_groups_pick(b, &roles);
	if (r == 0)
		r = role_gids_choose(b, &roles);
	if (r == 0)
		b->group_records.offsets = calloc(b->group_count + roles.count + 1, sizeof(uint32_t));
	if (r == 0 && !b->group_records.offsets)
		r = -ENOMEM;
	if (r == 0) {
		b->header.groups.offset = image_append(&b->image, NULL, 0, IDENTITY_RECORD_ALIGN);
		for (size_t i = 0; i < b->group_count; i++)
			group_append(b, &b->d->groups[b->groups[i]]);
		for (size_t i = 0; i < roles.count; i++)
			role_append(b, &roles.items[i]);
		b->header.groups.count = (uint32_t)b->image.len - b->header.groups.offset;
		b->header.group_count = (uint32_t)b->group_records.count;
		r = b->image.error;
	}
	free(roles.items);
	return r;
}
