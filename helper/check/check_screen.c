/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tenure check shows: errors, then warnings, each with what to do; what is in order; a line that sums up. */
#include "helper/check/check_screen.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/text.h"
#include "helper/output.h"
#include "helper/times.h"

#define SEVERITY_WIDTH 7
#define ID_WIDTH_MIN   13

static const char *host_name(struct cli *cli, const struct check_context *c)
{
	char name[256] = "this host";

	for (size_t i = 0; i < c->tenant_count && c->has_host_id; i++) {
		const struct directory *d = c->directories[i];

		for (size_t j = 0; d && j < d->host_count; j++)
			if (!d->hosts[j].o.dropped && uuid_equal(&d->hosts[j].o.id, &c->host_id))
				return cli_text(cli, "%s", d->hosts[j].o.name);
	}
	(void)gethostname(name, sizeof(name) - 1);
	return cli_escape(cli, name);
}

static const char *host_id(struct cli *cli, const struct check_context *c)
{
	char id[UUID_TEXT_MAX];

	if (!c->has_host_id)
		return "unknown";
	uuid_format(&c->host_id, id);
	return cli_text(cli, "%s", id);
}

static const char *mode_text(enum gate_mode mode)
{
	return mode == GATE_ENFORCE ? "enforce" : "report-only";
}

/* "enforce", or with what differs: "report-only, su enforce". */
static const char *gate_text(struct cli *cli, const struct check_context *c)
{
	const char *text = mode_text(c->host.gate_mode);

	if (!c->is_bound)
		return "off";
	if (!c->has_host)
		return "unknown";
	for (size_t i = 0; i < c->host.gate_service_count; i++)
		if (c->host.gate_services[i].mode != c->host.gate_mode)
			text = cli_text(cli, "%s, %s %s", text, c->host.gate_services[i].name,
					mode_text(c->host.gate_services[i].mode));
	return text;
}

struct served {
	size_t served, users;
};

static struct served count_served(const struct check_context *c)
{
	struct served s = {0};

	for (size_t i = 0; i < c->tenant_count; i++) {
		const struct directory *d = c->directories[i];

		for (size_t j = 0; d && j < d->user_count; j++) {
			s.users++;
			s.served += !d->users[j].o.dropped;
		}
	}
	return s;
}

/* Where the messages begin: behind the longest id. */
static unsigned label_width(const struct check_context *c)
{
	size_t width = ID_WIDTH_MIN;

	for (size_t i = 0; i < c->problems.count; i++)
		if (strlen(c->problems.items[i].id) + 2 > width)
			width = strlen(c->problems.items[i].id) + 2;
	return SEVERITY_WIDTH + (unsigned)width;
}

static void print_problem(const struct cli *cli, const struct problem *p, unsigned width)
{
	bool error = p->severity == SEVERITY_ERROR;
	char text[4096];

	/* Names inside were escaped by whoever reported; a place is a file's name, or a DN. */
	(void)snprintf(text, sizeof(text), "%s%s%s", p->place, p->place[0] ? " " : "", p->message);
	print_styled(cli, stdout, error ? STYLE_BAD : STYLE_WAIT, error ? "error  " : "warn   ");
	print_labelled_behind(cli, stdout, SEVERITY_WIDTH, p->id, width, text);
	if (p->remedy[0])
		print_labelled(cli, stdout, "       do", width, p->remedy);
}

static void print_ok(const struct cli *cli, const bool *ok)
{
	char text[1024] = "";

	for (size_t i = 0; check_table[i].id; i++) {
		size_t used = strlen(text);

		if (ok[i])
			(void)snprintf(text + used, sizeof(text) - used, "%s%s", used ? " " : "", check_table[i].id);
	}
	if (*text) {
		print_styled(cli, stdout, STYLE_GOOD, "ok     ");
		print_labelled_behind(cli, stdout, SEVERITY_WIDTH, "", SEVERITY_WIDTH, text);
	}
}

static void print_sum(struct cli *cli, const struct check_context *c)
{
	const struct problem_list *list = &c->problems;
	struct served s = count_served(c);
	char text[512];
	size_t used;

	(void)snprintf(text, sizeof(text), "%zu error%s, %zu warning%s.", list->errors, list->errors == 1 ? "" : "s",
		       list->warnings, list->warnings == 1 ? "" : "s");
	used = strlen(text);
	if (!c->is_bound)
		(void)snprintf(text + used, sizeof(text) - used, " No tenant is bound: Tenure changes nothing for anybody.");
	else if (s.users > 0 || !c->is_unread)
		(void)snprintf(text + used, sizeof(text) - used, " Served: %zu of %zu users%s%s.", s.served, s.users,
			       c->last_ns ? ", last good state of " : "",
			       c->last_ns ? time_of_entry(cli, cli_now(cli), c->last_ns) : "");
	used = strlen(text);
	if (c->is_unread)
		(void)snprintf(text + used, sizeof(text) - used, " What cannot be read stays as it was published.");
	printf("\n");
	print_labelled(cli, stdout, "", 0, text);
}

void check_print(struct cli *cli, const struct check_context *c, const bool *ok)
{
	unsigned width = label_width(c);

	printf("%s, host id %s, gate %s\n\n", host_name(cli, c), host_id(cli, c), gate_text(cli, c));
	for (int warnings = 0; warnings < 2; warnings++)
		for (size_t i = 0; i < c->problems.count; i++)
			if ((c->problems.items[i].severity == SEVERITY_WARNING) == (warnings == 1))
				print_problem(cli, &c->problems.items[i], width);
	print_ok(cli, ok);
	print_sum(cli, c);
}

static json_t *json_items(const struct check_context *c)
{
	json_t *items = json_array();

	for (size_t i = 0; i < c->problems.count; i++) {
		const struct problem *p = &c->problems.items[i];

		json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:s, s:s}", "severity",
						       p->severity == SEVERITY_ERROR ? "error" : "warning", "id", p->id,
						       "place", p->place, "message", p->message, "do", p->remedy));
	}
	return items;
}

static json_t *json_checks(const bool *ok)
{
	json_t *checks = json_array();

	for (size_t i = 0; check_table[i].id; i++)
		json_array_append_new(checks, json_pack("{s:s, s:s, s:b}", "id", check_table[i].id, "what",
							check_table[i].what, "ok", ok[i]));
	return checks;
}

json_t *check_json(struct cli *cli, const struct check_context *c, const bool *ok)
{
	struct served s = count_served(c);
	char last[64] = "";

	if (c->last_ns)
		time_format_rfc3339(c->last_ns, last, sizeof(last));
	return json_pack("{s:s, s:s, s:s, s:b, s:o, s:o, s:I, s:I, s:I, s:I, s:s?, s:b}", "host", host_name(cli, c), "host_id",
			 host_id(cli, c), "gate", gate_text(cli, c), "bound", c->is_bound, "items", json_items(c), "checks",
			 json_checks(ok), "errors", (json_int_t)c->problems.errors, "warnings",
			 (json_int_t)c->problems.warnings, "served", (json_int_t)s.served, "users", (json_int_t)s.users,
			 "last_good", c->last_ns ? last : NULL, "unread", c->is_unread);
}
