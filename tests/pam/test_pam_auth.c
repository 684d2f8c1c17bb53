/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The auth phase: passwords of tenants' users, and the denial that comes before a password is asked for. */
#include "tests/unit/cmocka_test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/pam/broker.h"
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

static void test_the_password_of_a_tenants_user(void **state)
{
	assert_int_equal(world_authenticate("sshd", "alice", WORLD_PASSWORD), PAM_SUCCESS);
	assert_int_equal(person.prompts, 1);
	assert_string_equal(person.last_prompt, "Password: ");
	assert_int_equal(world_authenticate("sshd", "alice", "wrong"), PAM_AUTH_ERR);
	assert_int_equal(world_authenticate("sshd", "alice", "secre"), PAM_AUTH_ERR);
	assert_int_equal(world_authenticate("sshd", "alice", "secret "), PAM_AUTH_ERR);
	assert_int_equal(world_authenticate("sshd", "alice", NULL), PAM_AUTH_ERR);
	assert_null(strstr(fake->syslog, "wrong"));
}

static void test_T1_an_empty_password_is_refused(void **state)
{
	assert_int_equal(world_authenticate("sshd", "alice", ""), PAM_AUTH_ERR);
	assert_int_equal(world_authenticate("sshd", "nopass", ""), PAM_AUTH_ERR);
	assert_int_equal(world_authenticate("sshd", "locked", ""), PAM_AUTH_ERR);
}

