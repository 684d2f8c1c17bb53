/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "common/base/text.h"
#include "helper/ask.h"
#include "helper/broker.h"
#include "helper/choose.h"
#include "helper/output.h"
#include "helper/rows.h"
#include "helper/verbs.h"

static int report_revoked(struct cli *cli, json_t *reply)
{
	struct request_row row;

	if (cli->json)
		return print_json(cli, reply);
	request_row_read(cli, json_object_get(reply, "request"), &row);
	print_labelled(cli, stdout, "", 0,
		       cli_text(cli, "Revoked: %s, %s no longer holds %s by it.", row.id, request_row_who(&row),
				row.role));
	json_decref(reply);
	return CODE_DONE;
}

int verb_revoke(struct cli *cli)
{
	const char *id, *reason = cli->options.reason;
	json_t *reply = NULL, *parameters;
	int code = choose_own_grant(cli, &id); /* an id was typed: it only checks its form */

	if (code == CODE_DONE && !reason)
		code = ask_text(cli, "Your reason: ", "reason", REASON_LENGTH_MAX, &reason);
	if (code != CODE_DONE)
		return code;
	parameters = json_pack("{s:s, s:s}", "id", id, "reason", reason);
	if (!parameters)
		return cli_fail(cli, CODE_USAGE, "usage", "type it as UTF-8", "that cannot be sent");
	code = broker_call(cli, "Revoke", parameters, &reply);
	return code == CODE_DONE ? report_revoked(cli, reply) : code;
}
