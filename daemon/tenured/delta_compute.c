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

static bool has(const uint32_t *list, size_t count, uint32_t offset)
{
	return count > 0 && bsearch(&offset, list, count, sizeof(*list), compare_offsets);
}

/* Of one that has another gid, all of them. */
static int add_differences(struct computation *c, const struct delta_group *g)
{
	const bool renumbered = !g->gone && !g->added && g->gid != g->base.gid;
	int r = 0;

	for (size_t i = 0; r == 0 && i < g->before_count; i++)
		if (renumbered || !has(g->now, g->now_count, g->before[i]))
			r = delta_add_offset(c, g->before[i]);
	for (size_t i = 0; r == 0 && i < g->now_count; i++)
		if (!has(g->before, g->before_count, g->now[i]))
			r = delta_add_offset(c, g->now[i]);
	c->set->weight += g->before_count + g->now_count;
	return r;
}

/* --- users --- */

/* The home that most have is not written down: NULL. */
static const char *home_of(const struct identity_user *who, const struct user *u)
{
	const size_t prefix = who->home_prefix_len;

	if (strncmp(u->home, who->home_prefix, prefix) == 0 && strlen(u->home) == prefix + who->short_len &&
	    memcmp(u->home + prefix, who->name, who->short_len) == 0)
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

/* Of somebody else the base may have keys under the name that is his now. */
static int compare_keys(const struct computation *c, struct delta_user *u)
{
	struct key_walk w = {.user = u->now};
	int r = keys_from(&c->base->keys, u->now->o.name, NULL, key_differs, &w);

	if (r < 0 && r != -ENOENT)
		return r;
	u->other_keys = r == 1 || (u->login && r == 0) || w.at != (u->now->enabled ? u->now->ssh_key_count : 0);
	return 0;
}

static int ignore_key(void *context, const char *line)
{
	(void)context;
	(void)line;
	return 0;
}

static int compute_left(const struct computation *c, struct delta_user *u)
{
	int r = u->left ? keys_from(&c->base->keys, u->left, NULL, ignore_key, NULL) : -ENOENT;

	u->left_keys = r == 0;
	return r == -ENOENT ? 0 : r;
}

static int compute_user(const struct computation *c, struct delta_user *u)
{
	int r = delta_user_at(c, u->offset, &u->base);

	u->record = u->base;
	if (r == 0)
		r = compute_left(c, u);
	if (r == 0 && u->gone) {
		u->other_identity = true;
		return delta_policy(c->base, c->set, u);
	}
	if (r == 0)
		r = delta_gids(c->set, u);
	if (r == 0 && u->now)
		r = make_strings(u);
	if (r < 0)
		return r;
	u->record.gids = u->gids;
	u->record.gid_count = u->gid_count;
	u->other_identity = u->fresh || differs(&u->record, &u->base);
	r = u->added ? delta_policy_added(c->base, c->set, u) : delta_policy(c->base, c->set, u);
	return r == 0 && u->now ? compare_keys(c, u) : r;
}

/* --- all of it --- */

static void free_group(struct delta_group *g)
{
	group_done(&g->parsed);
	free(g->login);
	free(g->before);
	free(g->now);
	free(g->lengths);
	free(g->names);
	*g = (struct delta_group){.gone = true};
}

static void free_user(struct user *u)
{
	if (u)
		user_done(u);
	free(u);
}

/* What was parsed becomes the set's. */
static int take_parsed(struct parsed_user *p, struct delta_user *u)
{
	const bool left = p->in_base && (!p->user || p->renamed);

	u->left = left ? strdup(p->base_name) : NULL;
	if (left && !u->left)
		return -ENOMEM;
	u->gone = !p->user;
	u->added = !p->in_base;
	u->fresh = !p->in_base || p->renamed || p->moved || p->renumbered || p->regrouped;
	if (u->added || p->renamed) {
		u->login = p->login ? strdup(p->login) : NULL;
		if (p->login && !u->login)
			return -ENOMEM;
	}
	u->now = p->user;
	return 0;
}

static int compute_users(struct computation *c)
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
	for (size_t i = 0; r == 0 && i < s->user_count; i++) {
		struct parsed_user *p = delta_parsed_at(c, s->users[i].offset);

		r = p ? take_parsed(p, &s->users[i]) : 0;
		if (r == 0)
			r = compute_user(c, &s->users[i]);
	}
	return r;
}

