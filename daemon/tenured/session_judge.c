/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include <syslog.h>

#include "daemon/tenured/session_state.h"

static bool windows_equal(const struct window *a, const struct window *b)
{
	return a->start_ns == b->start_ns && a->end_ns == b->end_ns && a->boot_end_ns == b->boot_end_ns;
}

struct session_question session_question_of(const struct session *e, const struct instant *now)
{
	return (struct session_question){
		.kind = e->kind, .service = e->service, .invoker = e->invoker, .target = e->target,
		.groups = e->groups, .principal = e->principal, .rests_on = e->request, .now = *now,
	};
}

/* Another grant, or the same one with another end, covers it now. */
static void covered(struct sessions *s, struct session *e, const struct session_judgement *j, const struct instant *now)
{
	static const struct session_report nothing = {.survivors = "", .leftovers = ""};
	const struct decision *d = &j->decision;
	struct uuid request = d->by_grant ? d->request : (struct uuid){0};
	struct uuid before = e->request;

	if (uuid_equal(&request, &before) && windows_equal(&e->window, &d->window) && strcmp(e->role, d->role) == 0)
		return;
	e->request = request;
	e->window = d->window;
	memcpy(e->role, d->role, sizeof(e->role));
	session_warnings_set(s, e, now);
	session_backstop_arm(s, e, now);
	session_record_update(s, e);
	if (!uuid_equal(&request, &before) && !uuid_is_null(&before) && s->ports.released)
		s->ports.released(s->ports.context, &before, &nothing);
}

/*
 * No cover: it ends. Could not be judged (a torn snapshot): it keeps the end that it was given, no later one; what took
 * the grant itself away says so with a cause.
 */
void session_judge_again(struct sessions *s, struct session *e, const struct instant *now)
{
	struct session_question question = session_question_of(e, now);
	struct session_judgement j = {.decision.verdict = VERDICT_DENY, .decision.why = WHY_UNREADABLE};

	int r = s->ports.judge(s->ports.context, &question, &j);
	if (r == 0 && j.decision.verdict == VERDICT_ALLOW && uuid_equal(&j.principal, &e->principal)) {
		covered(s, e, &j, now);
		return;
	}
	if (j.cause != SESSION_CAUSE_NONE)
		ending_due(e, j.cause);
	else if (r == 0 && j.decision.why != WHY_UNREADABLE)
		ending_due(e, window_holds(&e->window, now) ? SESSION_LOST : SESSION_EXPIRED);
	else
		session_log(s, LOG_WARNING, "session of %s: cannot be judged again; it ends when it was to end",
			    e->user);
}
