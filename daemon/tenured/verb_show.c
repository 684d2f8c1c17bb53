/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

void verb_show(struct call *c)
{
	const struct request *r = verb_find_request(c, call_text(c, "id"));

	if (r)
		verb_reply_request(c, r);
}
