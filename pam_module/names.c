/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/names.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <security/pam_modutil.h>

#include "common/base/text.h"

int names_uid(pam_handle_t *pamh, const char *login, uid_t *ret)
{
	const struct passwd *account = pam_modutil_getpwnam(pamh, login);

	if (!account)
		return -ENOENT;
	*ret = account->pw_uid;
	return 0;
}

static int copy_name(const char *name, char buf[static NAMES_MAX])
{
	size_t len = strlen(name);

	if (len == 0 || len >= NAMES_MAX)
		return -ENOENT;
	memcpy(buf, name, len + 1);
	return 0;
}

/* "#1000"; 0xffffffff is nobody's. */
static int parse_id(const char *asked, uint32_t *ret)
{
	uint64_t id;

	if (asked[0] != '#' || number_parse(asked + 1, UINT32_MAX - 1, &id) < 0)
		return -ENOENT;
	*ret = (uint32_t)id;
	return 0;
}

int names_account(pam_handle_t *pamh, const char *asked, struct named_account *ret)
{
	const struct passwd *account;
	uint32_t id;

	account = parse_id(asked, &id) == 0 ? pam_modutil_getpwuid(pamh, id) : pam_modutil_getpwnam(pamh, asked);
	if (!account)
		return -ENOENT;
	ret->uid = account->pw_uid;
	ret->gid = account->pw_gid;
	return copy_name(account->pw_name, ret->name);
}

int names_group(pam_handle_t *pamh, const char *asked, char buf[static NAMES_MAX], gid_t *ret)
{
	const struct group *group;
	uint32_t id;

	group = parse_id(asked, &id) == 0 ? pam_modutil_getgrgid(pamh, id) : pam_modutil_getgrnam(pamh, asked);
	if (!group)
		return -ENOENT;
	*ret = group->gr_gid;
	return copy_name(group->gr_name, buf);
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
