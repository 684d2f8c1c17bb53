/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the objects that changed to the users and groups that are other than in the base. Whatever does not fit (a member
 * that does not show, a problem, a group that is bound) is -EAGAIN.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/model/validate.h"
#include "common/snapshot/identity_format.h"
#include "daemon/tenured/delta.h"
#include "common/mirror/mirror_build.h"

struct parsed_user {
	struct user *user;
	uint32_t offset;
	char *login; /* of somebody who is not in the base */
	bool taken;
	struct source_object source;
};

struct computation {
	const struct delta *d;
	const struct delta_base *base;
	const struct delta_where *w;
	const struct tenant_config *tenant;
	const struct mirror *m;
	struct parsed_user *added; /* who are not in the base, in the order of a directory */
	size_t added_count;
	struct problem_list problems;
	struct builder builder;
	struct delta_set *set;
	uint32_t *offsets; /* of users who are or may be other; each may stand in it more than once */
	size_t offset_count, offset_size;
};

static int compare_offsets(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static size_t unique(uint32_t *list, size_t count)
{
	size_t kept = 0;

	if (count > 1)
		qsort(list, count, sizeof(*list), compare_offsets);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || list[kept - 1] != list[i])
			list[kept++] = list[i];
	return kept;
}

static int add_offset(struct computation *c, uint32_t offset)
{
	if (c->offset_count == c->offset_size) {
		const size_t size = c->offset_size ? 2 * c->offset_size : 64;
		uint32_t *grown = reallocarray(c->offsets, size, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		c->offsets = grown;
		c->offset_size = size;
	}
	c->offsets[c->offset_count++] = offset;
	return 0;
}

/* name, or name@domain. */
static int shown_name(const struct computation *c, const char *name, char ret[static IDENTITY_LOGIN_MAX + 1])
{
	const int n = c->tenant->home ? snprintf(ret, IDENTITY_LOGIN_MAX + 1, "%s", name)
				      : snprintf(ret, IDENTITY_LOGIN_MAX + 1, "%s@%s", name,
						 c->tenant->domain_count ? c->tenant->domains[0] : "");

	return n < 0 || n > IDENTITY_LOGIN_MAX ? -EAGAIN : 0;
}

/* Somebody of the base. 0, -ENOENT, -EAGAIN. */
static int find_user(const struct computation *c, const char *name, struct identity_user *ret)
{
	char login[IDENTITY_LOGIN_MAX + 1];
	int r = name ? shown_name(c, name, login) : -EAGAIN;

	return r == 0 ? identity_user_by_name(c->base->identity, login, ret) : r;
}

/* Somebody of the base, or new. */
static int find_offset(const struct computation *c, const char *name, uint32_t *ret)
{
	struct identity_user u;
	int r = find_user(c, name, &u);

	if (r == 0)
		*ret = identity_user_offset(c->base->identity, &u);
	for (size_t i = 0; r == -ENOENT && i < c->added_count; i++)
		if (strcmp(c->added[i].user->o.name, name) == 0) {
			*ret = c->added[i].offset;
			return 0;
		}
	return r == -ENOENT ? -EAGAIN : r;
}

/* As the record shows; of somebody new, what is known before his record is made. */
static int user_at(const struct computation *c, uint32_t offset, struct identity_user *ret)
{
	const struct parsed_user *p = &c->added[offset & ~DELTA_ADDED];

	if (!(offset & DELTA_ADDED))
		return identity_user_by_offset(c->base->identity, offset, ret);
	*ret = (struct identity_user){
		.name = p->login,
		.name_len = strlen(p->login),
		.uid = p->user->uid,
		.gid = p->user->gid == NO_ID ? p->user->uid : p->user->gid,
		.principal = p->user->o.id,
	};
	identity_home(c->base->identity, ret);
	return 0;
}

/* --- what was changed, parsed --- */

static int source_of(const struct computation *c, const struct uuid *id, struct source_object *ret)
{
	size_t len;
	const void *object = mirror_by_uuid(c->m, id, &len);

	return object && mirror_source(object, len, ret) == 0 ? 0 : -EAGAIN;
}

/* 0: it is as sound as it is to be. */
static int verdict(const struct computation *c, bool parsed)
{
	return c->builder.no_memory ? -ENOMEM : parsed && c->problems.count == 0 ? 0 : -EAGAIN;
}

static int add_new(struct computation *c, struct parsed_user *p)
{
	char login[IDENTITY_LOGIN_MAX + 1];
	int r = shown_name(c, p->user->o.name, login);

	if (r == 0)
		r = delta_check_added(c->d, c->base, c->w, p->user, login);
	if (r < 0)
		return r;
	p->login = strdup(login);
	return p->login ? 0 : -ENOMEM;
}

static int parse_user(struct computation *c, const struct uuid *id, struct parsed_user *p)
{
	struct identity_user shown;
	int r = source_of(c, id, &p->source);

	if (r == 0)
		r = p->source.kind == OBJECT_USER ? verdict(c, mirror_parse(&c->builder, &p->source, p->user)) : -EAGAIN;
	if (r == 0)
		r = user_validate(p->user, c->tenant, &c->problems);
	if (r == 0)
		r = verdict(c, !p->user->o.dropped);
	if (r == 0)
		r = find_user(c, p->user->o.name, &shown);
	if (r == -ENOENT)
		return add_new(c, p);
	if (r < 0)
		return r;
	if (!uuid_equal(&shown.principal, &p->user->o.id))
		return -EAGAIN;
	p->offset = identity_user_offset(c->base->identity, &shown);
	return add_offset(c, p->offset);
}

/* Those of the base first, then who is new: in the order of a directory. */
static int compare_parsed(const void *a, const void *b)
{
	const struct parsed_user *x = a, *y = b;

	if (!x->login || !y->login)
		return (x->login != NULL) - (y->login != NULL);
	return mirror_compare_sources(&x->source, &y->source);
}

/* No two of them are one. */
static bool are_distinct(const struct user *a, const struct user *b)
{
	return strcmp(a->o.name, b->o.name) != 0 && a->uid != b->uid && !uuid_equal(&a->o.id, &b->o.id);
}

static int number_new(struct computation *c, struct parsed_user *parsed, size_t count)
{
	size_t first = count;
	int r = 0;

	if (count > 1)
		qsort(parsed, count, sizeof(*parsed), compare_parsed);
	while (first > 0 && parsed[first - 1].login)
		first--;
	c->added = parsed + first;
	c->added_count = count - first;
	for (size_t i = 0; r == 0 && i < c->added_count; i++) {
		for (size_t k = 0; k < i; k++)
			if (!are_distinct(c->added[i].user, c->added[k].user))
				return -EAGAIN;
		c->added[i].offset = DELTA_ADDED | (uint32_t)i;
		r = add_offset(c, c->added[i].offset);
	}
	return r;
}

static int members_before(const struct computation *c, struct delta_group *g)
{
	const char *name = g->base.members;

	g->before = calloc(g->base.member_count + 1, sizeof(*g->before));
	if (!g->before)
		return -ENOMEM;
	for (; g->before_count < g->base.member_count; g->before_count++) {
		struct identity_user u;
		size_t len;
		int r = 0;

		if (g->base.member_users)
			r = identity_member(c->base->identity, &g->base, g->before_count, &name, &len);
		if (r == 0)
			r = identity_user_by_name(c->base->identity, name, &u);
		if (r < 0)
			return -EAGAIN;
		g->before[g->before_count] = identity_user_offset(c->base->identity, &u);
		if (!g->base.member_users)
			name += g->base.member_lengths[g->before_count];
	}
	g->before_count = unique(g->before, g->before_count);
	return 0;
}

static int members_now(const struct computation *c, struct delta_group *g)
{
	const struct name_list *members = &g->parsed.members;

	g->now = calloc(members->count + 1, sizeof(*g->now));
	if (!g->now)
		return -ENOMEM;
	for (; g->now_count < members->count; g->now_count++) {
		int r = find_offset(c, members->names[g->now_count], &g->now[g->now_count]);

		if (r < 0)
			return r;
	}
	g->now_count = unique(g->now, g->now_count);
	return 0;
}

static int find_group(const struct computation *c, struct delta_group *g)
{
	char name[IDENTITY_LOGIN_MAX + 1];
	int r = shown_name(c, g->parsed.o.name, name);

	if (r == 0)
		r = identity_group_by_name(c->base->identity, name, &g->base);
	if (r < 0 || (!g->base.member_users && !g->base.member_lengths))
		return -EAGAIN;
	g->offset = identity_group_offset(c->base->identity, &g->base);
	return g->parsed.gid == NO_ID || g->parsed.gid == g->base.gid ? 0 : -EAGAIN;
}

/* Members in the order of their records, which is the one of a whole publication. */
static int list_names(const struct computation *c, struct delta_group *g)
{
	struct identity_user u;
	size_t at = 0;

	for (size_t i = 0; i < g->now_count; i++) {
		if (user_at(c, g->now[i], &u) < 0)
			return -EAGAIN;
		g->names_len += u.name_len + 1;
	}
	g->names = malloc(g->names_len + 1);
	g->lengths = malloc(g->now_count + 1);
	if (!g->names || !g->lengths)
		return -ENOMEM;
	for (size_t i = 0; i < g->now_count; i++) {
		if (user_at(c, g->now[i], &u) < 0)
			return -EAGAIN;
		memcpy(g->names + at, u.name, u.name_len + 1);
		g->lengths[i] = (uint8_t)(u.name_len + 1);
		at += u.name_len + 1;
	}
	return 0;
}

static int parse_group(struct computation *c, const struct uuid *id, struct delta_group *g)
{
	struct source_object s;
	int r = source_of(c, id, &s);

	if (r == 0)
		r = s.kind == OBJECT_GROUP ? verdict(c, mirror_parse(&c->builder, &s, &g->parsed)) : -EAGAIN;
	if (r == 0 && (g->parsed.member_groups.count > 0 || delta_is_bound(c->d, g->parsed.o.name)))
		r = -EAGAIN;
	if (r == 0)
		r = find_group(c, g);
	if (r == 0)
		r = members_before(c, g);
	if (r == 0)
		r = members_now(c, g);
	return r < 0 ? r : list_names(c, g);
}

static bool has(const uint32_t *list, size_t count, uint32_t offset)
{
	return count > 0 && bsearch(&offset, list, count, sizeof(*list), compare_offsets);
}

static int add_differences(struct computation *c, const struct delta_group *g)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->before_count; i++)
		if (!has(g->now, g->now_count, g->before[i]))
			r = add_offset(c, g->before[i]);
	for (size_t i = 0; r == 0 && i < g->now_count; i++)
		if (!has(g->before, g->before_count, g->now[i]))
			r = add_offset(c, g->now[i]);
	c->set->weight += g->before_count + g->now_count;
	return r;
}

