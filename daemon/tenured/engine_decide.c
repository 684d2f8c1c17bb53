/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"
#include "daemon/tenured/engine_internal.h"

static bool is_blank(const char *text)
{
	return !text || text[strspn(text, " ")] == '\0';
}

/* Who decides must say why; what they say is clean. */
static int check_reason(const char *reason)
{
	if (is_blank(reason))
		return -ENODATA;
	return text_check(reason, REASON_LENGTH_MAX) < 0 ? -EINVAL : 0;
}

/*
 * The one place that says whether somebody may approve. Own requests are known by principal and by uid; an approver's
 * session must be a login of its own, so that nobody approves as whom they became (T48).
 */
static int judge_approver(struct engine *e, const struct actor *who, const struct request *r, const struct instant *now)
{
	const struct policy *policy;
	uint32_t principal;

	if (r->state != REQUEST_PENDING || r->times_out_ns <= now->realtime_ns)
		return -EALREADY;
	if (who->root || !who->governed || who->tenant != r->tenant)
		return -EACCES;
	if (uuid_equal(&who->principal_id, &r->principal) || who->uid == r->uid)
		return -EPERM;
	int k = engine_find_actor(e, who, &policy, &principal);

	if (k < 0)
		return k;
	if (!engine_is_approver(e, r, &who->principal_id, now))
		return -EACCES;
	for (size_t i = 0; i < r->approval_count; i++)
		if (uuid_equal(&r->approvals[i].principal, &who->principal_id))
			return -EALREADY;
	return who->login_uid == who->uid ? 0 : -ESTALE;
}

/* 0 or -EKEYREJECTED: the role wants step-up of its approvers, too. */
static int wants_step_up(struct engine *e, const struct request *r, bool step_up)
{
	const struct policy *policy = engine_policy(e, r->tenant);
	struct role_terms terms;
	uint32_t role;

	if (step_up)
		return 0;
	if (!policy)
		return -EROFS;
	int k = policy_role_by_name(policy, r->role, &role);

	if (k == 0)
		k = policy_role_terms(policy, role, &terms);
	if (k < 0)
		return k == -ENOENT ? -EACCES : k;
	return terms.activation.step_up ? -EKEYREJECTED : 0;
}

static int find_pending(struct engine *e, const struct uuid *id, struct request **ret, struct instant *now)
{
	*ret = state_request(&e->state, id);
	return *ret ? engine_dates_now(e, now) : -ENOENT;
}

int engine_approve_check(struct engine *e, const struct actor *who, const struct uuid *id)
{
	struct instant now;
	struct request *r;
	int k = find_pending(e, id, &r, &now);

	if (k == 0)
		k = judge_approver(e, who, r, &now);
	if (k == 0 && engine_degraded(e))
		k = -EROFS;
	if (k == 0)
		k = engine_check_lease(e, r->tenant, &now);
	return k < 0 ? k : wants_step_up(e, r, false);
}

static struct fields approval_fields(const struct request *r, const struct actor *who, const char *reason, bool step_up)
{
	struct fields f = fields_of(r);

	fields_by(&f, who);
	fields_text(&f, "reason", reason);
	fields_text(&f, "step_up", step_up ? "ok" : NULL);
	return f;
}

static struct fields grant_fields(const struct request *r, const struct actor *who, const char *reason,
				  const struct instant *now, const struct instant *dates,
				  const struct eligibility *eligible)
{
	const struct window w = state_grant_window(now, dates, r->duration_ns, eligible->window.end_ns);
	struct fields f = fields_of(r);

	fields_window(&f, &w, now->realtime_ns);
	fields_text(&f, "by", who->user);
	fields_text(&f, "reason", reason);
	return f;
}

/* Another extension may have been granted while this one waited, or the assignment cut short. */
static bool still_gains(struct engine *e, const struct request *r, const struct instant *now, const struct instant *dates,
			const struct eligibility *eligible)
{
	const struct window w = state_grant_window(now, dates, r->duration_ns, eligible->window.end_ns);

	return uuid_is_null(&r->extends) || engine_gains(e, &r->tenant_id, &r->principal, r->role, r->scope, &w, now);
}

/* The last approval: the request is judged anew, and nonce and grant are one write (T44). */
static int decide_now(struct engine *e, const struct actor *who, struct request *r, struct fields *approval,
		      const char *reason, const struct instant *dates)
{
	enum journal_event events[2] = {JOURNAL_APPROVE, JOURNAL_ACTIVATE};
	struct eligibility eligible;
	struct instant now;
	int k = engine_now(e, &now);

	/* Read again without what follows, it says that something is missing. */
	if (!approval->failed && json_object_set_new(approval->object, "quorum", json_true()) < 0)
		approval->failed = true;
	struct fields fields[2] = {*approval};

	if (k == 0)
		k = engine_judge_request(e, r, dates, &eligible);
	if (k == 0 && !still_gains(e, r, &now, dates, &eligible)) {
		events[1] = JOURNAL_FAILED;
		fields[1] = fields_of(r);
		fields_text(&fields[1], "why", "no-gain");
		fields_text(&fields[1], "reason", "it would end no later than what is held");
	} else if (k == -EACCES || k == -ENOENT) {
		events[1] = JOURNAL_FAILED;
		fields[1] = fields_of(r);
		fields_text(&fields[1], "why", "not-eligible");
		fields_text(&fields[1], "reason", "no longer eligible");
	} else if (k < 0) {
		json_decref(approval->object);
		return k;
	} else {
		fields[1] = grant_fields(r, who, reason, &now, dates, &eligible);
	}
	k = engine_commit(e, events, fields, 2);
	if (k < 0 || r->state != REQUEST_ACTIVE)
		return k;
	return engine_grant_published(e, r);
}

int engine_approve(struct engine *e, const struct actor *who, const struct uuid *id, const char *reason, bool step_up,
		   const struct request **ret)
{
	enum journal_event event = JOURNAL_APPROVE;
	struct instant now;
	struct request *r;
	int k = find_pending(e, id, &r, &now);

	if (k == 0)
		k = judge_approver(e, who, r, &now);
	if (k == 0)
		k = check_reason(reason);
	if (k == 0 && engine_degraded(e))
		k = -EROFS;
	if (k == 0)
		k = engine_check_lease(e, r->tenant, &now);
	if (k == 0)
		k = wants_step_up(e, r, step_up);
	if (k < 0)
		return k;
	struct fields approval = approval_fields(r, who, reason, step_up);

	if (engine_quorum(e, r, &who->principal_id, &now))
		k = decide_now(e, who, r, &approval, reason, &now);
	else
		k = engine_commit(e, &event, &approval, 1);
	if (k < 0)
		return k;
	engine_say(e, ENGINE_REQUEST_CHANGED, r);
	*ret = r;
	return 0;
}

int engine_deny(struct engine *e, const struct actor *who, const struct uuid *id, const char *reason,
		const struct request **ret)
{
	struct instant now;
	struct request *r;
	int k = find_pending(e, id, &r, &now);

	if (k == 0)
		k = who->root ? (r->state == REQUEST_PENDING ? 0 : -EALREADY) : judge_approver(e, who, r, &now);
	if (k == 0)
		k = check_reason(reason);
	if (k < 0)
		return k;
	struct fields f = fields_of(r);
	struct overs o = {.count = 0};

	fields_by(&f, who);
	fields_text(&f, "reason", reason);
	engine_over(e, &o, r, JOURNAL_DENY, f);
	engine_overs_done(e, &o);
	*ret = r;
	return 0;
}
