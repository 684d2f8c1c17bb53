/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_BROKER_H
#define TENURE_TENURED_BROKER_H

/*
 * The broker's parts, held together: what main makes, and what a verb may reach. Whatever changes the engine or the
 * sessions ends in broker_settle, once, behind the callbacks of the turn: time-outs and ends that are due now,
 * sessions judged again, waiting clients told, timers set.
 */

#include "daemon/tenured/engine.h"
#include "daemon/tenured/loop.h"
#include "daemon/tenured/reading.h"
#include "daemon/tenured/session_engine.h"
#include "daemon/tenured/stepup.h"
#include "daemon/tenured/sync.h"

struct server;

struct broker {
	struct loop *loop;
	struct engine *engine;
	struct session_engine glue; /* between the two */
	struct sessions *sessions;
	struct stepups *stepups;
	struct readings *readings;
	struct server *server;
	int64_t since_ns; /* REALTIME of the start */
	bool recheck;	  /* grants or policy changed: sessions are to be judged again */
	bool configured;  /* tenure.conf changed */
	bool problems_changed; /* perhaps */
	uint64_t *problems_said; /* hashes of those that were, ascending */
	size_t problems_said_count;
	struct sync *sync;
	struct loop_source *settle, *due, *clock_jump, *engine_watch, *sessions_watch;
};

/* Engine, sessions and timers. 0 or -errno; broker_done in every case. */
int broker_start(struct broker *b) MUST_CHECK;
void broker_done(struct broker *b);

/* Something changed: settle at the loop's next turn. */
void broker_settle(struct broker *b);

/* Reads the configuration again and logs what is wrong with it. who: asked for it, or NULL. 0 or -errno. */
int broker_reload(struct broker *b, const struct actor *who, size_t *ret_errors, size_t *ret_warnings) MUST_CHECK;

#endif
