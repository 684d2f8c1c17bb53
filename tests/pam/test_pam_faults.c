/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Nothing that fails ends in yes (T2): each call of each phase that can run out or fail does so in turn (faults.c), alone
 * and with all that follow it. Whoever would be denied is never let pass, nobody governed is ever left to others, and
 * where the yes stays, the session is contained all the same.
 */
#include "tests/unit/cmocka_test.h"

#include <string.h>
#include <unistd.h>

#include "tests/pam/broker.h"
#include "tests/pam/record.h"
#include "tests/pam/world.h"

#define CALLS_MAX 2000
#define GID_ADM	  4

static struct fake_broker *broker;
static unsigned long failed[CALL_KINDS]; /* in all the tests */

static int setup(void **state)
{
	static const char *const answers[] = {"{\"parameters\":{\"id\":\"7K2M-Q4XB\"}}", NULL};

	world_setup("enforce");
	fake->cgroup2 = true;
	broker = fake_broker_start(world_path("/run/tenure/root.sock"), answers);
	return 0;
}

static int setup_alone(void **state)
{
	world_setup("enforce");
	fake->cgroup2 = true;
	return 0;
}

static int teardown(void **state)
{
	fake->fail_call = 0;
	if (broker)
		fake_broker_stop(broker);
	broker = NULL;
	world_teardown();
	return 0;
}

struct scenario {
	const char *name, *service, *user, *answer;
	uid_t invoker;
	enum { AUTH, ACCOUNT, SESSION, CRED } phase;
	const char *holder, *role; /* of a live grant; NULL: none */
	const char *command;	   /* of sudo, each word with its NUL; NULL: "sudo id" */
	size_t command_len;
	bool late; /* allowed: something behind the verdict may fail, and the yes stays */
};

#define HOLDS(who, what) .holder = who, .role = what
#define COMMAND(words)	 .command = words, .command_len = sizeof(words)

