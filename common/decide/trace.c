/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the steps of a decision found, in words. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/decide/walk.h"

#define TRACE_TEXT_MAX (SCOPE_LENGTH_MAX + 4 * NAME_LENGTH_MAX)

void trace_head(const struct walk *w, enum trace_step step, const char *subject, const char *text, const char *place,
		const char *result, bool met)
{
	const struct trace_record record = {
		.step = step, .subject = subject, .text = text, .place = place, .result = result, .met = met};
	if (w->trace)
		w->trace(w->context, &record);
}

static void trace_detail(const struct walk *w, enum trace_step step, const char *text, const char *place,
			 const char *result)
{
	trace_head(w, step, "", text, place, result, true);
}

void trace_tenant(const struct walk *w, const struct policy_tenant *tenant)
{
	char text[TRACE_TEXT_MAX];
	if (!w->trace)
		return;
	(void)snprintf(text, sizeof(text), "%s is %s here", tenant->name, tenant->home ? "home" : "bound");
	trace_head(w, TRACE_TENANT, "tenant", text, "tenure.conf", "yes", true);
}

static void user_text(const struct policy_principal *user, enum why why, char *buf, size_t len)
{
	char time[TIME_TEXT_MAX];
	switch (why) {
	case WHY_DISABLED:
		(void)snprintf(buf, len, "disabled");
		return;
	case WHY_NOT_YET:
		time_format_rfc3339(user->start_ns, time, sizeof(time));
		(void)snprintf(buf, len, "enabled, from %s", time);
		return;
	case WHY_ENDED:
		time_format_rfc3339(user->end_ns, time, sizeof(time));
		(void)snprintf(buf, len, "ended %s", time);
		return;
	default:
		break;
	}
	if (user->end_ns == TIME_FOREVER) {
		(void)snprintf(buf, len, "enabled, no %s", user->start_ns == TIME_ALWAYS ? "dates" : "end");
		return;
	}
	time_format_rfc3339(user->end_ns, time, sizeof(time));
	(void)snprintf(buf, len, "enabled, until %s", time);
}

void trace_user(const struct walk *w, enum why why)
{
	char text[TRACE_TEXT_MAX];
	if (!w->trace)
		return;
	if (why == WHY_UNKNOWN_USER) {
		trace_head(w, TRACE_USER, "user", "unknown to the directory", "", "no", false);
		return;
	}
	user_text(&w->user, why, text, sizeof(text));
	trace_head(w, TRACE_USER, "user", text, w->user.place, why == WHY_NONE ? "yes" : "no", why == WHY_NONE);
}

/* "db-operator (dba, /prod/hr)"; a deny of single rights has its name or "deny" for the role. */
static int assignment_text(const struct walk *w, const struct policy_assignment *a, char *buf, size_t len)
{
	struct policy_role role = {.name = a->name ? a->name : "deny"};
	struct policy_unit unit = {0};
	if (a->role != NO_INDEX && policy_role(w->policy, a->role, &role) < 0)
		return -EBADMSG;
	if (a->unit != NO_INDEX && policy_unit(w->policy, a->unit, &unit) < 0)
		return -EBADMSG;
	(void)snprintf(buf, len, "%s (%s, %s%s)", role.name, a->through ? a->through : "direct",
		       unit.name ? "unit " : "", unit.name ? unit.name : a->scope);
	return 0;
}

/* "yes", "until 2026-…", "not yet", "ended". */
static const char *window_text(const struct walk *w, const struct window *window, const char *always, char *buf,
			       size_t len)
{
	char time[TIME_TEXT_MAX];
	if (w->request->now.realtime_ns < window->start_ns)
		return "not yet";
	if (!window_holds(window, &w->request->now))
		return "ended";
	if (window->end_ns == TIME_FOREVER)
		return always;
	time_format_rfc3339(window->end_ns, time, sizeof(time));
	(void)snprintf(buf, len, "until %s", time);
	return buf;
}

static void trace_assignment(const struct walk *w, const struct policy_assignment *a)
{
	char text[TRACE_TEXT_MAX], time[TIME_TEXT_MAX + sizeof("until ")];
	const char *target = w->request->question == QUESTION_GATE_ANY ? NULL : w->request->target;
	const char *result;
	int covers = rights_cover(w->policy, a->rights, w->kind, target);
	int reaches = assignment_reaches(w, a);
	if (assignment_text(w, a, text, sizeof(text)) < 0)
		return;
	if (covers <= 0)
		result = "no right";
	else if (reaches <= 0)
		result = a->blocked ? "restricted unit" : "out of reach";
	else
		result = window_text(w, &a->window, a->type == ASSIGNMENT_ACTIVE ? "yes" : "eligible", time, sizeof(time));
	if (a->type == ASSIGNMENT_ELIGIBLE && result == time)
		result = "eligible";
	trace_detail(w, TRACE_RIGHT, text, a->place, result);
}

struct grant_trace {
	const struct walk *walk;
};

