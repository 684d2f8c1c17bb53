/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What files say becomes what is in force; what breaks takes nothing away and gives nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/snapshot/identity.h"
#include "common/snapshot/index.h"
#include "tests/unit/cmocka_test.h"
#include "tests/unit/engine_fixture.h"

#define DIRECTORY "etc/tenure/directory.d/contoso.conf"
#define HOUR	  (3600 * NS_PER_S)

static mode_t mode_of(struct engine_fixture *f, const char *name)
{
	char path[512];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", f->root, name);
	return stat(path, &st) < 0 ? 0 : st.st_mode & 07777;
}

static void test_without_a_configuration_nobody_is_governed(void **state)
{
	struct engine_fixture *f = *state;
	struct index_login login;
	struct actor alice;

	fixture_remove(f, "etc/tenure/tenure.conf");
	fixture_start(f);
	assert_int_equal(fixture_governed(UID_ALICE, &login), -ENOENT);
	alice = fixture_actor(f, UID_ALICE);
	assert_false(alice.governed);
	assert_int_equal(engine_tenant_count(f->engine), 0);
}

static void test_files_have_the_modes_of_who_may_read_them(void **state)
{
	struct engine_fixture *f = *state;

	fixture_start(f);
	assert_int_equal(mode_of(f, "var/lib/tenure/index"), 0644);
	assert_int_equal(mode_of(f, "var/lib/tenure/tenants/contoso/identity"), 0644);
	assert_int_equal(mode_of(f, "var/lib/tenure/tenants/contoso/holders"), 0644);
	assert_int_equal(mode_of(f, "var/lib/tenure/tenants/contoso/grants"), 0644);
	assert_int_equal(mode_of(f, "var/lib/tenure/tenants/contoso/policy"), 0600);
	assert_int_equal(mode_of(f, "var/lib/tenure/tenants/contoso/secrets"), 0600);
	assert_int_equal(mode_of(f, "var/lib/tenure/tenants/contoso/keys"), 0600);
	assert_int_equal(mode_of(f, "var/lib/tenure/journal"), 0700);
	assert_int_equal(mode_of(f, "var/lib/tenure/last"), 0700);
	assert_int_equal(mode_of(f, "var/lib/tenure/last/directory.d/contoso.conf"), 0600);
}

static void test_a_file_that_breaks_serves_its_last_good_content(void **state)
{
	struct engine_fixture *f = *state;
	static const char *const files[] = {DIRECTORY, "etc/tenure/tenants.d/contoso.conf", "etc/tenure/tenure.conf"};
	const struct request *r;

	fixture_start(f);
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		char *good = fixture_read(f, files[i]);

		fixture_write(f, files[i], "users = ( { name = ");
		fixture_reload(f);
		assert_true(engine_problems(f->engine)->errors > 0);
		assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
		fixture_restart(f);
		assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
		fixture_remove(f, files[i]);
		fixture_restart(f);
		assert_true(fixture_actor(f, UID_ALICE).governed);
		fixture_write(f, files[i], good);
		fixture_reload(f);
		assert_int_equal(engine_problems(f->engine)->errors, 0);
		free(good);
	}
}

static void test_T33_a_file_that_others_may_write_is_not_taken(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;
	char path[512];

	fixture_start(f);
	fixture_edit(f, DIRECTORY, "\"alice\", \"bob\"", "\"bob\"");
	(void)snprintf(path, sizeof(path), "%s/%s", f->root, DIRECTORY);
	assert_int_equal(chmod(path, 0666), 0);
	fixture_reload(f);
	assert_true(fixture_has_problem(f, "conf-file", NULL));
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
}

