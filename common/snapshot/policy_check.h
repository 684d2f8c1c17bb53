/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_POLICY_CHECK_H
#define TENURE_SNAPSHOT_POLICY_CHECK_H

/*
 * Check words of a policy file: 32 bits of a hash with the file's own seed. For policy*.c alone.
 *
 * MUST: whoever reads a record compares its word first, and takes another one for damage (-EBADMSG). Texts that are
 * only shown are outside it: places, a role's title, the name of an assignment and of the group that it goes through.
 */

#include "common/snapshot/policy_format.h"

/* What the words are made with. */
struct policy_texts {
	const uint64_t *seed;
	const char *strings; /* ends with NUL */
	uint32_t len;
};

/* The word of a record, header aside. 0; -EBADMSG: it names a text that is not there. */
int policy_check_record(const struct policy_texts *t, enum policy_section_id section, uint32_t position,
			const void *record, uint32_t *ret) MUST_CHECK;
int policy_check_header(const struct policy_texts *t, const struct policy_header *header, uint32_t *ret) MUST_CHECK;

/* For the broker, and for tests that bend a file: puts all words into a finished file. 0 or -EBADMSG. */
int policy_seal(void *data, size_t len) MUST_CHECK;

#endif
