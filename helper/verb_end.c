/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/broker.h"
#include "helper/choose.h"
#include "helper/output.h"
#include "helper/rows.h"
#include "helper/verbs.h"

static void print_ended(struct cli *cli, const json_t *reply)
{
	const json_t *items = field_array(reply, "items"), *item;
	size_t i;

	json_array_foreach (items, i, item) {
		struct request_row row;

		request_row_read(cli, item, &row);
		print_labelled(cli, stdout, "", 0,
			       cli_text(cli, "Ended: %s, you no longer hold %s by it.", row.id, row.role));
	}
	/* A session's id was given: its grant goes on. */
	if (json_array_size(items) == 0)
		puts("Ended: the session.");
}

int verb_end(struct cli *cli)
{
	json_t *parameters = json_object(), *reply = NULL;
	const char *id;
	int code = choose_own_role(cli, &id);

	if (code != CODE_DONE) {
		json_decref(parameters);
		return code;
	}
	set_text(parameters, "id", id);
	code = broker_call(cli, "End", parameters, &reply);
	if (code != CODE_DONE)
		return code;
	if (cli->json)
		return print_json(cli, reply);
	print_ended(cli, reply);
	json_decref(reply);
	return CODE_DONE;
}
