/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Puts the check words into a policy file that is otherwise finished. */

#include <errno.h>

#include "common/snapshot/policy_file.h"

static int seal_section(const struct policy_texts *t, uint8_t *data, const struct policy_header *header,
			enum policy_section_id section)
{
	const size_t size = policy_record_size(section);
	uint8_t *record = data + header->sections[section].offset;
	for (uint32_t i = 0; i < header->sections[section].count; i++, record += size) {
		uint32_t check;
		int r = policy_check_record(t, section, i, record, &check);
		if (r < 0)
			return r;
		memcpy(record + size - sizeof(check), &check, sizeof(check));
	}
	return 0;
}

int policy_seal(void *data, size_t len)
{
	const struct snapshot map = {.data = data, .len = len, .borrowed = true};
	struct policy_header *header = data;
	if (len < sizeof(*header) || policy_check_sections(&map, header) < 0)
		return -EBADMSG;
	const struct policy_texts t = {.seed = header->seed,
				       .strings = (const char *)data + header->sections[POLICY_STRINGS].offset,
				       .len = header->sections[POLICY_STRINGS].count};
	for (unsigned section = POLICY_RIGHTS; section < POLICY_BY_ID; section++) {
		int r = seal_section(&t, data, header, section);
		if (r < 0)
			return r;
	}
	return policy_check_header(&t, header, &header->check);
}
