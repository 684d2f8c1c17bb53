/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The framing, as a socket gives it: any bytes, cut anywhere (the first byte says where). What comes out is an object of
 * bounded depth that can be sent on; everything else is an error, and none of it outlives its message.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_all(struct wire_channel *c, int *r)
{
	json_t *message;

	while ((*r = wire_channel_take(c, &message)) == 0) {
		struct wire_call call;

		if (!json_is_object(message))
			abort();
		if (wire_call_read(message, &call) == 0 && (!call.method || !json_is_object(call.parameters)))
			abort();
		/* Escapes may make it longer than it came. */
		if (wire_channel_queue(c, message) < 0 && json_dumpb(message, NULL, 0, JSON_COMPACT) + 1 < WIRE_MESSAGE_MAX &&
		    json_object_size(message) < 100)
			*r = -ENOBUFS;
		json_decref(message);
		if (*r < 0)
			return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_channel *c;
	size_t step = size ? 1 + data[0] * 8u : 1;
	int pair[2], r = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 0;
	if (wire_channel_new(pair[0], &c) < 0)
		abort();
	for (size_t at = 1; at < size && (r == 0 || r == -EAGAIN); at += step) {
		size_t n = size - at < step ? size - at : step;

		if (write(pair[1], data + at, n) != (ssize_t)n)
			break;
		r = wire_channel_fill(c);
		if (r == 0)
			take_all(c, &r);
	}
	wire_channel_free(c);
	close(pair[1]);
	return 0;
}
