/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The session phase: the exact target, containment by the broker, groups of a login, and what is said. */
#include "tests/unit/cmocka_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/pam/broker.h"
#include "tests/pam/world.h"

#define OPENED                                                                                                         \
	"{\"parameters\":{\"id\":\"7K2M-Q4XB\",\"role\":\"db-operator\",\"request\":\"ABCD-EFGH\","                  \
	"\"until\":\"2026-03-02T14:04:11Z\",\"message\":\"You hold db-operator until 15:04:11 CET.\"}}"

static const char *const opens[] = {OPENED, NULL};

static int setup(void **state)
{
	world_setup("enforce");
	world_grant("alice", "db-operator", 600);
	fake->uid = UID_ALICE;
	return 0;
}

static int setup_report_only(void **state)
{
	world_setup("report-only");
	fake->uid = UID_ALICE;
	return 0;
}

static int teardown(void **state)
{
	world_teardown();
	return 0;
}

static struct fake_broker *start_broker(const char *const *answers)
{
	return fake_broker_start(world_path("/run/tenure/root.sock"), answers);
}

/* The phases as sudo walks them. */
static int sudo(const char *target)
{
	pam_handle_t *pamh = world_start("sudo", "alice");
	int r;

	person = (struct person){.answer = WORLD_PASSWORD};
	r = pam_acct_mgmt(pamh, PAM_SILENT);
	if (r == PAM_SUCCESS) {
		assert_int_equal(pam_set_item(pamh, PAM_USER, target), PAM_SUCCESS);
		r = pam_open_session(pamh, PAM_SILENT);
	}
	if (r == PAM_SUCCESS)
		assert_int_equal(pam_close_session(pamh, PAM_SILENT), PAM_SUCCESS);
	world_end(pamh);
	return r;
}

static void test_sudo_opens_and_closes_a_session(void **state)
{
	struct fake_broker *b = start_broker(opens);
	char wanted[256];

	assert_int_equal(sudo("root"), PAM_SUCCESS);
	(void)snprintf(wanted, sizeof(wanted),
		       "{\"method\":\"io.tenure.SessionOpen\",\"parameters\":{\"kind\":\"gate\",\"service\":\"sudo\","
		       "\"invoker\":1900000001,\"target\":\"root\",\"pid\":%d}}\n", (int)getpid());
	assert_non_null(strstr(fake_broker_heard(b), wanted));
	assert_non_null(strstr(fake_broker_heard(b), "{\"method\":\"io.tenure.SessionClose\",\"parameters\":"
						     "{\"id\":\"7K2M-Q4XB\"}}\n"));
	assert_int_equal(person.infos, 0); /* PAM_SILENT, and no terminal */
	fake_broker_stop(b);
}

static void test_T5_the_exact_target(void **state)
{
	struct fake_broker *b = start_broker(opens);

	assert_int_equal(sudo("postgres"), PAM_PERM_DENIED);
	assert_string_equal(person.last_error, "Tenure: db-operator does not let you become postgres; see: tenure roles");
	assert_true(logged("deny user=alice why=wrong-target target=postgres"));
	assert_int_equal(sudo("carol"), PAM_PERM_DENIED);
	assert_int_equal(sudo("alice"), PAM_PERM_DENIED); /* -g: her own name, another group */
	assert_int_equal(sudo("#0"), PAM_PERM_DENIED);
	assert_int_equal(sudo(""), PAM_PERM_DENIED);
	assert_string_equal(fake_broker_heard(b), "");
	fake_broker_stop(b);
}

/* A grant that ends between the two phases. */
static void test_the_session_phase_judges_anew(void **state)
{
	struct fake_broker *b = start_broker(opens);
	pam_handle_t *pamh = world_start("sudo", "alice");

	assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	world_no_grants();
	assert_int_equal(pam_set_item(pamh, PAM_USER, "root"), PAM_SUCCESS);
	assert_int_equal(pam_open_session(pamh, 0), PAM_PERM_DENIED);
	assert_string_equal(fake_broker_heard(b), "");
	world_end(pamh);
	fake_broker_stop(b);
}

