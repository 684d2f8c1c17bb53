/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/broker.h"
#include "helper/choose.h"
#include "helper/output.h"
#include "helper/rows.h"
#include "helper/verbs.h"

int verb_cancel(struct cli *cli)
{
	struct request_row row;
	json_t *reply = NULL;
	const char *id;
	int code = choose_own_pending(cli, &id);

	if (code == CODE_DONE)
		code = broker_call(cli, "Cancel", json_pack("{s:s}", "id", id), &reply);
	if (code != CODE_DONE)
		return code;
	if (cli->json)
		return print_json(cli, reply);
	request_row_read(cli, json_object_get(reply, "request"), &row);
	print_labelled(cli, stdout, "", 0, cli_text(cli, "Taken back: %s, %s.", row.id, row.role));
	json_decref(reply);
	return CODE_DONE;
}
