/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_decide USERS FOLDER: what a decision costs, alone and with everything around it (policy and grants opened,
 * mapped, asked, closed, as the account phase does), beside the floor: two files opened, mapped, touched and closed.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/decide/decide.h"
#include "common/snapshot/index.h"
#include "tests/bench/bench.h"

#define ROLES	    20u
#define ASSIGNMENTS 40u
#define GRANTS	    50u
#define ROUNDS	    20000u

static char tenant_name[] = "bench", domain[] = "bench.example", root[] = "root", postgres[] = "postgres", adm[] = "adm",
	    host_name[] = "db1", scope_path[] = "/prod", host_path[] = "/prod/db1", place[] = "directory.d/bench.conf:51";
static char *tenants[] = {tenant_name}, *domains[] = {domain}, *become[] = {root, postgres}, *local_groups[] = {adm};
static char group_names[ROLES][16], role_names[ROLES][16];
static const struct uuid tenant_id = {{7}}, host_id = {{9}};

/* Of this process alone: others on the machine do not count. */
static uint64_t cpu_now_ns(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *need(void *p)
{
	if (!p) {
		perror("bench_decide");
		exit(2);
	}
	return p;
}

static void must(int r, const char *what)
{
	if (r < 0) {
		(void)fprintf(stderr, "bench_decide: %s: %s\n", what, strerror(-r));
		exit(2);
	}
}

static struct uuid user_id(uint32_t i)
{
	struct uuid id;
	const uint64_t bits[2] = {bench_random(i + 1), i};
	memcpy(id.bytes, bits, sizeof(bits));
	return id;
}

static void make_users(struct directory *d, uint32_t count)
{
	d->users = need(calloc(count, sizeof(*d->users)));
	d->user_count = count;
	for (uint32_t i = 0; i < count; i++) {
		char name[BENCH_NAME_MAX];
		bench_name(i, name);
		d->users[i] = (struct user){.uid = BENCH_FIRST_UID + i, .gid = NO_ID, .enabled = true, .start_ns = TIME_ALWAYS,
					    .end_ns = TIME_FOREVER};
		d->users[i].o = (struct object){.name = need(strdup(name)), .id = user_id(i), .place = place};
	}
}

/* Everybody is in five of twenty groups; each group is assigned a role that logs in and eligible for one that becomes. */
static void make_groups(struct directory *d, uint32_t users)
{
	d->groups = need(calloc(ROLES, sizeof(*d->groups)));
	d->group_count = ROLES;
	for (uint32_t g = 0; g < ROLES; g++) {
		(void)snprintf(group_names[g], sizeof(group_names[g]), "group%u", g);
		d->groups[g] = (struct group){.gid = NO_ID, .o = {.name = group_names[g], .place = place}};
		d->groups[g].closure = need(calloc(users, sizeof(uint32_t)));
		for (uint32_t i = 0; i < users; i++) {
			if ((i + g) % (ROLES / BENCH_USER_GROUPS) == 0)
				d->groups[g].closure[d->groups[g].closure_count++] = i;
		}
	}
}

static void make_roles(struct directory *d)
{
	static struct right actions[] = {{RIGHT_LOGIN, NULL}, {RIGHT_BECOME, root}, {RIGHT_GROUP, adm}};
	d->roles = need(calloc(ROLES, sizeof(*d->roles)));
	d->role_count = ROLES;
	d->assignments = need(calloc(ASSIGNMENTS, sizeof(*d->assignments)));
	d->assignment_count = ASSIGNMENTS;
	for (uint32_t i = 0; i < ROLES; i++) {
		(void)snprintf(role_names[i], sizeof(role_names[i]), "role%u", i);
		d->roles[i] = (struct role){.o = {.name = role_names[i], .place = place}, .title = role_names[i],
					    .actions = actions, .action_count = i % 2 ? 3 : 1};
	}
	for (uint32_t i = 0; i < ASSIGNMENTS; i++) {
		uint32_t g = i % ROLES, role = i < ROLES ? g & ~1u : g | 1u;
		d->assignments[i] = (struct assignment){
			.type = i < ROLES ? ASSIGNMENT_ACTIVE : ASSIGNMENT_ELIGIBLE, .o = {.place = place},
			.role = role_names[role], .role_index = role, .group = group_names[g], .group_index = g,
			.user_index = NO_INDEX, .unit_index = NO_INDEX, .scope = scope_path, .start_ns = TIME_ALWAYS,
			.end_ns = TIME_FOREVER};
	}
}

static void tenant_path(const char *file, char path[static SNAPSHOT_PATH_MAX])
{
	must(snapshot_tenant_path(tenant_name, file, path, SNAPSHOT_PATH_MAX), "path");
}

static void publish_policy(uint32_t users)
{
	static struct host host = {.o = {.name = host_name, .id = host_id, .place = place}, .scope = scope_path,
				   .path = host_path};
	const struct host_config config = {.tenants = tenants, .tenant_count = 1, .allow_become = become,
					   .allow_become_count = 2, .allow_groups = local_groups, .allow_group_count = 1};
	const struct tenant_config tenant = {.name = tenant_name, .id = tenant_id, .domains = domains, .domain_count = 1,
					     .home = true};
	struct directory d = {.tenant_id = tenant_id, .hosts = &host, .host_count = 1};
	char path[SNAPSHOT_PATH_MAX];
	struct stat st;
	make_users(&d, users);
	make_groups(&d, users);
	make_roles(&d);
	tenant_path("policy", path);
	uint64_t start = cpu_now_ns();
	must(policy_write(path, 1, &d, &config, &tenant, &host_id, NULL, 0), "policy_write");
	uint64_t took = cpu_now_ns() - start;
	if (stat(path, &st) == 0)
		printf("policy: %lld bytes a user, compiled in %llu ms\n", (long long)st.st_size / users,
		       (unsigned long long)(took / 1000000));
}

static void publish_grants(uint32_t users)
{
	struct holder rows[GRANTS];
	char path[SNAPSHOT_PATH_MAX];
	struct uuid boot;
	must(boot_id_read(&boot), "boot id");
	for (uint32_t i = 0; i < GRANTS; i++) {
		rows[i] = (struct holder){.kind = RIGHT_BECOME, .argument = root, .role = role_names[1],
					  .principal = user_id((uint32_t)(bench_random(i) % users)), .uid = NO_ID,
					  .local_gid = NO_ID, .window = WINDOW_ALWAYS};
	}
	rows[0].principal = user_id(0);
	tenant_path("grants", path);
	must(holders_write(path, 1, &tenant_id, &boot, rows, GRANTS), "holders_write");
}

static void print(const char *title, uint64_t ns, uint64_t floor_ns)
{
	printf("%-44s %8.2f us", title, (double)ns / ROUNDS / 1000);
	if (floor_ns)
		printf("   %5.2f x the floor", (double)ns / (double)floor_ns);
	printf("\n");
}

static void touch_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		must(-1, path);
	const volatile char *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		must(-1, path);
	(void)map[0];
	(void)map[st.st_size / 2];
	(void)munmap((void *)(uintptr_t)map, (size_t)st.st_size);
	(void)close(fd);
}