/* !pam_acct_mgmt: the session phase stands for itself (T6). */
static void test_T6_a_session_without_an_account_phase(void **state)
{
	struct fake_broker *b = start_broker(opens);

	assert_int_equal(world_session("sudo", "root"), PAM_SUCCESS);
	fake->uid = UID_MALLORY;
	assert_int_equal(world_session("sudo", "root"), PAM_PERM_DENIED);
	fake_broker_stop(b);
}

static int session_of_former(const char *caller)
{
	pam_handle_t *pamh = world_start("sudo", "root");
	int r;

	assert_int_equal(pam_set_item(pamh, PAM_RUSER, caller), PAM_SUCCESS);
	r = pam_open_session(pamh, PAM_SILENT);
	world_end(pamh);
	return r;
}

/* sudoedit is root altogether by then: whoever it names as its caller is judged, and that can only make it stricter. */
static void test_T6_a_session_without_an_account_phase_and_without_a_real_uid(void **state)
{
	struct fake_broker *b = start_broker(opens);

	world_stack("sudo", "session required @", "session required pam_permit.so", NULL);
	fake->uid = 0;
	assert_int_equal(session_of_former("mallory"), PAM_PERM_DENIED);
	assert_int_equal(session_of_former("nobody-knows"), PAM_PERM_DENIED);
	assert_string_equal(fake_broker_heard(b), "");
	assert_int_equal(session_of_former("root"), PAM_SUCCESS);
	assert_int_equal(session_of_former("luser"), PAM_SUCCESS);
	assert_int_equal(session_of_former(NULL), PAM_SUCCESS);
	assert_string_equal(fake_broker_heard(b), "");
	assert_int_equal(session_of_former("alice"), PAM_SUCCESS);
	assert_non_null(strstr(fake_broker_heard(b), "\"invoker\":1900000001"));
	fake_broker_stop(b);
}

static void test_T4_the_invoker_stays_when_the_program_is_root_by_now(void **state)
{
	struct fake_broker *b = start_broker(opens);
	pam_handle_t *pamh = world_start("sudo", "alice");

	assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
	fake->uid = 0;
	assert_int_equal(pam_set_item(pamh, PAM_USER, "root"), PAM_SUCCESS);
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	assert_non_null(strstr(fake_broker_heard(b), "\"invoker\":1900000001"));
	world_end(pamh);
	fake_broker_stop(b);
}

/* Another module gives the session to somebody else, none of ours, ours or root. */
static void test_T4_another_module_swaps_the_user_of_a_session(void **state)
{
	static const char *const others[] = {"luser", "erin", "root", "alias"};
	struct fake_broker *b = start_broker(opens);
	char swap[64];

	fake->uid = 0;
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		pam_handle_t *pamh;

		(void)snprintf(swap, sizeof(swap), "session required %% %s", others[i]);
		world_stack("sshd", "account required @", swap, "session required @", "session required pam_permit.so",
			    NULL);
		pamh = world_start("sshd", "alice");
		assert_int_equal(pam_acct_mgmt(pamh, 0), PAM_SUCCESS);
		assert_int_equal(pam_open_session(pamh, 0), PAM_PERM_DENIED);
		world_end(pamh);
	}
	assert_true(logged("why=user-changed"));
	assert_string_equal(fake_broker_heard(b), "");
	assert_int_equal(fake->group_count, 0);
	fake_broker_stop(b);
}

static void test_a_broker_that_refuses(void **state)
{
	static const char *const refusals[] = {
		"{\"error\":\"io.tenure.NotEligible\",\"parameters\":{\"role\":\"x\",\"message\":\"no\"}}",
		"{\"error\":\"io.tenure.Unavailable\",\"parameters\":{\"message\":\"no cgroup2 to write\"}}",
		"{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{}}",
	};

	fake->cgroup2 = true;
	for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
		const char *const answers[] = {refusals[i], NULL};
		struct fake_broker *b = start_broker(answers);

		assert_int_equal(sudo("root"), PAM_PERM_DENIED);
		assert_int_equal(person.errors, 1);
		fake_broker_stop(b);
	}
	assert_true(logged("why=broker-refused target=root"));
	assert_true(logged("why=no-cgroup target=root"));
}

