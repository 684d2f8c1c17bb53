/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>

#include "common/base/text.h"

/* Ends the grant that `id` names, or the session, or, without an id, every grant that the caller holds. */

struct own_grant {
	const struct actor *who;
	struct uuid id;
};

/* 1: there is one. */
static int find_own(void *context, const struct request *r)
{
	struct own_grant *own = context;

	if (r->state != REQUEST_ACTIVE || !request_is_of(r, own->who))
		return 0;
	own->id = r->id;
	return 1;
}

/* Until none is left, however many there are. */
static void end_all(struct call *c)
{
	struct broker *b = call_broker(c);
	struct own_grant own = {.who = call_actor(c)};
	const struct request *r;
	json_t *items = json_array();
	int error = 0;

	while (error == 0 && engine_each(b->engine, find_own, &own) == 1) {
		error = engine_end(b->engine, call_actor(c), &own.id, &r);
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
	json_t *matches; /* short ids; NULL without memory */
};

static bool may_end(struct call *c, const struct session_view *s)
{
	const struct actor *who = call_actor(c);
	struct actor holder;

	if (session_is_of(call_broker(c), s, who))
		return true;
	return subject_find(call_broker(c), who, s->user, &holder) == 0 &&
	       viewer_has_right(call_broker(c), who, RIGHT_USER_SESSIONS_END, &holder);
}

static int match_session(void *context, const struct session_view *s)
{
	struct session_search *search = context;

	if (request_id_matches(&s->id, search->text) && may_end(search->call, s)) {
		search->id = s->id;
		search->count++;
		(void)json_array_append_new(search->matches, json_short_id(&s->id));
	}
	return 0;
}

/* True: the id was a session's, and the call is answered. */
static bool end_session(struct call *c, const char *id)
{
	struct broker *b = call_broker(c);
	struct session_search search = {.call = c, .text = id, .matches = json_array()};
	char escaped[128];
	int r;

	if (!b->sessions || sessions_each(b->sessions, match_session, &search) < 0 || search.count == 0) {
		json_decref(search.matches);
		return false;
	}
	if (search.count > 1) {
		(void)text_escape(id, escaped, sizeof(escaped));
		call_error(c, "Ambiguous", json_pack("{s:s, s:o}", "id", escaped, "matches", search.matches), NULL,
			   "several sessions begin with %s; give more of the id", escaped);
		return true;
	}
	json_decref(search.matches);
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