static void test_T49_a_broken_restriction_keeps_the_last_good_policy(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;

	fixture_start(f);
	/* The deny names a group that is not there, and another assignment is new: none of it may come into force. */
	fixture_edit(f, DIRECTORY, "assignments = (",
		     "assignments = ( { type = \"deny\"; role = \"db-operator\"; group = \"nobody-here\"; scope = \"/\"; },"
		     " { type = \"eligible\"; role = \"quick\"; user = \"carol\"; scope = \"/prod\"; },");
	fixture_reload(f);
	assert_true(engine_problems(f->engine)->errors > 0);
	assert_int_equal(fixture_request(f, UID_ALICE, "db-operator", &r), 0);
	assert_int_equal(fixture_request(f, UID_CAROL, "quick", &r), -EACCES);
	fixture_restart(f);
	assert_int_equal(fixture_request(f, UID_CAROL, "quick", &r), -EACCES);
}

/* A typo in this host's entry must not lead the host out of where a deny reaches it. */
static void test_T49_a_host_entry_that_breaks_keeps_its_denies(void **state)
{
	static const struct {
		const char *from, *to;
	} typos[] = {
		{"name = \"db1\"; id = \"", "name = \"db1\"; id = \"x"}, {"name = \"db1\"; id", "nam = \"db1\"; id"},
		{"name = \"db1\"", "name = \"db 1\""},			    {"\"; scope = \"/prod/web\"", "\"; scope = \"/prod/wbe\""},
	};
	struct engine_fixture *f = *state;
	const struct request *r;

	fixture_edit(f, DIRECTORY, "assignments = (",
		     "assignments = ( { type = \"deny\"; role = \"quick\"; user = \"alice\"; scope = \"/prod\"; },"
		     " { type = \"eligible\"; role = \"quick\"; user = \"alice\"; scope = \"/\"; },");
	fixture_start(f);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), -EACCES);
	for (size_t i = 0; i < ARRAY_LENGTH(typos); i++) {
		char *good = fixture_read(f, DIRECTORY);

		fixture_edit(f, DIRECTORY, typos[i].from, typos[i].to);
		fixture_reload(f);
		if (fixture_request(f, UID_ALICE, "quick", &r) != -EACCES)
			fail_msg("granted with %s", typos[i].to);
		assert_true(engine_problems(f->engine)->errors > 0);
		fixture_restart(f);
		assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), -EACCES);
		fixture_write(f, DIRECTORY, good);
		fixture_reload(f);
		free(good);
	}
}

static void test_T49_with_no_good_policy_the_gates_are_closed(void **state)
{
	struct engine_fixture *f = *state;
	const struct request_input in = {.role = "quick", .ticket = "1"};
	struct index_login login;
	const struct request *r;
	struct actor alice;

	fixture_edit(f, DIRECTORY, "assignments = (",
		     "assignments = ( { type = \"deny\"; role = \"db-operator\"; group = \"nobody-here\"; scope = \"/\"; },");
	fixture_start(f);
	assert_null(engine_policy(f->engine, 0));
	assert_int_equal(fixture_governed(UID_ALICE, &login), 0);
	assert_int_equal(login.governed, GOVERNED_TENANT);
	assert_int_equal(engine_actor(f->engine, UID_ALICE, UID_ALICE, &alice), -EBADMSG);
	alice.governed = true;
	alice.tenant = 0;
	assert_true(engine_request(f->engine, &alice, &in, true, &r) < 0);
	assert_int_equal(fixture_granted(f, "postgres"), 0);
}

static void test_unbinding_ends_grants_and_leaves_nothing(void **state)
{
	struct engine_fixture *f = *state;
	struct index_login login;
	const struct request *r;

	fixture_start(f);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	fixture_edit(f, "etc/tenure/tenure.conf", "[ \"contoso\" ]", "[ ]");
	fixture_edit(f, "etc/tenure/tenure.conf", "{ login = \"bob\"; principal = \"bob@contoso.com\"; }", "");
	fixture_reload(f);
	assert_int_equal(r->state, REQUEST_REVOKED);
	assert_int_equal(fixture_governed(UID_ALICE, &login), -ENOENT);
	assert_int_equal(mode_of(f, "var/lib/tenure/tenants/contoso/grants"), 0);
	assert_int_equal(mode_of(f, "var/lib/tenure/tenants/contoso"), 0);
	assert_int_equal(mode_of(f, "var/lib/tenure/last/directory.d/contoso.conf"), 0);
	assert_int_equal(mode_of(f, "var/lib/tenure/last/tenants.d/contoso.conf"), 0);
}

