/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words, widths and times of the command line, by themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "helper/nearest.h"
#include "helper/output.h"
#include "helper/rows.h"
#include "helper/times.h"

static struct cli cli;

static int setup(void **state)
{
	cli_init(&cli);
	cli.utf8 = true;
	cli.width = 80;
	return 0;
}

static int teardown(void **state)
{
	cli_done(&cli);
	return 0;
}

static int64_t at(const char *text)
{
	int64_t ns;

	assert_int_equal(time_parse_rfc3339(text, &ns), 0);
	return ns;
}

static void zone(const char *name)
{
	assert_int_equal(setenv("TZ", name, 1), 0);
	tzset();
}

static void test_times_are_local_and_name_their_zone(void **state)
{
	int64_t now = at("2026-03-02T13:04:11Z");

	zone("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_string_equal(time_exact(&cli, now, at("2026-03-02T14:04:11Z")), "15:04:11 CET");
	assert_string_equal(time_exact(&cli, now, at("2026-03-03T00:04:11Z")), "tomorrow 01:04:11 CET");
	assert_string_equal(time_exact(&cli, now, at("2026-07-03T00:04:11Z")), "2026-07-03 02:04:11 CEST");
	assert_string_equal(time_rough(&cli, now, at("2026-03-03T13:03:59Z")), "14:03 tomorrow");
	assert_string_equal(time_rough(&cli, now, at("2026-03-02T22:59:59Z")), "23:59");
	assert_string_equal(time_rough(&cli, now, at("2026-03-02T23:00:00Z")), "00:00 tomorrow");
	assert_string_equal(time_day(&cli, now, at("2026-12-31T12:00:00Z")), "2026-12-31");
	assert_string_equal(time_of_entry(&cli, now, at("2026-03-01T13:04:02Z")), "2026-03-01 14:04:02");
	/* The last day of the month, of the year, and the night that has no 2 o'clock. */
	assert_string_equal(time_rough(&cli, at("2026-02-28T12:00:00Z"), at("2026-03-01T12:00:00Z")), "13:00 tomorrow");
	assert_string_equal(time_rough(&cli, at("2026-12-31T12:00:00Z"), at("2027-01-01T12:00:00Z")), "13:00 tomorrow");
	assert_string_equal(time_rough(&cli, at("2026-03-28T22:30:00Z"), at("2026-03-29T01:30:00Z")), "03:30 tomorrow");
}

static void test_no_time_is_a_hyphen(void **state)
{
	int64_t now = at("2026-03-02T13:04:11Z");

	for (const int64_t *t = (const int64_t[]){0, TIME_FOREVER, TIME_ALWAYS, -1, 7}; *t != 7; t++) {
		assert_string_equal(time_exact(&cli, now, *t), "-");
		assert_string_equal(time_since(&cli, now, *t), "-");
		assert_string_equal(time_until(&cli, now, *t), "-");
	}
	assert_string_equal(time_left(&cli, -1), "-");
}

static void test_spans(void **state)
{
	int64_t now = at("2026-03-02T13:04:11Z");
	static const struct {
		int64_t s;
		const char *since, *until;
	} rows[] = {{0, "0 s", "0 s"},		 {14, "14 s", "14 s"},		{59, "59 s", "59 s"},
		    {60, "1 min", "0:01"},	 {3599, "59 min", "0:59"},	{3600, "1 h", "1:00"},
		    {86399, "23 h", "23:59"},	 {172799, "47 h", "47:59"},	{172800, "2 days", "2 days"},
		    {9 * 86400, "9 days", "9 days"}};

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		assert_string_equal(time_since(&cli, now, now - rows[i].s * NS_PER_S), rows[i].since);
		assert_string_equal(time_until(&cli, now, now + rows[i].s * NS_PER_S), rows[i].until);
	}
	/* A clock that was set back shows nothing below nothing. */
	assert_string_equal(time_since(&cli, now, now + NS_PER_S), "0 s");
	assert_string_equal(time_until(&cli, now, now - NS_PER_S), "0 s");
	assert_string_equal(time_left(&cli, 2530), "0:42:10");
	assert_string_equal(time_left(&cli, 36000), "10:00:00");
}

static void test_widths(void **state)
{
	assert_int_equal(display_width(""), 0);
	assert_int_equal(display_width("abc"), 3);
	assert_int_equal(display_width("\xc3\xa4\xc3\xb6"), 2);
	assert_int_equal(display_width("\xe6\x97\xa5\xe6\x9c\xac"), 4);
	assert_int_equal(display_width("e\xcc\x81"), 1);
	assert_int_equal(display_width("\xf0\x9f\x94\x91"), 2);
	assert_int_equal(display_width("\xff\xfe"), 2); /* broken: byte by byte */
	assert_int_equal(display_width("\xe6"), 1);
}

