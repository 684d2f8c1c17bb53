/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The decision.
 *
 * MUST: the verdict starts as a denial; one place allows, and only when every step was taken and met; what cannot be
 * read denies. The trace comes from the steps themselves and cannot change what they find.
 */

#include "common/decide/decide.h"

#include <errno.h>
#include <string.h>

#include "common/decide/walk.h"

const char *why_text(enum why why)
{
	static const char *const text[WHY_COUNT] = {
		[WHY_NONE] = "allowed",
		[WHY_UNREADABLE] = "could-not-read",
		[WHY_UNKNOWN_USER] = "unknown-user",
		[WHY_DISABLED] = "disabled",
		[WHY_NOT_YET] = "not-yet",
		[WHY_ENDED] = "account-ended",
		[WHY_NO_LOGIN_RIGHT] = "no-login-right",
		[WHY_NO_ACTIVE_ROLE] = "no-active-role",
		[WHY_WRONG_TARGET] = "wrong-target",
		[WHY_NO_RIGHT] = "no-right",
		[WHY_DENIED] = "denied",
		[WHY_CEILING] = "ceiling",
		[WHY_HIGHER_ROLE] = "higher-role",
		[WHY_STALE] = "stale",
	};
	return (unsigned)why < WHY_COUNT ? text[why] : "could-not-read";
}

/* A step says why it is not met, WHY_NONE if it is. 0 or -EBADMSG. */

static int step_tenant(struct walk *w, enum why *ret)
{
	struct policy_tenant tenant;
	int r = policy_tenant(w->policy, &tenant);
	if (r != 0)
		return r;
	trace_tenant(w, &tenant);
	*ret = WHY_NONE;
	return 0;
}

static enum why judge_user(const struct policy_principal *user, int64_t now_ns)
{
	if (!user->enabled)
		return WHY_DISABLED;
	if (now_ns < user->start_ns)
		return WHY_NOT_YET;
	return now_ns < user->end_ns ? WHY_NONE : WHY_ENDED;
}

static int step_user(struct walk *w, enum why *ret)
{
	int r = policy_principal(w->policy, w->request->principal, &w->user);
	if (r < 0 && r != -ENOENT)
		return r;
	*ret = r < 0 ? WHY_UNKNOWN_USER : judge_user(&w->user, w->request->now.realtime_ns);
	trace_user(w, *ret);
	return 0;
}

/* Into the decision: what gives the right, until the next deny or the account's end. */
static int take(struct walk *w, const struct finding *found, int64_t next_deny_ns)
{
	struct finding cut = *found;
	cut.window = window_cut(window_cut(cut.window, TIME_ALWAYS, next_deny_ns), TIME_ALWAYS, w->user.end_ns);

	struct finding taken = {
		.held = w->decision->role[0] != '\0',
		.standing = !w->decision->by_grant,
		.role = w->decision->role,
		.window = w->decision->window,
		.request = w->decision->request,
	};
	finding_merge(&taken, &cut, &w->request->now);
	if (taken.role != w->decision->role && copy_name(w->decision->role, taken.role) < 0)
		return -EBADMSG;
	w->decision->window = taken.window;
	w->decision->request = taken.request;
	w->decision->by_grant = !taken.standing;
	return 0;
}

static enum why why_not_held(const struct walk *w)
{
	if (w->request->question == QUESTION_LOGIN)
		return WHY_NO_LOGIN_RIGHT;
	return w->kind == RIGHT_BECOME ? WHY_NO_ACTIVE_ROLE : WHY_NO_RIGHT;
}

static int step_right(struct walk *w, enum why *ret)
{
	const struct decision_request *request = w->request;
	struct finding found = {0};
	int r = 0;
	bool known = request->target_user == NO_INDEX ||
		     request->target_user < policy_principal_count(w->policy) || !is_management(w->kind);
	if (request->question == QUESTION_BATCH) {
		found.held = true;
		w->decision->window = (struct window){w->user.start_ns, w->user.end_ns, TIME_FOREVER};
	} else if (known)
		r = find_right(w, request->question == QUESTION_GATE_ANY ? NULL : request->target, &found);
	if (r != 0)
		return r;
	w->held = found.held;
	*ret = found.held ? WHY_NONE : why_not_held(w);
	trace_right(w, found.held);
	return 0;
}

/* Is kind:target denied? If not, and it is held, it is taken. 1: denied; 0; -EBADMSG. */
static int judge_target(struct walk *w, const char *target)
{
	const struct deny_query query = query_of(w, target);
	struct finding found;
	int64_t next_ns;
	int r = right_is_denied(w->policy, w->request->principal, &query, &w->request->now, &next_ns);
	if (r != 0)
		return r;
	r = find_right(w, target, &found);
	if (r != 0 || !found.held)
		return r;
	return take(w, &found, next_ns);
}

/* become:* asks for one target at least that the ceiling names, that is held and that no deny takes. */
static int judge_targets(struct walk *w)
{
	for (uint32_t i = 0;; i++) {
		const char *target;
		struct finding found = {.held = true};
		int r = policy_ceiling(w->policy, RIGHT_BECOME, i, &target);
		if (r == -ENOENT)
			return 0;
		if (r == 0 && w->held)
			r = find_right(w, target, &found);
		if (r != 0)
			return r;
		if (!found.held)
			continue;
		r = judge_target(w, target);
		if (r < 0)
			return r;
		if (r > 0)
			w->targets_denied++;
		else
			w->targets_free++;
	}
}

