/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/tenured/log.h"
#include "daemon/tenured/worker_internal.h"

#define SOCKET_BUFFER (1 << 20) /* as much of it as the kernel gives */
#define BYTES_TURN    (1u << 20) /* beside WORKER_PACKETS_TURN */
#define LATE_NS	      (1000 * NS_PER_MS) /* the loop itself was held up, or the host slept */
#define STEADY_MS     60000 /* after so long it is no start that failed */

/*
 * waiting -> (start) -> started -> (HELLO) -> running -> (lost) -> ending -> (reaped) -> waiting
 * Between lost and reaped there is a process still, and no second one is started beside it.
 */
struct worker {
	struct loop *loop;
	char *tenant;
	struct worker_config config;
	struct worker_account account;
	struct worker_hooks hooks;
	pid_t pid;  /* 0: none */
	int fd;	    /* -1: nothing is exchanged with it any more */
	bool contained, greeted;
	const char *why; /* ending: already told */
	struct loop_source *readable, *child;
	struct loop_source *start, *ping, *answer, *steady; /* timers, asleep when not needed */
	int64_t answer_due_ns, back_off_ms;
	bool answer_awaited, extended;
	uint64_t serial; /* of the last PING */
	unsigned calls;	 /* hooks under way */
	bool freed;	 /* by one of them */
	struct sync_packet packet;
};

static int64_t with_jitter(int64_t ms)
{
	uint32_t random = 0;

	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	return ms / 2 + (int64_t)(random % (uint32_t)(ms / 2 + 1));
}

/* Hooks: any of them may free the worker. False: it did. */

static bool called(struct worker *w)
{
	if (--w->calls > 0 || !w->freed)
		return !w->freed;
	free(w);
	return false;
}

static bool call_hello(struct worker *w)
{
	w->calls++;
	w->hooks.hello(w->hooks.context, &w->packet);
	return called(w);
}

static bool call_packet(struct worker *w, int *ret_verdict)
{
	w->calls++;
	*ret_verdict = w->hooks.packet(w->hooks.context, &w->packet);
	return called(w);
}

static bool call_gone(struct worker *w, const char *why)
{
	w->calls++;
	w->hooks.gone(w->hooks.context, why);
	return called(w);
}

static bool call_trouble(struct worker *w, const char *id, const char *place, const char *text)
{
	w->calls++;
	w->hooks.trouble(w->hooks.context, id, place, text);
	return called(w);
}

/* Ending */

static void sleep_timers(struct worker *w)
{
	loop_set_timer(w->ping, TIME_FOREVER);
	loop_set_timer(w->answer, TIME_FOREVER);
	loop_set_timer(w->steady, TIME_FOREVER);
}

/* Nothing of it is heard from here on. */
static void hang_up(struct worker *w)
{
	loop_source_clear(&w->readable);
	sleep_timers(w);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	w->greeted = w->answer_awaited = false;
	if (w->pid > 0)
		(void)kill(w->pid, SIGKILL);
}

/* False: it was freed. */
static bool lose(struct worker *w, const char *why)
{
	if (w->fd < 0)
		return true;
	hang_up(w);
	w->why = why;
	log_text(LOG_WARNING, "tenant %s: tenure-sync is ended: %s", w->tenant, why);
	return call_gone(w, why);
}

