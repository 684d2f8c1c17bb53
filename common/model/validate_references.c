/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names become indices. What an assignment that gives refers to must be there, or the assignment is dropped; lists are
 * only resolved here, and what dangles in them is reported by validate_restrictions, which knows what restricts.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/model/validation.h"

struct resolver {
	struct validation *v;
	struct object *host_paths; /* names only, borrowed */
	struct name_index paths;
};

static bool is_dropped(const struct directory *d, const void *objects, uint32_t i)
{
	if (objects == d->users)
		return d->users[i].o.dropped;
	if (objects == d->groups)
		return d->groups[i].o.dropped;
	return objects == d->hosts ? d->hosts[i].o.dropped : true;
}

static int resolve_list(const struct validation *v, struct name_list *list, const struct name_index *ni,
			const void *objects)
{
	free(list->index);
	list->index = NULL;
	if (list->count == 0)
		return 0;
	list->index = calloc(list->count, sizeof(*list->index));
	if (!list->index)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		uint32_t found = name_index_find(ni, list->names[i]);

		list->index[i] = found != NO_INDEX && is_dropped(v->d, objects, found) ? NO_INDEX : found;
	}
	return 0;
}

static int resolve_lists(struct validation *v)
{
	struct directory *d = v->d;
	int r = 0;

	for (size_t i = 0; i < d->group_count && r == 0; i++) {
		r = resolve_list(v, &d->groups[i].members, &v->users, d->users);
		if (r == 0)
			r = resolve_list(v, &d->groups[i].member_groups, &v->groups, d->groups);
	}
	for (size_t i = 0; i < d->unit_count && r == 0; i++) {
		r = resolve_list(v, &d->units[i].users, &v->users, d->users);
		if (r == 0)
			r = resolve_list(v, &d->units[i].groups, &v->groups, d->groups);
		if (r == 0)
			r = resolve_list(v, &d->units[i].hosts, &v->hosts, d->hosts);
	}
	for (size_t i = 0; i < d->role_count && r == 0; i++) {
		r = resolve_list(v, &d->roles[i].activation.approver_users, &v->users, d->users);
		if (r == 0)
			r = resolve_list(v, &d->roles[i].activation.approver_groups, &v->groups, d->groups);
	}
	return r;
}

static void resolve_scopes(struct validation *v)
{
	struct directory *d = v->d;
	char parent[SCOPE_LENGTH_MAX + 1];

	for (size_t i = 0; i < d->scope_count; i++) {
		struct scope *s = &d->scopes[i];
		char *slash;

		s->parent = NO_INDEX;
		if (s->o.dropped || strcmp(s->o.name, "/") == 0)
			continue;
		(void)snprintf(parent, sizeof(parent), "%s", s->o.name);
		slash = strrchr(parent, '/');
		slash[slash == parent ? 1 : 0] = '\0';
		s->parent = name_index_find(&v->scopes, parent);
		if (s->parent == NO_INDEX || s->parent >= i || d->scopes[s->parent].o.dropped)
			validation_drop(v, "dir-reference", "scope", &s->o, "write the parent before it",
					"its parent %s is not given before it", parent);
	}
}

static int resolve_host(struct validation *v, struct host *h)
{
	uint32_t scope = h->scope ? name_index_find(&v->scopes, h->scope) : NO_INDEX;
	char escaped[256];

	if (scope == NO_INDEX || v->d->scopes[scope].o.dropped) {
		validation_drop(v, "dir-reference", "host", &h->o, "name one of scopes",
				"scope \"%s\" is not there", text_escape(h->scope ? h->scope : "", escaped, sizeof(escaped)));
		return 0;
	}
	free(h->path);
	if (asprintf(&h->path, "%s/%s", h->scope[1] == '\0' ? "" : h->scope, h->o.name) < 0) {
		h->path = NULL;
		return -ENOMEM;
	}
	if (!scope_path_is_valid(h->path))
		validation_drop(v, "dir-name", "host", &h->o, "shorten the scopes", "its path is too long");
	else if (name_index_find(&v->scopes, h->path) != NO_INDEX)
		validation_drop(v, "dir-duplicate", "host", &h->o, "rename one of the two", "a scope has this path");
	return 0;
}

static int resolve_hosts(struct resolver *r)
{
	struct directory *d = r->v->d;

	r->host_paths = calloc(d->host_count ? d->host_count : 1, sizeof(*r->host_paths));
	if (!r->host_paths)
		return -ENOMEM;
	for (size_t i = 0; i < d->host_count; i++) {
		if (d->hosts[i].o.dropped)
			continue;
		if (resolve_host(r->v, &d->hosts[i]) < 0)
			return -ENOMEM;
		if (!d->hosts[i].o.dropped)
			r->host_paths[i].name = d->hosts[i].path;
	}
	return name_index_build(&r->paths, r->host_paths, sizeof(*r->host_paths), d->host_count);
}

