/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What covers what: rights, the ceiling, windows. */

#include <errno.h>
#include <string.h>

#include "common/decide/walk.h"

bool right_covers(const struct policy_right *right, enum right_kind kind, const char *argument)
{
	if (right->kind != kind)
		return false;
	if (kind != RIGHT_BECOME && kind != RIGHT_GROUP)
		return true;
	if (kind == RIGHT_BECOME && strcmp(right->argument, "*") == 0)
		return true;
	return strcmp(right->argument, argument) == 0;
}

int rights_cover(const struct policy *p, struct policy_rights rights, enum right_kind kind, const char *asked)
{
	struct policy_right right;
	for (uint32_t i = 0;; i++) {
		int r = policy_right(p, rights, i, &right);
		if (r == -ENOENT)
			return 0;
		if (r < 0)
			return r;
		if (asked ? right_covers(&right, kind, asked) : right.kind == kind)
			return 1;
	}
}

int ceiling_allows(const struct policy *p, enum right_kind kind, const char *argument)
{
	if (kind != RIGHT_BECOME && kind != RIGHT_GROUP)
		return 1;
	for (uint32_t i = 0;; i++) {
		const char *named;
		int r = policy_ceiling(p, kind, i, &named);
		if (r == -ENOENT)
			return 0;
		if (r < 0)
			return r;
		if (strcmp(named, argument) == 0)
			return 1;
	}
}

/* What the ceiling names, for become:*. */
static int each_target(const struct policy *p, right_fn fn, void *context)
{
	for (uint32_t i = 0;; i++) {
		const char *target;
		int r = policy_ceiling(p, RIGHT_BECOME, i, &target);
		if (r == -ENOENT)
			return 0;
		if (r == 0)
			r = fn(context, RIGHT_BECOME, target);
		if (r != 0)
			return r;
	}
}

int capped_rights(const struct policy *p, struct policy_rights rights, right_fn fn, void *context)
{
	struct policy_right right;
	for (uint32_t i = 0;; i++) {
		int r = policy_right(p, rights, i, &right);
		if (r == -ENOENT)
			return 0;
		if (r < 0)
			return r;
		if (right.kind == RIGHT_BECOME && strcmp(right.argument, "*") == 0) {
			r = each_target(p, fn, context);
		} else {
			r = ceiling_allows(p, right.kind, right.argument);
			r = r > 0 ? fn(context, right.kind, right.argument) : r;
		}
		if (r != 0)
			return r;
	}
}

bool host_right_reaches(const struct policy_assignment *a)
{
	return a->at_host && !a->blocked;
}

int copy_name(char buf[static NAME_LENGTH_MAX + 1], const char *name)
{
	size_t len = strnlen(name, NAME_LENGTH_MAX + 1);
	if (len > NAME_LENGTH_MAX)
		return -EBADMSG;
	memcpy(buf, name, len + 1);
	return 0;
}

struct window window_cut(struct window w, int64_t start_ns, int64_t end_ns)
{
	if (start_ns > w.start_ns)
		w.start_ns = start_ns;
	if (end_ns < w.end_ns)
		w.end_ns = end_ns;
	return w;
}
