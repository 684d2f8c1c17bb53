/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "common/base/text.h"
#include "helper/cli.h"
#include "helper/nearest.h"
#include "helper/output.h"

enum option_kind { KIND_FLAG, KIND_TEXT, KIND_REASON, KIND_TICKET, KIND_DURATION, KIND_NUMBER, KIND_TIME };

/* The one table of options: parser, usage and completion follow it. tenure(1) has the same order. */
static const struct option_row {
	unsigned bit;
	const char *name;
	const char *argument; /* NULL: a flag */
	const char *help;
	enum option_kind kind;
	size_t offset; /* in struct cli */
} option_rows[] = {
	{OPTION_FOR, "for", "DURATION", "how long: 45m, 2h, 1h30m", KIND_DURATION,
	 offsetof(struct cli, options.duration_ns)},
	{OPTION_REASON, "reason", "TEXT", "why; it stays in the journal", KIND_REASON,
	 offsetof(struct cli, options.reason)},
	{OPTION_TICKET, "ticket", "TEXT", "system and number, where the role wants them", KIND_TICKET,
	 offsetof(struct cli, options.ticket)},
	{OPTION_SCOPE, "scope", "PATH", "where; this host's path unless it is given", KIND_TEXT,
	 offsetof(struct cli, options.scope)},
	{OPTION_WAIT, "wait", NULL, "wait until the request is decided", KIND_FLAG, offsetof(struct cli, options.wait)},
	{OPTION_USER, "user", "USER", "of somebody else, for those who may see it", KIND_TEXT,
	 offsetof(struct cli, options.user)},
	{OPTION_LIMIT, "limit", "NUMBER", "the last so many entries, 1000 at most", KIND_NUMBER,
	 offsetof(struct cli, options.limit)},
	{OPTION_SERVICE, "service", "NAME", "PAM service: sudo, su, sshd", KIND_TEXT,
	 offsetof(struct cli, options.service)},
	{OPTION_TARGET, "target", "USER", "whom sudo or su would become", KIND_TEXT,
	 offsetof(struct cli, options.target)},
	{OPTION_ROLE, "role", "ROLE", "whether that role may be activated here", KIND_TEXT,
	 offsetof(struct cli, options.role)},
	{OPTION_TIME, "time", "TIME", "at another time: 2026-03-02T14:00:00Z", KIND_TIME,
	 offsetof(struct cli, options.time)},
	{OPTION_HOST_ID, "host-id", NULL, "print this host's id and nothing else", KIND_FLAG,
	 offsetof(struct cli, options.host_id)},
	{OPTION_ALWAYS, "json", NULL, "print one JSON object, errors too", KIND_FLAG, offsetof(struct cli, json)},
	{OPTION_ALWAYS, "no-input", NULL, "ask nothing; what is missing is an error", KIND_FLAG,
	 offsetof(struct cli, no_input)},
	{OPTION_ALWAYS, "help", NULL, "this text", KIND_FLAG, offsetof(struct cli, help)},
};

static int bad_option(struct cli *cli, const struct option_row *row, const char *value, const char *wanted)
{
	return cli_fail(cli, CODE_USAGE, "usage", cli_text(cli, "give --%s %s", row->name, wanted),
			"--%s \"%s\" cannot be read", row->name, cli_escape(cli, value));
}

static int free_text(struct cli *cli, const struct option_row *row, const char *value)
{
	const int max = row->kind == KIND_TICKET ? TICKET_LENGTH_MAX : REASON_LENGTH_MAX;

	if (!*value)
		return cli_fail(cli, CODE_USAGE, "usage", "give it some words", "--%s is empty", row->name);
	if (text_check(value, (size_t)max) == 0)
		return CODE_DONE;
	return cli_fail(cli, CODE_USAGE, "usage", cli_text(cli, "give at most %d bytes of plain text", max),
			"--%s cannot be taken as it is", row->name);
}

