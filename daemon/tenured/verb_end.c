/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>

/* Ends the grant that `id` names, or the session, or, without an id, every grant that the caller holds. */

#define GRANTS_MAX 64

struct own_grants {
	const struct actor *who;
	struct uuid ids[GRANTS_MAX];
	size_t count;
};

static int collect_own(void *context, const struct request *r)
{
	struct own_grants *own = context;

	if (r->state == REQUEST_ACTIVE && request_is_of(r, own->who) && own->count < GRANTS_MAX)
		own->ids[own->count++] = r->id;
	return 0;
}

static void end_all(struct call *c)
{
	struct broker *b = call_broker(c);
	struct own_grants own = {.who = call_actor(c)};
	const struct request *r;
	json_t *items = json_array();
	int error = engine_each(b->engine, collect_own, &own);

	for (size_t i = 0; i < own.count && error == 0; i++) {
		error = engine_end(b->engine, call_actor(c), &own.ids[i], &r);
		if (error == 0)
			(void)json_array_append_new(items, row_request(b, call_actor(c), r));
	}
	broker_settle(b);
	if (error == 0) {
		call_reply(c, json_pack("{s:o}", "items", items));
		return;
	}
	json_decref(items);
	verb_engine_error(c, error, &(struct error_subject){.id = ""});
}

struct session_search {
	struct call *call;
	const char *text;
	struct uuid id;
	size_t count;
};

static bool may_end(struct call *c, const struct session_view *s)
{
	const struct actor *who = call_actor(c);
	struct actor holder;

	if (who->governed && uuid_equal(&s->principal, &who->principal_id))
		return true;
	return subject_find(call_broker(c), s->user, &holder) == 0 &&
	       viewer_has_right(call_broker(c), who, RIGHT_USER_SESSIONS_END, &holder);
}

static int match_session(void *context, const struct session_view *s)
{
	struct session_search *search = context;

	if (request_id_matches(&s->id, search->text) && may_end(search->call, s)) {
		search->id = s->id;
		search->count++;
	}
	return 0;
}

/* True: the id was a session's, and the call is answered. */
static bool end_session(struct call *c, const char *id)
{
	struct broker *b = call_broker(c);
	struct session_search search = {.call = c, .text = id};
	int r;

	if (!b->sessions || sessions_each(b->sessions, match_session, &search) < 0 || search.count != 1)
		return false;
	r = sessions_end(b->sessions, &search.id, SESSION_ENDED);
	broker_settle(b);
	if (r < 0)
		verb_engine_error(c, r, &(struct error_subject){.id = id});
	else
		call_reply(c, json_pack("{s:[]}", "items"));
	return true;
}

void verb_end(struct call *c)
{
	struct broker *b = call_broker(c);
	const char *id = call_text(c, "id");
	const struct request *before, *after;
	struct uuid uuid;
	int r;

	if (!id) {
		end_all(c);
		return;
	}
	if (end_session(c, id))
		return;
	before = verb_find_request(c, id);
	if (!before)
		return;
	uuid = before->id;
	r = engine_end(b->engine, call_actor(c), &uuid, &after);
	broker_settle(b);
	if (r < 0)
		verb_engine_error(c, r,
				  &(struct error_subject){.id = id,
							  .request = before,
							  .denied = "only its holder may end it"});
	else
		call_reply(c, json_pack("{s:[o]}", "items", row_request(b, call_actor(c), after)));
}
