/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_PAM_RECORD_H
#define TENURE_TESTS_PAM_RECORD_H

/* What a session that nobody answered for has left in the world: its record, and the cgroup that it names. */

#include <stdbool.h>
#include <stddef.h>

/* The file name of the one record that there is. False: there is none. */
bool record_find(char *name, size_t len);

/*
 * The text of the one record, which is taken away. False: there is none. Asserts that it is as the broker adopts it, and
 * that this process is in the cgroup of that name.
 */
bool record_take(char *text, size_t len);

#endif
