/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which groups are bound: who is in them decides more than the groups of its members and what is assigned through them.
 * Groups whose members approve, or manage others; that stand in units; of which a member leads nowhere or does not show here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/snapshot/identity_format.h"
#include "daemon/tenured/delta.h"

static void bind_list(const struct directory *d, const struct name_list *groups, bool *marks)
{
	for (size_t i = 0; groups->index && i < groups->count; i++)
		if (groups->index[i] < d->group_count)
			marks[groups->index[i]] = true;
}

static bool manages(const struct right *rights, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (rights[i].kind >= RIGHT_USER_LOCK)
			return true;
	return false;
}

static void bind_assignment(const struct directory *d, const struct assignment *a, bool *marks)
{
	const struct role *role = a->role_index < d->role_count ? &d->roles[a->role_index] : NULL;

	if (a->group_index >= d->group_count)
		return;
	if (a->o.dropped || (role && manages(role->actions, role->action_count)) || manages(a->actions, a->action_count))
		marks[a->group_index] = true;
}

/* As NSS shows it, or NULL where it does not. */
static bool shown_group(const struct delta *d, const struct tenant_config *tenant, const struct group *g,
			struct identity_group *ret)
{
	char name[IDENTITY_LOGIN_MAX + NAME_LENGTH_MAX + 2];
	size_t len = strlen(g->o.name);

	if (len > NAME_LENGTH_MAX || tenant->domain_count == 0 || strlen(tenant->domains[0]) > IDENTITY_LOGIN_MAX)
		return false;
	memcpy(name, g->o.name, len + 1);
	if (!tenant->home) {
		name[len] = '@';
		memcpy(name + len + 1, tenant->domains[0], strlen(tenant->domains[0]) + 1);
	}
	return identity_group_by_name(d->base.identity, name, ret) == 0 && ret->gid == g->gid &&
	       (ret->member_users || ret->member_lengths);
}

