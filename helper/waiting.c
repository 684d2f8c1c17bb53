/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/waiting.h"

#include <string.h>

#include "helper/broker.h"
#include "helper/output.h"
#include "helper/rows.h"
#include "helper/times.h"

struct waiting {
	const char *id;	   /* NULL before the broker named it */
	int64_t since_ns;  /* REALTIME */
	int64_t until_ns;  /* when it is over unanswered; 0: not said */
	int64_t approvals; /* that were shown */
	bool line_shown;   /* the counting line stands on the terminal */
	json_t *last;	   /* the request as it was told last */
};

/* As many characters as people type: "7K2M". */
#define ID_TYPED 4

static void erase_line(const struct cli *cli, struct waiting *w)
{
	/* Not the last column: there the terminal would go on to the next line. */
	if (w->line_shown)
		fprintf(stderr, "\r%*s\r", (int)cli->err_width - 1, "");
	w->line_shown = false;
}

/* The broker ends what nobody answers; so long after that it must have said so. */
#define LATE_NS (60 * NS_PER_S)

static void show_line(const struct cli *cli, struct waiting *w, int64_t now_ns)
{
	int64_t s = now_ns > w->since_ns ? (now_ns - w->since_ns) / NS_PER_S : 0;
	char line[128];

	if (!cli->err_terminal || !w->id)
		return;
	(void)snprintf(line, sizeof(line),
		       "waiting %lld:%02d   Ctrl-C leaves it open; take it back: tenure cancel %.*s", (long long)(s / 60),
		       (int)(s % 60), ID_TYPED, w->id);
	/* A line that wraps cannot be written over: where there is no room it says less. */
	if (strlen(line) >= cli->err_width)
		line[strcspn(line, ";")] = '\0';
	fprintf(stderr, "\r%.*s", (int)cli->err_width - 1, line);
	(void)fflush(stderr);
	w->line_shown = true;
}

static bool count_up(struct cli *cli, void *context)
{
	struct waiting *w = context;
	int64_t now_ns = cli_now(cli);

	show_line(cli, w, now_ns);
	return w->until_ns == 0 || now_ns < time_add(w->until_ns, LATE_NS);
}

/* "Request 7K2M-Q4XB waits for 1 of: carol   (ends unanswered 14:03 tomorrow)" */
static void print_waits(struct cli *cli, FILE *to, const struct request_row *row)
{
	const char *ends = row->times_out_ns ? cli_text(cli, "   (ends unanswered %s)",
							time_rough(cli, cli_now(cli), row->times_out_ns))
					     : "";
	int64_t missing = row->approvals_needed - row->approvals_given;

	print_labelled(cli, to, "", 0,
		       *row->approvers ? cli_text(cli, "Request %s waits for %d of: %s%s", row->id, (int)missing,
						  row->approvers, ends)
				       : cli_text(cli, "Request %s waits, and nobody here can decide it now.%s", row->id,
						  ends));
	(void)fflush(to);
}

static void print_approval(struct cli *cli, struct waiting *w, const struct request_row *row)
{
	if (row->approvals_given > w->approvals)
		print_labelled(cli, stderr, "", 0,
			       cli_text(cli, "Approved by %s: \"%s\"", row->last_by, row->last_reason));
	w->approvals = row->approvals_given;
}

/* The state changed: true while it waits for people. */
static bool on_request(struct cli *cli, void *context, const json_t *object)
{
	struct waiting *w = context;
	struct request_row row;
	bool progressed;

	if (!json_is_object(object))
		return false;
	request_row_read(cli, object, &row);
	progressed = row.approvals_given > w->approvals;
	json_decref(w->last);
	w->last = json_deep_copy(object);
	erase_line(cli, w);
	if (!cli->json)
		print_approval(cli, w, &row);
	/* Who does not wait gets the last reply as the answer. */
	if (!request_row_is(&row, "pending") || !cli->options.wait)
		return false;
	if (!cli->json && (!w->id || progressed))
		print_waits(cli, stderr, &row);
	if (!w->id)
		w->since_ns = cli_now(cli);
	w->id = row.id;
	w->until_ns = row.times_out_ns;
	show_line(cli, w, cli_now(cli));
	return true;
}

/* What each end of a request means to who asked. */
static const struct outcome {
	const char *state, *id, *message, *next;
} outcomes[] = {
	{"denied", "denied", "denied", "see: tenure roles"},
	{"cancelled", "cancelled", "the request was taken back", "ask again: tenure request"},
	{"timed-out", "timed-out", "nobody answered in time", "ask again: tenure request"},
	{"failed", "failed", "the grant could not be made", "see: tenure history"},
	{"revoked", "revoked", "the grant was revoked", "see: tenure history"},
	{"ended", "ended", "the grant has ended", "see: tenure history"},
	{"expired", "expired", "the grant has expired", "see: tenure history"},
};