static void prepare(const struct scenario *s)
{
	world_telling_stack(s->service);
	if (s->role)
		world_grant(s->holder, s->role, 600);
	else
		world_no_grants();
	if (s->command)
		world_command(s->command, s->command_len);
	else
		WORLD_COMMAND("sudo\0id");
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

/* What a phase came to, and what a yes has left behind when the program has closed its session. */
struct result {
	int code;
	bool reached;		 /* there was such a call to fail */
	bool failed[CALL_KINDS]; /* and of which kind */
	bool held;		 /* contained, by the broker or on record */
	char record[4096];
};

/* A call fails in the phase, and in nothing else. */
static void phase_with_fault(pam_handle_t *pamh, const struct scenario *s, long which, bool all_after,
			     struct result *ret)
{
	fake->calls = 0;
	fake->fail_all_after = all_after;
	fake->fail_call = which;
	ret->code = phase_of(pamh, s);
	fake->fail_call = 0;
	ret->reached = fake->calls >= which;
	for (int i = 0; i < CALL_KINDS; i++) {
		ret->failed[i] = fake->failed[i] > 0;
		failed[i] += fake->failed[i];
		fake->failed[i] = 0;
	}
}

static bool was_held(struct result *result)
{
	if (record_take(result->record, sizeof(result->record)))
		return true;
	return broker && strstr(fake_broker_heard(broker), "io.tenure.SessionClose\",\"parameters\":{\"id\":\"7K2M-Q4XB\"");
}

static void run_with_fault(const struct scenario *s, long which, bool all_after, struct result *ret)
{
	pam_handle_t *pamh = world_start(s->service, s->user);

	*ret = (struct result){.code = PAM_ABORT};
	person = (struct person){.answer = s->answer};
	fake->uid = s->invoker;
	fake->group_count = 0;
	fake->syslog[0] = '\0';
	if (broker)
		fake_broker_forget(broker);
	if (s->phase == CRED && s->role)
		assert_int_equal(pam_open_session(pamh, 0), PAM_SUCCESS);
	phase_with_fault(pamh, s, which, all_after, ret);
	if (ret->code == PAM_SUCCESS && s->phase >= SESSION)
		(void)pam_close_session(pamh, 0);
	ret->held = was_held(ret);
	world_end(pamh);
	world_forget_sessions();
}

/* All of them are denied when nothing fails. */
static const struct scenario denied[] = {
	{"sudo auth", "sudo", "alice", WORLD_PASSWORD, UID_ALICE, AUTH},
	{"sudo account", "sudo", "alice", "", UID_ALICE, ACCOUNT},
	{"sudo session", "sudo", "root", "", UID_ALICE, SESSION},
	{"sudo account of a local login", "sudo", "bob", "", UID_BOB, ACCOUNT},
	{"sudo session of a local login", "sudo", "root", "", UID_BOB, SESSION},
	{"sudo account of a moved login", "sudo", "moved", "", UID_MOVED, ACCOUNT},
	{"sudo -g", "sudo", "postgres", "", UID_GINA, SESSION, HOLDS("gina", "pg-operator"),
	 COMMAND("sudo\0-u\0postgres\0-g\0disk\0id")},
	{"sudoedit auth", "sudo", "gina", WORLD_PASSWORD, UID_GINA, AUTH, HOLDS("gina", "pg-operator"),
	 COMMAND("sudoedit\0/etc/shadow")},
	{"sudoedit", "sudo", "gina", "", UID_GINA, ACCOUNT, HOLDS("gina", "pg-operator"),
	 COMMAND("sudo\0-e\0/etc/shadow")},
	{"sudoedit -g", "sudo", "gina", "", UID_GINA, ACCOUNT, HOLDS("gina", "pg-operator"),
	 COMMAND("sudoedit\0-u\0postgres\0-g\0disk\0f")},
	{"an option of another day", "sudo", "gina", "", UID_GINA, ACCOUNT, HOLDS("gina", "pg-operator"),
	 COMMAND("sudo\0--new-in-a-later-sudo\0-u\0postgres\0id")},
	{"su auth", "su", "root", "", UID_ALICE, AUTH},
	{"su account", "su", "root", "", UID_ALICE, ACCOUNT},
	{"su session", "su", "root", "", UID_ALICE, SESSION},
	{"wrong target", "su", "postgres", "", UID_ERIN, ACCOUNT},
	{"wrong target, session", "sudo", "postgres", "", UID_ERIN, SESSION},
	{"login without a right", "sshd", "mallory", "", 0, ACCOUNT},
	{"login session without a right", "sshd", "mallory", "", 0, SESSION},
	{"login session, role not activated", "sshd", "gina", "", 0, SESSION},
	{"login of a mapped account", "sshd", "lou", "", 0, ACCOUNT},
	{"login of a moved account", "sshd", "moved", "", 0, ACCOUNT},
	{"credentials of a moved account", "sshd", "moved", "", 0, CRED},
	{"disabled", "sshd", "dan", "", 0, ACCOUNT},
	{"disabled, session", "sshd", "dan", "", 0, SESSION},
	{"disabled, password", "sshd", "dan", WORLD_PASSWORD, 0, AUTH},
	{"wrong password", "sshd", "alice", "wrong", 0, AUTH},
	{"empty password", "sshd", "alice", "", 0, AUTH},
	{"no password", "sshd", "nopass", WORLD_PASSWORD, 0, AUTH},
	{"locked", "sshd", "locked", WORLD_PASSWORD, 0, AUTH},
	{"step-up, wrong", "tenure", "alice", "wrong", 0, AUTH},
	{"batch, disabled", "cron", "dan", "", 0, ACCOUNT},
	{"batch session, disabled", "cron", "dan", "", 0, SESSION},
};

static void check_denied(const struct scenario *s, long n, const struct result *result)
{
	if (result->code == PAM_SUCCESS || result->code == WORLD_IGNORED)
		fail_msg("%s: call %ld fails, and %d comes back", s->name, n, result->code);
	if (result->held || fake->group_count > 0 || strstr(fake_broker_heard(broker), "SessionOpen"))
		fail_msg("%s: call %ld fails, and a session is opened", s->name, n);
}

static void test_T2_no_failed_call_allows(void **state)
{
	unsigned long runs = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(denied); i++) {
		const struct scenario *s = &denied[i];
		struct result result = {.reached = true};

		prepare(s);
		for (int all = 0; all <= 1; all++) {
			for (long n = 1; n < CALLS_MAX; n++, runs++) {
				run_with_fault(s, n, all, &result);
				check_denied(s, n, &result);
				if (!result.reached)
					break;
			}
			assert_false(result.reached);
		}
	}
	print_message("%lu faults\n", runs);
}

