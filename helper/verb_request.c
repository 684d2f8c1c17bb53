/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "common/base/text.h"
#include "helper/ask.h"
#include "helper/broker.h"
#include "helper/nearest.h"
#include "helper/output.h"
#include "helper/request_terms.h"
#include "helper/rows.h"
#include "helper/times.h"
#include "helper/verbs.h"
#include "helper/waiting.h"

int ask_missing_terms(struct cli *cli, const struct role_row *row, const char *header)
{
	struct options *o = &cli->options;
	bool reason = row->justification && !o->reason, ticket = row->ticket && !o->ticket;
	int code = CODE_DONE;

	if (cli->no_input || (o->duration_ns && !reason && !ticket))
		return CODE_DONE;
	/* Who answers questions stays for the outcome. */
	o->wait = true;
	print_labelled(cli, stderr, "", 0, header);
	if (!o->duration_ns)
		code = ask_duration(cli, row->max_duration_ns, &o->duration_ns);
	if (code == CODE_DONE && reason)
		code = ask_text(cli, "Reason: ", "reason", REASON_LENGTH_MAX, &o->reason);
	if (code == CODE_DONE && ticket)
		code = ask_text(cli, "Ticket (system and number): ", "ticket", TICKET_LENGTH_MAX, &o->ticket);
	return code;
}

void set_terms(const struct cli *cli, json_t *parameters)
{
	const struct options *o = &cli->options;

	if (o->duration_ns)
		(void)json_object_set_new(parameters, "duration", json_integer(o->duration_ns / NS_PER_S));
	set_text(parameters, "reason", o->reason);
	set_text(parameters, "ticket", o->ticket);
}

/* The role is held, or asked for: nothing to ask for. CODE_DONE: it is neither, or another scope is asked for. */
static int check_not_held(struct cli *cli, const json_t *status, const char *name)
{
	struct role_row held = {0};
	const json_t *item;
	size_t i;

	json_array_foreach (field_array(status, "roles"), i, item) {
		struct role_row row;

		role_row_read(cli, item, &row);
		if (name && strcmp(row.role, name) != 0)
			continue;
		if (role_row_is(&row, "pending"))
			return cli_fail(cli, CODE_NO, "wrong-state",
					cli_text(cli, "take it back: tenure cancel %.4s", row.id), "%s asks for %s already", row.id, row.role);
		if (role_row_is(&row, "activated") && (!held.role || row.left_s > held.left_s))
			held = row;
	}
	if (!held.role || cli->options.scope)
		return CODE_DONE;
	return cli_fail(cli, CODE_NO, "held", "more: tenure extend", "you hold %s until %s", held.role,
			time_exact(cli, cli_now(cli), held.until_ns));
}

/* The eligible row of that role, or of the only one there is when name is NULL. */
static int find_role(struct cli *cli, const json_t *status, const char *name, struct role_row *ret)
{
	const char *names = "";
	size_t found = 0, i;
	const json_t *item;

	*ret = (struct role_row){0};
	if (name && check_not_held(cli, status, name) != CODE_DONE)
		return CODE_NO;
	json_array_foreach (field_array(status, "roles"), i, item) {
		struct role_row row;

		role_row_read(cli, item, &row);
		if (!role_row_is(&row, "eligible") || (name && strcmp(row.role, name) != 0))
			continue;
		if (ret->role && strcmp(ret->role, row.role) == 0 && (ret->usable || !row.usable))
			continue;
		if (!ret->role || strcmp(ret->role, row.role) != 0) {
			found++;
			names = cli_text(cli, "%s%s%s", names, *names ? ", " : "", row.role);
		}
		*ret = row;
	}
	if (name || found == 1)
		return CODE_DONE;
	if (found == 0 && check_not_held(cli, status, NULL) != CODE_DONE)
		return CODE_NO;
	if (found == 0)
		return cli_fail(cli, CODE_NO, "not-eligible", "see: tenure roles", "you are eligible for no role on this host");
	return cli_fail(cli, CODE_USAGE, "input-missing", cli_text(cli, "say which: %s", names),
			"you are eligible for %zu roles", found);
}

/* The broker knows no such role: perhaps one that the caller may ask for was meant. */
static void suggest_role(struct cli *cli, const json_t *status, const char *typed)
{
	const json_t *item;
	size_t i;

	json_array_foreach (field_array(status, "roles"), i, item) {
		struct role_row row;

		role_row_read(cli, item, &row);
		if (role_row_is(&row, "eligible") && strcmp(typed, row.role) != 0 && word_is_near(typed, row.role)) {
			cli->failure.next = cli_text(cli, "did you mean: tenure request %s", row.role);
			return;
		}
	}
}

static int request_role(struct cli *cli, const json_t *status, const char *name, const struct role_row *row)
{
	json_t *parameters;
	int code;

	if (row->role) {
		const char *path = field_text(cli, status, "path");
		const char *where = cli->options.scope ? cli_escape(cli, cli->options.scope) : *path ? path : "this host";

		code = ask_missing_terms(cli, row, cli_text(cli, "%s on %s: %s", row->role, where, row->rights));
		if (code != CODE_DONE)
			return code;
	}
	parameters = json_pack("{s:s}", "role", name ? name : row->role);
	if (!parameters)
		return cli_fail(cli, CODE_UNKNOWN, "no-such-role", "see: tenure roles", "that is no name of a role");
	set_terms(cli, parameters);
	set_text(parameters, "scope", cli->options.scope);
	code = request_and_wait(cli, "Request", parameters);
	if (code == CODE_UNKNOWN && name)
		suggest_role(cli, status, name);
	return code;
}

int verb_request(struct cli *cli)
{
	const char *name = cli->argument_count > 0 ? cli->arguments[0] : NULL;
	json_t *status = NULL;
	struct role_row row;
	int code = broker_call(cli, "Status", NULL, &status);

	if (code != CODE_DONE)
		return code;
	code = find_role(cli, status, name, &row);
	if (code == CODE_DONE)
		code = request_role(cli, status, name, &row);
	json_decref(status);
	return code;
}
