/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>
#include <stdlib.h>

struct drain {
	struct broker *broker;
	size_t sessions, grants;
};

/* Done, or nobody waits for it any more: what it ended has ended, and from here on there may be new ones. */
static void release(void *state)
{
	struct drain *d = state;

	sessions_drain_over(d->broker->sessions);
	engine_drain_over(d->broker->engine);
	free(d);
}

/* Told behind every change until the last session is gone. */
static void on_change(struct call *c)
{
	struct broker *b = call_broker(c);
	const struct drain *d = call_state(c);

	if (sessions_count(b->sessions) == 0)
		call_reply(c, json_pack("{s:i, s:i}", "sessions", (int)d->sessions, "grants", (int)d->grants));
}

void verb_drain(struct call *c)
{
	struct broker *b = call_broker(c);
	struct drain *d = calloc(1, sizeof(*d));
	int r;

	if (!d) {
		verb_engine_error(c, -ENOMEM, &(struct error_subject){0});
		return;
	}
	d->broker = b;
	call_set_state(c, d, release);
	d->sessions = sessions_count(b->sessions);
	r = engine_drain(b->engine, call_actor(c), call_text(c, "reason"), &d->grants);
	sessions_drain(b->sessions);
	broker_settle(b);
	if (r < 0)
		verb_engine_error(c, r, &(struct error_subject){.field = "reason"});
	else if (sessions_count(b->sessions) == 0)
		on_change(c);
	else
		call_watch(c, on_change);
}
