/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a tenant gives a guest. MUST: the account must hold in its own tenant, and no deny there may take the right; only
 * then is the other policy asked, and what it says is cut to both.
 */

#include "common/decide/decide.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/decide/walk.h"

bool decide_may_be_guest(const struct decision *own)
{
	switch (own->why) {
	case WHY_NO_LOGIN_RIGHT:
	case WHY_NO_ACTIVE_ROLE:
	case WHY_WRONG_TARGET:
	case WHY_NO_RIGHT:
	case WHY_CEILING:
		return own->verdict != VERDICT_ALLOW;
	default:
		return false;
	}
}

/* "zoe" of fabrikam.com is called "zoe@fabrikam.com". */
static bool is_named(const struct policy_principal *guest, const struct policy_principal *user,
		     const struct policy_tenant *home)
{
	char name[NAME_LENGTH_MAX + sizeof("@") + 253]; /* a domain has 253 at most */
	int len = snprintf(name, sizeof(name), "%s@%s", user->name, home->domain);
	return len > 0 && (size_t)len < sizeof(name) && strcmp(guest->name, name) == 0;
}

int decide_guest_find(const struct policy *home, uint32_t user, const struct policy *policy, uint32_t *ret)
{
	struct policy_principal own, guest;
	struct policy_tenant tenant;
	uint32_t found;
	int r = policy_principal(home, user, &own);
	if (r == 0)
		r = policy_tenant(home, &tenant);
	if (r == 0)
		r = policy_principal_by_uid(policy, own.uid, &found);
	if (r == 0)
		r = policy_principal(policy, found, &guest);
	if (r < 0)
		return r;
	/* Who bears a name with a domain is a guest; that it is said twice costs nothing. */
	if (!guest.guest || !is_named(&guest, &own, &tenant))
		return -ENOENT;
	*ret = found;
	return 0;
}

static enum why judge_account(const struct policy_principal *user, const struct instant *now)
{
	if (!user->enabled)
		return WHY_DISABLED;
	if (now->realtime_ns < user->start_ns)
		return WHY_NOT_YET;
	return now->realtime_ns < user->end_ns ? WHY_NONE : WHY_ENDED;
}

struct abroad {
	const struct policy *home, *policy;
	const struct holders *grants;
	const struct decision_request *request; /* principal: at home */
	uint32_t guest;
	struct policy_principal user;
};

/* Denied at home, or when it will be. 1, 0, -EBADMSG. */
static int denied_at_home(const struct abroad *a, enum right_kind kind, const char *target, int64_t *ret_next)
{
	const struct deny_query query = {.kind = kind, .argument = target, .target_user = NO_INDEX};
	return right_is_denied(a->home, a->request->principal, &query, &a->request->now, ret_next);
}

static enum verdict ask(const struct abroad *a, enum question question, const char *target, struct decision *ret,
			trace_fn trace, void *context)
{
	struct decision_request request = *a->request;
	request.question = question;
	request.principal = a->guest;
	request.target = target;
	return decide(a->policy, a->grants, &request, ret, trace, context);
}

/* Some target that is given and that home does not deny. 1, 0, -EBADMSG. */
static int any_target(const struct abroad *a)
{
	for (uint32_t i = 0;; i++) {
		struct decision decision;
		const char *target;
		int r = policy_ceiling(a->policy, RIGHT_BECOME, i, &target);
		if (r == -ENOENT)
			return 0;
		if (r == 0)
			r = denied_at_home(a, RIGHT_BECOME, target, NULL);
		if (r < 0)
			return r;
		if (r == 0 && ask(a, QUESTION_GATE, target, &decision, NULL, NULL) == VERDICT_ALLOW)
			return 1;
	}
}

static void refuse(struct decision *d, enum why why)
{
	*d = (struct decision){.verdict = VERDICT_DENY, .why = why};
}

static void judge(const struct abroad *a, enum right_kind kind, struct decision *ret, trace_fn trace, void *context)
{
	const struct decision_request *request = a->request;
	const bool any = request->question == QUESTION_GATE_ANY;
	int64_t next = TIME_FOREVER;
	int denied = any ? 0 : denied_at_home(a, kind, request->target, &next);
	if (denied > 0)
		refuse(ret, WHY_DENIED);
	if (denied != 0)
		return; /* could-not-read since the start */
	if (ask(a, request->question, request->target, ret, trace, context) != VERDICT_ALLOW)
		return;
	int given = any ? any_target(a) : 1;
	if (given != 1) {
		refuse(ret, given == 0 ? WHY_DENIED : WHY_UNREADABLE);
		return;
	}
	ret->window = window_cut(window_cut(ret->window, a->user.start_ns, a->user.end_ns), TIME_ALWAYS, next);
}

/* What a guest may be asked about: rights on hosts. 0: nothing. */
static enum right_kind kind_of(const struct decision_request *request)
{
	switch (request->question) {
	case QUESTION_LOGIN:
		return RIGHT_LOGIN;
	case QUESTION_GATE_ANY:
		return RIGHT_BECOME;
	case QUESTION_GATE:
		return request->target ? RIGHT_BECOME : 0;
	case QUESTION_GROUP:
		return request->target ? RIGHT_GROUP : 0;
	default:
		return 0;
	}
}

static enum why why_no_guest(const struct decision_request *request)
{
	if (request->question == QUESTION_LOGIN)
		return WHY_NO_LOGIN_RIGHT;
	return kind_of(request) == RIGHT_BECOME ? WHY_NO_ACTIVE_ROLE : WHY_NO_RIGHT;
}

enum verdict decide_guest(const struct policy *home, const struct policy *policy, const struct holders *grants,
			  const struct decision_request *request, struct decision *ret, trace_fn trace, void *context)
{
	struct abroad a = {.home = home, .policy = policy, .grants = grants, .request = request};
	const enum right_kind kind = kind_of(request);
	refuse(ret, WHY_UNREADABLE);
	if (!home || !policy || !grants)
		return ret->verdict;
	int r = policy_principal(home, request->principal, &a.user);
	if (r == 0)
		r = decide_guest_find(home, request->principal, policy, &a.guest);
	if (r < 0) {
		refuse(ret, r == -ENOENT ? why_no_guest(request) : WHY_UNREADABLE);
		return ret->verdict;
	}
	enum why why = judge_account(&a.user, &request->now);
	if (why == WHY_NONE && kind == 0)
		why = WHY_NO_RIGHT;
	if (why != WHY_NONE)
		refuse(ret, why);
	else
		judge(&a, kind, ret, trace, context);
	return ret->verdict;
}
