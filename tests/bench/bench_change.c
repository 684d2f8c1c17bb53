/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_change USERS: one change in a directory of that many people until the host answers by it, and where the time of
 * a publication of everything goes. Real files below /tmp, with their fsync.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <inttypes.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/model/validate.h"
#include "common/snapshot/identity.h"
#include "common/snapshot/keys.h"
#include "common/snapshot/policy.h"
#include "daemon/tenured/engine_internal.h"
#include "tests/unit/ldap_world.h"

#define CHANGES 200
#define FULL	4
#define LOOK_US 20000 /* as the broker looks after a child */

static double ms_now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Five groups a user, one of a tenth of all; 1 in 20 groups as large as that one's twentieth. */
static void put_groups(struct mirror *m, unsigned users)
{
	const unsigned groups = users / 20 < 100 ? 100 : users / 20 > 5000 ? 5000 : users / 20;
	unsigned *members = calloc(users + 1, sizeof(*members));

	for (unsigned g = 0; g < groups; g++) {
		struct world_group group = {.number = g, .members = members, .by_name = g % 2};
		const unsigned want = g == 7 ? (users < 10000 ? users : 10000) : 5 * users / groups;

		for (unsigned i = 0; i < want && i < users; i++)
			members[group.member_count++] = (unsigned)(((uint64_t)g * 7919 + (uint64_t)i * 13) % users);
		world_put_group(m, &group);
	}
	free(members);
}