static int set_value(struct cli *cli, const struct option_row *row, const char *value)
{
	void *field = (char *)cli + row->offset;
	int64_t ns;

	switch (row->kind) {
	case KIND_FLAG:
		*(bool *)field = true;
		return CODE_DONE;
	case KIND_REASON:
	case KIND_TICKET:
		if (free_text(cli, row, value) != CODE_DONE)
			return CODE_USAGE;
		*(const char **)field = value;
		return CODE_DONE;
	case KIND_TEXT:
		if (!*value || text_check(value, SCOPE_LENGTH_MAX) < 0)
			return bad_option(cli, row, value, row->argument);
		*(const char **)field = value;
		return CODE_DONE;
	case KIND_DURATION:
		if (duration_parse(value, field) < 0 || *(int64_t *)field <= 0)
			return bad_option(cli, row, value, "45m, 2h or 1h30m");
		return CODE_DONE;
	case KIND_NUMBER:
		if (number_parse(value, LIMIT_MAX, field) < 0 || *(uint64_t *)field == 0)
			return bad_option(cli, row, value, cli_text(cli, "a number from 1 to %d", LIMIT_MAX));
		return CODE_DONE;
	case KIND_TIME:
		if (time_parse_rfc3339(value, &ns) < 0)
			return bad_option(cli, row, value, "2026-03-02T14:00:00Z");
		*(const char **)field = value;
		return CODE_DONE;
	}
	return CODE_USAGE;
}

/* word: behind the hyphens, perhaps with =VALUE. */
static const struct option_row *option_find(const struct verb *verb, const char *word, const char **ret_value)
{
	size_t len = strcspn(word, "=");

	*ret_value = word[len] == '=' ? word + len + 1 : NULL;
	for (size_t i = 0; i < ARRAY_LENGTH(option_rows); i++) {
		const struct option_row *row = &option_rows[i];

		if ((row->bit == OPTION_ALWAYS || (verb->options & row->bit)) && strlen(row->name) == len &&
		    memcmp(row->name, word, len) == 0)
			return row;
	}
	return NULL;
}

static int unknown_option(struct cli *cli, const char *word)
{
	return cli_fail(cli, CODE_USAGE, "usage", cli_text(cli, "see: tenure %s --help", cli->verb->name),
			"%s has no option %s", cli->verb->name, cli_escape(cli, word));
}

static int parse_option(struct cli *cli, int argc, char **argv, int *at)
{
	const char *word = argv[*at], *value;
	const struct option_row *row;

	if (strcmp(word, "-h") == 0)
		word = "--help";
	if (word[1] != '-')
		return unknown_option(cli, word);
	row = option_find(cli->verb, word + 2, &value);
	if (!row)
		return unknown_option(cli, word);
	if (!row->argument)
		return value ? cli_fail(cli, CODE_USAGE, "usage", cli_text(cli, "write --%s alone", row->name),
					"--%s takes no value", row->name)
			     : set_value(cli, row, "");
	if (!value) {
		if (*at + 1 >= argc)
			return cli_fail(cli, CODE_USAGE, "usage", cli_text(cli, "see: tenure %s --help", cli->verb->name),
					"--%s wants %s", row->name, row->argument);
		value = argv[++*at];
	}
	return set_value(cli, row, value);
}

static int parse_argument(struct cli *cli, const char *word)
{
	if (cli->argument_count >= cli->verb->arguments_max)
		return cli_fail(cli, CODE_USAGE, "usage", cli_text(cli, "see: tenure %s --help", cli->verb->name),
				"%s does not take \"%s\"", cli->verb->name, cli_escape(cli, word));
	cli->arguments[cli->argument_count++] = word;
	return CODE_DONE;
}

/* Options that go with every verb may stand before it; the flag is set. */
static bool is_leading(struct cli *cli, const char *word)
{
	for (size_t i = 0; i < ARRAY_LENGTH(option_rows); i++) {
		const struct option_row *row = &option_rows[i];

		if (row->bit == OPTION_ALWAYS && strncmp(word, "--", 2) == 0 && strcmp(word + 2, row->name) == 0 &&
		    strcmp(row->name, "help") != 0)
			return set_value(cli, row, "") == CODE_DONE;
	}
	return false;
}

/* tenure VERB ...; with no verb, options alone mean status, and --help and --version have their own verbs. */
static int find_verb(struct cli *cli, int argc, char **argv, int *at)
{
	const char *word, *near;
	int first = 1;

	while (first < argc && is_leading(cli, argv[first]))
		first++;
	word = argc > first ? argv[first] : NULL;
	*at = first + 1;
	if (word && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0))
		word = "help";
	else if (word && strcmp(word, "--version") == 0)
		word = "version";
	else if (!word || word[0] == '-') {
		word = "status";
		*at = first;
	}
	cli->verb = verb_find(word);
	if (cli->verb)
		return CODE_DONE;
	near = nearest_verb(word);
	return cli_fail(cli, CODE_USAGE, "usage",
			near ? cli_text(cli, "did you mean: tenure %s", near) : "see: tenure --help", "no verb \"%s\"",
			cli_escape(cli, word));
}

