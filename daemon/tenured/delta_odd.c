/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the bases' directory had wrong, by hashes: a few bytes for each thing. Two that have the same hash by chance cost a
 * whole publication where a delta would have done.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/mirror/mirror.h"
#include "daemon/tenured/delta.h"

enum odd_kind { ODD_TEXT = 1, ODD_NUMBER, ODD_ID };

static uint64_t hash_of(enum odd_kind kind, const void *data, size_t len)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ (uint64_t)kind; /* FNV-1a */

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ ((const uint8_t *)data)[i]) * UINT64_C(0x100000001b3);
	return hash;
}

struct odd_list {
	uint64_t *items;
	size_t count, size;
	bool lost;
};

static void add(struct odd_list *l, enum odd_kind kind, const void *data, size_t len)
{
	if (l->count == l->size) {
		const size_t size = l->size ? 2 * l->size : 64;
		uint64_t *grown = reallocarray(l->items, size, sizeof(*grown));

		if (!grown) {
			l->lost = true;
			return;
		}
		l->items = grown;
		l->size = size;
	}
	l->items[l->count++] = hash_of(kind, data, len);
}

static void add_text(struct odd_list *l, const char *text)
{
	if (text)
		add(l, ODD_TEXT, text, strlen(text));
}

static void add_number(struct odd_list *l, uint32_t number)
{
	if (number != NO_ID)
		add(l, ODD_NUMBER, &number, sizeof(number));
}

static void add_object(struct odd_list *l, const struct object *o)
{
	add_text(l, o->name);
	add_text(l, o->place);
	add(l, ODD_ID, &o->id, sizeof(o->id));
}

static void add_dangling(struct odd_list *l, const struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (!list->index || list->index[i] == NO_INDEX)
			add_text(l, list->names[i]);
}

/* Whose group is another's own: that one cannot go without him. */
static bool leans_on_other(const struct delta *delta, const struct user *u)
{
	return u->gid != NO_ID && !delta_shown_group(delta, u->gid);
}

static void add_users(struct odd_list *l, const struct delta *delta, const struct directory *d,
		      const struct tenant_config *tenant)
{
	for (size_t i = 0; i < d->user_count; i++) {
		const struct user *u = &d->users[i];

		if (!u->o.dropped && leans_on_other(delta, u))
			add_number(l, u->gid);
		if (!u->o.dropped)
			continue;
		add_object(l, &u->o);
		add_number(l, u->uid);
		add_number(l, u->gid);
		if (tenant->ldap.derive_ids)
			add_number(l, mirror_derived_id(&u->o.id, tenant));
	}
}

static void add_groups(struct odd_list *l, const struct directory *d, const struct tenant_config *tenant)
{
	for (size_t i = 0; i < d->group_count; i++) {
		const struct group *g = &d->groups[i];

		add_dangling(l, &g->members);
		add_dangling(l, &g->member_groups);
		if (!g->o.dropped)
			continue;
		add_object(l, &g->o);
		add_number(l, g->gid);
		if (tenant->ldap.derive_ids)
			add_number(l, mirror_derived_id(&g->o.id, tenant));
	}
}

static void add_others(struct odd_list *l, const struct directory *d)
{
	for (size_t i = 0; i < d->unit_count; i++) {
		add_dangling(l, &d->units[i].users);
		add_dangling(l, &d->units[i].groups);
		add_dangling(l, &d->units[i].hosts);
		if (d->units[i].o.dropped)
			add_object(l, &d->units[i].o);
	}
	for (size_t i = 0; i < d->role_count; i++) {
		add_dangling(l, &d->roles[i].activation.approver_users);
		add_dangling(l, &d->roles[i].activation.approver_groups);
		if (d->roles[i].o.dropped)
			add_object(l, &d->roles[i].o);
	}
	for (size_t i = 0; i < d->assignment_count; i++) {
		if (!d->assignments[i].o.dropped)
			continue;
		add_object(l, &d->assignments[i].o);
		add_text(l, d->assignments[i].user);
		add_text(l, d->assignments[i].group);
	}
	for (size_t i = 0; i < d->scope_count; i++)
		if (d->scopes[i].o.dropped)
			add_object(l, &d->scopes[i].o);
	for (size_t i = 0; i < d->host_count; i++)
		if (d->hosts[i].o.dropped)
			add_object(l, &d->hosts[i].o);
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int delta_odd(struct delta *d, const struct tenant_config *tenant, const struct directory *directory)
{
	struct odd_list l = {0};

	add_users(&l, d, directory, tenant);
	add_groups(&l, directory, tenant);
	add_others(&l, directory);
	if (l.count > 1)
		qsort(l.items, l.count, sizeof(*l.items), compare);
	free(d->odd);
	d->odd = l.items;
	d->odd_count = l.count;
	return l.lost ? -ENOMEM : 0;
}

static bool is_odd(const struct delta *d, enum odd_kind kind, const void *data, size_t len)
{
	const uint64_t hash = hash_of(kind, data, len);

	return d->odd_count > 0 && bsearch(&hash, d->odd, d->odd_count, sizeof(*d->odd), compare);
}

bool delta_is_odd_text(const struct delta *d, const char *text)
{
	return is_odd(d, ODD_TEXT, text, strlen(text));
}

bool delta_is_odd_number(const struct delta *d, uint32_t number)
{
	return is_odd(d, ODD_NUMBER, &number, sizeof(number));
}

bool delta_is_odd_id(const struct delta *d, const struct uuid *id)
{
	return is_odd(d, ODD_ID, id, sizeof(*id));
}
