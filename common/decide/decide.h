/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_DECIDE_DECIDE_H
#define TENURE_DECIDE_DECIDE_H

/*
 * The decision core: pure functions of policy snapshot, grants, request and time. Deny is the initial value and one
 * place allows. Nothing here opens a file, reads a clock, allocates or logs. A trace is given on demand, by the very
 * walk that decides, so that `tenure explain` cannot say anything else than the gate does.
 *
 * Rules that the vocabulary leaves to the code:
 * - A deny of single rights denies these; a deny of a role denies every right of the role, whichever role gives it, and
 *   the role itself. A deny reaches by scope and unit like a giving assignment, but no restricted unit keeps it away.
 *   Denying become:root leaves the other targets of become:*; denying become:* leaves none.
 * - become:* means the targets that the ceiling names; so "some become:*" (GATE_ANY) means: of one target at least.
 * - MANAGE user.lock and user.sessions.end have the user as target: an assignment at "/" reaches every user, one at a
 *   unit the users in it. One at another path reaches user.sessions.end alone, for the sessions of this host, if it
 *   covers the host. A user in a restricted unit is reached by restricted units that hold it alone.
 *   request.approve, grant.revoke, audit.read and policy.read have this host as target, as login has.
 * - A user holds a higher role than the one who manages it if it holds, anywhere in the tenant, now, standing or by a
 *   grant, a management right that the other does not. (login, become and group are rights on hosts, not over people.)
 *   It keeps from user.lock and user.sessions.end; approving and revoking go by the request, and revoking is never
 *   withheld.
 * - A grant's row of a management right says in `argument` where it was granted: a path, or a unit's name.
 */

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/snapshot/holders.h"
#include "common/snapshot/policy.h"

enum question {
	QUESTION_LOGIN = 1, /* may this principal open a session here? */
	QUESTION_GATE_ANY,  /* account phase of sudo: does it hold some become:* now? */
	QUESTION_GATE,	    /* become:<target> */
	QUESTION_BATCH,	    /* cron and its like: an enabled account */
	QUESTION_GROUP,	    /* group:<target> */
	QUESTION_MANAGE,    /* `manage` on this host or on the user `target_user` */
};

/* Why a question was denied; the names are stable, they stand in logs ("why=no-active-role"). */
enum why {
	WHY_NONE, /* allowed */
	WHY_UNREADABLE,	     /* could-not-read: policy or grants torn, missing, of another version */
	WHY_UNKNOWN_USER,    /* unknown-user: the policy has no such principal */
	WHY_DISABLED,	     /* disabled */
	WHY_NOT_YET,	     /* not-yet: before its start */
	WHY_ENDED,	     /* account-ended */
	WHY_NO_LOGIN_RIGHT,  /* no-login-right */
	WHY_NO_ACTIVE_ROLE,  /* no-active-role: holds no become:* at all */
	WHY_WRONG_TARGET,    /* wrong-target: holds become:* but not of this target */
	WHY_NO_RIGHT,	     /* no-right: management right missing */
	WHY_DENIED,	     /* denied: a deny assignment */
	WHY_CEILING,	     /* ceiling: the host does not allow it */
	WHY_HIGHER_ROLE,     /* higher-role: the target user holds a higher role */
	WHY_STALE,	     /* stale: its directory has not answered for longer than the lease; the modules' to find */
	WHY_COUNT
};
const char *why_text(enum why why);

/* The one reading of a verdict: whatever is not ALLOW in all its bits is a denial (T3). */
static inline bool verdict_allows(enum verdict verdict)
{
	return verdict == VERDICT_ALLOW;
}

struct decision_request {
	enum question question;
	uint32_t principal;   /* position in the policy */
	const char *service;  /* for the trace; may be NULL */
	const char *target;   /* GATE: user; GROUP: local group */
	enum right_kind manage;
	uint32_t target_user; /* MANAGE of user.*: position; NO_INDEX: the host is the target */
	struct instant now;
};

struct decision {
	enum verdict verdict;
	enum why why;
	char role[(NAME_LENGTH_MAX + 1)];	/* allowed: the role that gave it; denied: the eligible role that would, or "" */
	char other_role[(NAME_LENGTH_MAX + 1)]; /* WRONG_TARGET: the role that is held but does not reach the target */
	/*
	 * Allowed: until when, by the latest of all that cover it now, and no later than the account's end or the next
	 * deny. start_ns is of the same one.
	 */
	struct window window;
	bool by_grant;			/* allowed, and by no standing assignment */
	struct uuid request;		/* by_grant: the grant with the latest end; else null */
};

/*
 * A line of a trace, in the order of the walk. Strings live as long as the call. Each step starts with one record that
 * has a subject; records behind it with subject "" are its details (each assignment looked at), and always `met`.
 */
enum trace_step {
	TRACE_TENANT = 1, TRACE_USER, TRACE_RIGHT, TRACE_DENY, TRACE_CEILING, TRACE_POLICIES
};
struct trace_record {
	enum trace_step step;
	const char *subject; /* "tenant", "user", "right", ... */
	const char *text;    /* "db-operator (dba, /prod/hr/web)" */
	const char *place;   /* "directory.d/contoso.conf:51" or "" */
	const char *result;  /* "yes", "no", "eligible", "no right", "until 2026-..." */
	bool met;	     /* false: this step, for itself, would deny */
};
typedef void (*trace_fn)(void *context, const struct trace_record *record);