static const char *why_it_ended(int status, bool greeted)
{
	if (!greeted && status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == WORKER_NOT_EXECUTED)
		return "it could not be executed";
	if (status >= 0 && WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? "it tried a system call that it may not make" : "it crashed";
	return "it ended";
}

static void start_later(struct worker *w)
{
	loop_set_timer(w->start, loop_in_ms(with_jitter(w->back_off_ms)));
	w->back_off_ms = w->back_off_ms * 2 < WORKER_RESTART_MAX_MS ? w->back_off_ms * 2 : WORKER_RESTART_MAX_MS;
}

static void on_child(void *context, pid_t pid, int status)
{
	struct worker *w = context;
	const bool told = w->why != NULL;
	const char *why = why_it_ended(status, w->greeted);

	(void)pid;
	loop_source_clear(&w->child);
	w->pid = 0;
	if (!told && !w->greeted)
		worker_spawn_judge(status, w->contained);
	w->why = NULL;
	hang_up(w);
	start_later(w);
	if (told)
		return;
	log_text(LOG_WARNING, "tenant %s: tenure-sync is gone: %s (%s %d)", w->tenant, why,
		 WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	(void)call_gone(w, why);
}

/* Its answers */

static void await_answer(struct worker *w)
{
	w->answer_awaited = true;
	w->extended = false;
	w->answer_due_ns = loop_in_ms(WORKER_PING_ANSWER_MS);
	loop_set_timer(w->answer, w->answer_due_ns);
}

static bool has_unread(const struct worker *w)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1 && (p.revents & POLLIN);
}

/* Once it gets as long again: the answer may lie behind what we have not read yet, or it is we who slept. */
static void on_answer_due(void *context)
{
	struct worker *w = context;

	if (!w->extended && (has_unread(w) || loop_in_ms(0) > w->answer_due_ns + LATE_NS)) {
		w->extended = true;
		loop_set_timer(w->answer, loop_in_ms(WORKER_PING_ANSWER_MS));
		return;
	}
	(void)lose(w, "it does not answer");
}

static void on_ping_due(void *context)
{
	struct worker *w = context;
	struct sync_packet *p = &w->packet;

	loop_set_timer(w->ping, loop_in_ms(WORKER_PING_MS));
	if (w->answer_awaited)
		return;
	await_answer(w);
	w->serial++;
	sync_packet_begin(p, SYNC_PING, 0);
	/* One that takes nothing any more does not answer either. */
	if (sync_packet_add_serial(p, w->serial) < 0 || sync_packet_send(w->fd, p) < 0)
		return;
}

static bool is_our_pong(const struct worker *w)
{
	struct sync_field field;
	uint64_t serial;

	return w->answer_awaited && sync_find(sync_packet_fields(&w->packet), SYNC_TAG_SERIAL, &field) == 0 &&
	       sync_field_serial(&field, &serial) == 0 && serial == w->serial;
}

static void stop_awaiting(struct worker *w)
{
	w->answer_awaited = false;
	loop_set_timer(w->answer, TIME_FOREVER);
}

static void log_missing(const struct worker *w)
{
	const unsigned has = sync_packet_flags(&w->packet);

	if (w->contained && (has & SYNC_CONFINED_SECCOMP) && (has & SYNC_CONFINED_LANDLOCK))
		return;
	log_text(LOG_NOTICE, "tenant %s: tenure-sync runs without:%s%s%s", w->tenant,
		 has & SYNC_CONFINED_SECCOMP ? "" : " seccomp", has & SYNC_CONFINED_LANDLOCK ? "" : " Landlock",
		 w->contained ? "" : " pid namespace");
}

/* Packets. These return false when the worker was freed; a liar is lost, w->fd then is -1. */

static bool take_hello(struct worker *w)
{
	if (w->greeted)
		return lose(w, "it lied: HELLO a second time");
	w->greeted = true;
	stop_awaiting(w);
	loop_set_timer(w->ping, loop_in_ms(WORKER_PING_MS));
	log_missing(w);
	return call_hello(w);
}

static bool take_packet(struct worker *w)
{
	const enum sync_type type = sync_packet_type(&w->packet);
	int verdict;

	if (type < SYNC_HELLO)
		return lose(w, "it lied: a packet of the broker's own");
	if (type == SYNC_HELLO)
		return take_hello(w);
	if (!w->greeted)
		return lose(w, "it lied: no HELLO first");
	if (type == SYNC_PONG) {
		if (!is_our_pong(w))
			return lose(w, "it lied: PONG without PING");
		stop_awaiting(w);
		return true;
	}
	if (!call_packet(w, &verdict))
		return false;
	return verdict < 0 ? lose(w, "it lied: what it sent does not hold") : true;
}

static void on_readable(void *context, int fd, uint32_t events)
{
	struct worker *w = context;
	size_t bytes = 0;

	(void)events;
	for (unsigned n = 0; n < WORKER_PACKETS_TURN && bytes < BYTES_TURN; n++) {
		int r = sync_packet_receive(fd, &w->packet);

		if (r == -EAGAIN)
			return;
		if (r == -EBADMSG) {
			(void)lose(w, "it lied: a packet of no form");
			return;
		}
		if (r < 0) {
			/* What became of it, on_child knows in a moment. */
			loop_source_clear(&w->readable);
			(void)kill(w->pid, SIGKILL);
			return;
		}
		bytes += w->packet.len;
		if (!take_packet(w) || w->fd != fd)
			return;
	}
}

/* Starting */

static int open_sockets(struct worker *w, int *ret_its)
{
	const int size = SOCKET_BUFFER;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	for (size_t i = 0; i < 2; i++)
		(void)setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	w->fd = pair[0];
	*ret_its = pair[1];
	return fcntl(w->fd, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int send_config(const struct worker *w)
{
	int r = 0;

	for (size_t i = 0; i < w->config.packet_count && r == 0; i++)
		r = sync_packet_send(w->fd, w->config.packets[i]);
	return r;
}

static int watch_process(struct worker *w)
{
	int r = loop_add_child(w->loop, w->pid, on_child, w, &w->child);

	if (r < 0)
		return r;
	r = loop_add_fd(w->loop, w->fd, EPOLLIN, on_readable, w, &w->readable);
	if (r == 0)
		r = send_config(w);
	if (r == 0) {
		await_answer(w); /* HELLO */
		loop_set_timer(w->steady, loop_in_ms(STEADY_MS));
	}
	return r;
}

static int launch(struct worker *w, const int files[WORKER_FILE_COUNT])
{
	int its = -1, r = open_sockets(w, &its);

	w->greeted = false;
	if (r == 0)
		r = worker_spawn(&w->account, its, files, &w->pid, &w->contained);
	if (its >= 0)
		close(its);
	if (r == 0)
		r = watch_process(w);
	if (r == 0)
		return 0;
	hang_up(w);
	if (w->pid > 0 && !w->child) {
		(void)waitpid(w->pid, NULL, 0); /* just killed, and nobody else would */
		w->pid = 0;
	}
	w->why = w->child ? "it could not be started" : NULL;
	return r;
}

static bool report_file(struct worker *w, enum worker_file which, int error)
{
	const char *text = worker_file_error(error);

	return call_trouble(w, which == WORKER_PASSWORD ? "ldap-password" : "ldap-tls", w->config.paths[which],
			    text ? text : strerror(-error));
}

static void on_start(void *context)
{
	struct worker *w = context;
	int files[WORKER_FILE_COUNT];
	enum worker_file failed;
	int r = worker_files_open(&w->config, &w->account, files, &failed);

	if (r < 0) {
		start_later(w);
		(void)report_file(w, failed, r);
		return;
	}
	r = launch(w, files);
	worker_files_close(files);
	if (r == 0)
		return;
	if (!w->child)
		start_later(w); /* else on_child does */
	(void)call_trouble(w, "ldap-worker", "tenure-sync", strerror(-r));
}

static void on_steady(void *context)
{
	struct worker *w = context;

	w->back_off_ms = WORKER_RESTART_FIRST_MS;
}

/* For everybody */

static int add_timers(struct worker *w)
{
	int r = loop_add_timer(w->loop, TIME_FOREVER, on_ping_due, w, &w->ping);

	if (r == 0)
		r = loop_add_timer(w->loop, TIME_FOREVER, on_answer_due, w, &w->answer);
	if (r == 0)
		r = loop_add_timer(w->loop, TIME_FOREVER, on_steady, w, &w->steady);
	if (r == 0)
		r = loop_add_timer(w->loop, 0, on_start, w, &w->start);
	return r;
}

int worker_new(struct loop *loop, const struct tenant_config *tenant, const struct worker_account *account,
	       const struct worker_hooks *hooks, struct worker **ret)
{
	struct worker *w;
	int r;

	if (account->uid == 0 || account->gid == 0)
		return -EINVAL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->loop = loop;
	w->fd = -1;
	w->account = *account;
	w->hooks = *hooks;
	w->back_off_ms = WORKER_RESTART_FIRST_MS;
	w->tenant = strdup(tenant->name);
	r = w->tenant ? worker_config_make(&tenant->ldap, &tenant->id, &w->config) : -ENOMEM;
	if (r == 0)
		r = add_timers(w);
	if (r < 0) {
		worker_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	if (w->readable || w->child)
		hang_up(w);
	loop_source_clear(&w->child);
	if (w->pid > 0 && loop_reap(w->loop, w->pid) < 0)
		(void)waitpid(w->pid, NULL, 0); /* it was killed just now */
	w->pid = 0;
	loop_source_clear(&w->start);
	loop_source_clear(&w->ping);
	loop_source_clear(&w->answer);
	loop_source_clear(&w->steady);
	worker_config_done(&w->config);
	free(w->tenant);
	w->tenant = NULL;
	w->freed = true;
	if (w->calls == 0)
		free(w);
}

bool worker_is_running(const struct worker *w)
{
	return w->fd >= 0 && w->greeted;
}

int worker_send(struct worker *w, const struct sync_packet *p)
{
	int r;

	if (!worker_is_running(w))
		return -ENOTCONN;
	r = sync_packet_send(w->fd, p);
	return r == -EPIPE ? -ENOTCONN : r;
}

int worker_start_sync(struct worker *w, const void *cookie, size_t len)
{
	struct sync_packet *p = malloc(sizeof(*p));
	int r = 0;

	if (!p)
		return -ENOMEM;
	sync_packet_begin(p, SYNC_START, 0);
	if (cookie)
		r = len > SYNC_COOKIE_MAX ? -EMSGSIZE : sync_packet_add(p, SYNC_TAG_COOKIE, cookie, len);
	if (r == 0)
		r = worker_send(w, p);
	free(p);
	return r;
}

void worker_restart(struct worker *w, const char *why)
{
	(void)lose(w, why);
}

pid_t worker_pid(const struct worker *w)
{
	return w->pid;
}
