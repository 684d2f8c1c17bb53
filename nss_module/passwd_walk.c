/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* setpwent, getpwent, endpwent. */
#include <errno.h>

#include "nss_module/answer.h"
#include "nss_module/walk.h"

NSS_EXPORT enum nss_status _nss_tenure_setpwent(int stay_open);
NSS_EXPORT enum nss_status _nss_tenure_endpwent(void);
NSS_EXPORT enum nss_status _nss_tenure_getpwent_r(struct passwd *ret, char *buf, size_t len, int *errnop);

static struct walk walk; /* under LOCK_PASSWD */

/* The cursor moves on only when the entry was delivered, or cannot be: the caller comes back with a larger buffer. */
static int next_of_tenant(const struct view_tenant *t, struct passwd *ret, char *buf, size_t len)
{
	const struct identity *id;
	struct identity_user u;
	int r = view_identity(t, &id);

	while (r == 0) {
		size_t cursor = walk.cursor;

		r = identity_user_next(id, &cursor, &u);
		if (r == 0)
			r = answer_user(t, &u, ret, buf, len);
		if (r == 0 || r == -EBADMSG)
			walk.cursor = cursor;
		if (r != -EBADMSG)
			return r;
		walk.damage = r;
		r = 0;
	}
	return r;
}

static int next(struct passwd *ret, char *buf, size_t len)
{
	int r = walk_begin(&walk);

	if (r < 0)
		return r;
	while (walk.tenant < view_tenant_count(walk.view)) {
		r = next_of_tenant(view_tenant(walk.view, walk.tenant), ret, buf, len);
		if (r == 0 || !walk_goes_on(&walk, r))
			return r;
	}
	return walk_over(&walk);
}

static enum nss_status rewind_walk(void)
{
	int cancel_state;

	if (view_lock(LOCK_PASSWD, &cancel_state) < 0)
		return NSS_STATUS_UNAVAIL;
	walk_end(&walk);
	view_unlock(LOCK_PASSWD, cancel_state);
	return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_tenure_setpwent(int stay_open)
{
	return rewind_walk();
}

enum nss_status _nss_tenure_endpwent(void)
{
	return rewind_walk();
}

enum nss_status _nss_tenure_getpwent_r(struct passwd *ret, char *buf, size_t len, int *errnop)
{
	int cancel_state, r = view_lock(LOCK_PASSWD, &cancel_state);

	if (r == 0) {
		r = next(ret, buf, len);
		view_unlock(LOCK_PASSWD, cancel_state);
	}
	return answer_status(r, errnop);
}
