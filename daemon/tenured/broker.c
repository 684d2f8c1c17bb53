/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "daemon/tenured/broker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "daemon/tenured/log.h"
#include "daemon/tenured/notify.h"
#include "daemon/tenured/server.h"

#define PROBLEM_LINES_MAX 64

static int compare_hashes(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void say_problem(const struct problem *p)
{
	char place[256], message[512], remedy[512];

	log_text(p->severity == SEVERITY_ERROR ? LOG_ERR : LOG_WARNING, "%s %s: %s; do: %s", p->id,
		 text_escape(p->place ? p->place : "", place, sizeof(place)),
		 text_escape(p->message ? p->message : "", message, sizeof(message)),
		 text_escape(p->remedy ? p->remedy : "", remedy, sizeof(remedy)));
}

/* What is wrong with files and directories, one line each; what stands there since before is not said twice. */
static void say_problems(struct broker *b)
{
	const struct problem_list *list = engine_problems(b->engine);
	uint64_t *hashes = calloc(list->count + 1, sizeof(*hashes));
	size_t lines = 0;

	b->problems_changed = false;
	for (size_t i = 0; i < list->count; i++) {
		const struct problem_list one = {.items = &list->items[i], .count = 1};
		const uint64_t hash = problem_list_hash(&one);

		if (hashes)
			hashes[i] = hash;
		if (b->problems_said && bsearch(&hash, b->problems_said, b->problems_said_count, sizeof(hash), compare_hashes))
			continue;
		if (lines++ < PROBLEM_LINES_MAX)
			say_problem(&list->items[i]);
	}
	if (lines > PROBLEM_LINES_MAX)
		log_text(LOG_ERR, "%zu problems more: tenure check", lines - PROBLEM_LINES_MAX);
	free(b->problems_said);
	b->problems_said = hashes;
	b->problems_said_count = hashes ? list->count : 0;
	if (hashes)
		qsort(hashes, list->count, sizeof(*hashes), compare_hashes);
}

/* From inside of calls that change the engine: remember it, and go on behind them. */
static void on_engine_event(void *context, const struct engine_event *event)
{
	struct broker *b = context;

	switch (event->kind) {
	case ENGINE_JOURNALLED:
		log_record(event->event, event->seq, event->record, event->chain);
		break;
	case ENGINE_DEGRADED:
		if (event->text)
			log_text(LOG_CRIT, "no new grants: %s", event->text);
		else
			log_text(LOG_NOTICE, "grants are possible again");
		notify_status(event->text ? event->text : "");
		break;
	case ENGINE_CONFIGURED:
		b->configured = true;
		b->recheck = true;
		break;
	case ENGINE_DIRECTORY:
		b->problems_changed = true;
		break;
	case ENGINE_GRANT_ENDED:
	case ENGINE_PUBLISHED:
		b->recheck = true;
		break;
	case ENGINE_REQUEST_CHANGED:
		break;
	}
	broker_settle(b);
}

static size_t sessions_of_grant(void *context, const struct request *r)
{
	struct broker *b = context;

	return b->sessions ? sessions_resting_on(b->sessions, &r->id) : 0;
}

static void on_settle(void *context)
{
	struct broker *b = context;
	int64_t due, due_sessions;

	if (b->configured) {
		b->configured = false;
		sessions_configure(b->sessions, engine_host_config(b->engine));
		if (b->sync)
			sync_configure(b->sync);
		say_problems(b);
	}
	due = engine_tick(b->engine);
	if (b->sync)
		sync_settle(b->sync);
	if (b->problems_changed)
		say_problems(b);
	if (b->recheck) {
		b->recheck = false;
		sessions_recheck(b->sessions);
	}
	due_sessions = sessions_tick(b->sessions);
	if (b->server)
		server_changed(b->server);
	loop_set_timer(b->due, due < due_sessions ? due : due_sessions);
}

void broker_settle(struct broker *b)
{
	if (b->settle)
		loop_set_timer(b->settle, 0);
}

static void on_engine_watch(void *context, int fd, uint32_t events)
{
	struct broker *b = context;

	(void)fd;
	(void)events;
	engine_watch_ready(b->engine);
	broker_settle(b);
}

static void on_sessions(void *context, int fd, uint32_t events)
{
	struct broker *b = context;

	(void)fd;
	(void)events;
	sessions_dispatch(b->sessions);
	broker_settle(b);
}

static void on_clock_jump(void *context)
{
	broker_settle(context);
}

static void log_plain(int priority, const char *text)
{
	log_text(priority, "%s", text);
}

static int start_engine(struct broker *b)
{
	const struct engine_hooks hooks = {b, on_engine_event, sessions_of_grant};
	struct instant now;
	int r = engine_new(&clock_system, &b->engine);

	if (r < 0)
		return r;
	engine_set_hooks(b->engine, &hooks);
	r = engine_start(b->engine, PACKAGE_VERSION);
	if (r == 0)
		r = engine_now(b->engine, &now);
	if (r == 0)
		b->since_ns = now.realtime_ns;
	return r;
}

static int start_sessions(struct broker *b)
{
	struct session_ports ports;

	session_engine_ports(&b->glue, b->engine, log_plain, &ports);
	return sessions_new(&ports, engine_host_config(b->engine), &b->sessions);
}

static void on_sync(void *context)
{
	broker_settle(context);
}

static int start_sync(struct broker *b)
{
	const struct sync_hooks hooks = {b, on_sync};
	int r = sync_new(b->loop, b->engine, &hooks, &b->sync);

	if (r == 0)
		sync_configure(b->sync);
	return r;
}

static int start_watches(struct broker *b)
{
	int fd, r;

	r = loop_add_timer(b->loop, TIME_FOREVER, on_settle, b, &b->due);
	if (r == 0)
		r = loop_add_timer(b->loop, 0, on_settle, b, &b->settle);
	if (r == 0)
		r = loop_add_clock_jump(b->loop, on_clock_jump, b, &b->clock_jump);
	fd = engine_watch_fd(b->engine);
	if (r == 0 && fd >= 0)
		r = loop_add_fd(b->loop, fd, EPOLLIN, on_engine_watch, b, &b->engine_watch);
	fd = sessions_fd(b->sessions);
	if (r == 0 && fd >= 0)
		r = loop_add_fd(b->loop, fd, EPOLLIN, on_sessions, b, &b->sessions_watch);
	return r;
}

int broker_start(struct broker *b)
{
	int r = start_engine(b);

	if (r == 0)
		r = start_sessions(b);
	if (r == 0)
		r = stepups_new(b->loop, &b->stepups);
	if (r == 0)
		r = readings_new(b->loop, &b->readings);
	if (r == 0)
		r = start_watches(b);
	if (r == 0)
		r = start_sync(b);
	if (r == 0)
		say_problems(b);
	return r;
}

void broker_done(struct broker *b)
{
	loop_source_clear(&b->settle);
	loop_source_clear(&b->due);
	loop_source_clear(&b->clock_jump);
	loop_source_clear(&b->engine_watch);
	loop_source_clear(&b->sessions_watch);
	server_free(b->server);
	b->server = NULL;
	sync_free(b->sync);
	b->sync = NULL;
	stepups_free(b->stepups);
	b->stepups = NULL;
	readings_free(b->readings);
	b->readings = NULL;
	if (b->engine)
		engine_stop(b->engine);
	if (b->sessions)
		sessions_free(b->sessions);
	b->sessions = NULL;
	engine_free(b->engine);
	b->engine = NULL;
	free(b->problems_said);
	b->problems_said = NULL;
	b->problems_said_count = 0;
}

int broker_reload(struct broker *b, const struct actor *who, size_t *ret_errors, size_t *ret_warnings)
{
	int r = engine_reload(b->engine, who, ret_errors, ret_warnings);

	b->configured = b->recheck = true;
	b->problems_said_count = 0; /* whoever asks hears it again */
	broker_settle(b);
	return r;
}
