/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/broker.h"
#include "helper/output.h"
#include "helper/rows.h"
#include "helper/verbs.h"

static void print_roles(struct cli *cli, const json_t *reply)
{
	static const struct column columns[] = {{"ROLE", 12}, {"STATE", 0}, {"MEANS", 14}, {"TERMS", 14}};
	struct table table;
	const json_t *item;
	size_t i;

	table_init(&table, cli, columns, ARRAY_LENGTH(columns));
	json_array_foreach (field_array(reply, "items"), i, item) {
		struct role_row row;
		bool standing;

		role_row_read(cli, item, &row);
		standing = role_row_is(&row, "assigned");
		table_add(&table, cli,
			  (struct cell[]){{row.role, STYLE_NONE},
					  {row.state, role_row_is(&row, "activated") ? STYLE_GOOD : STYLE_NONE},
					  {*row.rights ? row.rights : "nothing here", STYLE_NONE},
					  {standing ? "" : role_row_terms(cli, &row), STYLE_NONE}});
	}
	if (table.row_count > 0)
		table_print(&table, stdout);
	else
		fputs("No role reaches this host.\n", stderr);
	table_done(&table);
}

int verb_roles(struct cli *cli)
{
	json_t *parameters = json_object(), *reply = NULL;
	int code;

	set_text(parameters, "user", cli->options.user);
	code = broker_call(cli, "Roles", parameters, &reply);
	if (code != CODE_DONE)
		return code;
	if (cli->json)
		return print_json(cli, reply);
	print_roles(cli, reply);
	json_decref(reply);
	return CODE_DONE;
}
