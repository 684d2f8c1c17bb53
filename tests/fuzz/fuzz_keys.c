/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* keys: whatever the file holds, lines are read inside it. */
#include <errno.h>

#include "common/snapshot/keys.h"
#include "common/snapshot/keys_format.h"
#include "tests/fuzz/snapshot_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int see(void *context, const char *line)
{
	snapshot_input_read(line);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct uuid principal = {{0x5d, 0x0b, 0x3a, 0x2e, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}};
	static const char *const names[] = {"alice", "bob", ""};
	struct snapshot s;

	if (!snapshot_input(data, size, SNAPSHOT_KEYS, KEYS_VERSION, sizeof(struct keys_header), &s))
		return 0;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (keys_from(&s, names[i], NULL, see, NULL) > 0)
			abort();
	if (keys_from(&s, NULL, &principal, see, NULL) > 0)
		abort();
	snapshot_input_done(&s);
	return 0;
}
