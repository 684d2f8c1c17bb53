/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/check/check.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/paths.h"

/* Where the path leads: NULL if there is nothing. forbidden: mode bits that must not be set. */
static void check_one(struct check_context *c, const char *path, mode_t forbidden)
{
	char remedy[PATH_MAX + 64];
	struct stat st;

	if (lstat(path, &st) < 0)
		return;
	if (S_ISLNK(st.st_mode)) {
		problem_add(&c->problems, SEVERITY_ERROR, "permissions", path, "put the thing itself there",
			    "is a symbolic link, which Tenure does not follow");
		return;
	}
	if (st.st_uid != tenure_trusted_uid()) {
		(void)snprintf(remedy, sizeof(remedy), "chown root:root %s", path);
		problem_add(&c->problems, SEVERITY_ERROR, "permissions", path, remedy, "belongs to uid %u", st.st_uid);
	}
	if (st.st_mode & forbidden) {
		/* Write bits are the reader's to report, but no remedy leaves them. */
		(void)snprintf(remedy, sizeof(remedy), "chmod %04o %s", st.st_mode & 07777 & ~(forbidden | 022), path);
		problem_add(&c->problems, SEVERITY_ERROR, "permissions", path, remedy, "has mode %04o",
			    st.st_mode & 07777);
	}
}

static void check_folder(struct check_context *c, const char *folder, mode_t forbidden)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *d = opendir(folder);

	while (d && (entry = readdir(d))) {
		int n = snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);

		if (entry->d_name[0] != '.' && n >= 0 && n < (int)sizeof(path))
			check_one(c, path, forbidden);
	}
	if (d)
		closedir(d);
}

/* The reader of the configuration reports who may write to it; here is who may read, and the state's own. */
static const struct {
	enum tenure_path folder;
	const char *file; /* "": the folder itself */
	mode_t forbidden;
} singles[] = {
	{PATH_STATE, "", 022},	      {PATH_STATE, "/index", 022},    {PATH_STATE, "/gate", 022},
	{PATH_STATE, "/tenants", 022}, {PATH_STATE, "/last", 077},     {PATH_JOURNAL, "", 077},
	{PATH_RUN, "", 022},	      {PATH_GENERATION, "", 022},     {PATH_ROOT_SOCKET, "", 077},
	{PATH_SESSIONS, "", 022},     {PATH_ETC, "/sudoers.d/tenure", 022},
};

static const struct {
	const char *file;
	mode_t forbidden;
} of_tenant[] = {{"identity", 022}, {"keys", 022},    {"policy", 077}, {"secrets", 077},
		 {"holders", 022},  {"grants", 022}, {"", 022}};

static void check_below(struct check_context *c, enum tenure_path folder, const char *file, mode_t forbidden)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s%s", tenure_path(folder), file);

	if (n >= 0 && n < (int)sizeof(path))
		check_one(c, path, forbidden);
}

static void check_tenant(struct check_context *c, const char *name)
{
	char file[128];

	for (size_t i = 0; i < ARRAY_LENGTH(of_tenant); i++) {
		(void)snprintf(file, sizeof(file), "/tenants/%s%s%s", name, of_tenant[i].file[0] ? "/" : "", of_tenant[i].file);
		check_below(c, PATH_STATE, file, of_tenant[i].forbidden);
	}
}

/* What each file said last: password hashes are in it. */
static void check_last(struct check_context *c)
{
	static const char *const folders[] = {"/last", "/last/tenants.d", "/last/directory.d"};
	char path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
		int n = snprintf(path, sizeof(path), "%s%s", tenure_path(PATH_STATE), folders[i]);

		if (n >= 0 && n < (int)sizeof(path))
			check_folder(c, path, 077);
	}
}

int check_permissions(struct check_context *c)
{
	for (size_t i = 0; i < ARRAY_LENGTH(singles); i++)
		check_below(c, singles[i].folder, singles[i].file, singles[i].forbidden);
	check_folder(c, tenure_path(PATH_DIRECTORY_D), 055);
	check_folder(c, tenure_path(PATH_JOURNAL), 077);
	check_last(c);
	for (size_t i = 0; i < c->tenant_count; i++)
		check_tenant(c, c->tenants[i].name);
	return 0;
}
