/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "daemon/tenured/server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "common/base/paths.h"
#include "common/model/validate.h"
#include "daemon/tenured/connection.h"
#include "daemon/tenured/log.h"

#define ACCEPTS_A_TURN   64
#define NOISE_SECONDS    60 /* between two lines of the log about refused connections */
#define ROOT_SOCKET_MODE 0600
#define OPEN_SOCKET_MODE 0666

struct listener {
	struct server *server;
	enum tenure_path path;
	int fd;
	bool own; /* made by us: unlinked at the end */
	struct loop_source *source;
};

enum { LISTENER_PUBLIC, LISTENER_ROOT, LISTENER_COUNT };

struct server {
	struct broker *broker;
	struct listener listeners[LISTENER_COUNT];
	struct connection *first;
	size_t count;
	int reserve; /* given up for a moment when there is no descriptor left (T17) */
	unsigned refused;
	int64_t noise_after_ns;
	struct local_accounts accounts;
	struct stat accounts_seen[2];
	bool accounts_known;
};

struct broker *server_broker(struct server *s)
{
	return s->broker;
}

size_t server_connections(const struct server *s)
{
	return s->count;
}

void server_link(struct server *s, struct connection *c)
{
	c->next = s->first;
	c->previous = NULL;
	if (c->next)
		c->next->previous = c;
	s->first = c;
	s->count++;
}

void server_unlink(struct server *s, struct connection *c)
{
	if (c->previous)
		c->previous->next = c->next;
	else
		s->first = c->next;
	if (c->next)
		c->next->previous = c->previous;
	s->count--;
}

/* Subordinate ids may have changed since we looked: two stats tell. */
static int accounts_refresh(struct server *s)
{
	static const char *const names[2] = {"subuid", "subgid"};
	struct stat seen[2] = {0};
	struct local_accounts fresh;
	char path[PATH_MAX];
	bool same = s->accounts_known;
	int r;

	for (int i = 0; i < 2; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", tenure_path(PATH_ETC), names[i]);
		if (stat(path, &seen[i]) < 0 && errno != ENOENT)
			return -errno;
		same = same && seen[i].st_ino == s->accounts_seen[i].st_ino &&
		       seen[i].st_size == s->accounts_seen[i].st_size &&
		       memcmp(&seen[i].st_mtim, &s->accounts_seen[i].st_mtim, sizeof(seen[i].st_mtim)) == 0;
	}
	if (same)
		return 0;
	r = local_accounts_read(tenure_path(PATH_ETC), &fresh);
	if (r < 0)
		return r;
	local_accounts_done(&s->accounts);
	s->accounts = fresh;
	memcpy(s->accounts_seen, seen, sizeof(seen));
	s->accounts_known = true;
	return 0;
}

int server_check_uid(struct server *s, uid_t uid, char *buf, size_t len)
{
	int r = accounts_refresh(s);

	if (r < 0) {
		(void)snprintf(buf, len, "%s", strerror(-r));
		return r;
	}
	for (size_t i = 0; i < s->accounts.reserved_count; i++) {
		if (uid < s->accounts.reserved[i].first || uid > s->accounts.reserved[i].last)
			continue;
		(void)snprintf(buf, len, "it lies in %s", s->accounts.reserved_place[i]);
		return -EACCES;
	}
	return 0;
}

void server_changed(struct server *s)
{
	struct connection *next;

	/* A watch may drop its own connection, and no other. */
	for (struct connection *c = s->first; c; c = next) {
		connection_enter(c);
		if (c->call && c->call->watch)
			c->call->watch(c->call);
		next = c->next;
		connection_leave(c);
	}
}

/* Connections */

/* Counted is who started the process: a setuid program neither takes another's place nor makes room. */
static bool has_room(const struct server *s, uid_t real_uid)
{
	size_t own = 0, others = 0;

	for (const struct connection *c = s->first; c; c = c->next) {
		own += c->peer.real_uid == real_uid;
		others += c->peer.real_uid != 0;
	}
	if (real_uid == 0)
		return own < CONNECTIONS_ROOT_MAX;
	return own < CONNECTIONS_PER_UID_MAX && others < CONNECTIONS_MAX - CONNECTIONS_ROOT_MAX;
}

void server_note_refused(struct server *s, uid_t uid, pid_t pid, const char *why)
{
	s->refused++;
	if (loop_in_ms(0) < s->noise_after_ns)
		return;
	log_text(LOG_WARNING, "refused %u times, the last uid %u, pid %d: %s", s->refused, uid, pid, why);
	s->refused = 0;
	s->noise_after_ns = loop_in_ms(NOISE_SECONDS * 1000);
}

