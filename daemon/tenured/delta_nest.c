/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Groups in groups: who is in one is in all that it is in. Which those were the bases know; of groups that changed since, all
 * are looked at anew, so that what came to be nested since is found from above.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/delta_compute.h"

/* So many groups below one, itself counted. */
#define BELOW_MAX 1024u

static size_t first_above(const struct delta *d, const struct uuid *below)
{
	size_t low = 0, high = d->nesting_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (memcmp(&d->nestings[middle].below, below, sizeof(*below)) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int delta_add_above(const struct computation *c, struct delta_objects *all)
{
	for (size_t i = 0; i < all->group_count; i++) {
		const struct uuid below = all->groups[i];

		for (size_t k = first_above(c->d, &below);
		     k < c->d->nesting_count && uuid_equal(&c->d->nestings[k].below, &below); k++) {
			if (all->group_count >= BELOW_MAX)
				return -EAGAIN;
			if (!delta_objects_add_group(all, &c->d->nestings[k].above))
				return -ENOMEM;
		}
	}
	return 0;
}

struct walk {
	struct computation *c;
	struct uuid *seen; /* the first is the group itself; those behind `next` wait */
	size_t seen_count, next;
};

static int push(struct walk *w, const struct uuid *entry)
{
	for (size_t i = 0; i < w->seen_count; i++)
		if (uuid_equal(&w->seen[i], entry))
			return i == 0 ? -EAGAIN : 0; /* it is in itself: a problem, to be said */
	if (w->seen_count == BELOW_MAX)
		return -EAGAIN;
	w->seen[w->seen_count++] = *entry;
	return 0;
}

/* Groups that the entry has in it. Whatever else it names by DN stands among the members. */
static int push_below(struct walk *w, const struct source_object *s)
{
	struct sync_cursor fields = sync_object_fields(s->bytes, s->len);
	struct sync_field f;
	int r = 0;

	while (r == 0 && sync_next(&fields, &f) > 0) {
		struct source_object below;
		struct uuid entry;
		char *dn = NULL;

		if (f.tag != SYNC_TAG_MEMBER || sync_field_text(&f, &dn) < 0)
			continue;
		if (delta_entry_of(w->c->m, dn, &entry) && delta_source_of(w->c, &entry, &below) == 0 &&
		    below.kind == OBJECT_GROUP)
			r = mirror_is_shadowed(&w->c->builder, &entry) ? -EAGAIN : push(w, &entry);
		free(dn);
	}
	return r;
}

/* Members of one below, who are in the group by it. What leads nowhere there is said where that one is looked at. */
static int collect(struct walk *w, const struct name_list *members, struct delta_group *g)
{
	uint32_t *grown = reallocarray(g->now, g->now_count + members->count + 1, sizeof(*grown));
	int r = 0;

	if (!grown)
		return -ENOMEM;
	g->now = grown;
	for (size_t i = 0; r == 0 && i < members->count; i++) {
		r = delta_find_user(w->c, members->names[i], &g->now[g->now_count]);
		if (r == 0)
			g->now_count++;
		else if (r == -ENOENT)
			r = delta_is_nobody(w->c, members->names[i]) ? 0 : -EAGAIN;
	}
	return r;
}

static int walk_one(struct walk *w, const struct uuid *entry, struct delta_group *g)
{
	struct source_object s;
	struct group below;
	int r = delta_source_of(w->c, entry, &s);

	group_init(&below);
	if (r == 0)
		r = delta_verdict(w->c, mirror_parse(&w->c->builder, &s, &below));
	if (r == 0 && delta_is_odd_id(w->c->d, &below.o.id))
		r = -EAGAIN; /* it was left out */
	if (r == 0)
		r = collect(w, &below.members, g);
	if (r == 0)
		r = push_below(w, &s);
	group_done(&below);
	return r;
}

int delta_members_below(struct computation *c, struct delta_group *g)
{
	struct walk w = {.c = c};
	struct source_object s;
	int r = g->parsed.member_groups.count > 0 ? delta_source_of(c, &g->entry, &s) : 0;

	if (r < 0 || g->parsed.member_groups.count == 0)
		return r;
	w.seen = calloc(BELOW_MAX, sizeof(*w.seen));
	if (!w.seen)
		return -ENOMEM;
	r = push(&w, &g->entry);
	if (r == 0)
		r = push_below(&w, &s);
	for (w.next = 1; r == 0 && w.next < w.seen_count; w.next++)
		r = walk_one(&w, &w.seen[w.next], g);
	free(w.seen);
	return r;
}
