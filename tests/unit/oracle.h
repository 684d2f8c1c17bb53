/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_ORACLE_H
#define TENURE_TESTS_ORACLE_H

/*
 * A second opinion: slow, from the directory itself and by names, written from the vocabulary without a look at the
 * core. It shares no code with it, but for the clocks' window_holds, which has an oracle of its own.
 */

#include "tests/unit/world.h"

struct oracle_answer {
	enum why why; /* WHY_NONE: allowed */
	bool by_grant;
	int64_t left_ns; /* allowed: how long yet, by the longest that covers it, the account and the next deny */
};

/* user, target_user: positions in the directory. The request's positions are not looked at. */
struct oracle_answer oracle_decide(const struct world *w, const struct decision_request *request, uint32_t user,
				   uint32_t target_user);
/* The user has a live assignment of the role by which the question would be allowed; eligible or active. */
bool oracle_role_would_do(const struct world *w, const struct decision_request *request, uint32_t user,
			  uint32_t target_user, const char *role, enum assignment_type type);
/* A standing right of login, become or group, as the holders table should show it. kind 0: the role `argument`. */
bool oracle_stands(const struct world *w, uint32_t user, enum right_kind kind, const char *argument, int64_t realtime_ns);
/* The role, granted at `where`, gives the right there now. */
bool oracle_grant_gives(const struct world *w, uint32_t user, const char *role, const char *where, enum right_kind kind,
			const char *argument, int64_t realtime_ns);
/* May the user activate the role at `where`? */
bool oracle_may_activate(const struct world *w, uint32_t user, const char *role, const char *where,
			 const struct instant *now);
/* This host's entry is there but left out, or the validator found a broken restriction. */
bool oracle_is_broken(const struct world *w);

#endif
