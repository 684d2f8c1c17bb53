/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/fresh.h"
#include "daemon/tenured/verb.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * The trace is the decision core's own, walked by the very call that decides; nothing here judges. A service says which
 * question it is, as the index says it to the modules, and what these ignore is not judged here either.
 */

#define QUESTION_TEXT_MAX 160
#define TRACE_MODE	  (TRACE_POLICIES + 1) /* behind the decision: what the gate makes of it */

struct explanation {
	struct decision_request question;
	char text[QUESTION_TEXT_MAX]; /* "sudo to root" */
	char ignored[LOGIN_TEXT_MAX + 64]; /* why Tenure judges nothing; "": it does */
	const struct gate_service *gate; /* NULL: no gate */
	json_t *trace;
	bool shows_places;
	int first_unmet; /* 0: none */
};

static bool is_listed(char *const *list, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], text) == 0)
			return true;
	return false;
}

static const struct gate_service *find_gate(const struct host_config *host, const char *service)
{
	for (size_t i = 0; i < host->gate_service_count; i++)
		if (strcmp(host->gate_services[i].name, service) == 0)
			return &host->gate_services[i];
	return NULL;
}

/* Mapped with login_by = "local": what is no gate stays the account's own. */
static bool is_mapped_for_gates_alone(const struct host_config *host, const char *login)
{
	for (size_t i = 0; i < host->local_login_count; i++)
		if (strcmp(host->local_logins[i].login, login) == 0)
			return !host->local_logins[i].governs_login;
	return false;
}

/* The class of the service, as index_service tells it to the modules. */
static void question_read(struct call *c, const struct actor *subject, struct explanation *x)
{
	const struct host_config *host = engine_host_config(call_broker(c)->engine);
	const char *service = call_text(c, "service"), *target = call_text(c, "target");
	char name[QUESTION_TEXT_MAX / 2];

	if (!service)
		service = "sudo";
	(void)text_escape(service, name, sizeof(name));
	x->question.service = service;
	x->gate = find_gate(host, service);
	if (x->gate) {
		x->question.question = QUESTION_GATE;
		x->question.target = target ? target : "root";
		(void)snprintf(x->text, sizeof(x->text), "%s to %s", service, x->question.target);
		return;
	}
	(void)snprintf(x->text, sizeof(x->text), "%s", service);
	if (is_listed(host->login_services, host->login_service_count, service)) {
		x->question.question = QUESTION_LOGIN;
		(void)snprintf(x->text, sizeof(x->text), "%s login", service);
	} else if (is_listed(host->batch_services, host->batch_service_count, service)) {
		x->question.question = QUESTION_BATCH;
	} else {
		(void)snprintf(x->ignored, sizeof(x->ignored), "%s is no gate, login or batch service here", name);
		return;
	}
	if (is_mapped_for_gates_alone(host, subject->login))
		(void)snprintf(x->ignored, sizeof(x->ignored), "%s is mapped for the gates alone", subject->login);
}

static bool only_reports(const struct explanation *x)
{
	return x->gate && x->gate->mode == GATE_REPORT_ONLY;
}

static void add_record(void *context, const struct trace_record *t)
{
	struct explanation *x = context;

	if (!t->met && !x->first_unmet)
		x->first_unmet = (int)t->step;
	(void)json_array_append_new(x->trace,
				    json_pack("{s:i, s:s, s:s, s:s, s:s, s:b}", "step", (int)t->step, "subject",
					      t->subject ? t->subject : "", "text", t->text ? t->text : "", "place",
					      t->place && x->shows_places ? t->place : "", "result",
					      t->result ? t->result : "", "met", (int)t->met));
}

