/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_data USERS: publishes a tenant of that many users below /var/lib/tenure, each in five of USERS/20 groups and
 * the first 10,000 in one more. Run it in a mount namespace of its own (tests/bench/run).
 * bench_data name N: prints the name of user N.
 */
#include <sys/stat.h>

#include "common/model/settings.h"
#include "common/snapshot/holders.h"
#include "common/snapshot/identity.h"
#include "common/snapshot/index.h"
#include "tests/bench/bench.h"

static char tenant_name[] = "bench", domain[] = "bench.example", root[] = "root", shell[] = "/bin/bash";
static char *tenants[] = {tenant_name}, *domains[] = {domain}, *targets[] = {root};

static void *need(void *p)
{
	if (!p) {
		perror("bench_data");
		exit(2);
	}
	return p;
}

static void make_users(struct directory *d, uint32_t count)
{
	d->users = need(calloc(count, sizeof(*d->users)));
	d->user_count = count;
	for (uint32_t i = 0; i < count; i++) {
		char name[BENCH_NAME_MAX];
		uint64_t id[2] = {bench_random(i + 1), i};
		struct user *u = &d->users[i];

		bench_name(i, name);
		*u = (struct user){.uid = BENCH_FIRST_UID + i, .gid = NO_ID, .shell = shell, .enabled = true};
		u->o.name = need(strdup(name));
		memcpy(u->o.id.bytes, id, sizeof(id));
		name[strcspn(name, ".")] = ' ';
		u->gecos = need(strdup(name));
	}
}

static void make_groups(struct directory *d, uint32_t users)
{
	uint32_t count = bench_group_count(users), big = users < BENCH_BIG_MEMBERS ? users : BENCH_BIG_MEMBERS;

	d->groups = need(calloc(count + 1, sizeof(*d->groups)));
	d->group_count = count + 1;
	for (uint32_t g = 0; g <= count; g++) {
		char name[BENCH_NAME_MAX];

		(void)snprintf(name, sizeof(name), g == count ? "big" : "group%u", g);
		d->groups[g].o.name = need(strdup(name));
		d->groups[g].gid = g == count ? BENCH_BIG_GID : BENCH_FIRST_GID + g;
	}
	for (int fill = 0; fill < 2; fill++) {
		for (uint32_t g = 0; fill && g < count; g++) {
			d->groups[g].closure = need(calloc(d->groups[g].closure_count + 1, sizeof(uint32_t)));
			d->groups[g].closure_count = 0;
		}
		for (uint32_t i = 0; i < users; i++)
			for (uint32_t k = 0; k < BENCH_USER_GROUPS; k++) {
				struct group *g = &d->groups[bench_group(users, i, k)];

				if (fill)
					g->closure[g->closure_count] = i;
				g->closure_count++;
			}
	}
	d->groups[count].closure = need(calloc(big, sizeof(uint32_t)));
	d->groups[count].closure_count = big;
	for (uint32_t i = 0; i < big; i++)
		d->groups[count].closure[i] = i;
}

static int publish(const struct directory *d)
{
	const struct host_config host = {
	    .tenants = tenants, .tenant_count = 1, .allow_become = targets, .allow_become_count = 1};
	const struct tenant_config tenant = {.name = tenant_name,
					     .id = {{1}},
					     .domains = domains,
					     .domain_count = 1,
					     .id_range = {BENCH_FIRST_UID, BENCH_LAST_ID},
					     .role_gids = {BENCH_ROLE_GID, BENCH_LAST_ID},
					     .visibility = VISIBILITY_ALL,
					     .home = true};
	uint64_t start = bench_now_ns();
	struct stat st;
	int r = index_write("/var/lib/tenure/index", 1, &tenant.id, &host, &tenant, 1, NULL, 0);

	if (r == 0)
		r = identity_write("/var/lib/tenure/tenants/bench/identity", 1, d, &host, &tenant, NULL, 0);
	if (r == 0)
		r = holders_write("/var/lib/tenure/tenants/bench/holders", 1, &tenant.id, NULL, NULL, 0);
	if (r == 0)
		r = generation_open();
	if (r == 0 && stat("/var/lib/tenure/tenants/bench/identity", &st) == 0)
		(void)printf("identity: %lld bytes a user, written in %.0f ms\n",
			     (long long)st.st_size / (long long)d->user_count,
			     (double)(bench_now_ns() - start) / 1e6);
	return r;
}

int main(int argc, char **argv)
{
	uint32_t users = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	struct directory d = {.tenant_id = {{1}}};
	char name[BENCH_NAME_MAX];
	int r;

	if (argc == 3 && strcmp(argv[1], "name") == 0) {
		bench_name((uint32_t)strtoul(argv[2], NULL, 10), name);
		return puts(name) < 0;
	}
	if (users < 100 || users > BENCH_FIRST_GID - BENCH_FIRST_UID) {
		(void)fprintf(stderr, "usage: bench_data USERS (100 to 10,000,000)\n");
		return 2;
	}
	make_users(&d, users);
	make_groups(&d, users);
	r = publish(&d);
	if (r < 0)
		(void)fprintf(stderr, "bench_data: %s\n", strerror(-r));
	return r < 0;
}
