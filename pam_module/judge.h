/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_JUDGE_H
#define TENURE_PAM_JUDGE_H

/*
 * Asks the decision core about a subject, with the policy and the grants in force now (files.h): what was revoked a
 * moment ago is gone.
 */

#include "common/decide/decide.h"
#include "pam_module/subject.h"

/* What stands in the way besides the decision itself. */
enum obstacle {
	OBSTACLE_NONE,	  /* the decision's own why */
	OBSTACLE_CHANGED, /* another subject than in an earlier phase */
	OBSTACLE_BROKER,  /* tenured refused the session */
	OBSTACLE_CGROUP,  /* nobody could contain it */
	OBSTACLE_MEMORY,  /* no memory to carry on with */
};

struct judgement {
	enum verdict verdict;
	enum obstacle obstacle;
	struct decision decision;
	const char *target; /* of the question; NULL if it has none */
	char login[TRANSACTION_USER_MAX];
};

/* Denies unless the decision core allows. ret is always filled. Returns ret->verdict. */
enum verdict judge(const struct subject *s, enum question question, const char *target,
		   struct judgement *ret) MUST_CHECK;

/* The same for any principal of a tenant: by uid. */
enum verdict judge_uid(const struct index_tenant *tenant, uid_t uid, enum question question,
		       struct uuid *ret_principal) MUST_CHECK;

/*
 * Each local group that a live grant gives the subject now, decided one by one: its gid as the broker found it in the
 * host's own file (T22). fn returns 0 to go on. 0, -errno, or fn's value.
 */
int judge_groups(const struct subject *s, int (*fn)(void *context, gid_t gid), void *context) MUST_CHECK;

/* Turns an allowed judgement into a denial. */
void judgement_obstruct(struct judgement *j, enum obstacle obstacle);

/* "no-active-role": what stands in the log. Static text. */
const char *judgement_why(const struct judgement *j);

/* True if this is no verdict about the subject but something that went wrong: break-glass users pass it. */
bool judgement_is_failure(const struct judgement *j);

#endif
