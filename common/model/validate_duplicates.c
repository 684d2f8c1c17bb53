/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same name twice, the same id twice: the first one stays, and what only restricts is not lost by it. */
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

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_deny(const struct assignment *a, const struct assignment *b)
{
	if (a->type != ASSIGNMENT_DENY || b->type != ASSIGNMENT_DENY || a->action_count != b->action_count ||
	    a->start_ns != b->start_ns || a->end_ns != b->end_ns)
		return false;
	for (size_t i = 0; i < a->action_count; i++)
		if (a->actions[i].kind != b->actions[i].kind ||
		    !same_text(a->actions[i].argument, b->actions[i].argument))
			return false;
	return same_text(a->role, b->role) && same_text(a->user, b->user) && same_text(a->group, b->group) &&
	       same_text(a->scope, b->scope) && same_text(a->unit, b->unit);
}

/* The assignment that the entry stands for, NULL if it is another object. */
static const struct assignment *assignment_of(const struct id_entry *e)
{
	return strcmp(e->word, "assignment") == 0 ? (const void *)e->o : NULL;
}

/*
 * A deny is never dropped for another one's sake, unless that says the same: then either will do, and both stay. One
 * that says something else under the same id must not get lost (T49).
 */
static void report_duplicate(struct validation *v, const struct id_entry *first, const struct id_entry *second)
{
	const struct assignment *a = assignment_of(first), *b = assignment_of(second);

	if (a && b && same_deny(a, b))
		problem_add(v->problems, SEVERITY_WARNING, "dir-duplicate", b->o.place, "remove one of them",
			    "assignment: the same deny stands at %s", a->o.place);
	else if (b && b->type == ASSIGNMENT_DENY)
		validation_drop(v, "dir-restriction", second->word, second->o,
				"give it an id of its own; until then the last good policy stays",
				"it denies, and its id was given before, at %s", first->o->place);
	else
		validation_drop(v, "dir-duplicate", second->word, second->o,
				"remove one of them, or give it an id of its own", "this id was given before, at %s",
				first->o->place);
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
			report_duplicate(v, &entries[i - 1], &entries[i]);
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
