/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All objects of a mirror as a directory: the same rules as for the embedded one (common/config/directory_file.c). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/mirror/mirror_build.h"

struct sources {
	struct source_object *items;
	size_t count;
	size_t of_kind[OBJECT_KIND_COUNT];
};

int mirror_source(const void *object, size_t len, struct source_object *ret)
{
	struct source_object s = {.bytes = object, .len = len};
	struct sync_field f;
	int r = sync_find(sync_object_fields(object, len), SYNC_TAG_KIND, &f);

	if (r == 0) {
		s.kind = (enum object_kind)f.data[0];
		r = sync_find(sync_object_fields(object, len), SYNC_TAG_UUID, &f);
	}
	if (r == 0)
		r = sync_field_uuid(&f, &s.uuid);
	if (r < 0)
		return r;
	if (sync_find(sync_object_fields(object, len), SYNC_TAG_CREATED, &f) == 0) {
		s.created = f.data;
		s.created_len = f.len;
	}
	*ret = s;
	return 0;
}

static int gather_one(void *context, const void *object, size_t len)
{
	struct sources *all = context;
	int r = mirror_source(object, len, &all->items[all->count]);

	if (r < 0)
		return r;
	all->of_kind[all->items[all->count].kind]++;
	all->count++;
	return 0;
}

/* Of two that claim the same thing the earlier one has it: RFC 3339 in UTC sorts as text. */
int mirror_compare_sources(const void *a, const void *b)
{
	const struct source_object *x = a, *y = b;
	size_t len = x->created_len < y->created_len ? x->created_len : y->created_len;
	int order = (x->kind > y->kind) - (x->kind < y->kind);

	if (order == 0 && len > 0)
		order = memcmp(x->created, y->created, len);
	if (order == 0)
		order = (x->created_len > y->created_len) - (x->created_len < y->created_len);
	return order ? order : memcmp(x->uuid.bytes, y->uuid.bytes, sizeof(x->uuid.bytes));
}

static int gather(const struct mirror *m, struct sources *ret)
{
	int r;

	*ret = (struct sources){.items = calloc(mirror_count(m) + 1, sizeof(*ret->items))};
	if (!ret->items)
		return -ENOMEM;
	r = mirror_each(m, gather_one, ret);
	if (r == 0)
		qsort(ret->items, ret->count, sizeof(*ret->items), mirror_compare_sources);
	return r;
}

static int make_arrays(struct directory *d, const struct sources *all)
{
	d->users = calloc(all->of_kind[OBJECT_USER] + 1, sizeof(*d->users));
	d->groups = calloc(all->of_kind[OBJECT_GROUP] + 1, sizeof(*d->groups));
	d->scopes = calloc(all->of_kind[OBJECT_SCOPE] + 1, sizeof(*d->scopes));
	d->hosts = calloc(all->of_kind[OBJECT_HOST] + 1, sizeof(*d->hosts));
	d->units = calloc(all->of_kind[OBJECT_UNIT] + 1, sizeof(*d->units));
	d->roles = calloc(all->of_kind[OBJECT_ROLE] + 1, sizeof(*d->roles));
	d->assignments = calloc(all->of_kind[OBJECT_ASSIGNMENT] + 1, sizeof(*d->assignments));
	return d->users && d->groups && d->scopes && d->hosts && d->units && d->roles && d->assignments ? 0 : -ENOMEM;
}

static void add_user(struct builder *b, const struct source_object *s)
{
	struct user *u = &b->d->users[b->d->user_count++];

	user_init(u);
	u->o.dropped = !mirror_parse(b, s, u);
}

static void add_group(struct builder *b, const struct source_object *s)
{
	struct group *g = &b->d->groups[b->d->group_count++];

	group_init(g);
	g->o.dropped = !mirror_parse(b, s, g);
}

static void add_scope(struct builder *b, const struct source_object *s)
{
	struct scope *scope = &b->d->scopes[b->d->scope_count++];
	const char *fault, *remedy;

	scope->parent = NO_INDEX;
	scope->o.dropped = !mirror_parse(b, s, scope);
	fault = scope->o.dropped ? NULL : scope_fault(scope, &remedy);
	if (fault)
		scope->o.dropped = !mirror_fault(b, &scope->o, s->kind, remedy, "%s", fault);
}

/* This one may be our host, under an id or a name that cannot be read: denies of its scope would not reach it. */
static void add_host(struct builder *b, const struct source_object *s)
{
	struct host *h = &b->d->hosts[b->d->host_count++];

	h->o.dropped = !mirror_parse(b, s, h);
	if (h->o.dropped)
		b->d->broken_restriction = true;
}

static void add_unit(struct builder *b, const struct source_object *s)
{
	struct unit *u = &b->d->units[b->d->unit_count++];

	u->o.dropped = !mirror_parse(b, s, u);
	if (u->o.dropped)
		b->d->broken_restriction = true; /* it may be one that restricts */
}

