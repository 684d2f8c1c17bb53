/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>

/* The grant that `id` names, or the only one that the caller holds. */

struct own_grant {
	const struct actor *who;
	struct uuid id;
	size_t count;
};

static int count_own(void *context, const struct request *r)
{
	struct own_grant *own = context;

	if (r->state == REQUEST_ACTIVE && request_is_of(r, own->who)) {
		own->id = r->id;
		own->count++;
	}
	return 0;
}

static const struct request *find_grant(struct call *c)
{
	struct own_grant own = {.who = call_actor(c)};
	const char *id = call_text(c, "id");
	const struct request *r;

	if (id)
		return verb_find_request(c, id);
	if (engine_each(call_broker(c)->engine, count_own, &own) == 0 && own.count == 1 &&
	    engine_find_id(call_broker(c)->engine, &own.id, &r) == 0)
		return r;
	if (own.count > 1)
		call_error(c, "Missing", json_pack("{s:[s]}", "fields", "id"), "tenure",
			   "you hold %zu grants; say which", own.count);
	else
		call_error(c, "NoSuchRequest", json_pack("{s:s}", "id", ""), "tenure roles", "you hold no grant");
	return NULL;
}

void verb_extend(struct call *c)
{
	const struct request *r = find_grant(c);
	struct uuid id;

	if (!r)
		return;
	if (!request_is_of(r, call_actor(c))) {
		call_error(c, "NotYours", NULL, NULL, "only its holder may ask for more");
		return;
	}
	if (r->state != REQUEST_ACTIVE) {
		verb_engine_error(c, -EALREADY, &(struct error_subject){.request = r});
		return;
	}
	id = r->id;
	request_file(c, r->role, r->scope, &id);
}
