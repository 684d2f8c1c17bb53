/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records between tenured and tenure-auth: what decodes encodes to the same bytes; nothing else decodes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/wire/auth_proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t packet[AUTH_PACKET_MAX];
	struct auth_record record;
	int len;

	if (auth_record_decode(data, size, &record) < 0)
		return 0;
	len = auth_record_encode(&record, packet);
	if (len < 0 || (size_t)len != size || memcmp(packet, data, size) != 0)
		abort();
	for (size_t i = 0; i < record.count; i++)
		if (strlen(record.fields[i]) > AUTH_FIELD_MAX)
			abort();
	return 0;
}
