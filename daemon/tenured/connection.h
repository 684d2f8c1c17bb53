/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_CONNECTION_H
#define TENURE_TENURED_CONNECTION_H

/*
 * Between server.c (sockets and limits), connection.c (messages and deadlines) and call.c (what a verb may do). A
 * connection that is dropped while its own code runs is freed when that code returns: enter and leave say so.
 */

#include "daemon/tenured/call.h"
#include "daemon/tenured/server.h"

enum connection_wait { WAIT_NOTHING, WAIT_IDLE, WAIT_MIDWAY, WAIT_READER };

struct connection {
	struct server *server;
	struct connection *next, *previous;
	struct wire_channel *channel;
	struct peer peer;
	bool privileged; /* came by the root socket */
	bool dead, processing;
	unsigned busy;
	struct loop_source *io, *deadline;
	uint32_t events;
	enum connection_wait wait; /* what the deadline is for */
	struct call *call;	   /* the one in progress */
	bool blocked;		   /* what came next waits, unread, for the end of that */
};

struct call {
	struct connection *connection;
	const struct verb *verb;
	json_t *message;
	struct wire_call wire;
	struct actor actor;
	struct stepup *stepup;
	struct sync_login *login; /* that its step-up waits for */
	const char *stepup_what;
	void (*then)(struct call *c);
	void (*watch)(struct call *c);
	void *state;
	void (*release)(void *state);
};

/* connection.c; takes fd and what peer holds. 0 or -errno, with both left to the caller. */
int connection_new(struct server *s, int fd, const struct peer *peer, bool privileged,
		   struct connection **ret) MUST_CHECK;
void connection_drop(struct connection *c);
void connection_enter(struct connection *c);
void connection_leave(struct connection *c);
/* Queues, writes what goes; drops the connection when that fails. */
void connection_send(struct connection *c, const json_t *message);
/* Sets what is waited for, and the deadline of that. */
void connection_rearm(struct connection *c);
/* The call is over: the next message, if there is one. */
void connection_next(struct connection *c);

/* call.c; takes the message. */
void call_begin(struct connection *c, json_t *message);
/* Ends it without an answer: the client is gone. */
void call_cancel(struct call *c);
/* An error that belongs to no verb: org.varlink.service.MethodNotFound and its like. name in full. */
void connection_error(struct connection *c, const char *name, const char *field, const char *value);

/* server.c */
struct broker *server_broker(struct server *s);
void server_link(struct server *s, struct connection *c);
void server_unlink(struct server *s, struct connection *c);
/* Says so in the log, but not more often than once a minute, with how many there were: whoever is refused would fill it. */
void server_note_refused(struct server *s, uid_t uid, pid_t pid, const char *why);
/* 0, or why this uid cannot be taken for what it seems (T47): -EACCES with the place in buf. */
int server_check_uid(struct server *s, uid_t uid, char *buf, size_t len) MUST_CHECK;

#endif
