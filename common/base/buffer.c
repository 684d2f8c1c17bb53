/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/base/buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SIZE 256

void buffer_done(struct buffer *b)
{
	if (b->data)
		explicit_bzero(b->data, b->size);
	free(b->data);
	b->data = NULL;
	b->len = b->size = 0;
	b->error = 0;
}

/* Room for `more` bytes and a NUL. realloc would leave the old bytes behind unwiped, so we copy ourselves. */
static bool make_room(struct buffer *b, size_t more)
{
	size_t size = b->size ? b->size : FIRST_SIZE;
	char *data;

	if (b->error)
		return false;
	if (b->len > b->max || more > b->max - b->len || b->max == SIZE_MAX) {
		b->error = -EMSGSIZE;
		return false;
	}
	if (b->data && more < b->size - b->len)
		return true;
	while (size <= b->len + more)
		size = size > b->max / 2 ? b->max + 1 : size * 2;
	data = malloc(size);
	if (!data) {
		b->error = -ENOMEM;
		return false;
	}
	if (b->data) {
		memcpy(data, b->data, b->len);
		explicit_bzero(b->data, b->size);
		free(b->data);
	}
	b->data = data;
	b->size = size;
	return true;
}

void buffer_append(struct buffer *b, const void *data, size_t len)
{
	if (!make_room(b, len))
		return;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buffer_append_string(struct buffer *b, const char *s)
{
	buffer_append(b, s, strlen(s));
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
	va_list args, again;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0)
		b->error = b->error ? b->error : -EINVAL;
	else if (make_room(b, (size_t)len)) {
		vsnprintf(b->data + b->len, (size_t)len + 1, format, again);
		b->len += (size_t)len;
	}
	va_end(again);
}

int buffer_error(const struct buffer *b)
{
	return b->error;
}

char *buffer_steal(struct buffer *b)
{
	char *data;

	buffer_append(b, "", 0);
	if (b->error)
		return NULL;
	data = b->data;
	b->data = NULL;
	b->len = b->size = 0;
	return data;
}