/*
 * policy NULL or grants NULL: could not be read, which denies everything (a missing `grants` file is an empty table,
 * not NULL: holders_open tells). ret is always filled. Returns ret->verdict. trace may be NULL: then no step after the
 * first unmet one is walked.
 */
enum verdict decide(const struct policy *policy, const struct holders *grants, const struct decision_request *request,
		    struct decision *ret, trace_fn trace, void *context) MUST_CHECK;

/*
 * Guests (common/model/guest.h). home: the policy of the tenant that the user is of, who stands there at `user`; policy:
 * that of a tenant which may have him for a guest. Only assignments of it that name the guest, and grants of these, give
 * him anything; home's account, its dates and its denies bound that.
 */

/* Did home say no for want of a right alone, so that others may be asked? Any other no is the answer. */
bool decide_may_be_guest(const struct decision *own);
/* Where he stands in policy. 0; -ENOENT: no guest there; -EBADMSG. */
int decide_guest_find(const struct policy *home, uint32_t user, const struct policy *policy, uint32_t *ret) MUST_CHECK;
/* As decide; request->principal: in home. Denies whatever is no right on this host. trace: of policy's own steps. */
enum verdict decide_guest(const struct policy *home, const struct policy *policy, const struct holders *grants,
			  const struct decision_request *request, struct decision *ret, trace_fn trace,
			  void *context) MUST_CHECK;

/* Which role may the principal activate, and on what terms? */
struct eligibility {
	uint32_t role;	     /* position */
	const char *role_name, *title;
	const char *scope;   /* of the assignment: path, or NULL */
	const char *unit;    /* or the unit */
	const char *through; /* the group, NULL: direct */
	const char *place;
	enum assignment_type type; /* ELIGIBLE or ACTIVE */
	struct window window;	   /* the assignment's, cut to the account's dates */
	const char *grant_scope;   /* decide_activation: where a grant of it stands: a path, or a unit's name */
	bool usable; /* now: account and window hold, it reaches this host or manages, and denies and ceiling leave something */
};
/* Every assignment of the principal that reaches this host or manages somewhere; fn as in holders.h. Denies are left out. */
typedef int (*eligibility_fn)(void *context, const struct eligibility *e);
int decide_assignments(const struct policy *policy, uint32_t principal, const struct instant *now, eligibility_fn fn,
		       void *context) MUST_CHECK;

struct role_terms {
	const char *name, *title;
	struct uuid id;
	struct activation activation; /* its lists are empty: policy_role_approvers says who */
	bool approvers_named;
};
int policy_role_by_name(const struct policy *policy, const char *name, uint32_t *ret) MUST_CHECK;
int policy_role_terms(const struct policy *policy, uint32_t role, struct role_terms *ret) MUST_CHECK;
/* Rights of the role on this host after not_actions and ceiling; become:* as the targets that the ceiling names. */
int policy_role_rights(const struct policy *policy, uint32_t role, int (*fn)(void *, enum right_kind, const char *), void *context) MUST_CHECK;
/*
 * Approvers of the role: persons, enabled and inside their dates, groups resolved, positions ascending and distinct;
 * holders of request.approve if none is named. The requester may be among them: the caller excludes.
 */
int policy_role_approvers(const struct policy *policy, const struct holders *grants, uint32_t role,
			  const struct instant *now, int (*fn)(void *, uint32_t principal), void *context) MUST_CHECK;
/*
 * May the role be activated by the principal at scope now? 0 and the assignment that lasts longest, or -EACCES, -ENOENT
 * (no such principal or role), -EBADMSG.
 * scope: a path at or below the assignment's scope that covers this host, or the name of the assignment's unit. NULL:
 * for an assignment at a unit the unit; for a role of management rights alone the assignment's scope; else this host's
 * path ("/" while the directory does not know the host).
 */
int decide_activation(const struct policy *policy, uint32_t principal, uint32_t role, const char *scope,
		      const struct instant *now, struct eligibility *ret) MUST_CHECK;

/*
 * Rows of the standing table for every enabled principal: what `holders` is written from. A row for each role and each
 * right of login, become and group that reaches this host; windows are cut to the account's dates and around denies.
 * local_gid is left at NO_ID: the caller looks it up. A right that two roles give has two rows.
 */
int decide_standing_rows(const struct policy *policy, int (*fn)(void *, const struct holder *), void *context) MUST_CHECK;
/* Those of one principal. */
int decide_standing_rows_of(const struct policy *policy, uint32_t principal, int (*fn)(void *, const struct holder *),
			    void *context) MUST_CHECK;
/*
 * Rows that one grant gives: of the role, and of each right that the ceiling and denies leave, management rights too.
 * scope: the grant's, as decide_activation said (grant_scope). The caller has asked decide_activation just before.
 */
int decide_grant_rows(const struct policy *policy, uint32_t principal, uint32_t role, const char *scope,
		      const struct uuid *request, const struct window *window, int (*fn)(void *, const struct holder *),
		      void *context) MUST_CHECK;

#endif