/* As a broker leaves them that is killed while it writes. */
static void leave_unfinished_files(struct engine_fixture *f)
{
	fixture_write(f, "var/lib/tenure/.index.0123456789abcdef", "x");
	fixture_write(f, "var/lib/tenure/tenants/contoso/.secrets.0123456789abcdef", "$y$");
	fixture_write(f, "var/lib/tenure/last/directory.d/.contoso.conf.0123456789abcdef", "$y$");
	fixture_write(f, "run/tenure/.generation.0123456789abcdef", "x");
}

static void assert_no_unfinished_files(struct engine_fixture *f)
{
	assert_false(fixture_exists(f, "var/lib/tenure/.index.0123456789abcdef"));
	assert_false(fixture_exists(f, "var/lib/tenure/tenants/contoso/.secrets.0123456789abcdef"));
	assert_false(fixture_exists(f, "var/lib/tenure/last/directory.d/.contoso.conf.0123456789abcdef"));
	assert_false(fixture_exists(f, "run/tenure/.generation.0123456789abcdef"));
}

static void test_a_start_sweeps_what_a_killed_broker_left(void **state)
{
	struct engine_fixture *f = *state;

	fixture_start(f);
	leave_unfinished_files(f);
	fixture_restart(f);
	assert_no_unfinished_files(f);
	assert_int_equal(mode_of(f, "var/lib/tenure/tenants/contoso/secrets"), 0600);
	/* Nor does it take a configuration that can be read. */
	leave_unfinished_files(f);
	fixture_remove(f, "etc/tenure/tenure.conf");
	fixture_restart(f);
	assert_no_unfinished_files(f);
}

static void test_unbinding_leaves_no_unfinished_file_and_says_what_it_cannot_remove(void **state)
{
	struct engine_fixture *f = *state;

	fixture_start(f);
	leave_unfinished_files(f);
	fixture_write(f, "var/lib/tenure/tenants/contoso/notes", "somebody's");
	fixture_edit(f, "etc/tenure/tenure.conf", "[ \"contoso\" ]", "[ ]");
	fixture_edit(f, "etc/tenure/tenure.conf", "{ login = \"bob\"; principal = \"bob@contoso.com\"; }", "");
	fixture_reload(f);
	assert_no_unfinished_files(f);
	assert_false(fixture_exists(f, "var/lib/tenure/tenants/contoso/secrets"));
	assert_true(fixture_exists(f, "var/lib/tenure/tenants/contoso/notes"));
	assert_true(fixture_has_problem(f, "state-left", NULL));
	fixture_remove(f, "var/lib/tenure/tenants/contoso/notes");
	fixture_reload(f);
	assert_false(fixture_has_problem(f, "state-left", NULL));
	assert_int_equal(mode_of(f, "var/lib/tenure/tenants/contoso"), 0);
}

static void test_T50_a_retired_uid_is_nobodys(void **state)
{
	struct engine_fixture *f = *state;
	const char *const alice_id = "{ name = \"alice\"; id = \"0b0b0b0b-0000-4000-8000-000000000001\"; uid = 1900000001;";
	const struct request *r;
	struct actor a;

	fixture_start(f);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	const struct uuid old = r->principal;

	/* A new alice in one change: another id, the old name and uid. */
	fixture_edit(f, DIRECTORY, "{ name = \"alice\"; uid = 1900000001;", alice_id);
	fixture_reload(f);
	assert_int_equal(r->state, REQUEST_REVOKED);
	assert_int_equal(fixture_count_events(f, "retire"), 1);
	assert_true(fixture_has_problem(f, "dir-uid-retired", NULL));
	assert_false(fixture_actor(f, UID_ALICE).governed);
	fixture_restart(f);
	assert_false(fixture_actor(f, UID_ALICE).governed);
	/* With a uid of her own she is somebody, and holds nothing of what the old one held. */
	fixture_edit(f, DIRECTORY, "uid = 1900000001;", "uid = 1900000007;");
	fixture_reload(f);
	a = fixture_actor(f, 1900000007);
	assert_true(a.governed);
	assert_false(uuid_equal(&a.principal_id, &old));
	assert_int_equal(fixture_granted(f, "postgres"), 0);
	assert_int_equal(fixture_count_events(f, "retire"), 1);
}