static bool takes_value(const char *word)
{
	if (strncmp(word, "--", 2) != 0)
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(option_rows); i++)
		if (option_rows[i].argument && strcmp(word + 2, option_rows[i].name) == 0)
			return true;
	return false;
}

/* Found before anything can fail, so that errors of usage are objects too. What stands behind --reason is a reason. */
static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--json") == 0)
			return true;
		if (takes_value(argv[i]))
			i++;
	}
	return false;
}

int cli_parse(struct cli *cli, int argc, char **argv)
{
	bool options_over = false;
	int at, code;

	cli->json = wants_json(argc, argv);
	code = find_verb(cli, argc, argv, &at);
	for (; code == CODE_DONE && at < argc; at++) {
		if (!options_over && strcmp(argv[at], "--") == 0)
			options_over = true;
		else if (!options_over && argv[at][0] == '-' && argv[at][1])
			code = parse_option(cli, argc, argv, &at);
		else
			code = parse_argument(cli, argv[at]);
	}
	if (code == CODE_DONE && !cli->help && cli->argument_count < cli->verb->arguments_min)
		code = cli_fail(cli, CODE_USAGE, "usage", cli_text(cli, "see: tenure %s --help", cli->verb->name),
				"%s wants %s", cli->verb->name, cli->verb->arguments);
	return code;
}

static void usage_of_verb(const struct verb *verb, FILE *to)
{
	fprintf(to, "usage: tenure %s%s%s [OPTION]...\n%s\n\n", verb->name, *verb->arguments ? " " : "", verb->arguments,
		verb->summary);
	for (size_t i = 0; i < ARRAY_LENGTH(option_rows); i++) {
		const struct option_row *row = &option_rows[i];

		if (row->bit == OPTION_ALWAYS || (verb->options & row->bit))
			fprintf(to, "  --%s%s%-*s %s\n", row->name, row->argument ? " " : "",
				(int)(18 - strlen(row->name) - (row->argument ? 1 : 0)),
				row->argument ? row->argument : "", row->help);
	}
}

static json_t *verb_json(const struct verb *verb)
{
	json_t *options = json_array();

	for (size_t i = 0; i < ARRAY_LENGTH(option_rows); i++) {
		const struct option_row *row = &option_rows[i];

		if (row->bit == OPTION_ALWAYS || (verb->options & row->bit))
			(void)json_array_append_new(options,
						    json_pack("{s:s, s:s?, s:s}", "name", row->name, "argument",
							      row->argument, "help", row->help));
	}
	return json_pack("{s:s, s:s, s:s, s:o}", "name", verb->name, "arguments", verb->arguments, "summary",
			 verb->summary, "options", options);
}

int cli_help(struct cli *cli, const struct verb *verb)
{
	json_t *items;

	if (!cli->json) {
		cli_usage(cli, verb, stdout);
		return CODE_DONE;
	}
	items = json_array();
	for (const struct verb *v = verb_table; v->name; v++)
		if (!verb || v == verb)
			(void)json_array_append_new(items, verb_json(v));
	return print_json(cli, json_pack("{s:o}", "items", items));
}

void cli_usage(const struct cli *cli, const struct verb *verb, FILE *to)
{
	if (verb) {
		usage_of_verb(verb, to);
		return;
	}
	fputs("usage: tenure [VERB] [ARGUMENT] [OPTION]...\n"
	      "Roles for as long as they are needed: ask, approve, use, end.\n\n",
	      to);
	for (const struct verb *v = verb_table; v->name; v++)
		fprintf(to, "  %s %-*s %s\n", v->name, (int)(16 - strlen(v->name)), v->arguments, v->summary);
	fputs("\nOptions of a verb: tenure VERB --help. With every verb: --json, --no-input.\n"
	      "Exit codes: 0 done, 1 no, 2 usage or input missing, 3 unknown, 4 no broker,\n"
	      "5 still open, 6 step-up failed. Manual: man tenure\n",
	      to);
}
