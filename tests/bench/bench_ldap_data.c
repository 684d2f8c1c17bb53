/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_ldap_data USERS: that many users and their groups as LDIF for slapadd, below the folders ou=people, ou=groups
 * and ou=tenure, which are there. Members of the big group may log in.
 */
#include "tests/bench/bench_ldap.h"

static void print_user(uint32_t i)
{
	char name[BENCH_NAME_MAX], first[BENCH_NAME_MAX];
	size_t dot;

	bench_name(i, name);
	memcpy(first, name, sizeof(first));
	dot = strcspn(first, ".");
	first[dot] = '\0';
	(void)printf("dn: uid=%s," BENCH_PEOPLE "\n"
		     "objectClass: inetOrgPerson\nobjectClass: posixAccount\nobjectClass: tenureUser\n"
		     "uid: %s\ncn: %s %s\nsn: %s\ngecos: %s %s\nmail: %s@contoso.com\n"
		     "uidNumber: %u\ngidNumber: %u\nhomeDirectory: /home/contoso.com/%s\nloginShell: /bin/bash\n\n",
		     name, name, first, first + dot + 1, first + dot + 1, first, first + dot + 1, name, BENCH_FIRST_UID + i,
		     BENCH_FIRST_UID + i, name);
}

static void print_member(uint32_t i)
{
	char name[BENCH_NAME_MAX];

	bench_name(i, name);
	(void)printf("member: uid=%s," BENCH_PEOPLE "\n", name);
}

static void print_group(const char *name, uint32_t gid, const uint32_t *members, uint32_t count)
{
	(void)printf("dn: cn=%s," BENCH_GROUPS "\nobjectClass: posixGroup\nobjectClass: tenureGroup\ncn: %s\ngidNumber: %u\n",
		     name, name, gid);
	for (uint32_t i = 0; i < count; i++)
		print_member(members[i]);
	(void)putchar('\n');
}

/* starts[g]: where group g's members begin in *ret_members. */
static int members_of_groups(uint32_t users, uint32_t starts[static BENCH_LDAP_GROUPS + 1], uint32_t **ret_members)
{
	uint32_t *members = calloc((size_t)users * BENCH_USER_GROUPS, sizeof(*members)), at[BENCH_LDAP_GROUPS];

	if (!members)
		return -1;
	for (uint32_t i = 0; i < users; i++)
		for (uint32_t k = 0; k < BENCH_USER_GROUPS; k++)
			starts[bench_ldap_group(i, k) + 1]++;
	for (uint32_t g = 0; g < BENCH_LDAP_GROUPS; g++) {
		starts[g + 1] += starts[g];
		at[g] = starts[g];
	}
	for (uint32_t i = 0; i < users; i++)
		for (uint32_t k = 0; k < BENCH_USER_GROUPS; k++)
			members[at[bench_ldap_group(i, k)]++] = i;
	*ret_members = members;
	return 0;
}

int main(int argc, char **argv)
{
	static uint32_t starts[BENCH_LDAP_GROUPS + 1], big[BENCH_BIG_MEMBERS];
	uint32_t users = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0, *members;

	if (users < 100 || users > BENCH_FIRST_GID - BENCH_FIRST_UID) {
		(void)fprintf(stderr, "usage: bench_ldap_data USERS (100 to 10,000,000)\n");
		return 2;
	}
	if (members_of_groups(users, starts, &members) < 0)
		return 2;
	for (uint32_t i = 0; i < users; i++)
		print_user(i);
	for (uint32_t g = 0; g < BENCH_LDAP_GROUPS; g++) {
		char name[BENCH_NAME_MAX];

		(void)snprintf(name, sizeof(name), "group%u", g);
		print_group(name, BENCH_FIRST_GID + g, members + starts[g], starts[g + 1] - starts[g]);
	}
	free(members);
	for (uint32_t i = 0; i < bench_big(users); i++)
		big[i] = i;
	print_group("big", BENCH_BIG_GID, big, bench_big(users));
	(void)printf("dn: cn=login-big,ou=assignments,ou=tenure," BENCH_SUFFIX "\nobjectClass: tenureRoleAssignment\n"
		     "cn: login-big\ntenureAssignmentType: active\ntenureRole: host-user-login\n"
		     "tenurePrincipal: cn=big," BENCH_GROUPS "\ntenureScopePath: /prod/hr\n\n");
	return fflush(stdout) != 0;
}
