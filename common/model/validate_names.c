/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What objects are called, and the text that NSS passes on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "common/model/validation.h"

#define NAME_RULE "a name is a-z or _, then up to 30 of a-z 0-9 _ . -"

static void check_name(struct validation *v, const char *word, struct object *o)
{
	if (o->dropped)
		return;
	if (!o->name || !name_is_valid(o->name))
		validation_drop(v, "dir-name", word, o, "choose another: " NAME_RULE, "this is no valid name");
}

/* Only what NSS would show by its short name can stand in the way of a local account (T23). */
static void check_local_name(struct validation *v, const char *word, struct object *o, bool shown, const char *remedy)
{
	const char *what = NULL;

	if (o->dropped || !shown)
		return;
	if (strncmp(o->name, "become-", 7) == 0 || strncmp(o->name, "role-", 5) == 0) {
		validation_drop(v, "dir-name", word, o, "choose another name",
				"names with become- and role- are kept for those who hold a role");
		return;
	}
	if (v->tenant->visibility == VISIBILITY_TENANT && strncmp(o->name, MEMBERS_PREFIX, sizeof(MEMBERS_PREFIX) - 1) == 0 &&
	    strcmp(o->name + sizeof(MEMBERS_PREFIX) - 1, v->tenant->name) == 0) {
		validation_drop(v, "dir-name", word, o, "choose another name", "this is the group of all members of the tenant");
		return;
	}
	if (!v->tenant->home)
		return;
	if (local_user_by_name(v->local, o->name))
		what = "account";
	else if (local_group_by_name(v->local, o->name))
		what = "group";
	if (what)
		validation_drop(v, "dir-name", word, o, remedy, "a local %s has this name", what);
}

int validate_names(struct validation *v)
{
	struct directory *d = v->d;

	for (size_t i = 0; i < d->user_count; i++) {
		check_name(v, "user", &d->users[i].o);
		check_local_name(v, "user", &d->users[i].o, d->users[i].uid != NO_ID,
				 "take uid away and map the account in local_logins, or rename one of the two");
	}
	for (size_t i = 0; i < d->group_count; i++) {
		check_name(v, "group", &d->groups[i].o);
		check_local_name(v, "group", &d->groups[i].o, d->groups[i].gid != NO_ID, "rename one of the two");
	}
	for (size_t i = 0; i < d->host_count; i++)
		check_name(v, "host", &d->hosts[i].o);
	for (size_t i = 0; i < d->unit_count; i++)
		check_name(v, "unit", &d->units[i].o);
	for (size_t i = 0; i < d->role_count; i++)
		check_name(v, "role", &d->roles[i].o);
	for (size_t i = 0; i < d->scope_count; i++)
		if (!d->scopes[i].o.dropped && (!d->scopes[i].o.name || !scope_path_is_valid(d->scopes[i].o.name)))
			validation_drop(v, "dir-name", "scope", &d->scopes[i].o,
					"write /a/b: each step is a name", "this is no valid path");
	return 0;
}

/* The methods that libxcrypt calls strong, and nothing that would cut a line of shadow in two. */
static bool password_is_valid(const char *hash)
{
	static const char *const methods[] = {"$y$", "$gy$", "$7$", "$2b$", "$6$", "$5$"};
	size_t len = strlen(hash);

	if (len >= 384)
		return false;
	for (size_t i = 0; i < len; i++)
		if (hash[i] <= ' ' || hash[i] > '~' || strchr(":;*!\\", hash[i]))
			return false;
	for (size_t i = 0; i < ARRAY_LENGTH(methods); i++)
		if (strncmp(hash, methods[i], strlen(methods[i])) == 0)
			return len > strlen(methods[i]) + 8;
	return false;
}

static int fill_defaults(const struct validation *v, struct user *u)
{
	if (!u->gecos)
		u->gecos = strdup("");
	if (!u->shell)
		u->shell = strdup("/bin/bash");
	if (!u->home && asprintf(&u->home, "/home/%s/%s", v->tenant->domain_count ? v->tenant->domains[0] : v->tenant->name,
				 u->o.name) < 0)
		u->home = NULL;
	return u->gecos && u->home && u->shell ? 0 : -ENOMEM;
}

