/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/leak.h"

#include <errno.h>
#include <unistd.h>

#include "common/base/paths.h"

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
		if (access(tenure_path(caches[i].path), F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR))
			return caches[i].name;
	return NULL;
}