/* `time` moves both clocks by as much, so that a grant of this boot is seen where it will be. False: answered. */
static bool time_read(struct call *c, struct instant *ret)
{
	const char *text = call_text(c, "time");
	struct instant now;
	int64_t at;
	int r = engine_now(call_broker(c)->engine, &now);

	if (r < 0) {
		verb_engine_error(c, r, &(struct error_subject){0});
		return false;
	}
	*ret = now;
	if (!text)
		return true;
	if (time_parse_rfc3339(text, &at) < 0) {
		call_error(c, "Invalid", json_pack("{s:s}", "field", "time"), NULL, "time wants 2026-12-31T23:59:59Z");
		return false;
	}
	ret->realtime_ns = at;
	if (at >= now.realtime_ns)
		ret->boottime_ns = time_add(now.boottime_ns, at - now.realtime_ns);
	else
		ret->boottime_ns = now.boottime_ns - (now.realtime_ns - at);
	return true;
}

static void next_step(const struct decision *d, char *buf, size_t len)
{
	buf[0] = '\0';
	if (d->why == WHY_WRONG_TARGET)
		(void)snprintf(buf, len, "tenure roles");
	else if (d->role[0])
		(void)snprintf(buf, len, "tenure request %s", d->role);
}

static void reply(struct call *c, const struct actor *subject, struct explanation *x, const char *verdict,
		  const char *why, const char *next)
{
	const struct policy *policy = engine_policy(call_broker(c)->engine, subject->tenant);
	struct policy_host host = {0};

	if (!policy || policy_host(policy, &host) < 0)
		host = (struct policy_host){0};
	call_reply(c, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "verdict", verdict, "why", why,
				"user", subject->user, "question", x->text, "path",
				json_text(host.known ? host.path : NULL), "time",
				json_time(x->question.now.realtime_ns), "mode",
				json_text(!x->gate ? NULL : only_reports(x) ? "report-only" : "enforce"), "trace",
				x->trace, "first_unmet", x->first_unmet ? json_integer(x->first_unmet) : json_null(),
				"next", json_text(next && *next ? next : NULL)));
}

static int judge_role(struct engine *e, const struct actor *subject, const char *name, const struct instant *now,
		      struct eligibility *ret)
{
	const struct policy *policy = engine_policy(e, subject->tenant);
	uint32_t role;
	int r = policy ? policy_role_by_name(policy, name, &role) : -ENOENT;

	return r == 0 ? decide_activation(policy, subject->principal, role, NULL, now, ret) : r;
}

/* May the role be activated, there or where the subject is a guest? Its one step is the assignment. */
static void explain_role(struct call *c, const struct actor *subject, const char *name, struct explanation *x)
{
	struct engine *engine = call_broker(c)->engine;
	struct eligibility e = {0};
	struct trace_record t = {
		.step = TRACE_RIGHT, .subject = "role", .text = name, .place = "", .result = "not eligible"};
	char next[64] = "";
	int r = judge_role(engine, subject, name, &x->question.now, &e);

	for (size_t i = 0; r != 0 && viewer_may_know_guest(call_actor(c), subject) && i < engine_tenant_count(engine); i++) {
		struct actor guest;

		if (engine_guest(engine, subject, i, &guest) < 0)
			continue;
		r = judge_role(engine, &guest, name, &x->question.now, &e);
		x->shows_places = x->shows_places && viewer_may_know(call_actor(c), i);
	}
	if (r == 0) {
		t.met = true;
		t.place = e.place;
		t.result = "eligible";
		(void)snprintf(next, sizeof(next), "tenure request %s", name);
	}
	(void)snprintf(x->text, sizeof(x->text), "activate %s", name);
	add_record(x, &t);
	reply(c, subject, x, r == 0 ? "allow" : "deny", r == 0 ? "eligible" : "not-eligible", next);
}

/* The modules would answer "not mine": other modules decide. */
static void explain_ignored(struct call *c, const struct actor *subject, struct explanation *x)
{
	const struct trace_record t = {.step = TRACE_TENANT,
				       .subject = "service",
				       .text = x->ignored,
				       .place = "tenure.conf",
				       .result = "not judged",
				       .met = true};

	add_record(x, &t);
	reply(c, subject, x, "ignore", "not-judged", NULL);
}

/* What the modules find beside the decision: the directory's last word is too old for it. */
static void explain_lease(const struct tenant_config *tenant, struct explanation *x, enum verdict *verdict,
			  struct decision *d)
{
	const enum question question = x->question.question;
	const struct trace_record t = {.step = TRACE_TENANT,
				       .subject = "directory",
				       .text = "it has not answered for longer than the lease",
				       .place = "tenants.d",
				       .result = "stale"};

