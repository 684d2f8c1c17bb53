/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What deltas publish is what a whole publication would: after each of many random changes of a directory, everything that
 * the published files answer equals what files made of the same mirror from nothing answer; problems, too. Compactions run
 * all along.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/decide/decide.h"
#include "common/snapshot/holders.h"
#include "daemon/tenured/engine_internal.h"
#include "tests/unit/answers.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/ldap_world.h"

#define USERS	72
#define GROUPS	14
#define HIDDEN	9  /* has no gid */
#define NESTING 10 /* may have 11 in it */
#define NO_UID	46 /* a principal without a login, in group 1 at most */
#define ROUNDS	600

static uint64_t state = 1;

static unsigned draw(unsigned below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % below;
}

struct person {
	bool there;
	struct world_user user;
};

struct team {
	bool there, by_name, nests;
	bool members[USERS + 2]; /* the last two lead nowhere */
};

static struct person people[USERS];
static bool somebody_new; /* in this round */
static struct team teams[GROUPS];

static void put_team(struct mirror *m, unsigned n)
{
	static const unsigned below = NESTING + 1;
	unsigned members[USERS + 2];
	struct world_group g = {.number = n, .members = members, .by_name = teams[n].by_name, .hidden = n == HIDDEN};

	for (unsigned i = 0; i < USERS + 2; i++)
		if (teams[n].members[i])
			members[g.member_count++] = i;
	if (teams[n].nests) {
		g.groups = &below;
		g.group_count = 1;
	}
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
	switch (draw(12)) {
	case 0:
	case 1:
		p->user.gecos = draw(20) == 0 ? "with:colon" : texts[draw(4)];
		break;
	case 2:
		p->user.shell = draw(20) == 0 ? "zsh" : draw(2) ? "/bin/zsh" : NULL;
		break;
	case 3:
		p->user.home = draw(2) ? texts[5 + draw(2)] : NULL;
		break;
	case 4:
	case 5:
		p->user.key = keys[draw(draw(10) == 0 ? 4 : 3)];
		break;
	case 6:
		p->user.end = ends[draw(3)];
		break;
	default:
		p->user.disabled = !p->user.disabled;
	}
}

/* Of somebody who is there: who got a free one would leave it retired for good when it is mended. */
static uint32_t taken_uid(void)
{
	const unsigned n = draw(USERS);

	return people[n].there ? WORLD_UID_FIRST + 1 + n : 0;
}

/* Who they are: of that deltas know nothing. */
static void alter_person(struct person *p, unsigned n)
{
	static char odd[4][16];

	switch (draw(4)) {
	case 0:
		(void)snprintf(odd[draw(2)], sizeof(odd[0]), "odd");
		p->user.name = p->user.name ? NULL : draw(2) ? "odd" : "user000001";
		break;
	case 1:
		p->user.uid = p->user.uid ? 0 : taken_uid();
		break;
	case 2:
		p->user.gid = p->user.gid ? 0 : WORLD_GID_FIRST + draw(GROUPS);
		break;
	default:
		p->user.service = !p->user.service;
	}
	p->user.number = n;
}

/* Now and then with a number or a name that is somebody's, or was. */
static void make_odd(struct world_user *u)
{
	switch (draw(24)) {
	case 0:
		u->uid = taken_uid();
		break;
	case 1:
		u->uid = WORLD_GID_FIRST + draw(GROUPS);
		break;
	case 2:
	case 3:
		u->gid = WORLD_GID_FIRST + draw(GROUPS + 1);
		break;
	case 4:
		u->name = draw(2) ? "group00006" : "role-odd";
		break;
	case 5:
		u->uid = 1001; /* a local account */
		break;
	case 6:
		u->gid = WORLD_UID_FIRST + 1 + draw(USERS);
		break;
	default:
		break;
	}
}

static void step_person(struct mirror *m)
{
	const unsigned n = draw(USERS);
	struct person *p = &people[n];

	if (!p->there || draw(15) == 0) {
		p->there = !p->there;
		if (!p->there) {
			world_delete_user(m, n);
			return;
		}
		somebody_new = true;
		p->user = (struct world_user){.number = n, .gecos = "New", .service = draw(6) == 0, .no_uid = n == NO_UID};
		make_odd(&p->user);
	} else if (draw(25) == 0) {
		alter_person(p, n);
	} else {
		change_person(p);
	}
	world_put_user(m, &p->user);
}

