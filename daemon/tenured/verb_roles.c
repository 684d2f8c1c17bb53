/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

void verb_roles(struct call *c)
{
	struct actor subject;

	if (verb_subject(c, &subject))
		call_reply(c, json_pack("{s:o}", "items", rows_of_roles(call_broker(c), call_actor(c), &subject)));
}
