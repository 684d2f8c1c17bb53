/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Worlds drawn at random, from few names and few moments. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/world.h"

static const char *const users[] = {"u0", "u1", "u2", "u3", "u4"};
static const char *const groups[] = {"g0", "g1", "g2"};
static const char *const units[] = {"n0", "n1", "n2"};
static const char *const roles[] = {"r0", "r1", "r2", "r3", "r4"};
static const char *const hosts[] = {"h0", "h1"};
static const char *const paths[] = {"/", "/a", "/a/b", "/c", "/a/b/h0", "/c/h1"};
static const char *const rights[] = {
	"login", "become:root", "become:pg", "become:*", "group:adm", "group:disk", "user.lock", "user.sessions.end",
	"request.approve", "grant.revoke", "audit.read", "policy.read"};
static const char *const become[] = {"root", "pg", "backup"};
static const char *const local_groups[] = {"adm", "disk"};

uint64_t random_next(struct random *r)
{
	uint64_t z = (r->state += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

unsigned random_below(struct random *r, unsigned n)
{
	return (unsigned)((random_next(r) >> 32) * n >> 32);
}

bool random_chance(struct random *r, unsigned percent)
{
	return random_below(r, 100) < percent;
}

#define PICK(r, array) ((array)[random_below((r), ARRAY_LENGTH(array))])

/* Some of the names, in a line. */
static const char *some(struct random *r, const char *const *names, size_t count, unsigned percent, char buf[256])
{
	size_t len = 0;
	buf[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		if (random_chance(r, percent))
			len += (size_t)snprintf(buf + len, 256 - len, "%s ", names[i]);
	}
	return buf;
}

#define SOME(r, array, percent, buf) some((r), (array), ARRAY_LENGTH(array), (percent), (buf))

static int64_t moment(struct random *r)
{
	return (int64_t)random_below(r, WORLD_MOMENTS) * NS_PER_S;
}

static void random_dates(struct random *r, unsigned percent, int64_t *start, int64_t *end)
{
	if (random_chance(r, percent))
		*start = moment(r);
	if (random_chance(r, percent))
		*end = moment(r);
}

static void random_people(struct world *w, struct random *r)
{
	char members[256], nested[256];
	for (size_t i = 0; i < ARRAY_LENGTH(users); i++) {
		struct user *u = world_user(w, users[i]);
		u->kind = random_chance(r, 15) ? USER_SERVICE : USER_PERSON;
		u->enabled = !random_chance(r, 8);
		u->uid = random_chance(r, 20) ? NO_ID : u->uid;
		random_dates(r, 15, &u->start_ns, &u->end_ns);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(groups); i++)
		world_group(w, groups[i], SOME(r, users, 35, members), SOME(r, groups, 25, nested));
}

static void random_places(struct world *w, struct random *r)
{
	char in_unit[256], on[256];
	world_scope(w, "/a");
	world_scope(w, "/a/b");
	world_scope(w, "/c");
	world_host(w, "h0", "/a/b", !random_chance(r, 8));
	world_host(w, "h1", "/c", false);
	for (size_t i = 0; i < ARRAY_LENGTH(units); i++)
		world_unit(w, units[i], random_chance(r, 20), SOME(r, users, 35, in_unit), SOME(r, hosts, 40, on));
}

static void random_roles(struct world *w, struct random *r)
{
	char actions[256], not_actions[256], names[256];
	for (size_t i = 0; i < ARRAY_LENGTH(roles); i++) {
		do {
			SOME(r, rights, 25, actions);
			SOME(r, rights, 8, not_actions);
		} while (strlen(actions) > 90 || actions[0] == '\0' || strlen(not_actions) > 60);
		struct role *role = world_role(w, roles[i], actions, not_actions);
		role->activation.approvals = random_below(r, 3);
	}
	world_ceiling(w, SOME(r, become, 60, names), SOME(r, local_groups, 60, actions));
}

static void random_assignment(struct world *w, struct random *r)
{
	static const enum assignment_type types[] = {ASSIGNMENT_ACTIVE, ASSIGNMENT_ACTIVE, ASSIGNMENT_ACTIVE,
						     ASSIGNMENT_ELIGIBLE, ASSIGNMENT_ELIGIBLE, ASSIGNMENT_DENY};
	char who[16], what[128], single[256];
	enum assignment_type type = PICK(r, types);
	if (random_chance(r, 50))
		(void)snprintf(who, sizeof(who), "@%s", PICK(r, groups));
	else
		(void)snprintf(who, sizeof(who), "%s", PICK(r, users));
	(void)snprintf(what, sizeof(what), "%s", PICK(r, roles));
	if (type == ASSIGNMENT_DENY && random_chance(r, 70)) {
		do {
			SOME(r, rights, 15, single);
		} while (single[0] == '\0' || strlen(single) > 90);
		(void)snprintf(what, sizeof(what), "=%.100s", single);
	}
	struct assignment *a = world_assignment(w, type, who, what, random_chance(r, 35) ? PICK(r, units) : PICK(r, paths));
	random_dates(r, 25, &a->start_ns, &a->end_ns);
}

static void random_grant(struct world *w, struct random *r)
{
	enum right_kind kind = random_below(r, RIGHT_POLICY_READ + 1);
	const char *argument = NULL;
	if (kind == RIGHT_BECOME)
		argument = random_chance(r, 10) ? "*" : PICK(r, become);
	else if (kind == RIGHT_GROUP)
		argument = PICK(r, local_groups);
	else if (kind >= RIGHT_USER_LOCK)
		argument = random_chance(r, 50) ? PICK(r, units) : PICK(r, paths);
	struct holder *row = world_grant(w, PICK(r, users), PICK(r, roles), kind, argument);
	random_dates(r, 40, &row->window.start_ns, &row->window.end_ns);
	if (random_chance(r, 40))
		row->window.boot_end_ns = moment(r);
}

/* One thing that is wrong: a name that leads nowhere, or an object that was left out. */
static void break_something(struct world *w, struct random *r)
{
	struct directory *d = w->d;
	struct assignment *a = &d->assignments[random_below(r, (unsigned)d->assignment_count)];
	char **names[] = {&a->user, &a->group, &a->role, &a->unit, &a->scope};
	unsigned which = random_below(r, 10);
	if (which < 5 && *names[which]) {
		free(*names[which]);
		*names[which] = strdup(which == 4 ? "/nowhere" : "nobody");
	} else if (which == 5) {
		d->users[random_below(r, (unsigned)d->user_count)].o.dropped = true;
	} else if (which == 6) {
		d->groups[random_below(r, (unsigned)d->group_count)].o.dropped = true;
	} else if (which == 7) {
		d->roles[random_below(r, (unsigned)d->role_count)].o.dropped = true;
	} else if (which == 8) {
		d->units[random_below(r, (unsigned)d->unit_count)].o.dropped = true;
	} else if (which == 9) {
		d->hosts[random_below(r, (unsigned)d->host_count)].o.dropped = true;
	}
}

void world_randomise(struct world *w, struct random *r)
{
	random_people(w, r);
	random_places(w, r);
	random_roles(w, r);
	unsigned assignments = 3 + random_below(r, 14), grants = random_below(r, WORLD_GRANTS_MAX);
	for (unsigned i = 0; i < assignments; i++)
		random_assignment(w, r);
	for (unsigned i = 0; i < grants; i++)
		random_grant(w, r);
	if (random_chance(r, 10))
		break_something(w, r);
}