static int trace_grant(void *context, const struct holder *row)
{
	const struct walk *w = ((const struct grant_trace *)context)->walk;
	char text[TRACE_TEXT_MAX], id[REQUEST_ID_TEXT_MAX], time[TIME_TEXT_MAX + sizeof("until ")];
	const struct policy_right right = {.kind = row->kind, .argument = row->argument};
	const char *target = w->request->question == QUESTION_GATE_ANY ? NULL : w->request->target;
	if (row->kind != w->kind || !row->role)
		return 0;
	if (w->kind == RIGHT_BECOME || w->kind == RIGHT_GROUP) {
		if (!row->argument || (target && !right_covers(&right, w->kind, target)))
			return 0;
	}
	request_id_format(&row->request, id);
	(void)snprintf(text, sizeof(text), "%s (grant %s)", row->role, id);
	trace_detail(w, TRACE_RIGHT, text, "", window_text(w, &row->window, "yes", time, sizeof(time)));
	return 0;
}

static void right_text(const struct walk *w, char *buf, size_t len)
{
	const char *target = w->request->question == QUESTION_GATE_ANY ? "*" : w->request->target;
	if (w->kind == 0)
		(void)snprintf(buf, len, "an enabled account");
	else
		right_format(w->kind, target, buf, len);
}

static void trace_grants(const struct walk *w)
{
	struct grant_trace trace = {.walk = w};
	if (holders_of_principal(w->grants, &w->user.id, &w->request->now, trace_grant, &trace) < 0)
		trace_detail(w, TRACE_RIGHT, "grants", "", "unreadable");
}

void trace_right(const struct walk *w, bool met)
{
	char text[TRACE_TEXT_MAX];
	struct policy_assignment a;
	if (!w->trace)
		return;
	right_text(w, text, sizeof(text));
	trace_head(w, TRACE_RIGHT, "right", text, "", w->kind == 0 ? "yes" : "", met);
	for (uint32_t i = 0; w->kind != 0; i++) {
		if (policy_assignment(w->policy, w->request->principal, i, &a) < 0)
			break;
		if (a.type != ASSIGNMENT_DENY)
			trace_assignment(w, &a);
	}
	if (w->kind != 0 && w->user.kind != USER_SERVICE)
		trace_grants(w);
}

/* The deny takes what is asked, or of some become:* any. */
static bool deny_matters(const struct walk *w, const struct policy_assignment *a)
{
	const char *target = w->request->question == QUESTION_GATE_ANY ? NULL : w->request->target;
	const struct deny_query query = query_of(w, target);
	return deny_takes(w->policy, a, &query) > 0;
}

static unsigned trace_each_deny(const struct walk *w, bool emit)
{
	char text[TRACE_TEXT_MAX], time[TIME_TEXT_MAX + sizeof("until ")];
	struct policy_assignment a;
	unsigned count = 0;
	for (uint32_t i = 0; policy_assignment(w->policy, w->request->principal, i, &a) == 0; i++) {
		if (!deny_matters(w, &a) || assignment_text(w, &a, text, sizeof(text)) < 0)
			continue;
		count++;
		if (emit)
			trace_detail(w, TRACE_DENY, text, a.place, window_text(w, &a.window, "denies", time, sizeof(time)));
	}
	return count;
}

void trace_denies(const struct walk *w, bool met)
{
	if (!w->trace)
		return;
	if (w->kind == 0 || trace_each_deny(w, false) == 0) {
		trace_head(w, TRACE_DENY, "deny", "none applies", "", "", met);
		return;
	}
	trace_head(w, TRACE_DENY, "deny", met ? "none applies now" : "applies", "", met ? "" : "no", met);
	(void)trace_each_deny(w, true);
}

static void higher_role_text(const struct walk *w, bool met, char *buf, size_t len)
{
	struct policy_principal target;
	const char *name = "the user";
	if (policy_principal(w->policy, w->request->target_user, &target) == 0)
		name = target.name;
	(void)snprintf(buf, len, "%s holds %s higher role", name, met ? "no" : "a");
}

void trace_ceiling(const struct walk *w, bool met)
{
	char text[TRACE_TEXT_MAX];
	const char *place = "tenure.conf", *target = w->request->target;
	if (!w->trace)
		return;
	if (w->request->question == QUESTION_GATE_ANY) {
		(void)snprintf(text, sizeof(text), "become %s", met ? "allowed" : "of no held target allowed");
	} else if (w->kind == RIGHT_BECOME || w->kind == RIGHT_GROUP) {
		(void)snprintf(text, sizeof(text), "%s %s %sallowed", w->kind == RIGHT_BECOME ? "become" : "group", target,
			       met ? "" : "not ");
	} else {
		bool higher = w->kind == RIGHT_USER_LOCK || w->kind == RIGHT_USER_SESSIONS_END;
		place = "";
		if (higher)
			higher_role_text(w, met, text, sizeof(text));
		else
			(void)snprintf(text, sizeof(text), "does not cap this");
	}
	trace_head(w, TRACE_CEILING, "ceiling", text, place, met ? "yes" : "no", met);
}
