/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/base/paths.h"
#include "common/base/text.h"
#include "daemon/tenured/connection.h"
#include "daemon/tenured/log.h"

#define INTERFACE     "io.tenure."
#define MESSAGE_BYTES 1024

struct broker *call_broker(struct call *c)
{
	return server_broker(c->connection->server);
}

const struct actor *call_actor(const struct call *c)
{
	return &c->actor;
}

const struct peer *call_peer(const struct call *c)
{
	return &c->connection->peer;
}

bool call_is_abandoned(const struct call *c)
{
	char byte;

	return recv(wire_channel_fd(c->connection->channel), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

bool call_wants_more(const struct call *c)
{
	return c->wire.more;
}

bool call_is_privileged(const struct call *c)
{
	return c->connection->privileged;
}

enum right_kind call_right_for_others(const struct call *c)
{
	return c->verb->others;
}

const char *call_text(const struct call *c, const char *name)
{
	return json_string_value(json_object_get(c->wire.parameters, name));
}

int64_t call_number(const struct call *c, const char *name, int64_t otherwise)
{
	const json_t *value = json_object_get(c->wire.parameters, name);

	return json_is_integer(value) ? (int64_t)json_integer_value(value) : otherwise;
}

bool call_flag(const struct call *c, const char *name)
{
	return json_is_true(json_object_get(c->wire.parameters, name));
}

void call_set_state(struct call *c, void *state, void (*release)(void *state))
{
	c->state = state;
	c->release = release;
}

void *call_state(const struct call *c)
{
	return c->state;
}

/* Memory and step-up of a call go; the connection knows it no more. */
static void call_free(struct call *c)
{
	if (c->connection->call == c)
		c->connection->call = NULL;
	stepup_free(c->stepup);
	sync_login_cancel(c->login);
	if (c->release)
		c->release(c->state);
	json_decref(c->message);
	free(c);
}

void call_cancel(struct call *c)
{
	call_free(c);
}

/* Sends what ends the call, frees it, goes on with the next. Takes message. */
static void call_end(struct call *c, json_t *message)
{
	struct connection *connection = c->connection;
	bool oneway = c->wire.oneway;

	connection_enter(connection);
	call_free(c);
	if (!oneway)
		connection_send(connection, message);
	json_decref(message);
	connection_next(connection);
	connection_leave(connection);
}

void call_reply(struct call *c, json_t *parameters)
{
	call_end(c, json_pack("{s:o}", "parameters", parameters ? parameters : json_object()));
}

void call_event(struct call *c, json_t *parameters)
{
	json_t *message = json_pack("{s:o, s:b}", "parameters", parameters, "continues", 1);

	connection_send(c->connection, message);
	json_decref(message);
}

void call_error(struct call *c, const char *error, json_t *parameters, const char *next, const char *format, ...)
{
	char text[MESSAGE_BYTES], name[128];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(text, sizeof(text), format, arguments) < 0)
		text[0] = '\0';
	va_end(arguments);
	(void)snprintf(name, sizeof(name), INTERFACE "%s", error);
	if (!parameters)
		parameters = json_object();
	/* A text that was cut amid a character is none for JSON; the error itself still says it. */
	(void)json_object_set_new(parameters, "message", json_string(text));
	if (next)
		(void)json_object_set_new(parameters, "next", json_string(next));
	call_end(c, json_pack("{s:s, s:o}", "error", name, "parameters", parameters));
}

void call_watch(struct call *c, void (*fn)(struct call *c))
{
	c->watch = fn;
}

/* Step-up */

static void on_prompt(void *context, const char *text, bool echo)
{
	struct call *c = context;
	struct connection *connection = c->connection;

	connection_enter(connection);
	call_event(c, json_pack("{s:s, s:s, s:b}", "event", "prompt", "text", text, "echo", echo));
	connection_leave(connection);
}

static void on_message(void *context, const char *text)
{
	struct call *c = context;
	struct connection *connection = c->connection;

	connection_enter(connection);
	call_event(c, json_pack("{s:s, s:s}", "event", "message", "text", text));
	connection_leave(connection);
}

static void on_verdict(void *context, enum sync_verdict verdict, const char *text)
{
	struct call *c = context;

	(void)text;
	c->login = NULL;
	if (c->stepup)
		stepup_verdict(c->stepup, verdict);
}

/* The directory's to judge, which takes a while. */
static void on_verify(void *context, const char *password)
{
	struct call *c = context;
	int r = sync_login(call_broker(c)->sync, c->actor.tenant, &c->actor.principal_id, password, on_verdict, c, &c->login);

	if (r < 0 && c->stepup)
		stepup_verdict(c->stepup, r == -EINVAL || r == -ENOENT ? SYNC_VERDICT_NO : SYNC_VERDICT_UNAVAILABLE);
}

static void on_done(void *context, enum auth_result result, const char *method)
{
	struct call *c = context;
	struct connection *connection = c->connection;
	void (*then)(struct call *) = c->then;
	int r;

	c->stepup = NULL;
	c->then = NULL;
	(void)snprintf(c->actor.proof, sizeof(c->actor.proof), "%s", result == AUTH_RESULT_YES ? method : "");
	connection_enter(connection);
	if (result != AUTH_RESULT_YES || strcmp(c->stepup_what, "authenticate") == 0) {
		r = engine_note_step_up(call_broker(c)->engine, &c->actor, c->stepup_what, method,
					result == AUTH_RESULT_YES);
		if (r < 0)
			log_text(LOG_WARNING, "step-up of %s not journalled: %s", c->actor.login, strerror(-r));
	}
	if (result == AUTH_RESULT_YES) {
		/* Prompts take a while: whoever it was may be gone, or another, by now (T15, T16). */
		r = peer_check(&connection->peer);
		if (r < 0)
			connection_drop(connection);
		else
			then(c);
	} else if (result == AUTH_RESULT_UNAVAILABLE) {
		call_error(c, "StepUpFailed", NULL, "tenure check",
			   "nothing to prove you by: no password, or PAM service tenure failed");
	} else {
		call_error(c, "StepUpFailed", NULL, NULL, "step-up failed");
	}
	connection_leave(connection);
}

void call_step_up(struct call *c, enum auth_mode mode, const char *what, void (*then)(struct call *c))
{
	const struct tenant_config *tenant = engine_tenant(call_broker(c)->engine, c->actor.tenant);
	struct stepup_input in = {
		.mode = mode,
		.directory = tenant && tenant->source == SOURCE_LDAP,
		.tenant = tenant ? tenant->name : "",
		.login = c->actor.login,
		.principal = c->actor.principal_id,
		.uid = c->actor.uid,
		.context = c,
		.prompt = on_prompt,
		.message = on_message,
		.verify = on_verify,
		.done = on_done,
	};
	int r;

	if (!c->wire.more) {
		call_error(c, "StepUpNeeded", json_pack("{s:s}", "what", what), NULL,
			   "this needs step-up; call again with \"more\"");
		return;
	}
	r = engine_check_budget(call_broker(c)->engine, &c->actor);
	if (r < 0) {
		call_error(c, "Busy", NULL, "try again in a minute", "you have asked too often lately");
		return;
	}
	c->stepup_what = what;
	c->then = then;
	r = stepup_start(call_broker(c)->stepups, &in, &c->stepup);
	if (r == -EBUSY)
		call_error(c, "Busy", NULL, NULL, "too many step-ups at once; try again");
	else if (r == -EUSERS)
		call_error(c, "Busy", NULL, NULL, "too many step-ups failed; try again in %d minutes",
			   STEPUP_FAILURE_SECONDS / 60);
	else if (r < 0)
		call_error(c, "Unavailable", NULL, NULL, "step-up cannot start: %s", strerror(-r));
}

void call_answer(struct call *waiting, const char *text)
{
	struct connection *connection = waiting->connection;
	int r = !text ? -EINVAL : waiting->stepup ? stepup_answer(waiting->stepup, text) : -EALREADY;

	/* Late answers to a prompt that is no more are nobody's fault; too long ones are. */
	if (r == -EMSGSIZE || r == -EINVAL)
		connection_drop(connection);
}

/* Begin */

static const struct parameter *parameter_find(const struct verb *verb, const char *name)
{
	for (size_t i = 0; i < PARAMETERS_MAX && verb->parameters[i].name; i++)
		if (strcmp(verb->parameters[i].name, name) == 0)
			return &verb->parameters[i];
	return NULL;
}

static bool value_fits(const struct parameter *p, const json_t *value, const char **ret_why)
{
	switch (p->type) {
	case TEXT:
		*ret_why = "must be text, without control characters, and not too long";
		return json_is_string(value) && text_check(json_string_value(value), p->max) == 0;
	case NUMBER:
		*ret_why = "must be a whole number in range";
		return json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= p->max;
	case FLAG:
		*ret_why = "must be true or false";
		return json_is_boolean(value);
	}
	*ret_why = "is unknown";
	return false;
}

/* Answers what does not fit the table. True: the handler may run. */
static bool parameters_are_good(struct call *c)
{
	const char *name, *why = NULL;
	char escaped[128];
	json_t *value;

	if (c->verb->flags & VERB_SECRET)
		return true; /* not even the names of what came are looked at */
	json_object_foreach(c->wire.parameters, name, value) {
		const struct parameter *p = parameter_find(c->verb, name);

		if (p && json_is_null(value))
			continue;
		if (p && value_fits(p, value, &why))
			continue;
		(void)text_escape(name, escaped, sizeof(escaped));
		call_error(c, "Invalid", json_pack("{s:s}", "field", escaped), NULL, "%s %s", escaped,
			   p ? why : "is no parameter of this method");
		return false;
	}
	for (size_t i = 0; i < PARAMETERS_MAX && c->verb->parameters[i].name; i++) {
		const struct parameter *p = &c->verb->parameters[i];

		value = json_object_get(c->wire.parameters, p->name);
		if (!p->required || (value && !json_is_null(value)))
			continue;
		call_error(c, "Missing", json_pack("{s:[s]}", "fields", p->name), NULL, "%s is missing", p->name);
		return false;
	}
	return true;
}

/* Answers whom the table does not let in. True: go on. */
static bool caller_is_good(struct call *c)
{
	const struct verb *verb = c->verb;
	bool is_root = c->actor.uid == tenure_trusted_uid();

	if (!(verb->sockets & (c->connection->privileged ? ON_ROOT : ON_PUBLIC)) ||
	    (verb->caller == CALLER_ROOT && !is_root)) {
		call_error(c, "NotYours", NULL, NULL, "%s is for root, on the privileged socket", verb->name);
		return false;
	}
	if ((verb->caller == CALLER_PRINCIPAL && !c->actor.governed) ||
	    (verb->caller == CALLER_GOVERNED && !c->actor.governed && !is_root)) {
		call_error(c, "NotGoverned", NULL, NULL,
			   is_root ? "root is nobody's principal; ask as yourself"
				   : "no tenant knows you on this host");
		return false;
	}
	return true;
}

static void call_unknown_method(struct call *c)
{
	char escaped[128];

	(void)text_escape(c->wire.method, escaped, sizeof(escaped));
	call_end(c, json_pack("{s:s, s:{s:s, s:s}}", "error", "org.varlink.service.MethodNotFound", "parameters",
			      "method", escaped, "message", "no such method"));
}

static int actor_read(struct call *c)
{
	struct connection *connection = c->connection;
	char why[256];
	int r = peer_check(&connection->peer);

	if (r == 0)
		r = engine_actor(call_broker(c)->engine, connection->peer.uid, connection->peer.login_uid, &c->actor);
	if (r < 0) {
		server_note_refused(connection->server, connection->peer.uid, connection->peer.pid, strerror(-r));
		return r;
	}
	if (!c->actor.governed || c->actor.root)
		return 0;
	r = server_check_uid(connection->server, c->actor.uid, why, sizeof(why));
	if (r < 0)
		server_note_refused(connection->server, connection->peer.uid, connection->peer.pid, why);
	return r;
}

void call_begin(struct connection *connection, json_t *message)
{
	struct call *c = calloc(1, sizeof(*c));

	if (!c || wire_call_read(message, &c->wire) < 0) {
		free(c);
		json_decref(message);
		connection_error(connection, INTERFACE "Invalid", "field", "message");
		connection_drop(connection);
		return;
	}
	c->connection = connection;
	c->message = message;
	c->verb = verb_find(c->wire.method);
	connection->call = c;
	if (actor_read(c) < 0) {
		call_error(c, "Unavailable", NULL, "tenure check", "who you are could not be established");
		connection_drop(connection);
	} else if (!c->verb) {
		call_unknown_method(c);
	} else if ((c->wire.more && !(c->verb->flags & VERB_MORE)) ||
		   (c->wire.oneway && !(c->verb->flags & VERB_ONEWAY))) {
		call_error(c, "Invalid", json_pack("{s:s}", "field", c->wire.more ? "more" : "oneway"), NULL,
			   "%s takes no \"%s\"", c->verb->name, c->wire.more ? "more" : "oneway");
	} else if (caller_is_good(c) && parameters_are_good(c)) {
		c->verb->handler(c);
	}
}