static void test_a_broker_that_is_somebody_else(void **state)
{
	struct fake_broker *b = start_broker(opens);

	fake->cgroup2 = true;
	fake->other_peer = true;
	assert_int_equal(sudo("root"), PAM_PERM_DENIED);
	assert_string_equal(fake_broker_heard(b), "");
	fake->other_peer = false;
	assert_int_equal(sudo("root"), PAM_SUCCESS);
	fake_broker_stop(b);
}

static void test_a_broker_that_lies(void **state)
{
	static const char *const lies[] = {
		"", "x", "{", "{}", "[]", "{\"parameters\":{}}", "{\"parameters\":{\"id\":\"\"}}",
		"{\"parameters\":{\"id\":\"../../x\"}}", "{\"parameters\":{\"id\":1}}", "{\"parameters\":[]}",
		"{\"parameters\":{\"id\":\"A\"},\"continues\":true}",
		"{\"parameters\":{\"id\":\"A\",\"id\":\"B\"}}", "{\"parameters\":{\"id\":\"A\"}}x",
		"{\"parameters\":{\"id\":\"A\"},\"parameters\":{\"id\":\"A\"}}",
		"{\"parameters\":{\"id\":\"A\",\"x\":{}}}", "{\"parameters\":{\"id\":\"\\u0000\"}}",
		"{\"parameters\":{\"id\":\"A\"},\"error\":\"\"}", "{\"parameters\":{\"id\":\"\xff\"}}",
	};

	fake->cgroup2 = true;
	for (size_t i = 0; i < ARRAY_LENGTH(lies); i++) {
		const char *const answers[] = {lies[i], NULL};
		struct fake_broker *b = start_broker(answers);

		assert_int_equal(sudo("root"), PAM_PERM_DENIED);
		fake_broker_stop(b);
	}
}

/* ---- logins ---- */

static void test_a_standing_login_is_left_where_it_is(void **state)
{
	struct fake_broker *b = start_broker(opens);

	world_no_grants();
	assert_int_equal(world_session("sshd", "alice"), PAM_SUCCESS);
	assert_string_equal(fake_broker_heard(b), "");
	assert_int_equal(fake->group_count, 0);
	assert_int_equal(world_session("sshd", "mallory"), PAM_PERM_DENIED);
	fake_broker_stop(b);
}

/* sshd: setcred in the monitor, the session, setcred in the child behind initgroups. */
static void test_a_login_by_grant_is_contained_and_takes_its_groups(void **state)
{
	struct fake_broker *b = start_broker(opens);
	pam_handle_t *pamh = world_start("sshd", "gina");

	world_grant("gina", "visitor", 600);
	fake->uid = 0;
	fake->group_count = 1;
	fake->groups[0] = 1900000008;
	assert_int_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	assert_int_equal(fake->group_count, 1);
	assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	assert_non_null(strstr(fake_broker_heard(b), "\"kind\":\"login\",\"service\":\"sshd\",\"invoker\":1900000008,"
						     "\"target\":\"gina\",\"groups\":\"adm\""));
	world_grant("gina", "greedy", 600); /* what comes later is not what the session rests on */
	fake->group_count = 1; /* initgroups */
	assert_int_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	assert_int_equal(fake->group_count, 2);
	assert_int_equal(fake->groups[1], 4);
	assert_int_equal(pam_setcred(pamh, PAM_REINITIALIZE_CRED), PAM_SUCCESS);
	assert_int_equal(fake->group_count, 2);
	assert_int_equal(pam_close_session(pamh, 0), PAM_SUCCESS);
	world_end(pamh);
	fake_broker_stop(b);
}

