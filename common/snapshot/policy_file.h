/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_POLICY_FILE_H
#define TENURE_SNAPSHOT_POLICY_FILE_H

/* An open policy, for policy.c and policy_record.c alone: checked access to sections, records and strings. */

#include "common/snapshot/policy.h"
#include "common/snapshot/policy_check.h"

struct policy {
	struct snapshot map;
	const struct policy_header *header;
	struct policy_texts texts;
	uint32_t added;	      /* of a delta: so many of its principals are not in the base; they come first */
	uint32_t replacing;   /* of a delta: so many of its assignments are in the base; they come first */
	struct policy *delta; /* NULL: none. Principals that stand in it are read there; their lists lead to our records. */
};

/* The map's header and sections, before anything is read by them. 0 or -EBADMSG. */
int policy_check_sections(const struct snapshot *map, const struct policy_header *header) MUST_CHECK;

/* The i-th record of a section, or NULL behind the last. The record's type is the section's. Its word is not checked. */
const void *policy_record(const struct policy *p, enum policy_section_id section, uint32_t i);
uint32_t policy_count(const struct policy *p, enum policy_section_id section);
/* The same, its word checked: 0, -ENOENT behind the last, -EBADMSG. */
int policy_sound_record(const struct policy *p, enum policy_section_id section, uint32_t i, const void **ret) MUST_CHECK;
/* The i-th record of a list, its word checked: 0, -ENOENT behind the list's end, -EBADMSG outside the section. */
int policy_list_record(const struct policy *p, enum policy_section_id section, struct policy_list list, uint32_t i,
		       const void **ret) MUST_CHECK;
/*
 * The i-th principal, in the delta if it stands there: its word checked; *ret_in: whose strings and lists its are. 0,
 * -ENOENT, -EBADMSG.
 */
int policy_current_principal(const struct policy *p, uint32_t i, const struct policy **ret_in,
			     const struct policy_principal_record **ret) MUST_CHECK;
/* A string; reference 0 is NULL. 0 or -EBADMSG. */
int policy_string(const struct policy *p, uint32_t reference, const char **ret) MUST_CHECK;

#endif
