/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/verify.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/secret.h"
#include "common/snapshot/secrets.h"
#include "pam_module/broker.h"
#include "pam_module/judge.h"

/* What is computed for those who have no hash: the cost of mkpasswd -m yescrypt. Fits no password. */
static const char dummy_setting[] = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$";

/* Constant in time for the password; the setting's kind may show, the hash may not. */
static int compare(const char *password, const char *hash)
{
	struct crypt_data *data = calloc(1, sizeof(*data));
	const char *computed;
	size_t len;
	int r = -EKEYREJECTED;

	if (!data)
		return -ENOMEM;
	computed = crypt_r(password, hash, data);
	len = computed ? strlen(computed) : 0;
	if (len > 2 && computed[0] != '*' && len == strlen(hash) && crypt_checksalt(hash) == CRYPT_SALT_OK &&
	    secret_equal(computed, hash, len))
		r = 0;
	explicit_bzero(data, sizeof(*data));
	free(data);
	return r;
}

static int explain(struct verification *v, const char *otherwise, int r)
{
	if (!v->message[0])
		memcpy(v->message, otherwise, strlen(otherwise) + 1);
	return r;
}

/* The directory's to judge; it is as slow for everybody. */
static int ask_directory(uid_t uid, const char *password, struct verification *v)
{
	enum broker_verdict verdict;
	int r = broker_password(uid, password, NULL, &verdict, v->message);

	if (r < 0)
		return r;
	switch (verdict) {
	case BROKER_VERDICT_YES:
		return 0;
	case BROKER_VERDICT_MUST_CHANGE:
		v->must_change = true;
		return 0;
	case BROKER_VERDICT_EXPIRED:
		return explain(v, "Your password or account has expired; an administrator has to renew it.", -EKEYEXPIRED);
	case BROKER_VERDICT_LOCKED:
		return explain(v, "Your account is locked in its directory; an administrator has to unlock it.", -EKEYEXPIRED);
	case BROKER_VERDICT_UNAVAILABLE:
		return -ENETUNREACH;
	case BROKER_VERDICT_NONE:
	case BROKER_VERDICT_NO:
	case BROKER_VERDICT_REFUSED:
		break;
	}
	return -EKEYREJECTED;
}

int verify_password(const struct index_tenant *tenant, uid_t uid, const char *password, bool may_ask,
		    struct verification *ret)
{
	char hash[SECRET_HASH_MAX];
	struct uuid principal = {{0}};
	enum verdict enabled;
	int r;

	*ret = (struct verification){.must_change = false};
	if (!password[0])
		return -EKEYREJECTED;
	if (may_ask && geteuid() != 0)
		return broker_authenticate(password);
	enabled = judge_uid(tenant, uid, QUESTION_BATCH, &principal);
	r = uuid_is_null(&principal) ? -ENOENT : secrets_read(tenant->name, &principal, hash);
	if (r == 0)
		r = compare(password, hash);
	else if (r == -ENOENT && tenant->ldap)
		r = ask_directory(uid, password, ret);
	else if (r == -ENOENT)
		r = compare(password, dummy_setting) == -ENOMEM ? -ENOMEM : -EKEYREJECTED;
	SECRET_WIPE_ARRAY(hash);
	return r == 0 && enabled != VERDICT_ALLOW ? -EKEYREJECTED : r;
}
