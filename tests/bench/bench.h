/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_BENCH_H
#define TENURE_BENCH_H

/* What the programs of a benchmark must agree on: who is in the directory, and how time is taken. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BENCH_FIRST_UID	  1900000000u
#define BENCH_FIRST_GID	  1910000000u
#define BENCH_BIG_GID	  1919999999u
#define BENCH_ROLE_GID	  1920000000u
#define BENCH_LAST_ID	  1920000999u
#define BENCH_BIG_MEMBERS 10000u
#define BENCH_USER_GROUPS 5u

static inline uint64_t bench_now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* splitmix64: the same numbers in every program. */
static inline uint64_t bench_random(uint64_t n)
{
	n += 0x9e3779b97f4a7c15u;
	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9u;
	n = (n ^ n >> 27) * 0x94d049bb133111ebu;
	return n ^ n >> 31;
}

#define BENCH_NAME_MAX 32

/* "ankero.mivala17": as long as people's names are, each its own. */
static inline void bench_name(uint32_t i, char name[BENCH_NAME_MAX])
{
	static const char *const syllables[] = {"an", "ek", "va", "ro", "mi", "la", "to", "ne", "su", "ka", "jo",
						"pe", "ri", "do", "ha", "li", "ma", "ze", "no", "bu", "ci", "fe",
						"gu", "te", "va", "po", "yo", "wi", "xe", "qa", "hu", "ty"};
	uint64_t r = bench_random(i);

	(void)snprintf(name, BENCH_NAME_MAX, "%s%s%s.%s%s%u", syllables[r & 31], syllables[r >> 5 & 31],
		       syllables[r >> 10 & 31], syllables[r >> 15 & 31], syllables[r >> 20 & 31], i);
}

/* The group of user i's k-th membership. */
static inline uint32_t bench_group_count(uint32_t users)
{
	return users / 20 > BENCH_USER_GROUPS ? users / 20 : BENCH_USER_GROUPS;
}

static inline uint32_t bench_group(uint32_t users, uint32_t i, uint32_t k)
{
	uint32_t groups = bench_group_count(users);

	return (uint32_t)((bench_random(i + 0x100000000u) + (uint64_t)k * (groups / BENCH_USER_GROUPS)) % groups);
}

#endif
