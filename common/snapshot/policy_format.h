/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_POLICY_FORMAT_H
#define TENURE_SNAPSHOT_POLICY_FORMAT_H

/*
 * Format of the policy file, version 1. For policy*.c alone; everybody else reads through policy.h.
 *
 *   struct policy_header          starts with struct snapshot_header (map.h)
 *   sections                      anywhere behind it, each aligned to 8, named by header.sections[]
 *
 * All numbers are little-endian. A reference to a string is its offset in the string section; 0 is "none", and the
 * section starts and ends with a NUL. A reference to a record is its position in its section; POLICY_NONE is "none".
 * A list is a position and a count in its section.
 *
 * A record ends with its check word (policy_check.h): over its other bytes, its section, its position and the texts that
 * it names, so that a file in which a bit is flipped, or a block is another's or an older one, allows nobody more. It
 * guards against accidents; who can write the file can write the words.
 *
 * A delta (delta.h) has principals, their lists, and assignments alone. A principal stands for the one of its id in the base, under whatever
 * name and uid; one that is GONE says that the base's is no more. Those that the base does not have come first; their
 * positions are behind the base's. Lists (HELD, MEMBERSHIPS) hold positions of the base's assignments and units. An
 * assignment of a delta stands in the place of the one that it says; behind them come those that the base does not have,
 * whose positions are behind the base's. Their roles and rights are the base's. One that is no more stands in no list.
 *
 * MUST (reader): the header's sections and check word are looked at when the file is opened (bounds, alignment, last
 * NUL, powers of two); everything else where it is touched, since a decision may not cost by the directory. Unknown
 * flags, kinds and types are -EBADMSG, never passed over: they might restrict.
 */

#include "common/snapshot/table.h"

#define POLICY_VERSION 1u
#define POLICY_NONE    UINT32_MAX

enum policy_section_id {
	POLICY_STRINGS,	     /* bytes; first, so that what the host and the roles are called lies near the header */
	POLICY_RIGHTS,	     /* struct policy_right_record: lists of roles (after not_actions) and of denies */
	POLICY_ROLES,	     /* struct policy_role_record */
	POLICY_UNITS,	     /* struct policy_unit_record */
	POLICY_ASSIGNMENTS,  /* struct policy_assignment_record: those that can mean something on this host */
	POLICY_APPROVERS,    /* struct policy_item, principals: lists of roles, groups resolved, ascending, distinct */
	POLICY_CEILING_BECOME, /* struct policy_item, strings */
	POLICY_CEILING_GROUPS, /* struct policy_item, strings */
	POLICY_MANAGERS,     /* struct policy_item, principals with an assignment of a management right, ascending */
	POLICY_PRINCIPALS,   /* struct policy_principal_record */
	POLICY_HELD,	     /* struct policy_item, assignments: lists of principals, groups resolved */
	POLICY_MEMBERSHIPS,  /* struct policy_item, units: lists of principals */
	POLICY_BY_ID,	     /* hash tables, open addressing, a power of two of uint32_t slots: principal + 1, 0: */
	POLICY_BY_UID,	     /* empty. Without check words: what they lead to has them, and who is not found is */
	POLICY_BY_NAME,	     /* denied */
	POLICY_SECTION_COUNT
};

struct policy_host_record {
	uint32_t known; /* 0 or 1 */
	uint32_t name, path, scope, environment, place;
};

struct policy_header {
	struct snapshot_header common;
	uint32_t tenant_name, tenant_domain;
	uint32_t tenant_home; /* 0 or 1 */
	uint32_t check;	      /* over all else of the header, and the texts that it names */
	struct policy_host_record host;
	uint64_t seed[2]; /* of the hash tables: table_hash() of the id's 16 bytes, the uid's 4, the name; its low half */
	struct snapshot_span sections[POLICY_SECTION_COUNT]; /* count: of records, slots or bytes */
};
_Static_assert(sizeof(struct policy_header) == 264, "the layout is the format");

struct policy_list {
	uint32_t first, count;
};

struct policy_item {
	uint32_t value; /* a position, or a reference to a string */
	uint32_t check;
};
_Static_assert(sizeof(struct policy_item) == 8, "the layout is the format");

