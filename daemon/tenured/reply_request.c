/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/reply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/paths.h"

json_t *json_time(int64_t realtime_ns)
{
	char text[TIME_TEXT_MAX];

	if (realtime_ns == TIME_FOREVER || realtime_ns == TIME_ALWAYS || realtime_ns == 0)
		return json_null();
	time_format_rfc3339(realtime_ns, text, sizeof(text));
	return json_string(text);
}

json_t *json_seconds(int64_t ns)
{
	return ns == TIME_FOREVER ? json_null() : json_integer(ns / NS_PER_S);
}

json_t *json_text(const char *text)
{
	return text ? json_string(text) : json_null();
}

json_t *json_short_id(const struct uuid *id)
{
	char text[REQUEST_ID_TEXT_MAX];

	if (uuid_is_null(id))
		return json_null();
	request_id_format(id, text);
	return json_string(text);
}

bool request_is_of(const struct request *r, const struct actor *who)
{
	return who->governed && r->tenant == who->tenant && uuid_equal(&r->principal, &who->principal_id);
}

bool session_is_of(struct broker *b, const struct session_view *s, const struct actor *who)
{
	const struct tenant_config *tenant = who->governed ? engine_tenant(b->engine, who->tenant) : NULL;

	return tenant && uuid_equal(&s->tenant_id, &tenant->id) && uuid_equal(&s->principal, &who->principal_id);
}

bool viewer_may_know(const struct actor *viewer, size_t tenant)
{
	return viewer->uid == tenure_trusted_uid() || (viewer->governed && viewer->tenant == tenant);
}

bool viewer_may_know_session(struct broker *b, const struct actor *viewer, const struct session_view *s)
{
	for (size_t i = 0; i < engine_tenant_count(b->engine); i++) {
		const struct tenant_config *tenant = engine_tenant(b->engine, i);

		if (tenant && uuid_equal(&tenant->id, &s->tenant_id))
			return viewer_may_know(viewer, i);
	}
	return viewer->uid == tenure_trusted_uid();
}

struct held_search {
	const struct request *request;
	struct instant now;
	struct window best;
	int64_t left_ns; /* 0: none is held */
};

static int consider_grant(void *context, const struct request *r)
{
	struct held_search *s = context;
	int64_t left_ns;

	if (r->state != REQUEST_ACTIVE || r->tenant != s->request->tenant ||
	    !uuid_equal(&r->principal, &s->request->principal) || strcmp(r->role, s->request->role) != 0 ||
	    strcmp(r->scope, s->request->scope) != 0)
		return 0;
	left_ns = window_left_ns(&r->window, &s->now);
	if (left_ns > s->left_ns) {
		s->left_ns = left_ns;
		s->best = r->window;
	}
	return 0;
}

bool request_is_held(struct broker *b, const struct request *r, struct window *ret)
{
	struct held_search s = {.request = r};

	if (engine_now(b->engine, &s.now) < 0 || engine_each(b->engine, consider_grant, &s) < 0 || s.left_ns == 0)
		return false;
	*ret = s.best;
	return true;
}

bool viewer_has_right(struct broker *b, const struct actor *viewer, enum right_kind right, const struct actor *subject)
{
	struct decision_request question = {
		.question = QUESTION_MANAGE,
		.principal = viewer->principal,
		.manage = right,
		.target_user = subject ? subject->principal : NO_INDEX,
	};
	struct decision decision;

	if (viewer->uid == tenure_trusted_uid())
		return true;
	if (!viewer->governed || (subject && subject->tenant != viewer->tenant) ||
	    engine_dates_now(b->engine, &question.now) < 0)
		return false;
	return decide(engine_policy(b->engine, viewer->tenant), engine_grants(b->engine, viewer->tenant), &question,
		      &decision, NULL, NULL) == VERDICT_ALLOW;
}

bool viewer_may_decide(struct broker *b, const struct actor *viewer, const struct request *r)
{
	int error;

	if (!viewer->governed || r->state != REQUEST_PENDING)
		return false;
	error = engine_approve_check(b->engine, viewer, &r->id);
	return error == 0 || error == -EKEYREJECTED;
}

/* Also where they could decide from a login of their own, or when the journal takes lines again. */
static bool is_approver(struct broker *b, const struct actor *viewer, const struct request *r)
{
	int error = r->state == REQUEST_PENDING ? engine_approve_check(b->engine, viewer, &r->id) : -EALREADY;

	return error == 0 || error == -EKEYREJECTED || error == -ESTALE || error == -EROFS;
}

bool viewer_may_see(struct broker *b, const struct actor *viewer, const struct request *r)
{
	if (viewer->uid == tenure_trusted_uid() || request_is_of(r, viewer))
		return true;
	if (!viewer->governed || r->tenant != viewer->tenant)
		return false;
	for (size_t i = 0; i < r->approval_count; i++)
		if (uuid_equal(&r->approvals[i].principal, &viewer->principal_id))
			return true;
	return is_approver(b, viewer, r) || viewer_has_right(b, viewer, RIGHT_AUDIT_READ, NULL);
}

/* The role as it is now: title and rights. */

static int add_right(void *context, enum right_kind kind, const char *argument)
{
	char text[RIGHT_TEXT_MAX];

	right_format(kind, argument, text, sizeof(text));
	return json_array_append_new(context, json_string(text)) < 0 ? -ENOMEM : 0;
}

