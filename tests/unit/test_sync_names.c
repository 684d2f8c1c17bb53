/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tenure-sync: names in one form (T26), what lies below what (T27), and whose cookie is ahead of whom. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/tenure-sync/cookie.h"
#include "daemon/tenure-sync/dn.h"

static void test_T26_equal_names_are_equal_bytes(void **state)
{
	static const struct {
		const char *a, *b;
	} same[] = {
		{"uid=alice,ou=people,dc=contoso,dc=com", "UID=Alice, OU=People ,DC=contoso,  DC=COM"},
		{"cn=a b,dc=x", "cn=a   b,dc=x"},
		{"cn=a+uid=b,dc=x", "uid=B+cn=A,dc=x"},
		{"cn=a\\,b,dc=x", "cn=a\\2Cb,dc=x"},
		{"cn=a\\2bb,dc=x", "cn=a\\+b,dc=x"},
		{"cn=\\23a,dc=x", "cn=\\#a,dc=x"},
	};
	static const struct {
		const char *a, *b;
	} other[] = {
		{"cn=a\\,dc\\=x,dc=y", "cn=a,dc=x,dc=y"},
		{"cn=a,dc=x", "cn=b,dc=x"},
		{"cn=a,dc=x", "uid=a,dc=x"},
		{"cn=a\\+uid\\=b,dc=x", "cn=a+uid=b,dc=x"},
		{"cn=\xc3\xa4,dc=x", "cn=\xc3\x84,dc=x"}, /* letters beyond ASCII are compared as they are */
	};

	for (size_t i = 0; i < ARRAY_LENGTH(same); i++) {
		char *a = NULL, *b = NULL, *again = NULL;

		assert_int_equal(dn_normalise(same[i].a, &a), 0);
		assert_int_equal(dn_normalise(same[i].b, &b), 0);
		assert_string_equal(a, b);
		assert_int_equal(dn_normalise(a, &again), 0); /* one form, and that of itself */
		assert_string_equal(a, again);
		free(a);
		free(b);
		free(again);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(other); i++) {
		char *a = NULL, *b = NULL;

		assert_int_equal(dn_normalise(other[i].a, &a), 0);
		assert_int_equal(dn_normalise(other[i].b, &b), 0);
		assert_string_not_equal(a, b);
		free(a);
		free(b);
	}
}

/* A name that is written as it is read takes a shorter way, to the same end. A blank before it makes it take the long one. */
static void test_T26_both_ways_are_one(void **state)
{
	static const char letters[] = "aZ9-._@ =,+\\#\xc3";
	char text[24] = " ";
	unsigned seed = 26, taken = 0;

	for (int round = 0; round < 200000; round++) {
		char *plain = NULL, *parsed = NULL;
		size_t len = 1;
		int r;

		/* Mostly a name, with something in it that may be none. */
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", round % 3 ? "cn=" : "");
		for (seed = seed * 1103515245u + 12345u; len < 5 + (seed >> 28); len++) {
			seed = seed * 1103515245u + 12345u;
			text[len] = letters[(seed >> 16) % (sizeof(letters) - 1)];
		}
		text[len] = '\0';
		r = dn_normalise(text, &parsed);
		if (dn_normalise(text + 1, &plain) != r)
			fail_msg("'%s' is a name, or is none", text + 1);
		if (r == 0 && strcmp(plain, parsed) != 0)
			fail_msg("'%s': '%s', '%s'", text + 1, plain, parsed);
		taken += r == 0;
		free(plain);
		free(parsed);
	}
	assert_true(taken > 10000);
}

static void test_what_is_no_name(void **state)
{
	static const char *const texts[] = {"", "alice", "cn=a,,dc=x", "cn=a,dc", "=a,dc=x", "cn=\\zz"};
	char *ret = NULL, longer[SYNC_DN_MAX + 8];

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		if (dn_normalise(texts[i], &ret) != -EINVAL)
			fail_msg("taken: %s", texts[i]);
	memset(longer, 'a', sizeof(longer) - 1);
	memcpy(longer, "cn=", 3);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(dn_normalise(longer, &ret), -EINVAL);
}

/* By whole names, not by how the text ends. */
static void test_T27_below(void **state)
{
	assert_true(dn_is_below("uid=a,ou=people,dc=x", "ou=people,dc=x"));
	assert_true(dn_is_below("ou=people,dc=x", "ou=people,dc=x"));
	assert_true(dn_is_below("uid=a,ou=sub,ou=people,dc=x", "ou=people,dc=x"));
	assert_false(dn_is_below("uid=a,ou=notpeople,dc=x", "people,dc=x"));
	assert_false(dn_is_below("uid=a,cn=b\\,ou\\=people,dc=x", "ou=people,dc=x"));
	assert_false(dn_is_below("uid=a\\,ou=people,dc=x", "ou=people,dc=x"));
	assert_false(dn_is_below("dc=x", "ou=people,dc=x"));
}

static void test_the_name_of_an_entry(void **state)
{
	char *name = NULL;

	assert_int_equal(dn_name("uid=a\\,b,dc=x", "uid", &name), 0);
	assert_string_equal(name, "a,b");
	free(name);
	assert_int_equal(dn_name("cn=c+uid=a,dc=x", "UID", &name), 0);
	assert_string_equal(name, "a");
	free(name);
	assert_int_equal(dn_name("cn=c,uid=a,dc=x", "uid", &name), -ENOENT);
}

static bool ahead(const char *cookie, const char *first, const char *second)
{
	const char *const csns[] = {first, second, NULL};
	struct cookie c = {.len = strlen(cookie)};

	memcpy(c.bytes, cookie, c.len);
	return cookie_is_ahead(&c, csns);
}

#define CSN(time, server) "202611251200" time ".000001Z#000000#" server "#000000"

static void test_a_provider_that_lags(void **state)
{
	assert_false(ahead("rid=000,csn=" CSN("01", "001"), CSN("01", "001"), NULL));
	assert_false(ahead("rid=000,csn=" CSN("01", "001"), CSN("02", "001"), NULL));
	assert_true(ahead("rid=000,csn=" CSN("02", "001"), CSN("01", "001"), NULL));
	assert_true(ahead("rid=000,sid=001,csn=" CSN("02", "001"), CSN("01", "001"), CSN("09", "002")));
	assert_true(ahead("rid=000,csn=" CSN("01", "001") ";" CSN("05", "002"), CSN("01", "001"), CSN("04", "002")));
	assert_false(ahead("rid=000,csn=" CSN("01", "001") ";" CSN("05", "002"), CSN("05", "002"), CSN("01", "001")));
	/* one that does not know what another server wrote */
	assert_true(ahead("rid=000,csn=" CSN("01", "001") ";" CSN("05", "002"), CSN("09", "001"), NULL));
	/* nothing can be said */
	assert_false(ahead("rid=000,csn=" CSN("02", "001"), NULL, NULL));
	assert_false(ahead("", CSN("01", "001"), NULL));
	assert_false(ahead("of another kind", CSN("01", "001"), NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T26_equal_names_are_equal_bytes),
		cmocka_unit_test(test_T26_both_ways_are_one),
		cmocka_unit_test(test_what_is_no_name),
		cmocka_unit_test(test_T27_below),
		cmocka_unit_test(test_the_name_of_an_entry),
		cmocka_unit_test(test_a_provider_that_lags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
