/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_BASE_SAFE_FILE_H
#define TENURE_BASE_SAFE_FILE_H

/*
 * Files that we trust. MUST: absolute path; openat2(2) with no symbolic link in any component; CLOEXEC, NOCTTY,
 * NONBLOCK; fstat of the descriptor, then trust: regular, owned by tenure_trusted_uid(), not writable by group or
 * others, nor any directory above it. A path is opened once and never by name again (T12, T33).
 */

#include <sys/types.h>

#include "common/base/result.h"

/*
 * Opens for reading. Returns a descriptor, or -ENOENT, -EPERM (owner or mode), -ELOOP, -EINVAL (no regular file),
 * -errno.
 */
int safe_open(const char *path) MUST_CHECK;

/*
 * The same for files that lie near each other: a folder that was found to be trusted on the way to one is not looked at
 * again on the way to the next. To be zeroed first; for use within one call, since what it remembers gets old. walk may
 * be NULL. *ret: the file, of which a descriptor was returned.
 */
struct safe_walk {
	char trusted[256]; /* a folder; "" before the first */
};
struct stat;
int safe_open_near(struct safe_walk *walk, const char *path, struct stat *ret) MUST_CHECK;

/*
 * Reads the whole file into a fresh buffer with a NUL behind it, which *ret_len does not count; the caller frees it.
 * -EFBIG above max bytes, -EAGAIN if the file changed while it was read, else as safe_open.
 */
int safe_read(const char *path, size_t max, char **ret, size_t *ret_len) MUST_CHECK;

/*
 * Replaces path atomically: temporary file in the same folder (0600 until it is complete), fsync, rename, fsync of
 * the folder. uid/gid -1 leave the owner. 0 or -errno, with the old file untouched and no temporary file left; but -EIO
 * may also say that the file was replaced, and a power cut may bring the old one back.
 */
int safe_replace(const char *path, const void *data, size_t len, mode_t mode, uid_t uid, gid_t gid) MUST_CHECK;

/*
 * Takes away what writers that were killed left in a folder: nobody may be writing there. 0, -ENOENT (no such folder) or
 * -errno.
 */
int safe_sweep(const char *folder) MUST_CHECK;

/* close(2) for CLEANUP: keeps errno, ignores a negative descriptor. */
void fd_closep(int *fd);

#endif
