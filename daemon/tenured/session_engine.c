/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenured/session_engine.h"

static int engine_clock_now(struct clock_source *self, struct instant *ret)
{
	struct session_engine *glue = (struct session_engine *)(void *)self;

	return engine_now(glue->engine, ret);
}

/* What took the grant away: the words are the engine's (struct request, why). */
static enum session_cause cause_of_request(const struct request *r)
{
	const char *why = r->why ? r->why : "";

	if (strcmp(why, "drain") == 0)
		return SESSION_DRAINED;
	if (strcmp(why, "not-eligible") == 0)
		return SESSION_LOST;
	switch (r->state) {
	case REQUEST_REVOKED:
		return SESSION_REVOKED;
	case REQUEST_ENDED:
		return SESSION_ENDED;
	case REQUEST_EXPIRED:
		return SESSION_EXPIRED;
	default:
		return r->ending ? SESSION_EXPIRED : SESSION_CAUSE_NONE;
	}
}

static enum session_cause cause_find(struct engine *e, const struct session_question *q,
				     const struct session_judgement *j)
{
	const struct request *r;

	if (j->decision.why == WHY_DISABLED || j->decision.why == WHY_ENDED || j->decision.why == WHY_UNKNOWN_USER)
		return SESSION_DISABLED;
	if (!uuid_is_null(&q->rests_on) && engine_find_id(e, &q->rests_on, &r) == 0)
		return cause_of_request(r);
	return SESSION_CAUSE_NONE;
}

static int who_is_it(struct engine *e, const struct session_question *q, struct actor *who,
		     struct session_judgement *ret)
{
	int r = engine_actor(e, q->invoker, NO_ID, who);

	if (r < 0)
		return r;
	const struct tenant_config *tenant = who->governed ? engine_tenant(e, who->tenant) : NULL;
	if (!tenant) /* nobody that a tenant knows: a session of ours has no ground any more */
		return -EACCES;
	ret->tenant_id = tenant->id;
	ret->principal = who->principal_id;
	snprintf(ret->user, sizeof(ret->user), "%s", who->user);
	snprintf(ret->login, sizeof(ret->login), "%s", who->login);
	return 0;
}

/* The group right of a grant that ends first: a login that took its groups on ends with it. */
static int group_row(void *context, const struct holder *row)
{
	struct decision *d = context;

	if (row->kind != RIGHT_GROUP || uuid_is_null(&row->request))
		return 0;
	if (d->by_grant && d->window.end_ns <= row->window.end_ns)
		return 0;
	d->by_grant = true;
	d->request = row->request;
	d->window = row->window;
	snprintf(d->role, sizeof(d->role), "%s", row->role);
	return 0;
}

/*
 * A login by a standing right is contained only for the groups of a grant. When the grant that it rested on is gone, so
 * is its ground.
 */
static void login_groups(struct engine *e, const struct actor *who, const struct session_question *q,
			 struct session_judgement *ret)
{
	const struct holders *grants = engine_grants(e, who->tenant);

	if (!grants || holders_of_principal(grants, &who->principal_id, &q->now, group_row, &ret->decision) < 0) {
		ret->decision.verdict = VERDICT_DENY;
		ret->decision.why = WHY_UNREADABLE;
	} else if (!ret->decision.by_grant && !uuid_is_null(&q->rests_on)) {
		ret->decision.verdict = VERDICT_DENY;
		ret->decision.why = WHY_NO_ACTIVE_ROLE;
	}
}

static int engine_judge_session(void *context, const struct session_question *q, struct session_judgement *ret)
{
	struct session_engine *glue = context;
	struct actor who;

	*ret = (struct session_judgement){.decision = {.verdict = VERDICT_DENY, .why = WHY_UNREADABLE}};
	int r = who_is_it(glue->engine, q, &who, ret);
	if (r == -EACCES) {
		ret->decision.why = WHY_UNKNOWN_USER;
		ret->cause = SESSION_LOST;
		return 0;
	}
	if (r < 0) {
		ret->cause = cause_find(glue->engine, q, ret);
		return r;
	}
	struct decision_request request = {
		.question = q->kind == SESSION_LOGIN ? QUESTION_LOGIN : QUESTION_GATE, .principal = who.principal,
		.service = q->service, .target = q->target, .target_user = NO_INDEX, .now = q->now,
	};
	enum verdict verdict = decide(engine_policy(glue->engine, who.tenant), engine_grants(glue->engine, who.tenant),
				      &request, &ret->decision, NULL, NULL);
	if (verdict == VERDICT_ALLOW && q->kind == SESSION_LOGIN && !ret->decision.by_grant)
		login_groups(glue->engine, &who, q, ret);
	if (ret->decision.verdict != VERDICT_ALLOW)
		ret->cause = cause_find(glue->engine, q, ret);
	return 0;
}

