/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/verify.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/secret.h"
#include "common/snapshot/fresh.h"
#include "common/snapshot/offline.h"
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

/* --- while no server can be reached --- */

/* Whose password, and what the tenant lets us keep. */
struct held {
	const struct index_tenant *tenant;
	const struct uuid *principal;
	uid_t uid;
	int64_t max_ns; /* 0: nothing */
	bool gates;
};

static void read_held(struct held *h)
{
	struct fresh f;

	if (fresh_read(h->tenant->name, &f) < 0 || !uuid_equal(&f.tenant_id, &h->tenant->id))
		return;
	h->max_ns = f.offline_ns;
	h->gates = f.offline_gates == 1;
}

/* What was right when it was asked last. r: what it is without. */
static int verify_offline(const struct held *h, const char *password, bool gate, int r)
{
	char hash[SECRET_HASH_MAX];
	struct instant now;
	int64_t since;

	if (h->max_ns <= 0 || (gate && !h->gates) || clock_system.now(&clock_system, &now) < 0)
		return r;
	if (offline_read(h->tenant->name, h->principal, &since, hash) == 0 &&
	    offline_holds(since, h->max_ns, now.realtime_ns))
		r = compare(password, hash);
	SECRET_WIPE_ARRAY(hash);
	return r;
}

/* A login does not fail because nothing can be kept of it. */
static void keep(const struct held *h, const char *password)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	struct crypt_data *data = h->max_ns > 0 ? calloc(1, sizeof(*data)) : NULL;
	const char *hash = NULL;

	if (data && crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)))
		hash = crypt_r(password, setting, data);
	if (hash && hash[0] == '$' && broker_keep_password(h->uid, hash) < 0)
		hash = NULL;
	if (data)
		explicit_bzero(data, sizeof(*data));
	free(data);
}

/* The directory says no to what it took before, or to the account: that it was right once counts no more. */
static void forget(const struct held *h, const char *password)
{
	char hash[SECRET_HASH_MAX];
	int64_t since;

	if (offline_read(h->tenant->name, h->principal, &since, hash) == 0 &&
	    (!password || compare(password, hash) == 0) && broker_keep_password(h->uid, NULL) < 0)
		since = 0; /* it ends with its time */
	SECRET_WIPE_ARRAY(hash);
}

/* --- the directory --- */

static int explain(struct verification *v, const char *otherwise, int r)
{
	if (!v->message[0])
		memcpy(v->message, otherwise, strlen(otherwise) + 1);
	return r;
}

/* The directory's to judge; it is as slow for everybody. */
static int ask_directory(struct held *h, const char *password, bool gate, struct verification *v)
{
	enum broker_verdict verdict;
	int r = broker_password(h->uid, password, NULL, &verdict, v->message);

	read_held(h);
	if (r < 0)
		return verify_offline(h, password, gate, r);
	switch (verdict) {
	case BROKER_VERDICT_YES:
		keep(h, password);
		return 0;
	case BROKER_VERDICT_MUST_CHANGE:
		v->must_change = true;
		return 0;
	case BROKER_VERDICT_EXPIRED:
		forget(h, NULL);
		return explain(v, "Your password or account has expired; an administrator has to renew it.", -EKEYEXPIRED);
	case BROKER_VERDICT_LOCKED:
		forget(h, NULL);
		return explain(v, "Your account is locked in its directory; an administrator has to unlock it.", -EKEYEXPIRED);
	case BROKER_VERDICT_UNAVAILABLE:
		return verify_offline(h, password, gate, -ENETUNREACH);
	case BROKER_VERDICT_NONE:
	case BROKER_VERDICT_NO:
	case BROKER_VERDICT_REFUSED:
		break;
	}
	forget(h, password);
	return -EKEYREJECTED;
}

int verify_password(const struct index_tenant *tenant, uid_t uid, const char *password, bool may_ask, bool gate,
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
	else if (r == -ENOENT && tenant->ldap && !uuid_is_null(&principal))
		r = ask_directory(&(struct held){.tenant = tenant, .principal = &principal, .uid = uid}, password, gate, ret);
	else if (r == -ENOENT)
		r = compare(password, dummy_setting) == -ENOMEM ? -ENOMEM : -EKEYREJECTED;
	SECRET_WIPE_ARRAY(hash);
	return r == 0 && enabled != VERDICT_ALLOW ? -EKEYREJECTED : r;
}
