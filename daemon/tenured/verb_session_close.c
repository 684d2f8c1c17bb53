/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/verb.h"

#include <errno.h>

void verb_session_close(struct call *c)
{
	struct broker *b = call_broker(c);
	const char *id = call_text(c, "id");
	int r = sessions_close(b->sessions, id, call_peer(c)->pid);
	char escaped[128];

	broker_settle(b);
	if (r == 0) {
		call_reply(c, NULL);
	} else if (r == -ENOENT) {
		(void)text_escape(id, escaped, sizeof(escaped));
		call_error(c, "NoSuchSession", json_pack("{s:s}", "id", escaped), NULL, "there is no session %s",
			   escaped);
	} else {
		verb_engine_error(c, r == -EPERM ? -EACCES : r,
				  &(struct error_subject){.denied = "another process opened that session"});
	}
}
