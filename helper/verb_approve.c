/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* approve and deny: what an approver sees before deciding, and the decision. */
#include "config.h"

#include <string.h>

#include "common/base/text.h"
#include "helper/ask.h"
#include "helper/broker.h"
#include "helper/choose.h"
#include "helper/output.h"
#include "helper/rows.h"
#include "helper/times.h"
#include "helper/verbs.h"

#define LABEL_WIDTH 11

static const char *before_text(struct cli *cli, const struct request_row *row)
{
	if (row->before_count <= 0)
		return "no activation in 30 days";
	return cli_text(cli, "%d activation%s in 30 days, the last %s ago", (int)row->before_count,
			row->before_count == 1 ? "" : "s", time_since(cli, cli_now(cli), row->before_last_ns));
}

static void print_card(struct cli *cli, const struct request_row *row)
{
	print_labelled(cli, stderr, "", 0,
		       cli_text(cli, "%s asks for %s on %s for %s", row->user, row->role, row->scope,
				duration_text(cli, row->duration_ns)));
	if (row->held_until_ns)
		print_labelled(cli, stderr, "  held", LABEL_WIDTH,
			       cli_text(cli, "until %s (%s); %s runs from the approval",
					time_exact(cli, cli_now(cli), row->held_until_ns), row->extends,
					duration_text(cli, row->duration_ns)));
	print_labelled(cli, stderr, "  means", LABEL_WIDTH, row->rights);
	if (*row->reason)
		print_labelled(cli, stderr, "  reason", LABEL_WIDTH, row->reason);
	if (*row->ticket)
		print_labelled(cli, stderr, "  ticket", LABEL_WIDTH, row->ticket);
	print_labelled(cli, stderr, "  before", LABEL_WIDTH, before_text(cli, row));
}

/* What the broker would refuse in any case is said before anything is asked. */
static int check_decidable(struct cli *cli, const json_t *request)
{
	struct request_row row;

	request_row_read(cli, request, &row);
	if (row.mine)
		return cli_fail(cli, CODE_NO, "own-request",
				*row.approvers ? cli_text(cli, "nobody approves their own. Ask: %s", row.approvers)
					       : "nobody approves their own",
				"%s is your own request", row.id);
	if (!request_row_is(&row, "pending"))
		return cli_fail(cli, CODE_NO, "wrong-state", cli_text(cli, "see: tenure history %s", row.id),
				"%s waits no longer: it is %s", row.id, row.state);
	return CODE_DONE;
}

static int report_decision(struct cli *cli, const json_t *request)
{
	int64_t now_ns = cli_now(cli);
	struct request_row row;
	const char *who;

	request_row_read(cli, request, &row);
	who = request_row_who(&row);
	if (request_row_is(&row, "active"))
		print_labelled(cli, stdout, "", 0,
			       cli_text(cli, "Approved: %s holds %s until %s.", who, row.role,
					time_exact(cli, now_ns, row.until_ns)));
	else if (request_row_is(&row, "scheduled"))
		print_labelled(cli, stdout, "", 0,
			       cli_text(cli, "Approved: %s will hold %s from %s.", who, row.role,
					time_exact(cli, now_ns, row.start_ns)));
	else if (request_row_is(&row, "denied"))
		print_labelled(cli, stdout, "", 0, cli_text(cli, "Denied: %s does not get %s.", who, row.role));
	else if (request_row_is(&row, "pending"))
		print_labelled(cli, stdout, "", 0,
			       cli_text(cli, "Approved; %s waits for %d more of: %s", row.id,
					(int)(row.approvals_needed - row.approvals_given), row.approvers));
	else
		return cli_fail(cli, CODE_NO, "failed", cli_text(cli, "see: tenure history %s", row.id), "%s is %s%s%s",
				row.id, row.state, *row.decided_reason ? ": " : "", row.decided_reason);
	return CODE_DONE;
}

static int decide(struct cli *cli, const char *method, const char *id, const char *reason)
{
	const struct conversation talk = {.method = method};
	json_t *parameters = json_pack("{s:s, s:s}", "id", id, "reason", reason);
	json_t *reply = NULL;
	int code;

	if (!parameters)
		return cli_fail(cli, CODE_USAGE, "usage", "type it as UTF-8", "that cannot be sent");
	/* A denial takes something away: it needs no step-up, and the broker prompts for none. */
	code = cli->no_input || strcmp(method, "Deny") == 0 ? broker_call(cli, method, parameters, &reply)
							    : broker_converse(cli, &talk, parameters, &reply);
	if (code != CODE_DONE)
		return code;
	if (cli->json)
		return print_json(cli, reply);
	code = report_decision(cli, json_object_get(reply, "request"));
	json_decref(reply);
	return code;
}

/* Lets the approver choose. *ret_method NULL: not now. */
static int ask_decision(struct cli *cli, const struct request_row *row, const char **ret_method)
{
	char letter = 'n';
	int code = ask_letter(cli, "Approve? [y]es [d]eny [N]ot now: ", "yd", 'n', &letter);

	if (code == CODE_DONE && letter == 'n' && !cli->json)
		fprintf(stderr, "Not now: %s goes on waiting.\n", row->id);
	*ret_method = letter == 'y' ? "Approve" : letter == 'd' ? "Deny" : NULL;
	return code;
}

/* Looks at the request, asks for what is missing, decides. method: what was typed; asked: let the approver choose. */
static int look_and_decide(struct cli *cli, const char *id, const char *method, bool ask)
{
	const char *reason = cli->options.reason;
	struct request_row row;
	json_t *reply = NULL;
	int code = broker_call(cli, "Show", json_pack("{s:s}", "id", id), &reply);

	if (code != CODE_DONE)
		return code;
	code = check_decidable(cli, json_object_get(reply, "request"));
	if (code == CODE_DONE && !reason && cli->no_input)
		code = cli_fail(cli, CODE_USAGE, "input-missing", "give --reason",
				"a decision needs its reason%s", cli->in_terminal ? "" : ", and no terminal to ask on");
	if (code == CODE_DONE && !reason) {
		request_row_read(cli, json_object_get(reply, "request"), &row);
		print_card(cli, &row);
		if (ask)
			code = ask_decision(cli, &row, &method);
	}
	json_decref(reply);
	if (code != CODE_DONE)
		return code;
	if (!method)
		return cli->json ? cli_fail(cli, CODE_NO, "not-now", cli_text(cli, "tenure approve %s", id),
					    "it goes on waiting")
				 : CODE_NO;
	if (!reason) {
		code = ask_text(cli, "Your reason: ", "reason", REASON_LENGTH_MAX, &reason);
		if (code != CODE_DONE)
			return code;
	}
	return decide(cli, method, id, reason);
}

int verb_approve(struct cli *cli)
{
	const char *id;
	int code = choose_decidable(cli, &id);

	return code == CODE_DONE ? look_and_decide(cli, id, "Approve", true) : code;
}

int verb_deny(struct cli *cli)
{
	const char *id;
	int code = choose_decidable(cli, &id);

	return code == CODE_DONE ? look_and_decide(cli, id, "Deny", false) : code;
}
