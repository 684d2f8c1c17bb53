/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/wire/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FILL_STEP 8192u

struct wire_channel {
	int fd;
	pid_t sender; /* who alone may write; 0: anybody */
	size_t values_max; /* in a message; 0: any number */
	char *in;     /* in_len bytes, of which the first in_scanned hold no NUL */
	size_t in_len, in_size, in_scanned;
	char *out; /* out_len bytes, of which out_sent are written */
	size_t out_len, out_size, out_sent;
};

/* The block is malloc's own, so that a text which json_dumps made may be freed by free(3). */
static void wiping_free(void *p)
{
	if (!p)
		return;
	explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

void wire_wipe_json_memory(void)
{
	json_set_alloc_funcs(malloc, wiping_free);
}

int wire_channel_new(int fd, struct wire_channel **ret)
{
	struct wire_channel *c;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->fd = fd;
	*ret = c;
	return 0;
}

static void wipe_and_free(char *data, size_t size)
{
	if (data)
		explicit_bzero(data, size);
	free(data);
}

void wire_channel_release(struct wire_channel *c)
{
	wipe_and_free(c->in, c->in_size);
	wipe_and_free(c->out, c->out_size);
	free(c);
}

void wire_channel_free(struct wire_channel *c)
{
	if (!c)
		return;
	close(c->fd);
	wire_channel_release(c);
}

int wire_channel_fd(const struct wire_channel *c)
{
	return c->fd;
}

/* Makes room for size bytes; realloc would leave a copy behind that nobody wipes. */
static int grow(char **data, size_t *data_size, size_t used, size_t size)
{
	size_t bigger = *data_size ? *data_size : FILL_STEP;
	char *copy;

	if (size <= *data_size)
		return 0;
	while (bigger < size)
		bigger *= 2;
	copy = malloc(bigger);
	if (!copy)
		return -ENOMEM;
	if (used)
		memcpy(copy, *data, used);
	wipe_and_free(*data, *data_size);
	*data = copy;
	*data_size = bigger;
	return 0;
}

int wire_channel_expect_sender(struct wire_channel *c, pid_t pid)
{
	const int on = 1;

	if (setsockopt(c->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
		return -errno;
	c->sender = pid;
	return 0;
}

static pid_t sender_of(struct msghdr *message)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(message); h; h = CMSG_NXTHDR(message, h)) {
		struct ucred credentials;

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_CREDENTIALS ||
		    h->cmsg_len < CMSG_LEN(sizeof(credentials)))
			continue;
		memcpy(&credentials, CMSG_DATA(h), sizeof(credentials));
		return credentials.pid;
	}
	return -1;
}

/* As recv(2). The kernel never glues bytes of two senders into one answer. Descriptors find no room and are closed. */
static ssize_t receive(struct wire_channel *c, void *data, size_t len)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control = {0};
	struct iovec part = {data, len};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n;

	if (c->sender) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	do
		n = recvmsg(c->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n > 0 && c->sender && sender_of(&message) != c->sender) {
		explicit_bzero(data, len);
		errno = EPERM;
		return -1;
	}
	return n;
}

int wire_channel_fill(struct wire_channel *c)
{
	size_t want = WIRE_MESSAGE_MAX - c->in_len;
	ssize_t n;
	int r;

	if (want == 0)
		return memchr(c->in, '\0', c->in_len) ? 0 : -EMSGSIZE;
	if (want > FILL_STEP)
		want = FILL_STEP;
	r = grow(&c->in, &c->in_size, c->in_len, c->in_len + want);
	if (r < 0)
		return r;
	n = receive(c, c->in + c->in_len, want);
	if (n < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	if (n == 0)
		return -EPIPE;
	c->in_len += (size_t)n;
	return 0;
}

bool wire_channel_is_midway(const struct wire_channel *c)
{
	return c->in_len > 0;
}

/*
 * Nesting and commas outside strings: the parser recurses, and makes a tree of what it reads, so this comes first.
 * values_max 0: any number.
 */
static bool is_bounded(const char *text, size_t len, size_t values_max)
{
	bool in_string = false;
	size_t values = 0;
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		char ch = text[i];

		if (in_string) {
			if (ch == '\\')
				i++;
			else if (ch == '"')
				in_string = false;
		} else if (ch == '"') {
			in_string = true;
		} else if (ch == '{' || ch == '[') {
			values++;
			if (++depth > WIRE_DEPTH_MAX)
				return false;
		} else if (ch == '}' || ch == ']') {
			depth--;
		} else if (ch == ',') {
			values++;
		}
	}
	return values_max == 0 || values <= values_max;
}

