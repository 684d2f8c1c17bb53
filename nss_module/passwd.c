/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* getpwnam, getpwuid. */
#include <errno.h>

#include "nss_module/answer.h"

NSS_EXPORT enum nss_status _nss_tenure_getpwnam_r(const char *name, struct passwd *ret, char *buf, size_t len,
						  int *errnop);
NSS_EXPORT enum nss_status _nss_tenure_getpwuid_r(uid_t uid, struct passwd *ret, char *buf, size_t len, int *errnop);

static int by_name(const struct view *view, const char *name, struct passwd *ret, char *buf, size_t len)
{
	const struct view_tenant *t;
	struct identity_user u;
	int r = view_user_by_name(view, name, &t, &u);

	return r < 0 ? r : answer_user(t, &u, ret, buf, len);
}

static int by_uid(const struct view *view, uid_t uid, struct passwd *ret, char *buf, size_t len)
{
	const struct view_tenant *t = view_tenant_of_id(view, uid);
	const struct identity *id;
	struct identity_user u;
	int r;

	if (!t)
		return -ENOENT;
	r = view_identity(t, &id);
	if (r == 0)
		r = identity_user_by_uid(id, uid, &u);
	return r < 0 ? r : answer_user(t, &u, ret, buf, len);
}

enum nss_status _nss_tenure_getpwnam_r(const char *name, struct passwd *ret, char *buf, size_t len, int *errnop)
{
	struct reading reading;
	int r = name ? view_enter(&reading) : -ENOENT;

	if (r == 0) {
		r = by_name(reading.view, name, ret, buf, len);
		view_leave(&reading);
	}
	return answer_status(r, errnop);
}

enum nss_status _nss_tenure_getpwuid_r(uid_t uid, struct passwd *ret, char *buf, size_t len, int *errnop)
{
	struct reading reading;
	int r = view_enter(&reading);

	if (r == 0) {
		r = by_uid(reading.view, uid, ret, buf, len);
		view_leave(&reading);
	}
	return answer_status(r, errnop);
}
