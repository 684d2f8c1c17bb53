/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* secrets: whatever the file holds, a hash is a string of at least one byte that fits its buffer. */
#include "common/snapshot/secrets.h"
#include "common/snapshot/secrets_format.h"
#include "tests/fuzz/snapshot_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uuid principal = {{0x5d, 0x0b, 0x3a, 0x2e, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 1}};
	char hash[SECRET_HASH_MAX];
	struct snapshot s;

	if (!snapshot_input(data, size, SNAPSHOT_SECRETS, SECRETS_VERSION, sizeof(struct secrets_header), &s))
		return 0;
	for (uint8_t n = 0; n < 4; n++) {
		principal.bytes[15] = n;
		if (secrets_read_from(&s, &principal, hash) == 0 && (hash[0] == '\0' || !memchr(hash, 0, sizeof(hash))))
			abort();
	}
	snapshot_input_done(&s);
	return 0;
}