static void add_role(struct builder *b, const struct source_object *s)
{
	struct role *role = &b->d->roles[b->d->role_count++];
	const char *fault, *remedy;

	role_init(role);
	role->o.dropped = !mirror_parse(b, s, role);
	fault = role->o.dropped ? NULL : role_fault(role, &remedy);
	if (fault)
		role->o.dropped = !mirror_fault(b, &role->o, s->kind, remedy, "%s", fault);
	if (role->o.name && !role->title && !(role->title = strdup(role->o.name)))
		b->no_memory = true;
}

/* True if the entry says, beyond doubt, that the assignment gives. */
static bool certainly_gives(const struct source_object *s)
{
	struct sync_field f;

	return sync_find(sync_object_fields(s->bytes, s->len), SYNC_TAG_ASSIGNMENT_TYPE, &f) == 0 &&
	       ((f.len == 8 && memcmp(f.data, "eligible", 8) == 0) || (f.len == 6 && memcmp(f.data, "active", 6) == 0));
}

static void add_assignment(struct builder *b, const struct source_object *s)
{
	struct assignment *a = &b->d->assignments[b->d->assignment_count++];

	assignment_init(a);
	a->o.dropped = !mirror_parse(b, s, a);
	if (a->o.dropped && !certainly_gives(s))
		b->d->broken_restriction = true;
}

/* Access policies and the like: they restrict, and this version cannot say how. */
static void add_other(struct builder *b, const struct source_object *s)
{
	struct object o = {.id = s->uuid};
	struct sync_field f;

	if (sync_find(sync_object_fields(s->bytes, s->len), SYNC_TAG_DN, &f) == 0)
		o.place = strndup((const char *)f.data, f.len);
	if (sync_find(sync_object_fields(s->bytes, s->len), SYNC_TAG_NAME, &f) == 0)
		o.name = strndup((const char *)f.data, f.len);
	if (o.place)
		(void)mirror_fault(b, &o, s->kind, "remove or disable it; until then the last good policy stays",
				   "it may restrict, and this version does not know it");
	b->d->broken_restriction = true;
	free(o.place);
	free(o.name);
}

static void add_objects(struct builder *b, const struct sources *all)
{
	static void (*const add[OBJECT_KIND_COUNT])(struct builder *, const struct source_object *) = {
		[OBJECT_USER] = add_user, [OBJECT_GROUP] = add_group, [OBJECT_SCOPE] = add_scope, [OBJECT_HOST] = add_host,
		[OBJECT_UNIT] = add_unit, [OBJECT_ROLE] = add_role, [OBJECT_ASSIGNMENT] = add_assignment,
		[OBJECT_OTHER] = add_other,
	};

	for (size_t i = 0; i < all->count && !b->no_memory; i++)
		if (add[all->items[i].kind])
			add[all->items[i].kind](b, &all->items[i]);
}

/* Parents first, as validation wants them. */
static int compare_scopes(const void *a, const void *b)
{
	const struct scope *x = a, *y = b;

	return strcmp(x->o.name ? x->o.name : "", y->o.name ? y->o.name : "");
}

static int compare_gids(const void *a, const void *b)
{
	const gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

	return (x > y) - (x < y);
}

/*
 * RFC 2307 gives every account a gidNumber. Where it is the uidNumber and no group of the directory has it, it is the
 * account's private group.
 */
static int find_private_groups(struct directory *d)
{
	gid_t *gids = calloc(d->group_count + 1, sizeof(*gids));
	size_t count = 0;

	if (!gids)
		return -ENOMEM;
	for (size_t i = 0; i < d->group_count; i++)
		if (!d->groups[i].o.dropped && d->groups[i].gid != NO_ID)
			gids[count++] = d->groups[i].gid;
	qsort(gids, count, sizeof(*gids), compare_gids);
	for (size_t i = 0; i < d->user_count; i++) {
		struct user *u = &d->users[i];

		if (u->gid == u->uid && !bsearch(&u->gid, gids, count, sizeof(*gids), compare_gids))
			u->gid = NO_ID;
	}
	free(gids);
	return 0;
}

static int build(struct builder *b, const struct sources *all)
{
	int r = make_arrays(b->d, all);

	if (r == 0)
		r = mirror_find_shadowed(all->items, all->count, &b->d->shadowed, &b->d->shadowed_count);
	if (r < 0)
		return r;
	b->shadowed = b->d->shadowed;
	b->shadowed_count = b->d->shadowed_count;
	add_objects(b, all);
	if (b->no_memory)
		return -ENOMEM;
	qsort(b->d->scopes, b->d->scope_count, sizeof(*b->d->scopes), compare_scopes);
	if (b->tenant->ldap.derive_ids)
		r = mirror_derive_ids(b);
	return r == 0 ? find_private_groups(b->d) : r;
}

int mirror_build(const struct mirror *m, const struct tenant_config *tenant, struct directory **ret,
		 struct problem_list *problems)
{
	CLEANUP(directory_freep) struct directory *d = NULL;
	struct builder b = {.m = m, .tenant = tenant, .problems = problems};
	struct sources all;
	int r;

	if (mirror_complete_ns(m) == 0)
		return -ENODATA;
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->tenant_id = tenant->id;
	d->in_parts = true;
	b.d = d;
	r = gather(m, &all);
	if (r == 0)
		r = build(&b, &all);
	free(all.items);
	if (r < 0)
		return r;
	*ret = d;
	d = NULL;
	return 0;
}
