/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>
#include <stdlib.h>

/* Who may decide is judged before step-up is asked for, and again when it is done: see engine_approve. */

static void approve(struct call *c, bool step_up)
{
	struct broker *b = call_broker(c);
	const struct uuid *id = call_state(c);
	const struct request *r = NULL, *after = NULL;
	int error = engine_find_id(b->engine, id, &r);

	if (error == 0)
		error = engine_approve(b->engine, call_actor(c), id, call_text(c, "reason"), step_up, &after);
	broker_settle(b);
	if (error < 0) {
		verb_engine_error(c, error,
				  &(struct error_subject){.id = "",
							  .request = r,
							  .field = "reason",
							  .denied = "you are no approver of this request"});
		return;
	}
	verb_reply_request(c, after);
}

static void approve_with_step_up(struct call *c)
{
	approve(c, true);
}

void verb_approve(struct call *c)
{
	const struct request *r = verb_find_request(c, call_text(c, "id"));
	struct uuid *id;
	int error;

	if (!r)
		return;
	id = malloc(sizeof(*id));
	if (!id) {
		verb_engine_error(c, -ENOMEM, &(struct error_subject){0});
		return;
	}
	*id = r->id;
	call_set_state(c, id, free);
	error = engine_approve_check(call_broker(c)->engine, call_actor(c), id);
	if (error == 0)
		approve(c, false);
	else if (error == -EKEYREJECTED)
		call_step_up(c, AUTH_MODE_STEP_UP, "approve", approve_with_step_up);
	else
		verb_engine_error(c, error,
				  &(struct error_subject){.id = "",
							  .request = r,
							  .denied = "you are no approver of this request"});
}