/* --- users --- */

/* The home that most have is not written down: NULL. */
static const char *home_of(const struct identity_user *base, const struct user *u)
{
	const size_t prefix = base->home_prefix_len;

	if (strncmp(u->home, base->home_prefix, prefix) == 0 && strlen(u->home) == prefix + base->short_len &&
	    memcmp(u->home + prefix, base->name, base->short_len) == 0)
		return NULL;
	return u->home;
}

static size_t put(char *strings, size_t at, const char *text)
{
	memcpy(strings + at, text, strlen(text) + 1);
	return at + strlen(text) + 1;
}

static int make_strings(struct delta_user *u)
{
	const char *home = home_of(&u->base, u->now);
	const size_t len = u->base.name_len + 1 + 2 + strlen(u->now->gecos) + 1 + strlen(u->now->shell) + 1 +
			   (home ? strlen(home) + 1 : 0);
	size_t at;

	u->strings = malloc(len);
	if (!u->strings)
		return -ENOMEM;
	at = put(u->strings, 0, u->base.name);
	at = put(u->strings, at, "*");
	u->record.gecos = u->strings + at;
	at = put(u->strings, at, u->now->gecos);
	u->record.shell = u->strings + at;
	at = put(u->strings, at, u->now->shell);
	u->record.home = home ? u->strings + at : NULL;
	if (home)
		at = put(u->strings, at, home);
	u->record.name = u->record.strings = u->strings;
	u->record.strings_len = at;
	return 0;
}

