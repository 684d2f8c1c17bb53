/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The account phase: who is judged, what comes back, what is said and logged. */
#include "tests/unit/cmocka_test.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/pam/world.h"

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

/* A stack of our module alone turns PAM_IGNORE into PAM_PERM_DENIED; with pam_permit behind it, into success. */
static void stack_with_permit(const char *service)
{
	world_stack(service, "auth required @", "auth required pam_permit.so", "account required @",
		    "account required pam_permit.so", "session required @", "session required pam_permit.so", NULL);
}

static void assert_ignored(const char *service, const char *user)
{
	stack_with_permit(service);
	assert_int_equal(world_account(service, user), PAM_SUCCESS);
	assert_int_equal(person.errors, 0);
	world_stack(service, "account required @", NULL);
	assert_int_equal(world_account(service, user), PAM_PERM_DENIED);
	assert_int_equal(person.errors, 0);
}

static void test_login_by_standing_right(void **state)
{
	assert_int_equal(world_account("sshd", "alice"), PAM_SUCCESS);
	assert_int_equal(world_account("login", "carol"), PAM_SUCCESS);
	assert_int_equal(person.errors, 0);
}

static void test_login_by_grant_until_it_ends(void **state)
{
	assert_int_equal(world_account("sshd", "gina"), PAM_PERM_DENIED);
	assert_non_null(strstr(person.last_error, "visitor"));
	world_grant("gina", "visitor", 60);
	assert_int_equal(world_account("sshd", "gina"), PAM_SUCCESS);
	world_grant("gina", "visitor", -1);
	assert_int_equal(world_account("sshd", "gina"), PAM_PERM_DENIED);
}

static void test_login_refused(void **state)
{
	assert_int_equal(world_account("sshd", "dan"), PAM_ACCT_EXPIRED);
	assert_string_equal(person.last_error, "Tenure: your account is disabled; ask your administrator");
	assert_true(logged("deny user=dan why=disabled\n"));
	assert_int_equal(world_account("sshd", "future"), PAM_ACCT_EXPIRED);
	assert_true(logged("deny user=future why=not-yet\n"));
	assert_int_equal(world_account("sshd", "mallory"), PAM_PERM_DENIED);
	assert_true(logged("deny user=mallory why=no-login-right\n"));
	assert_int_equal(person.errors, 1);
}

static void test_others_are_left_alone(void **state)
{
	assert_ignored("sshd", "root");
	assert_ignored("sshd", "luser");
	assert_ignored("sshd", "bob"); /* mapped for gates alone */
	assert_ignored("cron", "luser");
	assert_ignored("ftpd", "alice"); /* no class */
	fake->uid = 0;
	assert_ignored("sudo", "root");
	fake->uid = UID_LUSER;
	assert_ignored("sudo", "luser");
	assert_ignored("su", "root");
	assert_string_equal(fake->syslog, "");
}

static void test_nobody_is_governed_without_an_index(void **state)
{
	assert_int_equal(unlink(world_path("/var/lib/tenure/index")), 0);
	fake->uid = UID_ALICE;
	assert_ignored("sudo", "alice");
	assert_ignored("sshd", "alice");
}

static void test_mapped_login_with_login_tenant(void **state)
{
	assert_int_equal(world_account("sshd", "lou"), PAM_PERM_DENIED);
	assert_true(logged("deny user=lou why=no-login-right"));
}

static void test_a_broken_mapping_closes(void **state)
{
	fake->uid = UID_MOVED;
	assert_int_equal(world_account("sudo", "moved"), PAM_PERM_DENIED);
	assert_int_equal(world_account("sshd", "moved"), PAM_AUTHINFO_UNAVAIL);
}

static void test_a_second_name_of_a_tenants_uid(void **state)
{
	assert_int_equal(world_account("sshd", "alias"), PAM_PERM_DENIED);
	assert_true(logged("why=unknown-user"));
}

static void test_batch_wants_an_enabled_account(void **state)
{
	assert_int_equal(world_account("cron", "alice"), PAM_SUCCESS);
	assert_int_equal(world_account("cron", "mallory"), PAM_SUCCESS);
	assert_int_equal(world_account("cron", "dan"), PAM_ACCT_EXPIRED);
}

