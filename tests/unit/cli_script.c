/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cli_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/cli_run.h"

json_t *script_time(long offset_s)
{
	time_t at = time(NULL) + offset_s;
	char text[32];
	struct tm tm;

	assert_non_null(gmtime_r(&at, &tm));
	assert_true(strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0);
	return json_string(text);
}

json_t *script_role(const char *state)
{
	json_t *row = json_pack(
	    "{s:s, s:s, s:s, s:s, s:n, s:s, s:n, s:n, s:n, s:n, s:[s,s,s], s:i, s:b, s:b, s:b, s:i, s:b}", "role",
	    "db-operator", "title", "Database Operator", "state", state, "scope", "/prod/hr/web", "unit", "through",
	    "group dba", "place", "until", "left", "id", "rights", "login", "become:root", "group:adm", "max_duration", 7200,
	    "justification", 1, "ticket", 0, "step_up", 1, "approvals", 1, "usable", 1);

	assert_non_null(row);
	return row;
}

json_t *script_request(const char *state, int mine)
{
	json_t *row = json_pack(
	    "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s,s,s], s:i, s:s, s:n, s:o, s:o, s:n, s:o, s:i, s:i, s:[], s:[s]}",
	    "id", "7K2M-Q4XB", "uuid", "fd95bc85-e4ab-4d3a-9f35-aa81d2a4b7c1", "state", state, "user",
	    "alice@contoso.com", "login", "alice", "role", "db-operator", "title", "Database Operator", "scope",
	    "/prod/hr/web/db1", "rights", "login", "become:root", "group:adm", "duration", 3600, "reason",
	    "rebuild payroll index, INC-4711", "ticket", "asked", script_time(-200), "times_out", script_time(86390),
	    "start", "until", script_time(3600), "left", 3600, "approvals_needed", 1, "approvals", "approvers", "carol");
	json_t *more = json_pack("{s:n, s:n, s:n, s:{s:i, s:o}, s:b, s:b}", "extends", "decided_by", "decided_reason",
				 "before", "count", 2, "last", script_time(-9 * 86400 - 60), "mine", mine, "may_decide",
				 !mine);

	assert_non_null(row);
	assert_non_null(more);
	assert_int_equal(json_object_update(row, more), 0);
	json_decref(more);
	return row;
}

void script_set(json_t *script, const char *method, json_t *steps)
{
	assert_non_null(steps);
	assert_int_equal(json_object_set_new(script, method, steps), 0);
}

static json_t *request_reply(const char *state, int mine)
{
	return json_pack("[{s:{s:o}}]", "reply", "request", script_request(state, mine));
}

static json_t *story_status(void)
{
	json_t *assigned = script_role("assigned"), *eligible = script_role("eligible"), *steps;

	json_object_set_new(assigned, "role", json_string("host-user-login"));
	json_object_set_new(assigned, "scope", json_string("/prod/hr"));
	json_object_set_new(eligible, "until", json_string("2099-12-31T12:00:00Z"));
	steps = json_pack("[{s:{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:[o,o], s:[], s:s, s:n}}]", "reply", "user",
			  "alice@contoso.com", "login", "alice", "host", "db1", "path", "/prod/hr/web/db1", "scope",
			  "/prod/hr/web", "environment", "production", "tenant", "contoso", "units", "emea", "roles",
			  assigned, eligible, "requests", "host_id", "0f3c1d52-9a51-4a0c-8d3e-6f1b2a7c9e10", "stale");
	return steps;
}

static json_t *event(int seq, const char *name, const char *by, const char *text)
{
	return json_pack("{s:i, s:o, s:s, s:s, s:s, s:s, s:s, s:s?, s:s, s:{}}", "seq", seq, "time", script_time(0),
			 "event", name, "id", "7K2M-Q4XB", "user", "alice@contoso.com", "role", "db-operator", "scope",
			 "/prod/hr/web/db1", "by", by, "text", text, "details");
}

static json_t *trace(int step, const char *subject, const char *text, const char *place, const char *result, int met)
{
	return json_pack("{s:i, s:s, s:s, s:s, s:s, s:b}", "step", step, "subject", subject, "text", text, "place",
			 place, "result", result, "met", met);
}

static json_t *story_explain(void)
{
	json_t *rows = json_pack(
	    "[o,o,o,o,o]", trace(1, "tenant", "contoso is home here", "tenure.conf:2", "yes", 1),
	    trace(3, "right", "become:root", "", "", 0),
	    trace(3, "right", "host-user-login (dba, /prod/hr)", "directory.d/contoso.conf:47", "no right", 0),
	    trace(3, "right", "db-operator (dba, /prod/hr/web)", "directory.d/contoso.conf:51", "eligible", 0),
	    trace(4, "deny", "none applies", "", "", 1));

	return json_pack("[{s:{s:s, s:s, s:s, s:s, s:s, s:o, s:i, s:s, s:o}}]", "reply", "verdict", "deny", "why",
			 "no-active-role", "user", "alice@contoso.com", "question", "sudo to root", "path",
			 "/prod/hr/web/db1", "time", script_time(0), "first_unmet", 3, "next",
			 "tenure request db-operator", "trace", rows);
}

static json_t *story_sessions(void)
{
	return json_pack("[{s:{s:[{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:o, s:o, s:i, s:i}]}}]", "reply",
			 "items", "id", "fd95bc85-e4ab-4d3a-9f35-aa81d2a4b7c1", "user", "alice@contoso.com", "login", "alice", "role", "db-operator",
			 "request", "7K2M-Q4XB", "service", "sudo-i", "target", "root", "tty", "/dev/pts/3", "pid", 8123,
			 "since", script_time(-60), "until", script_time(2530), "left", 2530, "processes", 3);
}

json_t *script_story(void)
{
	json_t *script = json_object();

	script_set(script, "Ping", json_pack("[{s:{s:s, s:i, s:o, s:s, s:n}}]", "reply", "version", "0.1.0", "pid", 812,
					     "since", script_time(-60), "journal", "ok", "degraded"));
	script_set(script, "Status", story_status());
	script_set(script, "Roles", json_pack("[{s:{s:[o]}}]", "reply", "items", script_role("eligible")));
	script_set(script, "Pending", json_pack("[{s:{s:[o]}}]", "reply", "items", script_request("pending", 0)));
	script_set(script, "Show", request_reply("pending", 0));
	script_set(script, "Request", request_reply("pending", 1));
	script_set(script, "Extend", request_reply("active", 1));
	script_set(script, "Approve", request_reply("active", 0));
	script_set(script, "Deny", request_reply("denied", 0));
	script_set(script, "Cancel", request_reply("cancelled", 1));
	script_set(script, "Revoke", request_reply("revoked", 0));
	script_set(script, "End", json_pack("[{s:{s:[o]}}]", "reply", "items", script_request("ended", 1)));
	script_set(script, "Sessions", story_sessions());
	script_set(script, "Explain", story_explain());
	script_set(script, "History",
		   json_pack("[{s:{s:[o,o,o], s:b, s:i}}]", "reply", "items",
			     event(1, "request", NULL, "20s \"show it\""), event(2, "step-up", NULL, "pam:tenure ok"),
			     event(3, "approve", "carol@contoso.com", "step-up ok \"seen\""), "intact", 1, "verified", 3));
	return script;
}

void script_play(json_t *script)
{
	char *text = json_dumps(script, 0);

	assert_non_null(text);
	cli_broker(text);
	free(text);
	json_decref(script);
}

void script_play_with(const char *method, const char *steps)
{
	json_t *script = script_story();

	if (method)
		script_set(script, method, json_loads(steps, 0, NULL));
	script_play(script);
}
