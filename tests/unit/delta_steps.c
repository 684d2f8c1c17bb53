/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/delta_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka_test.h"

#define USERS	STEPS_USERS
#define GROUPS	STEPS_GROUPS
#define HIDDEN	9  /* has no gid */
#define NESTING 10 /* and more: may have each other in them, as the free ones may */
#define NO_UID	46 /* a principal without a login, in group 1 at most */
#define TEXT	96

uint64_t steps_seed = 1;
bool steps_happened[EVENT_COUNT];

unsigned steps_draw(unsigned below)
{
	steps_seed = steps_seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(steps_seed >> 33) % below;
}

struct person {
	bool there;
	struct world_user user;
	char name[24], dn[TEXT]; /* "": by the number */
	uint32_t uid;	       /* 0: by the number */
};


struct team {
	bool there, by_name, stale; /* stale: it names its members as they were called first */
	bool below[GROUPS];	    /* groups that are in it */
	bool members[USERS + 2]; /* the last two lead nowhere */
	char name[24], dn[TEXT]; /* "": by the number */
	uint32_t gid;		 /* 0: by the number */
};

static struct person people[USERS];
static struct team teams[GROUPS];

static void world_name(const struct person *p, unsigned i, char text[static TEXT])
{
	if (p && p->name[0])
		(void)snprintf(text, TEXT, "%s", p->name);
	else
		(void)snprintf(text, TEXT, "user%06u", i);
}

static void member_text(const struct team *t, unsigned i, char text[static TEXT])
{
	const struct person *p = i < USERS && !t->stale ? &people[i] : NULL;

	if (t->by_name)
		world_name(p, i, text);
	else if (p && p->dn[0])
		(void)snprintf(text, TEXT, "%s", p->dn);
	else
		(void)snprintf(text, TEXT, "uid=user%06u,ou=people,dc=fabrikam,dc=com", i);
}

static void put_team(struct mirror *m, unsigned n)
{
	unsigned below[GROUPS];
	unsigned members[USERS + 2];
	char texts[USERS + 2][TEXT];
	const char *text_at[USERS + 2];
	struct world_group g = {
		.number = n, .members = members, .texts = text_at, .by_name = teams[n].by_name, .hidden = n == HIDDEN,
		.name = teams[n].name[0] ? teams[n].name : NULL, .dn = teams[n].dn[0] ? teams[n].dn : NULL, .gid = teams[n].gid};

	for (unsigned i = 0; i < USERS + 2; i++)
		if (teams[n].members[i]) {
			member_text(&teams[n], i, texts[g.member_count]);
			text_at[g.member_count] = texts[g.member_count];
			members[g.member_count++] = i;
		}
	for (unsigned i = 0; i < GROUPS; i++)
		if (teams[n].below[i])
			below[g.group_count++] = i;
	g.groups = below;
	world_put_group(m, &g);
}

static const char *const texts[] = {NULL, "One", "Two", "Drei \xc3\xa4", "/bin/zsh", "/home/fabrikam.com/user000003", "/srv/x"};
static const char *const keys[] = {
	NULL, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVuZTrqYvS1iT8qOLz3RaUIzu9p3o4S3m7q0cyT9s1A one",
	"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVuZTrqYvS1iT8qOLz3RaUIzu9p3o4S3m7q0cyT9s1B two", "no key at all"};
static const char *const ends[] = {NULL, "2026-03-02T12:00:00Z", "2027-01-01T00:00:00Z"};

/* Own fields, now and then with something that is refused. */
static void change_person(struct person *p)
{
	switch (steps_draw(12)) {
	case 0:
	case 1:
		p->user.gecos = steps_draw(20) == 0 ? "with:colon" : texts[steps_draw(4)];
		break;
	case 2:
		p->user.shell = steps_draw(20) == 0 ? "zsh" : steps_draw(2) ? "/bin/zsh" : NULL;
		break;
	case 3:
		p->user.home = steps_draw(2) ? texts[5 + steps_draw(2)] : NULL;
		break;
	case 4:
	case 5:
		p->user.key = keys[steps_draw(steps_draw(10) == 0 ? 4 : 3)];
		break;
	case 6:
		p->user.end = ends[steps_draw(3)];
		break;
	default:
		p->user.disabled = !p->user.disabled;
	}
}

