/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/reply.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/paths.h"

/* A row is made from an assignment; a live grant or an open request of the role then marks it. */
struct role_walk {
	struct broker *broker;
	const struct actor *subject;
	const struct policy *policy;
	struct instant now;
	bool shows_places;
	const char *host; /* the tenant whose guest the subject is; NULL: none */
	json_t *rows;
};

static int add_right(void *context, enum right_kind kind, const char *argument)
{
	char text[RIGHT_TEXT_MAX];

	right_format(kind, argument, text, sizeof(text));
	return json_array_append_new(context, json_string(text)) < 0 ? -ENOMEM : 0;
}

static void add_terms(const struct role_walk *walk, uint32_t role, json_t *row)
{
	json_t *rights = json_array();
	struct role_terms terms;
	bool known = policy_role_terms(walk->policy, role, &terms) == 0;
	const struct activation *a = &terms.activation;

	if (rights && policy_role_rights(walk->policy, role, add_right, rights) < 0)
		(void)json_array_clear(rights);
	(void)json_object_set_new(row, "rights", rights);
	(void)json_object_set_new(row, "max_duration", json_integer(known ? a->max_duration_ns / NS_PER_S : 0));
	(void)json_object_set_new(row, "justification", json_boolean(!known || a->justification));
	(void)json_object_set_new(row, "ticket", json_boolean(!known || a->ticket));
	(void)json_object_set_new(row, "step_up", json_boolean(!known || a->step_up));
	(void)json_object_set_new(row, "approvals", json_integer(known ? a->approvals : 0));
}

static const char *through_text(const struct role_walk *walk, const struct eligibility *e, char *buf, size_t len)
{
	if (!walk->host && !e->through)
		return "direct";
	(void)snprintf(buf, len, "%s %s", walk->host ? "guest of" : "group", walk->host ? walk->host : e->through);
	return buf;
}

static int add_assignment(void *context, const struct eligibility *e)
{
	struct role_walk *walk = context;
	char through[NAME_LENGTH_MAX + 16];
	json_t *row;

	if (e->type == ASSIGNMENT_DENY)
		return 0;
	row = json_pack("{s:s, s:s, s:s, s:o, s:o, s:s, s:o, s:o, s:n, s:n, s:b}", "role", e->role_name, "title",
			e->title ? e->title : e->role_name, "state",
			e->type == ASSIGNMENT_ACTIVE ? "assigned" : "eligible", "scope", json_text(e->scope), "unit",
			json_text(e->unit), "through", through_text(walk, e, through, sizeof(through)), "place",
			json_text(walk->shows_places ? e->place : NULL), "until", json_time(e->window.end_ns), "left",
			"id", "usable", (int)e->usable);
	if (!row)
		return -ENOMEM;
	add_terms(walk, e->role, row);
	return json_array_append_new(walk->rows, row) < 0 ? -ENOMEM : 0;
}

static bool row_is_for(json_t *row, const struct request *r)
{
	const char *role = json_string_value(json_object_get(row, "role"));
	const char *state = json_string_value(json_object_get(row, "state"));
	const char *scope = json_string_value(json_object_get(row, "scope"));

	if (!role || !state || strcmp(role, r->role) != 0 || strcmp(state, "eligible") != 0)
		return false;
	/* A grant stands at a path, or at a unit: then only its name can be compared. */
	if (!r->scope || r->scope[0] != '/')
		return !scope;
	return scope && scope_covers(scope, r->scope);
}

static void mark(struct role_walk *walk, json_t *row, const struct request *r)
{
	bool active = r->state == REQUEST_ACTIVE;

	(void)json_object_set_new(row, "state", json_string(active ? "activated" : request_state_text(r->state)));
	(void)json_object_set_new(row, "id", json_short_id(&r->id));
	if (active || r->state == REQUEST_SCHEDULED)
		(void)json_object_set_new(row, "until", json_time(r->window.end_ns));
	if (active)
		(void)json_object_set_new(row, "left", json_seconds(window_left_ns(&r->window, &walk->now)));
}

/* A grant whose assignment shows no more is still shown until it has ended. */
static int add_lone_request(struct role_walk *walk, const struct request *r)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:o, s:n, s:s, s:n, s:n, s:n, s:n, s:b}", "role", r->role, "title",
				r->role, "state", "eligible", "scope", json_text(r->scope), "unit", "through", "direct",
				"place", "until", "left", "id", "usable", 0);
	uint32_t role;

	if (!row)
		return -ENOMEM;
	if (policy_role_by_name(walk->policy, r->role, &role) < 0)
		role = NO_INDEX;
	add_terms(walk, role, row);
	mark(walk, row, r);
	return json_array_append_new(walk->rows, row) < 0 ? -ENOMEM : 0;
}

