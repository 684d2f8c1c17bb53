/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Nothing that fails ends in yes (T2): each allocation, opening, mapping and reading of each phase fails in turn, alone and with all that follow it;
 * whoever would be denied is never let pass, and never left to others.
 */
#include "tests/unit/cmocka_test.h"

#include <string.h>
#include <unistd.h>

#include "tests/pam/broker.h"
#include "tests/pam/world.h"

#define ALLOCATIONS_MAX 2000

static int setup(void **state)
{
	world_setup("enforce");
	return 0;
}

static int teardown(void **state)
{
	fake->fail_allocation = 0;
	world_teardown();
	return 0;
}

struct scenario {
	const char *name, *service, *user, *answer;
	uid_t invoker;
	enum { AUTH, ACCOUNT, SESSION, CRED } phase;
};

/* All of them are denied when nothing fails. */
static const struct scenario denied[] = {
	{"sudo auth", "sudo", "alice", WORLD_PASSWORD, UID_ALICE, AUTH},
	{"sudo account", "sudo", "alice", "", UID_ALICE, ACCOUNT},
	{"sudo session", "sudo", "root", "", UID_ALICE, SESSION},
	{"sudo account of a local login", "sudo", "bob", "", UID_BOB, ACCOUNT},
	{"sudo session of a local login", "sudo", "root", "", UID_BOB, SESSION},
	{"sudo account of a moved login", "sudo", "moved", "", UID_MOVED, ACCOUNT},
	{"su auth", "su", "root", "", UID_ALICE, AUTH},
	{"su account", "su", "root", "", UID_ALICE, ACCOUNT},
	{"wrong target", "su", "postgres", "", UID_ERIN, ACCOUNT},
	{"wrong target, session", "sudo", "postgres", "", UID_ERIN, SESSION},
	{"login without a right", "sshd", "mallory", "", 0, ACCOUNT},
	{"login session without a right", "sshd", "mallory", "", 0, SESSION},
	{"login of a mapped account", "sshd", "lou", "", 0, ACCOUNT},
	{"disabled", "sshd", "dan", "", 0, ACCOUNT},
	{"wrong password", "sshd", "alice", "wrong", 0, AUTH},
	{"empty password", "sshd", "alice", "", 0, AUTH},
	{"no password", "sshd", "nopass", WORLD_PASSWORD, 0, AUTH},
	{"locked", "sshd", "locked", WORLD_PASSWORD, 0, AUTH},
	{"step-up, wrong", "tenure", "alice", "wrong", 0, AUTH},
	{"batch, disabled", "cron", "dan", "", 0, ACCOUNT},
};

/* pam_permit behind ours: PAM_IGNORE would come out as success. */
static void stack(const char *service)
{
	world_stack(service, "auth required @", "auth required pam_permit.so", "account required @",
		    "account required pam_permit.so", "session required @", "session required pam_permit.so", NULL);
}

static int phase_of(pam_handle_t *pamh, const struct scenario *s)
{
	switch (s->phase) {
	case AUTH:
		return pam_authenticate(pamh, 0);
	case ACCOUNT:
		return pam_acct_mgmt(pamh, 0);
	case SESSION:
		return pam_open_session(pamh, 0);
	case CRED:
		return pam_setcred(pamh, PAM_ESTABLISH_CRED);
	}
	return PAM_SUCCESS;
}

/* Returns what libpam says; *ret_reached: there was such an allocation to fail. */
static int run_with_fault(const struct scenario *s, long which, bool all_after, bool *ret_reached)
{
	pam_handle_t *pamh = world_start(s->service, s->user);
	int r;

	person = (struct person){.answer = s->answer};
	fake->uid = s->invoker;
	fake->allocations = 0;
	fake->fail_all_after = all_after;
	fake->fail_allocation = which;
	r = phase_of(pamh, s);
	fake->fail_allocation = 0;
	*ret_reached = fake->allocations >= which;
	world_end(pamh);
	fake->syslog[0] = '\0';
	return r;
}

static void test_T2_no_failed_allocation_allows(void **state)
{
	unsigned long runs = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(denied); i++) {
		const struct scenario *s = &denied[i];
		bool reached = true;

		stack(s->service);
		for (int all = 0; all <= 1; all++)
			for (long n = 1; n < ALLOCATIONS_MAX; n++, runs++) {
				int r = run_with_fault(s, n, all, &reached);

				if (r == PAM_SUCCESS || r == PAM_IGNORE)
					fail_msg("%s: allocation %ld fails, and %d comes back", s->name, n, r);
				if (!reached)
					break;
			}
		assert_false(reached);
	}
	print_message("%lu faults\n", runs);
}

/* A yes needs all it needs: where an allocation fails the answer may turn to no, and never to something else. */
static void test_T2_a_yes_turns_to_no_alone(void **state)
{
	static const char *const answers[] = {"{\"parameters\":{\"id\":\"A\"}}", NULL};
	static const struct scenario allowed[] = {
		{"sudo account", "sudo", "alice", "", UID_ALICE, ACCOUNT},
		{"sudo session", "sudo", "root", "", UID_ALICE, SESSION},
		{"login", "sshd", "alice", "", 0, ACCOUNT},
		{"password", "sshd", "alice", WORLD_PASSWORD, 0, AUTH},
	};
	struct fake_broker *b = fake_broker_start(world_path("/run/tenure/root.sock"), answers);

	world_grant("alice", "db-operator", 600);
	for (size_t i = 0; i < ARRAY_LENGTH(allowed); i++) {
		bool reached = true;
		int r = PAM_ABORT;

		for (long n = 1; n < ALLOCATIONS_MAX && reached; n++) {
			r = run_with_fault(&allowed[i], n, true, &reached);
			assert_int_not_equal(r, PAM_IGNORE);
			if (reached && r == PAM_SUCCESS)
				fail_msg("%s: allocation %ld and all after it fail, and it is allowed",
					 allowed[i].name, n);
		}
		assert_int_equal(r, PAM_SUCCESS);
	}
	fake_broker_stop(b);
}

/* Who is not root needs the index to be known as none of ours: denied while it cannot be mapped, never lost for good. */
static void test_root_and_unmapped_accounts_need_no_memory(void **state)
{
	static const struct scenario ignored[] = {
		{"root at the gate", "sudo", "root", "", 0, ACCOUNT},
		{"root's login", "sshd", "root", "", 0, ACCOUNT},
		{"root's session", "sshd", "root", "", 0, SESSION},
		{"local login", "sshd", "luser", "", 0, ACCOUNT},
		{"local session", "sshd", "luser", "", 0, SESSION},
	};
	const size_t roots = 3;

	for (size_t i = 0; i < ARRAY_LENGTH(ignored); i++) {
		bool reached = true;
		int r = PAM_ABORT;

		stack(ignored[i].service);
		for (long n = 1; n < ALLOCATIONS_MAX && reached; n++) {
			r = run_with_fault(&ignored[i], n, true, &reached);
			if (i < roots)
				assert_int_equal(r, PAM_SUCCESS);
		}
		assert_int_equal(r, PAM_SUCCESS);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_T2_no_failed_allocation_allows),
		CASE(test_T2_a_yes_turns_to_no_alone),
		CASE(test_root_and_unmapped_accounts_need_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
