/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_UNIT_SYNC_TRIES_H
#define TENURE_TESTS_UNIT_SYNC_TRIES_H

/* What somebody who speaks through tenure-sync would try. */

#include "common/base/result.h"

/* "read PATH", "create PATH", "socket inet", "call ptrace", ...: 0 or -errno; -EINVAL for a word that is not known. */
int sync_try(const char *what);
/* Another process, by its number: says which of its files opened, "kill" and "ptrace" if they worked. */
void sync_try_process(const char *pid, void (*say)(const char *text));

#endif
