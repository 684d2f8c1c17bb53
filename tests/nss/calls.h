/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_NSS_CALLS_H
#define TENURE_TESTS_NSS_CALLS_H

/* A host for direct calls of the module, and short forms of them. */

#include "tests/nss/nss_test.h"

extern struct fixture f;
extern char buf[65536]; /* what the calls below answer into */

int calls_setup(void **state);
int calls_teardown(void **state);
enum nss_status pwnam(const char *name, struct passwd *pw);
enum nss_status grnam(const char *name, struct group *gr);
/* initgroups as glibc calls it: the array holds the primary group. The caller frees *gids. */
enum nss_status groups_of(const char *user, long limit, gid_t **gids, long *count);

#endif
