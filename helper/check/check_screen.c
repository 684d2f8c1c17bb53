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

	if (!c->has_host)
		return c->problems.errors ? "unknown" : "off";
	for (size_t i = 0; i < c->host.gate_service_count; i++)
		if (c->host.gate_services[i].mode != c->host.gate_mode)
			text = cli_text(cli, "%s, %s %s", text, c->host.gate_services[i].name,
					mode_text(c->host.gate_services[i].mode));
	return text;
}

struct served {
	size_t served, users;
	bool old; /* some tenant's last good policy stays */
	int64_t since_ns;
};

static void count_served(const struct check_context *c, struct served *ret)
{
	*ret = (struct served){0};
	for (size_t i = 0; i < c->tenant_count; i++) {
		const struct directory *d = c->directories[i];
		char path[PATH_MAX];
		struct stat st;

		for (size_t j = 0; d && j < d->user_count; j++) {
			ret->users++;
			ret->served += !d->users[j].o.dropped;
		}
		if (d && !d->broken_restriction)
			continue;
		ret->old = true;
		(void)snprintf(path, sizeof(path), "%s/tenants/%s/policy", tenure_path(PATH_STATE), c->tenants[i].name);
		if (stat(path, &st) == 0)
			ret->since_ns = (int64_t)st.st_mtim.tv_sec * NS_PER_S;
	}
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
	struct served s;

	count_served(c, &s);
	printf("\n%zu error%s, %zu warning%s.", list->errors, list->errors == 1 ? "" : "s", list->warnings,
	       list->warnings == 1 ? "" : "s");
	if (c->tenant_count == 0)
		printf(" No tenant is bound: Tenure changes nothing for anybody.");
	else
		printf(" Served: %zu of %zu users", s.served, s.users);
	if (s.old && s.since_ns)
		printf(", last good state of %s", time_of_entry(cli, cli_now(cli), s.since_ns));
	printf("%s\n", c->tenant_count ? "." : "");
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

json_t *check_json(struct cli *cli, const struct check_context *c, const bool *ok)
{
	json_t *items = json_array(), *fine = json_array();
	struct served s;

	count_served(c, &s);
	for (size_t i = 0; i < c->problems.count; i++) {
		const struct problem *p = &c->problems.items[i];

		json_array_append_new(items, json_pack("{s:s, s:s, s:s, s:s, s:s}", "severity",
						       p->severity == SEVERITY_ERROR ? "error" : "warning", "id", p->id,
						       "place", p->place, "message", p->message, "do", p->remedy));
	}
	for (size_t i = 0; check_table[i].id; i++)
		if (ok[i])
			json_array_append_new(fine, json_string(check_table[i].id));
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I}", "host", host_name(cli, c), "host_id",
			 host_id(cli, c), "gate", gate_text(cli, c), "items", items, "ok", fine, "errors",
			 (json_int_t)c->problems.errors, "warnings", (json_int_t)c->problems.warnings, "served",
			 (json_int_t)s.served, "users", (json_int_t)s.users);
}