static int report_no(struct cli *cli, const struct request_row *row)
{
	const char *by = *row->decided_by ? cli_text(cli, " by %s", row->decided_by) : "";
	const char *why = *row->decided_reason ? cli_text(cli, ": \"%s\"", row->decided_reason) : "";

	for (size_t i = 0; i < ARRAY_LENGTH(outcomes); i++)
		if (request_row_is(row, outcomes[i].state))
			return cli_fail(cli, CODE_NO, outcomes[i].id, outcomes[i].next, "%s: %s%s%s", row->id,
					outcomes[i].message, by, why);
	return cli_fail(cli, CODE_BROKER, "broker-garbage", "see: journalctl -u tenured",
			"the broker named no outcome that is known here");
}

/* The last reply: says the outcome on stdout, or records why there is none. */
static int report_outcome(struct cli *cli, struct waiting *w, const json_t *object, bool waited)
{
	int64_t now_ns = cli_now(cli);
	struct request_row row;

	request_row_read(cli, object, &row);
	if (request_row_is(&row, "active")) {
		if (cli->json)
			return CODE_DONE;
		print_approval(cli, w, &row);
		print_labelled(cli, stdout, "", 0,
			       cli_text(cli, "You hold %s until %s.%s%s   End it: tenure end", row.role,
					time_exact(cli, now_ns, row.until_ns), *row.use ? " Use it: " : "", row.use));
		return CODE_DONE;
	}
	if (request_row_is(&row, "scheduled")) {
		if (!cli->json)
			print_labelled(cli, stdout, "", 0,
				       cli_text(cli, "%s: you will hold %s from %s.", row.id, row.role,
						time_exact(cli, now_ns, row.start_ns)));
		return CODE_DONE;
	}
	if (!request_row_is(&row, "pending"))
		return report_no(cli, &row);
	if (waited)
		return cli_fail(cli, CODE_OPEN, "left-open", cli_text(cli, "take it back: tenure cancel %.*s", ID_TYPED, row.id),
				"%s stays open", row.id);
	if (!cli->json)
		print_waits(cli, stdout, &row);
	return CODE_DONE;
}

/* {"request": ..., "error": ...}: the request is worth knowing even when the run failed. */
static void answer_json(struct cli *cli, json_t *request)
{
	json_t *answer = json_pack("{s:O}", "request", request);

	if (answer && cli->failure.id)
		(void)json_object_set_new(answer, "error", failure_json(cli));
	(void)print_json(cli, answer);
}

static int finish(struct cli *cli, struct waiting *w, int code, json_t *reply, bool waited)
{
	json_t *request = json_object_get(reply, "request");

	erase_line(cli, w);
	if (code == CODE_DONE) {
		code = report_outcome(cli, w, request, waited);
	} else if (w->id && (code == CODE_OPEN || code == CODE_BROKER)) {
		if (code == CODE_OPEN)
			fputc('\n', stderr);
		code = cli_fail(cli, code, cli->failure.id, cli_text(cli, "take it back: tenure cancel %.*s", ID_TYPED, w->id),
				"%s%s%s stays open", code == CODE_OPEN ? "" : cli->failure.message,
				code == CODE_OPEN ? "" : "; ", w->id);
		request = w->last;
	}
	if (cli->json && json_is_object(request))
		answer_json(cli, request);
	return code;
}

int request_and_wait(struct cli *cli, const char *method, json_t *parameters)
{
	bool waited = cli->options.wait;
	struct waiting w = {0};
	const struct conversation talk = {method, on_request, count_up, &w};
	json_t *reply = NULL;
	int code;

	(void)json_object_set_new(parameters, "wait", json_boolean(waited));
	if (waited || !cli->no_input)
		code = broker_converse(cli, &talk, parameters, &reply);
	else
		code = broker_call(cli, method, parameters, &reply);
	if (code == CODE_BROKER && waited && w.id) {
		erase_line(cli, &w);
		print_note(cli, cli_text(cli, "%s; %s goes on waiting", cli->failure.message, w.id));
		cli->failure = (struct failure){0};
		code = broker_follow(cli, &talk, w.id, &reply);
	}
	code = finish(cli, &w, code, reply, waited);
	json_decref(reply);
	json_decref(w.last);
	return code;
}
