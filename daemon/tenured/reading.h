/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_READING_H
#define TENURE_TENURED_READING_H

/*
 * Readings of the journal for clients: each from its beginning, a bit at a time, in turn, so that however long the
 * journal is and however many read it, nobody else waits for more than one bit.
 */

#include "daemon/tenured/journal.h"
#include "daemon/tenured/loop.h"

struct readings; /* all that run */
struct reading;	 /* one */

#define READINGS_MAX	     64
#define READINGS_PER_UID_MAX 2

struct reading_input {
	struct journal *journal;
	uid_t uid; /* who asks: for the limit */
	void *context;
	journal_fn line;
	/* Called once, unless reading_free comes first; the reading is gone then. result: 0, -errno, or what line said. */
	void (*done)(void *context, int result, const struct journal_report *report);
};

int readings_new(struct loop *loop, struct readings **ret) MUST_CHECK;
void readings_free(struct readings *all);

/* 0; -EBUSY: a limit; -errno. */
int reading_start(struct readings *all, const struct reading_input *in, struct reading **ret) MUST_CHECK;
/* Nobody is called any more. NULL is fine. */
void reading_free(struct reading *r);

#endif
