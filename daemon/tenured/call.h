/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_CALL_H
#define TENURE_TENURED_CALL_H

/*
 * A call while it is answered: what a verb's handler gets. A connection has one call at a time. The handler ends it by
 * call_reply or one of the errors, at once, or later from step-up or from a watch; whoever goes away in between takes
 * the call along, with its step-up, and nothing of it happens any more (T16). Requests that are filed stay.
 *
 * MUST: who acts is call_actor, never a parameter (T14). Once a call is ended, it is gone.
 */

#include "common/wire/wire.h"
#include "daemon/tenured/broker.h"
#include "daemon/tenured/peer.h"

struct call;

struct broker *call_broker(struct call *c);
const struct actor *call_actor(const struct call *c);
const struct peer *call_peer(const struct call *c);
/* True if the client has hung up by now: it waited its time out, and whatever it wanted comes too late. */
bool call_is_abandoned(const struct call *c);
bool call_wants_more(const struct call *c);
/* The socket was the privileged one: the caller is root. */
bool call_is_privileged(const struct call *c);

/* What the table wants of who asks about others. */
enum right_kind call_right_for_others(const struct call *c);

/*
 * Parameters. A null counts as absent. With a wrong type, an unclean text (text_check) or an unknown name, the call is
 * answered with Invalid before the handler runs: see struct parameter.
 */
const char *call_text(const struct call *c, const char *name); /* NULL: absent */
int64_t call_number(const struct call *c, const char *name, int64_t otherwise);
bool call_flag(const struct call *c, const char *name);

/* Ends. Take the reference; NULL stands for an empty object, or for one that memory did not suffice for. */
void call_reply(struct call *c, json_t *parameters);
/* error: "NotEligible". parameters, next: may be NULL. The message is one line for a person. */
void call_error(struct call *c, const char *error, json_t *parameters, const char *next, const char *format, ...)
	PRINTF_LIKE(5, 6);

/* An event before the last reply; only when call_wants_more. */
void call_event(struct call *c, json_t *parameters);

/* The verb's own memory, freed by release when the call is gone. Once. */
void call_set_state(struct call *c, void *state, void (*release)(void *state));
void *call_state(const struct call *c);

/*
 * Proves that the caller is there, then calls `then`; when it fails, the call is answered and `then` never runs. The
 * proof is worth this one continuation. what: "request", "approve", "authenticate", for the journal.
 */
void call_step_up(struct call *c, enum auth_mode mode, const char *what, void (*then)(struct call *c));
/* The answer to the prompt that waits on this connection; called for Answer. */
void call_answer(struct call *waiting, const char *text);

/* Calls fn behind every change of requests, grants or sessions, until the call ends. */
void call_watch(struct call *c, void (*fn)(struct call *c));

/* The verbs. */
enum {
	ON_PUBLIC = 1,	/* PATH_SOCKET */
	ON_ROOT = 2,	/* PATH_ROOT_SOCKET */
	ON_BOTH = ON_PUBLIC | ON_ROOT,
};

enum verb_caller {
	CALLER_ANYBODY = 1,  /* also whom no tenant knows */
	CALLER_GOVERNED,     /* a principal of a tenant, or root who looks on */
	CALLER_PRINCIPAL,    /* a principal of a tenant alone */
	CALLER_ROOT,	     /* uid 0 */
};

enum verb_flags {
	VERB_MORE = 1,	  /* `more` is allowed */
	VERB_ONEWAY = 2,  /* is one-way, always */
	VERB_SECRET = 4,  /* its parameters are never logged nor checked as text */
};

struct parameter {
	const char *name;
	enum { TEXT = 1, NUMBER, FLAG } type;
	bool required;
	uint32_t max; /* TEXT: bytes; NUMBER: the largest; 0 is the smallest */
};
#define PARAMETERS_MAX 7

struct verb {
	const char *name; /* "Request"; with a dot: in full */
	unsigned sockets;
	enum verb_caller caller;
	unsigned flags;
	/* What it takes to ask about somebody else with `user`; 0: the verb has no such parameter. */
	enum right_kind others;
	void (*handler)(struct call *c);
	struct parameter parameters[PARAMETERS_MAX];
};

/* verb_table.c: trust is this table (T19). */
extern const struct verb verbs[];
extern const size_t verb_count;
const struct verb *verb_find(const char *method);

#endif
