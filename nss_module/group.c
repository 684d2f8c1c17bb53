/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* getgrnam, getgrgid. */
#include <errno.h>
#include <string.h>

#include "nss_module/answer.h"

NSS_EXPORT enum nss_status _nss_tenure_getgrnam_r(const char *name, struct group *ret, char *buf, size_t len,
						  int *errnop);
NSS_EXPORT enum nss_status _nss_tenure_getgrgid_r(gid_t gid, struct group *ret, char *buf, size_t len, int *errnop);

/* Names that no directory can give to a group of its own: sudoers trusts what they show. */
static bool name_shows_holders(const char *name)
{
	return strncmp(name, "become-", 7) == 0 || strncmp(name, "role-", 5) == 0;
}

static int by_name(const struct view *view, const char *name, struct group *ret, char *buf, size_t len)
{
	struct identity_role_group role;
	struct identity_group group;
	const struct view_tenant *t;
	const struct identity *id;
	int r = view_tenant_of_name(view, name, &t);

	if (r < 0)
		return r;
	if (!t)
		return -ENOENT;
	r = view_identity(t, &id);
	if (r < 0)
		return r;
	if (answer_is_members_group(t, name))
		return answer_members_group(t, ret, buf, len);
	if (name_shows_holders(name)) {
		r = identity_role_group_by_name(id, name, &role);
		return r < 0 ? r : answer_role_group(view, t, &role, ret, buf, len);
	}
	r = identity_group_by_name(id, name, &group);
	return r < 0 ? r : answer_group(t, id, &group, ret, buf, len);
}

static int by_gid(const struct view *view, gid_t gid, struct group *ret, char *buf, size_t len)
{
	const struct view_tenant *t = view_tenant_of_id(view, gid);
	struct identity_role_group role;
	struct identity_group group;
	const struct identity *id;
	int r;

	if (!t)
		return -ENOENT;
	r = view_identity(t, &id);
	if (r < 0)
		return r;
	if (gid == view_members_gid(t))
		return answer_members_group(t, ret, buf, len);
	if (view_role_gid_is_ours(t, gid)) {
		r = identity_role_group_by_gid(id, gid, &role);
		return r < 0 ? r : answer_role_group(view, t, &role, ret, buf, len);
	}
	r = identity_group_by_gid(id, gid, &group);
	return r < 0 ? r : answer_group(t, id, &group, ret, buf, len);
}

enum nss_status _nss_tenure_getgrnam_r(const char *name, struct group *ret, char *buf, size_t len, int *errnop)
{
	struct reading reading;
	int r = name ? view_enter(&reading) : -ENOENT;

	if (r == 0) {
		r = by_name(reading.view, name, ret, buf, len);
		view_leave(&reading);
	}
	return answer_status(r, errnop);
}

enum nss_status _nss_tenure_getgrgid_r(gid_t gid, struct group *ret, char *buf, size_t len, int *errnop)
{
	struct reading reading;
	int r = view_enter(&reading);

	if (r == 0) {
		r = by_gid(reading.view, gid, ret, buf, len);
		view_leave(&reading);
	}
	return answer_status(r, errnop);
}
