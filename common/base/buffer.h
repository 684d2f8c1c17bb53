/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_BASE_BUFFER_H
#define TENURE_BASE_BUFFER_H

/*
 * A byte buffer that grows up to a bound. An append that fails (memory, bound) marks the buffer: every later append
 * fails too, and buffer_error says why, so that a run of appends needs one check.
 */

#include <stdarg.h>

#include "common/base/result.h"

struct buffer {
	char *data; /* NUL behind data[len], not counted; NULL while empty */
	size_t len, size, max;
	int error; /* 0 or -errno */
};

/* max: the most bytes it may hold. */
#define BUFFER(max_bytes) ((struct buffer){.max = (max_bytes)})

/* Frees the bytes (wipes them first: they may be a secret). */
void buffer_done(struct buffer *b);
void buffer_append(struct buffer *b, const void *data, size_t len);
void buffer_append_string(struct buffer *b, const char *s);
void buffer_printf(struct buffer *b, const char *format, ...) PRINTF_LIKE(2, 3);
int buffer_error(const struct buffer *b) MUST_CHECK;

/* Gives the string away (the caller frees it) and leaves the buffer empty; NULL after an error. */
char *buffer_steal(struct buffer *b) MUST_CHECK;

#endif
