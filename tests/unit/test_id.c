/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/id.h"
#include "common/base/paths.h"

static char root[] = "/tmp/tenure-id.XXXXXX";

static void write_machine_id(const char *text)
{
	FILE *f = fopen(tenure_path(PATH_MACHINE_ID), "we");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	chmod(tenure_path(PATH_MACHINE_ID), 0444);
}

static int make_root(void **state)
{
	char path[64];

	if (!mkdtemp(root))
		return -1;
	snprintf(path, sizeof(path), "%s/etc", root);
	if (mkdir(path, 0755) < 0)
		return -1;
	return setenv("TENURE_TEST_ROOT", root, 1);
}

static int remove_root(void **state)
{
	char path[64];

	unlink(tenure_path(PATH_MACHINE_ID));
	snprintf(path, sizeof(path), "%s/etc", root);
	rmdir(path);
	return rmdir(root);
}

static void test_uuid_text(void **state)
{
	static const char *const bad[] = {"", "5d0b3a2e", "5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f6",
					  "5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f600", "5d0b3a2e07c64-4f0e-9a57-2b3c8d1e4f60",
					  "{5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60}", "5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4fg0"};
	char text[UUID_TEXT_MAX];
	struct uuid u;

	assert_int_equal(uuid_parse("5D0B3A2E-7c64-4f0e-9a57-2b3c8d1e4f60", &u), 0);
	uuid_format(&u, text);
	assert_string_equal(text, "5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60");
	for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
		assert_int_equal(uuid_parse(bad[i], &u), -EINVAL);
}

/* RFC 9562, appendix A.4. */
static void test_uuid_v5_of_the_rfc(void **state)
{
	char text[UUID_TEXT_MAX];
	struct uuid dns, u;

	assert_int_equal(uuid_parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8", &dns), 0);
	uuid_v5(&dns, "www.example.com", &u);
	uuid_format(&u, text);
	assert_string_equal(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

static void test_random_ids_differ(void **state)
{
	struct uuid a, b;

	assert_int_equal(uuid_random(&a), 0);
	assert_int_equal(uuid_random(&b), 0);
	assert_false(uuid_equal(&a, &b));
	assert_false(uuid_is_null(&a));
	assert_int_equal(a.bytes[6] >> 4, 4);
	assert_int_equal(a.bytes[8] >> 6, 2);
}

/* The same as systemd-id128 machine-id --app-specific=9c1e4b520d7a4f36b82361e57da490cf for this machine-id. */
static void test_T9_host_id_is_made_of_machine_id(void **state)
{
	char text[UUID_TEXT_MAX];
	struct uuid u, v;

	write_machine_id("0123456789abcdef0123456789abcdef\n");
	assert_int_equal(host_id_read(&u), 0);
	uuid_format(&u, text);
	assert_string_equal(text, "47dcdcd0-cfb4-42b4-b7f0-711136d8bbc3");
	unlink(tenure_path(PATH_MACHINE_ID));
	write_machine_id("0123456789abcdef0123456789abcdee\n");
	assert_int_equal(host_id_read(&v), 0);
	assert_false(uuid_equal(&u, &v));
}

static void test_bad_machine_ids(void **state)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = {{"", -ENOENT},
		     {"uninitialized\n", -ENOENT},
		     {"00000000000000000000000000000000\n", -EINVAL},
		     {"0123456789abcdef0123456789abcde\n", -EINVAL},
		     {"0123456789abcdef0123456789abcdefa\n", -EINVAL},
		     {"0123456789abcdef0123456789abcdxx\n", -EINVAL},
		     {"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", -EINVAL}};
	struct uuid u;

	unlink(tenure_path(PATH_MACHINE_ID));
	assert_int_equal(host_id_read(&u), -ENOENT);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		unlink(tenure_path(PATH_MACHINE_ID));
		write_machine_id(cases[i].text);
		assert_int_equal(host_id_read(&u), cases[i].result);
	}
}

static void test_boot_id(void **state)
{
	struct uuid u;

	assert_int_equal(boot_id_read(&u), 0);
	assert_false(uuid_is_null(&u));
}

static void test_T20_request_ids(void **state)
{
	char text[REQUEST_ID_TEXT_MAX], lower[REQUEST_ID_TEXT_MAX];
	struct uuid u;

	for (int i = 0; i < 1000; i++) {
		assert_int_equal(uuid_random(&u), 0);
		request_id_format(&u, text);
		assert_int_equal(strlen(text), 9);
		assert_int_equal(text[4], '-');
		assert_true(request_id_matches(&u, text));
		for (size_t j = 0; j < sizeof(text); j++)
			lower[j] = (char)tolower(text[j]);
		for (size_t len = 1; len <= 9; len++) {
			char prefix[REQUEST_ID_TEXT_MAX] = "";

			memcpy(prefix, lower, len);
			assert_int_equal(request_id_matches(&u, prefix), len >= REQUEST_ID_PREFIX_MIN);
			assert_int_equal(request_id_text_is_valid(prefix), len >= REQUEST_ID_PREFIX_MIN);
		}
	}
	assert_int_equal(uuid_parse("f4bb0000-0000-4000-8000-000000000000", &u), 0);
	request_id_format(&u, text);
	assert_string_equal(text, "6S5Q-AAAA");
	assert_true(request_id_matches(&u, "6s5qa"));
	assert_true(request_id_matches(&u, "f4bb0000-0000-4000-8000-000000000000"));
	assert_false(request_id_matches(&u, "6S5QB"));
	assert_false(request_id_matches(&u, "6S5"));
	assert_false(request_id_matches(&u, ""));
	assert_false(request_id_matches(&u, "6S-5Q"));
	assert_false(request_id_matches(&u, "6S5Q--AA"));
	assert_false(request_id_matches(&u, "6S5Q-AAAAA"));
	assert_false(request_id_matches(&u, "-6S5Q"));
	assert_false(request_id_text_is_valid("0189"));
	assert_false(request_id_text_is_valid("../x"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uuid_text),
		cmocka_unit_test(test_uuid_v5_of_the_rfc),
		cmocka_unit_test(test_random_ids_differ),
		cmocka_unit_test(test_T9_host_id_is_made_of_machine_id),
		cmocka_unit_test(test_bad_machine_ids),
		cmocka_unit_test(test_boot_id),
		cmocka_unit_test(test_T20_request_ids),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
