/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "common/base/text.h"
#include "daemon/tenured/engine_internal.h"

static bool sessions_rest_on(struct engine *e, const struct request *r)
{
	return e->hooks.sessions && e->hooks.sessions(e->hooks.context, r) > 0;
}

void engine_finish(struct engine *e, struct overs *o, struct request *r, enum journal_event event,
		   const struct actor *who, const char *why, const char *reason)
{
	/* Those that a broker before this one left are not known before it has started. */
	const bool waits = event == JOURNAL_EXPIRE && uuid_equal(&r->boot, &e->state.boot) &&
			   (!e->started || sessions_rest_on(e, r));
	struct fields f = fields_of(r);

	fields_by_of(&f, who, r);
	fields_text(&f, "why", why);
	fields_text(&f, "reason", reason);
	if (event == JOURNAL_EXPIRE && !waits) {
		fields_int(&f, "ended", 0);
		fields_int(&f, "survived", 0);
		fields_int(&f, "left", 0);
	}
	engine_over(e, o, r, waits ? JOURNAL_ENDING : event, f);
}

void engine_finish_now(struct engine *e, struct request *r, enum journal_event event, const struct actor *who,
		       const char *why, const char *reason)
{
	struct overs o = {.count = 0};

	engine_finish(e, &o, r, event, who, why, reason);
	engine_overs_done(e, &o);
}

/* The counts are there, or will not come: `expire`. */
static void close_expired(struct engine *e, struct overs *o, struct request *r, bool counted)
{
	struct fields f = fields_of(r);

	fields_text(&f, "why", r->why);
	if (counted) {
		fields_int(&f, "ended", r->ended);
		fields_int(&f, "survived", r->survived);
		fields_int(&f, "left", r->left);
	}
	engine_over(e, o, r, JOURNAL_EXPIRE, f);
}

void engine_session_report(struct engine *e, const struct uuid *request, unsigned ended, unsigned survived,
			   unsigned left)
{
	struct request *r = state_request(&e->state, request);
	struct overs o = {.count = 0};

	if (!r)
		return;
	r->ended += ended;
	r->survived += survived;
	r->left += left;
	if (r->ending && !sessions_rest_on(e, r))
		close_expired(e, &o, r, true);
	engine_overs_done(e, &o);
}

void engine_close_endings(struct engine *e, struct overs *o, const struct instant *now)
{
	for (size_t i = 0; i < e->state.request_count; i++) {
		struct request *r = e->state.requests[i];

		if (!r->ending)
			continue;
		bool none = !sessions_rest_on(e, r);

		if (none || now->boottime_ns >= time_add(r->ending_ns, EXPIRE_WAIT_NS))
			close_expired(e, o, r, none);
	}
}

void engine_rejudge(struct engine *e, struct overs *o)
{
	struct instant now, dates;

	if (engine_now(e, &now) < 0 || engine_dates_now(e, &dates) < 0)
		return;
	for (size_t i = 0; i < e->state.request_count; i++) {
		struct request *r = e->state.requests[i];
		struct eligibility eligible;

		if (!state_is_live(&e->state, r, &now))
			continue;
		int k = engine_judge_request(e, r, &dates, &eligible);

		/* "Could not read" is no loss of eligibility: gates deny by themselves while that lasts. */
		if (k == -EACCES || k == -ENOENT)
			engine_finish(e, o, r, JOURNAL_REVOKE, NULL, "not-eligible", "no longer eligible");
	}
}

static bool is_own(const struct actor *who, const struct request *r)
{
	return engine_actor_is(who, &r->tenant_id, &r->principal) && who->uid == r->uid;
}

int engine_cancel(struct engine *e, const struct actor *who, const struct uuid *id, const struct request **ret)
{
	struct request *r = state_request(&e->state, id);

	if (!r)
		return -ENOENT;
	if (!who->root && !is_own(who, r))
		return -EACCES;
	if (r->state != REQUEST_PENDING && r->state != REQUEST_SCHEDULED)
		return -EALREADY;
	struct fields f = fields_of(r);
	struct overs o = {.count = 0};

	engine_spend(e, who);
	fields_by_of(&f, who, r);
	engine_over(e, &o, r, JOURNAL_CANCEL, f);
	engine_overs_done(e, &o);
	*ret = r;
	return 0;
}

int engine_end(struct engine *e, const struct actor *who, const struct uuid *id, const struct request **ret)
{
	struct request *r = state_request(&e->state, id);

	if (!r)
		return -ENOENT;
	if (!who->root && !is_own(who, r))
		return -EACCES;
	if (r->state != REQUEST_ACTIVE)
		return -EALREADY;
	engine_spend(e, who); /* counted, never refused */
	engine_finish_now(e, r, JOURNAL_END, who, "ended", NULL);
	*ret = r;
	return 0;
}

int engine_revoke(struct engine *e, const struct actor *who, const struct uuid *id, const char *reason,
		  const struct request **ret)
{
	struct request *r = state_request(&e->state, id);
	int k = r ? 0 : -ENOENT;

	if (k == 0 && !who->root)
		k = who->tenant == r->tenant ? engine_holds_right(e, who, RIGHT_GRANT_REVOKE) : -EACCES;
	if (k < 0)
		return k;
	if (r->state != REQUEST_ACTIVE)
		return -EALREADY;
	if (!reason || reason[strspn(reason, " ")] == '\0')
		return -ENODATA;
	if (text_check(reason, REASON_LENGTH_MAX) < 0)
		return -EINVAL;
	engine_finish_now(e, r, JOURNAL_REVOKE, who, "revoked", reason);
	*ret = r;
	return 0;
}

int engine_drain(struct engine *e, const struct actor *who, const char *reason, size_t *ret_grants)
{
	struct overs o = {.count = 0};

	e->draining++;
	*ret_grants = 0;
	for (size_t i = 0; i < e->state.request_count; i++) {
		struct request *r = e->state.requests[i];
		struct fields f;

		if (r->state == REQUEST_ACTIVE) {
			engine_finish(e, &o, r, JOURNAL_REVOKE, who, "drain", reason);
			(*ret_grants)++;
		} else if (r->state == REQUEST_PENDING || r->state == REQUEST_SCHEDULED) {
			f = fields_of(r);
			fields_by_of(&f, who, r);
			fields_text(&f, "why", "drain");
			fields_text(&f, "reason", reason);
			engine_over(e, &o, r, JOURNAL_DENY, f);
		}
	}
	engine_overs_done(e, &o);
	engine_say_degraded(e);
	return 0;
}

void engine_drain_over(struct engine *e)
{
	if (e->draining > 0)
		e->draining--;
	engine_say_degraded(e);
}
