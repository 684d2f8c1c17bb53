/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/model/validate.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/model/validation.h"

void validation_drop(struct validation *v, const char *id, const char *word, struct object *o, const char *remedy,
		     const char *format, ...)
{
	char name[SCOPE_LENGTH_MAX + 1], message[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	problem_add(v->problems, SEVERITY_ERROR, id, o->place, remedy, "%s%s%s: %s", word, o->name ? " " : "",
		    text_escape(o->name ? o->name : "", name, sizeof(name)), message);
	o->dropped = true;
}

/* The root of the tree is there without being written. */
static int add_root_scope(struct directory *d)
{
	struct scope *scopes, root = {.parent = NO_INDEX};

	for (size_t i = 0; i < d->scope_count; i++)
		if (d->scopes[i].o.name && strcmp(d->scopes[i].o.name, "/") == 0)
			return 0;
	scopes = reallocarray(d->scopes, d->scope_count + 1, sizeof(*scopes));
	if (!scopes)
		return -ENOMEM;
	d->scopes = scopes;
	uuid_v5(&d->tenant_id, "scope:/", &root.o.id);
	root.o.name = strdup("/");
	root.o.place = strdup("built in");
	if (!root.o.name || !root.o.place) {
		scope_done(&root);
		return -ENOMEM;
	}
	memmove(&scopes[1], &scopes[0], d->scope_count * sizeof(*scopes));
	scopes[0] = root;
	d->scope_count++;
	return 0;
}

static int build_indices(struct validation *v)
{
	struct directory *d = v->d;
	int r = name_index_build(&v->users, d->users, sizeof(*d->users), d->user_count);

	if (r == 0)
		r = name_index_build(&v->groups, d->groups, sizeof(*d->groups), d->group_count);
	if (r == 0)
		r = name_index_build(&v->scopes, d->scopes, sizeof(*d->scopes), d->scope_count);
	if (r == 0)
		r = name_index_build(&v->hosts, d->hosts, sizeof(*d->hosts), d->host_count);
	if (r == 0)
		r = name_index_build(&v->units, d->units, sizeof(*d->units), d->unit_count);
	if (r == 0)
		r = name_index_build(&v->roles, d->roles, sizeof(*d->roles), d->role_count);
	return r;
}

int directory_validate(struct directory *d, const struct tenant_config *tenant, const struct local_accounts *local,
		       struct problem_list *problems)
{
	static int (*const steps[])(struct validation *) = {
		build_indices,	 validate_names,      validate_fields,	validate_duplicates,
		validate_ids,	 validate_references, validate_closure, validate_restrictions,
	};
	struct validation v = {.d = d, .tenant = tenant, .local = local, .problems = problems};
	int r = directory_add_built_in_roles(d);

	if (r == 0)
		r = add_root_scope(d);
	for (size_t i = 0; i < ARRAY_LENGTH(steps) && r == 0; i++)
		r = steps[i](&v);
	name_index_done(&v.users);
	name_index_done(&v.groups);
	name_index_done(&v.scopes);
	name_index_done(&v.hosts);
	name_index_done(&v.units);
	name_index_done(&v.roles);
	return r;
}
