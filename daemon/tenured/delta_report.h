/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_DELTA_REPORT_H
#define TENURE_TENURED_DELTA_REPORT_H

/*
 * What a child that made all files of a tenant tells the broker beside them: what stands in no file. It is a fork of the
 * broker's own, and writes into memory that the broker gave it; it is no interface, and nobody else's.
 */

#include "common/base/buffer.h"
#include "common/base/text.h"
#include "daemon/tenured/delta.h"

/* Whose uid was in force, and is not any more (T50). */
struct leaver {
	struct uuid id;
	uid_t uid;
	char name[NAME_LENGTH_MAX + 1];
};

struct delta_report {
	struct leaver *leavers;
	size_t leaver_count;
	struct uuid *logins; /* whom local logins mean: struct compiled_tenant */
	size_t login_count;
	struct problem_list problems;
};

/* The report and what delta_rules found, into the buffer. */
void delta_report_put(struct buffer *b, const struct delta_report *r, const struct delta *d);
/* The same from bytes; d: one that was restarted. 0, -EBADMSG, -ENOMEM: then the caller ends both. */
int delta_report_take(const void *data, size_t len, struct delta_report *r, struct delta *d) MUST_CHECK;
void delta_report_done(struct delta_report *r);

#endif
