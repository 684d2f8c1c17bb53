/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whose a uid is: the host's own accounts as glibc reads them, mapped logins, and who had it before (T47, T50). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define HOST	  "etc/tenure/tenure.conf"
#define CONTOSO	  "etc/tenure/tenants.d/contoso.conf"
#define DIRECTORY "etc/tenure/directory.d/contoso.conf"
#define ROOT_LINE "root:x:0:0:root:/root:/bin/sh\n"

static void unbind(struct engine_fixture *f)
{
	fixture_edit(f, HOST, "[ \"contoso\" ]", "[ ]");
	fixture_reload(f);
	assert_int_equal(engine_tenant_count(f->engine), 0);
}

static void bind_again(struct engine_fixture *f)
{
	fixture_edit(f, HOST, "[ ]", "[ \"contoso\" ]");
	fixture_reload(f);
	assert_int_equal(engine_tenant_count(f->engine), 1);
}

static void rename_alice(struct engine_fixture *f)
{
	fixture_edit(f, DIRECTORY, "{ name = \"alice\"; uid = 1900000001;", "{ name = \"mallory\"; uid = 1900000001;");
	fixture_edit(f, DIRECTORY, "\"alice\", \"bob\"", "\"mallory\", \"bob\"");
}

static void test_T50_unbinding_retires_every_uid(void **state)
{
	struct engine_fixture *f = *state;

	fixture_start(f);
	unbind(f);
	/* alice, carol, dave; bob has his account's, which is bound to him. */
	assert_int_equal(fixture_count_events(f, "retire"), 3);
	rename_alice(f);
	fixture_restart(f);
	bind_again(f);
	assert_true(fixture_has_problem(f, "dir-uid-retired", NULL));
	assert_false(fixture_actor(f, UID_ALICE).governed);
	/* The same principals come back to what was theirs. */
	assert_string_equal(fixture_actor(f, UID_CAROL).user, "carol@contoso.com");
	assert_string_equal(fixture_actor(f, UID_BOB).user, "bob@contoso.com");
	fixture_edit(f, DIRECTORY, "\"mallory\"; uid", "\"alice\"; uid");
	fixture_edit(f, DIRECTORY, "\"mallory\", \"bob\"", "\"alice\", \"bob\"");
	fixture_reload(f);
	assert_string_equal(fixture_actor(f, UID_ALICE).user, "alice@contoso.com");
	assert_int_equal(fixture_count_events(f, "retire"), 3);
	unbind(f);
	assert_int_equal(fixture_count_events(f, "retire"), 3);
}

static void test_T50_unbinding_while_the_broker_was_down(void **state)
{
	struct engine_fixture *f = *state;

	fixture_start(f);
	fixture_stop(f);
	fixture_edit(f, HOST, "[ \"contoso\" ]", "[ ]");
	fixture_start(f);
	assert_int_equal(fixture_count_events(f, "retire"), 3);
}

/* Another id is another tenant, whatever its name: nobody of the old one is left. */
static void test_T50_a_tenant_with_another_id_gets_none_of_the_uids(void **state)
{
	struct engine_fixture *f = *state;

	fixture_start(f);
	fixture_edit(f, CONTOSO, "5d0b3a2e", "7d0b3a2e");
	rename_alice(f);
	fixture_reload(f);
	assert_int_equal(fixture_count_events(f, "retire"), 3);
	assert_true(fixture_has_problem(f, "dir-uid-retired", NULL));
	assert_false(fixture_actor(f, UID_ALICE).governed);
	assert_false(fixture_actor(f, UID_CAROL).governed);
	/* It was a slip: with the old id they are who they were; mallory is still nobody. */
	fixture_edit(f, CONTOSO, "7d0b3a2e", "5d0b3a2e");
	fixture_reload(f);
	assert_string_equal(fixture_actor(f, UID_CAROL).user, "carol@contoso.com");
	assert_false(fixture_actor(f, UID_ALICE).governed);
}

