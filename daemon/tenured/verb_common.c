/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/tenured/log.h"
#include "daemon/tenured/verb.h"

static int add_name(void *context, const char *name)
{
	return json_array_append_new(context, json_string(name)) < 0 ? -ENOMEM : 0;
}

static void own_request(struct call *c, const struct error_subject *about)
{
	json_t *ask = json_array();
	char id[REQUEST_ID_TEXT_MAX] = "this";

	if (about->request) {
		struct request *r = (struct request *)(uintptr_t)about->request;

		request_id_format(&r->id, id);
		if (engine_approvers(call_broker(c)->engine, r, add_name, ask) < 0)
			(void)json_array_clear(ask);
	}
	call_error(c, "OwnRequest", json_pack("{s:s, s:o}", "id", id, "ask", ask), NULL,
		   "%s is your own request; nobody approves their own", id);
}

static void no_such(struct call *c, const struct error_subject *about)
{
	char escaped[128];

	if (about->field && strcmp(about->field, "scope") == 0) {
		call_error(c, "Invalid", json_pack("{s:s}", "field", "scope"), NULL, "there is no such scope here");
	} else if (about->role && !about->id) {
		(void)text_escape(about->role, escaped, sizeof(escaped));
		call_error(c, "NoSuchRole", json_pack("{s:s}", "role", escaped), "tenure roles", "there is no role %s",
			   escaped);
	} else {
		(void)text_escape(about->id ? about->id : "", escaped, sizeof(escaped));
		call_error(c, "NoSuchRequest", json_pack("{s:s}", "id", escaped), "tenure", "there is no request %s",
			   escaped);
	}
}

static bool has_approved(const struct request *r, const struct actor *who)
{
	for (size_t i = 0; r->state == REQUEST_PENDING && i < r->approval_count; i++)
		if (uuid_equal(&r->approvals[i].principal, &who->principal_id))
			return true;
	return false;
}

static void wrong_state(struct call *c, const struct error_subject *about)
{
	char id[REQUEST_ID_TEXT_MAX] = "";
	const char *state = "?";

	if (about->request) {
		request_id_format(&about->request->id, id);
		state = request_state_text(about->request->state);
	}
	if (about->request && has_approved(about->request, call_actor(c)))
		call_error(c, "WrongState", json_pack("{s:s, s:s}", "id", id, "state", state), NULL,
			   "you have approved %s already; it waits for others", id);
	else if (about->request)
		call_error(c, "WrongState", json_pack("{s:s, s:s}", "id", id, "state", state), NULL, "%s is %s", id,
			   state);
	else
		call_error(c, "WrongState", json_pack("{s:s, s:s}", "id", id, "state", state), "tenure",
			   "there is such a request or grant already");
}

static void denied(struct call *c, const struct error_subject *about)
{
	char escaped[128];

	if (about->denied || !about->role) {
		bool waits = about->request && about->request->state == REQUEST_PENDING;

		call_error(c, "NotYours", NULL, waits ? "tenure pending" : NULL, "%s",
			   about->denied ? about->denied : "that is not yours to do");
		return;
	}
	(void)text_escape(about->role, escaped, sizeof(escaped));
	call_error(c, "NotEligible", json_pack("{s:s}", "role", escaped), "tenure roles",
		   "you are not eligible for %s here", escaped);
}

static void unavailable(struct call *c, int r)
{
	const char *degraded = engine_degraded(call_broker(c)->engine);

	if (r != -EROFS)
		log_text(LOG_WARNING, "call failed: %s", strerror(-r));
	call_error(c, "Unavailable", NULL, "tenure check", "cannot do that now: %s",
		   r == -EROFS && degraded ? degraded : strerror(-r));
}

/* The same numbers come from files, and mean nothing of what was asked for then. */
static bool is_of_files(int r, const struct error_subject *about)
{
	return (r == -EPERM && !about->request) || (r == -ENOENT && !about->id && !about->role && !about->field);
}

