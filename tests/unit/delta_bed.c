/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/delta_bed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/snapshot/fresh.h"
#include "common/snapshot/holders.h"
#include "tests/unit/cmocka_test.h"

static const char key[] = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVuZTrqYvS1iT8qOLz3RaUIzu9p3o4S3m7q0cyT9s1A x";

struct world_user person(unsigned n)
{
	return (struct world_user){.number = n, .gecos = "0", .key = key};
}

void put_team(struct engine_fixture *f, unsigned n, unsigned first, unsigned count)
{
	unsigned members[PEOPLE];
	struct world_group g = {.number = n, .members = members};

	for (; g.member_count < count; g.member_count++)
		members[g.member_count] = first + (unsigned)g.member_count;
	world_put_group(world_mirror(f), &g);
}

/* Its server has just answered: new grants rest on that. */
static void answer(struct engine_fixture *f)
{
	struct fresh now = {.tenant_id = engine_tenant(f->engine, world_tenant(f))->id,
			    .boot = *engine_boot_id(f->engine),
			    .boottime_ns = f->clock.at.boottime_ns,
			    .realtime_ns = f->clock.at.realtime_ns};

	assert_int_equal(fresh_write(WORLD_TENANT, &now, false), 0);
}

int delta_setup(void **state)
{
	struct engine_fixture *f;

	assert_int_equal(engine_fixture_setup_host((void **)&f), 0);
	*state = f;
	world_start(f);
	for (unsigned i = 0; i < PEOPLE; i++) {
		const struct world_user u = person(i);

		world_put_user(world_mirror(f), &u);
	}
	put_team(f, 0, 0, 20);
	put_team(f, 1, 5, 5);
	put_team(f, 2, 0, 0);
	put_team(f, 3, 30, 3);
	put_team(f, 4, 0, 1);
	put_team(f, 5, 39, 1);
	put_team(f, 6, 10, 4);
	world_put_policy(world_mirror(f));
	world_commit(f, true);
	world_publish(f);
	answer(f);
	return 0;
}

struct delta *delta_of(struct engine_fixture *f)
{
	return &f->engine->tenants[world_tenant(f)].delta;
}

void change(struct engine_fixture *f, const struct world_user *u)
{
	world_put_user(world_mirror(f), u);
	world_commit(f, false);
	fixture_pass(f, 60 * NS_PER_S);
}

void change_gecos(struct engine_fixture *f, unsigned n, const char *text)
{
	struct world_user u = person(n);

	u.gecos = text;
	change(f, &u);
}

void disable(struct engine_fixture *f, unsigned n)
{
	struct world_user u = person(n);

	u.disabled = true;
	change(f, &u);
}

const char *gecos_of(unsigned n)
{
	static char text[64];
	CLEANUP(identity_closep) struct identity *id = NULL;
	struct identity_user u;

	assert_int_equal(identity_open(WORLD_TENANT, &id), 0);
	assert_int_equal(identity_user_by_uid(id, UID(n), &u), 0);
	(void)snprintf(text, sizeof(text), "%s", u.gecos);
	return text;
}

bool is_enabled(unsigned n)
{
	CLEANUP(policy_closep) struct policy *p = NULL;
	struct policy_principal who;
	uint32_t i;

	assert_int_equal(policy_open(WORLD_TENANT, &p), 0);
	assert_int_equal(policy_principal_by_uid(p, UID(n), &i), 0);
	assert_int_equal(policy_principal(p, i, &who), 0);
	return who.enabled;
}

static int count_row(void *context, const struct holder *row)
{
	(*(size_t *)context)++;
	return 0;
}

size_t rows_of(unsigned n)
{
	CLEANUP(holders_closep) struct holders *h = NULL;
	const struct uuid id = world_id(OBJECT_USER, n);
	size_t count = 0;

	assert_int_equal(holders_open(WORLD_TENANT, "holders", &h), 0);
	assert_int_equal(holders_of_principal(h, &id, NULL, count_row, &count), 0);
	return count;
}

static int count_key(void *context, const char *line)
{
	(*(size_t *)context)++;
	return 0;
}

size_t keys_of(unsigned n)
{
	char name[32];
	size_t count = 0;
	int r;

	(void)snprintf(name, sizeof(name), "user%06u", n);
	r = keys_of_login(WORLD_TENANT, name, count_key, &count);
	assert_true(r == 0 || r == -ENOENT);
	return count;
}

const char *delta_path(struct engine_fixture *f, const char *file)
{
	static char path[SNAPSHOT_PATH_MAX];
	const struct delta_base *b = &delta_of(f)->base;
	const uint64_t id = strcmp(file, "identity") == 0 ? identity_base_id(b->identity)
			    : strcmp(file, "policy") == 0 ? policy_base_id(b->policy)
			    : strcmp(file, "keys") == 0	  ? snapshot_base_id(&b->keys)
							  : b->holders_id;

	assert_int_equal(snapshot_delta_path(WORLD_TENANT, file, id, path, sizeof(path)), 0);
	return path;
}

bool has_delta(struct engine_fixture *f, const char *file)
{
	return access(delta_path(f, file), F_OK) == 0;
}

uint64_t whole_count(struct engine_fixture *f)
{
	uint64_t whole, deltas;

	engine_publications(f->engine, world_tenant(f), &whole, &deltas);
	return whole;
}

void wait_for_compactor(struct engine_fixture *f)
{
	for (unsigned i = 0; i < 1000 && engine_is_compacting(f->engine, world_tenant(f)); i++) {
		usleep(5000);
		fixture_pass(f, 60 * NS_PER_S);
	}
	assert_false(engine_is_compacting(f->engine, world_tenant(f)));
}
