/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is in a group, nesting followed. A seen-set makes cycles harmless (T29); the walk keeps its own stack, so that
 * no depth of nesting reaches the process's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/validation.h"

struct walk {
	struct directory *d;
	uint32_t *group_seen, *user_seen; /* number of the walk that last saw it */
	uint32_t *stack, *found;
	size_t depth, found_count;
	uint32_t number;
};

static void walk_done(struct walk *w)
{
	free(w->group_seen);
	free(w->user_seen);
	free(w->stack);
	free(w->found);
}

static int walk_begin(struct walk *w, struct directory *d)
{
	*w = (struct walk){.d = d};
	w->group_seen = calloc(d->group_count + 1, sizeof(uint32_t));
	w->user_seen = calloc(d->user_count + 1, sizeof(uint32_t));
	w->stack = calloc(d->group_count + 1, sizeof(uint32_t));
	w->found = calloc(d->user_count + 1, sizeof(uint32_t));
	return w->group_seen && w->user_seen && w->stack && w->found ? 0 : -ENOMEM;
}

static void push(struct walk *w, uint32_t group)
{
	if (group == NO_INDEX || w->group_seen[group] == w->number || w->d->groups[group].o.dropped)
		return;
	w->group_seen[group] = w->number;
	w->stack[w->depth++] = group;
}

static void collect(struct walk *w, const struct name_list *members)
{
	for (size_t i = 0; i < members->count; i++) {
		uint32_t user = members->index[i];

		if (user == NO_INDEX || w->user_seen[user] == w->number)
			continue;
		w->user_seen[user] = w->number;
		w->found[w->found_count++] = user;
	}
}

static int compare_indices(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static int fill_closure(struct walk *w, uint32_t i)
{
	struct group *g = &w->d->groups[i];

	w->number = i + 1;
	w->found_count = 0;
	push(w, i);
	while (w->depth > 0) {
		const struct group *at = &w->d->groups[w->stack[--w->depth]];

		collect(w, &at->members);
		for (size_t j = 0; j < at->member_groups.count; j++)
			push(w, at->member_groups.index[j]);
	}
	free(g->closure);
	g->closure = NULL;
	g->closure_count = 0;
	if (w->found_count == 0)
		return 0;
	g->closure = malloc(w->found_count * sizeof(*g->closure));
	if (!g->closure)
		return -ENOMEM;
	memcpy(g->closure, w->found, w->found_count * sizeof(*g->closure));
	g->closure_count = w->found_count;
	qsort(g->closure, g->closure_count, sizeof(*g->closure), compare_indices);
	return 0;
}

/* Depth-first; an edge back to a group that is still open closes a cycle. */
struct cycle_search {
	struct validation *v;
	uint8_t *state; /* NEW, OPEN, CLOSED */
	uint32_t *stack, *next;
	size_t depth;
};

enum { NEW, OPEN, CLOSED };

static void report_cycle(struct validation *v, uint32_t from, uint32_t to)
{
	const struct group *g = &v->d->groups[from];

	problem_add(v->problems, SEVERITY_WARNING, "dir-cycle", g->o.place,
		    "take one of the groups out of member_groups; until then all have the same members",
		    "group %s: member_groups leads back to it through %s", g->o.name, v->d->groups[to].o.name);
}

static void search_from(struct cycle_search *s, uint32_t start)
{
	struct directory *d = s->v->d;

	s->depth = 0;
	s->stack[s->depth++] = start;
	s->state[start] = OPEN;
	while (s->depth > 0) {
		uint32_t at = s->stack[s->depth - 1], to;

		if (s->next[at] == d->groups[at].member_groups.count) {
			s->state[at] = CLOSED;
			s->depth--;
			continue;
		}
		to = d->groups[at].member_groups.index[s->next[at]++];
		if (to == NO_INDEX || s->state[to] == CLOSED)
			continue;
		if (s->state[to] == OPEN) {
			report_cycle(s->v, at, to);
			continue;
		}
		s->state[to] = OPEN;
		s->stack[s->depth++] = to;
	}
}

static int report_cycles(struct validation *v)
{
	struct directory *d = v->d;
	struct cycle_search s = {.v = v};
	int r = 0;

	s.state = calloc(d->group_count + 1, sizeof(*s.state));
	s.stack = calloc(d->group_count + 1, sizeof(*s.stack));
	s.next = calloc(d->group_count + 1, sizeof(*s.next));
	if (!s.state || !s.stack || !s.next)
		r = -ENOMEM;
	for (uint32_t i = 0; i < d->group_count && r == 0; i++)
		if (s.state[i] == NEW && !d->groups[i].o.dropped)
			search_from(&s, i);
	free(s.state);
	free(s.stack);
	free(s.next);
	return r;
}

int validate_closure(struct validation *v)
{
	struct walk w;
	int r = walk_begin(&w, v->d);

	for (uint32_t i = 0; i < v->d->group_count && r == 0; i++)
		if (!v->d->groups[i].o.dropped)
			r = fill_closure(&w, i);
	walk_done(&w);
	return r == 0 ? report_cycles(v) : r;
}
