/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An object that only restricts is never dropped, nor anything that it refers to: where a deny, a restricted unit or
 * the approvers of a role do not hold as they were written, the last good policy must stay (T49). So it must where a host
 * was dropped, which may be this one: its entry says which denies and units reach it. Elsewhere a name that leads nowhere
 * is an error, and gives nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/model/validation.h"

struct list_context {
	struct validation *v;
	const char *word; /* of the owner: "group" */
	const struct object *owner;
	bool restricts;
};

void validate_report_missing(struct problem_list *problems, const char *word, const struct object *owner, const char *target,
			     const char *name)
{
	char escaped[256];

	problem_add(problems, SEVERITY_ERROR, "dir-reference", owner->place, "name what is there, or remove it",
		    "%s %s: %s \"%s\" is not there", word, owner->name, target, text_escape(name, escaped, sizeof(escaped)));
}

/* ni: to tell a name that is not there from an object that was dropped and reported. */
static void report_list(const struct list_context *c, const struct name_list *list, const struct name_index *ni,
			const char *target)
{
	char escaped[256];

	for (size_t i = 0; i < list->count; i++) {
		bool exists;

		if (list->index[i] != NO_INDEX)
			continue;
		exists = name_index_find(ni, list->names[i]) != NO_INDEX;
		text_escape(list->names[i], escaped, sizeof(escaped));
		if (c->restricts) {
			problem_add(c->v->problems, SEVERITY_ERROR, "dir-restriction", c->owner->place,
				    "mend it; until then the last good policy stays",
				    "%s %s restricts, and its %s \"%s\" is %s", c->word, c->owner->name, target, escaped,
				    exists ? "left out" : "not there");
			c->v->d->broken_restriction = true;
		} else if (!exists) {
			validate_report_missing(c->v->problems, c->word, c->owner, target, list->names[i]);
		}
	}
}

struct marks {
	bool *groups, *units;
	uint32_t *stack;
	size_t depth;
};

static void mark_group(struct marks *m, uint32_t group)
{
	if (group == NO_INDEX || m->groups[group])
		return;
	m->groups[group] = true;
	m->stack[m->depth++] = group;
}

/* A deny reaches the members of its group, however deep, and what is in its unit. */
static void mark(struct validation *v, struct marks *m)
{
	struct directory *d = v->d;

	for (size_t i = 0; i < d->assignment_count; i++) {
		const struct assignment *a = &d->assignments[i];

		if (a->type != ASSIGNMENT_DENY)
			continue;
		if (a->o.dropped) {
			d->broken_restriction = true;
			continue;
		}
		mark_group(m, a->group_index);
		if (a->unit_index != NO_INDEX)
			m->units[a->unit_index] = true;
	}
	while (m->depth > 0) {
		const struct name_list *below = &d->groups[m->stack[--m->depth]].member_groups;

		for (size_t i = 0; i < below->count; i++)
			mark_group(m, below->index[i]);
	}
	for (size_t i = 0; i < d->unit_count; i++) {
		if (!d->units[i].restricted)
			continue;
		m->units[i] = true;
		if (d->units[i].o.dropped)
			d->broken_restriction = true;
	}
	for (size_t i = 0; i < d->host_count; i++)
		if (d->hosts[i].o.dropped)
			d->broken_restriction = true;
}

static void report(struct validation *v, const struct marks *m)
{
	struct directory *d = v->d;

	for (size_t i = 0; i < d->group_count; i++) {
		struct list_context c = {v, "group", &d->groups[i].o, m->groups[i]};

		if (d->groups[i].o.dropped)
			continue;
		report_list(&c, &d->groups[i].members, &v->users, "member");
		report_list(&c, &d->groups[i].member_groups, &v->groups, "member group");
	}
	for (size_t i = 0; i < d->unit_count; i++) {
		struct list_context c = {v, "unit", &d->units[i].o, m->units[i]};

		if (d->units[i].o.dropped)
			continue;
		report_list(&c, &d->units[i].users, &v->users, "user");
		report_list(&c, &d->units[i].groups, &v->groups, "group");
		report_list(&c, &d->units[i].hosts, &v->hosts, "host");
	}
	for (size_t i = 0; i < d->role_count; i++) {
		struct list_context c = {v, "role", &d->roles[i].o, true};

		if (d->roles[i].o.dropped)
			continue;
		report_list(&c, &d->roles[i].activation.approver_users, &v->users, "approver");
		report_list(&c, &d->roles[i].activation.approver_groups, &v->groups, "approver group");
	}
}

int validate_restrictions(struct validation *v)
{
	struct directory *d = v->d;
	struct marks m = {0};
	int r = 0;

	m.groups = calloc(d->group_count + 1, sizeof(*m.groups));
	m.units = calloc(d->unit_count + 1, sizeof(*m.units));
	m.stack = calloc(d->group_count + 1, sizeof(*m.stack));
	if (m.groups && m.units && m.stack) {
		mark(v, &m);
		report(v, &m);
	} else {
		r = -ENOMEM;
	}
	free(m.groups);
	free(m.units);
	free(m.stack);
	return r;
}
