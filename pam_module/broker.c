/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/broker.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/base/secret.h"
#include "common/wire/session_record.h"
#include "pam_module/json.h"

#define MESSAGE_MAX	8192 /* the largest that we take or send */
#define CONNECT_PAUSE_MS 10

/* A connection, the end of all its waits, and what came behind the last message. */
struct link {
	int fd;
	int64_t end_ns;
	size_t len;
	char in[MESSAGE_MAX];
};

static int64_t monotonic_ns(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		return INT64_MAX;
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* What is left of the wait; 0: it is over. Rounded up, so that nobody spins through the last millisecond. */
static int left_ms(const struct link *l)
{
	int64_t left = l->end_ns - monotonic_ns();

	return left <= 0 ? 0 : (int)((left + NS_PER_MS - 1) / NS_PER_MS);
}

static int wait_for(const struct link *l, short events)
{
	struct pollfd p = {.fd = l->fd, .events = events};
	int left, n;

	do {
		left = left_ms(l);
		n = left > 0 ? poll(&p, 1, left) : 0;
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n == 0 ? -ENOTCONN : 0;
}

/* Who listens must be whom we trust with everything else. */
static int check_peer(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	return peer.uid == tenure_trusted_uid() ? 0 : -EPERM;
}

/* A full backlog (EAGAIN) is a busy broker: worth the rest of the wait. */
static int link_connect(struct link *l, const struct sockaddr_un *address)
{
	while (connect(l->fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			return -ENOTCONN;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (left_ms(l) == 0)
			return -ENOTCONN;
		(void)poll(NULL, 0, CONNECT_PAUSE_MS);
	}
	return check_peer(l->fd);
}

static int link_open(struct link *l, enum tenure_path where, int wait_ms)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *path = tenure_path(where);
	int64_t now = monotonic_ns();
	int r;

	l->fd = -1;
	l->len = 0;
	l->end_ns = now == INT64_MAX ? 0 : now + wait_ms * NS_PER_MS; /* without a clock nobody waits */
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return -errno;
	r = link_connect(l, &address);
	if (r < 0)
		fd_closep(&l->fd);
	return r;
}

static void link_done(struct link *l)
{
	fd_closep(&l->fd);
	SECRET_WIPE_ARRAY(l->in);
}

static bool is_gone(int error)
{
	return error == EPIPE || error == ECONNRESET || error == ENOTCONN;
}

static int link_send(struct link *l, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(l->fd, data, len, MSG_NOSIGNAL);
		int r;

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return is_gone(errno) ? -ENOTCONN : -errno;
		r = wait_for(l, POLLOUT);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One more message into reply. What came behind it stays for the next. */
static int link_receive(struct link *l, struct json_reply *reply)
{
	const char *end;
	size_t used;
	int r;

	while (!(end = memchr(l->in, '\0', l->len))) {
		ssize_t n;

		if (l->len == sizeof(l->in))
			return -EBADMSG;
		r = wait_for(l, POLLIN);
		if (r < 0)
			return r;
		n = recv(l->fd, l->in + l->len, sizeof(l->in) - l->len, 0);
		if (n == 0)
			return l->len ? -EBADMSG : -ENOTCONN;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return is_gone(errno) ? -ENOTCONN : -errno;
		l->len += n > 0 ? (size_t)n : 0;
	}
	used = (size_t)(end - l->in) + 1;
	r = json_parse_reply(l->in, used - 1, reply);
	memmove(l->in, l->in + used, l->len - used);
	l->len -= used;
	return r;
}

static int error_of(const char *name)
{
	if (strcmp(name, "Unavailable") == 0 || strcmp(name, "Busy") == 0)
		return -ENETUNREACH;
	if (strcmp(name, "Unrecorded") == 0)
		return -EROFS;
	if (strcmp(name, "StepUpFailed") == 0)
		return -EKEYREJECTED;
	return -EACCES;
}

/* One call, one reply. */
static int ask_root(struct json_writer *w, int wait_ms, struct json_reply *reply)
{
	struct link l;
	int len = json_finish(w);
	int r;

	if (len < 0)
		return len;
	r = link_open(&l, PATH_ROOT_SOCKET, wait_ms);
	if (r < 0)
		return r;
	r = link_send(&l, w->data, (size_t)len);
	if (r == 0)
		r = link_receive(&l, reply);
	link_done(&l);
	if (r < 0)
		return r;
	if (reply->error[0])
		return error_of(reply->error);
	return reply->continues ? -EBADMSG : 0;
}

/* What we shall hand back in SessionClose. */
static bool id_is_sane(const char *id)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
	size_t len = strlen(id);

	return len > 0 && len < UUID_TEXT_MAX && strspn(id, allowed) == len;
}

int broker_session_open(const struct broker_session_request *request, struct broker_session *ret)
{
	struct json_writer w;
	struct json_reply reply;
	const char *text;
	char buf[1024 + SESSION_GROUPS_MAX];
	int r;

	*ret = (struct broker_session){.id = ""};
	json_begin(&w, buf, sizeof(buf), "SessionOpen", false, false);
	json_text(&w, "kind", request->kind);
	json_text(&w, "service", request->service);
	json_number(&w, "invoker", request->invoker);
	json_text(&w, "target", request->target);
	json_text(&w, "groups", request->groups);
	json_text(&w, "tty", request->tty);
	json_number(&w, "pid", getpid());
	r = ask_root(&w, BROKER_WAIT_MS, &reply);
	if (r < 0)
		return r;
	text = json_reply_text(&reply, "id");
	if (!text || !id_is_sane(text))
		return -EBADMSG;
	memcpy(ret->id, text, strlen(text) + 1);
	text = json_reply_text(&reply, "message");
	if (text && strlen(text) <= BROKER_LINE_MAX && text_check(text, BROKER_LINE_MAX) == 0)
		memcpy(ret->message, text, strlen(text) + 1);
	return 0;
}

int broker_session_close(const char *id)
{
	struct json_writer w;
	struct json_reply reply;
	char buf[256];

	json_begin(&w, buf, sizeof(buf), "SessionClose", false, false);
	json_text(&w, "id", id);
	return ask_root(&w, BROKER_WAIT_MS, &reply);
}

/*
 * The broker asks as often as its own stack lets it; we have one password, for the first question. Whatever else it
 * wants, a program without a terminal of ours cannot give.
 */
static int converse(struct link *l, struct json_reply *reply, const char *password)
{
	struct json_writer w;
	bool answered = false;
	char buf[2048];
	int r, len;

	for (;;) {
		const char *event;

		r = link_receive(l, reply);
		if (r < 0)
			return r;
		if (reply->error[0])
			return error_of(reply->error);
		if (!reply->continues)
			return answered ? 0 : -EBADMSG;
		event = json_reply_text(reply, "event");
		if (!event || strcmp(event, "prompt") != 0)
			continue;
		if (answered)
			return -EKEYREJECTED;
		json_begin(&w, buf, sizeof(buf), "Answer", false, true);
		json_text(&w, "text", password);
		len = json_finish(&w);
		/* The wire carries UTF-8 alone; a directory's password that is none fits no answer. */
		r = len == -EILSEQ ? -EKEYREJECTED : len < 0 ? len : link_send(l, buf, (size_t)len);
		SECRET_WIPE_ARRAY(buf);
		if (r < 0)
			return r;
		answered = true;
	}
}

int broker_authenticate(const char *password)
{
	struct json_writer w;
	struct json_reply reply;
	struct link l;
	char buf[256];
	int r, len;

	json_begin(&w, buf, sizeof(buf), "Authenticate", true, false);
	len = json_finish(&w);
	if (len < 0)
		return len;
	r = link_open(&l, PATH_SOCKET, BROKER_PASSWORD_WAIT_MS);
	if (r < 0)
		return r;
	r = link_send(&l, buf, (size_t)len);
	if (r == 0)
		r = converse(&l, &reply, password);
	link_done(&l);
	return r;
}

static enum broker_verdict verdict_of(const char *text)
{
	static const char *const texts[] = {
		[BROKER_VERDICT_NO] = "no",
		[BROKER_VERDICT_YES] = "yes",
		[BROKER_VERDICT_MUST_CHANGE] = "must-change",
		[BROKER_VERDICT_EXPIRED] = "expired",
		[BROKER_VERDICT_LOCKED] = "locked",
		[BROKER_VERDICT_REFUSED] = "refused",
		[BROKER_VERDICT_UNAVAILABLE] = "unavailable",
		[BROKER_VERDICT_NONE] = "none",
	};

	for (size_t i = BROKER_VERDICT_NO; text && i < ARRAY_LENGTH(texts); i++)
		if (strcmp(text, texts[i]) == 0)
			return (enum broker_verdict)i;
	return BROKER_VERDICT_NO;
}

int broker_password(uid_t uid, const char *password, const char *new_password, enum broker_verdict *ret,
		    char ret_message[static BROKER_LINE_MAX + 1])
{
	struct json_writer w;
	struct json_reply reply;
	char buf[4096];
	const char *text;
	int r;

	*ret = BROKER_VERDICT_NO;
	ret_message[0] = '\0';
	json_begin(&w, buf, sizeof(buf), new_password ? "ChangePassword" : "VerifyPassword", false, false);
	json_number(&w, "uid", uid);
	json_text(&w, "password", password);
	json_text(&w, "new_password", new_password);
	r = ask_root(&w, BROKER_DIRECTORY_WAIT_MS, &reply);
	SECRET_WIPE_ARRAY(buf);
	if (r == -EILSEQ)
		return 0; /* the wire carries UTF-8 alone: such a one fits nothing */
	if (r < 0)
		return r;
	*ret = verdict_of(json_reply_text(&reply, "verdict"));
	text = json_reply_text(&reply, "message");
	if (text && strlen(text) <= BROKER_LINE_MAX && text_check(text, BROKER_LINE_MAX) == 0)
		memcpy(ret_message, text, strlen(text) + 1);
	return 0;
}

int broker_keep_password(uid_t uid, const char *hash)
{
	struct json_writer w;
	struct json_reply reply;
	char buf[1024];
	int r;

	json_begin(&w, buf, sizeof(buf), "KeepPassword", false, false);
	json_number(&w, "uid", uid);
	json_text(&w, "hash", hash);
	r = ask_root(&w, BROKER_WAIT_MS, &reply);
	SECRET_WIPE_ARRAY(buf);
	return r;
}
