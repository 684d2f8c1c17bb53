/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_HOLDERS_H
#define TENURE_SNAPSHOT_HOLDERS_H

/*
 * The holders table: who holds which right and which role on this host, and when. Two files of one format: `holders`,
 * standing assignments, rewritten when the directory changes; `grants`, live grants, small, rewritten at each grant
 * and ending, bound to this boot. The broker computes both with the decision core (denies, ceiling and reach are in
 * it already); a reader compares clocks and nothing else. It feeds the become-USER and role-NAME groups of NSS; a gate
 * takes `grants` from it and decides anew (decide.h).
 *
 * Format: see holders_format.h.
 */

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/model/words.h"
#include "common/snapshot/map.h"

struct holders;

/* One row. Strings point into the mapping, or to the caller's own when it writes. */
struct holder {
	/* 0: the row is of the role itself. Management rights stand in `grants` alone. */
	enum right_kind kind;
	/* become target, local group; management rights: where it was granted, a path or a unit's name; else NULL */
	const char *argument;
	const char *role;     /* slug */
	struct uuid principal;
	const char *login; /* as NSS shows the principal, or the local login mapped to it; NULL: has none here */
	uid_t uid;	   /* NO_ID: none here */
	gid_t local_gid;   /* GROUP: the local group's, looked up by the broker in /etc/group; NO_ID: none */
	struct uuid request; /* grants: the request's id; standing: null */
	struct window window;
};

/*
 * Maps tenants/NAME/FILE ("holders" or "grants"). For grants of another boot the table opens empty. 0, -ENOENT,
 * -EBADMSG, -EPERM, -errno.
 */
int holders_open(const char *tenant, const char *file, struct holders **ret) MUST_CHECK;
int holders_open_near(struct safe_walk *walk, const char *tenant, const char *file, struct holders **ret) MUST_CHECK;
/* The same over a snapshot that is mapped already; takes it over if it answers 0. grants: bound to this boot. */
int holders_from(const struct snapshot *s, bool grants, struct holders **ret) MUST_CHECK;
bool holders_is_current(const struct holders *h, const char *tenant, const char *file);
void holders_close(struct holders *h);
void holders_closep(struct holders **h);

/*
 * fn returns 0 to go on, anything else to stop with that value. Rows outside their window are passed over. 0,
 * -EBADMSG, or fn's value; no row is no error.
 */
typedef int (*holder_fn)(void *context, const struct holder *row);
/* All of them, of any window. */
int holders_each(const struct holders *h, holder_fn fn, void *context) MUST_CHECK;
int holders_of_principal(const struct holders *h, const struct uuid *principal, const struct instant *now, holder_fn fn,
			 void *context) MUST_CHECK;
/*
 * Rows of kind RIGHT_GROUP alone; costs a probe of a hash table for who has none. now NULL: rows of any window, fn
 * judges (so that nobody asks the time for nothing).
 */
int holders_groups_of_principal(const struct holders *h, const struct uuid *principal, const struct instant *now,
				holder_fn fn, void *context) MUST_CHECK;
/* become:TARGET includes rows of become:* */
int holders_of_right(const struct holders *h, enum right_kind kind, const char *argument, const struct instant *now,
		     holder_fn fn, void *context) MUST_CHECK;
int holders_of_role(const struct holders *h, const char *role, const struct instant *now, holder_fn fn,
		    void *context) MUST_CHECK;

/* For the broker. boot_id NULL for the standing table. Rows in any order; a row of a right may lack nothing but login. */
int holders_write(const char *path, uint64_t generation, const struct uuid *tenant_id, const struct uuid *boot_id,
		  const struct holder *rows, size_t count) MUST_CHECK;

/* The same for the standing table, as a base that may have deltas (delta.h). */
int holders_base_write(const char *path, uint64_t generation, const struct uuid *tenant_id, const struct holder *rows,
		       size_t count) MUST_CHECK;
uint64_t holders_base_id(const struct holders *h);
/* Its delta: those of `principals` have these rows and no others. */
int holders_delta_write(const char *path, uint64_t generation, const struct uuid *tenant_id, uint64_t base_id,
			uint64_t sequence, const struct uuid *principals, size_t principal_count, const struct holder *rows,
			size_t count) MUST_CHECK;

#endif
