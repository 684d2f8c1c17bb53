/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The account phase: every login and every gate comes by here, with and without a password, with keys, NOPASSWD, a
 * valid ticket, sudo -l and -v (T6). Deny is the initial value; one line allows.
 */
#include "pam_module/gate.h"
#include "pam_module/homes.h"
#include "pam_module/message.h"

#define EXPORTED __attribute__((visibility("default")))

/* The code says to the program what kind of no it is: sudo stops at each of them. */
static int code_of(const struct subject *s, const struct judgement *j)
{
	if (s->service_class == SERVICE_GATE || j->obstacle != OBSTACLE_NONE)
		return PAM_PERM_DENIED;
	switch (j->decision.why) {
	case WHY_DISABLED:
	case WHY_NOT_YET:
	case WHY_ENDED:
		return PAM_ACCT_EXPIRED;
	case WHY_UNREADABLE:
	case WHY_STALE:
		return PAM_AUTHINFO_UNAVAIL;
	default:
		return PAM_PERM_DENIED;
	}
}

static enum verdict ask(pam_handle_t *pamh, const struct subject *s, struct judgement *ret)
{
	switch (s->service_class) {
	case SERVICE_GATE:
		return gate_judge(pamh, s, PHASE_BEFORE_SESSION, ret);
	case SERVICE_BATCH:
		return judge(s, QUESTION_BATCH, NULL, ret);
	default:
		return judge(s, QUESTION_LOGIN, NULL, ret);
	}
}

static int account(pam_handle_t *pamh, struct transaction *t, const struct subject *s)
{
	struct judgement j;

	if (s->standing == STANDING_BROKER)
		return PAM_SYSTEM_ERR;
	if (s->standing == STANDING_IGNORED)
		return PAM_IGNORE;
	if (ask(pamh, s, &j) != VERDICT_ALLOW)
		return refuse(pamh, t, s, &j, code_of(s, &j));
	if (s->service_class == SERVICE_LOGIN)
		homes_make_parent(pamh, s);
	return t && t->must_change ? PAM_NEW_AUTHTOK_REQD : PAM_SUCCESS;
}

EXPORTED int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct transaction *t;
	struct subject s;
	int r;

	(void)flags;
	(void)argc;
	(void)argv;
	subject_find(pamh, PHASE_LATER, &s, &t);
	r = account(pamh, t, &s);
	subject_done(&s);
	return r;
}
