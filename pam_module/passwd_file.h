/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_PASSWD_FILE_H
#define TENURE_PAM_PASSWD_FILE_H

/*
 * The host's own accounts, from /etc/passwd itself: never through NSS, where we might be the one who answers, and
 * without a byte of heap, so that a process out of memory still knows root.
 */

#include <sys/types.h>

#include "common/base/result.h"

/* The account's uid. 0, -ENOENT (the file has no such account), -errno (could not be read: not the same). */
int passwd_file_uid(const char *name, uid_t *ret) MUST_CHECK;

/* The name of the first account with the uid. 0, -ENOENT, -ERANGE (name too long for buf), -errno. */
int passwd_file_name(uid_t uid, char *buf, size_t len) MUST_CHECK;

#endif
