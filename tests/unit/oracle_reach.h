/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_ORACLE_REACH_H
#define TENURE_TESTS_ORACLE_REACH_H

/*
 * The oracle's reading of a directory, by names alone: who is in what, which place reaches whom, which right a role
 * has. The questions are oracle.c's.
 */

#include "tests/unit/oracle.h"

/* Both there, and equal. */
bool same(const char *a, const char *b);
/* NULL: there is none, or it was left out. */
const struct host *this_host(const struct world *w);
const struct role *role_called(const struct world *w, const char *name);
const struct unit *unit_called(const struct world *w, const char *name);
/* The assignment is one of the user, by name or by a group. */
bool is_of(const struct world *w, const struct assignment *a, uint32_t user);
bool runs(int64_t start, int64_t end, int64_t now);

/* A place: a path, or a unit's name. */
const char *place_of(const struct assignment *a);
bool above(const char *upper, const char *path);
bool place_is_at_host(const struct world *w, const char *place);
/* The same, and past restricted units. */
bool place_reaches_host(const struct world *w, const char *place);
/* target: for rights over people, the user, or NO_INDEX. */
bool place_reaches(const struct world *w, const char *place, enum right_kind kind, uint32_t target);

bool is_host_right(enum right_kind kind);
bool in_ceiling(const struct world *w, enum right_kind kind, const char *argument);
/* argument NULL: the kind takes none. */
bool role_has(const struct world *w, const struct role *role, enum right_kind kind, const char *argument);
/* Some right of the kind, with whatever argument. */
bool role_has_some(const struct world *w, const struct role *role, enum right_kind kind);

bool deny_names(const struct world *w, const struct assignment *a, enum right_kind kind, const char *argument);
/* target: for management, the user; a unit that holds the user reaches as well. */
bool deny_reaches(const struct world *w, const struct assignment *a, uint32_t target);
bool denied(const struct world *w, uint32_t user, enum right_kind kind, const char *argument, uint32_t target,
	    int64_t now);

#endif
