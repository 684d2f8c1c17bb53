/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/tenured/engine_internal.h"

/* What the journal gets: all that there is, if it says at least whose it is. */
static json_t *usable(const struct over *over)
{
	return json_object_get(over->fields.object, "id") ? over->fields.object : NULL;
}

/* What is over in the journal is over in the state, whether memory suffices for its words or not. */
static void settle(struct engine *e, const struct over *over, const struct instant *now)
{
	struct request *r = over->request;
	const bool was_active = r->state == REQUEST_ACTIVE;

	if (usable(over))
		engine_apply(e, over->event, over->fields.object);
	(void)state_end(r, over->event, now);
	r->changed = true;
	if (!was_active || r->state == REQUEST_ACTIVE)
		return;
	r->lost = true;
	if (r->tenant < e->tenant_count)
		e->tenants[r->tenant].grants_ended = true;
}

void engine_overs_write(struct engine *e, struct overs *o)
{
	struct journal_entry entries[OVERS_MAX];
	struct instant now = e->state.floor.at;
	uint64_t seq;

	if (o->count == 0)
		return;
	for (size_t i = 0; i < o->count; i++)
		entries[i] = (struct journal_entry){o->items[i].event, json_incref(usable(&o->items[i])),
						    o->items[i].request->id};
	/* Of endings alone: it never fails. */
	(void)!journal_append_batch(e->journal, entries, o->count, &seq);
	(void)!engine_now(e, &now);
	for (size_t i = 0; i < o->count; i++) {
		settle(e, &o->items[i], &now);
		json_decref(o->items[i].fields.object);
	}
	o->count = 0;
	engine_say_degraded(e);
}

void engine_over(struct engine *e, struct overs *o, struct request *r, enum journal_event event, struct fields fields)
{
	if (o->count == OVERS_MAX)
		engine_overs_write(e, o);
	o->items[o->count++] = (struct over){r, event, fields};
}

/* Tables first, then the sessions: what is over must not open another one. */
void engine_overs_done(struct engine *e, struct overs *o)
{
	engine_overs_write(e, o);
	for (size_t i = 0; i < e->tenant_count; i++) {
		if (!e->tenants[i].grants_ended)
			continue;
		e->tenants[i].grants_ended = false;
		(void)engine_publish_grants(e, i);
	}
	for (size_t i = 0; i < e->state.request_count; i++) {
		struct request *r = e->state.requests[i];
		const bool lost = r->lost;

		if (!r->changed)
			continue;
		r->changed = r->lost = false;
		engine_say(e, ENGINE_REQUEST_CHANGED, r);
		if (lost)
			engine_say(e, ENGINE_GRANT_ENDED, r);
	}
}
