/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenure-sync/password.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#define DAY_SECONDS 86400

/* What the server answered: its result, and what ppolicy says beside it. */
struct answer {
	int code;
	bool has_policy;
	ber_int_t expires_s, graces; /* -1: nothing of it */
	LDAPPasswordPolicyError error;
	char text[TEXT_LEN];
};

static void read_policy(LDAP *ld, LDAPControl **controls, struct answer *ret)
{
	LDAPControl *c = controls ? ldap_control_find(LDAP_CONTROL_PASSWORDPOLICYRESPONSE, controls, NULL) : NULL;

	ret->has_policy = c && ldap_parse_passwordpolicy_control(ld, c, &ret->expires_s, &ret->graces, &ret->error) ==
				       LDAP_SUCCESS;
}

/* Waits for that operation. 0; -EIO: there is no answer. */
static int await(LDAP *ld, int id, struct answer *ret)
{
	struct timeval time = {ANSWER_SECONDS, 0};
	LDAPControl **controls = NULL;
	LDAPMessage *m = NULL;
	struct failure f;
	char *text = NULL;
	int r = ldap_result(ld, id, LDAP_MSG_ALL, &time, &m);

	*ret = (struct answer){.code = LDAP_OTHER, .expires_s = -1, .graces = -1, .error = PP_noError};
	if (r <= 0)
		return -EIO;
	r = ldap_parse_result(ld, m, &ret->code, NULL, &text, NULL, &controls, 1);
	if (r == LDAP_SUCCESS)
		read_policy(ld, controls, ret);
	failure_of(ld, ret->code, &f);
	(void)snprintf(ret->text, sizeof(ret->text), "%s", f.text);
	ldap_controls_free(controls);
	ldap_memfree(text);
	return r == LDAP_SUCCESS ? 0 : -EIO;
}

static int bind_as(LDAP *ld, const char *dn, const char *password, struct answer *ret)
{
	struct berval secret = {strlen(password), (char *)(uintptr_t)password};
	LDAPControl *policy = NULL, *controls[2] = {NULL, NULL};
	int id, code = ldap_create_passwordpolicy_control(ld, &policy);

	if (code != LDAP_SUCCESS)
		return -EIO;
	controls[0] = policy;
	code = ldap_sasl_bind(ld, dn, LDAP_SASL_SIMPLE, &secret, controls, NULL, &id);
	ldap_control_free(policy);
	return code == LDAP_SUCCESS ? await(ld, id, ret) : -EIO;
}

/* --- what it means --- */

/* "80090308: LdapErr: ..., data 532, ...": a Windows error, in hexadecimal. */
static unsigned long windows_error(const char *text)
{
	const char *at = strstr(text, ", data ");

	return at ? strtoul(at + strlen(", data "), NULL, 16) : 0;
}

static enum sync_verdict refusal_of_ad(const char *text)
{
	switch (windows_error(text)) {
	case 0x532: /* ERROR_PASSWORD_EXPIRED */
	case 0x773: /* ERROR_PASSWORD_MUST_CHANGE */
	case 0x701: /* ERROR_ACCOUNT_EXPIRED */
		return SYNC_VERDICT_EXPIRED;
	case 0x533: /* ERROR_ACCOUNT_DISABLED */
	case 0x775: /* ERROR_ACCOUNT_LOCKED_OUT */
		return SYNC_VERDICT_LOCKED;
	default:
		return SYNC_VERDICT_NO;
	}
}

static enum sync_verdict refusal(const struct settings *s, const struct answer *a)
{
	if (a->code == LDAP_INVALID_CREDENTIALS && s->schema == LDAP_SCHEMA_AD)
		return refusal_of_ad(a->text);
	if (a->has_policy && a->error == PP_passwordExpired)
		return SYNC_VERDICT_EXPIRED;
	if (a->has_policy && a->error == PP_accountLocked)
		return SYNC_VERDICT_LOCKED;
	switch (a->code) {
	case LDAP_BUSY:
	case LDAP_UNAVAILABLE:
	case LDAP_TIMEOUT:
	case LDAP_SERVER_DOWN:
	case LDAP_CONNECT_ERROR:
	case LDAP_OPERATIONS_ERROR:
		return SYNC_VERDICT_UNAVAILABLE;
	default:
		return SYNC_VERDICT_NO;
	}
}

