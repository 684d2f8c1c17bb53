/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there is of assignments in the bases' directory, where more may be made, and of which roles. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/delta.h"

static int compare_entries(const void *a, const void *b)
{
	return memcmp(&((const struct delta_assignment *)a)->entry, &((const struct delta_assignment *)b)->entry,
		      sizeof(struct uuid));
}

bool delta_entry_of(const struct mirror *m, const char *dn, struct uuid *ret)
{
	struct sync_field f;
	size_t len;
	const void *object = mirror_by_dn(m, dn, &len);

	return object && sync_find(sync_object_fields(object, len), SYNC_TAG_UUID, &f) == 0 && sync_field_uuid(&f, ret) == 0;
}

/* The list of the policy is in the directory's order, without those that mean nothing here. */
static int position_of(const struct policy *p, const struct assignment *a, uint32_t *next, uint32_t *ret)
{
	struct policy_assignment at;
	int r = policy_assignment_at(p, *next, &at);

	*ret = NO_INDEX;
	if (r == 0 && strcmp(at.place, a->o.place) == 0)
		*ret = (*next)++;
	return r == -ENOENT ? 0 : r;
}

static void note_last(struct delta *d, const struct mirror *m, const struct uuid *entry)
{
	struct source_object now, last = {.kind = OBJECT_ASSIGNMENT,
					  .uuid = d->last.entry,
					  .created = d->last.created_len ? d->last.created : NULL,
					  .created_len = d->last.created_len};
	size_t len;
	const void *object = mirror_by_uuid(m, entry, &len);

	if (!object || mirror_source(object, len, &now) < 0 || mirror_compare_sources(&now, &last) <= 0 ||
	    now.created_len > sizeof(d->last.created))
		return;
	if (now.created_len > 0)
		memcpy(d->last.created, now.created, now.created_len);
	d->last.created_len = now.created_len;
	d->last.entry = *entry;
}

static bool manages(const struct role *role)
{
	for (size_t i = 0; i < role->action_count; i++)
		if (role->actions[i].kind >= RIGHT_USER_LOCK)
			return true;
	return false;
}

static int list_assignments(struct delta *d, const struct directory *directory, const struct mirror *m)
{
	uint32_t next = 0;
	int r = 0;

	d->assignments = calloc(directory->assignment_count + 1, sizeof(*d->assignments));
	if (!d->assignments)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < directory->assignment_count; i++) {
		const struct assignment *a = &directory->assignments[i];
		struct delta_assignment *to = &d->assignments[d->assignment_count];

		if (!delta_entry_of(m, a->o.place, &to->entry))
			return -EAGAIN;
		note_last(d, m, &to->entry);
		if (a->o.dropped)
			continue;
		r = position_of(d->base.policy, a, &next, &to->position);
		to->id = a->o.id;
		to->bound = a->type == ASSIGNMENT_DENY || a->role_index >= directory->role_count ||
			    manages(&directory->roles[a->role_index]);
		if (a->user_index < directory->user_count)
			to->user = directory->users[a->user_index].o.id;
		else if (a->group_index < directory->group_count &&
			 !delta_entry_of(m, directory->groups[a->group_index].o.place, &to->group))
			return -EAGAIN;
		d->assignment_count++;
	}
	if (r == 0 && next != policy_assignment_count(d->base.policy))
		return -EAGAIN;
	if (d->assignment_count > 1)
		qsort(d->assignments, d->assignment_count, sizeof(*d->assignments), compare_entries);
	return r;
}

const struct delta_assignment *delta_assignment_of(const struct delta *d, const struct uuid *entry)
{
	const struct delta_assignment key = {.entry = *entry};

	return d->assignment_count > 0
		       ? bsearch(&key, d->assignments, d->assignment_count, sizeof(*d->assignments), compare_entries)
		       : NULL;
}

/* --- names --- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_name(char **list, size_t *count, const char *name)
{
	list[*count] = strdup(name);
	return list[*count] ? (void)(*count)++, 0 : -ENOMEM;
}

static bool has_name(char **list, size_t count, const char *name)
{
	return count > 0 && bsearch(&name, list, count, sizeof(*list), compare_names);
}

static int list_places(struct delta *d, const struct directory *directory)
{
	int r = 0;

	d->places = calloc(directory->scope_count + directory->host_count + 1, sizeof(*d->places));
	if (!d->places)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < directory->scope_count; i++)
		if (!directory->scopes[i].o.dropped)
			r = add_name(d->places, &d->place_count, directory->scopes[i].o.name);
	for (size_t i = 0; r == 0 && i < directory->host_count; i++)
		if (!directory->hosts[i].o.dropped && directory->hosts[i].path)
			r = add_name(d->places, &d->place_count, directory->hosts[i].path);
	if (d->place_count > 1)
		qsort(d->places, d->place_count, sizeof(*d->places), compare_names);
	return r;
}

static int list_managing(struct delta *d, const struct directory *directory)
{
	int r = 0;

	d->managing = calloc(directory->role_count + 1, sizeof(*d->managing));
	if (!d->managing)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < directory->role_count; i++)
		if (!directory->roles[i].o.dropped && manages(&directory->roles[i]))
			r = add_name(d->managing, &d->managing_count, directory->roles[i].o.name);
	if (d->managing_count > 1)
		qsort(d->managing, d->managing_count, sizeof(*d->managing), compare_names);
	return r;
}

bool delta_is_place(const struct delta *d, const char *path)
{
	return has_name(d->places, d->place_count, path);
}

bool delta_role_manages(const struct delta *d, const char *role)
{
	return has_name(d->managing, d->managing_count, role);
}

int delta_list_assignments(struct delta *d, const struct directory *directory, const struct mirror *m)
{
	int r = list_assignments(d, directory, m);

	if (r == 0)
		r = list_places(d, directory);
	return r == 0 ? list_managing(d, directory) : r;
}
