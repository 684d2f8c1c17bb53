/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>
#include <string.h>

/* The reply is sent when the process has been moved and the session is on record: see sessions_open. */

static json_t *answer_of(const struct session_answer *a)
{
	char id[UUID_TEXT_MAX];

	uuid_format(&a->id, id);
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "id", id, "role", a->role, "request", json_short_id(&a->request),
			 "until", json_time(a->until_ns), "message", json_text(a->message[0] ? a->message : NULL));
}

static void refuse(struct call *c, int r)
{
	const char *why = sessions_unready(call_broker(c)->sessions);

	switch (r) {
	case -EACCES:
		call_error(c, "NotEligible", json_pack("{s:s}", "role", ""), "tenure roles",
			   "no role that is live allows this session");
		break;
	case -EPERM:
	case -ESRCH:
		call_error(c, "NotYours", NULL, NULL, "the process is not the caller's own, or is gone");
		break;
	case -EOPNOTSUPP:
		call_error(c, "Unavailable", NULL, "tenure check", "this host cannot end sessions: %s",
			   why ? why : "no cgroup");
		break;
	default:
		verb_engine_error(c, r, &(struct error_subject){.field = "kind"});
	}
}

void verb_session_open(struct call *c)
{
	struct broker *b = call_broker(c);
	const struct peer *peer = call_peer(c);
	const char *kind = call_text(c, "kind");
	struct session_input in = {
		.service = call_text(c, "service"),
		.invoker = (uid_t)call_number(c, "invoker", NO_ID),
		.target = call_text(c, "target"),
		.groups = call_text(c, "groups"),
		.tty = call_text(c, "tty"),
		.pid = (pid_t)call_number(c, "pid", 0),
		.peer_pid = peer->pid,
		.peer_pidfd = peer->pidfd,
		.peer_uid = peer->uid,
	};
	struct session_answer answer;
	int r = -EINVAL;

	/* pam_tenure waits two seconds; then it contains the session itself, and we adopt that one alone. */
	if (call_is_abandoned(c)) {
		refuse(c, -ESRCH);
		return;
	}
	if (strcmp(kind, "gate") == 0)
		in.kind = SESSION_GATE;
	else if (strcmp(kind, "login") == 0)
		in.kind = SESSION_LOGIN;
	if (in.kind)
		r = sessions_open(b->sessions, &in, &answer);
	broker_settle(b);
	if (r < 0)
		refuse(c, r);
	else
		call_reply(c, answer_of(&answer));
}
