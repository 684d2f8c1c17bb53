/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* setgrent, getgrent, endgrent. */
#include <errno.h>

#include "nss_module/answer.h"
#include "nss_module/walk.h"

NSS_EXPORT enum nss_status _nss_tenure_setgrent(int stay_open);
NSS_EXPORT enum nss_status _nss_tenure_endgrent(void);
NSS_EXPORT enum nss_status _nss_tenure_getgrent_r(struct group *ret, char *buf, size_t len, int *errnop);

static struct walk walk; /* under LOCK_GROUP */

/* Of each tenant: its groups and the private ones, then those that show holders, then that of all members. */
enum { PHASE_GROUPS, PHASE_ROLES, PHASE_MEMBERS, PHASE_COUNT };

static int next_of_phase(const struct view_tenant *t, const struct identity *id, size_t *cursor, struct group *ret,
			 char *buf, size_t len)
{
	struct identity_role_group role;
	struct identity_group group;
	int r;

	if (walk.phase == PHASE_GROUPS) {
		r = identity_group_next(id, cursor, &group);
		return r < 0 ? r : answer_group(t, id, &group, ret, buf, len);
	}
	if (walk.phase == PHASE_MEMBERS) {
		r = *cursor == 0 ? answer_members_group(t, ret, buf, len) : -ENOENT;
		*cursor = 1;
		return r;
	}
	r = identity_role_group_next(id, cursor, &role);
	return r < 0 ? r : answer_role_group(walk.view, t, &role, ret, buf, len);
}

/* As passwd_walk.c has it: the cursor moves on only when the entry was delivered, or cannot be. */
static int next_of_tenant(const struct view_tenant *t, struct group *ret, char *buf, size_t len)
{
	const struct identity *id;
	int r = view_identity(t, &id);

	while (r == 0 && walk.phase < PHASE_COUNT) {
		size_t cursor = walk.cursor;

		r = next_of_phase(t, id, &cursor, ret, buf, len);
		if (r == 0 || r == -EBADMSG)
			walk.cursor = cursor;
		if (r != -EBADMSG && r != -ENOENT)
			return r;
		if (r == -EBADMSG) {
			walk.damage = r;
		} else {
			walk.phase++;
			walk.cursor = 0;
		}
		r = 0;
	}
	return r < 0 ? r : -ENOENT;
}

static int next(struct group *ret, char *buf, size_t len)
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

	if (view_lock(LOCK_GROUP, &cancel_state) < 0)
		return NSS_STATUS_UNAVAIL;
	walk_end(&walk);
	view_unlock(LOCK_GROUP, cancel_state);
	return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_tenure_setgrent(int stay_open)
{
	return rewind_walk();
}

enum nss_status _nss_tenure_endgrent(void)
{
	return rewind_walk();
}

enum nss_status _nss_tenure_getgrent_r(struct group *ret, char *buf, size_t len, int *errnop)
{
	int cancel_state, r = view_lock(LOCK_GROUP, &cancel_state);

	if (r == 0) {
		r = next(ret, buf, len);
		view_unlock(LOCK_GROUP, cancel_state);
	}
	return answer_status(r, errnop);
}
