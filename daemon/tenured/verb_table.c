/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "common/base/text.h"
#include "common/wire/session_record.h"
#include "daemon/tenured/verb.h"

/*
 * Who may ask what, on which socket, and with which parameters. This table is the trust of the wire (T19): the test
 * walks every row with every kind of caller on both sockets.
 */

#define NAME	  288 /* a login or a principal */
#define ID	  36
#define PATH	  1023
#define SECONDS	  (366u * 86400)
#define ANSWER	  0 /* never checked: VERB_SECRET */
#define LIMIT	  1000
#define UID	  UINT32_MAX - 1
#define PID	  INT32_MAX
#define TICKET	  128 /* as engine_request.c has it */

const struct verb verbs[] = {
	{"org.varlink.service.GetInfo", ON_BOTH, CALLER_ANYBODY, 0, 0, verb_service_info, {{0}}},
	{"org.varlink.service.GetInterfaceDescription", ON_BOTH, CALLER_ANYBODY, 0, 0, verb_service_description,
	 {{"interface", TEXT, true, NAME}}},
	{"Ping", ON_BOTH, CALLER_ANYBODY, 0, 0, verb_ping, {{0}}},

	/* Looking on */
	{"Status", ON_BOTH, CALLER_GOVERNED, 0, RIGHT_POLICY_READ, verb_status, {{"user", TEXT, false, NAME}}},
	{"Roles", ON_BOTH, CALLER_GOVERNED, 0, RIGHT_POLICY_READ, verb_roles, {{"user", TEXT, false, NAME}}},
	{"Explain", ON_BOTH, CALLER_GOVERNED, 0, RIGHT_POLICY_READ, verb_explain,
	 {{"user", TEXT, false, NAME}, {"service", TEXT, false, NAME}, {"target", TEXT, false, NAME},
	  {"role", TEXT, false, NAME_LENGTH_MAX}, {"time", TEXT, false, 64}}},
	{"History", ON_BOTH, CALLER_GOVERNED, 0, RIGHT_AUDIT_READ, verb_history,
	 {{"user", TEXT, false, NAME}, {"id", TEXT, false, ID}, {"limit", NUMBER, false, LIMIT}}},
	{"Sessions", ON_BOTH, CALLER_GOVERNED, 0, RIGHT_USER_SESSIONS_END, verb_sessions, {{"user", TEXT, false, NAME}}},
	{"Pending", ON_BOTH, CALLER_GOVERNED, 0, 0, verb_pending, {{0}}},
	{"Show", ON_BOTH, CALLER_GOVERNED, 0, 0, verb_show, {{"id", TEXT, true, ID}}},

	/* One's own */
	{"Request", ON_BOTH, CALLER_PRINCIPAL, VERB_MORE, 0, verb_request,
	 {{"role", TEXT, true, NAME_LENGTH_MAX}, {"duration", NUMBER, false, SECONDS}, {"reason", TEXT, false, REASON_LENGTH_MAX},
	  {"ticket", TEXT, false, TICKET}, {"scope", TEXT, false, PATH}, {"wait", FLAG, false, 0}}},
	{"Extend", ON_BOTH, CALLER_PRINCIPAL, VERB_MORE, 0, verb_extend,
	 {{"id", TEXT, false, ID}, {"duration", NUMBER, false, SECONDS}, {"reason", TEXT, false, REASON_LENGTH_MAX},
	  {"ticket", TEXT, false, TICKET}, {"wait", FLAG, false, 0}}},
	{"Cancel", ON_BOTH, CALLER_PRINCIPAL, 0, 0, verb_cancel, {{"id", TEXT, false, ID}}},
	{"End", ON_BOTH, CALLER_GOVERNED, 0, 0, verb_end, {{"id", TEXT, false, ID}}},
	{"Authenticate", ON_BOTH, CALLER_PRINCIPAL, VERB_MORE, 0, verb_authenticate, {{0}}},
	{"Answer", ON_BOTH, CALLER_ANYBODY, VERB_ONEWAY | VERB_SECRET, 0, verb_answer, {{"text", TEXT, true, ANSWER}}},

	/* Others': the engine judges who may */
	{"Approve", ON_BOTH, CALLER_PRINCIPAL, VERB_MORE, 0, verb_approve,
	 {{"id", TEXT, true, ID}, {"reason", TEXT, true, REASON_LENGTH_MAX}}},
	{"Deny", ON_BOTH, CALLER_GOVERNED, 0, 0, verb_deny, {{"id", TEXT, true, ID}, {"reason", TEXT, true, REASON_LENGTH_MAX}}},
	{"Revoke", ON_BOTH, CALLER_GOVERNED, 0, 0, verb_revoke, {{"id", TEXT, true, ID}, {"reason", TEXT, true, REASON_LENGTH_MAX}}},

	/* The modules' and the administrator's */
	{"SessionOpen", ON_ROOT, CALLER_ROOT, 0, 0, verb_session_open,
	 {{"kind", TEXT, true, 16}, {"service", TEXT, true, NAME}, {"invoker", NUMBER, true, UID}, {"target", TEXT, true, NAME},
	  {"tty", TEXT, false, NAME}, {"pid", NUMBER, true, PID}, {"groups", TEXT, false, SESSION_GROUPS_MAX}}},
	{"SessionClose", ON_ROOT, CALLER_ROOT, 0, 0, verb_session_close, {{"id", TEXT, true, ID}}},
	{"VerifyPassword", ON_ROOT, CALLER_ROOT, VERB_SECRET, 0, verb_verify_password,
	 {{"uid", NUMBER, true, UID}, {"password", TEXT, true, ANSWER}}},
	{"ChangePassword", ON_ROOT, CALLER_ROOT, VERB_SECRET, 0, verb_change_password,
	 {{"uid", NUMBER, true, UID}, {"password", TEXT, true, ANSWER}, {"new_password", TEXT, true, ANSWER}}},
	{"KeepPassword", ON_ROOT, CALLER_ROOT, VERB_SECRET, 0, verb_keep_password,
	 {{"uid", NUMBER, true, UID}, {"hash", TEXT, false, ANSWER}}},
	{"Reload", ON_ROOT, CALLER_ROOT, 0, 0, verb_reload, {{0}}},
	{"Drain", ON_ROOT, CALLER_ROOT, 0, 0, verb_drain, {{"reason", TEXT, true, REASON_LENGTH_MAX}}},
	{"JournalReset", ON_ROOT, CALLER_ROOT, 0, 0, verb_journal_reset,
	 {{"what", TEXT, true, 16}, {"reason", TEXT, true, REASON_LENGTH_MAX}}},
};

const size_t verb_count = ARRAY_LENGTH(verbs);

const struct verb *verb_find(const char *method)
{
	static const char interface[] = "io.tenure.";
	const char *name = method;

	if (strncmp(method, interface, sizeof(interface) - 1) == 0) {
		name = method + sizeof(interface) - 1;
		if (strchr(name, '.'))
			return NULL;
	} else if (!strchr(method, '.')) {
		return NULL;
	}
	for (size_t i = 0; i < verb_count; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}
