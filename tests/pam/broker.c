/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include "tests/pam/broker.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct fake_broker {
	int listener, stop;
	struct sockaddr_un address;
	const char *const *answers;
	pthread_t thread;
	pthread_mutex_t lock;
	char heard[16384];
};

/* True if there is something to read; false: time to stop. */
static bool wait_for(const struct fake_broker *b, int fd)
{
	struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = b->stop, .events = POLLIN}};

	return poll(p, 2, -1) > 0 && !(p[1].revents & POLLIN);
}

static bool hear(struct fake_broker *b, int fd)
{
	for (;;) {
		size_t len;
		char c;

		if (!wait_for(b, fd) || read(fd, &c, 1) != 1)
			return false;
		pthread_mutex_lock(&b->lock);
		len = strlen(b->heard);
		if (len + 2 < sizeof(b->heard)) {
			b->heard[len] = c ? c : '\n';
			b->heard[len + 1] = '\0';
		}
		pthread_mutex_unlock(&b->lock);
		if (!c)
			return true;
	}
}

static void serve(struct fake_broker *b, int fd)
{
	for (const char *const *answer = b->answers; *answer; answer++) {
		if (!hear(b, fd) || strcmp(*answer, FAKE_CLOSE) == 0)
			return;
		if (strcmp(*answer, FAKE_HANG) == 0) {
			char c;

			while (wait_for(b, fd) && read(fd, &c, 1) == 1)
				continue;
			return;
		}
		if (send(fd, *answer, strlen(*answer) + 1, MSG_NOSIGNAL) < 0)
			return;
	}
}

static void *run(void *context)
{
	struct fake_broker *b = context;

	while (wait_for(b, b->listener)) {
		int fd = accept(b->listener, NULL, NULL);

		if (fd < 0)
			continue;
		serve(b, fd);
		close(fd);
	}
	return NULL;
}

struct fake_broker *fake_broker_start(const char *path, const char *const *answers)
{
	struct fake_broker *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->answers = answers;
	b->address.sun_family = AF_UNIX;
	assert_true(strlen(path) < sizeof(b->address.sun_path));
	memcpy(b->address.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	pthread_mutex_init(&b->lock, NULL);
	b->stop = eventfd(0, EFD_CLOEXEC);
	b->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(b->stop >= 0 && b->listener >= 0);
	assert_int_equal(bind(b->listener, (struct sockaddr *)&b->address, sizeof(b->address)), 0);
	assert_int_equal(listen(b->listener, 8), 0);
	assert_int_equal(pthread_create(&b->thread, NULL, run, b), 0);
	return b;
}

void fake_broker_stop(struct fake_broker *b)
{
	assert_int_equal(eventfd_write(b->stop, 1), 0);
	assert_int_equal(pthread_join(b->thread, NULL), 0);
	close(b->listener);
	close(b->stop);
	(void)unlink(b->address.sun_path);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

const char *fake_broker_heard(struct fake_broker *b)
{
	return b->heard;
}

void fake_broker_forget(struct fake_broker *b)
{
	pthread_mutex_lock(&b->lock);
	b->heard[0] = '\0';
	pthread_mutex_unlock(&b->lock);
}