/* Of somebody who is there: who got a free one would leave it retired for good when it is mended. */
static uint32_t taken_uid(void)
{
	const unsigned n = steps_draw(USERS);

	return people[n].there ? WORLD_UID_FIRST + 1 + n : 0;
}

/* Who they are: of that deltas know nothing. */
static void alter_person(struct person *p, unsigned n)
{
	static char odd[4][16];

	switch (steps_draw(4)) {
	case 0:
		(void)snprintf(odd[steps_draw(2)], sizeof(odd[0]), "odd");
		p->user.name = p->user.name ? NULL : steps_draw(2) ? "odd" : "user000001";
		break;
	case 1:
		p->user.uid = p->user.uid ? 0 : taken_uid();
		break;
	case 2:
		p->user.gid = p->user.gid ? 0 : WORLD_GID_FIRST + steps_draw(GROUPS);
		break;
	default:
		p->user.service = !p->user.service;
	}
	p->user.number = n;
}

/* Now and then with a number or a name that is somebody's, or was. */
static void make_odd(struct world_user *u)
{
	switch (steps_draw(24)) {
	case 0:
		u->uid = taken_uid();
		break;
	case 1:
		u->uid = WORLD_GID_FIRST + steps_draw(GROUPS);
		break;
	case 2:
	case 3:
		u->gid = WORLD_GID_FIRST + steps_draw(GROUPS + 1);
		break;
	case 4:
		u->name = steps_draw(2) ? "group00006" : "role-odd";
		break;
	case 5:
		u->uid = 1001; /* a local account */
		break;
	case 6:
		u->gid = WORLD_UID_FIRST + 1 + steps_draw(USERS);
		break;
	default:
		break;
	}
}

/* Groups in which the person is, as a server does that keeps references whole: in the same batch. */
static void let_groups_follow(struct mirror *m, unsigned person, bool gone)
{
	for (unsigned n = 0; n < GROUPS; n++)
		if (teams[n].there && teams[n].members[person]) {
			teams[n].members[person] = !gone;
			put_team(m, n);
		}
}

static void put_person(struct mirror *m, struct person *p)
{
	struct world_user u = p->user;

	u.name = u.name ? u.name : p->name[0] ? p->name : NULL;
	u.dn = p->dn[0] ? p->dn : NULL;
	u.uid = u.uid ? u.uid : p->uid;
	world_put_user(m, &u);
}

static void rename_person(struct person *p, unsigned n)
{
	const unsigned other = steps_draw(USERS);
	char text[TEXT];

	steps_happened[RENAMED] = true;
	if (steps_draw(12) == 0)
		(void)snprintf(p->name, sizeof(p->name), "user%06u", other); /* somebody's, or free */
	else if (steps_draw(4) == 0)
		p->name[0] = '\0';
	else
		(void)snprintf(p->name, sizeof(p->name), "ren-%u-%u", n, steps_draw(STEPS_NAMES));
	if (steps_draw(3) == 0)
		return; /* its DN does not begin with its name */
	world_name(p, n, text);
	if (p->name[0])
		(void)snprintf(p->dn, sizeof(p->dn), "uid=%.30s,ou=people%u,dc=fabrikam,dc=com", text, n);
	else
		p->dn[0] = '\0';
}

static void move_person(struct person *p, unsigned n)
{
	steps_happened[MOVED] = true;
	if (p->dn[0] && steps_draw(2))
		p->dn[0] = '\0';
	else
		(void)snprintf(p->dn, sizeof(p->dn), "uid=user%06u,ou=away%u,dc=fabrikam,dc=com", n, steps_draw(2));
}

/* Another person than before, to all who refer to him. */
static void step_identity(struct mirror *m, struct person *p, unsigned n)
{
	static uint32_t number;

	switch (steps_draw(8)) {
	case 0:
	case 1:
		rename_person(p, n);
		break;
	case 2:
	case 3:
		move_person(p, n);
		break;
	case 4:
	case 5:
		steps_happened[RENUMBERED] = true;
		p->uid = p->uid && steps_draw(3) == 0 ? 0 : WORLD_UID_FIRST + 2000 + ++number;
		break;
	default:
		steps_happened[REGROUPED] = true;
		p->user.gid = p->user.gid ? 0 : WORLD_GID_FIRST + steps_draw(GROUPS);
	}
	put_person(m, p);
	if (steps_draw(3))
		let_groups_follow(m, n, false);
}