static enum sync_verdict success(const struct answer *a, char ret_text[static TEXT_LEN])
{
	if (a->has_policy && a->error == PP_changeAfterReset) {
		(void)snprintf(ret_text, TEXT_LEN, "Your password was reset; it has to be changed now.");
		return SYNC_VERDICT_MUST_CHANGE;
	}
	if (a->has_policy && a->graces >= 0) {
		(void)snprintf(ret_text, TEXT_LEN, "Your password has expired; it works %d more time%s. Change it now.",
			       (int)a->graces, a->graces == 1 ? "" : "s");
		return SYNC_VERDICT_MUST_CHANGE;
	}
	if (a->has_policy && a->expires_s >= 0)
		(void)snprintf(ret_text, TEXT_LEN, "Your password expires in %d %s.",
			       (int)(a->expires_s >= 2 * DAY_SECONDS ? a->expires_s / DAY_SECONDS : (a->expires_s + 3599) / 3600),
			       a->expires_s >= 2 * DAY_SECONDS ? "days" : "h");
	return SYNC_VERDICT_YES;
}

/* Connected as the entry, with *ret for connect_close where the verdict is YES or MUST_CHANGE. */
static enum sync_verdict open_as(const struct settings *s, const char *uri, const char *dn, const char *password, LDAP **ret,
				 char ret_text[static TEXT_LEN])
{
	enum sync_verdict verdict;
	struct failure f;
	struct answer a;
	LDAP *ld;

	/* A bind without a name or a password is anonymous, and succeeds (RFC 4513 5.1.2): T1. */
	if (!*dn || !*password)
		return SYNC_VERDICT_NO;
	if (connect_open(s, uri, &ld, &f) < 0)
		return SYNC_VERDICT_UNAVAILABLE;
	if (bind_as(ld, dn, password, &a) < 0)
		verdict = SYNC_VERDICT_UNAVAILABLE;
	else
		verdict = a.code == LDAP_SUCCESS ? success(&a, ret_text) : refusal(s, &a);
	if (verdict == SYNC_VERDICT_YES || verdict == SYNC_VERDICT_MUST_CHANGE) {
		*ret = ld;
		return verdict;
	}
	connect_close(ld);
	return verdict;
}

enum sync_verdict password_check(const struct settings *s, const char *uri, const char *dn, const char *password,
				 char ret_text[static TEXT_LEN])
{
	LDAP *ld = NULL;
	const enum sync_verdict verdict = open_as(s, uri, dn, password, &ld, ret_text);

	connect_close(ld);
	return verdict;
}

static enum sync_verdict change(LDAP *ld, const char *password, const char *new_password, char ret_text[static TEXT_LEN])
{
	struct berval old = {strlen(password), (char *)(uintptr_t)password};
	struct berval new = {strlen(new_password), (char *)(uintptr_t)new_password};
	LDAPControl *policy = NULL, *controls[2] = {NULL, NULL};
	struct answer a;
	int id, code = ldap_create_passwordpolicy_control(ld, &policy);

	if (code != LDAP_SUCCESS)
		return SYNC_VERDICT_UNAVAILABLE;
	controls[0] = policy;
	code = ldap_passwd(ld, NULL, &old, &new, controls, NULL, &id);
	ldap_control_free(policy);
	if (code != LDAP_SUCCESS || await(ld, id, &a) < 0)
		return SYNC_VERDICT_UNAVAILABLE;
	if (a.code == LDAP_SUCCESS)
		return SYNC_VERDICT_YES;
	if (a.code == LDAP_PROTOCOL_ERROR)
		(void)snprintf(ret_text, TEXT_LEN, "this directory changes no passwords this way (RFC 3062)");
	else
		(void)snprintf(ret_text, TEXT_LEN, "%s",
			       a.has_policy && a.error != PP_noError ? ldap_passwordpolicy_err2txt(a.error) : a.text);
	return SYNC_VERDICT_REFUSED;
}

enum sync_verdict password_change(const struct settings *s, const char *uri, const char *dn, const char *password,
				  const char *new_password, char ret_text[static TEXT_LEN])
{
	LDAP *ld = NULL;
	enum sync_verdict verdict;

	if (!*new_password)
		return SYNC_VERDICT_REFUSED;
	verdict = open_as(s, uri, dn, password, &ld, ret_text);
	ret_text[0] = '\0';
	if (verdict == SYNC_VERDICT_YES || verdict == SYNC_VERDICT_MUST_CHANGE)
		verdict = change(ld, password, new_password, ret_text);
	connect_close(ld);
	return verdict;
}
