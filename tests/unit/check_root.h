/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_UNIT_CHECK_ROOT_H
#define TENURE_TESTS_UNIT_CHECK_ROOT_H

/* A root in which tenure check finds nothing to say, for tests that then break one thing. */

#include <sys/types.h>
#include <time.h>

/* Makes it and leads TENURE_TEST_ROOT there. */
void check_root_make(void);
void check_root_remove(void);

/* Writes a file of the root, with the folders above it; text NULL removes it. A text that ends in "+" and a newline is
 * put behind what the file has. mode 0: 0644. */
void check_root_put(const char *path, const char *text, mode_t mode);
void check_root_chmod(const char *path, mode_t mode);
/* When it was changed. */
void check_root_time(const char *path, time_t when);

#endif