/* A range that moves away and back does not hand a uid on. */
static void test_T50_a_range_that_moves_hands_no_uid_on(void **state)
{
	struct engine_fixture *f = *state;

	fixture_start(f);
	fixture_edit(f, CONTOSO, "[ 1900000000, 1900099999 ]", "[ 1900000002, 1900099999 ]");
	fixture_edit(f, DIRECTORY, "\"alice\"; uid = 1900000001", "\"alice\"; uid = 1900000021");
	fixture_reload(f);
	assert_int_equal(fixture_count_events(f, "retire"), 1);
	fixture_edit(f, CONTOSO, "[ 1900000002, 1900099999 ]", "[ 1900000000, 1900099999 ]");
	fixture_edit(f, DIRECTORY, "\"dave\"; uid = 1900000004", "\"dave\"; uid = 1900000001");
	fixture_reload(f);
	assert_true(fixture_has_problem(f, "dir-uid-retired", NULL));
	assert_false(fixture_actor(f, UID_ALICE).governed);
}

static void test_T13_a_retired_uid_names_its_user_escaped(void **state)
{
	struct engine_fixture *f = *state;
	const struct problem_list *problems;

	fixture_start(f);
	fixture_edit(f, DIRECTORY, "{ name = \"alice\"; uid", "{ name = \"al\\x1b[2Jice\"; uid");
	fixture_reload(f);
	assert_true(fixture_has_problem(f, "dir-uid-retired", NULL));
	problems = engine_problems(f->engine);
	for (size_t i = 0; i < problems->count; i++)
		assert_null(strchr(problems->items[i].message, '\x1b'));
}

/* glibc's reading of /etc/passwd decides who exists. */
static void test_a_mapped_account_is_found_as_glibc_finds_it(void **state)
{
	static const char *const lines[] = {
		"bob:x:01001:1001::/home/bob:/bin/sh\n", "bob:x: 1001:1001::/home/bob:/bin/sh\n", "  bob:x:1001:1001::/:/bin/sh\n",
		"bob:x:+1001:+1001::/:/bin/sh\n", "bob:x:1001:1001\n", "bob:x:1001:1001::/:/bin/sh\nbob:x:1009:1009::/:/bin/sh\n",
	};
	struct engine_fixture *f = *state;
	struct index_login login;
	char text[256];

	fixture_start(f);
	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
		(void)snprintf(text, sizeof(text), ROOT_LINE "%s", lines[i]);
		fixture_write(f, "etc/passwd", text);
		fixture_reload(f);
		if (fixture_governed(UID_BOB, &login) < 0 || login.governed != GOVERNED_LOCAL)
			fail_msg("bob is not found in: %s", lines[i]);
		assert_string_equal(fixture_actor(f, UID_BOB).user, "bob@contoso.com");
	}
}

/* Who is mapped and has no account is closed by name and by the uid that was bound, as the text says. */
static void test_a_mapped_account_that_is_missing_is_closed(void **state)
{
	static const char *const lines[] = {"", "bob:x:1001\n", "bob:x:1001x:1001::/:/bin/sh\n", "bob:x::1001::/:/bin/sh\n"};
	struct engine_fixture *f = *state;
	struct index_login login;
	char text[256];

	fixture_start(f);
	for (size_t i = 0; i < ARRAY_LENGTH(lines); i++) {
		CLEANUP(index_closep) struct index_view *v = NULL;

		(void)snprintf(text, sizeof(text), ROOT_LINE "%s", lines[i]);
		fixture_write(f, "etc/passwd", text);
		fixture_reload(f);
		assert_true(fixture_has_problem(f, "login-binding", NULL));
		assert_int_equal(fixture_governed(UID_BOB, &login), -EKEYREVOKED);
		assert_int_equal(index_open(&v), 0);
		assert_int_equal(index_login_by_name(v, "bob", &login), -EKEYREVOKED);
	}
	/* The uid is another account's by now, which nothing maps: that is none of ours. */
	fixture_write(f, "etc/passwd", ROOT_LINE "eve:x:1001:1001::/:/bin/sh\n");
	fixture_reload(f);
	assert_int_equal(fixture_governed(UID_BOB, &login), 0);
	assert_int_equal(login.governed, GOVERNED_NOT);
}

