/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/rows.h"

#include <string.h>

#include "common/base/id.h"
#include "helper/times.h"

const char *field_raw(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

const char *field_text(struct cli *cli, const json_t *object, const char *key)
{
	return cli_escape(cli, field_raw(object, key));
}

int64_t field_number(const json_t *object, const char *key, int64_t otherwise)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool field_bool(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

int64_t field_time(const json_t *object, const char *key)
{
	const char *text = field_raw(object, key);
	int64_t ns;

	return text && time_parse_rfc3339(text, &ns) == 0 ? ns : 0;
}

const json_t *field_array(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_array(value) ? value : NULL;
}

const char *field_list(struct cli *cli, const json_t *object, const char *key, const char *separator)
{
	const char *text = "";
	const json_t *item;
	size_t i;

	json_array_foreach (field_array(object, key), i, item)
		text = cli_text(cli, "%s%s%s", text, *text ? separator : "", cli_escape(cli, json_string_value(item)));
	return text;
}

/* A duration in seconds; what cannot be one is 0. */
static int64_t field_seconds(const json_t *object, const char *key)
{
	int64_t s = field_number(object, key, 0);

	return s > 0 && s < INT64_MAX / NS_PER_S ? s * NS_PER_S : 0;
}

/* "become:root" is "become root" to people; "login" stays. */
static const char *rights_text(struct cli *cli, const json_t *object)
{
	const char *text = "";
	const json_t *item;
	size_t i;

	json_array_foreach (field_array(object, "rights"), i, item) {
		const char *right = cli_escape(cli, json_string_value(item));
		const char *colon = strchr(right, ':');
		int kind = (int)(colon ? (size_t)(colon - right) : strlen(right));

		text = cli_text(cli, "%s%s%.*s%s%s", text, *text ? ", " : "", kind, right, colon ? " " : "",
				colon ? colon + 1 : "");
	}
	return text;
}

/* Root by "sudo -i"; else the first user whom they let somebody become. */
static const char *use_text(struct cli *cli, const json_t *object)
{
	static const char become[] = "become:";
	const char *use = "";
	const json_t *item;
	size_t i;

	json_array_foreach (field_array(object, "rights"), i, item) {
		const char *right = json_string_value(item), *target = NULL;

		if (right && strncmp(right, become, strlen(become)) == 0)
			target = right + strlen(become);
		if (target && (strcmp(target, "root") == 0 || strcmp(target, "*") == 0))
			return "sudo -i";
		if (target && !*use)
			use = cli_text(cli, "sudo -u %s -i", cli_escape(cli, target));
	}
	return use;
}

void role_row_read(struct cli *cli, const json_t *object, struct role_row *ret)
{
	*ret = (struct role_row){
		.role = field_text(cli, object, "role"),
		.state = field_text(cli, object, "state"),
		.scope = field_text(cli, object, "scope"),
		.unit = field_text(cli, object, "unit"),
		.through = field_text(cli, object, "through"),
		.id = field_text(cli, object, "id"),
		.place = field_text(cli, object, "place"),
		.rights = rights_text(cli, object),
		.use = use_text(cli, object),
		.until_ns = field_time(object, "until"),
		.left_s = field_number(object, "left", -1),
		.max_duration_ns = field_seconds(object, "max_duration"),
		.approvals = field_number(object, "approvals", 0),
		.justification = field_bool(object, "justification"),
		.ticket = field_bool(object, "ticket"),
		.step_up = field_bool(object, "step_up"),
		.usable = field_bool(object, "usable"),
	};
}

const char *role_row_reach(struct cli *cli, const struct role_row *row)
{
	return *row->unit && !*row->scope ? cli_text(cli, "unit %s", row->unit) : row->scope;
}

const char *role_row_terms(struct cli *cli, const struct role_row *row)
{
	const char *asks = cli_text(cli, "%s%s%s", row->justification ? ", reason" : "", row->ticket ? ", ticket" : "",
				    row->step_up ? ", step-up" : "");

	if (row->approvals > 0)
		asks = cli_text(cli, "%s, %d approval%s", asks, (int)row->approvals, row->approvals == 1 ? "" : "s");
	return cli_text(cli, "up to %s%s%s", duration_text(cli, row->max_duration_ns), *asks ? ";" : "",
			*asks ? asks + 1 : "");
}

bool role_row_is(const struct role_row *row, const char *state)
{
	return strcmp(row->state, state) == 0;
}

bool request_row_is(const struct request_row *row, const char *state)
{
	return strcmp(row->state, state) == 0;
}

const char *request_row_who(const struct request_row *row)
{
	return *row->login ? row->login : row->user;
}

/* A name of the requester's own domain stands without it, as the requester's login does. */
static const char *name_beside(struct cli *cli, const json_t *object, const char *key, const char *user)
{
	const char *name = field_text(cli, object, key);
	const char *at = strchr(name, '@'), *own = strchr(user, '@');

	if (!at || !own || strcmp(at, own) != 0)
		return name;
	return cli_text(cli, "%.*s", (int)(at - name), name);
}

void request_row_read(struct cli *cli, const json_t *object, struct request_row *ret)
{
	const json_t *approvals = field_array(object, "approvals");
	const json_t *before = json_object_get(object, "before");
	const json_t *last = json_array_get(approvals, json_array_size(approvals) - 1);
	const char *user = field_text(cli, object, "user");

	*ret = (struct request_row){
		.id = field_text(cli, object, "id"),
		.state = field_text(cli, object, "state"),
		.user = user,
		.login = field_text(cli, object, "login"),
		.role = field_text(cli, object, "role"),
		.scope = field_text(cli, object, "scope"),
		.rights = rights_text(cli, object),
		.use = use_text(cli, object),
		.reason = field_text(cli, object, "reason"),
		.ticket = field_text(cli, object, "ticket"),
		.extends = field_text(cli, object, "extends"),
		.approvers = field_list(cli, object, "approvers", ", "),
		.decided_by = name_beside(cli, object, "decided_by", user),
		.decided_reason = field_text(cli, object, "decided_reason"),
		.last_by = name_beside(cli, last, "by", user),
		.last_reason = field_text(cli, last, "reason"),
		.duration_ns = field_seconds(object, "duration"),
		.asked_ns = field_time(object, "asked"),
		.times_out_ns = field_time(object, "times_out"),
		.start_ns = field_time(object, "start"),
		.until_ns = field_time(object, "until"),
		.held_until_ns = field_time(object, "held_until"),
		.left_s = field_number(object, "left", -1),
		.approvals_needed = field_number(object, "approvals_needed", 0),
		.approvals_given = (int64_t)json_array_size(approvals),
		.before_count = field_number(before, "count", 0),
		.before_last_ns = field_time(before, "last"),
		.mine = field_bool(object, "mine"),
		.may_decide = field_bool(object, "may_decide"),
	};
}

/* A session's UUID as people type it; what is none stands as it is. */
static const char *short_id(struct cli *cli, const json_t *object)
{
	const char *raw = field_raw(object, "id");
	char text[REQUEST_ID_TEXT_MAX];
	struct uuid id;

	if (!raw || uuid_parse(raw, &id) < 0)
		return cli_escape(cli, raw);
	request_id_format(&id, text);
	return cli_text(cli, "%s", text);
}

static const char *short_tty(struct cli *cli, const json_t *object)
{
	static const char folder[] = "/dev/";
	const char *raw = field_raw(object, "tty");

	return cli_escape(cli, raw && strncmp(raw, folder, strlen(folder)) == 0 ? raw + strlen(folder) : raw);
}

void session_row_read(struct cli *cli, const json_t *object, struct session_row *ret)
{
	*ret = (struct session_row){
		.id = short_id(cli, object),
		.user = field_text(cli, object, field_raw(object, "login") ? "login" : "user"),
		.role = field_text(cli, object, "role"),
		.request = field_text(cli, object, "request"),
		.service = field_text(cli, object, "service"),
		.target = field_text(cli, object, "target"),
		.tty = short_tty(cli, object),
		.since_ns = field_time(object, "since"),
		.until_ns = field_time(object, "until"),
		.left_s = field_number(object, "left", -1),
		.processes = field_number(object, "processes", 0),
		.pid = field_number(object, "pid", 0),
	};
}

static const char *details_text(struct cli *cli, const json_t *details)
{
	static const char *const keys[] = {"file", "login", "version", "result"};
	const char *text = "";

	for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
		if (field_raw(details, keys[i]))
			text = cli_text(cli, "%s%s%s", text, *text ? " " : "", field_text(cli, details, keys[i]));
	return text;
}

void event_row_read(struct cli *cli, const json_t *object, struct event_row *ret)
{
	*ret = (struct event_row){
		.event = field_text(cli, object, "event"),
		.id = field_text(cli, object, "id"),
		.user = field_text(cli, object, "user"),
		.role = field_text(cli, object, "role"),
		.scope = field_text(cli, object, "scope"),
		.by = field_text(cli, object, "by"),
		.text = cli_escape_line(cli, field_raw(object, "text")),
		.what = details_text(cli, json_object_get(object, "details")),
		.time_ns = field_time(object, "time"),
		.seq = field_number(object, "seq", 0),
	};
}

void trace_row_read(struct cli *cli, const json_t *object, struct trace_row *ret)
{
	*ret = (struct trace_row){
		.subject = field_text(cli, object, "subject"),
		.text = cli_escape_line(cli, field_raw(object, "text")),
		.place = field_text(cli, object, "place"),
		.result = field_text(cli, object, "result"),
		.step = field_number(object, "step", 0),
		.met = field_bool(object, "met"),
	};
}
