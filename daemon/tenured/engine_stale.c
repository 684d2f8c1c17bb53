/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/paths.h"
#include "daemon/tenured/engine_internal.h"

static bool is_served_as_it_was(const struct compile *c, const char *name)
{
	for (size_t i = 0; i < c->file_count; i++)
		if (strcmp(c->files[i].name, name) == 0)
			return c->files[i].served == SERVED_LAST || c->files[i].served == SERVED_PUBLISHED;
	return false;
}

/* When its last good content was taken. */
static void last_time(const char *name, char buf[static TIME_TEXT_MAX])
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/last/%s", tenure_path(PATH_STATE), name);
	if (stat(path, &st) == 0)
		time_format_rfc3339((int64_t)st.st_mtim.tv_sec * NS_PER_S, buf, TIME_TEXT_MAX);
	else
		(void)snprintf(buf, TIME_TEXT_MAX, "before");
}

/* Of a directory in LDAP: what it says does not hold, or nothing is heard of it. */
static const char *stale_directory(const struct engine *e, size_t tenant, char buf[static ENGINE_STALE_MAX])
{
	const struct compiled_tenant *t = &e->compile->tenants[tenant];
	const int64_t answered = engine_answered_ns(e, tenant);
	char time[TIME_TEXT_MAX] = "it was bound";

	if (t->config.source != SOURCE_LDAP)
		return NULL;
	if (!t->restricted && (t->directory || t->released))
		return "a restriction in its directory does not hold; the last good policy is in force";
	if (!e->tenants[tenant].silent)
		return NULL;
	if (answered != 0)
		time_format_rfc3339(answered / NS_PER_S * NS_PER_S, time, sizeof(time));
	(void)snprintf(buf, ENGINE_STALE_MAX, "%s's directory has not answered since %s; what is known from then is in force",
		       t->config.name, time);
	return buf;
}

const char *engine_stale(const struct engine *e, size_t tenant, char buf[static ENGINE_STALE_MAX])
{
	static const char *const folders[] = {"", "tenants.d/", "directory.d/"};
	char name[COMPILE_NAME_MAX], time[TIME_TEXT_MAX];

	if (tenant >= e->tenant_count)
		return NULL;
	if (!e->tenants[tenant].policy)
		return "its policy could not be read: everything is denied";
	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
		(void)snprintf(name, sizeof(name), "%s%s.conf", folders[i],
			       folders[i][0] ? e->compile->tenants[tenant].config.name : "tenure");
		if (!is_served_as_it_was(e->compile, name))
			continue;
		last_time(name, time);
		(void)snprintf(buf, ENGINE_STALE_MAX,
			       "a broken change of %s is not in force; the last good state of %s is", name, time);
		return buf;
	}
	return stale_directory(e, tenant, buf);
}