static struct world_user user_of(unsigned number)
{
	return (struct world_user){.number = number,
				   .gecos = "Somebody with a Name",
				   .shell = "/bin/bash",
				   .key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVuZTrqYvS1iT8qOLz3RaUIzu9p3o4S3m7q0cyT9s1A x"};
}

static double print_step(const char *what, double since)
{
	const double now = ms_now();

	printf("  %-34s %10.2f ms\n", what, now - since);
	return ms_now();
}

static void print_phases(struct engine_fixture *f)
{
	const struct tenant_config *t = engine_tenant(f->engine, world_tenant(f));
	struct problem_list problems = {0};
	struct directory *d = NULL;
	char path[256];
	double at = ms_now();

	assert_int_equal(mirror_build(world_mirror(f), t, &d, &problems), 0);
	at = print_step("directory from the mirror", at);
	assert_int_equal(directory_validate(d, t, engine_accounts(f->engine), &problems), 0);
	at = print_step("validated", at);
	(void)snprintf(path, sizeof(path), "%s/tenants/x", tenure_path(PATH_STATE));
	assert_int_equal(identity_write(path, 1, d, engine_host_config(f->engine), t, NULL, 0), 0);
	at = print_step("identity, on the disk", at);
	assert_int_equal(keys_write(path, 1, d), 0);
	at = print_step("keys, on the disk", at);
	assert_int_equal(policy_write(path, 1, d, engine_host_config(f->engine), t, engine_host_id(f->engine), NULL, 0), 0);
	at = print_step("policy, on the disk", at);
	directory_free(d);
	(void)print_step("freed", at);
	(void)remove(path);
	problem_list_done(&problems);
}

typedef void (*change_fn)(struct mirror *m, unsigned users, unsigned i);

static void change_gecos(struct mirror *m, unsigned users, unsigned i)
{
	struct world_user u = user_of((i * 4099) % users);
	char gecos[32];

	(void)snprintf(gecos, sizeof(gecos), "Changed %u", i);
	u.gecos = gecos;
	world_put_user(m, &u);
}

static void change_enabled(struct mirror *m, unsigned users, unsigned i)
{
	struct world_user u = user_of((i * 4099 + 1) % users);

	u.disabled = true;
	u.gecos = i % 2 ? "Gone" : "Gone too";
	world_put_user(m, &u);
}

static void change_member(struct mirror *m, unsigned users, unsigned i)
{
	unsigned members[] = {i % users, (i + 1) % users, (i + 2) % users};
	const struct world_group g = {.number = 90, .members = members, .member_count = 3};

	world_put_group(m, &g);
}

static void change_new(struct mirror *m, unsigned users, unsigned i)
{
	const struct world_user u = user_of(users + i);

	world_put_user(m, &u);
}

/* Those who came before. */
static void change_rename(struct mirror *m, unsigned users, unsigned i)
{
	struct world_user u = user_of(users + i);
	char name[32], dn[96];

	(void)snprintf(name, sizeof(name), "renamed%u", i);
	(void)snprintf(dn, sizeof(dn), "uid=%s,ou=people,dc=fabrikam,dc=com", name);
	u.name = name;
	u.dn = dn;
	world_put_user(m, &u);
}

static void change_gone(struct mirror *m, unsigned users, unsigned i)
{
	world_delete_user(m, users + i);
}

static void change_group(struct mirror *m, unsigned users, unsigned i)
{
	unsigned members[] = {i % users, (i + 1) % users, (i + 2) % users};
	const struct world_group g = {.number = 6000 + i / 2, .members = members, .member_count = 3};

	if (i % 2)
		world_delete_group(m, g.number);
	else
		world_put_group(m, &g);
}

static void change_assignment(struct mirror *m, unsigned users, unsigned i)
{
	char who[64];
	const struct world_assignment a = {.number = 1000 + i / 2, .created = i + 1, .type = "eligible", .role = "operator",
					   .path = "/prod", .who = who};

	(void)snprintf(who, sizeof(who), "uid=user%06u,ou=people,dc=fabrikam,dc=com", (i * 4099) % users);
	if (i % 2)
		world_delete_assignment(m, a.number);
	else
		world_put_assignment(m, &a);
}

static void change_nesting(struct mirror *m, unsigned users, unsigned i)
{
	const unsigned below = 92, members[] = {1, 2};
	const struct world_group g = {
		.number = 91, .members = members, .member_count = 2, .groups = &below, .group_count = i % 2 == 0};

	(void)users;
	world_put_group(m, &g);
}

/* What deltas do not tell. */
static void change_deny(struct mirror *m, unsigned users, unsigned i)
{
	const struct world_assignment a = {.number = 900, .created = 1, .type = "deny", .role = "operator", .path = "/prod",
					   .who = "cn=group00050,ou=groups,dc=fabrikam,dc=com"};

	(void)users;
	if (i % 2)
		world_delete_assignment(m, a.number);
	else
		world_put_assignment(m, &a);
}

/* until: all of it is in force; stood: the longest that everybody had to wait for it. */
static void measure_one(struct engine_fixture *f, double *until, double *stood)
{
	const double start = ms_now();

	for (double tick = start;; tick = ms_now()) {
		fixture_pass(f, 60 * NS_PER_S);
		if (ms_now() - tick > *stood)
			*stood = ms_now() - tick;
		if (engine_is_current(f->engine, world_tenant(f)))
			break;
		usleep(LOOK_US);
	}
	*until = ms_now() - start;
}

static void measure(struct engine_fixture *f, unsigned users, const char *what, change_fn change, size_t count)
{
	uint64_t whole, deltas, now_whole, now_deltas;
	double *took = calloc(count, sizeof(*took)), stood = 0;

	engine_publications(f->engine, world_tenant(f), &whole, &deltas);
	for (size_t i = 0; i < count; i++) {
		const double start = ms_now();
		double until;

		change(world_mirror(f), users, (unsigned)i);
		world_commit(f, false);
		measure_one(f, &until, &stood);
		took[i] = ms_now() - start;
	}
	qsort(took, count, sizeof(*took), compare);
	engine_publications(f->engine, world_tenant(f), &now_whole, &now_deltas);
	printf("  %-34s %10.2f ms median %10.2f p99 %10.2f worst, stood still %8.2f; %" PRIu64 " whole, %" PRIu64 " deltas\n",
	       what, took[count / 2], took[count * 99 / 100], took[count - 1], stood, now_whole - whole, now_deltas - deltas);
	free(took);
}

int main(int argc, char **argv)
{
	const unsigned users = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
	const size_t changes = argc > 2 ? strtoul(argv[2], NULL, 10) : CHANGES;
	struct engine_fixture *f;
	double at;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	assert_int_equal(engine_fixture_setup_host((void **)&f), 0);
	world_start(f);
	printf("%u users\n", users);
	at = ms_now();
	for (unsigned i = 0; i < users; i++) {
		const struct world_user u = user_of(i);

		world_put_user(world_mirror(f), &u);
	}
	put_groups(world_mirror(f), users);
	world_put_policy(world_mirror(f));
	world_commit(f, true);
	at = print_step("into the mirror", at);
	world_publish(f);
	(void)print_step("published, the first time", at);
	print_phases(f);
	fixture_pass(f, 3600 * NS_PER_S);
	f->engine->behind_objects = SIZE_MAX;
	measure(f, users, "a deny (all anew, at once)", change_deny, changes < FULL ? changes : FULL);
	f->engine->behind_objects = BEHIND_OBJECTS;
	measure(f, users, "a deny (all anew, behind)", change_deny, changes < FULL ? changes : FULL);
	measure(f, users, "gecos", change_gecos, changes);
	measure(f, users, "somebody new", change_new, changes);
	measure(f, users, "renamed", change_rename, changes);
	measure(f, users, "deleted", change_gone, changes);
	measure(f, users, "a group more and less", change_group, changes);
	measure(f, users, "a group nested, and not", change_nesting, changes);
	measure(f, users, "an assignment more and less", change_assignment, changes);
	measure(f, users, "disabled", change_enabled, changes);
	measure(f, users, "a member more and less", change_member, changes);
	return engine_fixture_teardown((void **)&f);
}