	if (!verdict_allows(*verdict) || !tenant || tenant->source != SOURCE_LDAP ||
	    !fresh_is_over(tenant->name, &tenant->id,
			   question == QUESTION_LOGIN || question == QUESTION_BATCH ? FRESH_LOGIN : FRESH_GATE,
			   &x->question.now))
		return;
	*verdict = VERDICT_DENY;
	*d = (struct decision){.verdict = VERDICT_DENY, .why = WHY_STALE};
	add_record(x, &t);
}

/*
 * Where the own tenant has no right to give, what the others say of the subject as their guest: told if it allows, or
 * names a role that would.
 */
static void explain_guest(struct call *c, const struct actor *subject, struct explanation *x, enum verdict *verdict,
			  struct decision *d)
{
	struct engine *e = call_broker(c)->engine;

	for (size_t i = 0; i < engine_tenant_count(e) && !verdict_allows(*verdict) && decide_may_be_guest(d); i++) {
		struct trace_record t = {.step = TRACE_TENANT, .subject = "guest", .place = "", .result = "yes", .met = true};
		struct decision_request question = x->question;
		struct decision abroad;
		struct actor guest;
		enum verdict v;

		if (engine_guest(e, subject, i, &guest) < 0)
			continue;
		v = decide_guest(engine_policy(e, subject->tenant), engine_policy(e, i), engine_grants(e, i), &question,
				 &abroad, NULL, NULL);
		if (!verdict_allows(v) && (!abroad.role[0] || d->role[0]))
			continue;
		t.text = engine_tenant(e, i)->name;
		x->first_unmet = verdict_allows(v) ? 0 : x->first_unmet;
		add_record(x, &t);
		x->shows_places = x->shows_places && viewer_may_know(call_actor(c), i);
		v = decide_guest(engine_policy(e, subject->tenant), engine_policy(e, i), engine_grants(e, i), &question,
				 d, add_record, x);
		*verdict = v;
		explain_lease(engine_tenant(e, i), x, verdict, d);
	}
}

static void explain_service(struct call *c, const struct actor *subject, struct explanation *x)
{
	struct broker *b = call_broker(c);
	const struct trace_record mode = {.step = TRACE_MODE,
					  .subject = "mode",
					  .text = "the gate only reports: a denial is logged, and it passes",
					  .place = "tenure.conf",
					  .result = "report-only",
					  .met = true};
	enum verdict verdict;
	struct decision d;
	char next[64];

	x->question.principal = subject->principal;
	verdict = decide(engine_policy(b->engine, subject->tenant), engine_grants(b->engine, subject->tenant),
			 &x->question, &d, add_record, x);
	if (viewer_may_know_guest(call_actor(c), subject))
		explain_guest(c, subject, x, &verdict, &d);
	explain_lease(engine_tenant(b->engine, subject->tenant), x, &verdict, &d);
	if (only_reports(x))
		add_record(x, &mode);
	next_step(&d, next, sizeof(next));
	reply(c, subject, x, verdict_allows(verdict) ? "allow" : "deny", why_text(d.why),
	      verdict_allows(verdict) ? NULL : next);
}

void verb_explain(struct call *c)
{
	struct broker *b = call_broker(c);
	struct explanation x = {.question = {.target_user = NO_INDEX}};
	struct actor subject;

	if (!verb_subject(c, &subject) || !time_read(c, &x.question.now))
		return;
	if (!subject.governed) {
		call_error(c, "Missing", json_pack("{s:[s]}", "fields", "user"), NULL,
			   "root is never governed; name a user");
		return;
	}
	x.trace = json_array();
	x.shows_places = viewer_has_right(b, call_actor(c), RIGHT_POLICY_READ, NULL);
	if (call_text(c, "role")) {
		explain_role(c, &subject, call_text(c, "role"), &x);
		return;
	}
	question_read(c, &subject, &x);
	if (x.ignored[0])
		explain_ignored(c, &subject, &x);
	else
		explain_service(c, &subject, &x);
}