static void test_sudo_without_a_grant(void **state)
{
	fake->uid = UID_ALICE;
	assert_int_equal(world_account("sudo", "alice"), PAM_PERM_DENIED);
	assert_string_equal(person.last_error, "Tenure: sudo needs an active role; next: tenure request db-operator");
	assert_int_equal(person.errors, 1); /* under PAM_SILENT */
	assert_int_equal(person.infos, 0);
	assert_string_equal(fake->syslog, "deny user=alice why=no-active-role\n");
	assert_int_equal(world_account("sudo-i", "alice"), PAM_PERM_DENIED);
	assert_string_equal(person.last_error, "Tenure: sudo needs an active role; next: tenure request db-operator");
	fake->uid = UID_CAROL;
	assert_int_equal(world_account("sudo", "carol"), PAM_PERM_DENIED);
	assert_string_equal(person.last_error, "Tenure: sudo needs an active role, and you have none; see: tenure roles");
}

static void test_sudo_with_a_grant(void **state)
{
	world_grant("alice", "db-operator", 60);
	fake->uid = UID_ALICE;
	assert_int_equal(world_account("sudo", "alice"), PAM_SUCCESS);
	assert_int_equal(person.errors, 0);
	world_grant("alice", "db-operator", -1);
	assert_int_equal(world_account("sudo", "alice"), PAM_PERM_DENIED);
}

static void test_a_local_login_at_the_gate(void **state)
{
	fake->uid = UID_BOB;
	assert_int_equal(world_account("sudo", "bob"), PAM_PERM_DENIED);
	assert_string_equal(fake->syslog, "deny user=bob why=no-active-role\n");
	world_grant("bob", "db-operator", 60);
	assert_int_equal(world_account("sudo", "bob"), PAM_SUCCESS);
}

/* targetpw, rootpw and runaspw give PAM_USER the name of another; so does nothing to the invoker. */
static void test_T5_the_invoker_is_the_real_uid(void **state)
{
	world_grant("alice", "db-operator", 60);
	fake->uid = UID_MALLORY;
	assert_int_equal(world_account("sudo", "alice"), PAM_PERM_DENIED);
	assert_int_equal(world_account("sudo", "root"), PAM_PERM_DENIED);
	assert_int_equal(world_account("sudo", "erin"), PAM_PERM_DENIED);
	fake->uid = UID_ALICE;
	assert_int_equal(world_account("sudo", "mallory"), PAM_SUCCESS);
}

static void test_T5_PAM_RUSER_says_nothing(void **state)
{
	pam_handle_t *pamh = world_start("sudo", "mallory");

	fake->uid = UID_MALLORY;
	assert_int_equal(pam_set_item(pamh, PAM_RUSER, "erin"), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	world_end(pamh);
}

static void test_su_knows_its_target(void **state)
{
	world_grant("alice", "db-operator", 60);
	fake->uid = UID_ALICE;
	assert_int_equal(world_account("su", "root"), PAM_SUCCESS);
	assert_int_equal(world_account("su-l", "root"), PAM_SUCCESS);
	assert_int_equal(world_account("su", "postgres"), PAM_PERM_DENIED);
	assert_string_equal(person.last_error, "Tenure: db-operator does not let you become postgres; see: tenure roles");
	assert_true(logged("deny user=alice why=wrong-target target=postgres"));
	assert_int_equal(world_account("su", "carol"), PAM_PERM_DENIED);
}

static void test_standing_right_at_the_gate(void **state)
{
	fake->uid = UID_ERIN;
	assert_int_equal(world_account("sudo", "erin"), PAM_SUCCESS);
	assert_int_equal(world_account("su", "root"), PAM_SUCCESS);
}

static void test_report_only_logs_and_lets_others_decide(void **state)
{
	stack_with_permit("sudo");
	fake->uid = UID_BOB;
	assert_int_equal(world_account("sudo", "bob"), PAM_SUCCESS);
	assert_string_equal(fake->syslog, "would-deny user=bob why=no-active-role\n");
	assert_int_equal(person.errors, 0);
	world_break(world_tenant_path("policy"));
	assert_int_equal(world_account("sudo", "bob"), PAM_SUCCESS);
	assert_true(logged("would-deny user=bob why=could-not-read\n"));
	/* logins are not the gates' to report */
	assert_int_equal(world_account("sshd", "mallory"), PAM_AUTHINFO_UNAVAIL);
}

/* One phase after another says the same: one line in the log, none twice to the person. */
static void test_report_only_logs_once_a_transaction(void **state)
{
	pam_handle_t *pamh;

	stack_with_permit("sudo");
	fake->uid = UID_BOB;
	pamh = world_start("sudo", "bob");
	assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_USER, "root"), PAM_SUCCESS);
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	world_end(pamh);
	assert_string_equal(fake->syslog, "would-deny user=bob why=no-active-role\n");
}

