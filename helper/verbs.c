/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "helper/cli.h"
#include "helper/verbs.h"

#define REQUEST_OPTIONS (OPTION_FOR | OPTION_REASON | OPTION_TICKET | OPTION_WAIT)

const struct verb verb_table[] = {
	{"status", "", "what you hold and may ask for here (the default)", OPTION_USER, 0, 0, verb_status},
	{"roles", "", "your roles on this host and what they mean", OPTION_USER, 0, 0, verb_roles},
	{"request", "[ROLE]", "ask for a role that you are eligible for", REQUEST_OPTIONS | OPTION_SCOPE, 0, 1,
	 verb_request},
	{"pending", "", "requests that wait: yours, and those you may decide", 0, 0, 0, verb_pending},
	{"approve", "[ID]", "grant somebody's request", OPTION_REASON, 0, 1, verb_approve},
	{"deny", "[ID]", "refuse somebody's request", OPTION_REASON, 0, 1, verb_deny},
	{"cancel", "[ID]", "take your own request back", 0, 0, 1, verb_cancel},
	{"end", "[ID]", "end your own grant now", 0, 0, 1, verb_end},
	{"extend", "[ID]", "ask for more time on your grant", REQUEST_OPTIONS, 0, 1, verb_extend},
	{"revoke", "ID", "end somebody's grant now", OPTION_REASON, 1, 1, verb_revoke},
	{"sessions", "", "elevated sessions on this host", OPTION_USER, 0, 0, verb_sessions},
	{"history", "[ID]", "what happened, newest last", OPTION_USER | OPTION_LIMIT, 0, 1, verb_history},
	{"explain", "[USER]", "why somebody may or may not, step by step",
	 OPTION_SERVICE | OPTION_TARGET | OPTION_ROLE | OPTION_TIME, 0, 1, verb_explain},
	{"check", "", "what is wrong on this host, and what to do", OPTION_HOST_ID, 0, 0, verb_check},
	{"ssh-keys", "LOGIN", "public ssh keys of a login, for sshd", 0, 1, 1, verb_ssh_keys},
	{"version", "", "version of tenure and of the broker", 0, 0, 0, verb_version},
	{"help", "[VERB]", "this list, or the usage of a verb", 0, 0, 1, verb_help},
	{NULL, NULL, NULL, 0, 0, 0, NULL},
};

const struct verb *verb_find(const char *name)
{
	for (const struct verb *v = verb_table; v->name; v++)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}
