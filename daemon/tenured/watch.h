/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_WATCH_H
#define TENURE_TENURED_WATCH_H

/*
 * Notices that a file of the configuration changed, or one of the host's own accounts (passwd, group, subuid, subgid:
 * T47): by inotify on their folders, so that rename, rewrite and folders that come later are seen; where there is no
 * inotify, or not for every folder, by looking every WATCH_POLL_NS. Changes are gathered for WATCH_SETTLE_NS, at most WATCH_SETTLE_MAX_NS.
 */

#include "common/base/clock.h"

#define WATCH_SETTLE_NS	    (100 * NS_PER_MS)
#define WATCH_SETTLE_MAX_NS (1000 * NS_PER_MS)
#define WATCH_POLL_NS	    (2 * NS_PER_S)

struct watch;

/* inotify false: poll. 0 (without inotify, too) or -ENOMEM. */
int watch_new(bool inotify, const struct instant *now, struct watch **ret) MUST_CHECK;
void watch_free(struct watch *w);

/* -1 without inotify. */
int watch_fd(const struct watch *w);
/* The descriptor is readable. */
void watch_ready(struct watch *w, const struct instant *now);
/* True once for each bundle of changes: load now. */
bool watch_is_due(struct watch *w, const struct instant *now);
/* BOOTTIME at which to ask watch_is_due; TIME_FOREVER: not before watch_fd is readable. */
int64_t watch_deadline(const struct watch *w);

#endif
