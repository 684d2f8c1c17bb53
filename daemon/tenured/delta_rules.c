/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which groups are bound: who is in them decides more than the groups of its members and what is assigned through them.
 * Groups that are nested, or nest; whose members approve, or manage others; that stand in units; of which a member leads
 * nowhere or does not show here.
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

	if (g->member_groups.count > 0 || !shown_group(d, tenant, g, &shown) || shown.member_count != g->closure_count)
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

/* Everybody who has a number shows, and every group that has one. */
static bool all_show(const struct delta *delta, const struct tenant_config *tenant, const struct directory *d)
{
	struct identity_group shown;
	size_t users = 0;

	for (size_t i = 0; i < d->user_count; i++) {
		if (d->users[i].o.dropped)
			return false;
		users += d->users[i].uid != NO_ID;
	}
	for (size_t i = 0; i < d->group_count; i++)
		if (d->groups[i].o.dropped || (d->groups[i].gid != NO_ID && !shown_group(delta, tenant, &d->groups[i], &shown)))
			return false;
	return users == identity_user_count(delta->base.identity);
}

static void mark(const struct delta *delta, const struct tenant_config *tenant, const struct directory *d, bool *marks)
{
	for (size_t i = 0; i < d->group_count; i++) {
		bind_list(d, &d->groups[i].member_groups, marks);
		marks[i] = marks[i] || d->groups[i].o.dropped || is_bound(delta, tenant, &d->groups[i]);
	}
	for (size_t i = 0; i < d->unit_count; i++)
		bind_list(d, &d->units[i].groups, marks);
	for (size_t i = 0; i < d->role_count; i++)
		bind_list(d, &d->roles[i].activation.approver_groups, marks);
	for (size_t i = 0; i < d->assignment_count; i++)
		bind_assignment(d, &d->assignments[i], marks);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int delta_rules(struct delta *delta, const struct tenant_config *tenant, const struct directory *d)
{
	bool *marks = calloc(d->group_count + 1, sizeof(*marks));
	int r = 0;

	delta->bound = calloc(d->group_count + 1, sizeof(*delta->bound));
	if (!marks || !delta->bound)
		r = -ENOMEM;
	if (r == 0)
		r = list_ids(delta, d);
	if (r == 0)
		r = keep_shadowed(delta, d);
	delta->clean = r == 0 && all_show(delta, tenant, d);
	if (r == 0)
		mark(delta, tenant, d, marks);
	for (size_t i = 0; r == 0 && i < d->group_count; i++) {
		if (!marks[i] || !d->groups[i].o.name)
			continue;
		delta->bound[delta->bound_count] = strdup(d->groups[i].o.name);
		if (!delta->bound[delta->bound_count])
			r = -ENOMEM;
		else
			delta->bound_count++;
	}
	if (delta->bound_count > 0)
		qsort(delta->bound, delta->bound_count, sizeof(*delta->bound), compare_names);
	free(marks);
	return r;
}

bool delta_is_bound(const struct delta *d, const char *group)
{
	return d->bound_count > 0 && bsearch(&group, d->bound, d->bound_count, sizeof(*d->bound), compare_names);
}
