/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sync_serve without a directory: it does what LOGIN's DN says with what its PASSWORD says, and tells what came of it
 * in RESULT's TEXT. Linked behind tenure-sync's own main.c, with its confinement or without.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/wire/sync_proto.h"
#include "daemon/tenure-sync/confine.h"
#include "daemon/tenure-sync/sync.h"
#include "tests/unit/sync_tries.h"

#define TEXT_MAX SYNC_FIELD_MAX

static char text[TEXT_MAX + 1];
static size_t text_len;
static bool mute;

static void say(const char *s)
{
	const size_t len = strlen(s);

	if (text_len + len > TEXT_MAX)
		return;
	memcpy(text + text_len, s, len + 1);
	text_len += len;
}

static void say_result(int r)
{
	say(r < 0 ? strerrorname_np(-r) : "ok");
}

static void say_content(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0) {
		say_result(-errno);
		return;
	}
	n = read(fd, text, TEXT_MAX);
	close(fd);
	text_len = n < 0 ? 0 : (size_t)n;
	for (size_t i = 0; i < text_len; i++)
		if (text[i] == '\0')
			text[i] = '\n';
	text[text_len] = '\0';
}

static void say_environment(void)
{
	for (char **e = environ; *e; e++) {
		say(*e);
		say("\n");
	}
}

static void say_descriptors(void)
{
	char number[16];

	for (int fd = 0; fd < 1024; fd++)
		if (fcntl(fd, F_GETFD) >= 0) {
			(void)snprintf(number, sizeof(number), "%d ", fd);
			say(number);
		}
}

static void *in_thread(void *context)
{
	*(bool *)context = true;
	return malloc(100000);
}

static void say_thread(void)
{
	bool ran = false;
	void *memory = NULL;
	pthread_t thread;
	int r = pthread_create(&thread, NULL, in_thread, &ran);

	if (r == 0)
		r = pthread_join(thread, &memory);
	free(memory);
	say_result(r != 0 ? -r : ran ? 0 : -EIO);
}

static void send_forever(int fd)
{
	struct sync_packet p;

	sync_packet_begin(&p, SYNC_ALIVE, 0);
	for (;;)
		if (sync_packet_send(fd, &p) < 0)
			_exit(1);
}

static void send_type(int fd, enum sync_type type)
{
	struct sync_packet p;

	sync_packet_begin(&p, type, 0);
	if (type == SYNC_PONG && sync_packet_add_serial(&p, 0x1234567890) < 0)
		_exit(1);
	if (sync_packet_send(fd, &p) < 0)
		_exit(1);
}

/* Those that end or hang it. */
static void misbehave(int fd, const char *how)
{
	(void)signal(SIGSEGV, SIG_DFL); /* how abort ends the first of a namespace; a sanitizer would make a status of it */
	if (strcmp(how, "crash") == 0)
		abort();
	else if (strcmp(how, "exit") == 0)
		_exit(3);
	else if (strcmp(how, "hang") == 0)
		for (;;)
			pause();
	else if (strcmp(how, "flood") == 0)
		send_forever(fd);
	else if (strcmp(how, "mute") == 0)
		mute = true;
	else if (strcmp(how, "no form") == 0)
		(void)!write(fd, "\1\20\0\1", 4);
	else if (strcmp(how, "too long") == 0)
		(void)!write(fd, "\1\30\0\0\1\0\377\377", 8);
	else if (strcmp(how, "broker's") == 0)
		send_type(fd, SYNC_LOGIN);
	else if (strcmp(how, "HELLO again") == 0)
		send_type(fd, SYNC_HELLO);
	else if (strcmp(how, "PONG") == 0)
		send_type(fd, SYNC_PONG);
	else if (strcmp(how, "refused") == 0)
		send_type(fd, SYNC_FAILED); /* the test's hook does not take that */
}

static void obey(int fd, const char *what, const char *with)
{
	text[text_len = 0] = '\0';
	if (strcmp(what, "content") == 0)
		say_content(with);
	else if (strcmp(what, "environment") == 0)
		say_environment();
	else if (strcmp(what, "descriptors") == 0)
		say_descriptors();
	else if (strcmp(what, "thread") == 0)
		say_thread();
	else if (strcmp(what, "outdated") == 0)
		say(confine_is_outdated() ? "yes" : "no");
	else if (strcmp(what, "try") == 0)
		say_result(sync_try(with));
	else if (strcmp(what, "process") == 0)
		sync_try_process(with, say);
	else if (strcmp(what, "misbehave") == 0)
		misbehave(fd, with);
}

static char *field_text(const struct sync_packet *p, unsigned tag)
{
	struct sync_field field;
	char *s = NULL;

	if (sync_find(sync_packet_fields(p), tag, &field) < 0 || sync_field_text(&field, &s) < 0)
		_exit(1);
	return s;
}

static int answer(int fd, const struct sync_packet *p, enum sync_type type, bool with_text)
{
	struct sync_packet reply;
	struct sync_field field;
	uint64_t serial;
	int r = sync_find(sync_packet_fields(p), SYNC_TAG_SERIAL, &field);

	if (r == 0)
		r = sync_field_serial(&field, &serial);
	sync_packet_begin(&reply, type, with_text ? SYNC_VERDICT_YES : 0);
	if (r == 0)
		r = sync_packet_add_serial(&reply, serial);
	if (r == 0 && with_text)
		r = sync_packet_add_text(&reply, SYNC_TAG_TEXT, text);
	return r < 0 ? r : sync_packet_send(fd, &reply);
}

static int on_login(int fd, const struct sync_packet *p)
{
	char *what = field_text(p, SYNC_TAG_DN), *with = field_text(p, SYNC_TAG_PASSWORD);

	obey(fd, what, with);
	free(what);
	free(with);
	return answer(fd, p, SYNC_RESULT, true);
}

/* CONFIG and START come back as what a worker may send. */
static int echo(int fd, const struct sync_packet *p, enum sync_type type)
{
	struct sync_packet copy = *p;

	copy.bytes[1] = (uint8_t)type;
	return sync_packet_send(fd, &copy);
}

int sync_serve(int fd)
{
	static struct sync_packet p;

	for (;;) {
		int r = sync_packet_receive(fd, &p);

		if (r < 0)
			return r == -EPIPE ? 0 : r;
		switch ((int)sync_packet_type(&p)) {
		case SYNC_CONFIG:
			r = echo(fd, &p, SYNC_ENTRY);
			break;
		case SYNC_START:
			r = echo(fd, &p, SYNC_DONE);
			break;
		case SYNC_PING:
			r = mute ? 0 : answer(fd, &p, SYNC_PONG, false);
			break;
		case SYNC_LOGIN:
			r = on_login(fd, &p);
			break;
		default:
			return -EBADMSG;
		}
		if (r < 0)
			return r;
	}
}
