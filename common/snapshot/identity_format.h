/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_IDENTITY_FORMAT_H
#define TENURE_SNAPSHOT_IDENTITY_FORMAT_H

/*
 * identity, version 1. What map.h says of all snapshots, and:
 *
 *   header            struct identity_header
 *   user records      one behind the other, each at a multiple of 4: struct identity_user_record, its strings, and at
 *                     the next multiple of 4 the gids of the user's transitive groups, ascending
 *   group records     one behind the other, each at a multiple of 4: struct identity_group_record, its strings, then the
 *                     members. IDENTITY_GROUP_NAMES: a byte for the length of each member's name (NUL included), then
 *                     the names. IDENTITY_GROUP_USERS: at the next multiple of 4 the offset of each member's record;
 *                     for small groups whose members all have one
 *   gid arrays        each a count and as many gids, ascending, of the principals
 *   principals        struct identity_principal, ascending by id: who is here by a local login
 *   tables            table.h: users by name, users by uid, groups by name, groups by gid
 *
 * A delta (delta.h) holds the users and groups of the directory that are other than in its base; its gid arrays are the
 * offsets of the base's records that do not count any more, ascending, and it has no principals, nor groups that show
 * holders: those are the base's.
 *
 * Names are what NSS shows: short for the home tenant, name@domain for others. No name has more than 254 bytes.
 * Strings of a user, adjacent, each with its NUL: name, "*", gecos, shell, and home unless it is the tenant's home
 * prefix (/home/DOMAIN/) and the name without its domain.
 * Strings of a group: name; behind it, of groups that show holders, the argument.
 */

#include "common/snapshot/table.h"

#define IDENTITY_VERSION    1
#define IDENTITY_LOGIN_MAX  254 /* bytes, NUL not counted */
#define IDENTITY_RECORD_ALIGN 4

struct identity_header {
	struct snapshot_header common;
	uint64_t seed[2];
	struct table_span users_by_name, users_by_uid, groups_by_name, groups_by_gid;
	struct snapshot_span users;	 /* count: bytes */
	struct snapshot_span groups;	 /* count: bytes */
	struct snapshot_span gids;	 /* count: 32-bit words */
	struct snapshot_span principals; /* count: records */
	struct snapshot_span home_prefix; /* count: bytes, no NUL */
	uint32_t domain_len;		  /* of "@domain" at the end of each user's name; 0 in the home tenant */
	uint32_t reserved;		  /* 0 */
	uint32_t user_count, group_count;
};
_Static_assert(sizeof(struct identity_header) == 192, "the layout is the format");

struct identity_user_record {
	uint32_t uid, gid;
	uint16_t gid_count;
	uint16_t strings_len;	     /* all, NULs included */
	uint16_t gecos, shell, home; /* from the start of the strings; gecos is name's length + 3; home 0: by prefix */
	uint16_t reserved;	     /* 0 */
	uint8_t principal[16];
};
_Static_assert(sizeof(struct identity_user_record) == 36, "the layout is the format");

/* kind: RIGHT_BECOME is become-USER, 0 is role-NAME; these are groups of the directory */
#define IDENTITY_GROUP_NAMES	 0xffffu
#define IDENTITY_GROUP_USERS	 0xfffeu
#define IDENTITY_GROUP_USERS_MAX 256u /* members: more are stored by name, for the copy */
#define IDENTITY_NAMES_USERS_MAX 262144u /* users: up to so many all groups are, so that a fresh process meets few pages */

struct identity_group_record {
	uint32_t gid;
	uint32_t member_count; /* 0 in groups that show holders */
	uint32_t members_len;  /* of all their names, NULs included */
	uint16_t strings_len;
	uint16_t kind;
};
_Static_assert(sizeof(struct identity_group_record) == 16, "the layout is the format");

struct identity_principal {
	uint8_t id[16];
	uint32_t gids; /* word in the gid arrays where the principal's begins */
};
_Static_assert(sizeof(struct identity_principal) == 20, "the layout is the format");

#endif
