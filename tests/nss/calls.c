/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/nss/calls.h"

struct fixture f;
char buf[65536];

int calls_setup(void **state)
{
	return fixture_setup(&f) ? 0 : -1;
}

int calls_teardown(void **state)
{
	fixture_teardown(&f);
	return 0;
}

enum nss_status pwnam(const char *name, struct passwd *pw)
{
	int error = 0;

	return _nss_tenure_getpwnam_r(name, pw, buf, sizeof(buf), &error);
}

enum nss_status grnam(const char *name, struct group *gr)
{
	int error = 0;

	return _nss_tenure_getgrnam_r(name, gr, buf, sizeof(buf), &error);
}

enum nss_status groups_of(const char *user, long limit, gid_t **gids, long *count)
{
	long size = 1;
	int error = 0;

	*gids = calloc(1, sizeof(**gids));
	(*gids)[0] = 1900000001;
	*count = 1;
	return _nss_tenure_initgroups_dyn(user, 1900000001, count, &size, gids, limit, &error);
}