static void step_person(struct mirror *m)
{
	const unsigned n = steps_draw(USERS);
	struct person *p = &people[n];

	if (!p->there || steps_draw(12) == 0) {
		p->there = !p->there;
		steps_happened[p->there ? CAME : WENT] = true;
		if (!p->there) {
			world_delete_user(m, n);
			if (steps_draw(3))
				let_groups_follow(m, n, true);
			return;
		}
		p->user = (struct world_user){.number = n, .gecos = "New", .service = steps_draw(6) == 0, .no_uid = n == NO_UID};
		make_odd(&p->user);
	} else if (steps_draw(40) == 0) {
		alter_person(p, n);
	} else if (n != NO_UID && steps_draw(3) == 0) {
		step_identity(m, p, n);
		return;
	} else {
		change_person(p);
	}
	put_person(m, p);
}

/* Half of the people are in groups alone that deltas know of: else nobody of them could go by one. */
static bool is_plain(unsigned group)
{
	return group != 2 && group != 3 && group != 5 && group != HIDDEN;
}

static bool may_be_in(unsigned person, unsigned group)
{
	return person == NO_UID ? group == 1 : person >= USERS || person % 2 || is_plain(group);
}

/* Nothing names them but their members' entries, now and then. */
static bool is_free(unsigned group)
{
	return group == 6 || group == 7 || group == 8 || group > NESTING + 1;
}

/* Another name, another place, another number. */
static void alter_team(struct team *t, unsigned n)
{
	static uint32_t number;

	switch (steps_draw(5)) {
	case 0:
	case 4:
		steps_happened[GROUP_RENUMBERED] = true;
		t->gid = steps_draw(8) == 0 ? taken_uid() : steps_draw(2) ? 0 : WORLD_GID_FIRST + 1000 + ++number;
		break;
	case 1:
		if (t->dn[0])
			t->dn[0] = '\0';
		else
			(void)snprintf(t->dn, sizeof(t->dn), "cn=group%05u,ou=away,dc=fabrikam,dc=com", n);
		break;
	default:
		steps_happened[GROUP_RENAMED] = true;
		if (steps_draw(10) == 0)
			(void)snprintf(t->name, sizeof(t->name), steps_draw(2) ? "user%06u" : "group%05u", steps_draw(USERS));
		else if (steps_draw(3) == 0)
			t->name[0] = '\0';
		else
			(void)snprintf(t->name, sizeof(t->name), "team-%u-%u", n, steps_draw(STEPS_NAMES));
	}
}

static void step_team(struct mirror *m)
{
	const unsigned n = steps_draw(GROUPS);
	struct team *t = &teams[n];

	if (!t->there || steps_draw(is_free(n) ? 6 : 60) == 0) {
		t->there = !t->there;
		steps_happened[t->there ? GROUP_CAME : GROUP_WENT] = true;
		if (!t->there) {
			world_delete_group(m, n);
			return;
		}
	} else if (steps_draw(is_free(n) ? 3 : 60) == 0) {
		alter_team(t, n);
		put_team(m, n);
		return;
	}
	if (steps_draw(is_free(n) || n >= NESTING ? 5 : 40) == 0) {
		const unsigned other = steps_draw(6) == 0 ? steps_draw(GROUPS) : 6 + steps_draw(3);

		steps_happened[NESTED] = true;
		t->below[n < NESTING ? other : 10 + steps_draw(4)] ^= n != other;
	}
	for (unsigned i = 0, count = 1 + steps_draw(4); i < count; i++) {
		const unsigned member = steps_draw(steps_draw(60) == 0 ? USERS + 2 : USERS);

		if (!may_be_in(member, n))
			continue;
		/* Most lead somewhere: one that does not has the group published whole until it is mended. */
		t->members[member] = !t->members[member] && (member >= USERS || people[member].there || steps_draw(30) == 0);
	}
	for (unsigned i = 0; i < USERS + 2; i++)
		if (t->members[i] && (i >= USERS || !people[i].there) && steps_draw(3))
			t->members[i] = false;
	if (steps_draw(40) == 0)
		t->by_name = !t->by_name;
	t->stale = steps_draw(60) == 0;
	put_team(m, n);
}

#define ASSIGNMENTS 6

static struct given {
	bool there;
	struct world_assignment a;
	char who[TEXT];
} given[ASSIGNMENTS];