static void step_team(struct mirror *m)
{
	const unsigned n = draw(GROUPS);
	struct team *t = &teams[n];

	if (!t->there || draw(40) == 0) {
		t->there = !t->there;
		if (!t->there) {
			world_delete_group(m, n);
			return;
		}
	}
	if (n == NESTING && draw(4) == 0)
		t->nests = !t->nests;
	for (unsigned i = 0, count = 1 + draw(4); i < count; i++) {
		const unsigned member = draw(draw(60) == 0 ? USERS + 2 : USERS);

		if (member == NO_UID && n != 1)
			continue;
		/* Most lead somewhere: one that does not has the group published whole until it is mended. */
		t->members[member] = !t->members[member] && (member >= USERS || people[member].there || draw(30) == 0);
	}
	for (unsigned i = 0; i < USERS + 2; i++)
		if (t->members[i] && (i >= USERS || !people[i].there) && draw(3))
			t->members[i] = false;
	if (draw(40) == 0)
		t->by_name = !t->by_name;
	put_team(m, n);
}

/* What is broken keeps all later changes from being deltas: now and then somebody mends all of it. */
static void mend(struct mirror *m)
{
	for (unsigned i = 0; i < USERS; i++) {
		struct world_user *u = &people[i].user;

		if (!people[i].there)
			continue;
		u->name = NULL;
		u->uid = u->gid = 0;
		if (u->gecos && strchr(u->gecos, ':'))
			u->gecos = NULL;
		if (u->shell && u->shell[0] != '/')
			u->shell = NULL;
		if (u->key == keys[3])
			u->key = NULL;
		world_put_user(m, u);
	}
	for (unsigned n = 0; n < GROUPS; n++) {
		teams[n].there = true;
		for (unsigned i = 0; i < USERS + 2; i++)
			teams[n].members[i] = teams[n].members[i] && i < USERS && people[i].there;
		put_team(m, n);
	}
}

/* --- the oracle --- */

static int oracle_path(const char *file, char *path)
{
	return snapshot_tenant_path("oracle", file, path, SNAPSHOT_PATH_MAX);
}

static void write_oracle_policy(struct engine *e, const struct compiled_tenant *now)
{
	CLEANUP(policy_closep) struct policy *policy = NULL;
	CLEANUP(rows_done) struct rows rows = {0};
	char path[SNAPSHOT_PATH_MAX];
	int r;

	assert_int_equal(oracle_path("policy", path), 0);
	r = now->restricted ? policy_write(path, 1, now->directory, &e->compile->host, &now->config, &e->host_id, NULL, 0)
			    : -EINVAL;
	if (r == -EINVAL)
		return; /* the last good one stays */
	assert_int_equal(r, 0);
	assert_int_equal(policy_open_path(path, &policy), 0);
	assert_int_equal(decide_standing_rows(policy, rows_add, &rows), 0);
	rows_resolve_groups(&rows, &e->compile->accounts);
	assert_int_equal(oracle_path("holders", path), 0);
	assert_int_equal(holders_write(path, 1, &now->config.id, NULL, rows.items, rows.count), 0);
}

static void write_oracle(struct engine *e, size_t tenant, struct compiled_tenant *now)
{
	char path[SNAPSHOT_PATH_MAX];

	assert_int_equal(compile_one(e->compile, tenant, &e->state, &e->mirrors, now), 0);
	assert_non_null(now->directory);
	now->directory->in_parts = false;
	assert_int_equal(oracle_path("", path), 0);
	(void)mkdir(path, 0755);
	assert_int_equal(oracle_path("identity", path), 0);
	assert_int_equal(identity_write(path, 1, now->directory, &e->compile->host, &now->config, NULL, 0), 0);
	assert_int_equal(oracle_path("keys", path), 0);
	assert_int_equal(keys_write(path, 1, now->directory), 0);
	write_oracle_policy(e, now);
}

static void same_problems(const struct problem_list *a, const struct problem_list *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		assert_string_equal(a->items[i].id, b->items[i].id);
		assert_string_equal(a->items[i].message, b->items[i].message);
	}
}

static char names[USERS + GROUPS + 1][40];
static const char *asked_names[USERS + GROUPS + 1];
static uint32_t asked_ids[USERS + GROUPS + 1];

