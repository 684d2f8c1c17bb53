/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who is governed when a file of the configuration is wrong: those who were. Nothing but `tenants` in a tenure.conf
 * that parses takes a tenant away.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define HOST	 "etc/tenure/tenure.conf"
#define CONTOSO	 "etc/tenure/tenants.d/contoso.conf"
#define FABRIKAM "etc/tenure/tenants.d/fabrikam.conf"
#define LAST	 "var/lib/tenure/last/"

static void expect_governed(uid_t uid, const char *what)
{
	struct index_login login = {0};
	int r = fixture_governed(uid, &login);

	if (r < 0 || login.governed != GOVERNED_TENANT)
		fail_msg("%s: uid %u: %d, governed %d", what, uid, r, login.governed);
}

/* Both tenants are served, each user by the own one, and nothing of them is gone. */
static void expect_both(struct engine_fixture *f, const char *what)
{
	static const char *const kept[] = {LAST "tenure.conf", LAST "tenants.d/contoso.conf", LAST "directory.d/contoso.conf",
					   LAST "directory.d/fabrikam.conf", "var/lib/tenure/tenants/fabrikam/policy",
					   "var/lib/tenure/tenants/fabrikam/identity"};

	expect_governed(UID_ALICE, what);
	expect_governed(UID_FRED, what);
	assert_int_equal(engine_tenant_count(f->engine), 2);
	assert_string_equal(fixture_actor(f, UID_ALICE).user, "alice@contoso.com");
	assert_string_equal(fixture_actor(f, UID_FRED).user, "fred@fabrikam.com");
	assert_null(engine_degraded(f->engine));
	for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
		if (!fixture_exists(f, kept[i]))
			fail_msg("%s: %s is gone", what, kept[i]);
}

static const struct {
	const char *file, *from, *to, *id;
} typos[] = {
	{FABRIKAM, "fabrikam.com", "contoso.com", "tenant-duplicate"},
	{FABRIKAM, "6d0b3a2e", "5d0b3a2e", "tenant-duplicate"},
	{FABRIKAM, "[ 1910000000, 1910099999 ]", "[ 1900000000, 1910099999 ]", "tenant-range"},
	{FABRIKAM, "[ 1910000000, 1910099999 ]", "[ 0, 1910099999 ]", "tenant-range"},
	{FABRIKAM, "id = ", "id ", "conf-syntax"},
	/* In the first tenant's file it must not cost the second one's users anything. */
	{CONTOSO, "[ 1900000000, 1900099999 ]", "[ 1900000000, 1910099999 ]", "tenant-range"},
	{CONTOSO, "contoso.com", "fabrikam.com", "tenant-duplicate"},
};

static void test_T47_a_typo_takes_no_tenant_away(void **state)
{
	struct engine_fixture *f = *state;

	fixture_bind_fabrikam(f);
	fixture_start(f);
	expect_both(f, "before");
	for (size_t i = 0; i < ARRAY_LENGTH(typos); i++) {
		char last[128], *good = fixture_read(f, typos[i].file), *kept;

		(void)snprintf(last, sizeof(last), LAST "tenants.d/%s", strrchr(typos[i].file, '/') + 1);
		fixture_edit(f, typos[i].file, typos[i].from, typos[i].to);
		for (int again = 0; again < 3; again++) {
			if (again == 2)
				fixture_restart(f);
			else
				fixture_reload(f);
			expect_both(f, typos[i].to);
			assert_true(fixture_has_problem(f, typos[i].id, NULL));
			kept = fixture_read(f, last);
			assert_string_equal(kept, good);
			free(kept);
		}
		fixture_write(f, typos[i].file, good);
		fixture_reload(f);
		assert_int_equal(engine_problems(f->engine)->errors, 0);
		free(good);
	}
}

