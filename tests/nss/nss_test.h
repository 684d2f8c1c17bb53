/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_NSS_TEST_H
#define TENURE_TESTS_NSS_TEST_H

/* What the tests of the NSS module share. */
#include "tests/nss/module.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/cmocka_test.h"

/* Replaces path by a copy with len bytes at offset changed (offset -1: cut to len bytes). */
void file_bend(const char *path, long offset, const void *bytes, size_t len);
/* The offset of the bytes in the file; fails the test if they are not there. */
long file_find(const char *path, const void *bytes, size_t len);
/* How many descriptors this process has open. */
unsigned descriptors_open(void);

#endif
