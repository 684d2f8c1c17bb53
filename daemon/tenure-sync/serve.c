/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Between the broker and the directory's servers: one connection at a time, tried in the order of the URIs. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/base/clock.h"
#include "daemon/tenure-sync/confine.h"
#include "daemon/tenure-sync/serve.h"
#include "daemon/tenure-sync/sync.h"

int64_t now_ms(void)
{
	struct instant now = {0};

	return clock_system.now(&clock_system, &now) == 0 ? now.boottime_ns / NS_PER_MS : 0;
}

/* --- what the broker says --- */

static int take_start(struct server *s)
{
	struct sync_field f;
	int r = sync_find(sync_packet_fields(&s->packet), SYNC_TAG_COOKIE, &f);

	if (r == -ENOENT)
		return 0;
	if (r < 0 || f.len > sizeof(s->cookie.bytes))
		return -EBADMSG;
	for (size_t i = 0; i < f.len; i++)
		s->cookie.bytes[i] = f.data[i];
	s->cookie.len = f.len;
	return 0;
}

static int answer_ping(struct server *s)
{
	struct sync_field f;
	uint64_t serial;
	int r = sync_find(sync_packet_fields(&s->packet), SYNC_TAG_SERIAL, &f);

	if (r == 0)
		r = sync_field_serial(&f, &serial);
	if (r < 0)
		return -EBADMSG;
	sync_packet_begin(&s->packet, SYNC_PONG, 0);
	r = sync_packet_add_serial(&s->packet, serial);
	return r < 0 ? r : sync_packet_send(s->fd, &s->packet);
}

static int take_packet(struct server *s)
{
	int r = sync_packet_receive(s->fd, &s->packet);

	if (r < 0)
		return r;
	switch (sync_packet_type(&s->packet)) {
	case SYNC_PING:
		return answer_ping(s);
	case SYNC_LOGIN:
	case SYNC_PASSWD:
		r = logins_take(s->logins, &s->packet);
		sync_packet_wipe(&s->packet);
		return r;
	default:
		return -EBADMSG;
	}
}

/* CONFIG packets, then START. */
static int take_configuration(struct server *s)
{
	int r;

	for (;;) {
		r = sync_packet_receive(s->fd, &s->packet);
		if (r < 0)
			return r;
		switch (sync_packet_type(&s->packet)) {
		case SYNC_CONFIG:
			r = settings_take(&s->settings, &s->packet);
			break;
		case SYNC_PING:
			r = answer_ping(s);
			break;
		case SYNC_START:
			r = settings_finish(&s->settings);
			return r < 0 ? r : take_start(s);
		default:
			r = -EBADMSG;
		}
		if (r < 0)
			return r;
	}
}

/* --- connections --- */

/* Half of it is chance, so that a hundred hosts do not come back at once. */
static int64_t backoff_ms(unsigned rounds)
{
	int64_t wait = BACKOFF_FIRST_MS;
	uint32_t chance = 0;

	while (--rounds > 0 && wait < BACKOFF_MAX_MS)
		wait *= 2;
	wait = wait < BACKOFF_MAX_MS ? wait : BACKOFF_MAX_MS;
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		return wait;
	return wait / 2 + chance % (wait / 2 + 1);
}

static void next_uri(struct server *s)
{
	s->uri = (s->uri + 1) % s->settings.uri_count;
	if (s->uri == 0)
		s->next_ms = now_ms() + backoff_ms(++s->rounds);
}

/* That connection is over: the next one, or after a while the first. */
static int disconnect(struct server *s, const struct failure *f)
{
	const bool told = s->search.told;
	int r = say_failed(s, f);

	logins_server(s->logins, NULL);
	search_end(s);
	connect_close(s->ld);
	s->ld = NULL;
	if (told) { /* it served: from the first again */
		s->uri = 0;
		s->next_ms = now_ms() + backoff_ms(1);
	} else {
		next_uri(s);
	}
	return r;
}

static int connect_turn(struct server *s)
{
	struct failure f = {0};
	int r;

	if (confine_is_outdated())
		return -ESTALE; /* the broker starts it anew, under rules that fit */
	r = attempt(s, &f);
	if (r == 0) {
		logins_server(s->logins, s->settings.uris[s->uri]);
		r = search_begin(s, &f);
	}
	return r == -EIO ? disconnect(s, &f) : r;
}

static int wait_and_take(struct server *s, int64_t wait_ms)
{
	struct pollfd fds[] = {{.fd = s->fd, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
	int r;

	if (s->ld && ldap_get_option(s->ld, LDAP_OPT_DESC, &fds[1].fd) != LDAP_OPT_SUCCESS)
		fds[1].fd = -1;
	wait_ms = wait_ms < 0 ? 0 : wait_ms < INT_MAX ? wait_ms : INT_MAX;
	r = poll(fds, ARRAY_LENGTH(fds), (int)wait_ms);
	if (r < 0)
		return errno == EINTR ? 0 : -errno;
	return fds[0].revents ? take_packet(s) : 0;
}

static int turn(struct server *s)
{
	int64_t wait_ms = 0;
	struct failure f = {0};
	int r = 0;

	if (s->ld) {
		r = search_turn(s, &wait_ms, &f);
		if (r == -EIO)
			r = disconnect(s, &f);
	} else if (now_ms() >= s->next_ms) {
		r = connect_turn(s);
	}
	if (r == 0 && !s->ld)
		wait_ms = s->next_ms - now_ms();
	return r < 0 ? r : wait_and_take(s, wait_ms);
}

/* Nothing outside decides where it connects (T10); names are resolved before anybody waits for long. */
static int prepare(struct server *s, int fd)
{
	LDAP *first = NULL;

	wipe_what_is_freed();
	if (setenv("LDAPNOINIT", "1", 1) < 0 || setenv("RES_OPTIONS", "timeout:2 attempts:1", 1) < 0)
		return -errno;
	if (ldap_create(&first) != LDAP_SUCCESS) /* libldap begins while there is one thread */
		return -ENOMEM;
	connect_close(first);
	s->fd = fd;
	settings_init(&s->settings);
	return 0;
}

int sync_serve(int fd)
{
	struct server *s = calloc(1, sizeof(*s));
	int r = s ? prepare(s, fd) : -ENOMEM;

	if (r == 0)
		r = take_configuration(s);
	if (r == 0)
		r = entry_filter(&s->settings, &s->filter);
	if (r == 0)
		r = logins_new(fd, &s->settings, &s->logins);
	if (r == 0) {
		entry_attributes(&s->settings, s->attributes);
		search_end(s);
	}
	while (r == 0)
		r = turn(s);
	return r == -EPIPE || r == -ECONNRESET ? 0 : r; /* the process ends now, and all that it has */
}
