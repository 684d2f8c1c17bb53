/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_ldap_lookups SERVICE USERS: lookups through glibc's dispatcher by one service of NSS, ns a call, a line each; of
 * many short rounds the fastest counts. Names are of a pool of 1,000, each asked for before, so that a cache is warm.
 * "-": it does not answer, or wrongly.
 */
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <unistd.h>

#include "tests/bench/bench_ldap.h"

#define POOL	  1000u
#define LISTS	  100u /* whose groups are asked for: a first answer takes some caches long */
#define BUDGET_NS 1000000000u
#define TRIES	  3

extern int __nss_configure_lookup(const char *database, const char *line);

static uint32_t users, picks[POOL];
static char names[POOL][BENCH_NAME_MAX], members[POOL][BENCH_NAME_MAX], misses[POOL][BENCH_NAME_MAX];
static char buf[1 << 20];

static bool pwnam_hit(uint32_t i)
{
	struct passwd pw, *found;

	return getpwnam_r(names[i], &pw, buf, 4096, &found) == 0 && found && pw.pw_uid == BENCH_FIRST_UID + picks[i];
}

static bool pwnam_miss(uint32_t i)
{
	struct passwd pw, *found;

	return getpwnam_r(misses[i], &pw, buf, 4096, &found) == 0 && !found;
}

static bool pwuid_hit(uint32_t i)
{
	struct passwd pw, *found;

	return getpwuid_r(BENCH_FIRST_UID + picks[i], &pw, buf, 4096, &found) == 0 && found && strcmp(pw.pw_name, names[i]) == 0;
}

/* At least five, the big one, and the one given. */
static bool group_list(uint32_t i)
{
	gid_t gids[64];
	int count = 64;

	return getgrouplist(members[i], 4242, gids, &count) >= (int)BENCH_USER_GROUPS + 2;
}

static bool big_group(uint32_t i)
{
	struct group gr, *found;
	uint32_t n = 0;

	(void)i;
	if (getgrnam_r("big", &gr, buf, sizeof(buf), &found) != 0 || !found)
		return false;
	while (gr.gr_mem[n])
		n++;
	return n == bench_big(users);
}

static const struct row {
	const char *title;
	bool (*call)(uint32_t i);
	uint32_t pool, batch;
} rows[] = {
    {"getpwnam, hit", pwnam_hit, POOL, 100},
    {"getpwnam, miss", pwnam_miss, POOL, 100},
    {"getpwuid, hit", pwuid_hit, POOL, 100},
    {"getgrouplist, 6 groups", group_list, LISTS, 100},
    {"getgrnam, the big group", big_group, 1, 1},
};

/* Every one of the pool has an answer. */
static bool warm(const struct row *row)
{
	for (uint32_t i = 0; i < row->pool; i++) {
		int tries = 0;

		while (!row->call(i))
			if (++tries == TRIES)
				return false;
			else
				(void)sleep(1);
	}
	return true;
}

static double measure(const struct row *row)
{
	const uint64_t begin = bench_now_ns();
	double best = 0;
	uint32_t next = 0;

	if (!warm(row))
		return -1;
	do {
		const uint64_t start = bench_now_ns();
		double each;

		for (uint32_t i = 0; i < row->batch; i++, next = (next + 1) % row->pool)
			if (!row->call(next))
				return -1;
		each = (double)(bench_now_ns() - start) / row->batch;
		if (best == 0 || each < best)
			best = each;
	} while (bench_now_ns() - begin < BUDGET_NS);
	return best;
}

int main(int argc, char **argv)
{
	users = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	if (users == 0) {
		(void)fprintf(stderr, "usage: bench_ldap_lookups SERVICE USERS\n");
		return 2;
	}
	if (__nss_configure_lookup("passwd", argv[1]) < 0 || __nss_configure_lookup("group", argv[1]) < 0 ||
	    __nss_configure_lookup("initgroups", argv[1]) < 0)
		return 2;
	for (uint32_t i = 0; i < POOL; i++) {
		picks[i] = (uint32_t)(bench_random(i + 7) % users);
		bench_name(picks[i], names[i]);
		bench_name(picks[i] % bench_big(users), members[i]);
		(void)snprintf(misses[i], sizeof(misses[i]), "nobody.here%u", i);
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		double ns = measure(&rows[i]);

		if (ns < 0)
			(void)printf("%s\t-\n", rows[i].title);
		else
			(void)printf("%s\t%.0f\n", rows[i].title, ns);
		(void)fflush(stdout);
	}
	return 0;
}
