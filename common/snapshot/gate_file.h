/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_GATE_FILE_H
#define TENURE_SNAPSHOT_GATE_FILE_H

/*
 * gate: the little of tenure.conf that a gate must still know when the index itself cannot be read, so that a torn
 * index locks out neither the accounts that no failure may stop nor a host that only reports. PATH_STATE/gate, 0644,
 * text, lines that end with a newline, version first:
 *
 *   tenure-gate 1
 *   report-only            every gate of the host only reports
 *   break-glass rescue     a line for each account of break_glass_users
 *
 * Anything else in it makes the whole file unreadable, which gives nothing to anybody.
 */

#include "common/model/settings.h"

struct gate_file {
	bool report_only;
	bool break_glass; /* the account asked for is named */
};

/* What it says, and of the account. 0; -ENOENT; -EBADMSG; as safe_read. *ret says no to both unless 0 is returned. */
int gate_file_read(const char *login, struct gate_file *ret) MUST_CHECK;

/* For the broker, before it writes the index. */
int gate_file_write(const struct host_config *host) MUST_CHECK;
/* When no tenant is bound any longer. */
int gate_file_remove(void) MUST_CHECK;

#endif
