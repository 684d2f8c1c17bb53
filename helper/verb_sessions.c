/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/broker.h"
#include "helper/output.h"
#include "helper/rows.h"
#include "helper/times.h"
#include "helper/verbs.h"

static const char *left_text(struct cli *cli, const struct session_row *row, int64_t now_ns)
{
	if (row->left_s >= 0)
		return time_left(cli, row->left_s);
	return time_day(cli, now_ns, row->until_ns);
}

static void print_sessions(struct cli *cli, const json_t *reply)
{
	static const struct column columns[] = {
		{"ID", 0}, {"USER", 8}, {"ROLE", 10}, {"BY", 8}, {"LEFT", 0}, {"TTY", 6}, {"PID", 0}, {"PROCS", 0},
	};
	int64_t now_ns = cli_now(cli);
	struct table table;
	const json_t *item;
	size_t i;

	table_init(&table, cli, columns, ARRAY_LENGTH(columns));
	json_array_foreach (field_array(reply, "items"), i, item) {
		struct session_row row;

		session_row_read(cli, item, &row);
		table_add(&table, cli,
			  (struct cell[]){{row.id, STYLE_NONE},
					  {row.user, STYLE_NONE},
					  {row.role, STYLE_NONE},
					  {cli_text(cli, "%s to %s", row.service, row.target), STYLE_NONE},
					  {left_text(cli, &row, now_ns), STYLE_NONE},
					  {row.tty, STYLE_NONE},
					  {cli_text(cli, "%lld", (long long)row.pid), STYLE_NONE},
					  {cli_text(cli, "%lld", (long long)row.processes), STYLE_NONE}});
	}
	if (table.row_count > 0)
		table_print(&table, stdout);
	else
		fputs("No elevated session.\n", stderr);
	table_done(&table);
}

int verb_sessions(struct cli *cli)
{
	json_t *parameters = json_object(), *reply = NULL;
	int code;

	set_text(parameters, "user", cli->options.user);
	code = broker_call(cli, "Sessions", parameters, &reply);
	if (code != CODE_DONE)
		return code;
	if (cli->json)
		return print_json(cli, reply);
	print_sessions(cli, reply);
	json_decref(reply);
	return CODE_DONE;
}
