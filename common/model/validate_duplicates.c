/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same name twice, the same id twice: the first one stays. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/model/validation.h"

struct id_entry {
	struct object *o;
	const char *word;
	size_t order;
};

static struct object *object_at(void *objects, size_t stride, uint32_t i)
{
	return (struct object *)(void *)((char *)objects + stride * i);
}

static void drop_duplicate_names(struct validation *v, const struct name_index *ni, const char *word, void *objects,
				 size_t stride)
{
	for (size_t i = 1; i < ni->count; i++) {
		struct object *first = object_at(objects, stride, ni->entries[i - 1].index);
		struct object *second = object_at(objects, stride, ni->entries[i].index);

		if (strcmp(ni->entries[i - 1].name, ni->entries[i].name) == 0 && !second->dropped)
			validation_drop(v, "dir-duplicate", word, second, "remove or rename one of them",
					"this name was given before, at %s", first->place);
	}
}

static int compare_ids(const void *a, const void *b)
{
	const struct id_entry *x = a, *y = b;
	int order = memcmp(&x->o->id, &y->o->id, sizeof(x->o->id));

	if (order != 0)
		return order;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void collect(struct id_entry *entries, size_t *count, const char *word, void *objects, size_t stride,
		    size_t object_count)
{
	for (size_t i = 0; i < object_count; i++) {
		struct object *o = object_at(objects, stride, (uint32_t)i);

		if (o->dropped)
			continue;
		entries[*count] = (struct id_entry){o, word, *count};
		(*count)++;
	}
}

static int drop_duplicate_ids(struct validation *v)
{
	struct directory *d = v->d;
	size_t count = 0, most = d->user_count + d->group_count + d->scope_count + d->host_count + d->unit_count +
				 d->role_count + d->assignment_count;
	struct id_entry *entries = calloc(most, sizeof(*entries));

	if (!entries)
		return -ENOMEM;
	collect(entries, &count, "user", d->users, sizeof(*d->users), d->user_count);
	collect(entries, &count, "group", d->groups, sizeof(*d->groups), d->group_count);
	collect(entries, &count, "scope", d->scopes, sizeof(*d->scopes), d->scope_count);
	collect(entries, &count, "host", d->hosts, sizeof(*d->hosts), d->host_count);
	collect(entries, &count, "unit", d->units, sizeof(*d->units), d->unit_count);
	collect(entries, &count, "role", d->roles, sizeof(*d->roles), d->role_count);
	collect(entries, &count, "assignment", d->assignments, sizeof(*d->assignments), d->assignment_count);
	qsort(entries, count, sizeof(*entries), compare_ids);
	for (size_t i = 1; i < count; i++)
		if (uuid_equal(&entries[i - 1].o->id, &entries[i].o->id))
			validation_drop(v, "dir-duplicate", entries[i].word, entries[i].o,
					"remove one of them, or give it an id of its own",
					"this id was given before, at %s", entries[i - 1].o->place);
	free(entries);
	return 0;
}

int validate_duplicates(struct validation *v)
{
	struct directory *d = v->d;

	drop_duplicate_names(v, &v->users, "user", d->users, sizeof(*d->users));
	drop_duplicate_names(v, &v->groups, "group", d->groups, sizeof(*d->groups));
	drop_duplicate_names(v, &v->scopes, "scope", d->scopes, sizeof(*d->scopes));
	drop_duplicate_names(v, &v->hosts, "host", d->hosts, sizeof(*d->hosts));
	drop_duplicate_names(v, &v->units, "unit", d->units, sizeof(*d->units));
	drop_duplicate_names(v, &v->roles, "role", d->roles, sizeof(*d->roles));
	return drop_duplicate_ids(v);
}
