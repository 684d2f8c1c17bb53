/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

/* With no call in progress nothing was asked: the connection routes answers to the call itself. One-way: no reply. */
void verb_answer(struct call *c)
{
	call_reply(c, NULL);
}