/* A dated assignment is no grant, and its group ends all the same; what is held for good NSS gives, and we add nothing. */
static void test_a_login_takes_the_group_of_a_dated_assignment(void **state)
{
	struct fake_broker *b = start_broker(opens);

	world_no_grants();
	fake->uid = 0;
	assert_int_equal(world_session("sshd", "hank"), PAM_SUCCESS);
	assert_non_null(strstr(fake_broker_heard(b), "\"kind\":\"login\",\"service\":\"sshd\",\"invoker\":1900000011,"
						     "\"target\":\"hank\",\"groups\":\"adm\""));
	assert_int_equal(fake->group_count, 1);
	assert_int_equal(fake->groups[0], 4);
	fake_broker_forget(b);
	fake->group_count = 0;
	assert_int_equal(world_session("sshd", "erin"), PAM_SUCCESS);
	assert_string_equal(fake_broker_heard(b), "");
	assert_int_equal(fake->group_count, 0);
	fake_broker_stop(b);
}

/* A standing login that cannot be contained goes on without the groups; one by a grant does not go on. */
static void test_a_login_that_cannot_be_contained(void **state)
{
	static const char *const busy[] = {
		"{\"error\":\"io.tenure.Unavailable\",\"parameters\":{\"message\":\"no cgroup2 to write\"}}", NULL};
	struct fake_broker *b = start_broker(busy);

	world_grant("alice", "db-operator", 600);
	fake->uid = 0;
	assert_int_equal(world_session("sshd", "alice"), PAM_SUCCESS);
	assert_non_null(strstr(fake_broker_heard(b), "\"groups\":\"adm\""));
	assert_int_equal(fake->group_count, 0);
	world_grant("gina", "visitor", 600);
	assert_int_equal(world_session("sshd", "gina"), PAM_PERM_DENIED);
	assert_int_equal(fake->group_count, 0);
	fake_broker_stop(b);
}

static void test_a_journal_that_cannot_grow(void **state)
{
	static const char *const full[] = {
		"{\"error\":\"io.tenure.Unrecorded\",\"parameters\":{\"message\":\"the disk is full\"}}", NULL};
	struct fake_broker *b = start_broker(full);

	assert_int_equal(sudo("root"), PAM_PERM_DENIED);
	assert_string_equal(person.last_error,
			    "Tenure: the journal cannot grow, so sudo is closed; ask root for: tenure check");
	assert_true(logged("deny user=alice why=no-journal target=root"));
	fake_broker_stop(b);
}

static void test_the_ceiling_caps_the_groups(void **state)
{
	struct fake_broker *b = start_broker(opens);

	world_grant("gina", "greedy", 600);
	fake->uid = 0;
	assert_int_equal(world_session("sshd", "gina"), PAM_SUCCESS);
	assert_int_equal(fake->group_count, 1); /* adm; neither root nor shadow */
	assert_int_equal(fake->groups[0], 4);
	fake_broker_stop(b);
}

static void test_credentials_of_others_are_not_ours(void **state)
{
	static const char *const users[] = {"luser", "root", "bob"};

	world_stack("sshd", "auth required @", "auth required pam_permit.so", NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(users); i++) {
		pam_handle_t *pamh = world_start("sshd", users[i]);

		assert_int_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
		assert_int_equal(fake->group_count, 0);
		world_end(pamh);
	}
}

static void test_batch_sessions_are_not_contained(void **state)
{
	struct fake_broker *b = start_broker(opens);

	assert_int_equal(world_session("cron", "alice"), PAM_SUCCESS);
	assert_int_equal(world_session("cron", "dan"), PAM_PERM_DENIED);
	assert_string_equal(fake_broker_heard(b), "");
	fake_broker_stop(b);
}

static void test_report_only_never_stops_a_session(void **state)
{
	world_stack("sudo", "session required @", "session required pam_permit.so", NULL);
	assert_int_equal(world_session("sudo", "root"), PAM_SUCCESS);
	assert_string_equal(fake->syslog, "would-deny user=alice why=no-active-role target=root\n");
	world_grant("alice", "db-operator", 600);
	assert_int_equal(world_session("sudo", "root"), PAM_SUCCESS); /* no cgroup to write */
	assert_true(logged("would-deny user=alice why=no-cgroup"));
	assert_int_equal(person.errors, 0);
}

