/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/error.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "helper/output.h"
#include "helper/rows.h"

int cli_fail(struct cli *cli, int code, const char *id, const char *next, const char *format, ...)
{
	va_list args;
	char *message = NULL;
	int n;

	va_start(args, format);
	n = vasprintf(&message, format, args);
	va_end(args);
	cli->failure = (struct failure){
		.code = code,
		.id = id,
		.message = n < 0 ? "out of memory" : cli_text(cli, "%s", message),
		.next = next ? next : "",
	};
	if (n >= 0)
		free(message);
	return code;
}

/* What each error of io.tenure means here, and what to say where the broker sent no words of its own. */
static const struct reply_error {
	const char *name;
	int code;
	const char *id, *message, *next;
} reply_errors[] = {
	{"NotGoverned", CODE_NO, "not-governed", "no tenant knows you on this host", "ask its administrator"},
	{"NotEligible", CODE_NO, "not-eligible", "you are not eligible for that role", "see: tenure roles"},
	{"NotYours", CODE_NO, "not-yours", "that is not yours to decide or see", ""},
	{"OwnRequest", CODE_NO, "own-request", "that is your own request", ""},
	{"NoSuchRole", CODE_UNKNOWN, "no-such-role", "no such role", "see: tenure roles"},
	{"NoSuchUser", CODE_UNKNOWN, "no-such-user", "no such user", "write NAME or NAME@DOMAIN"},
	{"NoSuchRequest", CODE_UNKNOWN, "no-such-request", "no such request", "see: tenure pending"},
	{"NoSuchSession", CODE_UNKNOWN, "no-such-session", "no such session", "see: tenure sessions"},
	{"Ambiguous", CODE_USAGE, "ambiguous", "several requests begin so", "give more of the id"},
	{"Invalid", CODE_USAGE, "invalid", "the broker refused a value", "see: tenure --help"},
	{"Missing", CODE_USAGE, "input-missing", "something is missing", "see: tenure --help"},
	{"StepUpNeeded", CODE_USAGE, "step-up-needed", "step-up is needed, and no terminal to ask on",
	 "run it on a terminal"},
	{"StepUpFailed", CODE_STEP_UP, "step-up-failed", "step-up failed", "try again"},
	{"WrongState", CODE_NO, "wrong-state", "it is not in a state for that", "see: tenure history"},
	{"NotFromLogin", CODE_NO, "not-from-login", "this is not a login session of your own", "log in as yourself"},
	{"Busy", CODE_NO, "busy", "a limit was reached", "try again in a minute"},
	{"Unavailable", CODE_NO, "unavailable", "nothing can be granted now", "ask the administrator: tenure check"},
};

/* "--reason" for "reason"; duration is asked for by --for. */
static const char *option_of_field(const char *field)
{
	return strcmp(field, "duration") == 0 ? "for" : field;
}

static const char *list_options(struct cli *cli, const json_t *fields)
{
	const char *text = "";
	size_t i;
	const json_t *field;

	json_array_foreach (fields, i, field) {
		const char *name = json_string_value(field);

		if (name)
			text = cli_text(cli, "%s%s--%s", text, *text ? " " : "", cli_escape(cli, option_of_field(name)));
	}
	return text;
}

/* Errors whose words are made here, from their parameters: so that they name options and ids as people type them. */
static int fail_special(struct cli *cli, const struct reply_error *row, const json_t *p)
{
	if (strcmp(row->name, "OwnRequest") == 0) {
		const char *ask = field_list(cli, p, "ask", ", ");

		return cli_fail(cli, row->code, row->id,
				*ask ? cli_text(cli, "nobody approves their own. Ask: %s", ask)
				     : "nobody approves their own",
				"%s is your own request", field_text(cli, p, "id"));
	}
	if (strcmp(row->name, "Missing") == 0)
		return cli_fail(cli, row->code, row->id, cli_text(cli, "give %s", list_options(cli, json_object_get(p, "fields"))),
				"input is missing%s", cli->in_terminal ? "" : ", and no terminal to ask on");
	/* The broker's words are for programs. */
	if (strcmp(row->name, "StepUpNeeded") == 0)
		return cli_fail(cli, row->code, row->id, row->next, "%s", row->message);
	if (strcmp(row->name, "Ambiguous") == 0)
		return cli_fail(cli, row->code, row->id, row->next, "%s fits %s", field_text(cli, p, "id"),
				field_list(cli, p, "matches", ", "));
	return CODE_DONE;
}

/* What to do where the broker did not say. */
static const char *next_of(const struct reply_error *row, const json_t *p)
{
	static const char *const terms[] = {"duration", "scope", "ticket"};
	const char *field = field_raw(p, "field");

	for (size_t i = 0; strcmp(row->name, "Invalid") == 0 && field && i < ARRAY_LENGTH(terms); i++)
		if (strcmp(field, terms[i]) == 0)
			return "its terms: tenure roles";
	return row->next;
}

int cli_fail_reply(struct cli *cli, const char *name, const json_t *parameters)
{
	const char *message = cli_escape_line(cli, field_raw(parameters, "message"));
	const char *next = cli_escape_line(cli, field_raw(parameters, "next"));

	for (size_t i = 0; i < ARRAY_LENGTH(reply_errors); i++) {
		const struct reply_error *row = &reply_errors[i];
		int code;

		if (strcmp(row->name, name) != 0)
			continue;
		code = fail_special(cli, row, parameters);
		if (code != CODE_DONE)
			return code;
		if (strcmp(next, "tenure") == 0 || strncmp(next, "tenure ", strlen("tenure ")) == 0)
			next = cli_text(cli, "next: %s", next);
		/* What the broker says of a limit, it says to the end. */
		if (!*next && *message && strcmp(row->name, "Busy") == 0)
			return cli_fail(cli, row->code, row->id, "", "%s", message);
		return cli_fail(cli, row->code, row->id, *next ? next : next_of(row, parameters), "%s",
				*message ? message : row->message);
	}
	return cli_fail(cli, CODE_BROKER, "broker-version", "restart it: systemctl restart tenured",
			"the broker does not understand this: %s", cli_escape(cli, name));
}

json_t *failure_json(const struct cli *cli)
{
	const struct failure *f = &cli->failure;

	if (!f->id)
		return NULL;
	return json_pack("{s:i, s:s, s:s, s:s}", "code", f->code, "id", f->id, "message", f->message, "next", f->next);
}

void failure_report(struct cli *cli)
{
	const struct failure *f = &cli->failure;

	if (!f->id || (cli->json && cli->answered))
		return;
	if (cli->json) {
		(void)print_json(cli, json_pack("{s:o?}", "error", failure_json(cli)));
		return;
	}
	(void)fflush(stdout);
	print_note(cli, cli_text(cli, "%s%s%s", f->message, *f->next ? "; " : "", f->next));
}
