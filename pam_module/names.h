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

/* Adds to the process's supplementary groups what is not among them. 0 or -errno, with them as they were. */
int names_add_groups(const gid_t *gids, size_t count) MUST_CHECK;

#endif
