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

static enum session_cause cause_rests_on(struct engine *e, const struct uuid *rests_on)
{
	const struct request *r;

	if (uuid_is_null(rests_on) || engine_find_id(e, rests_on, &r) < 0)
		return SESSION_CAUSE_NONE;
	return cause_of_request(r);
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

/* A session's question while each right that it needs is judged. */
struct judging {
	struct engine *engine;
	const struct session_question *question;
	struct actor who;
	struct session_judgement *ret;
};

/* The latest request that gave, or gives, a right that is not held any more. */
struct giver {
	const struct judging *judging;
	enum right_kind kind;
	const char *argument; /* NULL: the right has none */
	const struct request *latest;
};

/* 1: found. */
static int right_match(void *context, enum right_kind kind, const char *argument)
{
	const struct giver *g = context;

	return kind == g->kind && (!g->argument || (argument && strcmp(argument, g->argument) == 0));
}

static int giver_look(void *context, const struct request *r)
{
	struct giver *g = context;
	const struct actor *who = &g->judging->who;
	const struct policy *policy = engine_policy(g->judging->engine, who->tenant);
	bool began = r->state == REQUEST_ACTIVE || cause_of_request(r) != SESSION_CAUSE_NONE;
	uint32_t role;

	if (!policy || !began || r->tenant != who->tenant || !uuid_equal(&r->principal, &who->principal_id) ||
	    policy_role_by_name(policy, r->role, &role) < 0 || policy_role_rights(policy, role, right_match, g) != 1)
		return 0;
	if (!g->latest || r->decided_ns >= g->latest->decided_ns)
		g->latest = r;
	return 0;
}

/* Why the session has to end now that this right is denied. What it rested on may live, and another grant be gone. */
static enum session_cause cause_find(const struct judging *g, enum right_kind kind, const char *argument)
{
	struct giver giver = {g, kind, argument, NULL};
	enum why why = g->ret->decision.why;

	if (why == WHY_DISABLED || why == WHY_ENDED || why == WHY_UNKNOWN_USER)
		return SESSION_DISABLED;
	enum session_cause cause = cause_rests_on(g->engine, &g->question->rests_on);
	if (cause != SESSION_CAUSE_NONE || g->question->kind != SESSION_LOGIN)
		return cause;
	return engine_each(g->engine, giver_look, &giver) == 0 && giver.latest ? cause_of_request(giver.latest) :
										 SESSION_CAUSE_NONE;
}

static void deny(struct decision *d, enum why why)
{
	*d = (struct decision){.verdict = VERDICT_DENY, .why = why};
}

/* As the guest that he is in that tenant. Not a guest there: nothing changes in *ret, and a denial. */
static enum verdict guest_decide(const struct judging *g, const struct actor *guest,
				 const struct decision_request *request, struct decision *ret)
{
	struct decision d;

	if (decide_guest(engine_policy(g->engine, g->who.tenant), engine_policy(g->engine, guest->tenant),
			 engine_grants(g->engine, guest->tenant), request, &d, NULL, NULL) == VERDICT_ALLOW ||
	    d.why == WHY_UNREADABLE)
		*ret = d;
	return d.verdict;
}

/*
 * Own tenant first, then those where he is a guest, as the modules ask. as: not NULL and not null: as that principal
 * alone; null: set to the one that it is. What cannot be read denies.
 */
static enum verdict right_decide(struct judging *g, enum question question, const char *target, struct actor *as,
				 struct decision *ret)
{
	const struct decision_request request = {
		.question = question, .principal = g->who.principal, .service = g->question->service, .target = target,
		.target_user = NO_INDEX, .now = g->question->now,
	};
	const bool any = !as || uuid_is_null(&as->principal_id);
	const struct uuid wanted = as ? as->principal_id : (struct uuid){{0}};
	enum verdict verdict = decide(engine_policy(g->engine, g->who.tenant), engine_grants(g->engine, g->who.tenant),
				      &request, ret, NULL, NULL);

