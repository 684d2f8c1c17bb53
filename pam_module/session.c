/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The session phase: at a gate the target is known now, and is asked for exactly; then the session is contained, or
 * there is none. A refusal is PAM_PERM_DENIED: sudo goes on after PAM_SESSION_ERR (T6). A login is contained when it
 * rests on a grant, or takes on the groups of one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_ext.h>

#include "pam_module/contain.h"
#include "pam_module/files.h"
#include "pam_module/gate.h"
#include "pam_module/groups.h"
#include "pam_module/message.h"
#include "pam_module/names.h"

#define EXPORTED __attribute__((visibility("default")))

/* One phase's hands full. */
struct opening {
	pam_handle_t *pamh;
	int flags;
	struct transaction *t;
	const struct subject *s;
	struct judgement j;
};

static int deny(struct opening *o)
{
	return refuse(o->pamh, o->t, o->s, &o->j, PAM_PERM_DENIED);
}

static void say_until(const struct opening *o, const struct broker_session *session)
{
	const struct decision *d = &o->j.decision;
	char until[TIME_TEXT_MAX], line[BROKER_LINE_MAX + 16];

	if (!d->by_grant || !may_inform(o->pamh, o->flags))
		return;
	if (session->message[0]) {
		bool named = strncmp(session->message, "Tenure:", 7) == 0;

		(void)snprintf(line, sizeof(line), "%s%s", named ? "" : "Tenure: ", session->message);
	} else {
		if (d->window.end_ns == TIME_FOREVER)
			return;
		time_format_rfc3339(d->window.end_ns, until, sizeof(until));
		(void)snprintf(line, sizeof(line), "Tenure: %s until %s; end it: tenure end", d->role, until);
	}
	inform(o->pamh, line);
}

static enum obstacle obstacle_of(int error)
{
	return error == -EACCES ? OBSTACLE_BROKER : error == -EROFS ? OBSTACLE_JOURNAL : OBSTACLE_CGROUP;
}

/*
 * Moves the process, and remembers it for the end. groups: names that the session rests on beside its right, or NULL.
 * PAM_SUCCESS has its one place in the callers.
 */
static int hold(struct opening *o, const char *kind, const char *target, const char *groups)
{
	char tty[TERMINAL_PATH_MAX];
	struct broker_session_request request = {
		.kind = kind, .service = o->s->service, .invoker = o->s->uid, .target = target, .groups = groups,
		.tty = terminal_path(o->pamh, tty),
	};
	struct broker_session session;
	bool unattended = false;
	int r;

	if (!o->t) {
		judgement_obstruct(&o->j, OBSTACLE_MEMORY);
		return -ENOMEM;
	}
	r = contain(&request, &o->j.decision, &session, &unattended);
	if (r < 0) {
		pam_syslog(o->pamh, LOG_ERR, "no session for service=%s: %s", o->s->service, strerror(-r));
		judgement_obstruct(&o->j, obstacle_of(r));
		return r;
	}
	o->t->contained = true;
	memcpy(o->t->session, session.id, sizeof(o->t->session));
	if (unattended)
		pam_syslog(o->pamh, LOG_WARNING, "tenured does not answer: session %s waits for it in %s", session.id,
			   "/run/tenure/sessions");
	say_until(o, &session);
	return 0;
}

static int open_gate(struct opening *o)
{
	if (gate_judge(o->pamh, o->s, PHASE_SESSION, &o->j) != VERDICT_ALLOW)
		return deny(o);
	if (hold(o, "gate", o->j.target, NULL) < 0)
		return deny(o);
	return PAM_SUCCESS;
}

/* The session ends with whatever it rests on that ends first. */
static void rest_on_groups(struct decision *d, const struct group_list *groups)
{
	if (groups->count == 0 || !ends_before(&groups->first.window, &d->window, &groups->now))
		return;
	d->window = groups->first.window;
	d->by_grant = groups->first.by_grant;
	d->request = groups->first.request;
	memcpy(d->role, groups->first.role, sizeof(d->role));
}

static void take_groups(struct opening *o, const struct group_list *groups)
{
	memcpy(o->t->groups, groups->gids, sizeof(o->t->groups));
	o->t->group_count = groups->count;
	/* A group less is no reason to end the login: what it would have allowed stays denied. */
	if (names_add_groups(groups->gids, groups->count) < 0)
		pam_syslog(o->pamh, LOG_ERR, "the groups of a grant could not be added");
}

/* A standing login is contained only for the groups that it takes on: where that cannot be, it goes without them. */
static int open_login(struct opening *o)
{
	struct group_list groups;
	bool by_grant;

	if (judge(o->s, QUESTION_LOGIN, NULL, &o->j) != VERDICT_ALLOW)
		return deny(o);
	if (groups_find(o->s, &groups) < 0) {
		judgement_obstruct(&o->j, OBSTACLE_MEMORY);
		return deny(o);
	}
	by_grant = o->j.decision.by_grant;
	if (!by_grant && groups.count == 0)
		return PAM_SUCCESS;
	rest_on_groups(&o->j.decision, &groups);
	if (hold(o, "login", o->j.login, groups.count > 0 ? groups.names : NULL) == 0) {
		take_groups(o, &groups);
		return PAM_SUCCESS;
	}
	return by_grant ? deny(o) : PAM_SUCCESS;
}

static int open_session(struct opening *o)
{
	switch (o->s->standing) {
	case STANDING_BROKER:
		return PAM_SYSTEM_ERR;
	case STANDING_IGNORED:
		return PAM_IGNORE;
	default:
		break;
	}
	if (o->s->service_class == SERVICE_GATE)
		return open_gate(o);
	if (o->s->service_class == SERVICE_LOGIN)
		return open_login(o);
	/* Batch: the account phase has judged, and no grant serves it. */
	if (judge(o->s, QUESTION_BATCH, NULL, &o->j) != VERDICT_ALLOW)
		return deny(o);
	return PAM_SUCCESS;
}

EXPORTED int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct opening o = {.pamh = pamh, .flags = flags};
	struct subject s;
	int r;

	(void)argc;
	(void)argv;
	/* Before anything may say that it is none of ours: root's own sessions inside an elevated one end with it (T53). */
	if (geteuid() == 0 && !subject_is_in_broker() && contain_stay() < 0)
		pam_syslog(pamh, LOG_ERR, "this session left the elevated one that it was opened in");
	subject_find(pamh, PHASE_LATER, &s, &o.t);
	o.s = &s;
	r = open_session(&o);
	subject_done(&s);
	files_forget();
	return r;
}

EXPORTED int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct transaction *t = transaction_get(pamh);

	(void)flags;
	(void)argc;
	(void)argv;
	if (!t || !t->contained)
		return PAM_IGNORE;
	contain_close(t->session);
	t->contained = false;
	return PAM_SUCCESS;
}