static bool is_bound(const struct delta *d, const struct tenant_config *tenant, const struct group *g)
{
	struct identity_group shown;

	if (!shown_group(d, tenant, g, &shown) || shown.member_count != g->closure_count)
		return true;
	for (size_t i = 0; i < g->members.count; i++)
		if (!g->members.index || g->members.index[i] == NO_INDEX)
			return true;
	return false;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

static void add_ids(struct delta *delta, const void *objects, size_t stride, size_t count)
{
	const char *at = objects;

	for (size_t i = 0; i < count; i++, at += stride)
		delta->ids[delta->id_count++] = ((const struct object *)(const void *)at)->id;
}

static int list_ids(struct delta *delta, const struct directory *d)
{
	delta->ids = calloc(d->group_count + d->scope_count + d->host_count + d->unit_count + d->role_count +
				    d->assignment_count + 1,
			    sizeof(*delta->ids));
	if (!delta->ids)
		return -ENOMEM;
	add_ids(delta, d->groups, sizeof(*d->groups), d->group_count);
	add_ids(delta, d->scopes, sizeof(*d->scopes), d->scope_count);
	add_ids(delta, d->hosts, sizeof(*d->hosts), d->host_count);
	add_ids(delta, d->units, sizeof(*d->units), d->unit_count);
	add_ids(delta, d->roles, sizeof(*d->roles), d->role_count);
	add_ids(delta, d->assignments, sizeof(*d->assignments), d->assignment_count);
	if (delta->id_count > 1)
		qsort(delta->ids, delta->id_count, sizeof(*delta->ids), compare_ids);
	return 0;
}

static int keep_shadowed(struct delta *delta, const struct directory *d)
{
	if (d->shadowed_count == 0)
		return 0;
	delta->shadowed = malloc(d->shadowed_count * sizeof(*delta->shadowed));
	if (!delta->shadowed)
		return -ENOMEM;
	memcpy(delta->shadowed, d->shadowed, d->shadowed_count * sizeof(*delta->shadowed));
	delta->shadowed_count = d->shadowed_count;
	return 0;
}

static void mark(const struct delta *delta, const struct tenant_config *tenant, const struct directory *d, bool *marks)
{
	for (size_t i = 0; i < d->group_count; i++)
		marks[i] = d->groups[i].o.dropped || is_bound(delta, tenant, &d->groups[i]);
	for (size_t i = 0; i < d->unit_count; i++)
		bind_list(d, &d->units[i].groups, marks);
	for (size_t i = 0; i < d->role_count; i++)
		bind_list(d, &d->roles[i].activation.approver_groups, marks);
	for (size_t i = 0; i < d->assignment_count; i++)
		bind_assignment(d, &d->assignments[i], marks);
}

/* --- groups that show --- */

static int compare_shown(const void *a, const void *b)
{
	const struct delta_shown *x = a, *y = b;

	return (x->gid > y->gid) - (x->gid < y->gid);
}

/* For each group: by what it is named. */
struct naming {
	bool *restricts, *named;
};

/* What restricts does so for groups in it, too. True: there was one more. */
static bool restrict_below(const struct directory *d, bool *restricts)
{
	bool any = false;

	for (size_t i = 0; i < d->group_count; i++) {
		const struct name_list *below = &d->groups[i].member_groups;

		for (size_t k = 0; restricts[i] && below->index && k < below->count; k++)
			if (below->index[k] < d->group_count && !restricts[below->index[k]])
				any = restricts[below->index[k]] = true;
	}
	return any;
}

static void name_groups(const struct directory *d, const struct naming *n)
{
	for (size_t i = 0; i < d->group_count; i++)
		bind_list(d, &d->groups[i].member_groups, n->named);
	for (size_t i = 0; i < d->unit_count; i++)
		bind_list(d, &d->units[i].groups, n->named);
	for (size_t i = 0; i < d->role_count; i++)
		bind_list(d, &d->roles[i].activation.approver_groups, n->named);
	for (size_t i = 0; i < d->assignment_count; i++) {
		const uint32_t group = d->assignments[i].group_index;

		if (group >= d->group_count)
			continue;
		n->named[group] = true;
		n->restricts[group] = n->restricts[group] || d->assignments[i].type == ASSIGNMENT_DENY;
	}
	while (restrict_below(d, n->restricts))
		;
}

static struct delta_shown *shown_at(const struct delta *d, gid_t gid)
{
	const struct delta_shown key = {.gid = gid};

	return d->shown_count > 0 ? bsearch(&key, d->shown, d->shown_count, sizeof(*d->shown), compare_shown) : NULL;
}

static void mark_primary(struct delta *delta, const struct directory *d)
{
	for (size_t i = 0; i < d->user_count; i++) {
		struct delta_shown *g = d->users[i].gid == NO_ID ? NULL : shown_at(delta, d->users[i].gid);

		if (g)
			g->primary = true;
	}
}

static int list_shown(struct delta *delta, const struct tenant_config *tenant, const struct directory *d,
		      const struct mirror *m)
{
	const struct naming n = {calloc(d->group_count + 1, sizeof(bool)), calloc(d->group_count + 1, sizeof(bool))};
	struct identity_group shown;

	delta->shown = calloc(d->group_count + 1, sizeof(*delta->shown));
	if (n.restricts && n.named)
		name_groups(d, &n);
	for (size_t i = 0; delta->shown && n.restricts && n.named && i < d->group_count; i++) {
		struct delta_shown *g = &delta->shown[delta->shown_count];

		*g = (struct delta_shown){.gid = d->groups[i].gid, .restricts = n.restricts[i], .named = n.named[i]};
		if (!d->groups[i].o.dropped && d->groups[i].gid != NO_ID && shown_group(delta, tenant, &d->groups[i], &shown) &&
		    delta_entry_of(m, d->groups[i].o.place, &g->uuid))
			delta->shown_count++;
	}
	if (delta->shown_count > 1)
		qsort(delta->shown, delta->shown_count, sizeof(*delta->shown), compare_shown);
	mark_primary(delta, d);
	const bool done = delta->shown && n.restricts && n.named;

	free(n.restricts);
	free(n.named);
	return done ? 0 : -ENOMEM;
}

const struct delta_shown *delta_shown_group(const struct delta *d, gid_t gid)
{
	return shown_at(d, gid);
}

void delta_keep_primary(const struct delta *d, const struct delta_set *s)
{
	for (size_t i = 0; i < s->user_count; i++) {
		struct delta_shown *g = s->users[i].now && s->users[i].fresh ? shown_at(d, s->users[i].record.gid) : NULL;

		if (g)
			g->primary = true;
	}
}

const struct delta_shown *delta_shown_entry(const struct delta *d, const struct uuid *entry)
{
	for (size_t i = 0; i < d->shown_count; i++)
		if (uuid_equal(&d->shown[i].uuid, entry))
			return &d->shown[i];
	return NULL;
}

/* --- groups in groups --- */

static int compare_nestings(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct delta_nesting));
}