static const char *const needed_files[] = {"policy", "grants"};

static void test_what_cannot_be_read_denies(void **state)
{
	world_grant("alice", "db-operator", 60);
	fake->uid = UID_ALICE;
	for (size_t i = 0; i < ARRAY_LENGTH(needed_files); i++) {
		char kept[600], path[512];

		(void)snprintf(path, sizeof(path), "%s", world_tenant_path(needed_files[i]));
		(void)snprintf(kept, sizeof(kept), "%s.kept", path);
		assert_int_equal(link(path, kept), 0);
		world_break(path);
		assert_int_equal(world_account("sudo", "alice"), PAM_PERM_DENIED);
		assert_int_equal(world_account("sshd", "alice"), PAM_AUTHINFO_UNAVAIL);
		assert_true(logged("why=could-not-read"));
		assert_int_equal(unlink(path), 0);
		assert_int_equal(world_account("sudo", "alice"), PAM_PERM_DENIED);
		assert_int_equal(rename(kept, path), 0);
		assert_int_equal(world_account("sudo", "alice"), PAM_SUCCESS);
	}
}

static void test_a_torn_index_closes_gates_and_spares_root_and_local_logins(void **state)
{
	world_break(world_path("/var/lib/tenure/index"));
	fake->uid = UID_ALICE;
	assert_int_equal(world_account("sudo", "alice"), PAM_PERM_DENIED);
	fake->uid = UID_LUSER;
	assert_int_equal(world_account("su", "root"), PAM_PERM_DENIED);
	fake->euid = 0; /* any set-uid program is a gate now */
	assert_int_equal(world_account("doas", "luser"), PAM_PERM_DENIED);
	fake->uid = 0;
	assert_ignored("sudo", "root");
	assert_ignored("sshd", "root");
	assert_ignored("sshd", "luser");
	assert_ignored("sshd", "onlyfile");
	world_stack("sshd", "account required @", NULL);
	assert_int_equal(world_account("sshd", "alice"), PAM_AUTHINFO_UNAVAIL);
	assert_false(logged("alice"));
}

/* An index that is whole and gives a service no class that there is: it is torn all the same. */
static void test_an_index_without_classes_closes_gates(void **state)
{
	world_index_without_classes();
	stack_with_permit("sudo");
	fake->uid = UID_ALICE;
	assert_int_equal(world_account("sudo", "alice"), PAM_PERM_DENIED);
	fake->uid = 0;
	assert_ignored("sudo", "root");
	assert_ignored("sshd", "luser");
}

/* What the gate file keeps for a host whose index is torn: those whom no failure stops, and that it only reports. */
static void test_a_torn_index_keeps_break_glass(void **state)
{
	stack_with_permit("sudo");
	world_break(world_path("/var/lib/tenure/index"));
	fake->uid = UID_RESCUE;
	assert_int_equal(world_account("sudo", "rescue"), PAM_SUCCESS);
	assert_true(logged("break-glass user=#1502 why=could-not-read"));
	fake->uid = UID_LUSER;
	assert_int_equal(world_account("sudo", "luser"), PAM_PERM_DENIED);
	fake->uid = UID_RESCUE;
	world_break(world_path("/var/lib/tenure/gate"));
	assert_int_equal(world_account("sudo", "rescue"), PAM_PERM_DENIED);
	assert_int_equal(unlink(world_path("/var/lib/tenure/gate")), 0);
	assert_int_equal(world_account("sudo", "rescue"), PAM_PERM_DENIED);
}

