/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Compiles what goes from principal to object: held assignments, units, approvers, managers, and the hash tables. */

#include "common/snapshot/policy_compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Lists of all principals, filled in two rounds: count, then put. */
struct lists {
	uint32_t *count; /* of each principal */
	uint32_t *next;	 /* where its next item goes; NULL in the first round */
	struct policy_item *items;
};

static struct policy_principal_record *principals(struct compiler *c)
{
	return (void *)c->sections[POLICY_PRINCIPALS].data;
}

static void lists_put(struct lists *l, uint32_t principal, uint32_t item)
{
	if (l->next)
		l->items[l->next[principal]++].value = item;
	else
		l->count[principal]++;
}

/* The user's position, or POLICY_NONE if it holds no assignment of this type. */
static uint32_t holder_of(const struct compiler *c, const struct assignment *a, uint32_t user)
{
	if (user >= c->d->user_count)
		return POLICY_NONE;
	/* A service principal holds active assignments only. */
	if (a->type == ASSIGNMENT_ELIGIBLE && c->d->users[user].kind == USER_SERVICE)
		return POLICY_NONE;
	return c->principals[user];
}

static uint32_t guest_of(const struct compiler *c, const struct assignment *a)
{
	if (a->guest_index >= c->d->guest_count)
		return POLICY_NONE;
	if (a->type == ASSIGNMENT_ELIGIBLE && c->d->guests[a->guest_index].kind == USER_SERVICE)
		return POLICY_NONE;
	return c->first_guest + a->guest_index;
}

static void walk_assignment(const struct compiler *c, size_t i, struct lists *l)
{
	const struct assignment *a = &c->d->assignments[i];
	if (!a->group) {
		uint32_t holder = a->guest ? guest_of(c, a) : holder_of(c, a, a->user_index);
		if (holder != POLICY_NONE)
			lists_put(l, holder, c->assignments[i]);
		return;
	}
	if (a->group_index >= c->d->group_count || c->d->groups[a->group_index].o.dropped)
		return;
	const struct group *g = &c->d->groups[a->group_index];
	for (size_t k = 0; k < g->closure_count; k++) {
		uint32_t holder = holder_of(c, a, g->closure[k]);
		if (holder != POLICY_NONE)
			lists_put(l, holder, c->assignments[i]);
	}
}

static void walk_held(const struct compiler *c, struct lists *l)
{
	for (size_t i = 0; i < c->d->assignment_count; i++) {
		if (c->assignments[i] != POLICY_NONE)
			walk_assignment(c, i, l);
	}
}

static void walk_memberships(const struct compiler *c, struct lists *l)
{
	for (size_t i = 0; i < c->d->unit_count; i++) {
		const struct unit *u = &c->d->units[i];
		for (size_t k = 0; c->units[i] != POLICY_NONE && u->users.index && k < u->users.count; k++) {
			uint32_t user = u->users.index[k];
			if (user < c->d->user_count && c->principals[user] != POLICY_NONE)
				lists_put(l, c->principals[user], c->units[i]);
		}
	}
}

/* Sets where each principal's list starts; returns the items of all. */
static uint64_t place_lists(struct compiler *c, struct lists *l, bool held)
{
	uint64_t total = 0;
	uint32_t count = compile_count(c, POLICY_PRINCIPALS);
	for (uint32_t i = 0; i < count; i++) {
		struct policy_list list = {(uint32_t)total, l->count[i]};
		l->next[i] = (uint32_t)total;
		total += l->count[i];
		if (held)
			principals(c)[i].held = list;
		else
			principals(c)[i].units = list;
	}
	return total;
}

static int fill_lists(struct compiler *c, struct lists *l, bool held)
{
	uint32_t count = compile_count(c, POLICY_PRINCIPALS);
	void (*walk)(const struct compiler *, struct lists *) = held ? walk_held : walk_memberships;
	l->count = calloc((size_t)count + 1, sizeof(uint32_t));
	if (!l->count)
		return -ENOMEM;
	walk(c, l);
	l->next = calloc((size_t)count + 1, sizeof(uint32_t));
	if (!l->next)
		return -ENOMEM;
	uint64_t total = place_lists(c, l, held);
	if (total >= UINT32_MAX)
		return -EFBIG;
	l->items = calloc(total + 1, sizeof(*l->items));
	if (!l->items)
		return -ENOMEM;
	walk(c, l);
	struct buffer *section = &c->sections[held ? POLICY_HELD : POLICY_MEMBERSHIPS];
	buffer_append(section, l->items, total * sizeof(*l->items));
	return buffer_error(section);
}

