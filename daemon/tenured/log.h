/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_LOG_H
#define TENURE_TENURED_LOG_H

/*
 * What the broker says, facility auth: one line an event, "activate id=7K2M-Q4XB user=alice@contoso.com ...", and under
 * systemd the same as journal fields (TENURE_EVENT, TENURE_ID, TENURE_USER, ...). Values are escaped; what users wrote
 * stands in quotes (T13). MUST: no answer to a prompt, and no parameter of Answer, ever comes here (T34).
 */

#include <jansson.h>
#include <syslog.h>

#include "common/base/result.h"

/*
 * to_stderr: for a person who runs it in the foreground. Else the journal, if systemd started us, or syslog; neither is
 * ever waited for (log_send.h).
 */
void log_open(bool to_stderr);
/* Sends what the log daemon did not take. True: nothing waits any more. */
bool log_flush(void);

/* One line of our own words; arguments from outside have been through text_escape. */
void log_text(int priority, const char *format, ...) PRINTF_LIKE(2, 3);

struct log_field {
	const char *name;  /* lower case, with hyphens or underscores */
	const char *value; /* NULL: left out */
	bool quoted;	   /* text of a user */
};
#define LOG_FIELDS_MAX 24
void log_event(int priority, const char *event, const struct log_field *fields, size_t count);

/*
 * A line of the journal of grants, as it was written; seq 0: it waits in memory. chain: the beginning of its hash, so
 * that who keeps the log elsewhere can hold the journal against it; NULL: none yet.
 */
void log_record(const char *event, uint64_t seq, const json_t *record, const char *chain);

#endif
