/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

static void proved(struct call *c)
{
	call_reply(c, NULL);
}

/* Each call proves anew; nothing is kept of it. */
void verb_authenticate(struct call *c)
{
	call_step_up(c, AUTH_MODE_PASSWORD, "authenticate", proved);
}