static int step_deny(struct walk *w, enum why *ret)
{
	bool denied = false;
	int r = 0;
	if (w->request->question == QUESTION_GATE_ANY) {
		if (judge_targets(w) != 0)
			return -EBADMSG; /* `why` is could-not-read since the start */
		denied = w->targets_denied > 0 && w->targets_free == 0;
	} else if (w->kind != 0) {
		r = judge_target(w, w->request->target);
		denied = r > 0;
	}
	if (r < 0)
		return r;
	*ret = denied ? WHY_DENIED : WHY_NONE;
	trace_denies(w, !denied);
	return 0;
}

/* The ceiling, and for management what caps it: nobody manages who holds a higher role. */
static int step_ceiling(struct walk *w, enum why *ret)
{
	const struct decision_request *request = w->request;
	int r = 1;
	*ret = WHY_CEILING;
	if (request->question == QUESTION_GATE_ANY) {
		r = w->targets_free + w->targets_denied > 0;
	} else if (w->kind == RIGHT_USER_LOCK || w->kind == RIGHT_USER_SESSIONS_END) {
		*ret = WHY_HIGHER_ROLE;
		if (w->held && request->target_user != NO_INDEX)
			r = holds_no_higher_role(w->policy, w->grants, request->principal, request->target_user,
						 &request->now);
	} else if (w->kind != 0) {
		r = ceiling_allows(w->policy, w->kind, request->target);
	}
	if (r < 0)
		return r;
	if (r > 0)
		*ret = WHY_NONE;
	trace_ceiling(w, r > 0);
	return 0;
}

/* Access policies are not compiled yet; a tenant that had one could not be served (the validator refuses the key). */
static int step_policies(struct walk *w, enum why *ret)
{
	trace_head(w, TRACE_POLICIES, "policies", "none applies", "", "", true);
	*ret = WHY_NONE;
	return 0;
}

static const struct {
	enum trace_step step;
	int (*judge)(struct walk *w, enum why *ret);
} steps[] = {
	{TRACE_TENANT, step_tenant}, {TRACE_USER, step_user},	    {TRACE_RIGHT, step_right},
	{TRACE_DENY, step_deny},     {TRACE_CEILING, step_ceiling}, {TRACE_POLICIES, step_policies},
};

#define STEPS_ALL                                                                                                      \
	(1u << TRACE_TENANT | 1u << TRACE_USER | 1u << TRACE_RIGHT | 1u << TRACE_DENY | 1u << TRACE_CEILING |          \
	 1u << TRACE_POLICIES)

/* Walks the steps to the first that is not met, or to the end when they are traced. 0 or -EBADMSG. */
static int walk_steps(struct walk *w)
{
	enum why first = WHY_NONE;
	for (size_t i = 0; i < ARRAY_LENGTH(steps); i++) {
		enum why why = WHY_UNREADABLE;
		int r = steps[i].judge(w, &why);
		if (r != 0 && first == WHY_NONE)
			return -EBADMSG; /* `why` is could-not-read since the start */
		if (r != 0)
			break; /* behind the first unmet step there is nothing but the trace */
		if (why == WHY_NONE)
			w->met |= 1u << steps[i].step;
		else if (first == WHY_NONE)
			first = why;
		if (first == WHY_UNKNOWN_USER || (first != WHY_NONE && !w->trace))
			break;
	}
	w->decision->why = first;
	return 0;
}

/* What is asked for, as a right. False: the question is none. */
static bool read_question(struct walk *w)
{
	const struct decision_request *request = w->request;
	switch (request->question) {
	case QUESTION_LOGIN:
		w->kind = RIGHT_LOGIN;
		return true;
	case QUESTION_GATE_ANY:
		w->kind = RIGHT_BECOME;
		return true;
	case QUESTION_GATE:
		w->kind = RIGHT_BECOME;
		return request->target != NULL;
	case QUESTION_BATCH:
		w->kind = 0;
		return true;
	case QUESTION_GROUP:
		w->kind = RIGHT_GROUP;
		return request->target != NULL;
	case QUESTION_MANAGE:
		w->kind = request->manage;
		return request->manage >= RIGHT_USER_LOCK && request->manage <= RIGHT_POLICY_READ;
	}
	return false;
}

static void forget(struct decision *d, enum why why)
{
	*d = (struct decision){.verdict = VERDICT_DENY, .why = why};
}

/* What to do instead: the role that would help, the role that is held and does not. */
static int explain_denial(struct walk *w)
{
	enum why why = w->decision->why;
	forget(w->decision, why);
	if (why != WHY_NO_LOGIN_RIGHT && why != WHY_NO_ACTIVE_ROLE && why != WHY_NO_RIGHT)
		return 0;
	int r = find_hint(w);
	if (r == 0 && w->request->question == QUESTION_GATE)
		r = find_other_role(w);
	return r;
}

enum verdict decide(const struct policy *policy, const struct holders *grants, const struct decision_request *request,
		    struct decision *ret, trace_fn trace, void *context)
{
	struct walk w = {.policy = policy, .grants = grants, .request = request, .trace = trace, .context = context,
			 .decision = ret};
	forget(ret, WHY_UNREADABLE);
	if (!policy || !grants || !read_question(&w))
		return ret->verdict;
	int r = walk_steps(&w);
	if (r == 0 && w.met != STEPS_ALL)
		r = explain_denial(&w);
	if (r != 0)
		forget(ret, WHY_UNREADABLE);
	else if (w.met == STEPS_ALL)
		ret->verdict = VERDICT_ALLOW;
	return ret->verdict;
}
