/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Credentials: the groups that a contained login has taken on. sshd asks twice: in its monitor before the session is
 * opened, where there is nothing to do yet, and in the child behind initgroups; login(1) and display managers ask
 * before, after or both, so that the session phase adds them too. They are those that the session rests on, no others:
 * whatever was granted meanwhile would outlive its end.
 */
#include <syslog.h>

#include <security/pam_ext.h>

#include "pam_module/files.h"
#include "pam_module/names.h"
#include "pam_module/subject.h"

#define EXPORTED __attribute__((visibility("default")))

static int establish(pam_handle_t *pamh, const struct transaction *t, const struct subject *s)
{
	if (s->standing == STANDING_IGNORED || s->service_class != SERVICE_LOGIN)
		return PAM_IGNORE;
	if (s->standing != STANDING_GOVERNED)
		return PAM_CRED_ERR;
	/* A group less is no reason to end the login. */
	if (t && t->contained && names_add_groups(t->groups, t->group_count) < 0)
		pam_syslog(pamh, LOG_ERR, "the groups of a grant could not be added");
	return PAM_SUCCESS;
}

EXPORTED int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct transaction *t;
	struct subject s;
	int r;

	(void)argc;
	(void)argv;
	if (flags & PAM_DELETE_CRED)
		return PAM_IGNORE;
	subject_find(pamh, PHASE_LATER, &s, &t);
	r = establish(pamh, t, &s);
	subject_done(&s);
	files_forget();
	return r;
}