static int decode(const char *text, size_t len, size_t values_max, json_t **ret)
{
	json_error_t error;
	json_t *message;

	if (len >= WIRE_MESSAGE_MAX)
		return -EMSGSIZE;
	if (!is_bounded(text, len, values_max))
		return -EBADMSG;
	message = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (!message)
		return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
	if (!json_is_object(message)) {
		json_decref(message);
		return -EBADMSG;
	}
	*ret = message;
	return 0;
}

int wire_decode(const char *text, size_t len, json_t **ret)
{
	return decode(text, len, 0, ret);
}

/* The length of the next message, or -EAGAIN: it has no end yet. */
static int find_end(struct wire_channel *c, size_t *ret_len)
{
	const char *end = NULL;

	if (c->in_len > c->in_scanned)
		end = memchr(c->in + c->in_scanned, '\0', c->in_len - c->in_scanned);
	c->in_scanned = end ? (size_t)(end - c->in) : c->in_len;
	*ret_len = c->in_scanned;
	return end ? 0 : -EAGAIN;
}

static void drop_message(struct wire_channel *c, size_t len)
{
	len++;
	memmove(c->in, c->in + len, c->in_len - len);
	explicit_bzero(c->in + c->in_len - len, len);
	c->in_len -= len;
	c->in_scanned = 0;
}

int wire_channel_take(struct wire_channel *c, json_t **ret)
{
	size_t len;
	int r = find_end(c, &len);

	if (r < 0)
		return len >= WIRE_MESSAGE_MAX ? -EMSGSIZE : r;
	r = decode(c->in, len, c->values_max, ret);
	drop_message(c, len);
	return r;
}

int wire_channel_take_if(struct wire_channel *c, size_t max, bool (*wanted)(const json_t *message), json_t **ret)
{
	json_t *message;
	size_t len;
	int r = find_end(c, &len);

	if (len > max)
		return -EBUSY;
	if (r == 0)
		r = decode(c->in, len, c->values_max, &message);
	if (r < 0)
		return r;
	if (!wanted(message)) {
		json_decref(message);
		return -EBUSY;
	}
	drop_message(c, len);
	*ret = message;
	return 0;
}

void wire_channel_expect_calls(struct wire_channel *c)
{
	c->values_max = WIRE_CALL_VALUES_MAX;
}

int wire_channel_queue(struct wire_channel *c, const json_t *message)
{
	size_t len = json_dumpb(message, NULL, 0, JSON_COMPACT);
	size_t waiting = c->out_len - c->out_sent;
	int r;

	if (len == 0)
		return -EINVAL;
	if (len + 1 > WIRE_MESSAGE_MAX)
		return -EMSGSIZE;
	if (waiting + len + 1 > WIRE_OUT_MAX)
		return -ENOBUFS;
	if (c->out_sent) {
		memmove(c->out, c->out + c->out_sent, waiting);
		c->out_len = waiting;
		c->out_sent = 0;
	}
	r = grow(&c->out, &c->out_size, c->out_len, c->out_len + len + 1);
	if (r < 0)
		return r;
	if (json_dumpb(message, c->out + c->out_len, len, JSON_COMPACT) != len)
		return -EINVAL;
	c->out_len += len;
	c->out[c->out_len++] = '\0';
	return 0;
}

bool wire_channel_has_output(const struct wire_channel *c)
{
	return c->out_sent < c->out_len;
}

int wire_channel_flush(struct wire_channel *c)
{
	while (c->out_sent < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->out_sent, c->out_len - c->out_sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EWOULDBLOCK ? -EAGAIN : -errno;
		c->out_sent += (size_t)n;
	}
	if (c->out)
		explicit_bzero(c->out, c->out_size);
	c->out_len = c->out_sent = 0;
	return 0;
}

int wire_call_read(json_t *message, struct wire_call *ret)
{
	struct wire_call call = {0};
	const char *key;
	json_t *value;

	json_object_foreach(message, key, value) {
		if (strcmp(key, "method") == 0 && json_is_string(value))
			call.method = json_string_value(value);
		else if (strcmp(key, "parameters") == 0 && json_is_object(value))
			call.parameters = value;
		else if (strcmp(key, "more") == 0 && json_is_boolean(value))
			call.more = json_is_true(value);
		else if (strcmp(key, "oneway") == 0 && json_is_boolean(value))
			call.oneway = json_is_true(value);
		else
			return -EBADMSG;
	}
	if (!call.method)
		return -EBADMSG;
	if (!call.parameters) {
		json_t *empty = json_object();

		/* The message owns it, so that it lives as long. */
		if (!empty || json_object_set_new(message, "parameters", empty) < 0)
			return -ENOMEM;
		call.parameters = empty;
	}
	*ret = call;
	return 0;
}
