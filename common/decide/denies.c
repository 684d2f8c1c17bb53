/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Denies: they win over everything, standing or granted. */

#include <errno.h>

#include "common/decide/walk.h"

/* No restricted unit keeps a deny away. */
static int deny_reaches(const struct policy *p, const struct policy_assignment *a, uint32_t target_user)
{
	if (a->at_host)
		return 1;
	return user_is_in_unit(p, target_user, a->unit);
}

int deny_takes(const struct policy *p, const struct policy_assignment *a, const struct deny_query *query)
{
	if (a->type != ASSIGNMENT_DENY)
		return 0;
	int r = deny_reaches(p, a, query->target_user);
	if (r <= 0)
		return r;
	return rights_cover(p, a->rights, query->kind, query->argument);
}

bool deny_takes_role(const struct policy_assignment *a, uint32_t role)
{
	return a->type == ASSIGNMENT_DENY && a->role == role && a->at_host;
}

int right_is_denied(const struct policy *p, uint32_t principal, const struct deny_query *query, const struct instant *now,
		    int64_t *ret_next)
{
	struct policy_assignment a;
	int64_t next = TIME_FOREVER;
	for (uint32_t i = 0;; i++) {
		int r = policy_assignment(p, principal, i, &a);
		if (r == -ENOENT)
			break;
		if (r == 0)
			r = deny_takes(p, &a, query);
		if (r < 0)
			return r;
		if (r > 0 && window_holds(&a.window, now))
			return 1;
		if (r > 0 && a.window.start_ns > now->realtime_ns && a.window.start_ns < next)
			next = a.window.start_ns;
	}
	if (ret_next)
		*ret_next = next;
	return 0;
}