/* A plain group, or somebody; now and then what deltas know nothing of. */
static void give(struct given *g)
{
	static const char *const paths[] = {"/prod", "/", "/prod/db1", "/nowhere"};
	static const unsigned plain[] = {0, 1, 4};
	const unsigned person = steps_draw(USERS);

	g->a.type = steps_draw(25) == 0 ? "deny" : steps_draw(2) ? "active" : "eligible";
	g->a.role = steps_draw(20) == 0 ? "keeper" : steps_draw(2) ? "operator" : "host-user-login";
	g->a.path = paths[steps_draw(steps_draw(20) == 0 ? 4 : 3)];
	g->a.end = ends[steps_draw(3)];
	if (steps_draw(2) && people[person].there)
		member_text(&(struct team){.by_name = false}, person, g->who);
	else
		(void)snprintf(g->who, sizeof(g->who), "cn=group%05u,ou=groups,dc=fabrikam,dc=com",
			       steps_draw(20) == 0 ? steps_draw(GROUPS) : plain[steps_draw(3)]);
	g->a.who = g->who;
}

static void step_assignment(struct mirror *m)
{
	static unsigned number = 100;
	struct given *g = &given[steps_draw(ASSIGNMENTS)];

	if (g->there && steps_draw(2)) {
		steps_happened[UNASSIGNED] = true;
		world_delete_assignment(m, g->a.number);
		g->there = false;
		return;
	}
	if (!g->there)
		g->a.number = g->a.created = ++number;
	steps_happened[g->there ? REASSIGNED : ASSIGNED] = true;
	g->there = true;
	give(g);
	world_put_assignment(m, &g->a);
}

void steps_mend(struct mirror *m)
{
	for (unsigned i = 0; i < USERS; i++) {
		struct world_user *u = &people[i].user;

		if (!people[i].there)
			continue;
		if (strncmp(people[i].name, "user", 4) == 0)
			people[i].name[0] = '\0';
		u->name = NULL;
		u->uid = 0;
		if (i % 5 || u->gid >= WORLD_GID_FIRST + GROUPS || is_free(u->gid - WORLD_GID_FIRST))
			u->gid = 0;
		if (u->gecos && strchr(u->gecos, ':'))
			u->gecos = NULL;
		if (u->shell && u->shell[0] != '/')
			u->shell = NULL;
		if (u->key == keys[3])
			u->key = NULL;
		put_person(m, &people[i]);
	}
	for (unsigned i = 0; i < ASSIGNMENTS; i++)
		if (given[i].there) {
			world_delete_assignment(m, given[i].a.number);
			given[i].there = false;
		}
	for (unsigned n = 0; n < GROUPS; n++) {
		teams[n].there = teams[n].there || !is_free(n);
		teams[n].stale = false;
		if (!is_free(n) || strncmp(teams[n].name, "team", 4) != 0)
			teams[n].name[0] = '\0';
		if (!is_free(n))
			teams[n].dn[0] = '\0';
		if (!is_free(n) || teams[n].gid < WORLD_GID_FIRST)
			teams[n].gid = 0;
		for (unsigned i = 0; i < USERS + 2; i++)
			teams[n].members[i] = teams[n].members[i] && i < USERS && people[i].there;
		for (unsigned i = 0; i < GROUPS; i++)
			teams[n].below[i] = teams[n].below[i] && i > n && teams[i].there && i != 2 && i != 3 && i != 5 && i != HIDDEN;
		if (teams[n].there)
			put_team(m, n);
	}
}

void steps_one(struct mirror *m)
{
	const unsigned what = steps_draw(8);

	if (what < 4)
		step_person(m);
	else if (what < 6)
		step_team(m);
	else
		step_assignment(m);
}

void steps_begin(struct engine_fixture *f)
{
	struct mirror *m = world_mirror(f);

	for (unsigned i = 0; i < USERS; i++) {
		people[i] = (struct person){.there = i % 4 != 3,
					    .user = {.number = i, .gecos = "First", .service = i % 6 == 5, .no_uid = i == NO_UID}};
		if (people[i].there)
			world_put_user(m, &people[i].user);
	}
	for (unsigned n = 0; n < GROUPS; n++) {
		teams[n] = (struct team){.there = true, .by_name = n % 2};
		for (unsigned i = 0; i < USERS; i++)
			teams[n].members[i] = people[i].there && may_be_in(i, n) && (i == NO_UID || steps_draw(4) == 0);
		put_team(m, n);
	}
	world_put_policy(m);
	world_commit(f, true);
	world_publish(f);
}