static void test_root_and_unmapped_invokers(void **state)
{
	world_stack("sudo", "session required @", "session required pam_permit.so", NULL);
	fake->uid = UID_LUSER;
	assert_int_equal(world_session("sudo", "root"), PAM_SUCCESS);
	fake->uid = 0;
	assert_int_equal(world_session("sudo", "postgres"), PAM_SUCCESS);
	world_break(world_path("/var/lib/tenure/index"));
	assert_int_equal(world_session("sudo", "postgres"), PAM_SUCCESS);
}

/* ---- words on a terminal ---- */

static void open_on_terminal(int flags, const char *tty)
{
	pam_handle_t *pamh = world_start("sudo-i", "root");

	person = (struct person){.answer = NULL};
	assert_int_equal(pam_set_item(pamh, PAM_TTY, tty), PAM_SUCCESS);
	assert_int_equal(pam_open_session(pamh, flags), PAM_SUCCESS);
	world_end(pamh);
}

static void test_information_needs_a_terminal_and_no_silence(void **state)
{
	struct fake_broker *b = start_broker(opens);
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave, kept = dup(STDERR_FILENO);
	char name[64];

	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	assert_int_equal(ptsname_r(master, name, sizeof(name)), 0);
	slave = open(name, O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	assert_int_equal(dup2(slave, STDERR_FILENO), STDERR_FILENO);
	open_on_terminal(0, name);
	assert_int_equal(person.infos, 1);
	assert_string_equal(person.last_info, "Tenure: You hold db-operator until 15:04:11 CET.");
	assert_non_null(strstr(fake_broker_heard(b), "\"tty\":\"/dev/pts/"));
	open_on_terminal(PAM_SILENT, name);
	assert_int_equal(person.infos, 0);
	open_on_terminal(0, "ssh");
	assert_int_equal(person.infos, 0);
	open_on_terminal(0, "../etc/passwd");
	assert_int_equal(person.infos, 0);
	assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	fake_broker_stop(b);
	b = start_broker((const char *const[]){"{\"parameters\":{\"id\":\"A\",\"message\":\"x\\u001b[2J\"}}", NULL});
	assert_int_equal(dup2(slave, STDERR_FILENO), STDERR_FILENO);
	open_on_terminal(0, name); /* T13: what is not clean is not shown; our own words are */
	assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
	assert_non_null(strstr(person.last_info, "Tenure: db-operator until 20"));
	fake_broker_stop(b);
	close(kept);
	close(slave);
	close(master);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_sudo_opens_and_closes_a_session),
		CASE(test_T5_the_exact_target),
		CASE(test_the_session_phase_judges_anew),
		CASE(test_T6_a_session_without_an_account_phase),
		CASE(test_T6_a_session_without_an_account_phase_and_without_a_real_uid),
		CASE(test_T4_the_invoker_stays_when_the_program_is_root_by_now),
		CASE(test_T4_another_module_swaps_the_user_of_a_session),
		CASE(test_a_broker_that_refuses),
		CASE(test_a_broker_that_is_somebody_else),
		CASE(test_a_broker_that_lies),
		CASE(test_a_standing_login_is_left_where_it_is),
		CASE(test_a_login_by_grant_is_contained_and_takes_its_groups),
		CASE(test_a_login_takes_the_group_of_a_dated_assignment),
		CASE(test_a_login_that_cannot_be_contained),
		CASE(test_a_journal_that_cannot_grow),
		CASE(test_the_ceiling_caps_the_groups),
		CASE(test_credentials_of_others_are_not_ours),
		CASE(test_batch_sessions_are_not_contained),
		cmocka_unit_test_setup_teardown(test_report_only_never_stops_a_session, setup_report_only, teardown),
		CASE(test_root_and_unmapped_invokers),
		CASE(test_information_needs_a_terminal_and_no_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
