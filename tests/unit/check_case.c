/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/check_case.h"
#include "tests/unit/check_root.h"

static struct broker_facts answer;
static const char *rows; /* of Status; NULL: none */
static const char *reported; /* "ID PLACE": what the broker alone knows; NULL */

static void fake_broker(struct broker_facts *ret)
{
	*ret = answer;
	if (rows)
		ret->directories = json_loads(rows, 0, NULL);
	if (reported) {
		static char id[64];
		const char *blank = strchr(reported, ' ');

		(void)snprintf(id, sizeof(id), "%.*s", (int)(blank - reported), reported);
		problem_add(&ret->problems, SEVERITY_ERROR, id, blank + 1, "", "as the broker says");
	}
}

static void set_broker(const char *daemon)
{
	answer = (struct broker_facts){.journal = "ok"};
	rows = daemon && strncmp(daemon, "rows ", 5) == 0 ? daemon + 5 : NULL;
	reported = daemon && strncmp(daemon, "says ", 5) == 0 ? daemon + 5 : NULL;
	if (daemon && strcmp(daemon, "down") == 0)
		answer.error = -ECONNREFUSED;
	if (daemon && strcmp(daemon, "degraded") == 0)
		strcpy(answer.degraded, "no disk");
	if (daemon && strcmp(daemon, "journal") == 0)
		strcpy(answer.journal, strcpy(answer.degraded, "line 3 does not fit its hash"));
}

void check_case_look_again(struct check_context *c, bool ok[static CHECKS_MAX])
{
	*c = (struct check_context){.ask_broker = fake_broker};
	assert_int_equal(check_run(c, ok), 0);
}

void check_case_look(const struct check_case *b, struct check_context *c, bool ok[static CHECKS_MAX])
{
	check_root_make();
	set_broker(b ? b->daemon : NULL);
	for (size_t i = 0; b && i < ARRAY_LENGTH(b->also) && b->also[i].path; i++)
		check_root_put(b->also[i].path, b->also[i].text, b->also[i].mode);
	if (b && b->path)
		check_root_put(b->path, b->text, b->mode);
	check_case_look_again(c, ok);
}

void check_case_done(struct check_context *c)
{
	check_done(c);
	check_root_remove();
}

void check_case_show(const struct check_context *c)
{
	for (size_t i = 0; i < c->problems.count; i++)
		print_error("  %s %s %s\n", c->problems.items[i].id, c->problems.items[i].place,
			    c->problems.items[i].message);
}

const struct problem *check_case_find(const struct check_context *c, const char *id)
{
	for (size_t i = 0; i < c->problems.count; i++)
		if (strcmp(c->problems.items[i].id, id) == 0)
			return &c->problems.items[i];
	return NULL;
}

bool check_case_is_ok(const bool *ok, const char *check)
{
	for (size_t i = 0; check_table[i].id; i++)
		if (strcmp(check_table[i].id, check) == 0)
			return ok[i];
	fail_msg("there is no check %s", check);
	return false;
}

static bool is_as_wanted(const struct check_case *b, const struct check_context *c, const bool *ok)
{
	const struct problem *p = c->problems.items;

	if (!b->id)
		return c->problems.count == 0 && check_case_is_ok(ok, b->check);
	if (c->problems.count != 1 || strcmp(p->id, b->id) != 0 || check_case_is_ok(ok, b->check))
		return false;
	if (c->broker.error < 0 && check_case_is_ok(ok, "journal"))
		return false;
	return !b->says || strstr(p->place, b->says) || strstr(p->message, b->says);
}

void check_case_run(const struct check_case *b)
{
	bool ok[CHECKS_MAX];
	struct check_context c;

	check_case_look(b, &c, ok);
	if (!is_as_wanted(b, &c, ok)) {
		check_case_show(&c);
		check_root_remove();
		fail_msg("%s wanted from %s: %s", b->id ? b->id : "nothing", b->check, b->why);
	}
	check_case_done(&c);
}
