/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/wire/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define INTERFACE      "io.tenure."
#define ERROR_NAME_MAX 128

struct wire_client {
	struct wire_channel *channel;
	char error[ERROR_NAME_MAX];
};

static int64_t now_ms(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) < 0)
		return 0;
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* The end of a wait: -1 for none. */
static int64_t end_of(int timeout_ms)
{
	return timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
}

/* 0, -ETIMEDOUT, -errno. */
static int wait_for(int fd, short events, int64_t end_ms)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int64_t left = end_ms < 0 ? -1 : end_ms - now_ms();
		int n = poll(&p, 1, end_ms < 0 ? -1 : left <= 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left);

		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (end_ms >= 0 && now_ms() >= end_ms)
			return -ETIMEDOUT;
	}
}

static int connect_until(int fd, const struct sockaddr_un *address, int64_t end_ms)
{
	while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		/* EAGAIN: its backlog is full, and poll says nothing about that. */
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (end_ms >= 0 && now_ms() >= end_ms)
			return -ETIMEDOUT;
		(void)poll(NULL, 0, 10);
	}
	return 0;
}

int wire_client_connect(const char *path, int timeout_ms, struct wire_client **ret)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct wire_client *c;
	int fd, r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	r = fd < 0 ? -errno : connect_until(fd, &address, end_of(timeout_ms));
	if (r == 0)
		r = wire_channel_new(fd, &c->channel);
	if (r < 0) {
		if (fd >= 0)
			close(fd);
		free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void wire_client_free(struct wire_client *c)
{
	if (!c)
		return;
	wire_channel_free(c->channel);
	free(c);
}

void wire_client_freep(struct wire_client **c)
{
	wire_client_free(*c);
}

int wire_client_fd(const struct wire_client *c)
{
	return wire_channel_fd(c->channel);
}

/* Takes parameters; NULL without memory. */
static json_t *call_new(const char *method, json_t *parameters, unsigned flags)
{
	json_t *call = json_object();
	int failed;

	failed = !call;
	failed |= json_object_set_new(call, "method",
				      strchr(method, '.') ? json_string(method)
							  : json_sprintf(INTERFACE "%s", method)) < 0;
	if (parameters)
		failed |= json_object_set_new(call, "parameters", parameters) < 0;
	if (flags & WIRE_MORE)
		failed |= json_object_set_new(call, "more", json_true()) < 0;
	if (flags & WIRE_ONEWAY)
		failed |= json_object_set_new(call, "oneway", json_true()) < 0;
	if (failed) {
		json_decref(call);
		return NULL;
	}
	return call;
}

int wire_client_call(struct wire_client *c, const char *method, json_t *parameters, unsigned flags)
{
	json_t *call = call_new(method, parameters, flags);
	int64_t end_ms = end_of(10000);
	int r;

	if (!call)
		return -ENOMEM;
	r = wire_channel_queue(c->channel, call);
	json_decref(call);
	if (r < 0)
		return r;
	while ((r = wire_channel_flush(c->channel)) == -EAGAIN) {
		r = wait_for(wire_client_fd(c), POLLOUT, end_ms);
		if (r < 0)
			return r;
	}
	return r == -ECONNRESET ? -EPIPE : r;
}

/* Takes message. */
static int reply_read(struct wire_client *c, json_t *message, json_t **ret_parameters, bool *ret_continues,
		      const char **ret_error)
{
	json_t *parameters = json_object_get(message, "parameters");
	json_t *error = json_object_get(message, "error");
	const char *name = json_string_value(error);

	if ((parameters && !json_is_object(parameters)) || (error && !name)) {
		json_decref(message);
		return -EBADMSG;
	}
	*ret_error = NULL;
	if (name) {
		if (strncmp(name, INTERFACE, strlen(INTERFACE)) == 0)
			name += strlen(INTERFACE);
		(void)snprintf(c->error, sizeof(c->error), "%s", name);
		*ret_error = c->error;
	}
	*ret_continues = json_is_true(json_object_get(message, "continues"));
	*ret_parameters = parameters ? json_incref(parameters) : json_object();
	json_decref(message);
	return *ret_parameters ? 0 : -ENOMEM;
}

int wire_client_next(struct wire_client *c, int timeout_ms, json_t **ret_parameters, bool *ret_continues,
		     const char **ret_error)
{
	int64_t end_ms = end_of(timeout_ms);
	json_t *message;
	int r;

	for (;;) {
		r = wire_channel_take(c->channel, &message);
		if (r == 0)
			return reply_read(c, message, ret_parameters, ret_continues, ret_error);
		if (r != -EAGAIN)
			return r;
		r = wire_channel_fill(c->channel);
		if (r == -EAGAIN) {
			if (timeout_ms == 0)
				return -EAGAIN;
			r = wait_for(wire_client_fd(c), POLLIN, end_ms);
		}
		if (r < 0)
			return r == -ECONNRESET ? -EPIPE : r;
	}
}

int wire_client_ask(struct wire_client *c, const char *method, json_t *parameters, int timeout_ms,
		    json_t **ret_parameters, const char **ret_error)
{
	bool continues;
	int r = wire_client_call(c, method, parameters, 0);

	if (r < 0)
		return r;
	return wire_client_next(c, timeout_ms, ret_parameters, &continues, ret_error);
}
