/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_UNIT_DIRECTORY_FIXTURE_H
#define TENURE_TESTS_UNIT_DIRECTORY_FIXTURE_H

/* A host with a few accounts of its own, the tenant contoso, and a directory from text, read and validated. */

#include "common/config/config.h"

struct fixture {
	struct problem_list problems;
	struct local_accounts local;
	struct tenant_config tenant;
	struct directory *d; /* NULL if it did not parse */
};

/* The text of a whole directory file. */
void fixture_load(struct fixture *f, const char *text);
/* The same with "version = 1;" and alice (1900000001) and bob (no uid) before it as `users` unless it has users. */
void fixture_load_with_users(struct fixture *f, const char *rest);
void fixture_done(struct fixture *f);

/* Fails unless the problems are exactly `count` with this id. */
void fixture_expect(const struct fixture *f, const char *id, size_t count, const char *text);

#endif
