/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "daemon/tenured/session_state.h"

int session_groups_each(const char *groups, int (*fn)(void *context, const char *group), void *context)
{
	char name[NAME_LENGTH_MAX + 1];
	size_t count = 0;

	if (!groups[0])
		return 0;
	for (const char *at = groups;;) {
		size_t n = strcspn(at, ",");
		if (n >= sizeof(name) || ++count > SESSION_GROUPS_COUNT_MAX)
			return -EINVAL;
		memcpy(name, at, n);
		name[n] = '\0';
		if (!name_is_valid(name))
			return -EINVAL;
		int r = fn(context, name);
		if (r || !at[n])
			return r;
		at += n + 1;
	}
}

static int any_group(void *context, const char *group)
{
	return 0;
}

int session_groups_check(const char *groups)
{
	return session_groups_each(groups, any_group, NULL);
}
