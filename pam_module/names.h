/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_NAMES_H
#define TENURE_PAM_NAMES_H

/*
 * Accounts and groups of the program that we are in, as it sees them itself. Apart from the rest because <grp.h> and our model both
 * have a struct group.
 */

#include <sys/types.h>

#include <security/pam_modules.h>

#include "common/base/result.h"

/* 0 or -ENOENT: NSS gives none, for whatever reason. */
int names_uid(pam_handle_t *pamh, const char *login, uid_t *ret) MUST_CHECK;

#define NAMES_MAX 320

/* An account as sudo names it. */
struct named_account {
	char name[NAMES_MAX];
	uid_t uid;
	gid_t gid; /* its primary group */
};

/* asked: a name or "#uid". 0 or -ENOENT: NSS gives none. */
int names_account(pam_handle_t *pamh, const char *asked, struct named_account *ret) MUST_CHECK;

/* asked: a name or "#gid". The group's name and gid. 0 or -ENOENT. */
int names_group(pam_handle_t *pamh, const char *asked, char buf[static NAMES_MAX], gid_t *ret) MUST_CHECK;

/* Adds to the process's supplementary groups what is not among them. 0 or -errno, with them as they were. */
int names_add_groups(const gid_t *gids, size_t count) MUST_CHECK;

#endif
