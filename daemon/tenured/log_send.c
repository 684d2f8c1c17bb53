/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/log_send.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct waiting {
	struct waiting *next;
	size_t len;
	char data[];
};

static struct {
	const char *path;
	pid_t owner;
	int fd; /* -1: not connected */
	struct waiting *first, **last;
	size_t bytes, lost;
	void (*on_wait)(void *context);
	void *context;
} sender = {.fd = -1, .last = &sender.first};

static int reconnect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const size_t len = strlen(sender.path);

	if (sender.fd >= 0)
		(void)close(sender.fd);
	sender.fd = -1;
	if (len >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, sender.path, len + 1);
	sender.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sender.fd < 0)
		return -errno;
	if (connect(sender.fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		const int r = -errno;

		(void)close(sender.fd);
		sender.fd = -1;
		return r;
	}
	return 0;
}

static int send_once(const void *data, size_t len)
{
	return send(sender.fd, data, len, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* A daemon that was started anew has another socket of that name. */
static int try_send(const void *data, size_t len)
{
	int r = sender.fd >= 0 ? send_once(data, len) : -ENOTCONN;

	if (r == 0 || r == -EAGAIN || r == -EMSGSIZE || r == -ENOBUFS)
		return r;
	r = reconnect();
	return r < 0 ? r : send_once(data, len);
}

static void queue(const void *data, size_t len)
{
	const bool first = !sender.first;
	struct waiting *w = len <= LOG_SEND_BYTES - sender.bytes ? malloc(sizeof(*w) + len) : NULL;

	if (!w) {
		sender.lost++;
		return;
	}
	w->next = NULL;
	w->len = len;
	memcpy(w->data, data, len);
	*sender.last = w;
	sender.last = &w->next;
	sender.bytes += len;
	if (first && sender.on_wait)
		sender.on_wait(sender.context);
}

void log_send_open(const char *path)
{
	sender.path = path;
	sender.owner = getpid();
	(void)reconnect();
}

bool log_send_flush(void)
{
	while (sender.first) {
		struct waiting *w = sender.first;
		const int r = try_send(w->data, w->len);

		if (r < 0 && r != -EMSGSIZE)
			return false;
		sender.lost += r < 0;
		sender.first = w->next;
		if (!sender.first)
			sender.last = &sender.first;
		sender.bytes -= w->len;
		free(w);
	}
	return true;
}

void log_send(const void *data, size_t len)
{
	int r;

	if (!sender.path)
		return;
	if (getpid() != sender.owner) {
		(void)try_send(data, len);
		return;
	}
	r = log_send_flush() ? try_send(data, len) : -EAGAIN;
	if (r == -EMSGSIZE)
		sender.lost++;
	else if (r < 0)
		queue(data, len);
}

size_t log_send_lost(void)
{
	const size_t lost = sender.lost;

	sender.lost = 0;
	return lost;
}

void log_send_on_wait(void (*fn)(void *context), void *context)
{
	sender.on_wait = fn;
	sender.context = context;
}