static json_t *rights_of(const struct policy *policy, uint32_t role)
{
	json_t *rights = json_array();

	if (rights && policy_role_rights(policy, role, add_right, rights) < 0)
		(void)json_array_clear(rights);
	return rights;
}

static int add_name(void *context, const char *name)
{
	return json_array_append_new(context, json_string(name)) < 0 ? -ENOMEM : 0;
}

static json_t *approvals_of(const struct request *r)
{
	json_t *items = json_array();

	for (size_t i = 0; i < r->approval_count; i++)
		(void)json_array_append_new(items, json_pack("{s:s, s:o, s:s}", "by", r->approvals[i].by, "at",
							     json_time(r->approvals[i].at_ns), "reason",
							     r->approvals[i].reason ? r->approvals[i].reason : ""));
	return items;
}

static void add_role(struct broker *b, const struct request *r, json_t *row)
{
	const struct policy *policy = engine_policy(b->engine, r->tenant);
	struct role_terms terms;
	uint32_t role;
	bool known = policy && policy_role_by_name(policy, r->role, &role) == 0 &&
		     policy_role_terms(policy, role, &terms) == 0;

	(void)json_object_set_new(row, "title", json_string(known ? terms.title : r->role));
	(void)json_object_set_new(row, "rights", known ? rights_of(policy, role) : json_array());
}

/* An extension that waits: whoever decides it wants to know what is held without it. */
static bool extends_held(struct broker *b, const struct request *r, struct window *ret)
{
	return r->state == REQUEST_PENDING && !uuid_is_null(&r->extends) && request_is_held(b, r, ret);
}

static void add_times(struct broker *b, const struct request *r, json_t *row)
{
	bool has_window = r->state == REQUEST_ACTIVE || r->state == REQUEST_SCHEDULED || r->activated_ns > 0;
	bool active = r->state == REQUEST_ACTIVE;
	struct window held;
	struct instant now;

	(void)json_object_set_new(row, "duration", json_seconds(r->duration_ns));
	(void)json_object_set_new(row, "asked", json_time(r->asked_ns));
	(void)json_object_set_new(row, "times_out",
				  r->state == REQUEST_PENDING ? json_time(r->times_out_ns) : json_null());
	(void)json_object_set_new(row, "start", has_window ? json_time(r->activated_ns) : json_null());
	(void)json_object_set_new(row, "until", has_window ? json_time(r->window.end_ns) : json_null());
	(void)json_object_set_new(row, "held_until", extends_held(b, r, &held) ? json_time(held.end_ns) : json_null());
	(void)json_object_set_new(row, "left",
				  active && engine_now(b->engine, &now) == 0
					  ? json_seconds(window_left_ns(&r->window, &now))
					  : json_null());
}

static void add_decision(struct broker *b, const struct actor *viewer, const struct request *r, json_t *row)
{
	json_t *approvers = json_array();
	unsigned count = 0;
	int64_t last_ns = 0;

	if (r->state == REQUEST_PENDING &&
	    engine_approvers(b->engine, (struct request *)(uintptr_t)r, add_name, approvers) < 0)
		(void)json_array_clear(approvers);
	engine_before(b->engine, r, &count, &last_ns);
	(void)json_object_set_new(row, "approvals_needed", json_integer(r->approvals_needed));
	(void)json_object_set_new(row, "approvals", approvals_of(r));
	(void)json_object_set_new(row, "approvers", approvers);
	(void)json_object_set_new(row, "decided_by", json_text(r->decided_by));
	(void)json_object_set_new(row, "decided_reason", json_text(r->decided_reason));
	(void)json_object_set_new(row, "before",
				  json_pack("{s:i, s:o}", "count", (int)count, "last", json_time(last_ns)));
	(void)json_object_set_new(row, "mine", json_boolean(request_is_of(r, viewer)));
	(void)json_object_set_new(row, "may_decide", json_boolean(viewer_may_decide(b, viewer, r)));
}

json_t *row_request(struct broker *b, const struct actor *viewer, const struct request *r)
{
	char uuid[UUID_TEXT_MAX];
	json_t *row;

	uuid_format(&r->id, uuid);
	row = json_pack("{s:o, s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:o}", "id", json_short_id(&r->id), "uuid", uuid,
			"state", request_state_text(r->state), "user", r->user, "login", json_text(r->login), "role",
			r->role, "scope", r->scope ? r->scope : "/", "reason", json_text(r->reason), "ticket",
			json_text(r->ticket), "extends", json_short_id(&r->extends));
	if (!row)
		return NULL;
	add_role(b, r, row);
	add_times(b, r, row);
	add_decision(b, viewer, r, row);
	return row;
}

json_t *row_session(const struct session_view *s)
{
	char id[UUID_TEXT_MAX];

	uuid_format(&s->id, id);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:i, s:o, s:o, s:o, s:i}", "id", id, "user", s->user,
			 "login", s->login, "role", s->role, "request", json_short_id(&s->request), "service",
			 s->service, "target", s->target, "tty", json_text(s->tty[0] ? s->tty : NULL), "pid",
			 (int)s->pid, "since", json_time(s->since_ns), "until", json_time(s->until_ns), "left",
			 json_seconds(s->left_ns), "processes", (int)s->processes);
}