static bool differs(const struct identity_user *a, const struct identity_user *b)
{
	return a->strings_len != b->strings_len || memcmp(a->strings, b->strings, a->strings_len) != 0 ||
	       a->gid_count != b->gid_count || memcmp(a->gids, b->gids, a->gid_count * sizeof(*a->gids)) != 0;
}

struct key_walk {
	const struct user *user;
	size_t at;
};

/* 1: another line than the user's next. */
static int key_differs(void *context, const char *line)
{
	struct key_walk *w = context;

	if (w->at == w->user->ssh_key_count || strcmp(w->user->ssh_keys[w->at], line) != 0)
		return 1;
	w->at++;
	return 0;
}

static int compare_keys(const struct computation *c, struct delta_user *u)
{
	struct key_walk w = {.user = u->now};
	int r = keys_from(&c->base->keys, u->now->o.name, NULL, key_differs, &w);

	if (r < 0 && r != -ENOENT)
		return r;
	u->other_keys = r == 1 || w.at != (u->now->enabled ? u->now->ssh_key_count : 0);
	return 0;
}

static int compute_user(const struct computation *c, struct delta_user *u)
{
	int r = user_at(c, u->offset, &u->base);

	u->record = u->base;
	if (r == 0)
		r = delta_gids(c->set, u);
	if (r == 0 && u->now)
		r = make_strings(u);
	if (r < 0)
		return r;
	u->record.gids = u->gids;
	u->record.gid_count = u->gid_count;
	u->other_identity = u->login || differs(&u->record, &u->base);
	r = u->login ? delta_policy_added(c->base, c->set, u) : delta_policy(c->base, c->set, u);
	return r == 0 && u->now ? compare_keys(c, u) : r;
}

