/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/broker.h"
#include "helper/output.h"
#include "helper/rows.h"
#include "helper/times.h"
#include "helper/verbs.h"

static void print_pending(struct cli *cli, const json_t *reply)
{
	static const struct column columns[] = {
		{"ID", 0}, {"FROM", 8}, {"ROLE", 10}, {"SCOPE", 8}, {"FOR", 0}, {"ASKED", 0}, {"ENDS", 0},
	};
	int64_t now_ns = cli_now(cli);
	struct table table;
	const json_t *item;
	size_t i;

	table_init(&table, cli, columns, ARRAY_LENGTH(columns));
	json_array_foreach (field_array(reply, "items"), i, item) {
		struct request_row row;

		request_row_read(cli, item, &row);
		table_add(&table, cli,
			  (struct cell[]){{row.id, STYLE_NONE},
					  {row.mine ? "you" : request_row_who(&row), STYLE_NONE},
					  {row.role, STYLE_NONE},
					  {row.scope, STYLE_NONE},
					  {duration_text(cli, row.duration_ns), STYLE_NONE},
					  {cli_text(cli, "%s ago", time_since(cli, now_ns, row.asked_ns)), STYLE_NONE},
					  {cli_text(cli, "in %s", time_until(cli, now_ns, row.times_out_ns)), STYLE_NONE}});
	}
	if (table.row_count > 0)
		table_print(&table, stdout);
	else
		fputs("Nothing waits.\n", stderr);
	table_done(&table);
}

int verb_pending(struct cli *cli)
{
	json_t *reply = NULL;
	int code = broker_call(cli, "Pending", NULL, &reply);

	if (code != CODE_DONE)
		return code;
	if (cli->json)
		return print_json(cli, reply);
	print_pending(cli, reply);
	json_decref(reply);
	return CODE_DONE;
}
