/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenure-auth/auth.h"

#include <limits.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/paths.h"
#include "common/base/secret.h"

#define SERVICE "tenure"

/* Modules ask "Password: "; a person wants to know whose. */
static const char *whose(const struct transaction *t, const char *text, char *buf, size_t len)
{
	if (strcmp(text, "Password: ") != 0 && strcmp(text, "Password:") != 0)
		return text;
	(void)snprintf(buf, len, "Password for %s: ", t->login);
	return buf;
}

/* One message of a module. PAM_CONV_ERR: the client is gone, or the answer cannot be had. */
static int converse_one(const struct transaction *t, const struct pam_message *message, char **ret_answer)
{
	const char *text = message->msg ? message->msg : "";
	char prompt[AUTH_FIELD_MAX + 32];
	struct auth_record answer;

	switch (message->msg_style) {
	case PAM_ERROR_MSG:
	case PAM_TEXT_INFO:
		return transaction_say(t, text, message->msg_style == PAM_ERROR_MSG) < 0 ? PAM_CONV_ERR : PAM_SUCCESS;
	case PAM_PROMPT_ECHO_ON:
	case PAM_PROMPT_ECHO_OFF:
		if (transaction_ask(t, whose(t, text, prompt, sizeof(prompt)), message->msg_style == PAM_PROMPT_ECHO_ON,
				    &answer) < 0)
			return PAM_CONV_ERR;
		*ret_answer = strdup(answer.fields[0]);
		auth_record_wipe(&answer);
		return *ret_answer ? PAM_SUCCESS : PAM_BUF_ERR;
	default:
		return PAM_CONV_ERR;
	}
}

static int converse(int count, const struct pam_message **messages, struct pam_response **ret, void *context)
{
	const struct transaction *t = context;
	struct pam_response *responses;
	int r = PAM_SUCCESS;

	if (count <= 0 || count > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	responses = calloc((size_t)count, sizeof(*responses));
	if (!responses)
		return PAM_BUF_ERR;
	for (int i = 0; i < count && r == PAM_SUCCESS; i++)
		r = converse_one(t, messages[i], &responses[i].resp);
	if (r == PAM_SUCCESS) {
		*ret = responses;
		return r;
	}
	for (int i = 0; i < count; i++)
		secret_free(responses[i].resp);
	free(responses);
	return r;
}

/* A module that swaps the user has proved somebody else (T4). */
static bool user_is_unchanged(pam_handle_t *handle, const char *login)
{
	const void *user = NULL;

	return pam_get_item(handle, PAM_USER, &user) == PAM_SUCCESS && user && strcmp(user, login) == 0;
}

/* Nobody was judged: the stack cannot be run as it is. */
static bool is_broken(int r)
{
	switch (r) {
	case PAM_AUTHINFO_UNAVAIL:
	case PAM_CRED_INSUFFICIENT:
	case PAM_OPEN_ERR:
	case PAM_SYMBOL_ERR:
	case PAM_SERVICE_ERR:
	case PAM_SYSTEM_ERR:
	case PAM_BUF_ERR:
	case PAM_ABORT:
	case PAM_IGNORE:
	case PAM_MODULE_UNKNOWN:
		return true;
	default:
		return false;
	}
}

static enum auth_result try_each(struct transaction *t, pam_handle_t *handle)
{
	for (int i = 0; i < AUTH_TRIES; i++) {
		int r = pam_authenticate(handle, PAM_DISALLOW_NULL_AUTHTOK);

		if (r == PAM_SUCCESS)
			r = pam_acct_mgmt(handle, PAM_DISALLOW_NULL_AUTHTOK);
		else if (is_broken(r))
			return AUTH_RESULT_UNAVAILABLE;
		else if (r != PAM_AUTH_ERR && r != PAM_USER_UNKNOWN)
			return AUTH_RESULT_NO;
		else if (i + 1 < AUTH_TRIES && transaction_say(t, "Sorry, try again.", true) < 0)
			return AUTH_RESULT_NO;
		else
			continue;
		if (is_broken(r))
			return AUTH_RESULT_UNAVAILABLE;
		if (r == PAM_SUCCESS && user_is_unchanged(handle, t->login))
			return AUTH_RESULT_YES;
		return AUTH_RESULT_NO;
	}
	return AUTH_RESULT_NO;
}

enum auth_result pam_prove(struct transaction *t)
{
	const struct pam_conv conversation = {converse, t};
	enum auth_result result = AUTH_RESULT_UNAVAILABLE;
	pam_handle_t *handle = NULL;
	char folder[PATH_MAX];

	t->method = "pam:" SERVICE;
	/* A folder of its own: no fallback to /usr/lib/pam.d or pam.conf, which nobody has looked at. */
	(void)snprintf(folder, sizeof(folder), "%s/pam.d", tenure_path(PATH_ETC));
	if (pam_start_confdir(SERVICE, t->login, &conversation, folder, &handle) != PAM_SUCCESS)
		return result;
	if (pam_set_item(handle, PAM_RUSER, t->login) == PAM_SUCCESS)
		result = try_each(t, handle);
	(void)pam_end(handle, result == AUTH_RESULT_YES ? PAM_SUCCESS : PAM_AUTH_ERR);
	return result;
}
