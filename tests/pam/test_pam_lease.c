/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The staleness lease (T32): what a directory said last holds for as long as tenure.conf says, and no longer. */
#include "tests/unit/cmocka_test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/snapshot/fresh.h"
#include "tests/pam/world.h"

#define HOUR (3600 * NS_PER_S)
#define LOGIN (24 * HOUR)
#define GATE HOUR

static int setup(void **state)
{
	world_setup("enforce");
	return 0;
}

static int setup_report_only(void **state)
{
	world_setup("report-only");
	return 0;
}

static int teardown(void **state)
{
	world_teardown();
	return 0;
}

static void test_a_young_answer_holds(void **state)
{
	world_in_ldap(GATE / 2, LOGIN, GATE);
	assert_int_equal(world_account("sshd", "alice"), PAM_SUCCESS);
	assert_int_equal(world_account("sshd", "dan"), PAM_ACCT_EXPIRED); /* a no is a no, however old */
}

static void test_T32_an_old_answer_is_no_answer(void **state)
{
	world_in_ldap(LOGIN + HOUR, LOGIN, GATE);
	assert_int_equal(world_account("sshd", "alice"), PAM_AUTHINFO_UNAVAIL);
	assert_string_equal(person.last_error,
			    "Tenure: the directory is silent, so sshd is closed; ask root for: tenure check");
	assert_true(logged("deny user=alice why=stale\n"));
	assert_int_equal(world_account("cron", "alice"), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(world_account("sshd", "dan"), PAM_ACCT_EXPIRED);
}

/* Logins and gates have a lease each. */
static void test_T32_gates_close_before_logins(void **state)
{
	fake->uid = fake->euid = UID_ALICE;
	world_grant("alice", "db-operator", 600);
	world_in_ldap(GATE / 2, LOGIN, GATE);
	assert_int_equal(world_account("su", "root"), PAM_SUCCESS);
	world_in_ldap(GATE + HOUR, LOGIN, GATE);
	assert_int_equal(world_account("su", "root"), PAM_PERM_DENIED);
	assert_true(logged("why=stale"));
	fake->uid = fake->euid = 0;
	assert_int_equal(world_account("sshd", "alice"), PAM_SUCCESS);
}

static void test_what_cannot_be_read_is_old(void **state)
{
	char path[256];

	world_in_ldap(0, LOGIN, GATE);
	(void)snprintf(path, sizeof(path), "%s", world_path("/run/tenure/fresh-contoso"));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(world_account("sshd", "alice"), PAM_AUTHINFO_UNAVAIL);
	world_in_ldap(0, LOGIN, GATE);
	world_break(world_path("/run/tenure/fresh-contoso"));
	assert_int_equal(world_account("sshd", "alice"), PAM_AUTHINFO_UNAVAIL);
}

static void test_whom_it_does_not_stop(void **state)
{
	world_in_ldap(LOGIN + HOUR, LOGIN, GATE);
	world_stack("sshd", "account required @", "account required pam_permit.so", NULL);
	assert_int_equal(world_account("sshd", "root"), PAM_SUCCESS);
	assert_int_equal(world_account("sshd", "luser"), PAM_SUCCESS);
	fake->uid = fake->euid = UID_RESCUE; /* break glass: no failure stops it */
	world_stack("su", "account required @", "account required pam_permit.so", NULL);
	world_grant("rescue", "db-operator", 600);
	assert_int_equal(world_account("su", "root"), PAM_SUCCESS);
}

static void test_report_only_reports(void **state)
{
	fake->uid = fake->euid = UID_ALICE;
	world_grant("alice", "db-operator", 600);
	world_in_ldap(GATE + HOUR, LOGIN, GATE);
	world_stack("su", "account required @", "account required pam_permit.so", NULL);
	assert_int_equal(world_account("su", "root"), PAM_SUCCESS);
	assert_true(logged("would-deny"));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_a_young_answer_holds),
		CASE(test_T32_an_old_answer_is_no_answer),
		CASE(test_T32_gates_close_before_logins),
		CASE(test_what_cannot_be_read_is_old),
		CASE(test_whom_it_does_not_stop),
		cmocka_unit_test_setup_teardown(test_report_only_reports, setup_report_only, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
