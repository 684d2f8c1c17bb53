/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

void verb_deny(struct call *c)
{
	struct broker *b = call_broker(c);
	const struct request *before = verb_find_request(c, call_text(c, "id")), *after = NULL;
	struct uuid id;
	int r;

	if (!before)
		return;
	id = before->id;
	r = engine_deny(b->engine, call_actor(c), &id, call_text(c, "reason"), &after);
	broker_settle(b);
	if (r < 0)
		verb_engine_error(c, r,
				  &(struct error_subject){.id = "",
							  .request = before,
							  .field = "reason",
							  .denied = "you are no approver of this request"});
	else
		verb_reply_request(c, after);
}