static void test_a_torn_index_keeps_report_only(void **state)
{
	stack_with_permit("sudo");
	world_break(world_path("/var/lib/tenure/index"));
	fake->uid = UID_LUSER;
	assert_int_equal(world_account("sudo", "luser"), PAM_SUCCESS);
	assert_true(logged("would-deny user=#1500 why=could-not-read"));
	world_break(world_path("/var/lib/tenure/gate"));
	assert_int_equal(world_account("sudo", "luser"), PAM_PERM_DENIED);
}

/* Room for so many descriptors more, and not one beyond. */
static int account_with_room(const char *service, int room)
{
	pam_handle_t *pamh = world_start(service, "alice");
	struct rlimit kept, narrow;
	int held[64], count = 0, r;

	fake->syslog[0] = '\0';
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &kept), 0);
	narrow = (struct rlimit){.rlim_cur = 48, .rlim_max = kept.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &narrow), 0);
	while (count < 64 && (held[count] = dup(0)) >= 0)
		count++;
	for (int i = 0; i < room; i++)
		close(held[--count]);
	r = pam_acct_mgmt(pamh, 0);
	while (count > 0)
		close(held[--count]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &kept), 0);
	world_end(pamh);
	return r;
}

/*
 * However many descriptors are left: whoever has no grant is denied, and with none left, whoever has one. What our
 * module said is in the log: libpam says PAM_SYSTEM_ERR where it cannot open its own audit socket.
 */
static void test_T46_no_descriptor_no_verdict(void **state)
{
	static const char *const services[] = {"sudo", "sshd"};

	fake->uid = UID_ALICE;
	for (size_t i = 0; i < ARRAY_LENGTH(services); i++) {
		world_telling_stack(services[i]);
		world_grant("alice", "db-operator", 60);
		for (int room = 0; room < 8; room++) {
			int r = account_with_room(services[i], room);

			if (r == PAM_SUCCESS ? room == 0 : !logged("deny user=") || !logged("why=could-not-read"))
				fail_msg("%s, room for %d: %d", services[i], room, r);
			assert_true(room < 7 || r == PAM_SUCCESS);
		}
	}
	world_no_grants();
	for (int room = 0; room < 8; room++) {
		assert_int_not_equal(account_with_room("sudo", room), PAM_SUCCESS);
		assert_true(logged("deny user="));
	}
	assert_true(logged("why=no-active-role"));
}

static void test_break_glass_passes_failures_and_no_denial(void **state)
{
	stack_with_permit("sudo");
	fake->uid = UID_RESCUE;
	assert_int_equal(world_account("sudo", "rescue"), PAM_PERM_DENIED);
	assert_true(logged("deny user=rescue why=no-active-role"));
	world_break(world_tenant_path("policy"));
	assert_int_equal(world_account("sudo", "rescue"), PAM_SUCCESS);
	assert_true(logged("break-glass user=rescue why=could-not-read"));
}

static void test_T4_another_module_swaps_the_login(void **state)
{
	static const char *const others[] = {"erin", "luser", "root"};
	char line[64];

	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		pam_handle_t *pamh = world_start("sshd", "alice");

		(void)snprintf(line, sizeof(line), "auth required %% %s", others[i]);
		world_stack("sshd", "auth required @", line, "account required @", "account required pam_permit.so",
			    NULL);
		person = (struct person){.answer = WORLD_PASSWORD};
		pam_end(pamh, 0);
		pamh = world_start("sshd", "alice");
		assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
		assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
		world_end(pamh);
	}
	assert_true(logged("why=user-changed"));
}

static void test_T4_nobody_becomes_a_tenants_user_on_the_way(void **state)
{
	pam_handle_t *pamh;

	world_stack("sshd", "auth required @", "auth required pam_permit.so", "auth required % alice",
		    "account required @", "account required pam_permit.so", NULL);
	pamh = world_start("sshd", "luser");
	assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	world_end(pamh);
}

