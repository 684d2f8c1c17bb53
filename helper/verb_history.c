/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "common/base/id.h"
#include "helper/broker.h"
#include "helper/output.h"
#include "helper/rows.h"
#include "helper/times.h"
#include "helper/verbs.h"

static bool event_is(const struct event_row *row, const char *name)
{
	return strcmp(row->event, name) == 0;
}

/* Whose line it is: who decided, or who it happened to. */
static const char *actor(const struct event_row *row)
{
	bool decision = event_is(row, "approve") || event_is(row, "deny") || event_is(row, "revoke");

	return (decision && *row->by) || !*row->user ? row->by : row->user;
}

/* The domain that all names share, so that it need not stand in every line; NULL if they differ. */
static const char *shared_domain(struct cli *cli, const json_t *items)
{
	const char *shared = NULL;
	const json_t *item;
	size_t i;

	json_array_foreach (items, i, item) {
		struct event_row row;
		const char *domain;

		event_row_read(cli, item, &row);
		domain = strchr(actor(&row), '@');
		if (!domain)
			continue;
		if (shared && strcmp(shared, domain) != 0)
			return NULL;
		shared = domain;
	}
	return shared;
}

static const char *short_name(struct cli *cli, const char *name, const char *domain)
{
	const char *at = strchr(name, '@');

	if (!at || !domain || strcmp(at, domain) != 0)
		return name;
	return cli_text(cli, "%.*s", (int)(at - name), name);
}

/* A request says what it is about; what follows it has only its own words. An end is a moment: local, as all here. */
static const char *event_text(struct cli *cli, const struct event_row *row, int64_t now_ns)
{
	static const char until[] = "until ";
	int64_t at_ns;

	if (event_is(row, "request"))
		return cli_text(cli, "%s  %s  %s", row->role, row->scope, row->text);
	if (strncmp(row->text, until, strlen(until)) == 0 && time_parse_rfc3339(row->text + strlen(until), &at_ns) == 0)
		return cli_text(cli, "%s%s", until, time_of_entry(cli, now_ns, at_ns));
	return *row->text ? row->text : row->what;
}

static void print_history(struct cli *cli, const json_t *reply)
{
	static const struct column columns[] = {{NULL, 0}, {NULL, 0}, {NULL, 8}, {NULL, 20}};
	const json_t *items = field_array(reply, "items"), *item;
	const char *domain = shared_domain(cli, items);
	int64_t now_ns = cli_now(cli);
	struct table table;
	size_t i;

	table_init(&table, cli, columns, ARRAY_LENGTH(columns));
	json_array_foreach (items, i, item) {
		struct event_row row;

		event_row_read(cli, item, &row);
		table_add(&table, cli,
			  (struct cell[]){{time_of_entry(cli, now_ns, row.time_ns), STYLE_NONE},
					  {row.event, STYLE_NONE},
					  {short_name(cli, actor(&row), domain), STYLE_NONE},
					  {event_text(cli, &row, now_ns), STYLE_NONE}});
	}
	if (table.row_count > 0)
		table_print(&table, stdout);
	else
		fputs("No entry.\n", stderr);
	table_done(&table);
}

static json_t *history_parameters(struct cli *cli)
{
	json_t *parameters = json_object();

	set_text(parameters, "user", cli->options.user);
	if (cli->argument_count > 0)
		set_text(parameters, "id", cli->arguments[0]);
	if (cli->options.limit)
		(void)json_object_set_new(parameters, "limit", json_integer((json_int_t)cli->options.limit));
	return parameters;
}

int verb_history(struct cli *cli)
{
	json_t *reply = NULL;
	bool intact;
	int code;

	if (cli->argument_count > 0 && !request_id_text_is_valid(cli->arguments[0]))
		return cli_fail(cli, CODE_USAGE, "usage", "give its characters, or --user NAME",
				"\"%s\" is no request's id", cli_escape(cli, cli->arguments[0]));
	code = broker_call(cli, "History", history_parameters(cli), &reply);
	if (code != CODE_DONE)
		return code;
	intact = field_bool(reply, "intact");
	if (!intact)
		code = cli_fail(cli, CODE_NO, "journal-damaged", "see: tenure check",
				"the journal's chain is broken behind entry %lld",
				(long long)field_number(reply, "verified", 0));
	if (cli->json) {
		if (!intact)
			(void)json_object_set_new(reply, "error", failure_json(cli));
		(void)print_json(cli, reply);
		return code;
	}
	print_history(cli, reply);
	json_decref(reply);
	return code;
}
