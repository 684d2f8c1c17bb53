/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_DRAIN_H
#define TENURE_TENURED_DRAIN_H

/*
 * What root tells the broker to do, from the command line of tenured itself.
 *
 * `tenured -d REASON`: ends every elevated session and every grant, journals it, and returns when the last process is
 * gone. What a package removal calls before it takes away what enforces ends.
 *
 * `tenured -r journal|clock REASON`: accepts a journal that is damaged, or a time that is behind the journal's.
 */

#include "daemon/tenured/broker.h"

/* Has the running broker do it. 0 (says on stdout what ended), -ECONNREFUSED or -ENOENT if none runs, -errno. */
int drain_by_broker(const char *reason) MUST_CHECK;

/*
 * Does it in this process, which holds the journal: broker is started. Waits DRAIN_TIMEOUT_MS at most. 0, -ETIMEDOUT,
 * -errno.
 */
#define DRAIN_TIMEOUT_MS 60000
int drain_here(struct broker *b, const char *reason) MUST_CHECK;

/* what: "journal" or "clock". 0; -EPROTO, and on stderr what the broker said; -ECONNREFUSED or -ENOENT; -errno. */
int reset_by_broker(const char *what, const char *reason) MUST_CHECK;

#endif
