/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What must not stay: of tenants that are no longer bound, and of brokers that were killed while they wrote. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/base/text.h"
#include "common/snapshot/fresh.h"
#include "common/snapshot/offline.h"
#include "daemon/tenured/engine_internal.h"

/* What cannot be swept now is swept at the next load. */
static void sweep(const char *folder)
{
	if (safe_sweep(folder) < 0)
		return;
}

/* Calls fn for each folder of a tenant in PATH_STATE/tenants. */
static void each_tenant_folder(struct engine *e, void (*fn)(struct engine *, const char *path, const char *tenant))
{
	char path[PATH_MAX], folder[PATH_MAX];
	struct dirent *entry;

	(void)snprintf(path, sizeof(path), "%s/tenants", tenure_path(PATH_STATE));
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir))) {
		if (!name_is_valid(entry->d_name) ||
		    snprintf(folder, sizeof(folder), "%s/%s", path, entry->d_name) >= (int)sizeof(folder))
			continue;
		fn(e, folder, entry->d_name);
	}
	if (dir)
		closedir(dir);
}

static void sweep_tenant(struct engine *e, const char *path, const char *tenant)
{
	sweep(path);
}

void engine_sweep(struct engine *e)
{
	static const char *const folders[] = {"", "/last", "/last/tenants.d", "/last/directory.d"};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
		(void)snprintf(path, sizeof(path), "%s%s", tenure_path(PATH_STATE), folders[i]);
		sweep(path);
	}
	each_tenant_folder(e, sweep_tenant);
	sweep(tenure_path(PATH_RUN));
	sweep(tenure_path(PATH_SESSIONS));
}

static bool is_said(const struct problem_list *problems, const char *id, const char *place)
{
	for (size_t i = 0; i < problems->count; i++)
		if (strcmp(problems->items[i].id, id) == 0 && strcmp(problems->items[i].place, place) == 0)
			return true;
	return false;
}

/* What no longer stands for a directory in LDAP. Where there was none, nothing is there. */
static void remove_of_ldap(const char *tenant)
{
	offline_sweep(tenant, 0, 0);
	if (mirror_remove(tenant) < 0 || fresh_remove(tenant) < 0)
		return; /* tried again at the next load */
}

static void remove_tenant(struct engine *e, const char *path, const char *tenant)
{
	static const char *const files[] = {"identity", "keys", "policy", "secrets", "holders", "grants"};
	struct problem_list *problems = &e->compile->problems;
	char file[PATH_MAX];

	if (compile_names(e->compile, tenant))
		return;
	remove_of_ldap(tenant);
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
		if (snapshot_tenant_path(tenant, files[i], file, sizeof(file)) == 0)
			(void)unlink(file);
	engine_sweep_deltas(tenant);
	if (rmdir(path) < 0 && errno != ENOENT && !is_said(problems, "state-left", path))
		problem_add(problems, SEVERITY_WARNING, "state-left", path, "look what is in it, and remove it",
			    "tenant %s is no longer bound, and its folder cannot be removed: %s", tenant, strerror(errno));
}

/* Nor does what its files said last stay: there are password hashes in it. */
static void forget(struct engine *e, const char *folder)
{
	char path[PATH_MAX], name[NAME_LENGTH_MAX + 1];
	struct dirent *entry;

	(void)snprintf(path, sizeof(path), "%s/last/%s", tenure_path(PATH_STATE), folder);
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir))) {
		const char *dot = strrchr(entry->d_name, '.');
		size_t len = dot ? (size_t)(dot - entry->d_name) : 0;

		if (len == 0 || len > NAME_LENGTH_MAX || strcmp(dot, ".conf") != 0)
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, entry->d_name);
		if (!compile_names(e->compile, name))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

void engine_remove_unbound(struct engine *e)
{
	for (size_t i = 0; i < e->tenant_count; i++)
		if (e->compile->tenants[i].config.source == SOURCE_FILE)
			remove_of_ldap(e->compile->tenants[i].config.name);
	each_tenant_folder(e, remove_tenant);
	forget(e, "tenants.d");
	forget(e, "directory.d");
}