static void ask_for_all(struct answers_asked *asked)
{
	for (unsigned i = 0; i < USERS; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "user%06u", i);
		asked_ids[i] = WORLD_UID_FIRST + 1 + i;
	}
	for (unsigned i = 0; i < GROUPS; i++) {
		(void)snprintf(names[USERS + i], sizeof(names[0]), "group%05u", i);
		asked_ids[USERS + i] = WORLD_GID_FIRST + i;
	}
	(void)strcpy(names[USERS + GROUPS], "odd");
	for (unsigned i = 0; i < ARRAY_LENGTH(names); i++)
		asked_names[i] = names[i];
	*asked = (struct answers_asked){.names = asked_names,
					.name_count = ARRAY_LENGTH(asked_names),
					.ids = asked_ids,
					.id_count = USERS + GROUPS,
					.now = {TEST_NOW, TEST_BOOT}};
}

static void show_difference(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	print_message("published: %.300s\n----\nwhole: %.300s\n", a, b);
}

static void compare(struct engine_fixture *f, const struct answers_asked *asked)
{
	const size_t tenant = world_tenant(f);
	struct compiled_tenant now;
	char *published, *whole;

	write_oracle(f->engine, tenant, &now);
	same_problems(&now.problems, &f->engine->compile->tenants[tenant].problems);
	published = answers_of(WORLD_TENANT, asked);
	whole = answers_of("oracle", asked);
	if (strcmp(published, whole) != 0)
		show_difference(published, whole);
	assert_string_equal(published, whole);
	free(published);
	free(whole);
	compiled_tenant_reset(&now);
}

static void begin(struct engine_fixture *f)
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
			teams[n].members[i] = people[i].there && (i == NO_UID ? n == 1 : draw(4) == 0);
		put_team(m, n);
	}
	world_put_policy(m);
	world_commit(f, true);
	world_publish(f);
}

static void test_deltas_say_what_a_whole_publication_would(void **state_)
{
	struct engine_fixture *f = *state_;
	const char *rounds_text = getenv("TENURE_DELTA_ROUNDS");
	const unsigned rounds = rounds_text ? (unsigned)strtoul(rounds_text, NULL, 10) : ROUNDS;
	struct answers_asked asked;
	uint64_t whole, deltas, now_whole;
	unsigned compactions = 0, newcomers = 0;
	bool at_work = false;

	world_start(f);
	ask_for_all(&asked);
	begin(f);
	compare(f, &asked);
	for (unsigned i = 0; i < rounds; i++) {
		engine_publications(f->engine, world_tenant(f), &whole, &deltas);
		somebody_new = false;
		for (unsigned k = 0, steps = draw(5) == 0 ? 1 + draw(6) : 1; k < steps; k++)
			(draw(3) ? step_person : step_team)(world_mirror(f));
		if (i % 25 == 24)
			mend(world_mirror(f));
		world_commit(f, false);
		fixture_pass(f, 3600 * NS_PER_S);
		assert_true(engine_is_current(f->engine, world_tenant(f)) || !f->engine->compile->tenants[0].restricted);
		compare(f, &asked);
		if (draw(10) == 0)
			engine_compact(f->engine, world_tenant(f));
		if (draw(15) == 0)
			usleep(20000);
		engine_publications(f->engine, world_tenant(f), &now_whole, &deltas);
		newcomers += somebody_new && now_whole == whole;
		compactions += at_work && !engine_is_compacting(f->engine, world_tenant(f));
		at_work = engine_is_compacting(f->engine, world_tenant(f));
	}
	engine_publications(f->engine, world_tenant(f), &whole, &deltas);
	print_message("%u changes: %llu published whole, %llu as deltas, %u of somebody new; %u compactions\n", rounds, (unsigned long long)whole,
		      (unsigned long long)deltas, newcomers, compactions);
	assert_true(deltas > rounds / 5);
	assert_true(whole > rounds / 50);
	assert_true(newcomers > rounds / 200);
	assert_true(compactions > rounds / 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_deltas_say_what_a_whole_publication_would, engine_fixture_setup_host,
						engine_fixture_teardown),
	};
	const char *seed = getenv("TENURE_SEED");

	if (seed)
		state = strtoull(seed, NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
