/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_NSS_MODULE_H
#define TENURE_TESTS_NSS_MODULE_H

/* The module's entry points, for direct calls, and the host that tests make for it. */

/* The model's struct group goes by another name here: grp.h has its own. */
#define group directory_group
#include "tests/unit/snapshot_fixture.h"
#undef group

#include <grp.h>
#include <nss.h>
#include <pwd.h>

enum nss_status _nss_tenure_getpwnam_r(const char *name, struct passwd *ret, char *buf, size_t len, int *errnop);
enum nss_status _nss_tenure_getpwuid_r(uid_t uid, struct passwd *ret, char *buf, size_t len, int *errnop);
enum nss_status _nss_tenure_setpwent(int stay_open);
enum nss_status _nss_tenure_endpwent(void);
enum nss_status _nss_tenure_getpwent_r(struct passwd *ret, char *buf, size_t len, int *errnop);
enum nss_status _nss_tenure_getgrnam_r(const char *name, struct group *ret, char *buf, size_t len, int *errnop);
enum nss_status _nss_tenure_getgrgid_r(gid_t gid, struct group *ret, char *buf, size_t len, int *errnop);
enum nss_status _nss_tenure_setgrent(int stay_open);
enum nss_status _nss_tenure_endgrent(void);
enum nss_status _nss_tenure_getgrent_r(struct group *ret, char *buf, size_t len, int *errnop);
enum nss_status _nss_tenure_initgroups_dyn(const char *user, gid_t primary, long *start, long *size, gid_t **groups,
					   long limit, int *errnop);

#endif
