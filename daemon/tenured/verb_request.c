/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Request, and Extend, which is one for a grant that is there. Order: what is missing or wrong first, then step-up,
 * then the engine judges and files it; with `wait` the client hears of it until it is decided. A client that goes
 * leaves the request open.
 */
struct filing {
	struct request_input in; /* strings: those of the call's message */
	struct uuid id;          /* of what was filed */
	enum request_state state;
	size_t approvals;
	char *role, *scope; /* of an extension: the engine's may move */
};

static void release(void *state)
{
	struct filing *f = state;

	free(f->role);
	free(f->scope);
	free(f);
}

static void wrong(struct call *c, int r, const char *field)
{
	const struct filing *f = call_state(c);

	verb_engine_error(c, r, &(struct error_subject){.role = f->in.role, .field = field});
}

/* Behind every change: the waiting client hears what has become of its request. */
static void on_change(struct call *c)
{
	struct broker *b = call_broker(c);
	struct filing *f = call_state(c);
	const struct request *r;

	if (engine_find_id(b->engine, &f->id, &r) < 0) {
		verb_engine_error(c, -ENOENT, &(struct error_subject){.id = ""});
		return;
	}
	if (r->state == f->state && r->approval_count == f->approvals)
		return;
	f->state = r->state;
	f->approvals = r->approval_count;
	if (r->state == REQUEST_PENDING)
		call_event(c, json_pack("{s:s, s:o}", "event", "request", "request", row_request(b, call_actor(c), r)));
	else
		verb_reply_request(c, r);
}

static void file(struct call *c, bool step_up)
{
	struct broker *b = call_broker(c);
	struct filing *f = call_state(c);
	const struct request *r;
	int error = engine_request(b->engine, call_actor(c), &f->in, step_up, &r);

	broker_settle(b);
	if (error < 0) {
		wrong(c, error, NULL);
		return;
	}
	if (r->state != REQUEST_PENDING || !call_flag(c, "wait") || !call_wants_more(c)) {
		verb_reply_request(c, r);
		return;
	}
	f->id = r->id;
	f->state = r->state;
	f->approvals = r->approval_count;
	call_watch(c, on_change);
	call_event(c, json_pack("{s:s, s:o}", "event", "request", "request", row_request(b, call_actor(c), r)));
}

static void file_with_step_up(struct call *c)
{
	file(c, true);
}

void request_file(struct call *c, const char *role, const char *scope, const struct uuid *extends)
{
	struct filing *f = calloc(1, sizeof(*f));
	const char *field = NULL;
	int r;

	if (f) {
		f->role = strdup(role);
		f->scope = scope ? strdup(scope) : NULL;
	}
	if (!f || !f->role || (scope && !f->scope)) {
		if (f)
			release(f);
		verb_engine_error(c, -ENOMEM, &(struct error_subject){0});
		return;
	}
	f->in = (struct request_input){.role = f->role,
				       .scope = f->scope,
				       .reason = call_text(c, "reason"),
				       .ticket = call_text(c, "ticket"),
				       .duration_ns = call_number(c, "duration", 0) * NS_PER_S,
				       .extends = *extends};
	call_set_state(c, f, release);
	r = engine_request_check(call_broker(c)->engine, call_actor(c), &f->in, &field);
	if (r == 0)
		file(c, false);
	else if (r == -EKEYREJECTED)
		call_step_up(c, AUTH_MODE_STEP_UP, "request", file_with_step_up);
	else
		wrong(c, r, field);
}

void verb_request(struct call *c)
{
	request_file(c, call_text(c, "role"), call_text(c, "scope"), &(struct uuid){0});
}
