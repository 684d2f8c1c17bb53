/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "helper/broker.h"
#include "helper/output.h"
#include "helper/rows.h"
#include "helper/status_screen.h"
#include "helper/times.h"
#include "helper/verbs.h"

static enum style state_style(const struct role_row *row)
{
	if (role_row_is(row, "activated"))
		return STYLE_GOOD;
	return role_row_is(row, "pending") || role_row_is(row, "scheduled") ? STYLE_WAIT : STYLE_NONE;
}

static const char *until_text(struct cli *cli, const struct role_row *row, int64_t now_ns)
{
	if (role_row_is(row, "activated") && row->left_s >= 0)
		return cli_text(cli, "%s left", time_left(cli, row->left_s));
	return time_day(cli, now_ns, row->until_ns);
}

/* Where this host stands: "(/prod/hr/web/db1, production)"; nothing where the broker did not say. */
static const char *place_text(struct cli *cli, const json_t *status)
{
	const char *path = field_text(cli, status, "path"), *environment = field_text(cli, status, "environment");

	if (!json_object_get(status, "path"))
		return "";
	return cli_text(cli, " (%s%s%s)", *path ? path : "not in the directory", *environment ? ", " : "", environment);
}

static void print_header(struct cli *cli, const json_t *status)
{
	const char *units = field_list(cli, status, "units", ", ");

	print_labelled(cli, stdout, "", 0,
		       cli_text(cli, "%s on %s%s%s%s", field_text(cli, status, "user"), field_text(cli, status, "host"),
				place_text(cli, status), *units ? ", units: " : "", units));
	putchar('\n');
}

/* root, whom no tenant knows, may ask all the same. */
static bool governed(const json_t *status)
{
	const char *tenant = field_raw(status, "tenant");

	return tenant && *tenant;
}

void status_print(struct cli *cli, const json_t *status)
{
	static const struct column columns[] = {
		{"ROLE", 12}, {"STATE", 0}, {"UNTIL", 0}, {"SCOPE", 10}, {"THROUGH", 10},
	};
	int64_t now_ns = cli_now(cli);
	struct table table;
	const json_t *item;
	size_t i;

	print_header(cli, status);
	table_init(&table, cli, columns, ARRAY_LENGTH(columns));
	json_array_foreach (field_array(status, "roles"), i, item) {
		struct role_row row;

		role_row_read(cli, item, &row);
		table_add(&table, cli,
			  (struct cell[]){{row.role, STYLE_NONE},
					  {row.state, state_style(&row)},
					  {until_text(cli, &row, now_ns), STYLE_NONE},
					  {role_row_reach(cli, &row), STYLE_NONE},
					  {row.through, STYLE_NONE}});
	}
	if (table.row_count > 0) {
		table_print(&table, stdout);
		putchar('\n');
	} else {
		puts(governed(status) ? "No role reaches this host." : "No tenant governs this login.");
	}
	table_done(&table);
}

static void print_own_requests(struct cli *cli, const json_t *status)
{
	const json_t *item;
	size_t i;

	json_array_foreach (field_array(status, "requests"), i, item) {
		struct request_row row;

		request_row_read(cli, item, &row);
		if (request_row_is(&row, "pending") && row.mine)
			print_labelled(cli, stdout, "Waits: ", 7,
				       cli_text(cli, "%s %s, for %s   Take it back: tenure cancel %.4s", row.id, row.role,
						*row.approvers ? row.approvers : "an approver", row.id));
	}
}

/* What waits for this person to decide. Nice to know: where the broker does not say, nothing is said. */
static void print_decidable(struct cli *cli)
{
	json_t *reply = NULL;
	const json_t *item;
	size_t count = 0, i;

	if (broker_call(cli, "Pending", NULL, &reply) != CODE_DONE) {
		cli->failure = (struct failure){0};
		return;
	}
	json_array_foreach (field_array(reply, "items"), i, item)
		count += field_bool(item, "may_decide");
	json_decref(reply);
	if (count > 0)
		print_labelled(cli, stdout, "", 0,
			       cli_text(cli, "For you: %zu request%s to decide: tenure pending", count,
					count == 1 ? "" : "s"));
}

/* The rows of one state, seen as roles. */
struct roles_seen {
	struct role_row last;
	size_t count;	 /* of different ones, where those of one role stand together */
	const char *use; /* the first way to use one */
	const char *ids; /* "7K2M-Q4XB db-operator, ..." */
};

static void see_role(struct cli *cli, struct roles_seen *seen, const struct role_row *row)
{
	seen->ids = cli_text(cli, "%s%s%s %s", seen->ids ? seen->ids : "", seen->ids ? ", " : "", row->id, row->role);
	if (seen->count == 0 || strcmp(seen->last.role, row->role) != 0)
		seen->count++;
	if (!seen->use || !*seen->use)
		seen->use = row->use;
	seen->last = *row;
}

