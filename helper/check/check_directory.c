/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tenure.conf and the directories say of each other and of this host. */
#include "helper/check/check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/text.h"

static const struct user *find_principal(const struct check_context *c, const char *principal, bool *ret_unread)
{
	const char *at = strchr(principal, '@');
	size_t len = (size_t)(at - principal);

	*ret_unread = false;
	for (size_t i = 0; i < c->tenant_count; i++)
		for (size_t j = 0; j < c->tenants[i].domain_count; j++) {
			const struct directory *d = c->directories[i];

			if (strcmp(c->tenants[i].domains[j], at + 1) != 0)
				continue;
			*ret_unread = !d;
			for (size_t k = 0; d && k < d->user_count; k++)
				if (d->users[k].o.name && strncmp(d->users[k].o.name, principal, len) == 0 &&
				    d->users[k].o.name[len] == '\0')
					return &d->users[k];
		}
	return NULL;
}

static void check_login(struct check_context *c, const struct local_login *l)
{
	const struct local_account *account = local_user_by_name(&c->local, l->login);
	const struct user *u;
	bool unread;

	if (!account)
		problem_add(&c->problems, SEVERITY_ERROR, "logins", l->place, "map accounts of /etc/passwd alone",
			    "%s is no account of this host", l->login);
	else if (account->id == 0)
		problem_add(&c->problems, SEVERITY_ERROR, "logins", l->place, "remove it",
			    "%s has uid 0, which is never governed", l->login);
	u = find_principal(c, l->principal, &unread);
	if (!u && !unread)
		problem_add(&c->problems, SEVERITY_ERROR, "logins", l->place, "name a user of a bound tenant",
			    "%s is no user of a directory here", l->principal);
}

/* With no accounts read, each would be missing. */
int check_logins(struct check_context *c)
{
	if (!c->has_local) {
		check_take_broker(c, "login-binding");
		return 1;
	}
	for (size_t i = 0; i < c->host.local_login_count; i++)
		check_login(c, &c->host.local_logins[i]);
	for (size_t i = 0; i < c->host.break_glass_user_count; i++)
		if (!local_user_by_name(&c->local, c->host.break_glass_users[i]))
			problem_add(&c->problems, SEVERITY_WARNING, "logins", "tenure.conf", "name accounts of /etc/passwd",
				    "break_glass_users: %s is no account of this host", c->host.break_glass_users[i]);
	check_take_broker(c, "login-binding");
	return 0;
}

int check_subuid(struct check_context *c)
{
	if (!c->has_local)
		return 1;
	tenants_validate(c->tenants, c->tenant_count, &c->local, &c->problems);
	return 0;
}

/* How the entry of this host would begin. */
static const char *own_name(char name[static 256])
{
	memset(name, 0, 256);
	(void)gethostname(name, 255);
	name[strcspn(name, ".")] = '\0';
	return name_is_valid(name) ? name : "NAME";
}

static bool is_in_hosts(const struct directory *d, const struct uuid *id)
{
	for (size_t i = 0; i < d->host_count; i++)
		if (uuid_equal(&d->hosts[i].o.id, id))
			return true;
	return false;
}

/* Which assignments reach this host is decided by its entry; a broken one is the directory's to report. */
int check_host_entry(struct check_context *c)
{
	char name[256], remedy[512], place[128], id[UUID_TEXT_MAX];

	if (!c->has_host_id) {
		problem_add(&c->problems, SEVERITY_ERROR, "host", "/etc/machine-id", "systemd-machine-id-setup",
			    "cannot be read: this host has no id");
		return 0;
	}
	uuid_format(&c->host_id, id);
	(void)snprintf(remedy, sizeof(remedy), "add { name = \"%s\"; id = \"%s\"; scope = \"/\"; }", own_name(name), id);
	for (size_t i = 0; i < c->tenant_count; i++) {
		if (!c->directories[i] || is_in_hosts(c->directories[i], &c->host_id))
			continue;
		(void)snprintf(place, sizeof(place), "directory.d/%s.conf", c->tenants[i].name);
		problem_add(&c->problems, SEVERITY_WARNING, "host", place, remedy,
			    "no entry of hosts has this host's id: only assignments at / reach it");
	}
	return 0;
}
