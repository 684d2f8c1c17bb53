/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A file with a fault is no end of Tenure: what is in force goes on, and check looks at that and says so. */
#include "tests/unit/cmocka_test.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/check_case.h"
#include "tests/unit/check_root.h"

#define TENURE_CONF    "/etc/tenure/tenure.conf"
#define TENANT_CONF    "/etc/tenure/tenants.d/contoso.conf"
#define DIRECTORY_CONF "/etc/tenure/directory.d/contoso.conf"
#define LAST	       "/var/lib/tenure/last/"

/* With a hole in sudoers, to see that the checks of a bound host ran. */
#define HOLE                                                                                                            \
	{                                                                                                               \
		"/etc/sudoers.d/x", "Defaults !pam_acct_mgmt\n", 0440                                                   \
	}

static size_t users(const struct check_context *c)
{
	return c->tenant_count && c->directories[0] ? c->directories[0]->user_count : 0;
}

static void test_the_last_good_content_goes_on(void **state)
{
	static const struct {
		struct check_case b;
		const char *id;
	} cases[] = {
		{{.path = TENURE_CONF, .text = "tenants = [ ;", .also = {HOLE}}, "conf-syntax"},
		{{.path = TENURE_CONF, .text = NULL, .also = {HOLE}}, "conf-file"},
		{{.path = TENANT_CONF, .text = "id = ;", .also = {HOLE}}, "conf-syntax"},
		{{.path = TENANT_CONF, .text = NULL, .also = {HOLE}}, "conf-file"},
		{{.path = DIRECTORY_CONF, .text = "version = ;", .mode = 0600, .also = {HOLE}}, "conf-syntax"},
		{{.path = DIRECTORY_CONF, .text = NULL, .also = {HOLE}}, "conf-file"},
		{{.path = DIRECTORY_CONF,
		  .text = "version = 1; users = ( { name = \"zoe\"; } ); assignments = ( { type = \"deny\"; actions = [ \"login\" ]; "
			  "user = \"who\"; scope = \"/\"; } );",
		  .mode = 0600,
		  .also = {HOLE}},
		 "dir-restriction"},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct check_context c;
		bool ok[CHECKS_MAX];

		check_case_look(&cases[i].b, &c, ok);
		check_case_show(&c);
		assert_non_null(check_case_find(&c, cases[i].id));
		assert_non_null(check_case_find(&c, "sudo-acct"));
		assert_int_equal(c.problems.count, 2);
		assert_true(c.is_bound && c.has_host && !c.is_unread);
		assert_true(c.last_ns > 0);
		assert_int_equal(users(&c), 3);
		assert_true(check_case_is_ok(ok, "pam-stacks"));
		check_case_done(&c);
	}
}

/* Nothing to go by is not nothing that is bound. */
static void test_without_it_too(void **state)
{
	static const struct {
		const char *path, *text, *last;
		bool has_host;
	} cases[] = {
		{TENURE_CONF, "tenants = [ ;", LAST "tenure.conf", false},
		{TENANT_CONF, "id = 3;", LAST "tenants.d/contoso.conf", true},
		{DIRECTORY_CONF, "version = ;", LAST "directory.d/contoso.conf", true},
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct check_case b = {
			.path = cases[i].path, .text = cases[i].text, .mode = 0600, .also = {HOLE, {cases[i].last, NULL, 0}}};
		struct check_context c;
		bool ok[CHECKS_MAX];

		check_case_look(&b, &c, ok);
		assert_non_null(check_case_find(&c, "sudo-acct"));
		assert_true(c.is_bound && c.is_unread);
		assert_int_equal(c.has_host, cases[i].has_host);
		assert_int_equal(users(&c), 0);
		assert_int_equal(c.last_ns, 0);
		check_case_done(&c);
	}
}

/* A directory whose restrictions do not hold serves who is in it when there is nothing better. */
static void test_T49_better_than_nothing(void **state)
{
	static const struct check_case b = {
		.path = DIRECTORY_CONF,
		.text = "version = 1; users = ( { name = \"bob\"; } ); " HOSTS
			"assignments = ( { type = \"deny\"; actions = [ \"login\" ]; user = \"who\"; scope = \"/\"; } );",
		.mode = 0600,
		.also = {{LAST "directory.d/contoso.conf", NULL, 0}}};
	struct check_context c;
	bool ok[CHECKS_MAX];

	check_case_look(&b, &c, ok);
	assert_int_equal(users(&c), 1);
	assert_int_equal(c.last_ns, 0);
	assert_false(check_case_is_ok(ok, "directory"));
	check_case_done(&c);
}

static void test_nothing_bound(void **state)
{
	static const struct check_case never = {.path = "/etc/nsswitch.conf",
						.text = "passwd: files\n",
						.also = {{TENURE_CONF, NULL, 0}, {LAST "tenure.conf", NULL, 0}}};
	struct check_context c;
	bool ok[CHECKS_MAX];

	check_case_look(&never, &c, ok);
	check_case_show(&c);
	assert_int_equal(c.problems.count, 0);
	assert_false(c.is_bound);
	check_done(&c);

	/* A file that says so. */
	check_root_put(TENURE_CONF, "tenants = [ ];", 0);
	check_case_look_again(&c, ok);
	assert_int_equal(c.problems.count, 0);
	assert_false(c.is_bound);
	check_done(&c);

	/* No file, but somebody was governed before. */
	check_root_put(TENURE_CONF, NULL, 0);
	check_root_put("/var/lib/tenure/index", "x", 0644);
	check_case_look_again(&c, ok);
	assert_non_null(check_case_find(&c, "conf-file"));
	assert_true(c.is_bound);
	check_done(&c);

	/* No file, and the last one named nobody. */
	check_root_put(LAST "tenure.conf", "tenants = [ ];", 0600);
	check_case_look_again(&c, ok);
	assert_int_equal(c.problems.count, 1);
	assert_non_null(check_case_find(&c, "conf-file"));
	assert_false(c.is_bound);
	check_case_done(&c);
}

/* A file of accounts that others may write is named, and nobody is called missing for it. */
static void test_T33_accounts_that_are_not_believed(void **state)
{
	static const char *const paths[] = {"/etc/passwd", "/etc/group", "/etc/subuid"};

	for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
		struct check_context c;
		bool ok[CHECKS_MAX];

		check_root_make();
		check_root_chmod(paths[i], 0664);
		check_case_look_again(&c, ok);
		check_case_show(&c);
		assert_int_equal(c.problems.count, 1);
		assert_string_equal(c.problems.items[0].id, "accounts");
		assert_string_equal(c.problems.items[0].place, paths[i]);
		for (const char *const *p = (const char *const[]){"directory", "logins", "subuid", NULL}; *p; p++)
			assert_false(check_case_is_ok(ok, *p));
		check_case_done(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_last_good_content_goes_on),
		cmocka_unit_test(test_without_it_too),
		cmocka_unit_test(test_T49_better_than_nothing),
		cmocka_unit_test(test_nothing_bound),
		cmocka_unit_test(test_T33_accounts_that_are_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
