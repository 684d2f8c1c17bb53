/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_WIRE_WIRE_H
#define TENURE_WIRE_WIRE_H

/*
 * Varlink framing over a stream socket, version 1: a message is one JSON object in UTF-8, then a NUL byte.
 *   call   {"method": "io.tenure.Request", "parameters": {...}, "more": true, "oneway": true}
 *   reply  {"parameters": {...}, "continues": true} or {"error": "io.tenure.NotEligible", "parameters": {...}}
 *
 * MUST: a length is bounded before anything is allocated; nesting is bounded before the parser runs; duplicate keys,
 * bad UTF-8, "\u0000" and trailing bytes are refused; whatever may hold an answer to a prompt is wiped when it goes.
 */

#include <jansson.h>
#include <sys/types.h>

#include "common/base/result.h"

#define WIRE_MESSAGE_MAX (128u * 1024) /* bytes, the NUL included */
#define WIRE_DEPTH_MAX	 16
#define WIRE_OUT_MAX	 (4u * WIRE_MESSAGE_MAX) /* what may wait for a slow reader */

struct wire_channel;

/*
 * Makes jansson wipe every block that it frees (T34). To be called once, before any JSON is made, by programs that see
 * answers to prompts.
 */
void wire_wipe_json_memory(void);

/* Takes fd over, sets it non-blocking. 0 or -errno, with fd left to the caller. */
int wire_channel_new(int fd, struct wire_channel **ret) MUST_CHECK;
/* Closes and wipes. NULL is fine. */
void wire_channel_free(struct wire_channel *c);
/* The same, but the descriptor stays open and is the caller's again. */
void wire_channel_release(struct wire_channel *c);
int wire_channel_fd(const struct wire_channel *c);

/*
 * From now on every byte must come from this process itself, as the kernel stamps it (SCM_CREDENTIALS): whoever holds a
 * copy of the socket speaks for nobody (T15). To be set on the listening socket too (SO_PASSCRED), so that no byte
 * arrives without its stamp. 0 or -errno.
 */
int wire_channel_expect_sender(struct wire_channel *c, pid_t pid) MUST_CHECK;

/*
 * Reads once what has come. 0; -EAGAIN: nothing; -EPIPE: the other side closed; -EMSGSIZE: a message too long; -EPERM:
 * from another process than expected; -errno.
 */
int wire_channel_fill(struct wire_channel *c) MUST_CHECK;
/* Takes the next whole message. 0; -EAGAIN: none yet; -EMSGSIZE; -EBADMSG: no object, bad UTF-8, too deep, ... */
int wire_channel_take(struct wire_channel *c, json_t **ret) MUST_CHECK;
/*
 * The same for a message of at most max bytes that `wanted` says yes to. -EBUSY: the next one is none, and stays where it
 * is; behind max bytes without an end it is none either.
 */
int wire_channel_take_if(struct wire_channel *c, size_t max, bool (*wanted)(const json_t *message),
			 json_t **ret) MUST_CHECK;
/*
 * What comes are calls, which are small: one of more than WIRE_CALL_VALUES_MAX values is refused (-EBADMSG) before the
 * parser makes a tree of it, which would take a hundred times its length.
 */
void wire_channel_expect_calls(struct wire_channel *c);
#define WIRE_CALL_VALUES_MAX 64
/* True while a message has begun and not ended. */
bool wire_channel_is_midway(const struct wire_channel *c);

/*
 * Queues a message (the reference stays the caller's); nothing is written yet. 0; -EMSGSIZE: too long; -ENOBUFS: the
 * reader is too slow; -ENOMEM; -EINVAL: cannot be encoded.
 */
int wire_channel_queue(struct wire_channel *c, const json_t *message) MUST_CHECK;
/* Writes what is queued. 0: all is written; -EAGAIN: some waits; -EPIPE; -errno. */
int wire_channel_flush(struct wire_channel *c) MUST_CHECK;
bool wire_channel_has_output(const struct wire_channel *c);

/* One message's text, without the NUL, to JSON, with all the checks above. 0, -EMSGSIZE, -EBADMSG, -ENOMEM. */
int wire_decode(const char *text, size_t len, json_t **ret) MUST_CHECK;

/* A call as it came in. Strings live as long as message. */
struct wire_call {
	const char *method;
	json_t *parameters; /* borrowed from message; an object, never NULL */
	bool more, oneway;
};

/* 0 or -EBADMSG: no method, wrong types, unknown fields. */
int wire_call_read(json_t *message, struct wire_call *ret) MUST_CHECK;

#endif
