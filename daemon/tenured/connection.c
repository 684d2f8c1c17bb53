/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define INTERFACE    "io.tenure."
#define ANSWER_BYTES 8192 /* of an Answer, whole */

static void bury(struct connection *c)
{
	if (c->dead && c->busy == 0)
		free(c);
}

void connection_enter(struct connection *c)
{
	c->busy++;
}

void connection_leave(struct connection *c)
{
	c->busy--;
	bury(c);
}

void connection_drop(struct connection *c)
{
	if (c->dead)
		return;
	c->dead = true;
	if (c->call)
		call_cancel(c->call);
	c->call = NULL;
	loop_source_clear(&c->io);
	loop_source_clear(&c->deadline);
	wire_channel_free(c->channel);
	c->channel = NULL;
	peer_done(&c->peer);
	server_unlink(c->server, c);
	bury(c);
}

static enum connection_wait waits_for(const struct connection *c)
{
	if (wire_channel_has_output(c->channel))
		return WAIT_READER;
	if (c->blocked)
		return WAIT_NOTHING;
	if (wire_channel_is_midway(c->channel))
		return WAIT_MIDWAY;
	return c->call ? WAIT_NOTHING : WAIT_IDLE;
}

void connection_rearm(struct connection *c)
{
	enum connection_wait wait;
	uint32_t events = EPOLLRDHUP;

	if (c->dead)
		return;
	if (!c->blocked)
		events |= EPOLLIN;
	if (wire_channel_has_output(c->channel))
		events |= EPOLLOUT;
	if (events != c->events) {
		if (loop_set_events(c->io, events) < 0) {
			connection_drop(c);
			return;
		}
		c->events = events;
	}
	/* Who sends a byte now and then is still midway: only another wait begins anew. */
	wait = waits_for(c);
	if (wait == c->wait)
		return;
	c->wait = wait;
	if (wait == WAIT_NOTHING)
		loop_set_timer(c->deadline, TIME_FOREVER);
	else
		loop_set_timer(c->deadline, loop_in_ms((wait == WAIT_IDLE ? IDLE_SECONDS : MIDWAY_SECONDS) * 1000));
}

static void flush(struct connection *c)
{
	int r = wire_channel_flush(c->channel);

	if (r < 0 && r != -EAGAIN)
		connection_drop(c);
}

void connection_send(struct connection *c, const json_t *message)
{
	if (c->dead)
		return;
	if (!message || wire_channel_queue(c->channel, message) < 0) {
		connection_drop(c);
		return;
	}
	flush(c);
	connection_rearm(c);
}

void connection_error(struct connection *c, const char *name, const char *field, const char *value)
{
	json_t *message;

	if (field)
		message = json_pack("{s:s, s:{s:s, s:s}}", "error", name, "parameters", field, value, "message", name);
	else
		message = json_pack("{s:s, s:{s:s}}", "error", name, "parameters", "message", name);
	connection_send(c, message);
	json_decref(message);
}

static bool is_answer(const json_t *message)
{
	const char *method = json_string_value(json_object_get(message, "method"));

	return method && strcmp(method, INTERFACE "Answer") == 0;
}

/*
 * An answer to a prompt goes to the call in progress; everything else waits for its end where it is, as bytes, so that
 * nobody makes us keep a tree of it.
 */
static int take(struct connection *c, json_t **ret)
{
	int r = c->call ? wire_channel_take_if(c->channel, ANSWER_BYTES, is_answer, ret) : wire_channel_take(c->channel, ret);

	if (r == -EBUSY)
		c->blocked = true;
	return r == -EBUSY ? -EAGAIN : r;
}

static void on_message(struct connection *c, json_t *message)
{
	c->wait = WAIT_NOTHING; /* a fresh time for what comes next */
	if (!c->call) {
		call_begin(c, message);
		return;
	}
	json_t *parameters = json_object_get(message, "parameters");

	call_answer(c->call, json_string_value(json_object_get(parameters, "text")));
	json_decref(message);
}

/* Handles what has come, one message after the other, until one must wait. */
static void process(struct connection *c)
{
	json_t *message;
	int r = 0;

	if (c->processing)
		return;
	c->processing = true;
	while (!c->dead && r == 0) {
		r = take(c, &message);
		if (r == 0)
			on_message(c, message);
	}
	c->processing = false;
	if (!c->dead && r < 0 && r != -EAGAIN) {
		connection_error(c, INTERFACE "Invalid", "field", "message");
		connection_drop(c);
	}
	connection_rearm(c);
}

void connection_next(struct connection *c)
{
	c->blocked = false;
	if (!c->dead && !c->processing) {
		c->wait = WAIT_NOTHING; /* a fresh time for the next call */
		process(c);
	}
}

static void on_io(void *context, int fd, uint32_t events)
{
	struct connection *c = context;
	int r = 0;

	(void)fd;
	connection_enter(c);
	if (events & EPOLLOUT)
		flush(c);
	if (!c->dead && !c->blocked && (events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP | EPOLLERR)))
		r = wire_channel_fill(c->channel);
	else if (!c->dead && (events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)))
		r = -EPIPE;
	if (r == -EPERM)
		server_note_refused(c->server, c->peer.uid, c->peer.pid, "another process sends on its socket");
	if (r < 0 && r != -EAGAIN)
		connection_drop(c);
	if (!c->dead)
		process(c);
	connection_leave(c);
}

static void on_deadline(void *context)
{
	connection_drop(context);
}

int connection_new(struct server *s, int fd, const struct peer *peer, bool privileged, struct connection **ret)
{
	struct loop *loop = server_broker(s)->loop;
	struct connection *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->server = s;
	c->privileged = privileged;
	c->events = EPOLLIN | EPOLLRDHUP;
	r = wire_channel_new(fd, &c->channel);
	if (r < 0) {
		free(c);
		return r;
	}
	wire_channel_expect_calls(c->channel);
	r = wire_channel_expect_sender(c->channel, peer->pid);
	if (r == 0)
		r = loop_add_fd(loop, fd, c->events, on_io, c, &c->io);
	if (r == 0)
		r = loop_add_timer(loop, TIME_FOREVER, on_deadline, c, &c->deadline);
	if (r < 0) {
		loop_source_clear(&c->io);
		wire_channel_release(c->channel);
		free(c);
		return r;
	}
	c->peer = *peer;
	server_link(s, c);
	connection_rearm(c);
	*ret = c;
	return 0;
}
