/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_MODEL_WORDS_H
#define TENURE_MODEL_WORDS_H

/* The few words of the model that readers of snapshots need, without the directory (whose struct group is not grp.h's). */

#include "common/base/result.h"

#define NO_INDEX UINT32_MAX
#define NO_ID	 UINT32_MAX /* no uid or gid: (uid_t)-1 */

struct id_range {
	uint32_t first, last; /* inclusive */
};

/* Not root, system accounts, nobody and its 16-bit twin, nor what does not fit a signed number (T22). */
static inline bool id_may_be_given(uint32_t id)
{
	return id >= 1000 && (id | 1) != 65535 && id <= INT32_MAX;
}

/* What a role may name in actions and not_actions. */
enum right_kind {
	RIGHT_LOGIN = 1,
	RIGHT_BECOME, /* argument: user or "*" */
	RIGHT_GROUP,  /* argument: local group */
	RIGHT_USER_LOCK,
	RIGHT_USER_SESSIONS_END,
	RIGHT_REQUEST_APPROVE,
	RIGHT_GRANT_REVOKE,
	RIGHT_AUDIT_READ,
	RIGHT_POLICY_READ,
};

enum gate_mode { GATE_REPORT_ONLY = 1, GATE_ENFORCE };

enum visibility { VISIBILITY_ALL = 1, VISIBILITY_TENANT };

/*
 * The group whose gid all members of a hidden tenant have in their credentials, and which may go into the tenant's
 * folder: tenant-NAME (tenant-NAME@DOMAIN away from home), the last of role_gids. NO_ID: the tenant has none.
 */
#define MEMBERS_PREFIX "tenant-"
static inline uint32_t members_gid(enum visibility visibility, const struct id_range *role_gids)
{
	return visibility == VISIBILITY_TENANT ? role_gids->last : NO_ID;
}

/* The kinds of object that a directory holds. The numbers are in sync_proto.h's packets and in mirrors. */
enum object_kind {
	OBJECT_TENANT = 1, OBJECT_USER, OBJECT_GROUP, OBJECT_SCOPE, OBJECT_HOST, OBJECT_UNIT, OBJECT_ROLE,
	OBJECT_ASSIGNMENT,
	OBJECT_OTHER, /* of Tenure's schema, and not known to this version: it may restrict */
	OBJECT_ELSEWHERE, /* matches the search, and is none of the tenant's: kept so that we know of it, and no more */
	OBJECT_KIND_COUNT
};

#endif