static char *printed(void (*print)(FILE *to))
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	assert_non_null(to);
	print(to);
	assert_int_equal(fclose(to), 0);
	return text;
}

static void print_wide_table(FILE *to)
{
	static const struct column columns[] = {{"A", 0}, {"B", 6}, {"C", 6}};
	struct table table;

	cli.width = 30;
	table_init(&table, &cli, columns, 3);
	table_add(&table, &cli,
		  (struct cell[]){{"rigid", STYLE_NONE}, {"/one/two/three", STYLE_NONE}, {"four five six", STYLE_NONE}});
	table_add(&table, &cli, (struct cell[]){{"r\033", STYLE_NONE}, {NULL, STYLE_NONE}, {"x", STYLE_NONE}});
	table_print(&table, to);
	table_done(&table);
	cli.width = 80;
}

static void test_tables_wrap_and_lose_nothing(void **state)
{
	char *text = printed(print_wide_table);

	assert_string_equal(text, "A      B            C\n"
				  "rigid  /one/two/    four five\n"
				  "       three        six\n"
				  "r?     -            x\n");
	free(text);
}

static void print_long_label(FILE *to)
{
	print_labelled(&cli, to, "  reason", 11,
		       "a reason that goes on and on, longer than any line of eighty columns could ever take in whole");
}

static void test_labels_wrap_behind_themselves(void **state)
{
	char *text = printed(print_long_label);

	assert_string_equal(text, "  reason   a reason that goes on and on, longer than any line of eighty columns\n"
				  "           could ever take in whole\n");
	free(text);
}

static void test_T13_escapes(void **state)
{
	assert_string_equal(cli_escape(&cli, NULL), "");
	assert_string_equal(cli_escape(&cli, "a\033[1mb"), "a\\x1b[1mb");
	assert_string_equal(cli_escape(&cli, "say \"x\""), "say \\x22x\\x22");
	assert_string_equal(cli_escape_line(&cli, "20s \"show \\x1b\"\n"), "20s \"show \\x1b\"\\x0a");
	assert_string_equal(cli_escape(&cli, "\xc3\xa4"), "\xc3\xa4");
	cli.utf8 = false;
	assert_string_equal(cli_escape(&cli, "\xc3\xa4z\xc2\x9b"), "\\xc3\\xa4z\\xc2\\x9b");
	assert_string_equal(cli_escape_line(&cli, "\"\xc3\xa4\""), "\"\\xc3\\xa4\"");
	cli.utf8 = true;
}

static void test_nearest(void **state)
{
	static const struct {
		const char *typed, *verb;
	} rows[] = {{"requst", "request"}, {"reqeust", "request"}, {"aprove", "approve"}, {"stauts", "status"},
		    {"hist", "history"},   {"sessons", "sessions"}, {"ned", "end"},	   {"xyzzy", NULL},
		    {"e", NULL},	   {"", NULL},		    {"ssh_keys", "ssh-keys"}};
	char longest[200];

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *near = nearest_verb(rows[i].typed);

		if (!rows[i].verb ? near != NULL : !near || strcmp(near, rows[i].verb) != 0)
			fail_msg("%s: %s", rows[i].typed, near ? near : "none");
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_null(nearest_verb(longest));
	assert_int_equal(word_distance("abc", "abc"), 0);
	assert_int_equal(word_distance("abc", "acb"), 1);
	assert_int_equal(word_distance("", "abc"), 3);
}

static void test_terms(void **state)
{
	struct role_row row = {.max_duration_ns = 7200 * NS_PER_S, .justification = true, .step_up = true, .approvals = 1};

	assert_string_equal(role_row_terms(&cli, &row), "up to 2h; reason, step-up, 1 approval");
	row = (struct role_row){.max_duration_ns = 5400 * NS_PER_S, .ticket = true, .approvals = 2};
	assert_string_equal(role_row_terms(&cli, &row), "up to 1h30m; ticket, 2 approvals");
	row = (struct role_row){.max_duration_ns = 60 * NS_PER_S};
	assert_string_equal(role_row_terms(&cli, &row), "up to 1m");
}

