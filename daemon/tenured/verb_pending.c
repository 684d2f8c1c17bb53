/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>

struct pending {
	struct call *call;
	json_t *items;
};

static int add(void *context, const struct request *r)
{
	struct pending *p = context;
	struct broker *b = call_broker(p->call);
	const struct actor *who = call_actor(p->call);

	if (r->state != REQUEST_PENDING || !viewer_may_see(b, who, r))
		return 0;
	return json_array_append_new(p->items, row_request(b, who, r)) < 0 ? -ENOMEM : 0;
}

void verb_pending(struct call *c)
{
	struct pending p = {c, json_array()};
	int r = engine_each(call_broker(c)->engine, add, &p);

	if (r < 0) {
		json_decref(p.items);
		verb_engine_error(c, r, &(struct error_subject){0});
		return;
	}
	call_reply(c, json_pack("{s:o}", "items", p.items));
}