static void test_who_has_no_usable_hash(void **state)
{
	assert_int_equal(world_authenticate("sshd", "nopass", WORLD_PASSWORD), PAM_AUTH_ERR);
	assert_int_equal(world_authenticate("sshd", "locked", WORLD_PASSWORD), PAM_AUTH_ERR);
	assert_int_equal(world_authenticate("sshd", "locked", "*0"), PAM_AUTH_ERR);
	assert_int_equal(world_authenticate("sshd", "dan", WORLD_PASSWORD), PAM_AUTH_ERR);
	assert_int_equal(unlink(world_tenant_path("secrets")), 0);
	assert_int_equal(world_authenticate("sshd", "alice", WORLD_PASSWORD), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(world_authenticate("sshd", "alice", ""), PAM_AUTH_ERR);
}

/* The module asks for two seconds after every no; libpam waits for half of that at least, or half as much more. */
static void assert_waits(const char *user, const char *answer)
{
	fake->fail_delay_us = 0;
	assert_int_equal(world_authenticate("sshd", user, answer), PAM_AUTH_ERR);
	assert_true(fake->fail_delay_us >= 2000000);
	assert_true(person.delay_us >= 1000000);
}

static void test_a_no_takes_its_time(void **state)
{
	assert_waits("alice", "wrong");
	assert_waits("alice", "");
	assert_waits("alice", NULL);
	assert_waits("dan", WORLD_PASSWORD); /* disabled */
	assert_waits("dan", "wrong");
	assert_waits("nopass", WORLD_PASSWORD);
	assert_waits("locked", WORLD_PASSWORD);
	world_stack("sshd", "auth optional @", "auth required @ use_first_pass", NULL);
	assert_waits("alice", "wrong");
	world_stack("sshd", "auth required @", NULL);
	assert_int_equal(world_authenticate("sshd", "alice", WORLD_PASSWORD), PAM_SUCCESS);
	assert_int_equal(person.delay_us, 0);
}

/* Nothing is asked: the next module knows nobody's password yet. */
static void test_other_peoples_passwords_are_not_asked_for(void **state)
{
	static const char *const others[] = {"root", "luser", "bob", "nobody-at-all"};

	world_stack("sshd", "auth [success=1 ignore=ignore default=die] @", "auth requisite pam_deny.so",
		    "auth required pam_permit.so", NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		assert_int_equal(world_authenticate("sshd", others[i], WORLD_PASSWORD), PAM_AUTH_ERR);
		assert_int_equal(person.prompts, 0);
	}
	assert_string_equal(fake->syslog, "");
	assert_int_equal(world_authenticate("sshd", "alice", WORLD_PASSWORD), PAM_SUCCESS);
}

static void test_unknown_names_are_not_logged(void **state)
{
	(void)world_authenticate("sshd", "Tr0ub4dor", WORLD_PASSWORD);
	world_break(world_path("/var/lib/tenure/index"));
	(void)world_authenticate("sshd", "Tr0ub4dor", WORLD_PASSWORD);
	assert_null(strstr(fake->syslog, "Tr0ub4dor"));
	assert_true(logged("user=unknown"));
}

static void test_passwords_of_earlier_modules(void **state)
{
	pam_handle_t *pamh;

	world_stack("sshd", "auth required @ use_first_pass", NULL);
	assert_int_equal(world_authenticate("sshd", "alice", WORLD_PASSWORD), PAM_AUTH_ERR);
	assert_int_equal(person.prompts, 0);
	/* the first asks, the second takes its answer */
	world_stack("sshd", "auth optional @", "auth required @ use_first_pass", NULL);
	assert_int_equal(world_authenticate("sshd", "alice", WORLD_PASSWORD), PAM_SUCCESS);
	assert_int_equal(person.prompts, 1);
	world_stack("sshd", "auth optional @", "auth required @ try_first_pass", NULL);
	assert_int_equal(world_authenticate("sshd", "alice", WORLD_PASSWORD), PAM_SUCCESS);
	assert_int_equal(person.prompts, 1);
	assert_int_equal(world_authenticate("sshd", "alice", "wrong"), PAM_AUTH_ERR);
	assert_int_equal(person.prompts, 2);
	pamh = world_start("sshd", "alice");
	world_end(pamh);
}

static void test_a_conversation_that_comes_back_later(void **state)
{
	pam_handle_t *pamh = world_start("sshd", "alice");

	person = (struct person){.answer = WORLD_PASSWORD, .conversation_result = PAM_CONV_AGAIN};
	assert_int_equal(pam_authenticate(pamh, 0), PAM_INCOMPLETE);
	person.conversation_result = PAM_SUCCESS;
	assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
	world_end(pamh);
	pamh = world_start("sshd", "alice");
	person = (struct person){.conversation_result = PAM_CONV_ERR};
	assert_int_equal(pam_authenticate(pamh, 0), PAM_AUTH_ERR);
	world_end(pamh);
}

/* login(1) tries the next name in the same transaction. */
static void test_a_login_may_start_over_with_another_name(void **state)
{
	pam_handle_t *pamh = world_start("login", "alice");

	person = (struct person){.answer = "wrong"};
	assert_int_equal(pam_authenticate(pamh, 0), PAM_AUTH_ERR);
	assert_int_equal(pam_set_item(pamh, PAM_USER, "carol"), PAM_SUCCESS);
	person.answer = WORLD_PASSWORD;
	assert_int_equal(pam_authenticate(pamh, 0), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	assert_int_equal(pam_set_item(pamh, PAM_USER, "alice"), PAM_SUCCESS);
	assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_PERM_DENIED);
	world_end(pamh);
}

static void test_a_gate_denies_before_it_asks(void **state)
{
	fake->uid = UID_ALICE;
	assert_int_equal(world_authenticate("sudo", "alice", WORLD_PASSWORD), PAM_CRED_INSUFFICIENT);
	assert_int_equal(person.prompts, 0);
	assert_int_equal(person.errors, 1);
	assert_string_equal(person.last_error, "Tenure: sudo needs an active role; next: tenure request db-operator");
	assert_int_equal(world_authenticate("su", "root", WORLD_PASSWORD), PAM_PERM_DENIED);
	assert_int_equal(person.prompts, 0);
	fake->uid = UID_BOB;
	assert_int_equal(world_authenticate("sudo", "bob", WORLD_PASSWORD), PAM_CRED_INSUFFICIENT);
}

static void test_a_denial_is_told_once_a_transaction(void **state)
{
	pam_handle_t *pamh = world_start("sudo", "alice");

	fake->uid = UID_ALICE;
	person = (struct person){.answer = WORLD_PASSWORD};
	for (int i = 0; i < 3; i++)
		assert_int_equal(pam_authenticate(pamh, PAM_SILENT), PAM_CRED_INSUFFICIENT);
	assert_int_equal(pam_acct_mgmt(pamh, PAM_SILENT), PAM_PERM_DENIED);
	assert_int_equal(person.errors, 1);
	assert_string_equal(fake->syslog, "deny user=alice why=no-active-role\n");
	world_end(pamh);
}

/* sudo by a tenant's user asks for theirs, by a local one for nothing of ours; su to a tenant's user for hers. */
static void test_the_password_at_an_open_gate(void **state)
{
	world_grant("alice", "db-operator", 60);
	fake->uid = UID_ALICE;
	assert_int_equal(world_authenticate("sudo", "alice", WORLD_PASSWORD), PAM_SUCCESS);
	assert_int_equal(world_authenticate("sudo", "alice", "wrong"), PAM_AUTH_ERR);
	world_stack("sudo", "auth required @", "auth required pam_permit.so", NULL);
	world_grant("bob", "db-operator", 60);
	fake->uid = UID_BOB;
	assert_int_equal(world_authenticate("sudo", "bob", WORLD_PASSWORD), PAM_SUCCESS);
	assert_int_equal(person.prompts, 0);
	fake->uid = UID_LUSER;
	assert_int_equal(world_authenticate("su", "alice", WORLD_PASSWORD), PAM_SUCCESS);
	assert_int_equal(world_authenticate("su", "alice", "wrong"), PAM_AUTH_ERR);
	assert_int_equal(world_authenticate("su", "dan", WORLD_PASSWORD), PAM_AUTH_ERR);
}

static void test_report_only_asks_as_ever(void **state)
{
	world_stack("sudo", "auth required @", "auth required pam_permit.so", NULL);
	fake->uid = UID_BOB;
	assert_int_equal(world_authenticate("sudo", "bob", WORLD_PASSWORD), PAM_SUCCESS);
	assert_int_equal(person.errors, 0);
	fake->uid = UID_ALICE;
	assert_int_equal(world_authenticate("sudo", "alice", "wrong"), PAM_AUTH_ERR);
	assert_int_equal(world_authenticate("sudo", "alice", WORLD_PASSWORD), PAM_SUCCESS);
}

/* A service without a class: the step-up, and a user's own password; no daemon gets a yes from us. */
static void test_services_without_a_class(void **state)
{
	fake->uid = 0;
	assert_int_equal(world_authenticate("tenure", "alice", WORLD_PASSWORD), PAM_SUCCESS);
	assert_int_equal(world_authenticate("tenure", "alice", "wrong"), PAM_AUTH_ERR);
	assert_int_equal(world_authenticate("tenure", "dan", WORLD_PASSWORD), PAM_AUTH_ERR);
	assert_int_equal(world_authenticate("ftpd", "alice", WORLD_PASSWORD), PAM_PERM_DENIED);
	assert_int_equal(person.prompts, 0);
	fake->uid = UID_ALICE;
	fake->euid = 0;
	assert_int_equal(world_authenticate("swaylock", "alice", WORLD_PASSWORD), PAM_SUCCESS);
	assert_int_equal(world_authenticate("swaylock", "carol", WORLD_PASSWORD), PAM_PERM_DENIED);
	assert_int_equal(person.prompts, 0);
}

#define PROMPT "{\"parameters\":{\"event\":\"prompt\",\"text\":\"Password: \",\"echo\":false},\"continues\":true}"

static int lock_screen(const char *const *answers, const char *word, const char **heard)
{
	static char kept[16384];
	struct fake_broker *b = fake_broker_start(world_path("/run/tenure/tenured.sock"), answers);
	int r;

	fake->uid = fake->euid = UID_ALICE;
	r = world_authenticate("swaylock", "alice", word);
	(void)snprintf(kept, sizeof(kept), "%s", fake_broker_heard(b));
	fake_broker_stop(b);
	if (heard)
		*heard = kept;
	return r;
}

static void test_a_screen_locker_asks_the_broker(void **state)
{
	static const char *const right[] = {PROMPT, "{\"parameters\":{}}", NULL};
	static const char *const wrong[] = {PROMPT, "{\"error\":\"io.tenure.StepUpFailed\",\"parameters\":"
						    "{\"message\":\"no\"}}", NULL};
	static const char *const again[] = {PROMPT, PROMPT, NULL};
	static const char *const too_easy[] = {"{\"parameters\":{}}", NULL};
	const char *heard;

	assert_int_equal(lock_screen(right, "a\"\\\x01z", &heard), PAM_SUCCESS);
	assert_non_null(strstr(heard, "{\"method\":\"io.tenure.Authenticate\",\"more\":true,\"parameters\":{}}\n"));
	assert_non_null(strstr(heard, "{\"method\":\"io.tenure.Answer\",\"oneway\":true,\"parameters\":"
				      "{\"text\":\"a\\u0022\\u005c\\u0001z\"}}\n"));
	assert_int_equal(lock_screen(wrong, "x", NULL), PAM_AUTH_ERR);
	assert_int_equal(lock_screen(again, "x", NULL), PAM_AUTH_ERR);
	assert_int_equal(lock_screen(too_easy, "x", NULL), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(lock_screen(right, "", &heard), PAM_AUTH_ERR);
	assert_string_equal(heard, "");
	assert_int_equal(world_authenticate("swaylock", "alice", "x"), PAM_AUTHINFO_UNAVAIL);
	/* the step-up never comes back to the broker */
	fake->euid = UID_ALICE;
	assert_int_not_equal(world_authenticate("tenure", "alice", "wrong"), PAM_SUCCESS);
}

static void test_a_torn_index_leaves_nobodys_password_to_us(void **state)
{
	world_break(world_path("/var/lib/tenure/index"));
	assert_int_equal(world_authenticate("sshd", "alice", WORLD_PASSWORD), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(person.prompts, 0);
	world_stack("sshd", "auth required @", "auth required pam_permit.so", NULL);
	assert_int_equal(world_authenticate("sshd", "luser", WORLD_PASSWORD), PAM_SUCCESS);
	assert_int_equal(world_authenticate("sshd", "root", WORLD_PASSWORD), PAM_SUCCESS);
	fake->uid = UID_LUSER;
	assert_int_equal(world_authenticate("sudo", "luser", WORLD_PASSWORD), PAM_CRED_INSUFFICIENT);
}

static void test_nss_that_does_not_answer_hides_nobody(void **state)
{
	fake->nss_fails = true;
	assert_int_equal(world_authenticate("sshd", "alice", "wrong"), PAM_AUTHINFO_UNAVAIL);
	assert_int_equal(world_account("sshd", "alice"), PAM_AUTHINFO_UNAVAIL);
	world_stack("sshd", "auth required @", "auth required pam_permit.so", "account required @",
		    "account required pam_permit.so", NULL);
	assert_int_equal(world_account("sshd", "root"), PAM_SUCCESS);
	assert_int_equal(world_account("sshd", "luser"), PAM_SUCCESS);
}

static void test_unknown_options_are_reported(void **state)
{
	world_stack("sshd", "auth required @ shout", NULL);
	assert_int_equal(world_authenticate("sshd", "alice", WORLD_PASSWORD), PAM_SUCCESS);
	assert_true(logged("unknown option shout"));
}

static void test_the_password_phase_is_not_ours(void **state)
{
	pam_handle_t *pamh = world_start("sshd", "alice");

	assert_int_equal(pam_chauthtok(pamh, 0), PAM_PERM_DENIED); /* libpam's word for PAM_IGNORE alone */
	assert_int_equal(person.prompts, 0);
	world_end(pamh);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_the_password_of_a_tenants_user),
		CASE(test_T1_an_empty_password_is_refused),
		CASE(test_who_has_no_usable_hash),
		CASE(test_a_no_takes_its_time),
		CASE(test_other_peoples_passwords_are_not_asked_for),
		CASE(test_unknown_names_are_not_logged),
		CASE(test_passwords_of_earlier_modules),
		CASE(test_a_conversation_that_comes_back_later),
		CASE(test_a_login_may_start_over_with_another_name),
		CASE(test_a_gate_denies_before_it_asks),
		CASE(test_a_denial_is_told_once_a_transaction),
		CASE(test_the_password_at_an_open_gate),
		cmocka_unit_test_setup_teardown(test_report_only_asks_as_ever, setup_report_only, teardown),
		CASE(test_services_without_a_class),
		CASE(test_a_screen_locker_asks_the_broker),
		CASE(test_a_torn_index_leaves_nobodys_password_to_us),
		CASE(test_nss_that_does_not_answer_hides_nobody),
		CASE(test_unknown_options_are_reported),
		CASE(test_the_password_phase_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
