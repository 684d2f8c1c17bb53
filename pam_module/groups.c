/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/groups.h"

#include <errno.h>

#include "pam_module/names.h"

#define GRANTED_MAX 64 /* groups that one session takes on */

struct granted {
	size_t count;
	gid_t gids[GRANTED_MAX];
};

static int note(void *context, gid_t gid)
{
	(void)gid;
	*(bool *)context = true;
	return 0;
}

int groups_are_granted(const struct subject *s, bool *ret)
{
	*ret = false;
	return judge_groups(s, note, ret);
}

static int collect(void *context, gid_t gid)
{
	struct granted *granted = context;

	if (granted->count == GRANTED_MAX)
		return -E2BIG;
	granted->gids[granted->count++] = gid;
	return 0;
}

int groups_add(const struct subject *s)
{
	struct granted granted = {.count = 0};
	int r = judge_groups(s, collect, &granted);

	if (r < 0 || granted.count == 0)
		return r;
	return names_add_groups(granted.gids, granted.count);
}