static char *read_source(const char *name)
{
	const char *source = getenv("srcdir");
	char path[512], *text = calloc(1, 65536);
	FILE *f;

	assert_non_null(text);
	(void)snprintf(path, sizeof(path), "%s/%s", source ? source : ".", name);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_true(fread(text, 1, 65535, f) > 0);
	(void)fclose(f);
	return text;
}

/* The completion and the manual know each verb of the table. */
static void test_completion_and_manual_know_the_verbs(void **state)
{
	char *completion = read_source("helper/tenure.bash"), *manual = read_source("helper/tenure.1");

	for (const struct verb *v = verb_table; v->name; v++) {
		char word[64], item[64];

		(void)snprintf(word, sizeof(word), "%s ", v->name);
		(void)snprintf(item, sizeof(item), ".It Cm %s", v->name);
		if (!strstr(completion, word) || !strstr(manual, item))
			fail_msg("the completion or the manual lacks %s", v->name);
	}
	free(completion);
	free(manual);
}

/* And each option that a usage names. */
static void test_completion_and_manual_know_the_options(void **state)
{
	char *completion = read_source("helper/tenure.bash"), *manual = read_source("helper/tenure.1");

	for (const struct verb *v = verb_table; v->name; v++) {
		char *usage = NULL, *rest = NULL;
		size_t len = 0;
		FILE *to = open_memstream(&usage, &len);

		assert_non_null(to);
		cli_usage(&cli, v, to);
		assert_int_equal(fclose(to), 0);
		for (char *line = strtok_r(usage, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
			char item[64];

			if (strncmp(line, "  --", 4) != 0)
				continue;
			line[2 + strcspn(line + 2, " ")] = '\0';
			(void)snprintf(item, sizeof(item), "Fl %s", line + 3);
			if (!strstr(completion, line + 2) || !strstr(manual, item))
				fail_msg("the completion or the manual lacks %s of %s", line + 2, v->name);
		}
		free(usage);
	}
	free(completion);
	free(manual);
}

/* tenured says in its usage what its manual explains, option by option. */
static void test_the_brokers_manual_knows_its_options(void **state)
{
	char *source = read_source("daemon/tenured/main.c"), *manual = read_source("daemon/tenured/tenured.8");
	const char *at = source;
	unsigned found = 0;

	while ((at = strstr(at, "\"  -"))) {
		char item[16];

		(void)snprintf(item, sizeof(item), ".It Fl %c", at[4]);
		if (!strstr(manual, item))
			fail_msg("tenured(8) lacks -%c", at[4]);
		found++;
		at += 4;
	}
	assert_int_equal(found, 5);
	free(source);
	free(manual);
}

/* What a finding or an error is called stands in a manual: it is the word that people look for. */
static const char unexplained_ids[] =
	"cd \"${srcdir:-.}\" && { grep -rhoE --include='*.c' "
	"'\"(conf|dir|tenant|login|sudo|root)-[a-z-]+\"|SEVERITY_(ERROR|WARNING), \"[a-z-]+\"' "
	"common daemon/tenured helper/check; grep -rhoE --include='*.c' 'CODE_[A-Z_]+, \"[a-z-]+\"' helper; } | "
	"sed -E 's/.*\"([a-z-]+)\"/\\1/' | sort -u | grep -vx sudo-i >\"$ids\"; "
	"grep -hE '^\\.(It|Sy)' helper/tenure.1 common/config/*.5 | tr ' ,' '\\n\\n' | sort -u >\"$ids.known\"; "
	"grep -vxFf \"$ids.known\" \"$ids\" >&2; [ $? = 1 ] && [ $(wc -l <\"$ids\") -gt 60 ]";

static void test_the_manuals_know_the_ids(void **state)
{
	char ids[] = "/tmp/tenure-ids-XXXXXX", known[64];
	int fd = mkstemp(ids), status;

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(setenv("ids", ids, 1), 0);
	status = system(unexplained_ids);
	(void)snprintf(known, sizeof(known), "%s.known", ids);
	(void)unlink(known);
	(void)unlink(ids);
	if (status != 0)
		fail_msg("an id that no manual explains, or no ids at all: see above");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_are_local_and_name_their_zone),
		cmocka_unit_test(test_no_time_is_a_hyphen),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_tables_wrap_and_lose_nothing),
		cmocka_unit_test(test_labels_wrap_behind_themselves),
		cmocka_unit_test(test_T13_escapes),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_completion_and_manual_know_the_verbs),
		cmocka_unit_test(test_completion_and_manual_know_the_options),
		cmocka_unit_test(test_the_brokers_manual_knows_its_options),
		cmocka_unit_test(test_the_manuals_know_the_ids),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
