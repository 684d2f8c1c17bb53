/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_DECIDE_WALK_H
#define TENURE_DECIDE_WALK_H

/* Inside the decision core alone: what its files share. A test returns 1 (yes), 0 (no) or -EBADMSG. */

#include "common/decide/decide.h"

/* rights.c */

/* The right covers kind:argument (never NULL for become and group); become:* covers every target. */
bool right_covers(const struct policy_right *right, enum right_kind kind, const char *argument);
/* asked NULL: any right of the kind. */
int rights_cover(const struct policy *p, struct policy_rights rights, enum right_kind kind, const char *asked) MUST_CHECK;
/* The ceiling names it; kinds that it does not cap are always in. */
int ceiling_allows(const struct policy *p, enum right_kind kind, const char *argument) MUST_CHECK;
/* Calls fn for each right of a list that the ceiling leaves, become:* as the targets that it names; stops as fn says. */
typedef int (*right_fn)(void *context, enum right_kind kind, const char *argument);
int capped_rights(const struct policy *p, struct policy_rights rights, right_fn fn, void *context) MUST_CHECK;
static inline bool is_management(enum right_kind kind)
{
	return kind >= RIGHT_USER_LOCK;
}
bool host_right_reaches(const struct policy_assignment *a);
/* Copies a role's name; -EBADMSG if no role is called so. */
int copy_name(char buf[static NAME_LENGTH_MAX + 1], const char *name) MUST_CHECK;

/* denies.c */

/* What a deny is held against. */
struct deny_query {
	enum right_kind kind;
	const char *argument;
	uint32_t target_user; /* NO_INDEX: the target is this host */
};
/*
 * Does a deny take it now? *ret_next: when the next one will, TIME_FOREVER if none; it may be NULL.
 */
int right_is_denied(const struct policy *p, uint32_t principal, const struct deny_query *query, const struct instant *now,
		    int64_t *ret_next) MUST_CHECK;
/* The assignment is a deny that takes the right, whenever its window holds. */
int deny_takes(const struct policy *p, const struct policy_assignment *a, const struct deny_query *query) MUST_CHECK;
/* The same of holding the role at all. */
bool deny_takes_role(const struct policy_assignment *a, uint32_t role);

/* manage.c */

/* Where something was assigned or granted. */
struct place_of_right {
	const char *scope; /* or NULL */
	uint32_t unit;	   /* or NO_INDEX */
	bool at_host, blocked;
};
/* NO_INDEX is nobody, and in no unit. */
int user_is_in_unit(const struct policy *p, uint32_t user, uint32_t unit) MUST_CHECK;
/* Does a management right given there reach its target (decide.h)? */
int management_reaches(const struct policy *p, enum right_kind kind, const struct place_of_right *place,
		       uint32_t target_user) MUST_CHECK;
/* Reads what a grant's row says; 0: there is no such place any more. */
int place_of_grant(const struct policy *p, const char *argument, struct place_of_right *ret) MUST_CHECK;
/* target holds no higher role than principal. */
int holds_no_higher_role(const struct policy *p, const struct holders *grants, uint32_t principal, uint32_t target,
		      const struct instant *now) MUST_CHECK;

/* find.c */

/* One question on its way. */
struct walk {
	const struct policy *policy;
	const struct holders *grants;
	const struct decision_request *request;
	trace_fn trace; /* may be NULL */
	void *context;
	struct policy_principal user;
	enum right_kind kind;	 /* what the question asks for; 0: for nothing (BATCH) */
	struct decision *decision;
	unsigned met;		 /* a bit for each step that was met */
	bool held;		 /* step RIGHT */
	unsigned targets_free, targets_denied; /* GATE_ANY: of the held targets that the ceiling names */
};

/* Who gives a right, and the one that gives it longest. */
struct finding {
	bool held, standing;
	const char *role;
	struct window window;
	struct uuid request; /* null: an assignment */
};
/* Who gives kind:target now, denies and ceiling aside; target NULL: any right of the kind. 0 or -EBADMSG. */
int find_right(const struct walk *w, const char *target, struct finding *ret) MUST_CHECK;
struct deny_query query_of(const struct walk *w, const char *target);
/* Does the assignment reach the question's target? */
int assignment_reaches(const struct walk *w, const struct policy_assignment *a) MUST_CHECK;
/* Keeps what lasts longer; of the same length, what came first, and assignments come first. `other` is held. */
void finding_merge(struct finding *into, const struct finding *other, const struct instant *now);
/* Into the decision: the role that an eligible assignment would give the right by, "" if none. */
int find_hint(struct walk *w) MUST_CHECK;
/* Into the decision: a role that is held and has another target. */
int find_other_role(struct walk *w) MUST_CHECK;

/* trace.c: nothing that happens here changes a verdict. */
void trace_head(const struct walk *w, enum trace_step step, const char *subject, const char *text, const char *place,
		const char *result, bool met);
void trace_tenant(const struct walk *w, const struct policy_tenant *tenant);
void trace_user(const struct walk *w, enum why why);
/* Head and details. */
void trace_right(const struct walk *w, bool met);
void trace_denies(const struct walk *w, bool met);
void trace_ceiling(const struct walk *w, bool met);

/* activation.c: what of an assignment's role is left by denies and ceiling, now. */
int assignment_leaves_something(const struct policy *p, uint32_t principal, const struct policy_assignment *a,
				const struct instant *now) MUST_CHECK;

struct window window_cut(struct window w, int64_t start_ns, int64_t end_ns);

#endif
