/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_BASE_RESULT_H
#define TENURE_BASE_RESULT_H

/*
 * What a function says. Inner code returns 0 or a negative errno and never logs; the edges (a request handler, a
 * PAM hook, a CLI verb) log once. A verdict is something else: see enum verdict.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK	 __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define ARRAY_LENGTH(a)	 (sizeof(a) / sizeof((a)[0]))

/* Runs fn(&variable) when the variable leaves its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/*
 * A verdict. The two values differ in every bit but the sign, so that no flipped bit makes one of the other, and neither is 0
 * or 1: memory that was cleared, or a truth value that strayed here, is no verdict at all (threat T3). Whoever
 * receives one compares with VERDICT_ALLOW and takes everything else as a denial.
 */
enum verdict {
	VERDICT_DENY = 0x2d963ca5,
	VERDICT_ALLOW = 0x5269c35a,
};

#endif
