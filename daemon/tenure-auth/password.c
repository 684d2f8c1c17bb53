/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenure-auth/auth.h"

#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/secret.h"
#include "common/snapshot/secrets.h"

/* Allow has one site. An empty answer is never right (T1); a hash that crypt refuses fits nothing. */
static bool fits(const char *answer, const char *hash)
{
	struct crypt_data *data;
	const char *made;
	bool equal = false;

	if (!*answer || !*hash)
		return false;
	data = calloc(1, sizeof(*data));
	if (!data)
		return false;
	made = crypt_r(answer, hash, data);
	if (made && made[0] != '*' && strlen(made) == strlen(hash))
		equal = secret_equal(made, hash, strlen(hash));
	explicit_bzero(data, sizeof(*data));
	free(data);
	return equal;
}

/* One answer against the hash, or against the directory. hash: "" with a directory. */
static enum auth_result judge(struct transaction *t, const char *answer, const char *hash)
{
	struct auth_record verdict = {.count = 0};
	enum auth_result result = AUTH_RESULT_NO;
	const char *why = NULL;

	if (!t->directory)
		return fits(answer, hash) ? AUTH_RESULT_YES : AUTH_RESULT_NO;
	if (!*answer)
		return AUTH_RESULT_NO; /* T1 */
	switch (transaction_verify(t, answer, &verdict)) {
	case SYNC_VERDICT_YES:
		result = AUTH_RESULT_YES;
		break;
	case SYNC_VERDICT_UNAVAILABLE:
		result = AUTH_RESULT_UNAVAILABLE;
		break;
	case SYNC_VERDICT_MUST_CHANGE:
	case SYNC_VERDICT_EXPIRED:
		why = "Your password has to be changed first: passwd";
		break;
	case SYNC_VERDICT_LOCKED:
		why = "Your account is locked in its directory.";
		break;
	case SYNC_VERDICT_NO:
	case SYNC_VERDICT_REFUSED:
		break;
	}
	auth_record_wipe(&verdict);
	return why && transaction_say(t, why, true) < 0 ? AUTH_RESULT_NO : result;
}

static enum auth_result try_each(struct transaction *t, const char *hash)
{
	char prompt[AUTH_FIELD_MAX + 32];

	(void)snprintf(prompt, sizeof(prompt), "Password for %s: ", t->login);
	for (int i = 0; i < AUTH_TRIES; i++) {
		struct auth_record answer;
		enum auth_result result;

		if (transaction_ask(t, prompt, false, &answer) < 0)
			return AUTH_RESULT_NO;
		result = judge(t, answer.fields[0], hash);
		auth_record_wipe(&answer);
		if (result != AUTH_RESULT_NO)
			return result;
		(void)sleep(t->fail_delay_s);
		if (i + 1 < AUTH_TRIES && transaction_say(t, "Sorry, try again.", true) < 0)
			return AUTH_RESULT_NO;
	}
	return AUTH_RESULT_NO;
}

enum auth_result password_prove(struct transaction *t)
{
	char hash[SECRET_HASH_MAX] = "";
	enum auth_result result = AUTH_RESULT_UNAVAILABLE;

	t->method = t->directory ? "directory" : "password";
	if (t->directory || secrets_read(t->tenant, &t->principal, hash) == 0)
		result = try_each(t, hash);
	SECRET_WIPE_ARRAY(hash);
	return result;
}