static int gather(const struct delta_objects *const *changed, size_t changed_count, struct delta_objects *ret)
{
	for (size_t i = 0; i < changed_count; i++) {
		for (size_t k = 0; k < changed[i]->user_count; k++)
			if (!delta_objects_add_user(ret, &changed[i]->users[k]))
				return -EAGAIN;
		for (size_t k = 0; k < changed[i]->group_count; k++)
			if (!delta_objects_add_group(ret, &changed[i]->groups[k]))
				return -EAGAIN;
		for (size_t k = 0; k < changed[i]->assignment_count; k++)
			if (!delta_objects_add_assignment(ret, &changed[i]->assignments[k]))
				return -EAGAIN;
	}
	return 0;
}

static int parse_users(struct computation *c, const struct delta_objects *all)
{
	int r = 0;

	c->parsed = calloc(all->user_count + 1, sizeof(*c->parsed));
	if (!c->parsed)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < all->user_count; i++) {
		bool nobody = false;

		c->parsed[c->parsed_count] = (struct parsed_user){.user = NULL};
		r = delta_parse_user(c, &all->users[i], &c->parsed[c->parsed_count], &nobody);
		c->parsed_count += r < 0 || !nobody;
	}
	return r == 0 ? delta_order_users(c) : r;
}

bool delta_has_changed_group(const struct computation *c, const struct uuid *entry)
{
	for (size_t i = 0; i < c->changed_count; i++)
		for (size_t k = 0; k < c->changed[i]->group_count; k++)
			if (uuid_equal(&c->changed[i]->groups[k], entry))
				return true;
	return false;
}

static int parse_groups(struct computation *c, const struct delta_objects *all)
{
	struct delta_set *s = c->set;
	int r = 0;

	for (size_t i = 0; r == 0 && i < all->group_count; i++) {
		struct delta_group *g = &s->groups[s->group_count++];
		bool nothing = false;

		group_init(&g->parsed);
		g->entry = all->groups[i];
		r = delta_parse_group(c, &all->groups[i], g, &nothing);
		if (r == 0 && nothing)
			free_group(&s->groups[--s->group_count]);
		else if (r == 0)
			r = add_differences(c, g);
	}
	return r;
}

static int compute(struct computation *c, struct delta_objects *all)
{
	struct delta_set *s = c->set;
	int r = parse_users(c, all);

	if (r == 0)
		r = delta_check_users(c);
	if (r == 0)
		r = delta_parse_assignments(c, all);
	if (r == 0)
		r = delta_add_groups(c, all);
	if (r == 0)
		r = delta_add_above(c, all);
	s->groups = calloc(all->group_count + 1, sizeof(*s->groups));
	if (r == 0 && !s->groups)
		r = -ENOMEM;
	if (r == 0)
		r = parse_groups(c, all);
	if (r == 0)
		r = delta_check_groups(c);
	if (r == 0)
		r = delta_add_holders(c);
	return r < 0 ? r : compute_users(c);
}

/* Users that were parsed are the set's, where it has them. */
static void computation_done(struct computation *c)
{
	for (size_t i = 0; c->parsed && i < c->parsed_count; i++) {
		bool taken = false;

		for (size_t k = 0; !taken && c->parsed[i].user && k < c->set->user_count; k++)
			taken = c->set->users[k].now == c->parsed[i].user;
		if (!taken)
			free_user(c->parsed[i].user);
		free(c->parsed[i].login);
	}
	free(c->parsed);
	free(c->named);
	problem_list_done(&c->problems);
	free(c->offsets);
}

int delta_compute(const struct delta *d, const struct delta_base *base, const struct delta_objects *const *changed,
		  size_t changed_count, const struct delta_where *w, struct delta_set *ret)
{
	struct computation c = {.d = d, .base = base, .w = w, .tenant = w->tenant, .m = w->m, .set = ret,
				.changed = changed, .changed_count = changed_count};
	struct delta_objects all = {0};
	int r;

	*ret = (struct delta_set){0};
	c.builder = (struct builder){.m = w->m,
				     .tenant = w->tenant,
				     .problems = &c.problems,
				     .shadowed = d->shadowed,
				     .shadowed_count = d->shadowed_count};
	r = gather(changed, changed_count, &all);
	if (r == 0)
		r = compute(&c, &all);
	computation_done(&c);
	delta_objects_done(&all);
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
		free(s->users[i].left);
		free(s->users[i].held);
	}
	for (size_t i = 0; i < s->group_count; i++)
		free_group(&s->groups[i]);
	for (size_t i = 0; i < s->assigned_count; i++)
		assignment_done(&s->assigned[i].parsed);
	free(s->assigned);
	free(s->users);
	free(s->groups);
	problem_list_done(&s->problems);
	*s = (struct delta_set){0};
}
