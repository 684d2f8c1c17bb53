/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_BENCH_LDAP_H
#define TENURE_BENCH_LDAP_H

/* The directory of tests/bench/ldap.sh: users as in bench.h, each in five of 5,000 groups, the first 10,000 in one more. */

#include "tests/bench/bench.h"

#define BENCH_SUFFIX	 "dc=contoso,dc=com"
#define BENCH_PEOPLE	 "ou=people," BENCH_SUFFIX
#define BENCH_GROUPS	 "ou=groups," BENCH_SUFFIX
#define BENCH_LDAP_GROUPS 5000u

/* The group of user i's k-th membership; each another one. */
static inline uint32_t bench_ldap_group(uint32_t i, uint32_t k)
{
	return (uint32_t)((bench_random(i + 0x100000000u) + (uint64_t)k * (BENCH_LDAP_GROUPS / BENCH_USER_GROUPS)) %
			  BENCH_LDAP_GROUPS);
}

static inline uint32_t bench_big(uint32_t users)
{
	return users < BENCH_BIG_MEMBERS ? users : BENCH_BIG_MEMBERS;
}

static inline int bench_compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

#endif
