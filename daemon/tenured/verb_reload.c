/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

void verb_reload(struct call *c)
{
	size_t errors = 0, warnings = 0;
	int r = broker_reload(call_broker(c), call_actor(c), &errors, &warnings);

	if (r < 0)
		verb_engine_error(c, r, &(struct error_subject){0});
	else
		call_reply(c, json_pack("{s:i, s:i}", "errors", (int)errors, "warnings", (int)warnings));
}
