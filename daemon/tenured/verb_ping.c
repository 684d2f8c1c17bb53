/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "daemon/tenured/verb.h"

#include <unistd.h>

void verb_ping(struct call *c)
{
	struct broker *b = call_broker(c);
	struct journal *journal = engine_journal(b->engine);
	const char *trouble = journal ? journal_trouble(journal) : "not open";

	call_reply(c, json_pack("{s:s, s:i, s:o, s:s, s:o}", "version", PACKAGE_VERSION, "pid", (int)getpid(), "since",
				json_time(b->since_ns), "journal", trouble ? trouble : "ok", "degraded",
				json_text(engine_degraded(b->engine))));
}
