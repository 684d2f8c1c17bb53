/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_INDEX_FORMAT_H
#define TENURE_SNAPSHOT_INDEX_FORMAT_H

/*
 * index, version 1. What map.h says of all snapshots, and: the header's spans point to arrays of the records below
 * (count: records) and to the pool of strings (count: bytes). Numbers called *_name and the like are offsets into the
 * pool. Small: searched by halves, or from end to end; the sum of the whole is compared when it is opened.
 */

#include "common/snapshot/map.h"

#define INDEX_VERSION 1

struct index_header {
	struct snapshot_header common;
	uint64_t checksum; /* snapshot_checksum: it says who is governed, so that not a bit of it may be guessed */
	uint8_t host_id[16];
	struct snapshot_span tenants;	  /* index_tenant_record, the home tenant first */
	struct snapshot_span domains;	  /* index_domain_record, ascending by name */
	struct snapshot_span locals;	  /* index_local_record, ascending by login */
	struct snapshot_span services;	  /* index_service_record, ascending by name */
	struct snapshot_span break_glass; /* 32-bit offsets of names */
	struct snapshot_span strings;
	struct snapshot_span trusts; /* index_trust_record; not in every header of version 1 */
};
_Static_assert(sizeof(struct index_header) == 168, "the layout is the format");

#define INDEX_TENANT_HOME 1u
#define INDEX_TENANT_LDAP 2u /* its passwords are its directory's to judge */
#define INDEX_TENANT_TRUSTED 4u /* some tenant has guests from it */

struct index_tenant_record {
	uint8_t id[16];
	uint32_t name, domain; /* domain: the first one; POOL_NONE if it has none */
	uint32_t first_id, last_id, first_role_gid, last_role_gid;
	uint32_t visibility; /* enum visibility */
	uint32_t flags;	     /* INDEX_TENANT_ */
};
_Static_assert(sizeof(struct index_tenant_record) == 48, "the layout is the format");

struct index_domain_record {
	uint32_t name, tenant;
};
_Static_assert(sizeof(struct index_domain_record) == 8, "the layout is the format");

/* `of` takes guests from `from`: positions of tenants. */
struct index_trust_record {
	uint32_t of, from;
};
_Static_assert(sizeof(struct index_trust_record) == 8, "the layout is the format");

#define INDEX_LOCAL_GOVERNS_LOGIN 1u
#define INDEX_LOCAL_BROKEN	  2u

struct index_local_record {
	uint8_t principal[16];
	uint32_t login, uid, tenant, flags;
};
_Static_assert(sizeof(struct index_local_record) == 32, "the layout is the format");

struct index_service_record {
	uint32_t name;
	uint32_t service_class; /* enum service_class, never SERVICE_NONE */
	uint32_t mode;		/* enum gate_mode; 0 where it is no gate */
};
_Static_assert(sizeof(struct index_service_record) == 12, "the layout is the format");

#endif