static int list_nestings(struct delta *delta, const struct directory *d, const struct mirror *m)
{
	size_t most = 0;

	for (size_t i = 0; i < d->group_count; i++)
		most += d->groups[i].member_groups.count;
	delta->nestings = calloc(most + 1, sizeof(*delta->nestings));
	if (!delta->nestings)
		return -ENOMEM;
	for (size_t i = 0; i < d->group_count; i++) {
		const struct name_list *below = &d->groups[i].member_groups;

		for (size_t k = 0; !d->groups[i].o.dropped && below->index && k < below->count; k++) {
			struct delta_nesting *n = &delta->nestings[delta->nesting_count];

			if (below->index[k] >= d->group_count)
				continue;
			if (!delta_entry_of(m, d->groups[below->index[k]].o.place, &n->below) ||
			    !delta_entry_of(m, d->groups[i].o.place, &n->above))
				return -EAGAIN;
			delta->nesting_count++;
		}
	}
	if (delta->nesting_count > 1)
		qsort(delta->nestings, delta->nesting_count, sizeof(*delta->nestings), compare_nestings);
	return 0;
}

/* --- who is named elsewhere --- */

struct reference_list {
	struct delta *delta;
	const struct directory *d;
	size_t size;
	bool lost;
};

static void refer(struct reference_list *l, uint32_t user)
{
	if (user >= l->d->user_count)
		return;
	if (l->delta->referred_count == l->size) {
		const size_t size = l->size ? 2 * l->size : 64;
		struct uuid *grown = reallocarray(l->delta->referred, size, sizeof(*grown));

		if (!grown) {
			l->lost = true;
			return;
		}
		l->delta->referred = grown;
		l->size = size;
	}
	l->delta->referred[l->delta->referred_count++] = l->d->users[user].o.id;
}

static void refer_list(struct reference_list *l, const struct name_list *users)
{
	for (size_t i = 0; users->index && i < users->count; i++)
		refer(l, users->index[i]);
}

static int list_referred(struct delta *delta, const struct directory *d, const bool *marks)
{
	struct reference_list l = {.delta = delta, .d = d};

	for (size_t i = 0; i < d->group_count; i++)
		if (marks[i])
			refer_list(&l, &d->groups[i].members);
	for (size_t i = 0; i < d->unit_count; i++)
		refer_list(&l, &d->units[i].users);
	for (size_t i = 0; i < d->role_count; i++)
		refer_list(&l, &d->roles[i].activation.approver_users);
	for (size_t i = 0; i < d->assignment_count; i++)
		refer(&l, d->assignments[i].user_index);
	if (delta->referred_count > 1)
		qsort(delta->referred, delta->referred_count, sizeof(*delta->referred), compare_ids);
	return l.lost ? -ENOMEM : 0;
}

bool delta_is_referred_to(const struct delta *d, const struct uuid *principal)
{
	return d->referred_count > 0 &&
	       bsearch(principal, d->referred, d->referred_count, sizeof(*d->referred), compare_ids);
}

/* --- all --- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int list_bound(struct delta *delta, const struct directory *d, const bool *marks)
{
	delta->bound = calloc(d->group_count + 1, sizeof(*delta->bound));
	if (!delta->bound)
		return -ENOMEM;
	for (size_t i = 0; i < d->group_count; i++) {
		if (!marks[i] || !d->groups[i].o.name)
			continue;
		delta->bound[delta->bound_count] = strdup(d->groups[i].o.name);
		if (!delta->bound[delta->bound_count])
			return -ENOMEM;
		delta->bound_count++;
	}
	if (delta->bound_count > 1)
		qsort(delta->bound, delta->bound_count, sizeof(*delta->bound), compare_names);
	return 0;
}

int delta_rules(struct delta *delta, const struct tenant_config *tenant, const struct directory *d, const struct mirror *m)
{
	bool *marks = calloc(d->group_count + 1, sizeof(*marks));
	int r = marks ? list_ids(delta, d) : -ENOMEM;

	if (r == 0)
		r = keep_shadowed(delta, d);
	if (r == 0)
		r = list_shown(delta, tenant, d, m);
	if (r == 0)
		r = delta_odd(delta, tenant, d);
	if (r == 0)
		r = list_nestings(delta, d, m);
	if (r == 0)
		r = delta_list_assignments(delta, d, m);
	if (r == 0) {
		mark(delta, tenant, d, marks);
		r = list_bound(delta, d, marks);
	}
	if (r == 0)
		r = list_referred(delta, d, marks);
	free(marks);
	return r;
}

bool delta_is_bound(const struct delta *d, const char *group)
{
	return d->bound_count > 0 && bsearch(&group, d->bound, d->bound_count, sizeof(*d->bound), compare_names);
}
