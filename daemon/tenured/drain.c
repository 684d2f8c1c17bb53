/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/drain.h"

#include <errno.h>
#include <stdio.h>

#include "common/base/paths.h"
#include "common/wire/client.h"

#define CONNECT_TIMEOUT_MS 5000

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

int drain_here(struct broker *b, const char *reason)
{
	size_t sessions = sessions_count(b->sessions), grants = 0;
	struct instant now, end;
	int r, settled;

	r = engine_drain(b->engine, reason, &grants);
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