/* --- the journal --- */

static void set_text(json_t *o, const char *key, const char *value)
{
	if (value && value[0])
		(void)json_object_set_new(o, key, json_string(value));
}

static void set_uuid(json_t *o, const char *key, const struct uuid *value)
{
	char text[UUID_TEXT_MAX];

	uuid_format(value, text);
	if (!uuid_is_null(value))
		set_text(o, key, text);
}

static void set_time(json_t *o, const char *key, int64_t realtime_ns)
{
	char text[TIME_TEXT_MAX];

	if (realtime_ns == TIME_FOREVER)
		return;
	time_format_rfc3339(realtime_ns, text, sizeof(text));
	set_text(o, key, text);
}

static void set_int(json_t *o, const char *key, int64_t value)
{
	(void)json_object_set_new(o, key, json_integer(value));
}

static json_t *fields_of_session(enum session_event event, const struct session_entry *entry)
{
	const struct session_view *v = &entry->view;
	const struct session_report *report = &entry->report;
	json_t *o = json_object();

	if (!o)
		return NULL;
	set_uuid(o, "id", &v->request);
	set_uuid(o, "session", &v->id);
	set_text(o, "user", v->user);
	set_text(o, "role", v->role);
	set_text(o, "service", v->service);
	set_text(o, "target", v->target);
	set_text(o, "tty", v->tty);
	set_int(o, "pid", v->pid);
	if (event == SESSION_EVENT_OPEN) {
		set_text(o, "kind", v->kind == SESSION_LOGIN ? "login" : "gate");
		set_text(o, "login", v->login);
		set_int(o, "uid", v->invoker);
		set_time(o, "until", v->until_ns);
		return o;
	}
	set_text(o, "cause", session_cause_text(report->cause));
	if (event == SESSION_EVENT_END) {
		set_int(o, "ended", report->ended);
		set_int(o, "survived", report->survived);
		set_int(o, "left", report->left);
		set_text(o, "survivors", report->survivors);
		set_text(o, "leftovers", report->leftovers);
	}
	return o;
}

static int engine_journal_sessions(void *context, enum session_event event, const struct session_entry *entries,
				   size_t count)
{
	static const enum journal_event events[] = {
		[SESSION_EVENT_OPEN] = JOURNAL_SESSION,
		[SESSION_EVENT_ENDING] = JOURNAL_SESSION_ENDING,
		[SESSION_EVENT_END] = JOURNAL_SESSION_END,
	};
	struct session_engine *glue = context;
	uint64_t seq;

	struct journal_entry *lines = calloc(count, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		lines[i] = (struct journal_entry){events[event], fields_of_session(event, &entries[i])};
	int r = journal_append_batch(engine_journal(glue->engine), lines, count, &seq);
	free(lines);
	return r;
}

static void engine_released(void *context, const struct uuid *request, const struct session_report *report)
{
	struct session_engine *glue = context;

	engine_session_report(glue->engine, request, report->ended, report->survived, report->left);
}

static void engine_log(void *context, int priority, const char *text)
{
	struct session_engine *glue = context;

	if (glue->log)
		glue->log(priority, text);
}

void session_engine_ports(struct session_engine *glue, struct engine *e, void (*log)(int priority, const char *text),
			  struct session_ports *ret)
{
	*glue = (struct session_engine){.clock = {.now = engine_clock_now}, .engine = e, .log = log};
	*ret = (struct session_ports){.context = glue, .clock = &glue->clock, .judge = engine_judge_session,
				      .journal = engine_journal_sessions, .released = engine_released,
				      .log = engine_log};
}
