/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers: who owns which, and which nobody from a directory may have, whatever a range says. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/model/validation.h"

#define ID_SYSTEM_LAST 999u
#define ID_NOBODY      65534u
#define ID_NONE_16     65535u
#define ID_SIGNED_MAX  2147483647u

const char *id_refusal(uint32_t id)
{
	if (id == 0)
		return "is root's";
	if (id <= ID_SYSTEM_LAST)
		return "is a system id";
	if (id == ID_NOBODY || id == ID_NONE_16)
		return "means nobody";
	if (id > ID_SIGNED_MAX)
		return "is negative for much software";
	return NULL;
}

/* The host's own ids, sorted, since a directory may ask a hundred thousand times. */
struct id_set {
	uint32_t *ids;
	size_t count;
};

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int id_set_fill(struct id_set *set, const struct local_account *accounts, size_t count)
{
	set->ids = calloc(count ? count : 1, sizeof(*set->ids));
	if (!set->ids)
		return -ENOMEM;
	set->count = count;
	for (size_t i = 0; i < count; i++)
		set->ids[i] = accounts[i].id;
	qsort(set->ids, count, sizeof(*set->ids), compare_ids);
	return 0;
}

static bool id_set_has(const struct id_set *set, uint32_t id)
{
	return bsearch(&id, set->ids, set->count, sizeof(*set->ids), compare_ids) != NULL;
}

struct id_check {
	struct validation *v;
	struct id_set uids, gids;
};

static bool in_range(const struct id_range *r, uint32_t id)
{
	return id >= r->first && id <= r->last;
}

static const char *reserved_at(const struct local_accounts *local, uint32_t id)
{
	for (size_t i = 0; i < local->reserved_count; i++)
		if (in_range(&local->reserved[i], id))
			return local->reserved_place[i];
	return NULL;
}

/* One uid or gid of an object. `what` says which; own: the set of local ids of that kind. */
static void check_id(struct id_check *c, const char *word, struct object *o, const char *what, uint32_t id,
		     const struct id_set *own)
{
	static const char *const problem_ids[] = {"dir-uid", "dir-gid"};
	const struct tenant_config *t = c->v->tenant;
	const char *problem = problem_ids[what[0] == 'g'], *refusal = id_refusal(id), *place;
	char remedy[192], name[128];

	if (o->dropped)
		return;
	(void)snprintf(remedy, sizeof(remedy), "give %s a %s in %u-%u%s", text_escape(o->name, name, sizeof(name)), what,
		       t->id_range.first, t->id_range.last, in_range(&t->role_gids, id) ? ", outside role_gids" : "");
	place = reserved_at(c->v->local, id);
	if (refusal)
		validation_drop(c->v, problem, word, o, remedy, "%s %u %s", what, id, refusal);
	else if (id_set_has(own, id))
		validation_drop(c->v, problem, word, o, remedy, "%s %u is local", what, id);
	else if (place)
		validation_drop(c->v, problem, word, o, remedy, "%s %u lies in %s", what, id, place);
	else if (!in_range(&t->id_range, id))
		validation_drop(c->v, problem, word, o, remedy, "%s %u lies outside the tenant's id_range", what, id);
	else if (in_range(&t->role_gids, id))
		validation_drop(c->v, problem, word, o, remedy, "%s %u lies in the tenant's role_gids", what, id);
}

static void check_user(struct id_check *c, struct user *u)
{
	if (u->uid == NO_ID)
		return;
	check_id(c, "user", &u->o, "uid", u->uid, &c->uids);
	check_id(c, "user", &u->o, u->gid == NO_ID ? "uid" : "gid", u->gid == NO_ID ? u->uid : u->gid, &c->gids);
}

struct owner {
	uint32_t id, order;
	const char *word;
	struct object *o;
};

