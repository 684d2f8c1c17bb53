/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/model/directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTIONS_MAX 10

static const struct built_in {
	const char *name, *title;
	const char *actions[ACTIONS_MAX]; /* NULL ends them */
} built_in[] = {
	{"host-user-login", "Host User Login", {"login"}},
	{"host-administrator-login", "Host Administrator Login", {"login", "become:root"}},
	{"helpdesk-administrator", "Helpdesk Administrator", {"user.lock", "user.sessions.end"}},
	{"privileged-role-administrator", "Privileged Role Administrator", {"request.approve", "grant.revoke"}},
	{"security-reader", "Security Reader", {"audit.read", "policy.read"}},
	{"global-administrator",
	 "Global Administrator",
	 {"login", "become:*", "user.lock", "user.sessions.end", "request.approve", "grant.revoke", "audit.read",
	  "policy.read"}},
};

static bool is_taken(const struct directory *d, const char *name)
{
	for (size_t i = 0; i < d->role_count; i++)
		if (d->roles[i].o.name && strcmp(d->roles[i].o.name, name) == 0)
			return true;
	return false;
}

static int fill(struct role *r, const struct built_in *b, const struct uuid *tenant_id)
{
	char id_name[64];

	role_init(r);
	r->built_in = true;
	snprintf(id_name, sizeof(id_name), "role:%s", b->name);
	uuid_v5(tenant_id, id_name, &r->o.id);
	r->o.name = strdup(b->name);
	r->o.place = strdup("built in");
	r->title = strdup(b->title);
	r->actions = calloc(ACTIONS_MAX, sizeof(*r->actions));
	if (!r->o.name || !r->o.place || !r->title || !r->actions)
		return -ENOMEM;
	for (size_t i = 0; i < ACTIONS_MAX && b->actions[i]; i++) {
		int error = right_parse(b->actions[i], &r->actions[i]);

		if (error < 0)
			return error;
		r->action_count++;
	}
	return 0;
}

int directory_add_built_in_roles(struct directory *d)
{
	struct role *roles = reallocarray(d->roles, d->role_count + ARRAY_LENGTH(built_in), sizeof(*roles));

	if (!roles)
		return -ENOMEM;
	d->roles = roles;
	for (size_t i = 0; i < ARRAY_LENGTH(built_in); i++) {
		int r;

		if (is_taken(d, built_in[i].name))
			continue;
		r = fill(&d->roles[d->role_count++], &built_in[i], &d->tenant_id);
		if (r < 0)
			return r;
	}
	return 0;
}
