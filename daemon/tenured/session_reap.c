/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

/*
 * The backstop (decision 5): PID 1 runs tenure-reap at a session's deadline. A broker that lives gets there at the same
 * time; it has a moment's start, and as long as it makes progress nothing is done here. Both doing the same step does
 * no harm.
 */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "daemon/tenured/session_state.h"

#define START_MS      1000 /* what a living broker has to begin */
#define REAP_GRACE_NS (5 * NS_PER_S) /* of a record that says none: the default */
#define ADOPT_TRIES   50 /* a turn each: no descriptor, no memory */
#define BROKER_MS     30000 /* what it has to finish, once it has begun */
#define TURN_MS	      100

static int judge_nothing(void *context, const struct session_question *q, struct session_judgement *ret)
{
	*ret = (struct session_judgement){.decision = {.verdict = VERDICT_DENY, .why = WHY_UNREADABLE}};
	return -EBADMSG; /* so that it keeps the end that it was given */
}

static int journal_nothing(void *context, enum session_event event, const struct session_entry *entries, size_t count)
{
	return 0;
}

static void pause_ms(int ms)
{
	struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

/* Is it over, going on, or on its way out by somebody else's hand? */
static int record_look(const struct uuid *id, struct session *ret)
{
	struct uuid boot;

	return session_record_read_id(id, ret, &boot);
}

/* True once the record is gone, or says that the session goes on. */
static bool broker_does_it(const struct uuid *id, struct clock_source *clock)
{
	struct session e;
	struct instant now;

	for (int waited = 0; waited < BROKER_MS; waited += TURN_MS) {
		pause_ms(waited == 0 ? START_MS : TURN_MS);
		int r = record_look(id, &e);
		if (r == -ENOENT)
			return true;
		if (r < 0 || clock->now(clock, &now) < 0)
			continue;
		if (e.stage <= STAGE_OPEN)
			return window_holds(&e.window, &now); /* extended; or nobody is there */
	}
	return false;
}

/* The start was a part of the grace. */
static int64_t grace_left_ns(int64_t grace_ns)
{
	int64_t left_ns = (grace_ns == TIME_FOREVER ? REAP_GRACE_NS : grace_ns) - START_MS * NS_PER_MS;

	return left_ns > 0 ? left_ns : 0;
}

static int reap(struct sessions *s, const char *id, int64_t grace_ns)
{
	struct pollfd p = {.fd = sessions_fd(s), .events = POLLIN};

	s->reaping = true;
	s->grace_ns = grace_left_ns(grace_ns);
	for (unsigned i = 0; !s->first && i < ADOPT_TRIES; i++) {
		if (i > 0)
			pause_ms(TURN_MS);
		sessions_adopt_file(s, id);
	}
	if (!s->first)
		return -ENOENT;
	(void)sessions_tick(s);
	while (s->first && s->first->stage > STAGE_OPEN) {
		(void)poll(&p, 1, TURN_MS);
		sessions_dispatch(s);
	}
	return 0;
}

int sessions_reap(const char *id, struct clock_source *clock)
{
	struct session_ports ports = {.clock = clock, .judge = judge_nothing, .journal = journal_nothing};
	struct sessions *s;
	struct session e;
	struct uuid uuid;

	if (uuid_parse(id, &uuid) < 0)
		return -EINVAL;
	int r = record_look(&uuid, &e);
	if (r < 0 || broker_does_it(&uuid, clock))
		return r;
	r = sessions_prepare(&ports, &s);
	if (r < 0)
		return r;
	r = reap(s, id, e.grace_ns);
	sessions_free(s);
	return r;
}