/* Nothing is left but what is published: that says whose the uids are. */
static void test_a_tenant_without_any_good_file_stays_governed(void **state)
{
	struct engine_fixture *f = *state;

	fixture_bind_fabrikam(f);
	fixture_start(f);
	for (int broken = 0; broken < 2; broken++) {
		fixture_remove(f, LAST "tenants.d/fabrikam.conf");
		if (broken)
			fixture_write(f, FABRIKAM, "id = ");
		else
			fixture_edit(f, FABRIKAM, "fabrikam.com", "contoso.com");
		fixture_reload(f);
		expect_both(f, "reload");
		assert_false(fixture_exists(f, LAST "tenants.d/fabrikam.conf"));
		fixture_restart(f);
		expect_both(f, "restart");
		/* The other tenant goes on as ever. */
		fixture_edit(f, "etc/tenure/directory.d/contoso.conf", "\"carol\"; uid = 1900000003", "\"carol\"; uid = 1900000006");
		fixture_reload(f);
		assert_true(fixture_actor(f, 1900000006).governed);
		fixture_edit(f, "etc/tenure/directory.d/contoso.conf", "\"carol\"; uid = 1900000006", "\"carol\"; uid = 1900000003");
		fixture_bind_fabrikam_files(f);
		fixture_reload(f);
		expect_both(f, "mended");
	}
}

/* What is published does not fit any more either: then all of it stays as it is, and root is told. */
static void test_what_cannot_be_told_changes_nothing(void **state)
{
	struct engine_fixture *f = *state;
	struct index_login login;

	fixture_bind_fabrikam(f);
	fixture_start(f);
	fixture_remove(f, LAST "tenants.d/fabrikam.conf");
	fixture_remove(f, LAST "tenants.d/contoso.conf");
	fixture_write(f, FABRIKAM, "id = ");
	fixture_edit(f, CONTOSO, "[ 1900000000, 1900099999 ]", "[ 1900000000, 1910099999 ]");
	fixture_reload(f);
	assert_non_null(strstr(engine_degraded(f->engine), "tenants.d/fabrikam.conf"));
	expect_governed(UID_FRED, "running");
	assert_int_equal(fixture_governed(UID_FRED, &login), 0);
	assert_int_equal(login.tenant, 1);
	assert_string_equal(fixture_actor(f, UID_FRED).user, "fred@fabrikam.com");
	assert_false(fixture_exists(f, LAST "tenants.d/contoso.conf"));
	fixture_restart(f);
	assert_non_null(strstr(engine_degraded(f->engine), "tenants.d/fabrikam.conf"));
	expect_governed(UID_FRED, "started anew");
	expect_governed(UID_ALICE, "started anew");
	assert_true(fixture_exists(f, "var/lib/tenure/tenants/fabrikam/policy"));
	fixture_bind_fabrikam_files(f);
	fixture_edit(f, CONTOSO, "[ 1900000000, 1910099999 ]", "[ 1900000000, 1900099999 ]");
	fixture_reload(f);
	expect_both(f, "mended");
}

/* A name mistyped in `tenants` is a tenant that nobody has seen, and one that seems to be gone. */
static void test_a_mistyped_name_unbinds_nobody(void **state)
{
	struct engine_fixture *f = *state;

	fixture_bind_fabrikam(f);
	fixture_start(f);
	fixture_edit(f, HOST, "\"fabrikam\"", "\"fabrikan\"");
	fixture_reload(f);
	assert_non_null(strstr(engine_degraded(f->engine), "tenants.d/fabrikan.conf"));
	expect_governed(UID_FRED, "mistyped");
	fixture_restart(f);
	expect_governed(UID_FRED, "mistyped, started anew");
	fixture_edit(f, HOST, "\"fabrikan\"", "\"fabrikam\"");
	fixture_reload(f);
	expect_both(f, "mended");
	/* Taking it out is what unbinds it. */
	fixture_edit(f, HOST, ", \"fabrikam\"", "");
	fixture_reload(f);
	assert_false(fixture_exists(f, "var/lib/tenure/tenants/fabrikam"));
	assert_false(fixture_exists(f, LAST "tenants.d/fabrikam.conf"));
	assert_null(engine_degraded(f->engine));
}

/* What has never been in force is left out, and that takes nothing from anybody. */
static void test_a_new_tenant_that_collides_is_left_out(void **state)
{
	struct engine_fixture *f = *state;

	fixture_start(f);
	fixture_bind_fabrikam(f);
	fixture_edit(f, FABRIKAM, "fabrikam.com", "contoso.com");
	fixture_reload(f);
	assert_true(fixture_has_problem(f, "tenant-duplicate", "tenants.d/fabrikam.conf"));
	assert_int_equal(engine_tenant_count(f->engine), 1);
	assert_null(engine_degraded(f->engine));
	expect_governed(UID_ALICE, "left out");
	assert_true(fixture_actor(f, UID_ALICE).governed);
	assert_false(fixture_exists(f, LAST "tenants.d/fabrikam.conf"));
	fixture_edit(f, FABRIKAM, "contoso.com", "fabrikam.com");
	fixture_reload(f);
	expect_both(f, "mended");
}

