/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_LDAP_WORLD_H
#define TENURE_TESTS_LDAP_WORLD_H

/*
 * A host whose one tenant is in LDAP, and the directory as a worker would send it: people and groups by number, of any
 * size. Whoever changes one says so to the mirror; what follows from it, the engine publishes at the next tick.
 */

#include "common/mirror/mirror.h"
#include "tests/unit/engine_fixture.h"

#define WORLD_TENANT	"fabrikam"
#define WORLD_UID_FIRST 1900000000u
#define WORLD_GID_FIRST 1905000000u

struct world_user {
	unsigned number;
	const char *name; /* NULL: user000001 */
	const char *dn;	  /* NULL: uid=user000001,ou=people,dc=fabrikam,dc=com */
	const char *gecos, *shell, *home, *key, *end; /* NULL: none */
	bool disabled, service, no_uid;
	uint32_t uid, gid; /* 0: by its number; its own */
	unsigned created;  /* 0: by its number */
};

struct world_group {
	unsigned number;
	const unsigned *members;
	const char *const *texts; /* of each member: its DN, or name; NULL: by its number */
	size_t member_count;
	const unsigned *groups;
	size_t group_count;
	const char *name, *dn; /* NULL: group00001, cn=group00001,ou=groups,dc=fabrikam,dc=com */
	uint32_t gid;	       /* 0: by its number */
	bool hidden;   /* no gid */
	bool by_name;  /* memberUid; else DNs */
};

/* Writes the configuration (the fixture is the caller's, without an engine), starts the engine; its mirror is empty. */
void world_start(struct engine_fixture *f);
size_t world_tenant(struct engine_fixture *f);
struct mirror *world_mirror(struct engine_fixture *f);

/* Into the batch that is open. */
void world_put_user(struct mirror *m, const struct world_user *u);
void world_put_group(struct mirror *m, const struct world_group *g);
/* One of its own, beside those of the policy; who: a DN; created: later than any other before it. */
struct world_assignment {
	unsigned number, created;
	const char *type, *role, *who, *path, *end;
};
void world_put_assignment(struct mirror *m, const struct world_assignment *a);
void world_delete_assignment(struct mirror *m, unsigned number);
void world_delete_user(struct mirror *m, unsigned number);
void world_delete_group(struct mirror *m, unsigned number);
/*
 * This host in /prod, and roles: operator (become:root, group:adm; approved by group 3), keeper (manages); assignments:
 * host-user-login of group 0, operator of group 1, active operator of group 4, a deny of become:root of group 2, keeper
 * of group 5.
 */
void world_put_policy(struct mirror *m);
struct uuid world_id(enum object_kind kind, unsigned number);

/* The batch counts; the engine publishes what it says. */
void world_commit(struct engine_fixture *f, bool all);
void world_publish(struct engine_fixture *f);

#endif
