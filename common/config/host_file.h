/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_CONFIG_HOST_FILE_H
#define TENURE_CONFIG_HOST_FILE_H

/* Between the two files that read tenure.conf: what its keys said, before it is held against each other. */

#include "common/config/reader.h"

#define GRACE_DEFAULT_NS	(5 * NS_PER_S)
#define GRACE_MAX_NS		(20 * NS_PER_S) /* what waits for endings waits 60 s (EXPIRE_WAIT_NS, DRAIN_TIMEOUT_MS) */
#define JOURNAL_RESERVE_DEFAULT (4u << 20)
#define JOURNAL_RESERVE_MIN	(64u << 10)

struct host_file {
	struct host_config c;
	char **gate_names;
	size_t gate_name_count;
	struct gate_service *modes;
	size_t mode_count;
	char **warnings;
	size_t warning_count;
	uint32_t reserve;
	bool faulty; /* an object was left out */
};

/* Checks, fills the defaults and what depends on two keys. False after a report. */
bool host_file_check(struct reader *r, const config_setting_t *root, struct host_file *f);

#endif
