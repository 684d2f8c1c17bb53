/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_SYNC_FIXTURE_H
#define TENURE_TESTS_SYNC_FIXTURE_H

/*
 * A host with contoso, whose directory is a file, and fabrikam and northwind, whose directories are in LDAP; their
 * workers are fake_worker.h's.
 */

#include "daemon/tenured/sync.h"
#include "tests/unit/engine_fixture.h"
#include "tests/unit/fake_worker.h"

struct sync_bed {
	struct engine_fixture *f;
	struct loop *loop;
	struct sync *sync;
	unsigned changed; /* how often the hook was called */
};

#define FABRIKAM_UID  1910000000u
#define NORTHWIND_UID 1920000000u

int sync_bed_setup(void **state);
int sync_bed_teardown(void **state);
/* What the broker does when something changed. */
void bed_settle(struct sync_bed *b);
void bed_reload(struct sync_bed *b);
/* The engine and its workers end, and begin anew. */
void bed_restart(struct sync_bed *b);
/* tenants.d/NAME.conf; heartbeat: seconds, to make it another one. */
void bed_write_tenant(struct sync_bed *b, const char *name, unsigned heartbeat);

/* The worker of the tenant, running and told to begin. */
struct worker *bed_worker(const char *tenant);
/* Packets of no field but a cookie (NULL: none). */
bool say(struct worker *w, enum sync_type type, unsigned flags, const char *cookie);
bool say_failed(struct worker *w, enum sync_failure failure, const char *text);
bool say_connected(struct worker *w, unsigned flags);
bool say_uuid(struct worker *w, enum sync_type type, unsigned n);
/* "user17" with uid BASE+17; what: an attribute of enum sync_tag and its text, or 0. */
bool say_user(struct worker *w, unsigned n, unsigned tag, const char *text);
bool say_users(struct worker *w, unsigned first, unsigned count); /* in one packet */
/* user `n` holds (type "active", "deny") the role at "/"; the assignment's own number is `own`. */
bool say_assignment(struct worker *w, unsigned own, unsigned n, const char *type, const char *role);
/* A whole batch: users 1 to count, all, then DONE with that cookie; and the broker settles. */
void bed_load(struct sync_bed *b, const char *tenant, unsigned count, const char *cookie);

/* Is it a login that the engine knows by its policy? */
bool bed_knows(struct sync_bed *b, uid_t uid);
/* Inode of the tenant's file below /var/lib/tenure; 0: not there. */
uint64_t bed_inode(struct sync_bed *b, const char *file);

void fixture_mkdir(struct engine_fixture *f, const char *name);
void fixture_rmdir(struct engine_fixture *f, const char *name);
/* All segments of the journal; to be freed. */
char *fixture_read_journal(struct engine_fixture *f);

#endif