struct policy_right_record {
	uint32_t kind; /* enum right_kind */
	uint32_t argument;
	uint32_t check;
};
_Static_assert(sizeof(struct policy_right_record) == 12, "the layout is the format");

#define POLICY_ROLE_JUSTIFICATION   1u
#define POLICY_ROLE_TICKET	    2u
#define POLICY_ROLE_STEP_UP	    4u
#define POLICY_ROLE_APPROVERS_NAMED 8u
#define POLICY_ROLE_FLAGS	    15u

struct policy_role_record {
	uint8_t id[16];
	int64_t max_duration_ns, approval_timeout_ns;
	uint32_t name, title, place;
	uint32_t flags;
	struct policy_list rights, approvers;
	uint32_t approvals;
	uint32_t check;
};
_Static_assert(sizeof(struct policy_role_record) == 72, "the layout is the format");

#define POLICY_UNIT_RESTRICTED 1u
#define POLICY_UNIT_HOLDS_HOST 2u
#define POLICY_UNIT_FLAGS      3u

struct policy_unit_record {
	uint32_t name, flags;
	uint32_t check;
};
_Static_assert(sizeof(struct policy_unit_record) == 12, "the layout is the format");

/* Its scope covers this host, or its unit holds it. */
#define POLICY_ASSIGNMENT_AT_HOST 1u
/* AT_HOST, but a restricted unit holds the host and the assignment was not made at one that does: gives nothing. */
#define POLICY_ASSIGNMENT_BLOCKED 2u
#define POLICY_ASSIGNMENT_FLAGS	  3u

struct policy_assignment_record {
	int64_t start_ns, end_ns;
	uint32_t type; /* enum assignment_type */
	uint32_t flags;
	uint32_t role; /* POLICY_NONE: a deny of single rights */
	uint32_t unit; /* POLICY_NONE: made at a scope */
	uint32_t name, through, scope, place; /* through: the group, none: direct */
	struct policy_list rights;	      /* the role's, or the deny's own */
	uint32_t replaces; /* of a delta: position and 1 in the base, ascending, 0: it is not there; else 0 */
	uint32_t check;
};
_Static_assert(sizeof(struct policy_assignment_record) == 64, "the layout is the format");

#define POLICY_PRINCIPAL_SERVICE  1u
#define POLICY_PRINCIPAL_ENABLED  2u
#define POLICY_PRINCIPAL_PASSWORD 4u
#define POLICY_PRINCIPAL_FLAGS	  7u
#define POLICY_PRINCIPAL_GONE	  8u /* of a delta alone; found by its id, by nothing else */

struct policy_principal_record {
	uint8_t id[16];
	int64_t start_ns, end_ns;
	uint32_t uid, flags;
	uint32_t name, login, place;
	struct policy_list held, units;
	uint32_t check;
};
_Static_assert(sizeof(struct policy_principal_record) == 72, "the layout is the format");

static inline size_t policy_record_size(enum policy_section_id section)
{
	static const uint8_t size[POLICY_SECTION_COUNT] = {
		[POLICY_STRINGS] = 1,
		[POLICY_RIGHTS] = sizeof(struct policy_right_record),
		[POLICY_ROLES] = sizeof(struct policy_role_record),
		[POLICY_UNITS] = sizeof(struct policy_unit_record),
		[POLICY_ASSIGNMENTS] = sizeof(struct policy_assignment_record),
		[POLICY_APPROVERS] = sizeof(struct policy_item),
		[POLICY_CEILING_BECOME] = sizeof(struct policy_item),
		[POLICY_CEILING_GROUPS] = sizeof(struct policy_item),
		[POLICY_MANAGERS] = sizeof(struct policy_item),
		[POLICY_PRINCIPALS] = sizeof(struct policy_principal_record),
		[POLICY_HELD] = sizeof(struct policy_item),
		[POLICY_MEMBERSHIPS] = sizeof(struct policy_item),
		[POLICY_BY_ID] = sizeof(uint32_t),
		[POLICY_BY_UID] = sizeof(uint32_t),
		[POLICY_BY_NAME] = sizeof(uint32_t),
	};
	return size[section];
}

static inline uint32_t policy_hash(const uint64_t seed[2], const void *data, size_t len)
{
	return (uint32_t)table_hash(seed, data, len);
}

#endif
