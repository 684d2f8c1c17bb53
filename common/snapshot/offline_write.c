/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "common/base/text.h"
#include "common/snapshot/offline.h"

int offline_write(const char *tenant, const struct uuid *principal, int64_t since_ns, const char *hash)
{
	char path[PATH_MAX], text[SECRET_HASH_MAX + 64];
	int r = offline_path(tenant, NULL, path, sizeof(path)), n;

	if (r < 0)
		return r;
	if (since_ns < 0 || hash[0] != '$' || strlen(hash) >= SECRET_HASH_MAX || text_check(hash, SECRET_HASH_MAX) < 0)
		return -EINVAL;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	r = offline_path(tenant, principal, path, sizeof(path));
	if (r < 0)
		return r;
	n = snprintf(text, sizeof(text), "tenure-offline 1\nsince %" PRId64 "\nhash %s\n", since_ns, hash);
	if (n > 0 && (size_t)n < sizeof(text))
		r = safe_replace(path, text, (size_t)n, 0600, (uid_t)-1, (gid_t)-1);
	else
		r = -EINVAL;
	explicit_bzero(text, sizeof(text));
	return r;
}

int offline_remove(const char *tenant, const struct uuid *principal)
{
	char path[PATH_MAX];
	int r = offline_path(tenant, principal, path, sizeof(path));

	if (r < 0)
		return r;
	return unlink(path) < 0 && errno != ENOENT && errno != ENOTDIR ? -errno : 0;
}

void offline_sweep(const char *tenant, int64_t max_ns, int64_t now_ns)
{
	char path[PATH_MAX], hash[SECRET_HASH_MAX];
	struct dirent *entry;
	struct uuid id;
	int64_t since;
	DIR *dir;

	if (offline_path(tenant, NULL, path, sizeof(path)) < 0 || !(dir = opendir(path)))
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (max_ns > 0 && uuid_parse(entry->d_name, &id) == 0 && offline_read(tenant, &id, &since, hash) == 0 &&
		    offline_holds(since, max_ns, now_ns))
			continue;
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
	(void)closedir(dir);
	explicit_bzero(hash, sizeof(hash));
	(void)rmdir(path); /* where it is not empty it stays */
}
