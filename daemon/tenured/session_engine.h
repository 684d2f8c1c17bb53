/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_SESSION_ENGINE_H
#define TENURE_TENURED_SESSION_ENGINE_H

/*
 * The sessions' ports, filled from the engine: judged by its policy and grants, journalled in its journal, timed by its
 * clock with the journal's floor. The one file of the session room that knows the engine.
 *
 * The server: engine_new, engine_set_hooks (sessions: sessions_resting_on; NULL sessions count as 0), engine_start,
 * session_engine_ports, sessions_new. ENGINE_GRANT_ENDED and ENGINE_PUBLISHED lead to sessions_recheck, behind the call
 * that caused them; ENGINE_CONFIGURED to sessions_configure.
 */

#include "daemon/tenured/engine.h"
#include "daemon/tenured/session.h"

struct session_engine {
	struct clock_source clock; /* first: the ports' clock leads back here */
	struct engine *engine;
	void (*log)(int priority, const char *text); /* NULL: silent */
};

/* glue stays the caller's and must outlive the sessions. */
void session_engine_ports(struct session_engine *glue, struct engine *e, void (*log)(int priority, const char *text),
			  struct session_ports *ret);

#endif