/* All of them are allowed when nothing fails. */
static const struct scenario allowed[] = {
	{"sudo auth", "sudo", "alice", WORLD_PASSWORD, UID_ALICE, AUTH, HOLDS("alice", "db-operator")},
	{"sudo account", "sudo", "alice", "", UID_ALICE, ACCOUNT, HOLDS("alice", "db-operator")},
	{"sudo session", "sudo", "root", "", UID_ALICE, SESSION, HOLDS("alice", "db-operator")},
	{"sudo session of a standing right", "sudo", "root", "", UID_ERIN, SESSION},
	{"sudo -g", "sudo", "postgres", "", UID_GINA, SESSION, HOLDS("gina", "pg-reader"),
	 COMMAND("sudo\0-u\0postgres\0-g\0adm\0id")},
	{"sudoedit", "sudo", "gina", "", UID_GINA, ACCOUNT, HOLDS("gina", "pg-operator"),
	 COMMAND("sudoedit\0-u\0postgres\0f")},
	{"sudoedit -g", "sudo", "gina", "", UID_GINA, ACCOUNT, HOLDS("gina", "pg-reader"),
	 COMMAND("sudoedit\0-u\0postgres\0-g\0adm\0f")},
	{"su account", "su", "root", "", UID_ALICE, ACCOUNT, HOLDS("alice", "db-operator")},
	{"su session", "su", "root", "", UID_ALICE, SESSION, HOLDS("alice", "db-operator")},
	{"password", "sshd", "alice", WORLD_PASSWORD, 0, AUTH},
	{"login", "sshd", "alice", "", 0, ACCOUNT, .late = true}, /* behind the verdict: the folder of the homes */
	{"login by a grant, with its group", "sshd", "gina", "", 0, SESSION, HOLDS("gina", "visitor"), .late = true},
	{"standing login with a grant's group", "sshd", "alice", "", 0, SESSION, HOLDS("alice", "db-operator"),
	 .late = true},
	{"standing login with a dated group", "sshd", "hank", "", 0, SESSION, .late = true},
	{"standing login", "sshd", "carol", "", 0, SESSION, .late = true},
	{"credentials", "sshd", "gina", "", 0, CRED, HOLDS("gina", "visitor"), .late = true},
	{"batch", "cron", "alice", "", 0, ACCOUNT},
	{"batch session", "cron", "alice", "", 0, SESSION},
};

/* Gates, and logins that rest on a grant; the others are contained for the groups alone that they take on. */
static bool must_be_held(const struct scenario *s)
{
	if (s->phase < SESSION || strcmp(s->service, "cron") == 0)
		return false;
	return strcmp(s->service, "sshd") != 0 || strcmp(s->user, "gina") == 0 || fake->group_count > 0;
}

static void check_yes(const struct scenario *s, long n, const struct result *result)
{
	if (fake->group_count > 1 || (fake->group_count == 1 && fake->groups[0] != GID_ADM))
		fail_msg("%s: call %ld fails, and it has groups that nobody gave", s->name, n);
	if (must_be_held(s) && !result->held)
		fail_msg("%s: call %ld fails, and it is allowed without an end", s->name, n);
	/* The phases share nothing then: who is judged in the next would be anybody (T4). */
	if (result->failed[CALL_PAM])
		fail_msg("%s: call %ld fails, libpam's, and it is allowed", s->name, n);
	if (result->held && (result->failed[CALL_GETSOCKOPT] || result->failed[CALL_RANDOM] || result->failed[CALL_LIMIT]))
		fail_msg("%s: call %ld fails, and a session is held on nothing", s->name, n);
	/* On record: a session that rests on what ends says when; a grant does so by both clocks. */
	if (result->record[0] && s->invoker != UID_ERIN &&
	    (!strstr(result->record, "\nend=") || (s->role && !strstr(result->record, "\nboot_end="))))
		fail_msg("%s: call %ld fails, and the record has no end: %s", s->name, n, result->record);
}