	if (as && (any || uuid_equal(&wanted, &g->who.principal_id)))
		*as = g->who;
	if (uuid_equal(&wanted, &g->who.principal_id) || (any && verdict == VERDICT_ALLOW))
		return verdict;
	if (verdict != VERDICT_ALLOW && !decide_may_be_guest(ret))
		return verdict;
	if (verdict == VERDICT_ALLOW)
		deny(ret, question == QUESTION_LOGIN ? WHY_NO_LOGIN_RIGHT : WHY_NO_ACTIVE_ROLE);
	for (size_t i = 0; i < engine_tenant_count(g->engine) && ret->why != WHY_UNREADABLE; i++) {
		struct actor guest;
		int r = engine_guest(g->engine, &g->who, i, &guest);

		if (r < 0 && r != -ENOENT)
			deny(ret, WHY_UNREADABLE);
		if (r < 0 || (!any && !uuid_equal(&wanted, &guest.principal_id)) ||
		    guest_decide(g, &guest, &request, ret) != VERDICT_ALLOW)
			continue;
		if (as)
			*as = guest;
		return VERDICT_ALLOW;
	}
	return ret->verdict;
}

/* The window of both; who ends first gives the role, and of two that end together the grant. */
static void decision_join(struct decision *d, const struct decision *other, const struct instant *now)
{
	int64_t left = window_left_ns(&d->window, now), other_left = window_left_ns(&other->window, now);

	if (other_left < left || (other_left == left && other->by_grant && !d->by_grant)) {
		memcpy(d->role, other->role, sizeof(d->role));
		d->by_grant = other->by_grant;
		d->request = other->request;
	}
	d->window.start_ns = other->window.start_ns > d->window.start_ns ? other->window.start_ns : d->window.start_ns;
	d->window.end_ns = other->window.end_ns < d->window.end_ns ? other->window.end_ns : d->window.end_ns;
	if (other->window.boot_end_ns < d->window.boot_end_ns)
		d->window.boot_end_ns = other->window.boot_end_ns;
}

/* 1: denied, and that is the answer. */
static int group_judge(void *context, const char *group)
{
	struct judging *g = context;
	struct decision d;

	if (right_decide(g, QUESTION_GROUP, group, NULL, &d) == VERDICT_ALLOW) {
		decision_join(&g->ret->decision, &d, &g->question->now);
		return 0;
	}
	g->ret->decision = d;
	g->ret->cause = cause_find(g, RIGHT_GROUP, group);
	return 1;
}

/* All that it needs, or nothing: a group that was taken on cannot be taken back but by ending the session. */
static int rights_judge(struct judging *g)
{
	const struct session_question *q = g->question;
	bool login = q->kind == SESSION_LOGIN;
	struct decision *d = &g->ret->decision;
	struct actor as = {.principal_id = q->principal};

	if (right_decide(g, login ? QUESTION_LOGIN : QUESTION_GATE, q->target, &as, d) != VERDICT_ALLOW) {
		g->ret->cause = cause_find(g, login ? RIGHT_LOGIN : RIGHT_BECOME, login ? NULL : q->target);
		return 0;
	}
	g->ret->tenant_id = engine_tenant(g->engine, as.tenant)->id;
	g->ret->principal = as.principal_id;
	int r = session_groups_each(login && q->groups ? q->groups : "", group_judge, g);
	if (r >= 0)
		return 0;
	*d = (struct decision){.verdict = VERDICT_DENY, .why = WHY_UNREADABLE};
	return r;
}

static int engine_judge_session(void *context, const struct session_question *q, struct session_judgement *ret)
{
	struct session_engine *glue = context;
	struct judging g = {.engine = glue->engine, .question = q, .ret = ret};

	*ret = (struct session_judgement){.decision = {.verdict = VERDICT_DENY, .why = WHY_UNREADABLE}};
	int r = who_is_it(glue->engine, q, &g.who, ret);
	if (r == 0)
		return rights_judge(&g);
	if (r == -EACCES) {
		ret->decision.why = WHY_UNKNOWN_USER;
		ret->cause = SESSION_LOST;
		return 0;
	}
	ret->cause = cause_rests_on(glue->engine, &q->rests_on);
	return r;
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
	set_uuid(o, "tenant_id", &v->tenant_id);
	set_uuid(o, "principal", &v->principal);
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
		lines[i] = (struct journal_entry){.event = events[event],
						    .fields = fields_of_session(event, &entries[i])};
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