static void print_use(struct cli *cli, const struct roles_seen *held, bool can_grant)
{
	const char *which = held->count > 1 ? " ID" : "";

	if (held->count > 1)
		print_labelled(cli, stdout, "Held: ", 6, held->ids);
	print_labelled(cli, stdout, "", 0,
		       cli_text(cli, "%s%s%sEnd it: tenure end%s%s%s", *held->use ? "Next: " : "", held->use,
				*held->use ? "   " : "", which, can_grant ? "   More time: tenure extend" : "",
				can_grant ? which : ""));
}

/* One line with the next step: use what is held, or ask for what is not. */
static void print_next(struct cli *cli, const json_t *status, bool can_grant)
{
	struct roles_seen held = {0}, open = {0};
	const json_t *item;
	size_t i;

	json_array_foreach (field_array(status, "roles"), i, item) {
		struct role_row row;

		role_row_read(cli, item, &row);
		if (role_row_is(&row, "activated"))
			see_role(cli, &held, &row);
		if (role_row_is(&row, "eligible") && row.usable)
			see_role(cli, &open, &row);
	}
	if (held.count > 0)
		print_use(cli, &held, can_grant);
	else if (!can_grant)
		return;
	else if (open.count == 1)
		print_labelled(cli, stdout, "Next: ", 6,
			       cli_text(cli, "tenure request %s   (%s)", open.last.role,
					role_row_terms(cli, &open.last)));
	else if (open.count > 1)
		print_labelled(cli, stdout, "Next: ", 6, "tenure request ROLE   (what they mean: tenure roles)");
}

/* "last answer 14:02; 1204 objects, 1 problem: tenure check" */
static const char *directory_text(struct cli *cli, const json_t *item)
{
	const int64_t answered_ns = field_time(item, "answered"), problems = field_number(item, "problems", 0);
	const char *what = "nothing was ever read of it";

	if (answered_ns != 0)
		what = cli_text(cli, "last answer %s%s; %" PRId64 " objects%s", time_day(cli, cli_now(cli), answered_ns),
				field_bool(item, "polls") ? ", asked again and again" : "", field_number(item, "objects", 0),
				field_bool(item, "current") ? "" : ", not all of it in force");
	if (problems == 0)
		return what;
	return cli_text(cli, "%s%s %" PRId64 " problem%s: tenure check", what, answered_ns != 0 ? "," : ";", problems,
			problems == 1 ? "" : "s");
}

/* Only who may read the policy gets any. */
static void print_directories(struct cli *cli, const json_t *status)
{
	const json_t *item;
	size_t i;

	json_array_foreach (field_array(status, "directories"), i, item) {
		const char *uri = field_text(cli, item, "uri"), *trouble = field_text(cli, item, "trouble");
		const char *label = cli_text(cli, "Directory of %s: ", field_text(cli, item, "tenant"));
		const int64_t since_ns = field_time(item, "since");
		const bool connected = field_bool(item, "connected");

		print_labelled(cli, stdout, label, (unsigned)strlen(label),
			       cli_text(cli, "%sconnected%s%s%s%s%s%s; %s", connected ? "" : "not ", *uri ? " to " : "", uri,
					since_ns != 0 ? " since " : "", since_ns != 0 ? time_day(cli, cli_now(cli), since_ns) : "",
					connected ? "" : ": ", connected ? "" : trouble, directory_text(cli, item)));
	}
}

static void print_more(struct cli *cli, const json_t *status)
{
	const char *stale = field_raw(status, "stale"), *degraded = field_raw(status, "degraded");

	print_directories(cli, status);
	print_own_requests(cli, status);
	if (!cli->options.user && governed(status)) {
		print_decidable(cli);
		print_next(cli, status, !degraded);
	}
	(void)fflush(stdout);
	if (stale && governed(status))
		print_note(cli, cli_escape_line(cli, stale));
	if (degraded)
		print_note(cli, cli_text(cli, "nothing can be granted now: %s", cli_escape_line(cli, degraded)));
}

/* Without the broker: what anybody may read, then what is the matter. */
static int status_without_broker(struct cli *cli)
{
	json_t *status = cli->options.user ? NULL : status_from_snapshots(cli);

	if (strcmp(cli->failure.id, "broker-down") == 0)
		cli->failure.message = "broker not running: eligible roles unknown";
	if (status && cli->json) {
		(void)json_object_set_new(status, "error", failure_json(cli));
		(void)print_json(cli, status);
	} else if (status) {
		status_print(cli, status);
		json_decref(status);
	}
	return cli->failure.code;
}

int verb_status(struct cli *cli)
{
	json_t *parameters = json_object(), *status = NULL;
	int code;

	set_text(parameters, "user", cli->options.user);
	code = broker_call(cli, "Status", parameters, &status);
	if (code == CODE_BROKER)
		return status_without_broker(cli);
	if (code != CODE_DONE)
		return code;
	if (cli->json)
		return print_json(cli, status);
	status_print(cli, status);
	print_more(cli, status);
	json_decref(status);
	return CODE_DONE;
}
