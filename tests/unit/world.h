/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_WORLD_H
#define TENURE_TESTS_WORLD_H

/*
 * Small worlds for tests of policy and decision: a directory, a host, its ceiling, live grants. Written by hand, or drawn
 * at random from few names and few moments, so that everything meets everything.
 */

#include "common/decide/decide.h"

#define WORLD_GRANTS_MAX 8
#define WORLD_MOMENTS	 12 /* random times lie in 0..WORLD_MOMENTS - 1 seconds */

/* Stands for the mapped table (fake_holders.c): hands out every row of a principal, live or not. */
struct holders {
	struct holder rows[WORLD_GRANTS_MAX];
	size_t count;
	int error; /* instead of rows */
};

/* The n-th call from now on fails, once; 0: none. */
extern unsigned fake_holders_fail_at;

struct world {
	struct directory *d;
	struct host_config host;
	struct tenant_config tenant;
	struct uuid host_id;
	struct holders grants;
	struct policy *policy; /* world_compile */
	void *image;
	size_t image_len;
};

/* Deterministic randomness. */
struct random {
	uint64_t state;
};
uint64_t random_next(struct random *r);
/* 0 .. n - 1 */
unsigned random_below(struct random *r, unsigned n);
bool random_chance(struct random *r, unsigned percent);

struct world *world_new(void);
void world_free(struct world *w);

/* Each returns what it added, to be changed before world_compile; strings are copied. */
struct user *world_user(struct world *w, const char *name);
struct group *world_group(struct world *w, const char *name, const char *members, const char *member_groups);
struct scope *world_scope(struct world *w, const char *path);
struct host *world_host(struct world *w, const char *name, const char *scope, bool this_one);
struct unit *world_unit(struct world *w, const char *name, bool restricted, const char *users, const char *hosts);
/* Lists of words: "login become:root". */
struct role *world_role(struct world *w, const char *name, const char *actions, const char *not_actions);
/* where: a path, or a unit's name. who: a user, or "@group". what: a role, or "=login become:root" for a deny. */
struct assignment *world_assignment(struct world *w, enum assignment_type type, const char *who, const char *what,
				    const char *where);
void world_ceiling(struct world *w, const char *become, const char *groups);
void world_no_ceiling(struct world *w);
/* A live grant's row. */
struct holder *world_grant(struct world *w, const char *user, const char *role, enum right_kind kind,
			   const char *argument);

/* Validates and compiles; 0 or what policy_image says. */
int world_compile(struct world *w);
/* Positions: in the directory, in the policy. */
uint32_t world_user_index(const struct world *w, const char *name);
uint32_t world_principal(const struct world *w, const char *name);

void world_randomise(struct world *w, struct random *r);

#endif
