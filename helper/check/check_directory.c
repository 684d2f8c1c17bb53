/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Tenure's own files say: everything that the broker would refuse, before it does. */
#include "helper/check/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/config/config.h"

static bool tenant_path(enum tenure_path folder, const char *name, char path[static PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/%s.conf", tenure_path(folder), name);

	return n >= 0 && n < PATH_MAX;
}

static int load_tenants(struct check_context *c)
{
	size_t count = c->host.tenant_count;
	char path[PATH_MAX];

	c->tenants = calloc(count + 1, sizeof(*c->tenants));
	c->directories = calloc(count + 1, sizeof(struct directory *));
	if (!c->tenants || !c->directories)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct tenant_config *t = &c->tenants[c->tenant_count];
		int r;

		if (!tenant_path(PATH_TENANTS_D, c->host.tenants[i], path))
			continue;
		r = tenant_config_load(path, c->host.tenants[i], t, &c->problems);
		if (r == -ENOMEM)
			return r;
		if (r < 0)
			continue;
		t->home = i == 0;
		c->tenant_count++;
	}
	return 0;
}

/* As after installation: nothing is bound. But the broker goes on with what the file said last. */
static int no_config(struct check_context *c)
{
	char last[PATH_MAX];
	int n = snprintf(last, sizeof(last), "%s/last/tenure.conf", tenure_path(PATH_STATE));

	if (n >= 0 && n < (int)sizeof(last) && access(last, F_OK) == 0)
		problem_add(&c->problems, SEVERITY_ERROR, "conf-file", "tenure.conf",
			    "write it; to govern nobody: tenants = [ ];", "is not there; its last good content is served");
	return 0;
}

int check_config(struct check_context *c)
{
	int r;

	if (access(tenure_path(PATH_CONFIG), F_OK) < 0 && errno == ENOENT)
		return no_config(c);
	r = host_config_load(tenure_path(PATH_CONFIG), &c->host, &c->problems);
	if (r == -ENOMEM)
		return r;
	c->has_host = r == 0;
	return c->has_host ? load_tenants(c) : 0;
}

int check_directory(struct check_context *c)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < c->tenant_count; i++) {
		const struct tenant_config *t = &c->tenants[i];
		int r;

		if (!tenant_path(PATH_DIRECTORY_D, t->name, path))
			continue;
		r = directory_load(path, &t->id, &c->directories[i], &c->problems);
		if (r == 0)
			r = directory_validate(c->directories[i], t, &c->local, &c->problems);
		if (r == -ENOMEM)
			return r;
	}
	return 0;
}

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

int check_logins(struct check_context *c)
{
	for (size_t i = 0; i < c->host.local_login_count; i++)
		check_login(c, &c->host.local_logins[i]);
	for (size_t i = 0; i < c->host.break_glass_user_count; i++)
		if (!local_user_by_name(&c->local, c->host.break_glass_users[i]))
			problem_add(&c->problems, SEVERITY_WARNING, "logins", "tenure.conf", "name accounts of /etc/passwd",
				    "break_glass_users: %s is no account of this host", c->host.break_glass_users[i]);
	return 0;
}

int check_subuid(struct check_context *c)
{
	tenants_validate(c->tenants, c->tenant_count, &c->local, &c->problems);
	return 0;
}