static void test_T4_the_invoker_of_a_gate_is_fixed(void **state)
{
	pam_handle_t *pamh = world_start("sudo", "alice");

	world_grant("alice", "db-operator", 60);
	fake->uid = UID_ALICE;
	assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	fake->uid = UID_ERIN;
	assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	assert_true(logged("why=user-changed"));
	/* a program that has become root meanwhile: still alice */
	fake->uid = 0;
	assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	world_no_grants();
	assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	world_end(pamh);
}

/*
 * With a generation page the maps are kept between phases and transactions: what is published and bumped is seen at
 * once, what an ended grant gave is gone without any bump, and no other process's uid uses what root has opened.
 */
static void test_what_is_kept_is_never_stale(void **state)
{
	assert_int_equal(generation_open(), 0);
	fake->uid = UID_ALICE;
	for (int i = 0; i < 3; i++) {
		world_grant("alice", "db-operator", 600);
		(void)generation_bump();
		assert_int_equal(world_account("sudo", "alice"), PAM_SUCCESS);
		assert_int_equal(world_account("sudo", "alice"), PAM_SUCCESS);
		world_no_grants();
		(void)generation_bump();
		assert_int_equal(world_account("sudo", "alice"), PAM_PERM_DENIED);
	}
	world_grant("alice", "db-operator", 2);
	(void)generation_bump();
	assert_int_equal(world_account("sudo", "alice"), PAM_SUCCESS);
	for (int i = 0; i < 600 && world_account("sudo", "alice") == PAM_SUCCESS; i++)
		(void)usleep(50000);
	assert_int_equal(world_account("sudo", "alice"), PAM_PERM_DENIED);
	world_grant("alice", "db-operator", 600);
	(void)generation_bump();
	assert_int_equal(world_account("sudo", "alice"), PAM_SUCCESS);
	world_break(world_tenant_path("grants"));
	(void)generation_bump();
	assert_int_equal(world_account("sudo", "alice"), PAM_PERM_DENIED);
	world_break(world_path("/var/lib/tenure/index"));
	(void)generation_bump();
	assert_int_equal(world_account("sudo", "alice"), PAM_PERM_DENIED);
	assert_int_equal(generation_retire(), 0);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
#define REPORT(f) cmocka_unit_test_setup_teardown(f, setup_report_only, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_login_by_standing_right),
		CASE(test_login_by_grant_until_it_ends),
		CASE(test_login_refused),
		CASE(test_others_are_left_alone),
		CASE(test_nobody_is_governed_without_an_index),
		CASE(test_mapped_login_with_login_tenant),
		CASE(test_a_broken_mapping_closes),
		CASE(test_a_second_name_of_a_tenants_uid),
		CASE(test_batch_wants_an_enabled_account),
		CASE(test_sudo_without_a_grant),
		CASE(test_sudo_with_a_grant),
		CASE(test_a_local_login_at_the_gate),
		CASE(test_T5_the_invoker_is_the_real_uid),
		CASE(test_T5_PAM_RUSER_says_nothing),
		CASE(test_su_knows_its_target),
		CASE(test_standing_right_at_the_gate),
		REPORT(test_report_only_logs_and_lets_others_decide),
		REPORT(test_report_only_logs_once_a_transaction),
		REPORT(test_a_torn_index_keeps_report_only),
		CASE(test_what_cannot_be_read_denies),
		CASE(test_a_torn_index_closes_gates_and_spares_root_and_local_logins),
		CASE(test_an_index_without_classes_closes_gates),
		CASE(test_a_torn_index_keeps_break_glass),
		CASE(test_T46_no_descriptor_no_verdict),
		CASE(test_break_glass_passes_failures_and_no_denial),
		CASE(test_T4_another_module_swaps_the_login),
		CASE(test_T4_nobody_becomes_a_tenants_user_on_the_way),
		CASE(test_T4_the_invoker_of_a_gate_is_fixed),
		CASE(test_what_is_kept_is_never_stale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