static int compare_owners(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void add_owner(struct owner *owners, size_t *count, uint32_t id, const char *word, struct object *o)
{
	if (id == NO_ID || o->dropped)
		return;
	owners[*count] = (struct owner){id, (uint32_t)*count, word, o};
	(*count)++;
}

static void drop_shared(struct validation *v, struct owner *owners, size_t count, const char *problem,
			const char *what)
{
	qsort(owners, count, sizeof(*owners), compare_owners);
	for (size_t i = 1; i < count; i++)
		if (owners[i].id == owners[i - 1].id)
			validation_drop(v, problem, owners[i].word, owners[i].o, "give each a number of its own",
					"%s %u was given before, at %s", what, owners[i].id, owners[i - 1].o->place);
}

static bool gid_is_of_group(const struct owner *groups, size_t count, gid_t gid)
{
	struct owner key = {.id = gid};
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_owners(&groups[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && groups[low].id == gid;
}

/* A user's private group bears its name and number, so groups have to keep off both. */
static int drop_duplicates(struct validation *v)
{
	struct directory *d = v->d;
	struct owner *owners = calloc(d->user_count + d->group_count + 1, sizeof(*owners));
	size_t count = 0;

	if (!owners)
		return -ENOMEM;
	for (size_t i = 0; i < d->user_count; i++)
		add_owner(owners, &count, d->users[i].uid, "user", &d->users[i].o);
	drop_shared(v, owners, count, "dir-uid", "uid");
	count = 0;
	for (size_t i = 0; i < d->user_count; i++)
		if (d->users[i].gid == NO_ID)
			add_owner(owners, &count, d->users[i].uid, "user", &d->users[i].o);
	for (size_t i = 0; i < d->group_count; i++) {
		struct group *g = &d->groups[i];
		uint32_t same = g->gid == NO_ID || g->o.dropped ? NO_INDEX : name_index_find(&v->users, g->o.name);

		if (same != NO_INDEX && d->users[same].uid != NO_ID && d->users[same].gid == NO_ID)
			validation_drop(v, "dir-duplicate", "group", &g->o, "rename the group",
					"this is the private group of the user at %s", d->users[same].o.place);
		add_owner(owners, &count, g->gid, "group", &g->o);
	}
	drop_shared(v, owners, count, "dir-gid", "gid");
	for (size_t i = 0; i < d->user_count; i++) {
		struct user *u = &d->users[i];

		if (!u->o.dropped && u->uid != NO_ID && u->gid != NO_ID && !gid_is_of_group(owners, count, u->gid))
			validation_drop(v, "dir-gid", "user", &u->o, "leave gid out, or name a group's",
					"gid %u is no group of this directory", u->gid);
	}
	free(owners);
	return 0;
}

/* Why the group of a role cannot have the gid that it was given; NULL if it can. */
static const char *role_gid_fault(const struct id_check *c, size_t i)
{
	const struct directory *d = c->v->d;
	const struct role *r = &d->roles[i];

	if (!in_range(&c->v->tenant->role_gids, r->gid))
		return "lies outside the tenant's role_gids";
	if (r->gid == members_gid(c->v->tenant->visibility, &c->v->tenant->role_gids))
		return "is that of the group of all members";
	if (id_set_has(&c->gids, r->gid))
		return "is a local group's";
	if (reserved_at(c->v->local, r->gid))
		return "lies in a range of subordinate ids";
	for (size_t j = 0; j < i; j++)
		if (!d->roles[j].o.dropped && d->roles[j].gid == r->gid)
			return "was given to another role before";
	return NULL;
}

#define ROLE_NAME_SHOWN_MAX (NAME_LENGTH_MAX - (sizeof("role-") - 1))

/* A role whose group cannot be shown is still a role. */
static void check_role_groups(const struct id_check *c)
{
	struct validation *v = c->v;
	struct directory *d = v->d;

	for (size_t i = 0; i < d->role_count; i++) {
		struct role *r = &d->roles[i];
		const char *why;

		if (r->o.dropped || r->built_in)
			continue;
		if (strlen(r->o.name) > ROLE_NAME_SHOWN_MAX) {
			problem_add(v->problems, SEVERITY_WARNING, "dir-role-gid", r->o.place,
				    "a name of at most 26 characters, or do without the group",
				    "role %s: group role-NAME would be longer than 31: never shown", r->o.name);
			r->gid = NO_ID;
		}
		why = r->gid == NO_ID ? NULL : role_gid_fault(c, i);
		if (!why)
			continue;
		problem_add(v->problems, SEVERITY_ERROR, "dir-role-gid", r->o.place,
			    "choose one in role_gids, or leave gid out", "role %s: gid %u %s", r->o.name, r->gid, why);
		r->gid = NO_ID;
	}
}

/* Gids of the range that the host gave away, or the members' group has: whoever chooses one for a group leaves them alone. */
static int note_taken_gids(const struct id_check *c)
{
	const struct id_range *range = &c->v->tenant->role_gids;
	const uint32_t members = members_gid(c->v->tenant->visibility, range);
	struct directory *d = c->v->d;

	free(d->taken_ranges);
	d->taken_range_count = 0;
	d->taken_ranges = calloc(c->gids.count + c->v->local->reserved_count + 1, sizeof(*d->taken_ranges));
	if (!d->taken_ranges)
		return -ENOMEM;
	if (members != NO_ID)
		d->taken_ranges[d->taken_range_count++] = (struct id_range){members, members};
	for (size_t i = 0; i < c->gids.count; i++)
		if (in_range(range, c->gids.ids[i]))
			d->taken_ranges[d->taken_range_count++] = (struct id_range){c->gids.ids[i], c->gids.ids[i]};
	for (size_t i = 0; i < c->v->local->reserved_count; i++) {
		const struct id_range *reserved = &c->v->local->reserved[i];

		if (reserved->first <= range->last && range->first <= reserved->last)
			d->taken_ranges[d->taken_range_count++] = *reserved;
	}
	return 0;
}

int validate_ids(struct validation *v)
{
	struct id_check c = {.v = v};
	struct directory *d = v->d;
	int r = id_set_fill(&c.uids, v->local->users, v->local->user_count);

	if (r == 0)
		r = id_set_fill(&c.gids, v->local->groups, v->local->group_count);
	for (size_t i = 0; i < d->user_count && r == 0; i++)
		check_user(&c, &d->users[i]);
	for (size_t i = 0; i < d->group_count && r == 0; i++)
		if (d->groups[i].gid != NO_ID)
			check_id(&c, "group", &d->groups[i].o, "gid", d->groups[i].gid, &c.gids);
	if (r == 0)
		r = drop_duplicates(v);
	if (r == 0) {
		check_role_groups(&c);
		r = note_taken_gids(&c);
	}
	free(c.uids.ids);
	free(c.gids.ids);
	return r;
}