static bool is_open(const struct request *r)
{
	return r->state == REQUEST_ACTIVE || r->state == REQUEST_PENDING || r->state == REQUEST_SCHEDULED;
}

static int add_request(void *context, const struct request *r)
{
	struct role_walk *walk = context;
	size_t i;
	json_t *row;

	if (!is_open(r) || r->tenant != walk->subject->tenant || !request_is_of(r, walk->subject))
		return 0;
	json_array_foreach(walk->rows, i, row) {
		if (row_is_for(row, r)) {
			mark(walk, row, r);
			return 0;
		}
	}
	/* An extension, or a request beside a grant, shows through the row that is marked already. */
	json_array_foreach(walk->rows, i, row)
		if (strcmp(json_string_value(json_object_get(row, "role")), r->role) == 0 && r->state != REQUEST_ACTIVE)
			return 0;
	return add_lone_request(walk, r);
}

static int add_roles(struct role_walk *walk)
{
	json_t *all = walk->rows;
	int r;

	walk->rows = json_array(); /* so that no request marks a row of another tenant */
	if (!walk->rows)
		r = -ENOMEM;
	else
		r = decide_assignments(walk->policy, walk->subject->principal, &walk->now, add_assignment, walk);
	if (r == 0)
		r = engine_each(walk->broker->engine, add_request, walk);
	if (r == 0)
		r = json_array_extend(all, walk->rows) < 0 ? -ENOMEM : 0;
	json_decref(walk->rows);
	walk->rows = all;
	return r;
}

/* Roles of other tenants that name the subject as their guest. */
static int add_guest_roles(struct role_walk *walk)
{
	const struct actor *subject = walk->subject;
	int r = 0;

	for (size_t i = 0; r == 0 && i < engine_tenant_count(walk->broker->engine); i++) {
		struct actor guest;
		int k = engine_guest(walk->broker->engine, subject, i, &guest);

		if (k < 0)
			continue;
		walk->subject = &guest;
		walk->policy = engine_policy(walk->broker->engine, i);
		walk->host = engine_tenant(walk->broker->engine, i)->name;
		r = add_roles(walk);
	}
	walk->subject = subject;
	return r;
}

json_t *rows_of_roles(struct broker *b, const struct actor *viewer, const struct actor *subject)
{
	struct role_walk walk = {
		.broker = b,
		.subject = subject,
		.policy = engine_policy(b->engine, subject->tenant),
		.shows_places = viewer_has_right(b, viewer, RIGHT_POLICY_READ, NULL),
		.rows = json_array(),
	};
	int r;

	if (!walk.rows || !subject->governed || !walk.policy || engine_now(b->engine, &walk.now) < 0)
		return walk.rows;
	r = add_roles(&walk);
	walk.shows_places = viewer->uid == tenure_trusted_uid();
	if (r == 0 && viewer_may_know_guest(viewer, subject))
		r = add_guest_roles(&walk);
	if (r < 0)
		(void)json_array_clear(walk.rows); /* a part would be taken for the whole */
	return walk.rows;
}

struct request_walk {
	struct broker *broker;
	const struct actor *viewer, *subject;
	json_t *rows;
};

static int add_request_row(void *context, const struct request *r)
{
	struct request_walk *walk = context;

	if (!is_open(r) || !request_is_of(r, walk->subject) ||
	    (r->tenant != walk->subject->tenant && !viewer_may_know_guest(walk->viewer, walk->subject)))
		return 0;
	return json_array_append_new(walk->rows, row_request(walk->broker, walk->viewer, r)) < 0 ? -ENOMEM : 0;
}

json_t *rows_of_requests(struct broker *b, const struct actor *viewer, const struct actor *subject)
{
	struct request_walk walk = {b, viewer, subject, json_array()};

	if (walk.rows && engine_each(b->engine, add_request_row, &walk) < 0)
		(void)json_array_clear(walk.rows);
	return walk.rows;
}

json_t *rows_of_units(struct broker *b, const struct actor *subject)
{
	const struct policy *policy = engine_policy(b->engine, subject->tenant);
	json_t *names = json_array();
	struct policy_unit unit;
	uint32_t position;

	if (!subject->governed || !policy)
		return names;
	for (uint32_t i = 0; policy_principal_unit(policy, subject->principal, i, &position) == 0; i++)
		if (policy_unit(policy, position, &unit) == 0)
			(void)json_array_append_new(names, json_string(unit.name));
	return names;
}
