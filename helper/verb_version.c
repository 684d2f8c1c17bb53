/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/broker.h"
#include "helper/output.h"
#include "helper/rows.h"
#include "helper/verbs.h"

/* Our own version is an answer by itself: a broker that is down is a note, not a failure. */
int verb_version(struct cli *cli)
{
	json_t *reply = NULL;
	const char *broker = "not running";

	if (broker_call(cli, "Ping", NULL, &reply) == CODE_DONE)
		broker = field_text(cli, reply, "version");
	cli->failure = (struct failure){0};
	if (cli->json) {
		json_t *answer = json_pack("{s:s}", "version", PACKAGE_VERSION);

		if (answer)
			(void)json_object_set_new(answer, "broker", reply ? reply : json_null());
		return print_json(cli, answer);
	}
	printf("tenure %s, broker %s\n", PACKAGE_VERSION, broker);
	if (reply && field_raw(reply, "degraded"))
		print_note(cli, cli_text(cli, "nothing can be granted now: %s",
					 cli_escape_line(cli, field_raw(reply, "degraded"))));
	json_decref(reply);
	return CODE_DONE;
}