/* --- all of it --- */

static int parse_one(struct computation *c, const struct uuid *id, struct parsed_user *ret)
{
	ret->user = calloc(1, sizeof(*ret->user));
	if (!ret->user)
		return -ENOMEM;
	user_init(ret->user);
	return parse_user(c, id, ret);
}

static void free_user(struct user *u)
{
	if (u)
		user_done(u);
	free(u);
}

static int compute_users(struct computation *c, struct parsed_user *parsed, size_t parsed_count)
{
	struct delta_set *s = c->set;
	int r = 0;

	c->offset_count = unique(c->offsets, c->offset_count);
	s->weight += c->offset_count;
	s->users = calloc(c->offset_count + 1, sizeof(*s->users));
	if (!s->users)
		return -ENOMEM;
	for (; s->user_count < c->offset_count; s->user_count++)
		s->users[s->user_count].offset = c->offsets[s->user_count];
	for (size_t i = 0; i < parsed_count; i++) {
		const uint32_t *at = bsearch(&parsed[i].offset, c->offsets, c->offset_count, sizeof(*at), compare_offsets);
		struct delta_user *u = at ? &s->users[at - c->offsets] : NULL;

		if (!u || u->now)
			return -EAGAIN; /* two objects are one user */
		u->now = parsed[i].user;
		u->login = parsed[i].login;
		parsed[i].taken = true; /* the set's by now */
	}
	for (size_t i = 0; r == 0 && i < s->user_count; i++)
		r = compute_user(c, &s->users[i]);
	return r;
}

static int gather(const struct delta_objects *const *changed, size_t changed_count, struct delta_objects *ret)
{
	for (size_t i = 0; i < changed_count; i++) {
		for (size_t k = 0; k < changed[i]->user_count; k++)
			if (!delta_objects_add(&ret->users, &ret->user_count, &changed[i]->users[k]))
				return -ENOMEM;
		for (size_t k = 0; k < changed[i]->group_count; k++)
			if (!delta_objects_add(&ret->groups, &ret->group_count, &changed[i]->groups[k]))
				return -ENOMEM;
	}
	return 0;
}

static int compute(struct computation *c, const struct delta_objects *all, struct parsed_user *parsed)
{
	struct delta_set *s = c->set;
	int r = 0;

	s->groups = calloc(all->group_count + 1, sizeof(*s->groups));
	if (!s->groups)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < all->user_count; i++)
		r = parse_one(c, &all->users[i], &parsed[i]);
	if (r == 0)
		r = number_new(c, parsed, all->user_count);
	for (size_t i = 0; r == 0 && i < all->group_count; i++) {
		struct delta_group *g = &s->groups[s->group_count++];

		group_init(&g->parsed);
		r = parse_group(c, &all->groups[i], g);
		if (r == 0)
			r = add_differences(c, g);
	}
	return r < 0 ? r : compute_users(c, parsed, all->user_count);
}

int delta_compute(const struct delta *d, const struct delta_base *base, const struct delta_objects *const *changed,
		  size_t changed_count, const struct delta_where *w, struct delta_set *ret)
{
	struct computation c = {.d = d, .base = base, .w = w, .tenant = w->tenant, .m = w->m, .set = ret};
	struct delta_objects all = {0};
	struct parsed_user *parsed;
	int r;

	*ret = (struct delta_set){0};
	c.builder = (struct builder){.m = w->m, .tenant = w->tenant, .problems = &c.problems};
	r = gather(changed, changed_count, &all);
	parsed = calloc(all.user_count + 1, sizeof(*parsed));
	if (r == 0)
		r = parsed ? compute(&c, &all, parsed) : -ENOMEM;
	for (size_t i = 0; parsed && i < all.user_count; i++)
		if (!parsed[i].taken) {
			free_user(parsed[i].user);
			free(parsed[i].login);
		}
	free(parsed);
	delta_objects_done(&all);
	problem_list_done(&c.problems);
	free(c.offsets);
	if (r < 0)
		delta_set_done(ret);
	return r == 0 || r == -ENOMEM ? r : -EAGAIN;
}

void delta_set_done(struct delta_set *s)
{
	for (size_t i = 0; i < s->user_count; i++) {
		free_user(s->users[i].now);
		free(s->users[i].gids);
		free(s->users[i].strings);
		free(s->users[i].login);
		free(s->users[i].held);
	}
	for (size_t i = 0; i < s->group_count; i++) {
		group_done(&s->groups[i].parsed);
		free(s->groups[i].before);
		free(s->groups[i].now);
		free(s->groups[i].lengths);
		free(s->groups[i].names);
	}
	free(s->users);
	free(s->groups);
	*s = (struct delta_set){0};
}
