/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>

void verb_journal_reset(struct call *c)
{
	struct broker *b = call_broker(c);
	int r = engine_journal_reset(b->engine, call_actor(c), call_text(c, "what"), call_text(c, "reason"));

	broker_settle(b);
	if (r == -EALREADY)
		call_error(c, "WrongState", json_pack("{s:s, s:s}", "id", "", "state", "ok"), NULL, "nothing is wrong with it");
	else if (r < 0)
		verb_engine_error(c, r, &(struct error_subject){.field = "what", .denied = "for root alone"});
	else
		call_reply(c, NULL);
}
