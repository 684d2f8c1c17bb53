/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_BASE_SECRET_H
#define TENURE_BASE_SECRET_H

/* Secrets in memory: wiped where they end, compared in constant time. */

#include <string.h>

#include "common/base/result.h"

/* Wipes an array; does not compile for a pointer, whose size is not the secret's. */
#define SECRET_WIPE_ARRAY(a)                                                                                           \
	explicit_bzero((a), sizeof(a) + 0 * sizeof(struct {                                                            \
					_Static_assert(!__builtin_types_compatible_p(__typeof__(a), __typeof__(&(a)[0])), \
						       "an array, not a pointer");                                      \
					int unused;                                                                     \
				}))

/* Wipes and frees a string that malloc gave; NULL is fine. */
void secret_free(char *s);
void secret_freep(char **s);

/* Equal in constant time for equal lengths. */
bool secret_equal(const void *a, const void *b, size_t len);

#endif
