/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people will run into: a step-up that they cannot do, a home that is not there. */
#include "helper/check/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Mapped accounts prove themselves by their local password. */
static bool can_step_up(const struct check_context *c, const struct tenant_config *t, const struct user *u)
{
	if (u->password || u->kind == USER_SERVICE || !u->enabled)
		return true;
	for (size_t i = 0; i < c->host.local_login_count; i++) {
		const struct local_login *l = &c->host.local_logins[i];
		const struct unix_account *a = check_account(c, l->login);
		const char *at = strchr(l->principal, '@');

		for (size_t j = 0; j < t->domain_count; j++)
			if (strcmp(t->domains[j], at + 1) == 0 &&
			    strncmp(l->principal, u->o.name, (size_t)(at - l->principal)) == 0 &&
			    u->o.name[at - l->principal] == '\0')
				return a && a->has_password;
	}
	return u->uid == NO_ID;
}

/* Each user is named once, with the first role that asks for it. */
static void note_user(struct check_context *c, size_t tenant, uint32_t user, const struct role *role, bool *noted)
{
	const struct user *u = &c->directories[tenant]->users[user];

	if (noted[user] || u->o.dropped || can_step_up(c, &c->tenants[tenant], u))
		return;
	noted[user] = true;
	problem_add(&c->problems, SEVERITY_WARNING, "stepup", u->o.place,
		    "give a password hash (mkpasswd -m yescrypt), or step_up = false to the role",
		    "%s has no password; %s needs step-up", u->o.name, role->o.name);
}

static void note_group(struct check_context *c, size_t tenant, uint32_t group, const struct role *role, bool *noted)
{
	const struct group *g = &c->directories[tenant]->groups[group];

	for (size_t i = 0; i < g->closure_count; i++)
		note_user(c, tenant, g->closure[i], role, noted);
}

/* Who decides is asked, too. */
static void note_approvers(struct check_context *c, size_t tenant, const struct role *role, bool *noted)
{
	const struct name_list *users = &role->activation.approver_users, *groups = &role->activation.approver_groups;

	for (size_t i = 0; users->index && i < users->count; i++)
		if (users->index[i] != NO_INDEX)
			note_user(c, tenant, users->index[i], role, noted);
	for (size_t i = 0; groups->index && i < groups->count; i++)
		if (groups->index[i] != NO_INDEX)
			note_group(c, tenant, groups->index[i], role, noted);
}

static void check_assignment(struct check_context *c, size_t tenant, const struct assignment *a, bool *noted)
{
	const struct directory *d = c->directories[tenant];
	const struct role *role = a->role_index == NO_INDEX ? NULL : &d->roles[a->role_index];

	if (a->o.dropped || a->type != ASSIGNMENT_ELIGIBLE || !role || !role->activation.step_up)
		return;
	if (a->user_index != NO_INDEX)
		note_user(c, tenant, a->user_index, role, noted);
	if (a->group_index != NO_INDEX)
		note_group(c, tenant, a->group_index, role, noted);
	if (role->activation.approvals > 0)
		note_approvers(c, tenant, role, noted);
}

int check_stepup(struct check_context *c)
{
	for (size_t i = 0; i < c->tenant_count; i++) {
		const struct directory *d = c->directories[i];
		/* What a directory in LDAP holds of passwords, nobody is told. */
		const bool seen = d && c->tenants[i].source != SOURCE_LDAP;
		bool *noted = seen ? calloc(d->user_count + 1, sizeof(*noted)) : NULL;

		for (size_t j = 0; noted && j < d->assignment_count; j++)
			check_assignment(c, i, &d->assignments[j], noted);
		free(noted);
	}
	return 0;
}

static bool makes_homes(const struct check_context *c)
{
	char *text = check_read(c, "/etc/pam.d/common-session"), *rest = text, *line;
	bool found = false;

	while (!found && (line = strsep(&rest, "\n")))
		found = line[strspn(line, " \t")] != '#' && strstr(line, "pam_mkhomedir");
	free(text);
	return found;
}

/* pam_tenure makes it closed; one that was there before, or that an administrator made, may stand open. */
static void check_parent(struct check_context *c, const struct tenant_config *t, const char *domain)
{
	const uint32_t gid = members_gid(t->visibility, &t->role_gids);
	char home[300], path[PATH_MAX], remedy[700];
	struct stat st;

	if ((size_t)snprintf(home, sizeof(home), "/home/%s", domain) >= sizeof(home) || !check_path(c, home, path) ||
	    lstat(path, &st) < 0 ||
	    (S_ISDIR(st.st_mode) && !(st.st_mode & 07) && (st.st_gid == gid || !(st.st_mode & 070))))
		return;
	(void)snprintf(remedy, sizeof(remedy), "chgrp %u %s && chmod 0710 %s", gid, home, home);
	problem_add(&c->problems, SEVERITY_WARNING, "visibility-home", home, remedy,
		    "%s hides, but others than its members can enter", t->name);
}

int check_homes(struct check_context *c)
{
	struct name_text names = {0};

	for (size_t i = 0; i < c->tenant_count; i++)
		for (size_t j = 0; c->tenants[i].visibility == VISIBILITY_TENANT && j < c->tenants[i].domain_count; j++)
			check_parent(c, &c->tenants[i], c->tenants[i].domains[j]);
	if (makes_homes(c))
		return 0;
	for (size_t i = 0; i < c->tenant_count; i++) {
		const struct directory *d = c->directories[i];

		for (size_t j = 0; d && j < d->user_count; j++) {
			const struct user *u = &d->users[j];

			if (!u->o.dropped && u->uid != NO_ID && u->kind == USER_PERSON && !check_exists(c, u->home))
				name_text_add(&names, u->o.name);
		}
	}
	if (names.count)
		problem_add(&c->problems, SEVERITY_WARNING, "homes", "", "pam-auth-update --enable mkhomedir",
			    "no home: %s", names.text);
	return 0;
}
