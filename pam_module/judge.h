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
	OBSTACLE_JOURNAL, /* it could not be put on record */
	OBSTACLE_MEMORY,  /* no memory to carry on with */
	OBSTACLE_ARGS,	  /* what the gate was asked for could not be read */
	OBSTACLE_GROUP,	  /* sudo -g: a group that neither a role nor the target account brings */
};

struct judgement {
	enum verdict verdict;
	enum obstacle obstacle;
	struct decision decision;
	const char *target; /* of the question; NULL if it has none */
	char named[TRANSACTION_USER_MAX]; /* holds target where nobody else does */
	char login[TRANSACTION_USER_MAX];
};

/* Denies unless the decision core allows. ret is always filled. Returns ret->verdict. */
enum verdict judge(const struct subject *s, enum question question, const char *target,
		   struct judgement *ret) MUST_CHECK;

/* The same for any principal of a tenant: by uid. */
enum verdict judge_uid(const struct index_tenant *tenant, uid_t uid, enum question question,
		       struct uuid *ret_principal) MUST_CHECK;

/* A local group that the subject holds for a time. Lives as long as the call. */
struct judged_group {
	const char *name;
	gid_t gid; /* as the broker found it in the host's own file (T22) */
	const struct decision *decision; /* that allows it: until when, by what */
};

/*
 * Each local group that the subject holds now and not for good, by a grant or by a dated assignment, decided one by
 * one. (What it holds for good NSS gives to every process.) fn returns 0 to go on. 0, -errno, or fn's value.
 */
typedef int (*judged_group_fn)(void *context, const struct judged_group *group);
int judge_groups(const struct subject *s, judged_group_fn fn, void *context) MUST_CHECK;

/* The same with a copy of target: a name too long for one is nobody's, and denied. */
enum verdict judge_named(const struct subject *s, enum question question, const char *target,
			 struct judgement *ret) MUST_CHECK;

/* Turns an allowed judgement into a denial. */
void judgement_obstruct(struct judgement *j, enum obstacle obstacle);

/* "no-active-role": what stands in the log. Static text. */
const char *judgement_why(const struct judgement *j);

/* True if this is no verdict about the subject but something that went wrong: break-glass users pass it. */
bool judgement_is_failure(const struct judgement *j);

#endif
