/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/drain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/paths.h"
#include "common/base/text.h"
#include "common/wire/client.h"
#include "daemon/tenured/peer.h"

#define CONNECT_TIMEOUT_MS 5000
#define RESET_TIMEOUT_MS   60000

static void say(json_int_t sessions, json_int_t grants)
{
	(void)printf("tenured: ended %lld sessions and %lld grants\n", (long long)sessions, (long long)grants);
}

int drain_by_broker(const char *reason)
{
	CLEANUP(wire_client_freep) struct wire_client *client = NULL;
	json_int_t sessions = 0, grants = 0;
	json_t *reply = NULL;
	const char *error = NULL;
	int r;

	r = wire_client_connect(tenure_path(PATH_ROOT_SOCKET), CONNECT_TIMEOUT_MS, &client);
	if (r < 0)
		return r;
	r = wire_client_ask(client, "Drain", json_pack("{s:s}", "reason", reason), DRAIN_TIMEOUT_MS, &reply, &error);
	if (r == 0 && error)
		r = -EPROTO;
	if (r == 0 && json_unpack(reply, "{s:I, s:I}", "sessions", &sessions, "grants", &grants) < 0)
		r = -EBADMSG;
	json_decref(reply);
	if (r == 0)
		say(sessions, grants);
	return r;
}

/* The broker's own words, fit to show. */
static void say_refusal(const json_t *parameters)
{
	const char *message = json_string_value(json_object_get(parameters, "message"));
	char escaped[512];

	(void)fprintf(stderr, "tenured: %s\n", text_escape(message ? message : "refused", escaped, sizeof(escaped)));
}

int reset_by_broker(const char *what, const char *reason)
{
	CLEANUP(wire_client_freep) struct wire_client *client = NULL;
	const char *error = NULL;
	json_t *reply = NULL;
	int r;

	r = wire_client_connect(tenure_path(PATH_ROOT_SOCKET), CONNECT_TIMEOUT_MS, &client);
	if (r < 0)
		return r;
	r = wire_client_ask(client, "JournalReset", json_pack("{s:s, s:s}", "what", what, "reason", reason),
			    RESET_TIMEOUT_MS, &reply, &error);
	if (r == 0 && error) {
		say_refusal(reply);
		r = -EPROTO;
	}
	json_decref(reply);
	if (r == 0)
		(void)printf("tenured: %s\n", strcmp(what, "clock") == 0 ? "the time is what the clock says"
									  : "the journal is accepted as it is now");
	return r;
}

int drain_here(struct broker *b, const char *reason)
{
	size_t sessions = sessions_count(b->sessions), grants = 0;
	struct instant now, end;
	struct actor who;
	int r, settled;

	r = engine_actor(b->engine, tenure_trusted_uid(), peer_own_login_uid(), &who);
	if (r == 0)
		r = engine_drain(b->engine, &who, reason, &grants);
	sessions_drain(b->sessions);
	broker_settle(b);
	if (clock_system.now(&clock_system, &end) < 0)
		return -EIO;
	end.boottime_ns = time_add(end.boottime_ns, DRAIN_TIMEOUT_MS * NS_PER_MS);
	do {
		settled = loop_turn(b->loop, 100);
		if (settled < 0)
			return settled;
		if (sessions_count(b->sessions) == 0) {
			say((json_int_t)sessions, (json_int_t)grants);
			return r;
		}
	} while (clock_system.now(&clock_system, &now) == 0 && now.boottime_ns < end.boottime_ns);
	return -ETIMEDOUT;
}
