/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>

struct listing {
	struct broker *broker;
	const struct actor *viewer, *subject; /* no subject: everybody's */
	json_t *items;
};

static int add(void *context, const struct session_view *s)
{
	struct listing *l = context;

	if (l->subject ? !session_is_of(l->broker, s, l->subject) : !viewer_may_know_session(l->broker, l->viewer, s))
		return 0;
	return json_array_append_new(l->items, row_session(s)) < 0 ? -ENOMEM : 0;
}

/*
 * One's own; of `user`; without it, everybody's for root, and those of the own tenant for who may look after sessions on
 * this host.
 */
void verb_sessions(struct call *c)
{
	struct broker *b = call_broker(c);
	const struct actor *who = call_actor(c);
	struct listing l = {.broker = b, .viewer = who};
	struct actor subject;
	int r;

	if (!verb_subject(c, &subject))
		return;
	if (call_text(c, "user") || !viewer_has_right(b, who, call_right_for_others(c), NULL))
		l.subject = &subject;
	l.items = json_array();
	r = l.items ? sessions_each(b->sessions, add, &l) : -ENOMEM;
	if (r < 0) {
		json_decref(l.items);
		verb_engine_error(c, r, &(struct error_subject){0});
		return;
	}
	call_reply(c, json_pack("{s:o}", "items", l.items));
}
