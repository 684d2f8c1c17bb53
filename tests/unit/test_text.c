/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/text.h"

/* What no name may ever be, in any case that somebody has tried. */
static const char *const bad_names[] = {
	"",	   "-x",      "--help",	 "../etc",  ".",	"..",	    "a/b",	 "1000",   "0x0",	"0",
	"Alice",   "ALICE",   "al ice",	 "alice ",  " alice",	"alice\n",  "alice\t",	 "al:ice", "al\x7fice", "alice\x01",
	"r\xd0\xbeot", /* Cyrillic o */
	"\xef\xbd\x81lice", /* full-width a */
	"alice\xe2\x80\x8b", /* zero-width space */
	"caf\xc3\xa9", "a$", "a@b", "a\\b", "a\"b", "a'b", "a;b", "a*", "~", "a,b", "%a", "#1000", "+a",
	"abcdefghijklmnopqrstuvwxyz012345", /* 32 */
};

static void test_T24_names_are_rejected_never_repaired(void **state)
{
	static const char *const good[] = {"a", "_", "_apt", "alice", "a.b-c_d", "db1", "systemd-journal",
					   "abcdefghijklmnopqrstuvwxyz01234"};

	for (size_t i = 0; i < ARRAY_LENGTH(bad_names); i++)
		if (name_is_valid(bad_names[i]))
			fail_msg("\"%s\" was taken for a name", bad_names[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
		if (!name_is_valid(good[i]))
			fail_msg("\"%s\" was not taken for a name", good[i]);
}

static void test_local_names_are_what_useradd_takes(void **state)
{
	static const char *const good[] = {"a", "_apt", "Debian-exim", "3com", "R2D2", "host$", "a.b-c_d", "systemd-journal",
					   "abcdefghijklmnopqrstuvwxyz01234"};
	static const char *const taken[] = {"Alice", "ALICE", "0x0", "a$"}; /* of those that no name of ours may be */

	for (size_t i = 0; i < ARRAY_LENGTH(good); i++)
		if (!local_name_is_valid(good[i]))
			fail_msg("\"%s\" was not taken for a local name", good[i]);
	for (size_t i = 0; i < ARRAY_LENGTH(bad_names); i++) {
		bool wanted = false;

		for (size_t k = 0; k < ARRAY_LENGTH(taken); k++)
			wanted = wanted || strcmp(bad_names[i], taken[k]) == 0;
		if (local_name_is_valid(bad_names[i]) != wanted)
			fail_msg("\"%s\" as a local name", bad_names[i]);
	}
	assert_false(local_name_is_valid("$"));
	assert_false(local_name_is_valid("a$b"));
	assert_false(local_name_is_valid(".a"));
}

static void test_logins_and_domains(void **state)
{
	assert_true(login_is_valid("alice"));
	assert_true(login_is_valid("alice@contoso.com"));
	assert_false(login_is_valid("alice@"));
	assert_false(login_is_valid("@contoso.com"));
	assert_false(login_is_valid("alice@contoso"));
	assert_false(login_is_valid("alice@contoso.com@x.org"));
	assert_true(domain_is_valid("a.b"));
	assert_true(domain_is_valid("3com.example"));
	assert_false(domain_is_valid("Contoso.com"));
	assert_false(domain_is_valid("contoso.com."));
	assert_false(domain_is_valid(".contoso.com"));
	assert_false(domain_is_valid("-a.com"));
	assert_false(domain_is_valid("a-.com"));
	assert_false(domain_is_valid("a..com"));
	assert_false(domain_is_valid("xn--\xc3\xa9.com"));
}

static void test_scopes(void **state)
{
	assert_true(scope_path_is_valid("/"));
	assert_true(scope_path_is_valid("/prod/hr/web/db1"));
	assert_false(scope_path_is_valid(""));
	assert_false(scope_path_is_valid("prod"));
	assert_false(scope_path_is_valid("/prod/"));
	assert_false(scope_path_is_valid("//prod"));
	assert_false(scope_path_is_valid("/prod/../x"));
	assert_false(scope_path_is_valid("/prod/./x"));
	assert_false(scope_path_is_valid("/Prod"));
	assert_true(scope_covers("/", "/prod"));
	assert_true(scope_covers("/", "/"));
	assert_true(scope_covers("/prod", "/prod"));
	assert_true(scope_covers("/prod", "/prod/hr"));
	assert_false(scope_covers("/prod", "/production"));
	assert_false(scope_covers("/prod/hr", "/prod"));
}

/* What a terminal or a log would act on; each must be refused as reason, and shown harmless. */
static const char *const hostile[] = {
	"\x1b[31mred", "\x9bm", "\xc2\x9bm", "\x1b]0;title\x07", "line\nline", "\r", "\t", "\x08", "\x7f",
	"\xe2\x80\xaetxt.exe", "\xe2\x81\xa6z", "\xd8\x9c", "\xe2\x80\x8f", "a\xe2\x80\x8bz", "\xef\xbb\xbfz",
	"\xe2\x80\xa8", "\xe2\x80\xa9", "\xf3\xa0\x80\x81", "\xc2\xad", "\xe1\xa0\x8e",
	"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\x80", "\xe2\x82", "\xf0\x9f\x98",
};

static void test_T13_free_text_without_control(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(hostile); i++) {
		char buf[128];
		const char *shown = text_escape(hostile[i], buf, sizeof(buf));

		assert_int_equal(text_check(hostile[i], 100), -EILSEQ);
		assert_int_equal(text_check(shown, 100), 0);
		assert_non_null(strstr(shown, "\\x"));
		for (size_t j = 0; shown[j]; j++)
			assert_true(shown[j] >= ' ' && shown[j] <= '~');
	}
	assert_int_equal(text_check("gr\xc3\xbc\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x98\x80", 100), 0);
	assert_int_equal(text_check("abc", 3), 0);
	assert_int_equal(text_check("abcd", 3), -EMSGSIZE);
	assert_int_equal(text_check("", 0), 0);
}

static void test_T13_escapes_are_never_cut(void **state)
{
	static const char text[] = "a\"b\\\x1b\xe2\x82\xac\xe2\x80\xae";
	char whole[64];

	assert_string_equal(text_escape(text, whole, sizeof(whole)),
			    "a\\x22b\\x5c\\x1b\xe2\x82\xac\\xe2\\x80\\xae");
	for (size_t len = 1; len < sizeof(whole); len++) {
		char buf[64];

		memset(buf, '#', sizeof(buf));
		text_escape(text, buf, len);
		assert_non_null(memchr(buf, '\0', len));
		if (len < sizeof(buf))
			assert_int_equal(buf[len], '#');
		assert_memory_equal(buf, whole, strlen(buf));
		assert_int_equal(text_check(buf, 64), 0);
		if (strlen(buf) >= 1 && buf[strlen(buf) - 1] == '\\')
			fail_msg("cut in an escape at %zu", len);
	}
}

static void test_T25_fields_of_passwd(void **state)
{
	assert_true(field_is_valid(""));
	assert_true(field_is_valid("Alice Ito, 3rd floor"));
	assert_true(field_is_valid("\xe6\x97\xa5\xe6\x9c\xac"));
	assert_false(field_is_valid("a:b"));
	assert_false(field_is_valid("a\nroot::0:0::/:/bin/sh"));
	assert_false(field_is_valid("a\rb"));
	assert_false(field_is_valid("a\x01"));
	assert_false(field_is_valid("a\xc2\x85"));
	assert_false(field_is_valid("a\xff"));
}

static void test_numbers(void **state)
{
	uint64_t n = 7;

	assert_int_equal(number_parse("0", 10, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(number_parse("18446744073709551615", UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(number_parse("18446744073709551616", UINT64_MAX, &n), -ERANGE);
	assert_int_equal(number_parse("11", 10, &n), -ERANGE);
	assert_int_equal(number_parse("", 10, &n), -EINVAL);
	assert_int_equal(number_parse("-1", 10, &n), -EINVAL);
	assert_int_equal(number_parse("+1", 10, &n), -EINVAL);
	assert_int_equal(number_parse("01", 10, &n), -EINVAL);
	assert_int_equal(number_parse("0x1", 10, &n), -EINVAL);
	assert_int_equal(number_parse(" 1", 10, &n), -EINVAL);
	assert_int_equal(number_parse("1 ", 10, &n), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T24_names_are_rejected_never_repaired),
		cmocka_unit_test(test_local_names_are_what_useradd_takes),
		cmocka_unit_test(test_logins_and_domains),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_T13_free_text_without_control),
		cmocka_unit_test(test_T13_escapes_are_never_cut),
		cmocka_unit_test(test_T25_fields_of_passwd),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
