/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "common/base/text.h"
#include "daemon/tenured/engine_internal.h"

/* Tables first, then the sessions: what is over must not open another one. */
static void after_end(struct engine *e, struct request *r)
{
	if (r->tenant < e->tenant_count)
		(void)engine_publish_grants(e, r->tenant);
	engine_say(e, ENGINE_REQUEST_CHANGED, r);
	engine_say(e, ENGINE_GRANT_ENDED, r);
}

static bool sessions_rest_on(struct engine *e, const struct request *r)
{
	return e->hooks.sessions && e->hooks.sessions(e->hooks.context, r) > 0;
}

void engine_finish(struct engine *e, struct request *r, enum journal_event event, const char *by, const char *why,
		   const char *reason)
{
	/* Those that a broker before this one left are not known before it has started. */
	const bool waits = event == JOURNAL_EXPIRE && uuid_equal(&r->boot, &e->state.boot) &&
			   (!e->started || sessions_rest_on(e, r));
	struct fields f = fields_of(r);

	fields_text(&f, "by", by);
	fields_text(&f, "why", why);
	fields_text(&f, "reason", reason);
	if (event == JOURNAL_EXPIRE && !waits) {
		fields_int(&f, "ended", 0);
		fields_int(&f, "survived", 0);
		fields_int(&f, "left", 0);
	}
	/* It can only lack memory for the record; the state has it, and sessions end. */
	(void)engine_commit_ending(e, waits ? JOURNAL_ENDING : event, f);
	after_end(e, r);
}

/* The counts are there, or will not come: `expire`. */
static void close_expired(struct engine *e, struct request *r, bool counted)
{
	struct fields f = fields_of(r);

	fields_text(&f, "why", r->why);
	if (counted) {
		fields_int(&f, "ended", r->ended);
		fields_int(&f, "survived", r->survived);
		fields_int(&f, "left", r->left);
	}
	(void)engine_commit_ending(e, JOURNAL_EXPIRE, f);
	engine_say(e, ENGINE_REQUEST_CHANGED, r);
}

void engine_session_report(struct engine *e, const struct uuid *request, unsigned ended, unsigned survived,
			   unsigned left)
{
	struct request *r = state_request(&e->state, request);

	if (!r)
		return;
	r->ended += ended;
	r->survived += survived;
	r->left += left;
	if (r->ending && !sessions_rest_on(e, r))
		close_expired(e, r, true);
}

void engine_close_endings(struct engine *e, const struct instant *now)
{
	for (size_t i = 0; i < e->state.request_count; i++) {
		struct request *r = e->state.requests[i];

		if (!r->ending)
			continue;
		bool none = !sessions_rest_on(e, r);

		if (none || now->boottime_ns >= time_add(r->window.boot_end_ns, EXPIRE_WAIT_NS))
			close_expired(e, r, none);
	}
}

void engine_rejudge(struct engine *e)
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
			engine_finish(e, r, JOURNAL_REVOKE, NULL, "not-eligible", "no longer eligible");
	}
}

static bool is_own(const struct actor *who, const struct request *r)
{
	return who->governed && !who->root && uuid_equal(&who->principal_id, &r->principal) && who->uid == r->uid;
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

	fields_text(&f, "by", who->root ? "root" : who->user);
	int k = engine_commit_ending(e, JOURNAL_CANCEL, f);

	engine_say(e, ENGINE_REQUEST_CHANGED, r);
	*ret = r;
	return k;
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
	engine_finish(e, r, JOURNAL_END, who->root ? "root" : who->user, "ended", NULL);
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
	engine_finish(e, r, JOURNAL_REVOKE, who->root ? "root" : who->user, "revoked", reason);
	*ret = r;
	return 0;
}

int engine_drain(struct engine *e, const char *reason, size_t *ret_grants)
{
	*ret_grants = 0;
	for (size_t i = 0; i < e->state.request_count; i++) {
		struct request *r = e->state.requests[i];
		struct fields f;

		if (r->state == REQUEST_ACTIVE) {
			engine_finish(e, r, JOURNAL_REVOKE, "root", "drain", reason);
			(*ret_grants)++;
		} else if (r->state == REQUEST_PENDING || r->state == REQUEST_SCHEDULED) {
			f = fields_of(r);
			fields_text(&f, "by", "root");
			fields_text(&f, "why", "drain");
			fields_text(&f, "reason", reason);
			(void)engine_commit_ending(e, JOURNAL_DENY, f);
			engine_say(e, ENGINE_REQUEST_CHANGED, r);
		}
	}
	return 0;
}
