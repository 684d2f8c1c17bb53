/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_FRESH_H
#define TENURE_SNAPSHOT_FRESH_H

/*
 * When a tenant's directory last answered: what the staleness lease counts from (vocabulary: "the snapshot is fresh
 * enough"). The broker writes it at each sign of life; gates and logins read it. One file a tenant: in PATH_RUN while
 * the host runs (fresh-NAME), and every FRESH_KEEP_NS below PATH_STATE/tenants/NAME too, for the next boot.
 *
 * The age is the greater of what BOOTTIME says, if the boot is the same, and REALTIME: a clock that is set back makes
 * nothing younger. Of another boot REALTIME alone can tell, and if it is before the file's, nobody can: unknown is too
 * old, until the directory answers again.
 */

#include "common/base/clock.h"
#include "common/base/id.h"

struct fresh {
	struct uuid tenant_id, boot;
	int64_t boottime_ns, realtime_ns;
	int64_t login_ns, gate_ns; /* the lease (tenure.conf(5)): how old it may be for either */
	int64_t offline_ns;	   /* for how long a password that was right is (offline.h); 0: no longer than it is asked */
	int64_t offline_gates;	   /* 1: at gates and for step-up, too */
};

enum fresh_use { FRESH_LOGIN = 1, FRESH_GATE };

#define FRESH_KEEP_NS  (5 * 60 * NS_PER_S)
#define FRESH_UNKNOWN  TIME_FOREVER

/*
 * What PATH_RUN has, or else what was kept. 0, -ENOENT (the directory never answered), -EBADMSG, -errno. In libsnapread:
 * the modules use it.
 */
int fresh_read(const char *tenant, struct fresh *ret) MUST_CHECK;
/* ns since then; FRESH_UNKNOWN if it cannot be said. boot: this one. Pure. */
int64_t fresh_age(const struct fresh *f, const struct uuid *boot, const struct instant *now);
/* True: no file, another tenant's, or older than that; nothing that goes wrong makes it young. Reads the boot's id. */
bool fresh_is_over(const char *tenant, const struct uuid *tenant_id, enum fresh_use use, const struct instant *now);

/* For the broker (libsnapwrite). keep: below PATH_STATE, on disk; else in PATH_RUN. 0 or -errno. */
int fresh_write(const char *tenant, const struct fresh *f, bool keep) MUST_CHECK;
int fresh_remove(const char *tenant) MUST_CHECK;

#endif
