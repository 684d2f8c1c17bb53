/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tenure-sync says: no field leaves its packet, and what the mirror takes for an object is one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/mirror/mirror_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* Every byte is looked at, so that a sanitizer sees where it lies. */
static void walk(struct sync_cursor c, const uint8_t *begin, const uint8_t *end)
{
	struct sync_field f;
	unsigned sum = 0;

	while (sync_next(&c, &f) > 0) {
		must(f.len <= SYNC_FIELD_MAX && f.data >= begin && f.data + f.len <= end);
		for (size_t i = 0; i < f.len; i++)
			sum += f.data[i];
	}
	must(sum < UINT32_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sync_packet *p = malloc(sizeof(*p));
	struct mirrored *o = NULL;
	struct sync_cursor fields;

	if (!p)
		return 0;
	if (size <= sizeof(p->bytes) && sync_packet_check(data, size) == 0) {
		memcpy(p->bytes, data, size);
		p->len = size;
		fields = sync_packet_fields(p);
		walk(fields, p->bytes, p->bytes + p->len);
		if (mirrored_new(fields.at, (size_t)(fields.end - fields.at), &o) == 0) {
			must(o->kind > 0 && o->kind < OBJECT_KIND_COUNT && o->dn_len > 0 && o->dn_len <= SYNC_DN_MAX &&
			     o->dn + o->dn_len <= o->len);
			walk(sync_object_fields(o->bytes, o->len), o->bytes, o->bytes + o->len);
			free(o);
		}
	}
	free(p);
	return 0;
}