/* What is missing in an assignment, or too much; NULL if its shape is right. */
static const char *shape_fault(const struct assignment *a)
{
	if ((a->user != NULL) + (a->group != NULL) + (a->guest != NULL) != 1)
		return "it needs one of user, group and guest";
	if (a->guest && (!login_is_valid(a->guest) || !strchr(a->guest, '@')))
		return "guest is no NAME@DOMAIN";
	if (!a->scope == !a->unit)
		return "it needs one of scope and unit";
	if (a->type != ASSIGNMENT_DENY && (!a->role || a->action_count > 0))
		return "it needs a role; actions are for deny";
	if (a->type == ASSIGNMENT_DENY && !a->role == (a->action_count == 0))
		return "it needs one of role and actions";
	return NULL;
}

static uint32_t find_live(const struct name_index *ni, const char *name, const void *objects, size_t stride)
{
	uint32_t i = name ? name_index_find(ni, name) : NO_INDEX;
	const struct object *o;

	if (i == NO_INDEX)
		return NO_INDEX;
	o = (const struct object *)(const void *)((const char *)objects + stride * i);
	return o->dropped ? NO_INDEX : i;
}

static bool scope_is_there(const struct resolver *r, const char *scope)
{
	const struct directory *d = r->v->d;

	return find_live(&r->v->scopes, scope, d->scopes, sizeof(*d->scopes)) != NO_INDEX ||
	       name_index_find(&r->paths, scope) != NO_INDEX;
}

/*
 * Drops what refers to nothing. What refers to an object that was left out goes with it, and one report is enough; but
 * a deny keeps the last good policy, and says so.
 */
static void refuse(struct validation *v, struct assignment *a, const struct name_index *ni, const char *word,
		   const char *name)
{
	char escaped[SCOPE_LENGTH_MAX + 1];

	text_escape(name, escaped, sizeof(escaped));
	if (a->type == ASSIGNMENT_DENY) {
		validation_drop(v, "dir-restriction", "assignment", &a->o,
				"mend it; until then the last good policy stays", "it denies, and %s \"%s\" is not there",
				word, escaped);
		v->d->broken_restriction = true;
	} else if (name_index_find(ni, name) != NO_INDEX) {
		a->o.dropped = true;
	} else {
		validation_drop(v, "dir-reference", "assignment", &a->o, "name what is there, or remove it",
				"%s \"%s\" is not there", word, escaped);
	}
}

/* What is managed is the tenant's own; whom it lets in has rights on hosts. */
static bool manages(const struct role *role)
{
	for (size_t i = 0; i < role->action_count; i++)
		if (role->actions[i].kind >= RIGHT_USER_LOCK)
			return true;
	return false;
}

static void resolve_assignment(struct resolver *r, struct assignment *a)
{
	struct validation *v = r->v;
	struct directory *d = v->d;
	const char *fault = shape_fault(a);

	if (fault) {
		validation_drop(v, "dir-assignment", "assignment", &a->o, "see tenure-directory(5)", "%s", fault);
		return;
	}
	a->role_index = find_live(&v->roles, a->role, d->roles, sizeof(*d->roles));
	a->user_index = find_live(&v->users, a->user, d->users, sizeof(*d->users));
	a->group_index = find_live(&v->groups, a->group, d->groups, sizeof(*d->groups));
	a->unit_index = find_live(&v->units, a->unit, d->units, sizeof(*d->units));
	if (a->role && a->role_index == NO_INDEX)
		refuse(v, a, &v->roles, "role", a->role);
	else if (a->user && a->user_index == NO_INDEX)
		refuse(v, a, &v->users, "user", a->user);
	else if (a->group && a->group_index == NO_INDEX)
		refuse(v, a, &v->groups, "group", a->group);
	else if (a->unit && a->unit_index == NO_INDEX)
		refuse(v, a, &v->units, "unit", a->unit);
	else if (a->scope && !scope_is_there(r, a->scope))
		refuse(v, a, &v->scopes, "scope", a->scope);
	else if (a->type == ASSIGNMENT_ELIGIBLE && a->user && d->users[a->user_index].kind == USER_SERVICE)
		validation_drop(v, "dir-assignment", "assignment", &a->o, "make it active",
				"user %s is a service and cannot activate", a->user);
	else if (a->type != ASSIGNMENT_DENY && a->guest && manages(&d->roles[a->role_index]))
		validation_drop(v, "dir-assignment", "assignment", &a->o, "give a guest a role without management rights",
				"role %s manages, and %s is a guest", a->role, a->guest);
}

int validate_references(struct validation *v)
{
	struct resolver r = {.v = v};
	int error;

	resolve_scopes(v);
	error = resolve_hosts(&r);
	if (error == 0)
		error = resolve_lists(v);
	for (size_t i = 0; i < v->d->assignment_count && error == 0; i++)
		if (!v->d->assignments[i].o.dropped)
			resolve_assignment(&r, &v->d->assignments[i]);
	name_index_done(&r.paths);
	free(r.host_paths);
	return error;
}
