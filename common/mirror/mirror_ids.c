/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ids for objects that have none (ids = "derived"): by the object's immutable id alone, so that every host gives the same
 * one, whatever the object is called. Two that come to the same number: the one that was made later has none.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>

#include "common/mirror/mirror_build.h"

uint32_t mirror_derived_id(const struct uuid *id, const struct tenant_config *tenant)
{
	const struct id_range *all = &tenant->id_range, *roles = &tenant->role_gids;
	const uint64_t role_count = (uint64_t)roles->last - roles->first + 1;
	const uint64_t count = (uint64_t)all->last - all->first + 1 - role_count;
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx h;
	uint64_t number = 0;

	if (count == 0 || count > UINT32_MAX)
		return NO_ID;
	sha256_init(&h);
	sha256_update(&h, sizeof(id->bytes), id->bytes);
	sha256_digest(&h, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(number); i++)
		number = number << 8 | digest[i];
	number = all->first + number % count;
	return (uint32_t)(number >= roles->first ? number + role_count : number);
}

/* Numbers that are taken, uids and gids together, for a private group's gid is its user's uid; and by whom. */
struct taken {
	uint32_t id;
	const struct object *by;
};
struct taken_set {
	struct taken *slots; /* a power of two; by NULL: free */
	size_t size;
};

static struct taken *slot_of(const struct taken_set *t, uint32_t id)
{
	size_t i = (id * UINT32_C(2654435761)) & (t->size - 1);

	while (t->slots[i].by && t->slots[i].id != id)
		i = (i + 1) & (t->size - 1);
	return &t->slots[i];
}

static void take(const struct taken_set *t, uint32_t id, const struct object *by)
{
	struct taken *slot = slot_of(t, id);

	if (!slot->by)
		*slot = (struct taken){id, by};
}

static void give(struct builder *b, const struct taken_set *t, struct object *o, enum object_kind kind, uint32_t *ret)
{
	const uint32_t id = mirror_derived_id(&o->id, b->tenant);
	const struct taken *slot;

	if (id == NO_ID)
		return;
	slot = slot_of(t, id);
	if (slot->by) {
		o->dropped = true;
		problem_add(b->problems, SEVERITY_ERROR, "dir-id-collision", o->place,
			    "give it a uidNumber or gidNumber, or the tenant a larger id_range",
			    "%s %s: its id comes to %u, which %s has", kind == OBJECT_USER ? "user" : "group", o->name, id,
			    slot->by->place);
		return;
	}
	take(t, id, o);
	*ret = id;
}

static int make_set(const struct directory *d, struct taken_set *ret)
{
	ret->size = 64;
	while (ret->size < 2 * (d->user_count + d->group_count + 1))
		ret->size *= 2;
	ret->slots = calloc(ret->size, sizeof(*ret->slots));
	return ret->slots ? 0 : -ENOMEM;
}

int mirror_derive_ids(struct builder *b)
{
	struct directory *d = b->d;
	struct taken_set t;
	int r = make_set(d, &t);

	if (r < 0)
		return r;
	for (size_t i = 0; i < d->user_count; i++)
		if (!d->users[i].o.dropped && d->users[i].uid != NO_ID)
			take(&t, d->users[i].uid, &d->users[i].o);
	for (size_t i = 0; i < d->group_count; i++)
		if (!d->groups[i].o.dropped && d->groups[i].gid != NO_ID)
			take(&t, d->groups[i].gid, &d->groups[i].o);
	for (size_t i = 0; i < d->user_count; i++)
		if (!d->users[i].o.dropped && d->users[i].uid == NO_ID)
			give(b, &t, &d->users[i].o, OBJECT_USER, &d->users[i].uid);
	for (size_t i = 0; i < d->group_count; i++)
		if (!d->groups[i].o.dropped && d->groups[i].gid == NO_ID)
			give(b, &t, &d->groups[i].o, OBJECT_GROUP, &d->groups[i].gid);
	free(t.slots);
	return 0;
}
