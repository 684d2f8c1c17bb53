/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The auth phase. First, at a gate: who would be denied is told so before a password is asked for. Then the password,
 * if it is one of a tenant's user; everybody else's are other modules' to ask.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_ext.h>

#include "common/base/secret.h"
#include "pam_module/gate.h"
#include "pam_module/message.h"
#include "pam_module/verify.h"

#define EXPORTED     __attribute__((visibility("default")))
#define FAIL_DELAY_US 2000000

/* The service of the broker's own step-up: the password alone, no gate, and never a question to the broker. */
static const char step_up_service[] = "tenure";

struct options {
	bool try_first, use_first;
};

static struct options parse_options(pam_handle_t *pamh, int argc, const char **argv)
{
	struct options o = {false, false};

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "try_first_pass") == 0)
			o.try_first = true;
		else if (strcmp(argv[i], "use_first_pass") == 0)
			o.use_first = true;
		else
			pam_syslog(pamh, LOG_ERR, "unknown option %s", argv[i]);
	}
	return o;
}

/*
 * sudo starts over after PAM_PERM_DENIED, as after a wrong password; after this code it stops. su has one try and
 * shows the code's text.
 */
static int gate_code(const struct subject *s)
{
	return subject_target_is_known(s) ? PAM_PERM_DENIED : PAM_CRED_INSUFFICIENT;
}

static int ask_for_password(pam_handle_t *pamh, char **ret)
{
	int r = pam_prompt(pamh, PAM_PROMPT_ECHO_OFF, ret, "Password: ");

	if (r == PAM_CONV_AGAIN)
		return PAM_INCOMPLETE;
	if (r != PAM_SUCCESS)
		return r == PAM_BUF_ERR ? PAM_BUF_ERR : PAM_AUTH_ERR;
	return *ret ? PAM_SUCCESS : PAM_AUTH_ERR;
}

/* Whose password, and where it is held. */
struct account {
	struct index_tenant tenant;
	uid_t uid;
	bool gate;    /* or step-up: no login */
	bool may_ask; /* the broker, where the hashes are not ours to read */
};

/* The account phase hands on that it has to be changed; where nothing can be kept for it, it is not right yet. */
static int note_change(pam_handle_t *pamh, const struct verification *v)
{
	struct transaction *t = v->must_change ? transaction_make(pamh) : transaction_get(pamh);

	if (v->must_change && !t)
		return PAM_BUF_ERR;
	if (t)
		t->must_change = v->must_change;
	if (v->message[0])
		inform(pamh, v->message);
	return PAM_SUCCESS;
}

static int check(pam_handle_t *pamh, const struct account *account, const char *password)
{
	struct verification v;
	int r = verify_password(&account->tenant, account->uid, password, account->may_ask,
				account->gate, &v);

	if (r == 0)
		return note_change(pamh, &v);
	if (r == -EKEYEXPIRED)
		(void)pam_error(pamh, "%s", v.message);
	if (r == -EKEYREJECTED || r == -EKEYEXPIRED) {
		pam_syslog(pamh, LOG_NOTICE, "authentication failure; uid=%u", (unsigned)account->uid);
		return PAM_AUTH_ERR;
	}
	pam_syslog(pamh, LOG_ERR, "cannot check a password; uid=%u: %s", (unsigned)account->uid, strerror(-r));
	return PAM_AUTHINFO_UNAVAIL;
}

static int authenticate(pam_handle_t *pamh, const struct account *account, struct options options)
{
	CLEANUP(secret_freep) char *answer = NULL;
	const void *earlier = NULL;
	int r;

	(void)pam_fail_delay(pamh, FAIL_DELAY_US);
	if (options.try_first || options.use_first) {
		if (pam_get_item(pamh, PAM_AUTHTOK, &earlier) != PAM_SUCCESS)
			earlier = NULL;
		if (earlier) {
			r = check(pamh, account, earlier);
			if (r == PAM_SUCCESS || options.use_first)
				return r;
		}
		if (options.use_first)
			return PAM_AUTH_ERR;
	}
	r = ask_for_password(pamh, &answer);
	if (r != PAM_SUCCESS)
		return r;
	r = pam_set_item(pamh, PAM_AUTHTOK, answer);
	if (r != PAM_SUCCESS)
		return r;
	return check(pamh, account, answer);
}

/*
 * Whose password is asked: PAM_USER's, whatever the service wants it for. At a service that has no class it is checked
 * only for the broker's step-up and for a user's own (a screen locker): a daemon that nobody has listed as a login
 * service gets no yes from us.
 */
static int find_account(pam_handle_t *pamh, const struct subject *s, struct account *ret)
{
	bool step_up = strcmp(s->service, step_up_service) == 0;
	const void *user = NULL;
	int r;

	if (!s->index || s->service_class == SERVICE_BATCH)
		return -ENOENT;
	if (pam_get_item(pamh, PAM_USER, &user) != PAM_SUCCESS || !user)
		return -ENOENT;
	r = subject_tenant_user(pamh, s->index, user, &ret->uid, &ret->tenant);
	if (r < 0)
		return r;
	if (s->service_class == SERVICE_NONE && !step_up && ret->uid != getuid())
		return -ENOENT;
	ret->gate = s->service_class != SERVICE_LOGIN;
	ret->may_ask = !step_up && ret->uid == getuid();
	return 0;
}

static int authenticate_user(pam_handle_t *pamh, const struct subject *s, struct options options)
{
	struct account account;
	int r = find_account(pamh, s, &account);

	if (r == -ENOENT)
		return PAM_IGNORE;
	if (r < 0)
		return PAM_AUTHINFO_UNAVAIL;
	return authenticate(pamh, &account, options);
}

static int judge_before_asking(pam_handle_t *pamh, struct transaction *t, const struct subject *s)
{
	struct judgement j;

	if (s->standing == STANDING_GOVERNED &&
	    (s->service_class != SERVICE_GATE || gate_judge(pamh, s, PHASE_BEFORE_SESSION, &j) == VERDICT_ALLOW))
		return PAM_SUCCESS;
	if (s->standing == STANDING_GOVERNED)
		return refuse(pamh, t, s, &j, gate_code(s));
	if (judge(s, QUESTION_LOGIN, NULL, &j) == VERDICT_ALLOW)
		return PAM_SYSTEM_ERR;
	return refuse(pamh, t, s, &j, s->service_class == SERVICE_GATE ? gate_code(s) : PAM_AUTHINFO_UNAVAIL);
}

/* A login program may leave the name to us. */
static int find_user_name(pam_handle_t *pamh)
{
	const char *name = NULL;
	int r = pam_get_user(pamh, &name, NULL);

	return r == PAM_CONV_AGAIN ? PAM_INCOMPLETE : r;
}

static int phase_auth(pam_handle_t *pamh, struct options options)
{
	struct transaction *t;
	struct subject s;
	int r;

	subject_find(pamh, PHASE_AUTH, &s, &t);
	if (s.standing == STANDING_BROKER)
		r = PAM_SYSTEM_ERR;
	else if (s.standing == STANDING_IGNORED)
		r = PAM_SUCCESS;
	else
		r = judge_before_asking(pamh, t, &s);
	if (r == PAM_SUCCESS || r == PAM_IGNORE)
		r = authenticate_user(pamh, &s, options);
	subject_done(&s);
	return r;
}

EXPORTED int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct options options = parse_options(pamh, argc, argv);
	int r = find_user_name(pamh);

	(void)flags;
	if (r != PAM_SUCCESS)
		return r;
	return phase_auth(pamh, options);
}
