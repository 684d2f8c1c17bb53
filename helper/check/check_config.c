/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads tenure.conf, tenants.d and directory.d, and what is in force in place of a file that has a fault: its last good
 * content, as the broker keeps it. MUST: a file that cannot be used is never "nothing is bound".
 */
#include "helper/check/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/config/config.h"
#include "common/mirror/mirror.h"

/* name: "directory.d/contoso.conf" */
static bool last_path(const char *name, char path[static PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/last/%s", tenure_path(PATH_STATE), name);

	return n >= 0 && n < PATH_MAX;
}

static bool folder_path(enum tenure_path folder, const char *tenant, char path[static PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/%s.conf", tenure_path(folder), tenant);

	return n >= 0 && n < PATH_MAX;
}

/* The oldest content that stands for a file is what the summary names. */
static void note_last(struct check_context *c, const char *path)
{
	struct stat st;
	int64_t ns;

	if (stat(path, &st) < 0)
		return;
	ns = (int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
	if (c->last_ns == 0 || ns < c->last_ns)
		c->last_ns = ns;
}

/* What its last good content has to say was said when it was good. */
static int load_last_host(struct check_context *c)
{
	struct problem_list ignored = {0};
	char path[PATH_MAX];
	int r = -ENOENT;

	if (last_path("tenure.conf", path))
		r = host_config_load(path, &c->host, &ignored);
	if (r == 0)
		note_last(c, path);
	problem_list_done(&ignored);
	return r;
}

static int load_tenant(struct check_context *c, const char *name, struct tenant_config *ret)
{
	struct problem_list ignored = {0};
	char path[PATH_MAX], last[64];
	int r = -ENAMETOOLONG;

	if (folder_path(PATH_TENANTS_D, name, path))
		r = tenant_config_load(path, name, ret, &c->problems);
	(void)snprintf(last, sizeof(last), "tenants.d/%s.conf", name);
	if (r < 0 && r != -ENOMEM && last_path(last, path)) {
		r = tenant_config_load(path, name, ret, &ignored);
		if (r == 0)
			note_last(c, path);
	}
	problem_list_done(&ignored);
	return r;
}

static int load_tenants(struct check_context *c)
{
	size_t count = c->host.tenant_count;

	c->tenants = calloc(count + 1, sizeof(*c->tenants));
	c->directories = calloc(count + 1, sizeof(struct directory *));
	if (!c->tenants || !c->directories)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct tenant_config *t = &c->tenants[c->tenant_count];
		int r = load_tenant(c, c->host.tenants[i], t);

		if (r == -ENOMEM)
			return r;
		c->is_unread = c->is_unread || r < 0;
		if (r < 0)
			continue;
		t->home = i == 0;
		c->tenant_count++;
	}
	return 0;
}

/* The broker that wrote it governed somebody. */
static bool is_published(void)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/index", tenure_path(PATH_STATE));

	return n < 0 || n >= (int)sizeof(path) || access(path, F_OK) == 0 || errno != ENOENT;
}

/* There is nothing to go by; what a host has by default can still be looked at. */
static int load_default_host(struct check_context *c)
{
	static const char nobody[] = "tenants = [ ];";
	struct problem_list ignored = {0};
	int r = host_config_parse(nobody, sizeof(nobody) - 1, "", &c->host, &ignored);

	problem_list_done(&ignored);
	return r;
}

static int load_host(struct check_context *c)
{
	bool absent = access(tenure_path(PATH_CONFIG), F_OK) < 0 && errno == ENOENT;
	int r = absent ? -ENOENT : host_config_load(tenure_path(PATH_CONFIG), &c->host, &c->problems);

	if (r < 0 && r != -ENOMEM)
		r = load_last_host(c);
	c->has_host = r == 0;
	c->is_bound = c->has_host ? c->host.tenant_count > 0 : !absent || is_published();
	c->is_unread = c->is_bound && !c->has_host;
	if (absent && (c->has_host || c->is_bound))
		file_text_report("tenure.conf", -ENOENT, &c->problems);
	if (r < 0 && r != -ENOMEM)
		r = load_default_host(c);
	return r;
}

int check_config(struct check_context *c)
{
	int r = load_host(c);

	if (r == 0)
		r = load_tenants(c);
	check_take_broker(c, "conf-last");
	return r;
}

/* Parsed and validated. 0; -EBADMSG: its restrictions do not hold (*ret is set); -errno. */
static int build_directory(struct check_context *c, const char *path, const struct tenant_config *t,
			   struct problem_list *problems, struct directory **ret)
{
	struct directory *d = NULL;
	int r = directory_load(path, &t->id, &d, problems);

	if (r == 0)
		r = directory_validate(d, t, &c->local, problems);
	if (r < 0) {
		directory_free(d);
		return r;
	}
	*ret = d;
	return d->broken_restriction ? -EBADMSG : 0;
}

/* One that holds takes the place of one that does not; with no other, the last is better than nothing. */
static int load_directory(struct check_context *c, const struct tenant_config *t, struct directory **ret)
{
	struct problem_list ignored = {0};
	struct directory *now = NULL, *last = NULL;
	char path[PATH_MAX], name[64];
	int r = -ENAMETOOLONG, of_last = -ENOENT;

	if (folder_path(PATH_DIRECTORY_D, t->name, path))
		r = build_directory(c, path, t, &c->problems, &now);
	(void)snprintf(name, sizeof(name), "directory.d/%s.conf", t->name);
	if (r < 0 && r != -ENOMEM && last_path(name, path))
		of_last = build_directory(c, path, t, &ignored, &last);
	if (of_last == 0 || (!now && last)) {
		note_last(c, path);
		directory_free(now);
		now = last;
		last = NULL;
	}
	directory_free(last);
	problem_list_done(&ignored);
	*ret = now;
	c->is_unread = c->is_unread || !now;
	return r == -ENOMEM || of_last == -ENOMEM ? -ENOMEM : 0;
}

/* What the broker keeps of a directory in LDAP; that there is nothing yet, it says itself (check_ldap). */
static int load_mirror(struct check_context *c, const struct tenant_config *t, struct directory **ret)
{
	struct directory *d = NULL;
	struct mirror *m = NULL;
	bool damaged;
	int r = mirror_read(t, &m, &damaged);

	if (r == 0)
		r = mirror_build(m, t, &d, &c->problems);
	if (r == 0)
		r = directory_validate(d, t, &c->local, &c->problems);
	mirror_close(m);
	if (r == 0)
		*ret = d;
	else
		directory_free(d);
	c->is_unread = c->is_unread || r < 0;
	return r == -ENOMEM ? r : 0;
}

static int introduce(struct check_context *c)
{
	int r = 0;

	for (size_t i = 0; i < c->tenant_count; i++)
		for (size_t k = 0; r == 0 && k < c->tenant_count; k++)
			if (k != i)
				r = tenants_introduce(&c->tenants[i], &c->tenants[k]);
	return r;
}

int check_directory(struct check_context *c)
{
	int r = introduce(c);

	for (size_t i = 0; r == 0 && i < c->tenant_count; i++)
		r = c->tenants[i].source == SOURCE_LDAP ? load_mirror(c, &c->tenants[i], &c->directories[i])
							: load_directory(c, &c->tenants[i], &c->directories[i]);
	check_take_broker(c, "dir-uid-retired");
	return r == 0 && !c->has_local ? 1 : r; /* nothing was held against the accounts of this host */
}
