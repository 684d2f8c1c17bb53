/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_FRESH_FORMAT_H
#define TENURE_SNAPSHOT_FRESH_FORMAT_H

/* The file of fresh.h: this and nothing else, little-endian. */

#include <limits.h>

#include "common/snapshot/fresh.h"

struct fresh_file {
	uint8_t magic[8];
	uint64_t checksum; /* snapshot_checksum */
	uint8_t tenant_id[16], boot_id[16];
	int64_t boottime_ns, realtime_ns, login_ns, gate_ns, offline_ns, offline_gates;
};
_Static_assert(sizeof(struct fresh_file) == 96, "the layout is the format");

#define FRESH_MAGIC "TFRESH\0\1"

/* keep: below PATH_STATE. 0, -EINVAL (no name), -ENAMETOOLONG. */
int fresh_path(const char *tenant, bool keep, char ret[static PATH_MAX]) MUST_CHECK;

#endif
