/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_BASE_CGROUP_MOUNT_H
#define TENURE_BASE_CGROUP_MOUNT_H

/*
 * Where cgroup2 is mounted (unified, or hybrid below .../unified), by mountinfo(5): one whose root is "/" before
 * others, which show a part of the tree. Broker and module ask here, so that both mean the same folder. Takes no memory.
 */

#include "common/base/result.h"

/* From the text. 0, -ENOENT; buf is good only behind 0. */
int cgroup_mount_parse(const char *text, size_t len, char *buf, size_t size) MUST_CHECK;

/* From PATH_MOUNTINFO. 0, -ENOENT, -errno. */
int cgroup_mount_find(char *buf, size_t size) MUST_CHECK;

/* Opens it: a descriptor, -ENOENT (none is mounted), -errno. */
int cgroup_mount_open(void) MUST_CHECK;

#endif