static void test_T50_a_deletion_while_the_broker_was_down_is_noticed(void **state)
{
	struct engine_fixture *f = *state;

	fixture_start(f);
	fixture_stop(f);
	fixture_edit(f, DIRECTORY, "{ name = \"dave\"; uid = 1900000004; }", "{ name = \"mallory\"; uid = 1900000004; }");
	fixture_edit(f, DIRECTORY, "\"bob\", \"dave\"", "\"bob\", \"mallory\"");
	fixture_edit(f, DIRECTORY, "\"carol\", \"dave\"", "\"carol\"");
	fixture_start(f);
	assert_int_equal(fixture_count_events(f, "retire"), 1);
	assert_false(fixture_actor(f, UID_DAVE).governed);
}

static void test_T50_a_binding_holds_name_uid_and_principal_together(void **state)
{
	struct engine_fixture *f = *state;
	struct index_login login;
	struct actor bob;

	fixture_start(f);
	bob = fixture_actor(f, UID_BOB);
	assert_string_equal(bob.user, "bob@contoso.com");
	assert_int_equal(fixture_count_events(f, "bind"), 1);
	fixture_restart(f);
	assert_int_equal(fixture_count_events(f, "bind"), 1);
	/* The account is made anew with another uid. */
	fixture_write(f, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nbob:x:1002:1002::/home/bob:/bin/sh\n");
	fixture_reload(f);
	assert_true(fixture_has_problem(f, "login-binding", NULL));
	assert_int_equal(fixture_governed(1002, &login), -EKEYREVOKED);
	assert_int_equal(engine_actor(f->engine, 1002, 1002, &bob), -EKEYREVOKED);
	/* Its old uid, and another principal. */
	fixture_write(f, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n");
	fixture_edit(f, "etc/tenure/tenure.conf", "bob@contoso.com", "carol@contoso.com");
	fixture_reload(f);
	assert_int_equal(fixture_governed(UID_BOB, &login), -EKEYREVOKED);
	fixture_edit(f, "etc/tenure/tenure.conf", "carol@contoso.com", "bob@contoso.com");
	fixture_reload(f);
	assert_int_equal(fixture_governed(UID_BOB, &login), 0);
	assert_int_equal(login.governed, GOVERNED_LOCAL);
}

/* By two domains of one tenant, so that no look at the texts tells. */
static void test_T50_a_principal_mapped_twice_closes_the_second_login(void **state)
{
	struct engine_fixture *f = *state;
	struct index_login login;

	fixture_write(f, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nbob:x:1001:1001::/home/bob:/bin/sh\n"
				       "bobby:x:1003:1003::/home/bobby:/bin/sh\n");
	fixture_edit(f, "etc/tenure/tenants.d/contoso.conf", "\"contoso.com\"", "\"contoso.com\", \"contoso.net\"");
	fixture_edit(f, "etc/tenure/tenure.conf", "\"bob@contoso.com\"; }",
		     "\"bob@contoso.com\"; }, { login = \"bobby\"; principal = \"bob@contoso.net\"; }");
	fixture_start(f);
	for (int i = 0; i < 2; i++) {
		assert_true(fixture_has_problem(f, "login-binding", NULL));
		assert_int_equal(fixture_governed(1003, &login), -EKEYREVOKED);
		assert_int_equal(fixture_governed(UID_BOB, &login), 0);
		assert_int_equal(login.governed, GOVERNED_LOCAL);
		assert_string_equal(fixture_actor(f, UID_BOB).user, "bob@contoso.com");
		fixture_restart(f);
	}
}

static void test_T47_who_can_forge_a_uid_is_not_believed(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;
	struct actor a;

	fixture_start(f);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	fixture_write(f, "etc/subuid", "bob:1900000001:1\n");
	fixture_reload(f);
	assert_true(engine_problems(f->engine)->errors > 0);
	assert_int_equal(engine_actor(f->engine, UID_ALICE, UID_ALICE, &a), -EKEYREVOKED);
	assert_int_equal(r->state, REQUEST_REVOKED);
	assert_int_equal(fixture_granted(f, "postgres"), 0);
	assert_true(fixture_actor(f, UID_CAROL).governed);
	/* Where the last good policy has to stay, those whose uid can be forged are refused all the same. */
	fixture_write(f, "etc/subuid", "bob:1900000000:65536\n");
	fixture_reload(f);
	assert_int_equal(engine_actor(f->engine, UID_CAROL, UID_CAROL, &a), -EKEYREVOKED);
	assert_false(a.governed);
}

static void test_a_policy_change_is_journalled_once(void **state)
{
	struct engine_fixture *f = *state;

	fixture_start(f);
	assert_int_equal(fixture_count_events(f, "policy"), 3);
	fixture_reload(f);
	fixture_restart(f);
	assert_int_equal(fixture_count_events(f, "policy"), 3);
	fixture_edit(f, DIRECTORY, "\"Quick\"", "\"Quicker\"");
	fixture_reload(f);
	assert_int_equal(fixture_count_events(f, "policy"), 4);
}

struct last_result {
	const char *file;
	char text[64];
};

static int find_result(void *context, const struct journal_record *record)
{
	struct last_result *found = context;
	const char *file = json_string_value(json_object_get(record->line, "file"));

	if (file && strcmp(file, found->file) == 0)
		(void)snprintf(found->text, sizeof(found->text), "%s",
			       json_string_value(json_object_get(record->line, "result")));
	return 0;
}

static void expect_result(struct engine_fixture *f, const char *file, const char *text)
{
	struct last_result found = {.file = file};
	struct journal_report report;

	assert_int_equal(journal_each(engine_journal(f->engine), find_result, &found, &report), 0);
	assert_string_equal(found.text, text);
}

static void test_the_journal_says_what_is_served(void **state)
{
	struct engine_fixture *f = *state;

	fixture_bind_fabrikam(f);
	fixture_write(f, "etc/tenure/directory.d/fabrikam.conf", "users = ");
	fixture_start(f);
	expect_result(f, "directory.d/fabrikam.conf", "not taken");
	expect_result(f, "tenants.d/fabrikam.conf", "taken");
	fixture_write(f, "etc/tenure/tenants.d/fabrikam.conf", "id = ");
	fixture_write(f, DIRECTORY, "users = ");
	fixture_reload(f);
	expect_result(f, "tenants.d/fabrikam.conf", "last good content is served");
	expect_result(f, "directory.d/contoso.conf", "last good content is served");
	fixture_remove(f, "var/lib/tenure/last/tenants.d/fabrikam.conf");
	fixture_write(f, "etc/tenure/tenants.d/fabrikam.conf", "id == ");
	fixture_reload(f);
	expect_result(f, "tenants.d/fabrikam.conf", "what is published is served");
}

static void test_T47_a_range_that_containers_may_take_is_reported(void **state)
{
	struct engine_fixture *f = *state;

	fixture_edit(f, "etc/tenure/tenants.d/contoso.conf", "[ 1900000000, 1900099999 ]", "[ 600000, 1900099999 ]");
	fixture_start(f);
	assert_true(fixture_has_problem(f, "subuid", "tenants.d/contoso.conf"));
	assert_int_equal(engine_problems(f->engine)->errors, 0);
	fixture_write(f, "etc/subuid", "bob:700000:65536\n");
	fixture_reload(f);
	assert_int_equal(engine_problems(f->engine)->errors, 1);
	assert_true(fixture_actor(f, UID_ALICE).governed);
}

static void test_a_change_is_noticed_and_served(void **state)
{
	struct engine_fixture *f = *state;
	const struct request *r;

	fixture_start(f);
	assert_true(engine_watch_fd(f->engine) >= 0);
	assert_int_equal(fixture_request(f, UID_ALICE, "quick", &r), 0);
	fixture_edit(f, DIRECTORY, "\"alice\", \"bob\"", "\"bob\"");
	engine_watch_ready(f->engine);
	assert_true(engine_tick(f->engine) <= f->clock.at.boottime_ns + 100 * NS_PER_MS);
	assert_int_equal(r->state, REQUEST_ACTIVE);
	fixture_pass(f, 100 * NS_PER_MS);
	assert_int_equal(r->state, REQUEST_REVOKED);
}

static void test_two_tenants_share_nothing(void **state)
{
	struct engine_fixture *f = *state;
	char *tenant = fixture_read(f, "etc/tenure/tenants.d/contoso.conf");

	fixture_write(f, "etc/tenure/tenants.d/fabrikam.conf", tenant);
	free(tenant);
	fixture_edit(f, "etc/tenure/tenants.d/fabrikam.conf", "5d0b3a2e", "6d0b3a2e");
	fixture_edit(f, "etc/tenure/tenants.d/fabrikam.conf", "contoso.com", "fabrikam.com");
	fixture_edit(f, "etc/tenure/tenure.conf", "[ \"contoso\" ]", "[ \"contoso\", \"fabrikam\" ]");
	fixture_start(f);
	assert_true(fixture_has_problem(f, "tenant-range", NULL));
	assert_int_equal(engine_tenant_count(f->engine), 1);
	assert_true(fixture_actor(f, UID_ALICE).governed);
}

int main(void)
{
#define CONFIG_TEST(fn) cmocka_unit_test_setup_teardown(fn, engine_fixture_setup_host, engine_fixture_teardown)
	const struct CMUnitTest tests[] = {
		CONFIG_TEST(test_without_a_configuration_nobody_is_governed),
		CONFIG_TEST(test_files_have_the_modes_of_who_may_read_them),
		CONFIG_TEST(test_a_file_that_breaks_serves_its_last_good_content),
		CONFIG_TEST(test_T33_a_file_that_others_may_write_is_not_taken),
		CONFIG_TEST(test_T49_a_broken_restriction_keeps_the_last_good_policy),
		CONFIG_TEST(test_T49_a_host_entry_that_breaks_keeps_its_denies),
		CONFIG_TEST(test_T49_with_no_good_policy_the_gates_are_closed),
		CONFIG_TEST(test_unbinding_ends_grants_and_leaves_nothing),
		CONFIG_TEST(test_a_start_sweeps_what_a_killed_broker_left),
		CONFIG_TEST(test_unbinding_leaves_no_unfinished_file_and_says_what_it_cannot_remove),
		CONFIG_TEST(test_T50_a_retired_uid_is_nobodys),
		CONFIG_TEST(test_T50_a_deletion_while_the_broker_was_down_is_noticed),
		CONFIG_TEST(test_T50_a_binding_holds_name_uid_and_principal_together),
		CONFIG_TEST(test_T50_a_principal_mapped_twice_closes_the_second_login),
		CONFIG_TEST(test_T47_who_can_forge_a_uid_is_not_believed),
		CONFIG_TEST(test_a_policy_change_is_journalled_once),
		CONFIG_TEST(test_the_journal_says_what_is_served),
		CONFIG_TEST(test_T47_a_range_that_containers_may_take_is_reported),
		CONFIG_TEST(test_a_change_is_noticed_and_served),
		CONFIG_TEST(test_two_tenants_share_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