static int compile_list(struct compiler *c, bool held)
{
	struct lists l = {0};
	int r = fill_lists(c, &l, held);
	free(l.count);
	free(l.next);
	free(l.items);
	return r;
}

static void mark_users(const struct compiler *c, const uint32_t *users, size_t count, bool *marks)
{
	for (size_t i = 0; users && i < count; i++) {
		if (users[i] < c->d->user_count && c->principals[users[i]] != POLICY_NONE)
			marks[c->principals[users[i]]] = true;
	}
}

static void mark_approvers(const struct compiler *c, const struct activation *a, bool *marks)
{
	mark_users(c, a->approver_users.index, a->approver_users.count, marks);
	for (size_t i = 0; a->approver_groups.index && i < a->approver_groups.count; i++) {
		uint32_t group = a->approver_groups.index[i];
		if (group < c->d->group_count && !c->d->groups[group].o.dropped)
			mark_users(c, c->d->groups[group].closure, c->d->groups[group].closure_count, marks);
	}
}

/* Appends the marked principals to a section of positions, and takes the marks away. */
static struct policy_list append_marked(struct compiler *c, enum policy_section_id section, bool *marks)
{
	uint32_t first = compile_count(c, section), count = compile_count(c, POLICY_PRINCIPALS);
	for (uint32_t i = 0; i < count; i++) {
		const struct policy_item item = {.value = i};
		if (marks[i])
			buffer_append(&c->sections[section], &item, sizeof(item));
		marks[i] = false;
	}
	return (struct policy_list){first, compile_count(c, section) - first};
}

static int compile_approvers(struct compiler *c)
{
	bool *marks = calloc((size_t)compile_count(c, POLICY_PRINCIPALS) + 1, sizeof(*marks));
	struct policy_role_record *records = (void *)c->sections[POLICY_ROLES].data;
	if (!marks)
		return -ENOMEM;
	for (size_t i = 0; i < c->d->role_count; i++) {
		const struct activation *a = &c->d->roles[i].activation;
		if (c->roles[i] == POLICY_NONE || a->approver_users.count + a->approver_groups.count == 0)
			continue;
		mark_approvers(c, a, marks);
		records[c->roles[i]].approvers = append_marked(c, POLICY_APPROVERS, marks);
	}
	free(marks);
	return buffer_error(&c->sections[POLICY_APPROVERS]);
}

static bool assignment_manages(const struct compiler *c, uint32_t position)
{
	const struct policy_assignment_record *a = (const void *)c->sections[POLICY_ASSIGNMENTS].data;
	const struct policy_right_record *rights = (const void *)c->sections[POLICY_RIGHTS].data;
	if (a[position].type == ASSIGNMENT_DENY)
		return false;
	for (uint32_t i = 0; i < a[position].rights.count; i++) {
		if (rights[a[position].rights.first + i].kind >= RIGHT_USER_LOCK)
			return true;
	}
	return false;
}

static int compile_managers(struct compiler *c)
{
	uint32_t count = compile_count(c, POLICY_PRINCIPALS);
	const struct policy_item *held = (const void *)c->sections[POLICY_HELD].data;
	bool *marks = calloc((size_t)count + 1, sizeof(*marks));
	if (!marks)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		struct policy_list list = principals(c)[i].held;
		for (uint32_t k = 0; k < list.count && !marks[i]; k++)
			marks[i] = assignment_manages(c, held[list.first + k].value);
	}
	(void)append_marked(c, POLICY_MANAGERS, marks);
	free(marks);
	return buffer_error(&c->sections[POLICY_MANAGERS]);
}

int compile_lists(struct compiler *c)
{
	int r = compile_list(c, true);
	if (r == 0)
		r = compile_list(c, false);
	if (r == 0)
		r = compile_approvers(c);
	if (r == 0)
		r = compile_managers(c);
	return r;
}
