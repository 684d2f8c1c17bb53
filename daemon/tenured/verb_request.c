/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/buffer.h"
#include "daemon/tenured/notice.h"

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
	struct actor who;   /* the caller, or the guest that the caller is in the tenant whose role it is */
};

static void release(void *state)
{
	struct filing *f = state;

	free(f->role);
	free(f->scope);
	free(f);
}

/* The role's terms for the caller. False: there are none. */
static bool find_terms(struct call *c, const char *role, struct role_terms *ret)
{
	const struct filing *f = call_state(c);
	const struct policy *policy = engine_policy(call_broker(c)->engine, f->who.tenant);
	uint32_t position;

	return policy && policy_role_by_name(policy, role, &position) == 0 &&
	       policy_role_terms(policy, position, ret) == 0;
}

/* As in judge of the engine: the host's shortest, unless the role's longest is shorter still. */
static int64_t shortest_ns(struct call *c, int64_t max_ns)
{
	int64_t min_ns = engine_host_config(call_broker(c)->engine)->min_duration_ns;

	return min_ns < max_ns ? min_ns : max_ns;
}

/* Would the longest that the role gives be an extension? */
static bool more_can_be_had(struct call *c, const struct filing *f)
{
	struct request_input most = f->in;
	const char *field = NULL;
	int r;

	most.duration_ns = 0;
	r = engine_request_check(call_broker(c)->engine, &f->who, &most, &field);
	return r == 0 || r == -EKEYREJECTED || !field || strcmp(field, "duration") != 0;
}

/* Inside the role's bounds, and over no later than what is held. True: the call is answered. */
static bool answer_no_gain(struct call *c, const struct filing *f)
{
	struct broker *b = call_broker(c);
	char until[64], left[DURATION_TEXT_MAX], next[64];
	const struct request *extended;
	struct instant now;
	struct window held;

	if (engine_find_id(b->engine, &f->in.extends, &extended) < 0 || !request_is_held(b, extended, &held) ||
	    engine_now(b->engine, &now) < 0)
		return false;
	notice_time(held.end_ns, until, sizeof(until));
	duration_format(time_add(window_left_ns(&held, &now), NS_PER_S - 1), left, sizeof(left));
	(void)snprintf(next, sizeof(next), "ask for more than %s", left);
	call_error(c, "Invalid", json_pack("{s:s}", "field", "duration"),
		   more_can_be_had(c, f) ? next : "no more can be had now", "you hold %s until %s already",
		   f->in.role, until);
	return true;
}

/* True: the call is answered. */
static bool answer_duration(struct call *c, const struct filing *f)
{
	char least[DURATION_TEXT_MAX], most[DURATION_TEXT_MAX];
	int64_t asked_ns, shortest;
	struct role_terms terms;

	if (!find_terms(c, f->in.role, &terms))
		return false;
	shortest = shortest_ns(c, terms.activation.max_duration_ns);
	asked_ns = f->in.duration_ns ? f->in.duration_ns : terms.activation.max_duration_ns;
	if (asked_ns >= shortest && asked_ns <= terms.activation.max_duration_ns && !uuid_is_null(&f->in.extends))
		return answer_no_gain(c, f);
	duration_format(shortest, least, sizeof(least));
	duration_format(terms.activation.max_duration_ns, most, sizeof(most));
	call_error(c, "Invalid", json_pack("{s:s}", "field", "duration"), NULL, "%s can be had for %s to %s",
		   f->in.role, least, most);
	return true;
}

#define SCOPES_BYTES 512

struct scope_list {
	const char *role;
	const char *here; /* the host's own path */
	struct buffer text;
};

static int add_scope(void *context, const struct eligibility *e)
{
	struct scope_list *l = context;

	if (e->type != ASSIGNMENT_ELIGIBLE || !e->usable || strcmp(e->role_name, l->role) != 0)
		return 0;
	if (l->text.len)
		buffer_append_string(&l->text, " or ");
	buffer_append_string(&l->text, e->scope ? e->scope : e->unit);
	if (e->scope && strcmp(e->scope, l->here) != 0)
		buffer_printf(&l->text, " down to %s", l->here);
	return 0;
}

/* Says where the caller may ask for the role. True: the call is answered. */
static bool answer_scope(struct call *c, const struct filing *f)
{
	const struct policy *policy = engine_policy(call_broker(c)->engine, f->who.tenant);
	struct scope_list l = {.role = f->in.role, .here = "/", .text = BUFFER(SCOPES_BYTES)};
	struct policy_host host;
	struct instant now;
	uint32_t principal;
	bool known;

	if (policy && policy_host(policy, &host) == 0 && host.known)
		l.here = host.path;
	known = policy && policy_principal_by_id(policy, &f->who.principal_id, &principal) == 0 &&
		engine_now(call_broker(c)->engine, &now) == 0 &&
		decide_assignments(policy, principal, &now, add_scope, &l) == 0 && buffer_error(&l.text) == 0 &&
		l.text.len > 0;
	if (known)
		call_error(c, "Invalid", json_pack("{s:s}", "field", "scope"), NULL, "%s can be had at %s", f->in.role,
			   l.text.data);
	buffer_done(&l.text);
	return known;
}

static void wrong(struct call *c, int r, const char *field)
{
	const struct filing *f = call_state(c);

	if (r == -EBUSY) {
		call_error(c, "Busy", NULL, "tenure", "you have %d open requests or %d grants: cancel or end one",
			   REQUESTS_PER_PRINCIPAL_MAX, GRANTS_PER_PRINCIPAL_MAX);
		return;
	}
	if (r == -EINVAL && field && strcmp(field, "duration") == 0 && answer_duration(c, f))
		return;
	if (r == -EINVAL && field && strcmp(field, "scope") == 0 && answer_scope(c, f))
		return;
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

static int is_eligible(void *context, const struct eligibility *e)
{
	return e->type == ASSIGNMENT_ELIGIBLE && strcmp(e->role_name, context) == 0;
}

static bool may_ask(struct call *c, const struct actor *who, char *role)
{
	const struct policy *policy = engine_policy(call_broker(c)->engine, who->tenant);
	struct instant now;

	return policy && who->governed && engine_dates_now(call_broker(c)->engine, &now) == 0 &&
	       decide_assignments(policy, who->principal, &now, is_eligible, role) == 1;
}

/*
 * The own tenant, unless it has no such role for the caller and one has whose guest the caller is. What other roles there
 * are is nothing to a guest, not even by another error.
 */
static void choose_tenant(struct call *c, struct filing *f)
{
	struct engine *e = call_broker(c)->engine;
	const bool extends = !uuid_is_null(&f->in.extends);
	const struct request *r = NULL;
	struct actor guest;

	f->who = *call_actor(c);
	if (extends ? engine_find_id(e, &f->in.extends, &r) < 0 : may_ask(c, &f->who, f->role))
		return;
	for (size_t i = 0; i < engine_tenant_count(e); i++) {
		if ((extends && i != r->tenant) || engine_guest(e, call_actor(c), i, &guest) < 0)
			continue;
		if (extends || may_ask(c, &guest, f->role)) {
			f->who = guest;
			return;
		}
	}
}

static void file(struct call *c, bool step_up)
{
	struct broker *b = call_broker(c);
	struct filing *f = call_state(c);
	const struct request *r;
	/* Anew: step-up took its time, and how it was proved stands in the caller. */
	choose_tenant(c, f);
	int error = engine_request(b->engine, &f->who, &f->in, step_up, &r);

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
	choose_tenant(c, f);
	call_set_state(c, f, release);
	r = engine_request_check(call_broker(c)->engine, &f->who, &f->in, &field);
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
