/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "helper/broker.h"
#include "helper/output.h"
#include "helper/rows.h"
#include "helper/times.h"
#include "helper/verbs.h"

static json_t *explain_parameters(struct cli *cli)
{
	json_t *parameters = json_object();

	if (cli->argument_count > 0)
		set_text(parameters, "user", cli->arguments[0]);
	set_text(parameters, "service", cli->options.service);
	set_text(parameters, "target", cli->options.target);
	set_text(parameters, "role", cli->options.role);
	set_text(parameters, "time", cli->options.time);
	return parameters;
}

/* "directory.d/contoso.conf:5" stands as "contoso.conf:5"; a DN stays whole. */
static const char *short_place(const char *place)
{
	const char *slash = strrchr(place, '/');

	return slash && !strchr(place, '=') ? slash + 1 : place;
}

static enum style result_style(const struct trace_row *row)
{
	return !*row->result || row->met ? STYLE_NONE : STYLE_BAD;
}

static void print_trace(struct cli *cli, const json_t *reply)
{
	static const struct column columns[] = {{NULL, 0}, {NULL, 20}, {NULL, 12}, {NULL, 8}};
	int64_t step = -1;
	struct table table;
	const json_t *item;
	size_t i;

	table_init(&table, cli, columns, ARRAY_LENGTH(columns));
	json_array_foreach (field_array(reply, "trace"), i, item) {
		struct trace_row row;

		trace_row_read(cli, item, &row);
		table_add(&table, cli,
			  (struct cell[]){{row.step == step ? ""
							    : cli_text(cli, "%lld %-9s", (long long)row.step, row.subject),
					   STYLE_NONE},
					  {row.text, STYLE_NONE},
					  {short_place(row.place), STYLE_NONE},
					  {row.result, result_style(&row)}});
		step = row.step;
	}
	table_print(&table, stdout);
	table_done(&table);
}

/* What is neither word is a denial. */
static const char *verdict_of(const json_t *reply)
{
	const char *verdict = field_raw(reply, "verdict");

	if (verdict && strcmp(verdict, "allow") == 0)
		return "allow";
	return verdict && strcmp(verdict, "ignore") == 0 ? "ignore" : "deny";
}

static enum style verdict_style(const char *verdict)
{
	if (strcmp(verdict, "allow") == 0)
		return STYLE_GOOD;
	return strcmp(verdict, "deny") == 0 ? STYLE_BAD : STYLE_NONE;
}

static void print_verdict(struct cli *cli, const json_t *reply, const char *verdict)
{
	static const struct column columns[] = {{NULL, 0}, {NULL, 20}};
	const char *path = field_text(cli, reply, "path");
	struct table table;

	table_init(&table, cli, columns, ARRAY_LENGTH(columns));
	table_add(&table, cli,
		  (struct cell[]){{verdict, verdict_style(verdict)},
				  {cli_text(cli, "%s  %s  on %s  %s", field_text(cli, reply, "user"),
					    cli_escape_line(cli, field_raw(reply, "question")), *path ? path : "this host",
					    time_exact(cli, cli_now(cli), field_time(reply, "time"))),
				   STYLE_NONE}});
	table_print(&table, stdout);
	table_done(&table);
}

static void print_explanation(struct cli *cli, const json_t *reply, const char *verdict)
{
	const char *next = cli_escape_line(cli, field_raw(reply, "next"));
	int64_t unmet = field_number(reply, "first_unmet", 0);

	print_verdict(cli, reply, verdict);
	putchar('\n');
	print_trace(cli, reply);
	if (unmet > 0)
		print_labelled(cli, stdout, "\n", 0,
			       cli_text(cli, "First unmet: %lld.%s%s", (long long)unmet, *next ? " Next: " : "", next));
}

int verb_explain(struct cli *cli)
{
	json_t *reply = NULL;
	const char *verdict;
	int code;

	if (cli->argument_count == 0 && geteuid() == 0)
		return cli_fail(cli, CODE_USAGE, "usage", "tenure explain USER", "root is never judged; name a user");
	code = broker_call(cli, "Explain", explain_parameters(cli), &reply);
	if (code != CODE_DONE)
		return code;
	verdict = verdict_of(reply);
	code = strcmp(verdict, "deny") == 0 ? CODE_NO : CODE_DONE;
	if (cli->json) {
		(void)print_json(cli, reply);
	} else {
		print_explanation(cli, reply, verdict);
		json_decref(reply);
	}
	return code;
}
