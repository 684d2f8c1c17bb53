/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/model/directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/model/guest.h"

static void object_done(struct object *o)
{
	free(o->name);
	free(o->place);
}

static void name_list_done(struct name_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
	free(list->index);
}

static void attributes_free(struct attribute *attributes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(attributes[i].name);
		free(attributes[i].value);
	}
	free(attributes);
}

static void rights_free(struct right *rights, size_t count)
{
	for (size_t i = 0; i < count; i++)
		right_done(&rights[i]);
	free(rights);
}

void user_done(struct user *u)
{
	object_done(&u->o);
	free(u->gecos);
	free(u->home);
	free(u->shell);
	secret_free(u->password);
	for (size_t i = 0; i < u->ssh_key_count; i++)
		free(u->ssh_keys[i]);
	free(u->ssh_keys);
	attributes_free(u->attributes, u->attribute_count);
}

void group_done(struct group *g)
{
	object_done(&g->o);
	name_list_done(&g->members);
	name_list_done(&g->member_groups);
	free(g->closure);
}

void scope_done(struct scope *s)
{
	object_done(&s->o);
	free(s->kind);
	free(s->environment);
	free(s->tier);
}

void host_done(struct host *h)
{
	object_done(&h->o);
	free(h->scope);
	free(h->path);
	attributes_free(h->attributes, h->attribute_count);
}

void unit_done(struct unit *u)
{
	object_done(&u->o);
	name_list_done(&u->users);
	name_list_done(&u->groups);
	name_list_done(&u->hosts);
}

void role_done(struct role *r)
{
	object_done(&r->o);
	free(r->title);
	rights_free(r->actions, r->action_count);
	rights_free(r->not_actions, r->not_action_count);
	name_list_done(&r->activation.approver_users);
	name_list_done(&r->activation.approver_groups);
}

void assignment_done(struct assignment *a)
{
	object_done(&a->o);
	free(a->role);
	free(a->user);
	free(a->group);
	free(a->guest);
	free(a->scope);
	free(a->unit);
	rights_free(a->actions, a->action_count);
}

void directory_free(struct directory *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->user_count; i++)
		user_done(&d->users[i]);
	for (size_t i = 0; i < d->group_count; i++)
		group_done(&d->groups[i]);
	for (size_t i = 0; i < d->scope_count; i++)
		scope_done(&d->scopes[i]);
	for (size_t i = 0; i < d->host_count; i++)
		host_done(&d->hosts[i]);
	for (size_t i = 0; i < d->unit_count; i++)
		unit_done(&d->units[i]);
	for (size_t i = 0; i < d->role_count; i++)
		role_done(&d->roles[i]);
	for (size_t i = 0; i < d->assignment_count; i++)
		assignment_done(&d->assignments[i]);
	guests_free(d->guests, d->guest_count);
	free(d->shadowed);
	free(d->users);
	free(d->groups);
	free(d->scopes);
	free(d->hosts);
	free(d->units);
	free(d->roles);
	free(d->assignments);
	free(d->taken_ranges);
	free(d);
}

void directory_freep(struct directory **d)
{
	directory_free(*d);
	*d = NULL;
}

void user_init(struct user *u)
{
	*u = (struct user){.uid = NO_ID, .gid = NO_ID, .enabled = true, .start_ns = TIME_ALWAYS, .end_ns = TIME_FOREVER};
}

void group_init(struct group *g)
{
	*g = (struct group){.gid = NO_ID};
}

void role_init(struct role *r)
{
	*r = (struct role){
		.gid = NO_ID,
		.activation = {.max_duration_ns = ROLE_DURATION_DEFAULT_NS,
			       .justification = true,
			       .step_up = true,
			       .approval_timeout_ns = ROLE_APPROVAL_TIMEOUT_DEFAULT_NS},
	};
}

void assignment_init(struct assignment *a)
{
	*a = (struct assignment){.start_ns = TIME_ALWAYS,
				 .end_ns = TIME_FOREVER,
				 .role_index = NO_INDEX,
				 .user_index = NO_INDEX,
				 .group_index = NO_INDEX,
				 .unit_index = NO_INDEX,
				 .guest_index = NO_INDEX};
}
