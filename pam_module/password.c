/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The password phase: a password that a tenant's directory in LDAP holds is changed there, by who knows it. Those of a
 * tenant in a file change in the file, everybody else's are none of ours.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_ext.h>

#include "pam_module/broker.h"
#include "pam_module/subject.h"

#define EXPORTED __attribute__((visibility("default")))

/* Whose is changed: PAM_USER's, if a tenant in LDAP has such a login. */
static int find_user(pam_handle_t *pamh, uid_t *ret)
{
	struct transaction *t;
	struct index_tenant tenant;
	struct subject s;
	const void *user = NULL;
	int r = -ENOENT;

	subject_find(pamh, PHASE_LATER, &s, &t);
	if (s.standing == STANDING_BROKER)
		r = -EPERM;
	else if (s.index && pam_get_item(pamh, PAM_USER, &user) == PAM_SUCCESS && user)
		r = subject_tenant_user(pamh, s.index, user, ret, &tenant);
	subject_done(&s);
	return r == 0 && !tenant.ldap ? -ENOENT : r;
}

static int code_of(pam_handle_t *pamh, int r, enum broker_verdict verdict, const char *message)
{
	if (r < 0)
		verdict = BROKER_VERDICT_UNAVAILABLE;
	switch (verdict) {
	case BROKER_VERDICT_YES:
		return PAM_SUCCESS;
	case BROKER_VERDICT_NONE:
		return PAM_IGNORE;
	case BROKER_VERDICT_UNAVAILABLE:
		(void)pam_error(pamh, "The directory cannot be reached; nothing was changed.");
		return PAM_AUTHTOK_ERR;
	case BROKER_VERDICT_REFUSED:
		(void)pam_error(pamh, "The directory refuses the new password%s%s", *message ? ": " : ".", message);
		return PAM_AUTHTOK_ERR;
	case BROKER_VERDICT_EXPIRED:
	case BROKER_VERDICT_LOCKED:
		(void)pam_error(pamh, "The password has expired or the account is locked; an administrator has to help.");
		return PAM_PERM_DENIED;
	case BROKER_VERDICT_NO:
	case BROKER_VERDICT_MUST_CHANGE:
		break;
	}
	return PAM_AUTH_ERR;
}

/* What it is now, asked for from root as well: only who knows it may change it. */
static int preliminary(pam_handle_t *pamh, uid_t uid)
{
	char message[BROKER_LINE_MAX + 1];
	enum broker_verdict verdict;
	const char *password = NULL;
	int r;

	r = pam_get_authtok(pamh, PAM_OLDAUTHTOK, &password, "Current password: ");
	if (r != PAM_SUCCESS || !password)
		return r == PAM_SUCCESS ? PAM_AUTH_ERR : r;
	r = broker_password(uid, password, NULL, &verdict, message);
	if (r == 0 && verdict == BROKER_VERDICT_MUST_CHANGE)
		return PAM_SUCCESS;
	r = code_of(pamh, r, verdict, message);
	if (r != PAM_SUCCESS)
		(void)pam_set_item(pamh, PAM_OLDAUTHTOK, NULL);
	return r;
}

static int update(pam_handle_t *pamh, uid_t uid)
{
	char message[BROKER_LINE_MAX + 1];
	enum broker_verdict verdict;
	const char *new_password = NULL;
	const void *password = NULL;
	struct transaction *t;
	int r;

	if (pam_get_item(pamh, PAM_OLDAUTHTOK, &password) != PAM_SUCCESS || !password)
		return PAM_AUTHTOK_RECOVERY_ERR;
	r = pam_get_authtok(pamh, PAM_AUTHTOK, &new_password, NULL);
	if (r != PAM_SUCCESS || !new_password)
		return r == PAM_SUCCESS ? PAM_AUTHTOK_ERR : r;
	if (!*new_password) {
		(void)pam_error(pamh, "No password was given; nothing was changed.");
		return PAM_AUTHTOK_ERR;
	}
	r = broker_password(uid, password, new_password, &verdict, message);
	r = code_of(pamh, r, verdict, message);
	t = transaction_get(pamh);
	if (r == PAM_SUCCESS && t)
		t->must_change = false;
	return r;
}

EXPORTED int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	uid_t uid = NO_ID;
	int r;

	(void)argc;
	(void)argv;
	r = find_user(pamh, &uid);
	if (r == -ENOENT)
		return PAM_IGNORE;
	if (r < 0)
		return PAM_SYSTEM_ERR;
	if (geteuid() != 0)
		return PAM_AUTHTOK_ERR;
	return flags & PAM_PRELIM_CHECK ? preliminary(pamh, uid) : update(pamh, uid);
}
