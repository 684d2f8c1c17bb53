/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libnss_noop.so.2: one constant answer to everything. The floor of glibc's dispatcher. */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

EXPORT enum nss_status _nss_noop_getpwnam_r(const char *name, struct passwd *ret, char *buf, size_t len, int *errnop);
EXPORT enum nss_status _nss_noop_getpwuid_r(uid_t uid, struct passwd *ret, char *buf, size_t len, int *errnop);
EXPORT enum nss_status _nss_noop_getgrnam_r(const char *name, struct group *ret, char *buf, size_t len, int *errnop);
EXPORT enum nss_status _nss_noop_getgrgid_r(gid_t gid, struct group *ret, char *buf, size_t len, int *errnop);
EXPORT enum nss_status _nss_noop_initgroups_dyn(const char *user, gid_t primary, long *start, long *size,
						gid_t **groups, long limit, int *errnop);

static char text[] = "noop", *no_members[1];

static enum nss_status answer_user(struct passwd *ret)
{
	*ret = (struct passwd){text, text, 4242, 4242, text, text, text};
	return NSS_STATUS_SUCCESS;
}

static enum nss_status answer_group(struct group *ret)
{
	*ret = (struct group){text, text, 4242, no_members};
	return NSS_STATUS_SUCCESS;
}

/* A name that begins with '~' is a miss. */
enum nss_status _nss_noop_getpwnam_r(const char *name, struct passwd *ret, char *buf, size_t len, int *errnop)
{
	return name[0] == '~' ? NSS_STATUS_NOTFOUND : answer_user(ret);
}

enum nss_status _nss_noop_getpwuid_r(uid_t uid, struct passwd *ret, char *buf, size_t len, int *errnop)
{
	return uid == (uid_t)-2 ? NSS_STATUS_NOTFOUND : answer_user(ret);
}

enum nss_status _nss_noop_getgrnam_r(const char *name, struct group *ret, char *buf, size_t len, int *errnop)
{
	return answer_group(ret);
}

enum nss_status _nss_noop_getgrgid_r(gid_t gid, struct group *ret, char *buf, size_t len, int *errnop)
{
	return answer_group(ret);
}

enum nss_status _nss_noop_initgroups_dyn(const char *user, gid_t primary, long *start, long *size, gid_t **groups,
					 long limit, int *errnop)
{
	for (gid_t gid = 9000; gid < 9005; gid++) {
		if (*start == *size) {
			gid_t *more = realloc(*groups, 2 * (size_t)*size * sizeof(gid_t));

			if (!more) {
				*errnop = ENOMEM;
				return NSS_STATUS_TRYAGAIN;
			}
			*groups = more;
			*size *= 2;
		}
		(*groups)[(*start)++] = gid;
	}
	return NSS_STATUS_SUCCESS;
}
