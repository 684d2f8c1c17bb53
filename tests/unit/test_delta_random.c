/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What deltas publish is what a whole publication would: after each of many random changes of a directory, everything that
 * the published files answer equals what files made of the same mirror from nothing answer; problems, too. Compactions run
 * all along. People come, go, are renamed, moved and renumbered; groups follow at once, later, or never.
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
#include "tests/unit/delta_steps.h"

#define USERS  STEPS_USERS
#define GROUPS STEPS_GROUPS
#define NAMES  STEPS_NAMES
#define ROUNDS 600

static const char *const event_names[] = {"came", "went", "renamed", "moved", "renumbered", "regrouped",
					  "group came", "group went", "group renamed", "group renumbered",
					  "assigned", "unassigned", "reassigned", "nested"};

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

static int compare_problems(const void *a, const void *b)
{
	const struct problem *x = a, *y = b;
	const int order = strcmp(x->message, y->message);

	return order ? order : strcmp(x->place, y->place);
}

/* In no order: those of deltas stand behind those of the bases. */
static void same_problems(const struct problem_list *a, const struct problem_list *b)
{
	struct problem *x = calloc(a->count + 1, sizeof(*x)), *y = calloc(b->count + 1, sizeof(*y));

	assert_true(x && y);
	if (a->count > 0)
		qsort(memcpy(x, a->items, a->count * sizeof(*x)), a->count, sizeof(*x), compare_problems);
	if (b->count > 0)
		qsort(memcpy(y, b->items, b->count * sizeof(*y)), b->count, sizeof(*y), compare_problems);
	for (size_t i = 0; a->count != b->count && i < a->count + b->count; i++)
		print_message("%s: %s\n", i < a->count ? "whole" : "published",
			      i < a->count ? x[i].message : y[i - a->count].message);
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		assert_string_equal(x[i].message, y[i].message);
		assert_string_equal(x[i].id, y[i].id);
		assert_string_equal(x[i].place, y[i].place);
		assert_string_equal(x[i].remedy, y[i].remedy);
	}
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->errors, b->errors);
	free(x);
	free(y);
}

#define ASKED_NAMES ((USERS + GROUPS) * (NAMES + 1) + 1)
static char names[ASKED_NAMES][40];
static const char *asked_names[ASKED_NAMES];
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
	for (unsigned i = 0; i < USERS * NAMES; i++)
		(void)snprintf(names[USERS + GROUPS + 1 + i], sizeof(names[0]), "ren-%u-%u", i / NAMES, i % NAMES);
	for (unsigned i = 0; i < GROUPS * NAMES; i++)
		(void)snprintf(names[USERS * (NAMES + 1) + GROUPS + 1 + i], sizeof(names[0]), "team-%u-%u", i / NAMES, i % NAMES);
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

/* A child may be at it: meanwhile more may change. True: one was, and could do it. */
static bool wait_for_publication(struct engine_fixture *f)
{
	const struct engine_tenant *t = &f->engine->tenants[world_tenant(f)];
	bool any = t->delta.publishing;
	struct compiled_tenant now;

	if (any && steps_draw(2)) {
		/* What the child has is in force before what comes now: the last good policy may be that. */
		write_oracle(f->engine, world_tenant(f), &now);
		compiled_tenant_reset(&now);
		steps_one(world_mirror(f));
		world_commit(f, false);
	}
	for (unsigned i = 0; i < 4000 && (t->delta.publishing || t->changed); i++) {
		assert_false(engine_is_current(f->engine, world_tenant(f)));
		usleep(1000);
		fixture_pass(f, 3600 * NS_PER_S);
		any = any && !t->in_front;
	}
	assert_false(t->delta.publishing || t->changed);
	return any;
}

static void test_deltas_say_what_a_whole_publication_would(void **state_)
{
	struct engine_fixture *f = *state_;
	const char *rounds_text = getenv("TENURE_DELTA_ROUNDS");
	const unsigned rounds = rounds_text ? (unsigned)strtoul(rounds_text, NULL, 10) : ROUNDS;
	struct answers_asked asked;
	uint64_t whole, deltas, now_whole;
	unsigned compactions = 0, behind = 0, told[EVENT_COUNT] = {0};
	bool at_work = false;

	world_start(f);
	ask_for_all(&asked);
	steps_begin(f);
	compare(f, &asked);
	for (unsigned i = 0; i < rounds; i++) {
		engine_publications(f->engine, world_tenant(f), &whole, &deltas);
		memset(steps_happened, 0, sizeof(steps_happened));
		for (unsigned k = 0, steps = steps_draw(5) == 0 ? 1 + steps_draw(6) : 1; k < steps; k++)
			steps_one(world_mirror(f));
		if (i % 25 == 24)
			steps_mend(world_mirror(f));
		world_commit(f, false);
		f->engine->behind_objects = i % 2 ? SIZE_MAX : 0;
		fixture_pass(f, 3600 * NS_PER_S);
		behind += wait_for_publication(f);
		assert_true(engine_is_current(f->engine, world_tenant(f)) || !f->engine->compile->tenants[0].restricted);
		compare(f, &asked);
		if (steps_draw(10) == 0)
			engine_compact(f->engine, world_tenant(f));
		if (steps_draw(15) == 0)
			usleep(20000);
		engine_publications(f->engine, world_tenant(f), &now_whole, &deltas);
		for (size_t k = 0; k < EVENT_COUNT; k++)
			told[k] += steps_happened[k] && now_whole == whole;
		compactions += at_work && !engine_is_compacting(f->engine, world_tenant(f));
		at_work = engine_is_compacting(f->engine, world_tenant(f));
	}
	engine_publications(f->engine, world_tenant(f), &whole, &deltas);
	print_message("%u changes: %llu published whole, %u behind, %llu as deltas; %u compactions\n", rounds,
		      (unsigned long long)whole, behind, (unsigned long long)deltas, compactions);
	for (size_t k = 0; k < EVENT_COUNT; k++) {
		print_message("  %s by a delta: %u\n", event_names[k], told[k]);
		assert_true(told[k] > 0 || rounds < ROUNDS);
	}
	assert_true(deltas > rounds / 5);
	assert_true(whole > rounds / 50);
	assert_true(behind > rounds / 50);
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
		steps_seed = strtoull(seed, NULL, 10);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
