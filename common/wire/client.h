/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_WIRE_CLIENT_H
#define TENURE_WIRE_CLIENT_H

/* The blocking side of the wire, for the command line and for tests. Every wait has an end that the caller gives. */

#include "common/wire/wire.h"

struct wire_client;

enum wire_call_flags {
	WIRE_MORE = 1,	 /* the reply may be preceded by events ("continues") */
	WIRE_ONEWAY = 2, /* no reply comes */
};

#define WIRE_WAIT_FOREVER (-1) /* a timeout_ms: for a person who watches, and can press Ctrl-C */

/* 0; -ENOENT or -ECONNREFUSED: nobody serves there; -EACCES; -ETIMEDOUT; -errno. */
int wire_client_connect(const char *path, int timeout_ms, struct wire_client **ret) MUST_CHECK;
/* Closes. NULL is fine. */
void wire_client_free(struct wire_client *c);
void wire_client_freep(struct wire_client **c);
/* To wait for it together with the terminal: poll this for POLLIN, then wire_client_next with timeout 0. */
int wire_client_fd(const struct wire_client *c);

/*
 * Sends a call. method is the full name or one of io.tenure ("Ping"). Takes the reference to parameters, NULL for none.
 * 0; -EMSGSIZE; -EPIPE: the broker closed; -ETIMEDOUT; -errno.
 */
int wire_client_call(struct wire_client *c, const char *method, json_t *parameters, unsigned flags) MUST_CHECK;

/*
 * The next reply or event. 0: *ret_parameters is an object that the caller frees; *ret_continues: more will come;
 * *ret_error: NULL, or the error's name without "io.tenure." ("NotEligible"; "org.varlink.service.…" whole), valid
 * until the next use of the client. -ETIMEDOUT; -EAGAIN (timeout_ms 0 and nothing there); -EPIPE: the broker closed;
 * -EBADMSG; -errno. Every error's parameters carry `message`, one line for a person, and may carry `next`.
 */
int wire_client_next(struct wire_client *c, int timeout_ms, json_t **ret_parameters, bool *ret_continues,
		     const char **ret_error) MUST_CHECK;

/* One call and its one reply: as the two above. */
int wire_client_ask(struct wire_client *c, const char *method, json_t *parameters, int timeout_ms,
		    json_t **ret_parameters, const char **ret_error) MUST_CHECK;

#endif
