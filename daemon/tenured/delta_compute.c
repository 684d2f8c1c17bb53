/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the objects that changed to the users and groups that are other than in the base. Whatever does not fit (a member
 * that does not show, a problem, a group that is bound) is -EAGAIN.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/delta_compute.h"

static int compare_offsets(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

size_t delta_unique(uint32_t *list, size_t count)
{
	size_t kept = 0;

	if (count > 1)
		qsort(list, count, sizeof(*list), compare_offsets);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || list[kept - 1] != list[i])
			list[kept++] = list[i];
	return kept;
}

int delta_add_offset(struct computation *c, uint32_t offset)
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
		r = delta_add_offset(c, c->added[i].offset);
	}
	return r;
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
			r = delta_add_offset(c, g->before[i]);
	for (size_t i = 0; r == 0 && i < g->now_count; i++)
		if (!has(g->before, g->before_count, g->now[i]))
			r = delta_add_offset(c, g->now[i]);
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
	int r = delta_user_at(c, u->offset, &u->base);

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
	return delta_parse_user(c, id, ret);
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

	c->offset_count = delta_unique(c->offsets, c->offset_count);
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
		r = delta_parse_group(c, &all->groups[i], g);
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
	c.builder = (struct builder){.m = w->m,
				     .tenant = w->tenant,
				     .problems = &c.problems,
				     .shadowed = d->shadowed,
				     .shadowed_count = d->shadowed_count};
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