/* Ranges that change hands in one change of both files collide with nothing that stands in them. */
static void test_two_files_may_change_together(void **state)
{
	struct engine_fixture *f = *state;

	fixture_bind_fabrikam(f);
	fixture_start(f);
	fixture_edit(f, CONTOSO, "\"contoso.com\"", "\"fabrikam.com\"");
	fixture_edit(f, FABRIKAM, "\"fabrikam.com\"", "\"contoso.com\"");
	fixture_reload(f);
	assert_int_equal(engine_tenant_count(f->engine), 2);
	assert_string_equal(fixture_actor(f, UID_FRED).user, "fred@contoso.com");
	assert_false(fixture_has_problem(f, "tenant-duplicate", NULL));
}

static void test_a_tenure_conf_that_says_nothing_governs_as_before(void **state)
{
	static const char *const texts[] = {"", "\n", "# tenants = [ \"contoso\" ];\n", "gate = { mode = \"enforce\"; };"};
	struct engine_fixture *f = *state;
	const struct request *r;

	fixture_start(f);
	char *good = fixture_read(f, HOST);

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++) {
		char *kept;

		fixture_write(f, HOST, texts[i]);
		fixture_reload(f);
		assert_true(fixture_has_problem(f, "conf-missing", "tenure.conf"));
		expect_governed(UID_ALICE, texts[i]);
		fixture_restart(f);
		expect_governed(UID_ALICE, texts[i]);
		assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
		kept = fixture_read(f, LAST "tenure.conf");
		assert_string_equal(kept, good);
		free(kept);
		assert_true(fixture_exists(f, LAST "directory.d/contoso.conf"));
	}
	free(good);
}

/* tenure.conf does not parse, and what it said last is gone: what is in force stays in force. */
static void test_without_any_tenure_conf_grants_and_gates_stay(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;
	struct uuid id;

	fixture_start(f);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	id = r->id;
	char *good = fixture_read(f, HOST);

	for (int absent = 0; absent < 2; absent++) {
		fixture_remove(f, LAST "tenure.conf");
		if (absent)
			fixture_remove(f, HOST);
		else
			fixture_write(f, HOST, "tenants = ");
		fixture_reload(f);
		(void)engine_tick(f->engine);
		assert_non_null(strstr(engine_degraded(f->engine), "tenure.conf"));
		assert_int_equal(engine_problems(f->engine)->errors, 1);
		assert_int_equal(r->state, REQUEST_ACTIVE);
		assert_int_equal(engine_tenant_count(f->engine), 1);
		assert_int_equal(fixture_granted(f, "postgres"), 1);
		expect_governed(UID_ALICE, "running");
		assert_int_equal(fixture_request(f, UID_DAVE, "short", &r), -EROFS);
		fixture_restart(f);
		(void)engine_tick(f->engine);
		assert_non_null(engine_degraded(f->engine));
		assert_int_equal(engine_find_id(f->engine, &id, &r), 0);
		assert_int_equal(r->state, REQUEST_ACTIVE);
		assert_int_equal(fixture_granted(f, "postgres"), 1);
		expect_governed(UID_ALICE, "started anew");
		fixture_write(f, HOST, good);
		fixture_reload(f);
		assert_null(engine_degraded(f->engine));
		assert_int_equal(engine_find_id(f->engine, &id, &r), 0);
		assert_int_equal(r->state, REQUEST_ACTIVE);
	}
	free(good);
	assert_int_equal(fixture_count_events(f, "revoke"), 0);
}

int main(void)
{
#define TENANT_TEST(fn) cmocka_unit_test_setup_teardown(fn, engine_fixture_setup_host, engine_fixture_teardown)
	const struct CMUnitTest tests[] = {
		TENANT_TEST(test_T47_a_typo_takes_no_tenant_away),
		TENANT_TEST(test_a_tenant_without_any_good_file_stays_governed),
		TENANT_TEST(test_what_cannot_be_told_changes_nothing),
		TENANT_TEST(test_a_mistyped_name_unbinds_nobody),
		TENANT_TEST(test_a_new_tenant_that_collides_is_left_out),
		TENANT_TEST(test_two_files_may_change_together),
		TENANT_TEST(test_a_tenure_conf_that_says_nothing_governs_as_before),
		TENANT_TEST(test_without_any_tenure_conf_grants_and_gates_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
