/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_NEAREST_H
#define TENURE_HELPER_NEAREST_H

#include <stddef.h>

/*
 * How many letters are typed wrong (inserted, left out, changed, or two exchanged), for short words; a word longer
 * than NEAREST_WORD_MAX is as far as can be.
 */
#define NEAREST_WORD_MAX 31
#define NEAREST_FAR	 100u
unsigned word_distance(const char *a, const char *b);

/* True if `typed` may well be a mistyped `word`. */
int word_is_near(const char *typed, const char *word);

/* The verb that was perhaps meant; NULL if none is near. */
const char *nearest_verb(const char *typed);

#endif