/* What is no key is left out, and the user is who they are without it. */
static void check_keys(struct validation *v, struct user *u)
{
	size_t kept = 0;

	for (size_t i = 0; i < u->ssh_key_count; i++) {
		if (ssh_key_is_valid(u->ssh_keys[i])) {
			u->ssh_keys[kept++] = u->ssh_keys[i];
			continue;
		}
		problem_add(v->problems, SEVERITY_ERROR, "dir-key", u->o.place,
			    "copy the line of a .pub file, without options",
			    "user %s: ssh key %zu is no public key; it is left out", u->o.name, i + 1);
		free(u->ssh_keys[i]);
	}
	u->ssh_key_count = kept;
}

static bool lies_below(const char *path, const char *parent)
{
	const size_t len = strlen(parent);

	return strncmp(path, parent, len) == 0 && path[len] == '/' && path[len + 1];
}

#define HOMES "/home/"

/* /home/NAME, or for a whole folder all that is in it. */
static bool is_home(const char *path, const char *name, bool folder)
{
	const size_t head = sizeof(HOMES) - 1, len = strlen(name);

	if (strncmp(path, HOMES, head) != 0 || strncmp(path + head, name, len) != 0)
		return false;
	path += head + len;
	return !*path || (*path == '/' && (folder || !path[1]));
}

/*
 * Who logs in has the home made by root, and owns it: a directory that could put it anywhere would own the host, or the
 * homes of other tenants. In /home/DOMAIN; for the home tenant, /home/NAME of the user's own name, as POSIX directories
 * have it; or where tenants.d says, which is root's, as a directory in a file is.
 */
static bool home_is_allowed(const struct tenant_config *t, const struct user *u)
{
	char parent[sizeof(HOMES) + 253];

	for (size_t i = 0; i < t->foreign_domain_count; i++)
		if (is_home(u->home, t->foreign_domains[i], true))
			return false;
	for (size_t i = 0; i < t->home_parent_count; i++)
		if (lies_below(u->home, t->home_parents[i]))
			return true;
	if (t->home_parent_count > 0 || t->source != SOURCE_LDAP)
		return t->home_parent_count == 0;
	for (size_t i = 0; i < t->domain_count; i++) {
		(void)snprintf(parent, sizeof(parent), HOMES "%s", t->domains[i]);
		if (lies_below(u->home, parent))
			return true;
	}
	return t->home && is_home(u->home, u->o.name, false);
}

static void check_user(struct validation *v, struct user *u)
{
	char escaped[256];

	if (!field_is_valid(u->gecos) || text_check(u->gecos, SCOPE_LENGTH_MAX) < 0)
		validation_drop(v, "dir-field", "user", &u->o, "write plain UTF-8 without ':', control or hidden characters",
				"gecos does not fit in a line of passwd");
	else if (!path_is_plain(u->home))
		validation_drop(v, "dir-field", "user", &u->o, "write an absolute path without ':', '.' or '..'",
				"home is no plain path");
	else if (!home_is_allowed(v->tenant, u))
		validation_drop(v, "dir-home", "user", &u->o, "another home, or home_parents in tenants.d",
				"home %s lies where the tenant's users may have none",
				text_escape(u->home, escaped, sizeof(escaped)));
	else if (!path_is_plain(u->shell))
		validation_drop(v, "dir-field", "user", &u->o, "write an absolute path without ':', '.' or '..'",
				"shell is no plain path");
	else if (u->password && !password_is_valid(u->password))
		validation_drop(v, "dir-password", "user", &u->o, "mkpasswd -m yescrypt",
				"password is no hash of a strong method");
	if (!u->o.dropped)
		check_keys(v, u);
	if (!u->o.dropped && u->start_ns >= u->end_ns)
		validation_drop(v, "dir-dates", "user", &u->o, "let end come after start", "end is not after start");
}

int user_validate(struct user *u, const struct tenant_config *tenant, struct problem_list *problems)
{
	struct validation v = {.tenant = tenant, .problems = problems};

	if (fill_defaults(&v, u) < 0)
		return -ENOMEM;
	check_user(&v, u);
	return 0;
}

int validate_fields(struct validation *v)
{
	struct directory *d = v->d;

	for (size_t i = 0; i < d->user_count; i++) {
		if (d->users[i].o.dropped)
			continue;
		if (fill_defaults(v, &d->users[i]) < 0)
			return -ENOMEM;
		check_user(v, &d->users[i]);
	}
	for (size_t i = 0; i < d->assignment_count; i++) {
		struct assignment *a = &d->assignments[i];

		if (!a->o.dropped && a->start_ns >= a->end_ns)
			validation_drop(v, "dir-dates", "assignment", &a->o, "let end come after start",
					"end is not after start");
	}
	return 0;
}