void verb_engine_error(struct call *c, int r, const struct error_subject *about)
{
	const char *field = about->field ? about->field : "request";

	if (is_of_files(r, about)) {
		unavailable(c, r);
		return;
	}
	switch (r) {
	case -EACCES:
		denied(c, about);
		break;
	case -EPERM:
		own_request(c, about);
		break;
	case -ENOENT:
		no_such(c, about);
		break;
	case -EINVAL:
	case -ERANGE:
	case -EILSEQ:
	case -EMSGSIZE:
		call_error(c, "Invalid", json_pack("{s:s}", "field", field), NULL, "%s is out of bounds or not clean",
			   field);
		break;
	case -ENODATA:
		call_error(c, "Missing", json_pack("{s:[s]}", "fields", field), NULL, "%s is missing", field);
		break;
	case -EALREADY:
		wrong_state(c, about);
		break;
	case -EKEYEXPIRED:
		call_error(c, "Unavailable", NULL, "tenure status",
			   "the directory is silent for longer than its lease; nothing new can be granted");
		break;
	case -ESTALE:
		call_error(c, "NotFromLogin", NULL, "log in as yourself",
			   "this needs a login session of your own: not by sudo or su");
		break;
	case -EBUSY:
		call_error(c, "Busy", NULL, "try again in a minute", "a limit was reached");
		break;
	case -EUSERS:
		call_error(c, "Busy", NULL, "try again in a minute", "you have asked too often lately");
		break;
	case -ENOTUNIQ:
		call_error(c, "Ambiguous", json_pack("{s:s, s:[]}", "id", about->id ? about->id : "", "matches"), NULL,
			   "several requests begin so; give more of the id");
		break;
	default:
		unavailable(c, r);
		break;
	}
}

struct matches {
	struct call *call;
	const char *text;
	json_t *ids;
};

static int add_match(void *context, const struct request *r)
{
	struct matches *m = context;

	if (request_id_matches(&r->id, m->text) && viewer_may_see(call_broker(m->call), call_actor(m->call), r))
		return json_array_append_new(m->ids, json_short_id(&r->id)) < 0 ? -ENOMEM : 0;
	return 0;
}

/* Others' requests count for nothing: neither do they make a prefix ambiguous, nor does anybody learn of them. */
static const struct request *find_among_visible(struct call *c, const char *id)
{
	struct matches m = {c, id, json_array()};
	const struct request *found = NULL;
	char escaped[128];
	size_t count;

	(void)text_escape(id, escaped, sizeof(escaped));
	if (engine_each(call_broker(c)->engine, add_match, &m) < 0)
		(void)json_array_clear(m.ids);
	count = json_array_size(m.ids);
	if (count == 1 &&
	    engine_find(call_broker(c)->engine, json_string_value(json_array_get(m.ids, 0)), &found) == 0) {
		json_decref(m.ids);
		return found;
	}
	if (count > 1) {
		call_error(c, "Ambiguous", json_pack("{s:s, s:o}", "id", escaped, "matches", m.ids), NULL,
			   "several requests begin with %s; give more of the id", escaped);
		return NULL;
	}
	json_decref(m.ids);
	call_error(c, "NoSuchRequest", json_pack("{s:s}", "id", escaped), "tenure", "there is no request %s", escaped);
	return NULL;
}

const struct request *verb_find_request(struct call *c, const char *id)
{
	const struct request *r;

	if (engine_find(call_broker(c)->engine, id, &r) == 0 && viewer_may_see(call_broker(c), call_actor(c), r))
		return r;
	return find_among_visible(c, id);
}

bool verb_subject(struct call *c, struct actor *ret)
{
	const struct actor *who = call_actor(c);
	const char *user = call_text(c, "user");
	char escaped[128];
	int r;

	*ret = *who;
	if (!user)
		return true;
	r = subject_find(call_broker(c), who, user, ret);
	if (r == 0 && who->governed && ret->tenant == who->tenant && uuid_equal(&ret->principal_id, &who->principal_id))
		return true;
	/* First the right, so that a name of which nothing may be known tells nothing. */
	if (!viewer_has_right(call_broker(c), who, call_right_for_others(c), r == 0 ? ret : NULL)) {
		call_error(c, "NotYours", NULL, NULL, "to ask about others is not yours");
		return false;
	}
	if (r == 0)
		return true;
	(void)text_escape(user, escaped, sizeof(escaped));
	call_error(c, "NoSuchUser", json_pack("{s:s}", "user", escaped), NULL, "there is no user %s", escaped);
	return false;
}

void verb_reply_request(struct call *c, const struct request *r)
{
	call_reply(c, json_pack("{s:o}", "request", row_request(call_broker(c), call_actor(c), r)));
}
