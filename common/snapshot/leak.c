/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/leak.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/snapshot/map.h"

/*
 * Somebody listens. systemd leaves the file of a socket that it stopped, and no daemon that was killed takes its own
 * away: nobody answers there. Whatever else goes wrong counts as an answer.
 */
static bool is_served(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const size_t len = strlen(path);
	bool served = true;
	int fd;

	if (access(path, F_OK) < 0)
		return errno != ENOENT && errno != ENOTDIR;
	if (len >= sizeof(address.sun_path))
		return true;
	memcpy(address.sun_path, path, len + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return true;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		served = errno != ECONNREFUSED && errno != ENOENT;
	(void)close(fd);
	return served;
}

/* One that begins asks before it listens. */
static const char *own_name(void)
{
	static const char *const names[] = {"nscd", "systemd-userdbd", "systemd-userwork"};

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (strcmp(program_invocation_short_name, names[i]) == 0)
			return names[i];
	return NULL;
}

bool leak_real_user_may(const char *tenant)
{
	char path[PATH_MAX];

	return snapshot_tenant_path(tenant, "identity", path, sizeof(path)) == 0 && access(path, R_OK) == 0;
}

const char *leak_find(void)
{
	static const struct {
		enum tenure_path path;
		const char *name;
	} caches[] = {
		{PATH_NSCD, "nscd"},
		{PATH_USERDB_ALL, "systemd-userdbd"},
		{PATH_USERDB_NSS, "systemd-userdbd"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(caches); i++)
		if (is_served(tenure_path(caches[i].path)))
			return caches[i].name;
	return own_name();
}
