/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_IDENTITY_H
#define TENURE_SNAPSHOT_IDENTITY_H

/*
 * identity: what NSS shows of a tenant. Laid out for the copy: a passwd entry's strings stand together, so that a hit
 * is one probe of a hash table, one record and one memcpy; the names of a large group likewise; each user's record ends
 * with the gids of its transitive groups, so that initgroups costs by the user's groups and never by their members.
 *
 * Format: see identity_format.h.
 */

#include "common/base/id.h"
#include "common/model/words.h"
#include "common/snapshot/map.h"

struct identity;

/* 0, or as snapshot_map. */
int identity_open(const char *tenant, struct identity **ret) MUST_CHECK;
int identity_open_near(struct safe_walk *walk, const char *tenant, struct identity **ret) MUST_CHECK;
/* The same over a snapshot that is mapped already; takes it over if it answers 0. */
int identity_from(const struct snapshot *s, struct identity **ret) MUST_CHECK;
/* The same of a base and its delta; takes both over if it answers 0. */
int identity_from_pair(const struct snapshot *base, const struct snapshot *delta, struct identity **ret) MUST_CHECK;
/* True if the tenant's file still is the one that was opened. */
bool identity_is_current(const struct identity *id, const char *tenant);
void identity_close(struct identity *id);
void identity_closep(struct identity **id);

struct identity_user {
	const char *name, *gecos, *shell;
	const char *home;    /* NULL: home_prefix and the first short_len bytes of the name */
	const char *home_prefix; /* home_prefix_len bytes, no NUL */
	size_t home_prefix_len, short_len;
	const char *strings; /* adjacent: name NUL "*" NUL gecos NUL shell NUL, and home NUL if it is not NULL */
	size_t strings_len, name_len;
	uid_t uid;
	gid_t gid;
	struct uuid principal;
	const uint32_t *gids; /* transitive groups, ascending, without the primary one */
	size_t gid_count;
};

struct identity_group {
	const char *name;
	gid_t gid;
	size_t member_count, members_len; /* bytes of all names, NULs included */
	/* Either names, each with its NUL, adjacent, the last byte a NUL, and the length of each with its NUL: */
	const char *members;
	const uint8_t *member_lengths;
	/* or, where those are NULL, for identity_member: */
	const uint32_t *member_users;
};

/*
 * 0, -ENOENT (a true miss), -EBADMSG. Names as NSS shows them: canonical, short for the home tenant. A user whose gid
 * is his uid has a private group, found by his name and gid, without members, unless a group of the directory has that
 * gid. Ids that no directory may give (system ids, nobody, 2^31 and up) answer -EBADMSG whatever the file says; the caller
 * holds them against the tenant's range.
 */
int identity_user_by_name(const struct identity *id, const char *name, struct identity_user *ret) MUST_CHECK;
int identity_user_by_uid(const struct identity *id, uid_t uid, struct identity_user *ret) MUST_CHECK;
int identity_group_by_name(const struct identity *id, const char *name, struct identity_group *ret) MUST_CHECK;
int identity_group_by_gid(const struct identity *id, gid_t gid, struct identity_group *ret) MUST_CHECK;
/* The name of the i-th member (i < member_count), either way. *ret_len without its NUL. 0 or -EBADMSG. */
int identity_member(const struct identity *id, const struct identity_group *g, size_t i, const char **ret_name,
		    size_t *ret_len) MUST_CHECK;
/* Groups of a principal that has no passwd entry here (a local login is mapped to it). -ENOENT, -EBADMSG. */
int identity_gids_of_principal(const struct identity *id, const struct uuid *principal, const uint32_t **ret_gids,
			       size_t *ret_count) MUST_CHECK;
/*
 * Enumeration: *cursor starts at 0 and is moved on, behind a damaged record too (-EBADMSG), or to the end where the next
 * one cannot be told; -ENOENT behind the last. Groups: those of the directory, then the private ones; the groups that
 * show holders have a walk of their own.
 */
int identity_user_next(const struct identity *id, size_t *cursor, struct identity_user *ret) MUST_CHECK;
int identity_group_next(const struct identity *id, size_t *cursor, struct identity_group *ret) MUST_CHECK;
/*
 * Names of the groups that show holders (become-USER, role-NAME): NSS fills their members from the holders table.
 * kind 0: a role group. 0, -ENOENT, -EBADMSG.
 */
struct identity_role_group {
	const char *name;
	gid_t gid;
	enum right_kind kind; /* RIGHT_BECOME or 0 */
	const char *argument; /* become target, or the role's slug */
};
int identity_role_group_by_name(const struct identity *id, const char *name, struct identity_role_group *ret) MUST_CHECK;
int identity_role_group_by_gid(const struct identity *id, gid_t gid, struct identity_role_group *ret) MUST_CHECK;
int identity_role_group_next(const struct identity *id, size_t *cursor, struct identity_role_group *ret) MUST_CHECK;

/* For the broker: of a base without its delta. offset: what a delta names a record that it replaces by. */
uint64_t identity_base_id(const struct identity *id);
size_t identity_user_count(const struct identity *id);
/* home_prefix, home_prefix_len and short_len of somebody who is not in it. */
void identity_home(const struct identity *id, struct identity_user *u);
uint32_t identity_user_offset(const struct identity *id, const struct identity_user *u);
int identity_user_by_offset(const struct identity *id, uint32_t offset, struct identity_user *ret) MUST_CHECK;
uint32_t identity_group_offset(const struct identity *id, const struct identity_group *g);

/*
 * For the broker: the delta of a base (delta.h), of users and groups that were in it and are other now. A user's strings
 * are as in struct identity_user; a group's members are names as they show. replaced: offsets of the base's records.
 */
struct identity_delta {
	uint64_t sequence;
	const struct identity_user *users;
	size_t user_count;
	const struct identity_group *groups; /* members by name */
	size_t group_count;
	uint32_t *replaced;
	size_t replaced_count;
};
int identity_delta_write(const char *path, uint64_t generation, const struct identity *base,
			 const struct identity_delta *delta) MUST_CHECK;

/*
 * For the broker. A principal with a binding has no passwd entry: it is a member of its groups by the local login, and
 * of none where the binding is broken. Groups that show holders: role-NAME for each role of the directory; in the home
 * tenant become-USER for each target that the host's ceiling names. Their gids are the roles' own, or chosen from
 * role_gids by their name. A name over NAME_LENGTH_MAX is left out.
 */
struct directory;
struct host_config;
struct tenant_config;
struct index_binding;
int identity_write(const char *path, uint64_t generation, const struct directory *d, const struct host_config *host,
		   const struct tenant_config *tenant, const struct index_binding *bindings, size_t binding_count) MUST_CHECK;

#endif
