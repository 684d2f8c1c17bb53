/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_IDENTITY_BUILD_H
#define TENURE_SNAPSHOT_IDENTITY_BUILD_H

/* What the two halves of the identity writer share: identity_write.c (users, tables), identity_groups.c (groups). */

#include "common/model/settings.h"
#include "common/snapshot/identity.h"
#include "common/snapshot/identity_format.h"
#include "common/snapshot/image.h"
#include "common/snapshot/index.h"

/* How a user of the directory shows here. */
struct shown_user {
	const char *login; /* NULL: not at all */
	bool own;	   /* a passwd entry; false: a local login */
	gid_t gid;	   /* of the passwd entry */
	uint32_t gid_count;
	uint32_t gids;	 /* position in struct identity_build's gids */
	uint32_t record; /* offset of the passwd entry's record; 0: has none */
};

/* A list of names to be hashed and of records to be found by them. */
struct record_list {
	uint32_t *offsets;
	size_t count;
};

struct identity_build {
	const struct directory *d;
	const struct host_config *host;
	const struct tenant_config *tenant;
	const struct index_binding **bindings; /* of this tenant, ascending by principal */
	size_t binding_count;
	struct shown_user *users; /* as many as the directory has */
	char *logins;		  /* name@domain, one behind the other; NULL in the home tenant */
	uint32_t *groups;	  /* positions of the groups shown, ascending by gid */
	size_t group_count;
	char home_prefix[6 + IDENTITY_LOGIN_MAX + 2];
	struct identity_header header;
	uint32_t *gids; /* of all users, one behind the other */
	struct image image;
	struct record_list user_records, group_records;
};

/* T22: a directory gives ids of its range alone, and none that belongs to its roles' groups. */
bool build_id_is_ours(const struct identity_build *b, uint32_t id);

/* The names of groups that show holders are nobody else's: sudoers trusts them. */
bool build_name_is_reserved(const char *name);

/* Picks the groups to show, in ascending order of their gids. 0 or -ENOMEM. */
int build_groups_pick(struct identity_build *b) MUST_CHECK;

/* Appends the records of all groups. 0 or -errno. */
int build_groups_append(struct identity_build *b) MUST_CHECK;

/* For a delta, too: the tables of the records that were appended; then the header. */
int build_tables_append(struct identity_build *b) MUST_CHECK;
void build_header_put(struct identity_build *b);

#endif
