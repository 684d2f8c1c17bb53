/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_SNAPSHOT_FIXTURE_H
#define TENURE_TESTS_SNAPSHOT_FIXTURE_H

/*
 * A small host for the tests of snapshots and of the NSS module: a root of its own in /dev/shm or /tmp, two tenants
 * (contoso.com at home, fabrikam.com), and a directory that tests may bend before they publish it.
 *
 *   users   0 alice 1900000001 · 1 bob, no uid, mapped to the local login "bobby" · 2 carol 1900000003, gid 1900010003
 *           3 dave 1900000004, in no group · 4 erin 1900000005, mapped by a broken binding
 *   groups  0 dba {alice, bob} · 1 dba-oncall {bob} · 2 approvers {carol} · 3 everybody {all}
 *   roles   0 db-operator (login, become:root, group:adm)
 */

#include "common/model/settings.h"
#include "common/snapshot/holders.h"
#include "common/snapshot/identity.h"
#include "common/snapshot/index.h"

#define FIXTURE_USERS  5
#define FIXTURE_GROUPS 4
#define FIXTURE_BOBBY_UID 1500

struct fixture {
	char root[64];
	struct host_config host;
	struct tenant_config tenants[2];
	struct index_binding bindings[2];
	size_t binding_count;
	struct user users[FIXTURE_USERS];
	struct group groups[FIXTURE_GROUPS];
	struct role roles[1];
	struct directory directory;	  /* of contoso */
	struct user foreign_users[1];	  /* zoe 1950000001 */
	struct group foreign_groups[1];	  /* dba {zoe} */
	struct directory foreign;	  /* of fabrikam */
	struct uuid host_id;
};

/* Makes the root (TENURE_TEST_ROOT) and fills the plain data. Asserts; false only where there is no place for files. */
bool fixture_setup(struct fixture *f);
void fixture_teardown(struct fixture *f);

/* root + path, in static storage. */
const char *fixture_path(const struct fixture *f, const char *path);
const char *fixture_tenant_path(const struct fixture *f, const char *tenant, const char *file);

/* Writes index, identity of both tenants, empty holders and grants, and bumps the generation page if page is true. */
int fixture_publish(struct fixture *f, bool page);

/* A row of the holders table for user i of contoso. */
struct holder fixture_holder(const struct fixture *f, size_t user, enum right_kind kind, const char *argument);
int fixture_holders(const struct fixture *f, const char *tenant, const char *file, const struct holder *rows,
		    size_t count);

#endif
