/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VerifyPassword, ChangePassword: for pam_tenure, which has a password and no directory to hold it against. The answer
 * is the worker's; only `yes` is one (T3). KeepPassword: the hash that pam_tenure made of one that was right.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/snapshot/offline.h"
#include "daemon/tenured/log.h"
#include "daemon/tenured/sync.h"
#include "daemon/tenured/verb.h"

struct waiting {
	struct call *call;
	struct sync_login *login;
};

static const char *verdict_text(enum sync_verdict verdict)
{
	switch (verdict) {
	case SYNC_VERDICT_YES:
		return "yes";
	case SYNC_VERDICT_MUST_CHANGE:
		return "must-change";
	case SYNC_VERDICT_EXPIRED:
		return "expired";
	case SYNC_VERDICT_LOCKED:
		return "locked";
	case SYNC_VERDICT_UNAVAILABLE:
		return "unavailable";
	case SYNC_VERDICT_REFUSED:
		return "refused";
	case SYNC_VERDICT_NO:
		break;
	}
	return "no";
}

static void answer(struct call *c, const char *verdict, const char *text)
{
	call_reply(c, json_pack("{s:s, s:o}", "verdict", verdict, "message", json_text(text)));
}

static void on_verdict(void *context, enum sync_verdict verdict, const char *text)
{
	struct waiting *w = context;

	w->login = NULL;
	answer(w->call, verdict_text(verdict), text);
}

static void release(void *state)
{
	struct waiting *w = state;

	sync_login_cancel(w->login);
	free(w);
}

/* NULL: it is said. */
static struct waiting *begin(struct call *c, struct actor *ret)
{
	const int64_t uid = call_number(c, "uid", -1);
	struct broker *b = call_broker(c);
	struct waiting *w;

	if (uid < 0 || uid >= UINT32_MAX || engine_actor(b->engine, (uid_t)uid, (uid_t)uid, ret) < 0 || !ret->governed ||
	    engine_tenant(b->engine, ret->tenant)->source != SOURCE_LDAP) {
		answer(c, "none", NULL);
		return NULL;
	}
	w = calloc(1, sizeof(*w));
	if (!w) {
		verb_engine_error(c, -ENOMEM, &(struct error_subject){.field = "uid"});
		return NULL;
	}
	w->call = c;
	call_set_state(c, w, release);
	return w;
}

/* An empty password is wrong (T1); who is not in the directory any more has none. */
static void answer_error(struct call *c, int r)
{
	answer(c, r == -EINVAL || r == -ENOENT ? "no" : "unavailable", NULL);
}

void verb_verify_password(struct call *c)
{
	struct broker *b = call_broker(c);
	struct actor who;
	struct waiting *w = begin(c, &who);

	if (!w)
		return;
	int r = sync_login(b->sync, who.tenant, &who.principal_id, call_text(c, "password"), on_verdict, w, &w->login);

	if (r < 0)
		answer_error(c, r);
}

void verb_change_password(struct call *c)
{
	struct broker *b = call_broker(c);
	struct actor who;
	struct waiting *w = begin(c, &who);

	if (!w)
		return;
	int r = sync_passwd(b->sync, who.tenant, &who.principal_id, call_text(c, "password"), call_text(c, "new_password"),
			    on_verdict, w, &w->login);

	if (r < 0)
		answer_error(c, r);
}

/* hash NULL: nothing is kept any more. That it cannot be kept is nobody's login's fault. */
void verb_keep_password(struct call *c)
{
	const int64_t uid = call_number(c, "uid", -1);
	const char *hash = call_text(c, "hash");
	struct engine *e = call_broker(c)->engine;
	const struct tenant_config *tenant;
	struct instant now;
	struct actor who;
	int r = -ENOENT;

	if (uid >= 0 && uid < UINT32_MAX && engine_actor(e, (uid_t)uid, (uid_t)uid, &who) == 0 && who.governed) {
		tenant = engine_tenant(e, who.tenant);
		if (!hash || tenant->source != SOURCE_LDAP || tenant->ldap.offline_login_days == 0)
			r = offline_remove(tenant->name, &who.principal_id);
		else if (engine_now(e, &now) == 0)
			r = offline_write(tenant->name, &who.principal_id, now.realtime_ns, hash);
	}
	if (r < 0)
		log_text(LOG_WARNING, "a password cannot be kept for logins without the directory: %s", strerror(-r));
	call_reply(c, NULL);
}