static void run_allowed(const struct scenario *s, bool all)
{
	struct result result = {.reached = true};

	for (long n = 1; n < CALLS_MAX && result.reached; n++) {
		run_with_fault(s, n, all, &result);
		if (result.code == WORLD_IGNORED)
			fail_msg("%s: call %ld fails, and it is left to others", s->name, n);
		if (result.code == PAM_SUCCESS)
			check_yes(s, n, &result);
		if (result.code == PAM_SUCCESS && result.reached && all && !s->late)
			fail_msg("%s: call %ld and all after it fail, and it is allowed", s->name, n);
	}
	assert_false(result.reached);
	if (result.code != PAM_SUCCESS || (must_be_held(s) && !result.held))
		fail_msg("%s: nothing fails, and %d comes back", s->name, result.code);
}

/* A yes needs all it needs: where a call fails the answer may turn to no, and never to something else. */
static void test_T2_a_yes_turns_to_no_alone(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(allowed); i++) {
		prepare(&allowed[i]);
		run_allowed(&allowed[i], false);
		run_allowed(&allowed[i], true);
	}
}

/* The same where nobody answers: what opens a session puts it on record. */
static void test_T2_a_yes_turns_to_no_alone_without_a_broker(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(allowed); i++) {
		if (allowed[i].phase < SESSION)
			continue;
		prepare(&allowed[i]);
		run_allowed(&allowed[i], false);
		run_allowed(&allowed[i], true);
	}
}

/* A screen locker's question, on the socket for everybody. */
static void test_T2_a_password_that_the_broker_checks(void **state)
{
	static const char *const yes[] = {"{\"parameters\":{\"event\":\"prompt\",\"text\":\"Password: \",\"echo\":false},"
					  "\"continues\":true}", "{\"parameters\":{}}", NULL};
	static const struct scenario lock = {"swaylock", "swaylock", "alice", WORLD_PASSWORD, UID_ALICE, AUTH};

	broker = fake_broker_start(world_path("/run/tenure/tenured.sock"), yes);
	fake->euid = UID_ALICE;
	prepare(&lock);
	run_allowed(&lock, false);
	run_allowed(&lock, true);
}

/* Who is not root needs the index to be known as none of ours: denied while it cannot be mapped, never lost for good. */
static void test_root_and_unmapped_accounts_need_nothing(void **state)
{
	static const struct scenario ignored[] = {
		{"root at the gate", "sudo", "root", "", 0, ACCOUNT},
		{"root's login", "sshd", "root", "", 0, ACCOUNT},
		{"root's session", "sshd", "root", "", 0, SESSION},
		{"root's credentials", "sshd", "root", "", 0, CRED},
		{"local login", "sshd", "luser", "", 0, ACCOUNT},
		{"local session", "sshd", "luser", "", 0, SESSION},
	};
	const size_t roots = 4;

	for (size_t i = 0; i < ARRAY_LENGTH(ignored); i++) {
		struct result result = {.reached = true};

		prepare(&ignored[i]);
		for (long n = 1; n < CALLS_MAX && result.reached; n++) {
			run_with_fault(&ignored[i], n, true, &result);
			if (i < roots)
				assert_int_equal(result.code, WORLD_IGNORED);
		}
		assert_int_equal(result.code, WORLD_IGNORED);
	}
}

/* A compiler that calls one of them by another name would leave it out of all this. */
static void test_every_kind_of_call_has_failed(void **state)
{
	for (int i = 0; i < CALL_KINDS; i++)
		if (failed[i] == 0)
			fail_msg("calls of kind %d never failed", i);
}

#define CASE(f)	 cmocka_unit_test_setup_teardown(f, setup, teardown)
#define ALONE(f) cmocka_unit_test_setup_teardown(f, setup_alone, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_T2_no_failed_call_allows),
		CASE(test_T2_a_yes_turns_to_no_alone),
		ALONE(test_T2_a_yes_turns_to_no_alone_without_a_broker),
		ALONE(test_T2_a_password_that_the_broker_checks),
		ALONE(test_root_and_unmapped_accounts_need_nothing),
		cmocka_unit_test(test_every_kind_of_call_has_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
