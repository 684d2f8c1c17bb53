/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/names.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <unistd.h>

#include <security/pam_modutil.h>

int names_uid(pam_handle_t *pamh, const char *login, uid_t *ret)
{
	const struct passwd *account = pam_modutil_getpwnam(pamh, login);

	if (!account)
		return -ENOENT;
	*ret = account->pw_uid;
	return 0;
}

static bool contains(const gid_t *gids, int count, gid_t gid)
{
	for (int i = 0; i < count; i++)
		if (gids[i] == gid)
			return true;
	return false;
}

int names_add_groups(const gid_t *gids, size_t count)
{
	int own = getgroups(0, NULL);
	int all, r = 0;
	gid_t *list;

	if (own < 0)
		return -errno;
	list = calloc((size_t)own + count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	if (own > 0)
		own = getgroups(own, list);
	if (own < 0) {
		r = -errno;
		free(list);
		return r;
	}
	all = own;
	for (size_t i = 0; i < count; i++)
		if (!contains(list, all, gids[i]))
			list[all++] = gids[i];
	if (all > own && setgroups((size_t)all, list) < 0)
		r = -errno;
	free(list);
	return r;
}