/* Of such a uid anybody with subordinate ids has thousands: with it one person would take every place (T17). */
static bool is_forged(struct server *s, uid_t uid, char *why, size_t len)
{
	return uid != 0 && server_check_uid(s, uid, why, len) < 0;
}

static void admit(struct server *s, int fd, bool privileged)
{
	char why[256] = "";
	struct peer peer;
	struct connection *c;
	int r = peer_read(fd, &peer);

	if (r < 0) {
		server_note_refused(s, (uid_t)-1, 0, strerror(-r));
		close(fd);
		return;
	}
	if (privileged && peer.uid != tenure_trusted_uid())
		r = -EACCES;
	else if (is_forged(s, peer.uid, why, sizeof(why)) || is_forged(s, peer.real_uid, why, sizeof(why)))
		r = -EACCES;
	else if (!has_room(s, peer.real_uid))
		r = -EUSERS;
	else
		r = connection_new(s, fd, &peer, privileged, &c);
	if (r < 0) {
		server_note_refused(s, peer.uid, peer.pid, why[0] ? why : strerror(-r));
		peer_done(&peer);
		close(fd);
	}
}

/* No descriptor left: take the next connection with the reserve, and turn it away, so that the queue moves on. */
static void turn_away(struct server *s, int listening_fd)
{
	int fd;

	if (s->reserve < 0)
		return;
	close(s->reserve);
	fd = accept4(listening_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		close(fd);
	s->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	server_note_refused(s, (uid_t)-1, 0, "no descriptor left");
}

static void on_listening(void *context, int listening_fd, uint32_t events)
{
	struct listener *l = context;

	(void)events;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4(listening_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			admit(l->server, fd, l->path == PATH_ROOT_SOCKET);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE)
			turn_away(l->server, listening_fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

/* Sockets */

/* From systemd, by its path; -1: not handed over. */
static int inherited(const char *path)
{
#ifdef HAVE_SYSTEMD
	int n = sd_listen_fds(0);

	for (int fd = SD_LISTEN_FDS_START; fd < SD_LISTEN_FDS_START + n; fd++)
		if (sd_is_socket_unix(fd, SOCK_STREAM, 1, path, 0) > 0)
			return fd;
#endif
	(void)path;
	return -1;
}

/* A broker of before left its name there; that none runs now, the journal's lock has shown. */
static int make_socket(const char *path, mode_t mode)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t before;
	int fd, r = 0;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (unlink(path) < 0 && errno != ENOENT)
		r = -errno;
	before = umask(0777 & ~mode);
	if (r == 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		r = -errno;
	(void)umask(before);
	if (r == 0 && listen(fd, SOMAXCONN) < 0)
		r = -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

static int listen_at(struct server *s, int which, enum tenure_path path, mode_t mode)
{
	struct listener *l = &s->listeners[which];
	const int on = 1;

	l->server = s;
	l->path = path;
	l->fd = inherited(tenure_path(path));
	if (l->fd < 0) {
		l->fd = make_socket(tenure_path(path), mode);
		l->own = l->fd >= 0;
	}
	if (l->fd < 0)
		return l->fd;
	/* Accepted sockets inherit it, so that no byte comes in unstamped (peer.h). */
	if (setsockopt(l->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 || fcntl(l->fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return loop_add_fd(s->broker->loop, l->fd, EPOLLIN, on_listening, l, &l->source);
}

int server_new(struct broker *b, struct server **ret)
{
	struct server *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->broker = b;
	for (int i = 0; i < LISTENER_COUNT; i++)
		s->listeners[i].fd = -1;
	s->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	r = s->reserve < 0 ? -errno : listen_at(s, LISTENER_PUBLIC, PATH_SOCKET, OPEN_SOCKET_MODE);
	if (r == 0)
		r = listen_at(s, LISTENER_ROOT, PATH_ROOT_SOCKET, ROOT_SOCKET_MODE);
	if (r < 0) {
		server_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	while (s->first)
		connection_drop(s->first);
	for (int i = 0; i < LISTENER_COUNT; i++) {
		struct listener *l = &s->listeners[i];

		loop_source_clear(&l->source);
		if (l->fd >= 0)
			close(l->fd);
		if (l->own)
			(void)unlink(tenure_path(l->path));
	}
	if (s->reserve >= 0)
		close(s->reserve);
	local_accounts_done(&s->accounts);
	free(s);
}
