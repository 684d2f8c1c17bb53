/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is wrong with the files: told to root on the wire, and said in the log whenever it is something else. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/cmocka_test.h"
#include "tests/unit/server_fixture.h"

#define DIRECTORY "etc/tenure/directory.d/contoso.conf"
#define WRONG	  "version = 1; users = ( { name = \"alice\"; uid = %u; } );"

static char *read_log(const struct bed *b)
{
	char *text = calloc(1, 1 << 20);
	FILE *f = fopen(bed_path(b, "log"), "re");

	assert_non_null(text);
	if (f) {
		(void)!fread(text, 1, (1 << 20) - 1, f);
		(void)fclose(f);
	}
	return text;
}

static bool log_says(const struct bed *b, const char *words)
{
	for (int i = 0; i < PATIENCE_MS / 50; i++) {
		char *text = read_log(b);
		bool found = strstr(text, words) != NULL;

		free(text);
		if (found)
			return true;
		usleep(50000);
	}
	return false;
}

static void break_directory(struct bed *b, unsigned uid)
{
	char text[128], words[64];

	(void)snprintf(text, sizeof(text), WRONG, uid);
	bed_write(b, DIRECTORY, text, 0600);
	(void)snprintf(words, sizeof(words), "dir-uid %s", "directory.d/contoso.conf:1: user alice");
	assert_true(log_says(b, words));
}

static int ping(struct bed *b, json_t **ret)
{
	json_t *reply;

	if (strcmp(peer_ask(b, "Ping", NULL, NULL, &reply), "") != 0)
		return 1;
	*ret = json_object_get(reply, "problems");
	return *ret ? 0 : 2;
}

static int root_is_told(struct bed *b, void *argument)
{
	static const char *const keys[] = {"id", "severity", "where", "what", "remedy"};
	static const char *const values[] = {"dir-uid", "error", "directory.d/contoso.conf:1", "user alice: uid 7 is a system id",
					     "give alice a uid in 1900000000-1900099999"};
	json_t *problems, *row;
	int r = ping(b, &problems);

	if (r != 0)
		return r;
	if (json_array_size(problems) != *(size_t *)argument)
		return 3;
	row = json_array_get(problems, 0);
	for (size_t i = 0; i < 5 && row; i++)
		if (strcmp(json_string_value(json_object_get(row, keys[i])), values[i]) != 0)
			return 4 + (int)i;
	return 0;
}

static int others_are_not(struct bed *b, void *argument)
{
	json_t *problems;
	int r = ping(b, &problems);

	(void)argument;
	if (r != 0)
		return r;
	return json_is_null(problems) ? 0 : 3;
}

static void test_root_alone_is_told_what_is_wrong(void **state)
{
	static const unsigned others[] = {ALICE, READER, STRANGER};
	struct bed *b = *state;
	size_t count = 0;

	assert_int_equal(bed_as(b, 0, NO_LOGIN, root_is_told, &count), 0);
	break_directory(b, 7);
	count = 1;
	assert_int_equal(bed_as(b, 0, NO_LOGIN, root_is_told, &count), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(bed_as(b, others[i], others[i], others_are_not, NULL), 0);
}

/* So many that they do not fit into a message: the first ones are told all the same. */
static void test_more_than_fit_are_cut(void **state)
{
	struct bed *b = *state;
	char *text = calloc(1, 1 << 20), *at = text;
	size_t count = 200;

	assert_non_null(text);
	at += sprintf(at, "version = 1; users = ( { name = \"alice\"; uid = 7; }");
	for (int i = 0; i < 5000; i++)
		at += sprintf(at, ", { name = \"x%d\"; uid = 8; }", i);
	(void)sprintf(at, ");");
	bed_write(b, DIRECTORY, text, 0600);
	free(text);
	assert_true(log_says(b, "problems more"));
	assert_int_equal(bed_as(b, 0, NO_LOGIN, root_is_told, &count), 0);
}

static void test_another_fault_in_its_place_is_logged(void **state)
{
	struct bed *b = *state;

	break_directory(b, 7);
	assert_true(log_says(b, "uid 7 is a system id"));
	break_directory(b, 8);
	assert_true(log_says(b, "uid 8 is a system id"));
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bed_setup, bed_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_root_alone_is_told_what_is_wrong),
		TEST(test_more_than_fit_are_cut),
		TEST(test_another_fault_in_its_place_is_logged),
	};

	if (geteuid() != 0) {
		(void)puts("skipped: needs root, to be other users");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
