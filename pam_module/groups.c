/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/groups.h"

#include <errno.h>
#include <string.h>

bool ends_before(const struct window *a, const struct window *b, const struct instant *now)
{
	return window_left_ns(a, now) < window_left_ns(b, now);
}

static bool has(const struct group_list *list, gid_t gid)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->gids[i] == gid)
			return true;
	return false;
}

/* A group less is no reason to end the login: what it would have allowed stays denied. */
static int collect(void *context, const struct judged_group *group)
{
	struct group_list *list = context;
	size_t used = strlen(list->names), len = strlen(group->name);

	if (has(list, group->gid) || list->count == SESSION_GROUPS_COUNT_MAX || used + 1 + len > SESSION_GROUPS_MAX)
		return 0;
	if (used > 0)
		list->names[used++] = ',';
	memcpy(list->names + used, group->name, len + 1);
	if (list->count == 0 || ends_before(&group->decision->window, &list->first.window, &list->now))
		list->first = *group->decision;
	list->gids[list->count++] = group->gid;
	return 0;
}

int groups_find(const struct subject *s, struct group_list *ret)
{
	int r;

	*ret = (struct group_list){.count = 0};
	r = clock_system.now(&clock_system, &ret->now);
	return r < 0 ? r : judge_groups(s, collect, ret);
}
