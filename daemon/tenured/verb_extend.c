/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>
#include <string.h>

/* The grant that `id` names, or the one that lasts longest when all that the caller holds are of one role. */

struct own_grant {
	const struct actor *who;
	const struct request *longest; /* good until the engine ticks */
	bool several_roles;
};

static int add_own(void *context, const struct request *r)
{
	struct own_grant *own = context;

	if (r->state != REQUEST_ACTIVE || !request_is_of(r, own->who))
		return 0;
	if (own->longest && strcmp(own->longest->role, r->role) != 0)
		own->several_roles = true;
	if (!own->longest || r->window.end_ns > own->longest->window.end_ns)
		own->longest = r;
	return 0;
}

static const struct request *find_grant(struct call *c)
{
	struct own_grant own = {.who = call_actor(c)};
	const char *id = call_text(c, "id");

	if (id)
		return verb_find_request(c, id);
	if (engine_each(call_broker(c)->engine, add_own, &own) == 0 && own.longest && !own.several_roles)
		return own.longest;
	if (own.several_roles)
		call_error(c, "Missing", json_pack("{s:[s]}", "fields", "id"), "tenure",
			   "you hold several roles; say which grant");
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