static uint64_t bench_floor(void)
{
	char policy[SNAPSHOT_PATH_MAX], grants[SNAPSHOT_PATH_MAX];
	tenant_path("policy", policy);
	tenant_path("grants", grants);
	uint64_t start = cpu_now_ns();
	for (uint32_t i = 0; i < ROUNDS; i++) {
		touch_file(policy);
		touch_file(grants);
	}
	return cpu_now_ns() - start;
}

static struct decision_request request_of(uint32_t principal, enum question question, const char *target)
{
	struct decision_request request = {
		.question = question, .principal = principal, .target = target, .target_user = NO_INDEX};
	must(clock_system.now(&clock_system, &request.now), "clock");
	return request;
}

static uint64_t bench_whole(uint32_t users, unsigned *allowed)
{
	uint64_t start = cpu_now_ns();
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct policy *policy = NULL;
		struct holders *grants = NULL;
		struct decision d;
		uint32_t principal;
		must(policy_open(tenant_name, &policy), "policy_open");
		must(holders_open(tenant_name, "grants", &grants), "holders_open");
		must(policy_principal_by_uid(policy, BENCH_FIRST_UID + (uint32_t)(bench_random(i) % users), &principal), "uid");
		const struct decision_request request = request_of(principal, QUESTION_LOGIN, NULL);
		*allowed += verdict_allows(decide(policy, grants, &request, &d, NULL, NULL));
		holders_close(grants);
		policy_close(policy);
	}
	return cpu_now_ns() - start;
}

static uint64_t bench_question(uint32_t users, enum question question, const char *target, unsigned *allowed)
{
	struct policy *policy = NULL;
	struct holders *grants = NULL;
	must(policy_open(tenant_name, &policy), "policy_open");
	must(holders_open(tenant_name, "grants", &grants), "holders_open");
	uint64_t start = cpu_now_ns();
	for (uint32_t i = 0; i < ROUNDS; i++) {
		struct decision d;
		uint32_t principal;
		must(policy_principal_by_uid(policy, BENCH_FIRST_UID + (uint32_t)(bench_random(i) % users), &principal), "uid");
		const struct decision_request request = request_of(principal, question, target);
		*allowed += verdict_allows(decide(policy, grants, &request, &d, NULL, NULL));
	}
	uint64_t took = cpu_now_ns() - start;
	holders_close(grants);
	policy_close(policy);
	return took;
}

int main(int argc, char **argv)
{
	uint32_t users = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	unsigned logins = 0, gates = 0, whole = 0;
	if (users == 0) {
		(void)fprintf(stderr, "usage: bench_decide USERS   (TENURE_TEST_ROOT: a folder with var/lib/tenure/tenants/bench)\n");
		return 2;
	}
	publish_policy(users);
	publish_grants(users);
	uint64_t floor_ns = bench_floor();
	print("floor: two files opened, mapped, closed", floor_ns, 0);
	print("decide login, random users", bench_question(users, QUESTION_LOGIN, NULL, &logins), 0);
	print("decide some become:*", bench_question(users, QUESTION_GATE_ANY, NULL, &gates), 0);
	print("decide become:root", bench_question(users, QUESTION_GATE, "root", &gates), 0);
	print("opened, decided (login), closed", bench_whole(users, &whole), floor_ns);
	printf("%u of %u logins allowed, %u gates\n", logins, ROUNDS, gates);
	return logins != ROUNDS || whole != ROUNDS;
}
