/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenure-sync/login.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenure-sync/password.h"

#define STACK_SIZE (512u << 10)

struct login {
	struct login *next;
	uint64_t serial;
	char *uri, *dn, *password, *new_password; /* new_password: NULL of LOGIN */
};

struct logins {
	int fd;
	const struct settings *settings;
	const char *uri; /* the main thread's */
	pthread_mutex_t lock;
	/* under the lock */
	struct login *first, **last;
	unsigned waiting, threads;
};

static void wipe_text(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

static void login_free(struct login *l)
{
	if (!l)
		return;
	wipe_text(l->password);
	wipe_text(l->new_password);
	free(l->uri);
	free(l->dn);
	free(l);
}

/* A packet that cannot be sent is one that nobody waits for: the broker is gone, and the main thread sees it. */
static int answer(int fd, uint64_t serial, enum sync_verdict verdict, const char *text)
{
	struct sync_packet *p = malloc(sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	sync_packet_begin(p, SYNC_RESULT, verdict);
	r = sync_packet_add_serial(p, serial);
	if (r == 0 && text[0])
		r = sync_packet_add_text(p, SYNC_TAG_TEXT, text);
	if (r == 0)
		r = sync_packet_send(fd, p);
	free(p);
	return r;
}

/* --- threads --- */

static struct login *next_login(struct logins *l)
{
	struct login *found;

	(void)pthread_mutex_lock(&l->lock);
	found = l->first;
	if (found) {
		l->first = found->next;
		if (!l->first)
			l->last = &l->first;
		l->waiting--;
	} else {
		l->threads--; /* whoever comes later begins another thread */
	}
	(void)pthread_mutex_unlock(&l->lock);
	return found;
}

static void *serve_logins(void *argument)
{
	struct logins *l = argument;
	struct login *login;

	while ((login = next_login(l))) {
		char text[TEXT_LEN] = "";
		const enum sync_verdict verdict =
			login->new_password ? password_change(l->settings, login->uri, login->dn, login->password,
							      login->new_password, text)
					    : password_check(l->settings, login->uri, login->dn, login->password, text);

		(void)answer(l->fd, login->serial, verdict, text);
		login_free(login);
	}
	return NULL;
}

static int begin_thread(struct logins *l)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int r = pthread_attr_init(&attributes);

	if (r != 0)
		return -r;
	r = pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (r == 0)
		r = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (r == 0)
		r = pthread_create(&thread, &attributes, serve_logins, l);
	(void)pthread_attr_destroy(&attributes);
	return -r;
}

/* --- the main thread --- */

int logins_new(int fd, const struct settings *settings, struct logins **ret)
{
	struct logins *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->fd = fd;
	l->settings = settings;
	l->last = &l->first;
	if (pthread_mutex_init(&l->lock, NULL) != 0) {
		free(l);
		return -ENOMEM;
	}
	*ret = l;
	return 0;
}

void logins_server(struct logins *l, const char *uri)
{
	l->uri = uri;
}

/* 0; -EBUSY: too many wait, or nobody could serve it. Takes the login only with 0. */
static int enqueue(struct logins *l, struct login *login)
{
	int r = 0;

	(void)pthread_mutex_lock(&l->lock);
	if (l->waiting >= LOGINS_WAIT_MAX)
		r = -EBUSY;
	else if (l->threads < LOGIN_THREADS_MAX) {
		l->threads++; /* it waits for the lock */
		if (begin_thread(l) < 0) {
			l->threads--;
			r = l->threads > 0 ? 0 : -EBUSY;
		}
	}
	if (r == 0) {
		*l->last = login;
		l->last = &login->next;
		l->waiting++;
	}
	(void)pthread_mutex_unlock(&l->lock);
	return r;
}

static int take_text(const struct sync_packet *p, unsigned tag, char **ret)
{
	struct sync_field f;
	int r = sync_find(sync_packet_fields(p), tag, &f);

	return r < 0 ? r : sync_field_text(&f, ret);
}

static int parse(const struct sync_packet *p, struct login *ret)
{
	struct sync_field f;
	int r = sync_find(sync_packet_fields(p), SYNC_TAG_SERIAL, &f);

	if (r == 0)
		r = sync_field_serial(&f, &ret->serial);
	if (r == 0)
		r = take_text(p, SYNC_TAG_DN, &ret->dn);
	if (r == 0)
		r = take_text(p, SYNC_TAG_PASSWORD, &ret->password);
	if (r == 0 && sync_packet_type(p) == SYNC_PASSWD)
		r = take_text(p, SYNC_TAG_NEW_PASSWORD, &ret->new_password);
	return r == -ENOENT ? -EBADMSG : r;
}

int logins_take(struct logins *l, const struct sync_packet *p)
{
	struct login *login = calloc(1, sizeof(*login));
	uint64_t serial;
	int r = login ? parse(p, login) : -ENOMEM;

	if (r < 0) {
		login_free(login);
		return r;
	}
	serial = login->serial;
	login->uri = l->uri ? strdup(l->uri) : NULL;
	if (login->uri && enqueue(l, login) == 0)
		return 0;
	login_free(login);
	return answer(l->fd, serial, SYNC_VERDICT_UNAVAILABLE, "");
}
