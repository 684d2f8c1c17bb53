/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>

/* The request that `id` names, or the only open one of the caller. */

struct own_request {
	const struct actor *who;
	struct uuid id;
	size_t count;
};

static int count_own(void *context, const struct request *r)
{
	struct own_request *own = context;

	if ((r->state == REQUEST_PENDING || r->state == REQUEST_SCHEDULED) && request_is_of(r, own->who)) {
		own->id = r->id;
		own->count++;
	}
	return 0;
}

static const struct request *find_open(struct call *c)
{
	struct own_request own = {.who = call_actor(c)};
	const char *id = call_text(c, "id");
	const struct request *r;

	if (id)
		return verb_find_request(c, id);
	if (engine_each(call_broker(c)->engine, count_own, &own) == 0 && own.count == 1 &&
	    engine_find_id(call_broker(c)->engine, &own.id, &r) == 0)
		return r;
	if (own.count > 1)
		call_error(c, "Missing", json_pack("{s:[s]}", "fields", "id"), "tenure",
			   "%zu requests are open; say which", own.count);
	else
		call_error(c, "NoSuchRequest", json_pack("{s:s}", "id", ""), "tenure", "no request of yours is open");
	return NULL;
}

void verb_cancel(struct call *c)
{
	struct broker *b = call_broker(c);
	const struct request *before = find_open(c), *after = NULL;
	struct uuid id;
	int r;

	if (!before)
		return;
	id = before->id;
	r = engine_cancel(b->engine, call_actor(c), &id, &after);
	broker_settle(b);
	if (r < 0)
		verb_engine_error(c, r,
				  &(struct error_subject){.id = "",
							  .request = before,
							  .denied = "only who asked may cancel"});
	else
		verb_reply_request(c, after);
}