static void test_root_is_mapped_to_nobody(void **state)
{
	struct engine_fixture *f = *state;
	const struct problem_list *problems;

	fixture_write(f, "etc/passwd", ROOT_LINE "bob:x:0:0::/:/bin/sh\n");
	fixture_start(f);
	problems = engine_problems(f->engine);
	assert_int_equal(problems->count, 1);
	assert_string_equal(problems->items[0].id, "login-binding");
	assert_null(strstr(problems->items[0].message, "closed"));
}

/* A file of the host's own that others may write is not believed; what was in force stays, and the broker starts. */
static void test_T47_accounts_that_others_may_write_change_nothing(void **state)
{
	static const char *const files[] = {"etc/subuid", "etc/subgid", "etc/passwd", "etc/group"};
	struct engine_fixture *f = *state;
	const struct request *r;
	struct uuid id;

	fixture_write(f, "etc/subuid", "bob:100000:65536\n");
	fixture_write(f, "etc/subgid", "bob:100000:65536\n");
	fixture_start(f);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	id = r->id;
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		char place[32];

		(void)snprintf(place, sizeof(place), "/%s", files[i]);
		fixture_mode(f, files[i], 0664);
		for (int start = 0; start < 2; start++) {
			if (start)
				fixture_restart(f);
			else
				fixture_reload(f);
			(void)engine_tick(f->engine);
			assert_true(fixture_has_problem(f, "accounts", place));
			assert_int_equal(engine_problems(f->engine)->errors, 1);
			assert_non_null(strstr(engine_degraded(f->engine), place));
			assert_string_equal(fixture_actor(f, UID_ALICE).user, "alice@contoso.com");
			assert_string_equal(fixture_actor(f, UID_BOB).user, "bob@contoso.com");
			assert_int_equal(engine_find_id(f->engine, &id, &r), 0);
			assert_int_equal(r->state, REQUEST_ACTIVE);
			assert_int_equal(fixture_granted(f, "postgres"), 1);
			assert_int_equal(fixture_request(f, UID_DAVE, "short", &r), -EROFS);
		}
		fixture_mode(f, files[i], 0644);
		fixture_reload(f);
		assert_null(engine_degraded(f->engine));
		assert_int_equal(engine_problems(f->engine)->errors, 0);
	}
}

/* What ends while nothing can be told ends for the gates as well. */
static void test_T47_endings_go_on_while_accounts_cannot_be_read(void **state)
{
	struct engine_fixture *f = *state;
	const struct actor root = {.root = true, .tenant = SIZE_MAX};
	const struct request *r;
	struct uuid id;

	fixture_start(f);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	id = r->id;
	fixture_mode(f, "etc/passwd", 0666);
	fixture_restart(f);
	assert_int_equal(fixture_granted(f, "postgres"), 1);
	assert_int_equal(engine_revoke(f->engine, &root, &id, "enough", &r), 0);
	assert_int_equal(fixture_granted(f, "postgres"), 0);
}

int main(void)
{
#define UID_TEST(fn) cmocka_unit_test_setup_teardown(fn, engine_fixture_setup_host, engine_fixture_teardown)
	const struct CMUnitTest tests[] = {
		UID_TEST(test_T50_unbinding_retires_every_uid),
		UID_TEST(test_T50_unbinding_while_the_broker_was_down),
		UID_TEST(test_T50_a_tenant_with_another_id_gets_none_of_the_uids),
		UID_TEST(test_T50_a_range_that_moves_hands_no_uid_on),
		UID_TEST(test_T13_a_retired_uid_names_its_user_escaped),
		UID_TEST(test_a_mapped_account_is_found_as_glibc_finds_it),
		UID_TEST(test_a_mapped_account_that_is_missing_is_closed),
		UID_TEST(test_root_is_mapped_to_nobody),
		UID_TEST(test_T47_accounts_that_others_may_write_change_nothing),
		UID_TEST(test_T47_endings_go_on_while_accounts_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
