/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A verdict of the decision core with a bit turned over is a denial in the module's hands, in every phase (T3). */
#include "tests/unit/cmocka_test.h"

#include <string.h>

#include "tests/pam/broker.h"
#include "tests/pam/world.h"

static struct fake_broker *broker;

static int setup(void **state)
{
	static const char *const answers[] = {"{\"parameters\":{\"id\":\"A\"}}", NULL};

	world_setup("enforce");
	broker = fake_broker_start(world_path("/run/tenure/root.sock"), answers);
	return 0;
}

static int teardown(void **state)
{
	fake_broker_stop(broker);
	world_teardown();
	return 0;
}

struct scenario {
	const char *name, *service, *user;
	uid_t invoker;
	enum { AUTH, ACCOUNT, SESSION } phase;
	const char *holder, *role; /* of a live grant; NULL: none */
	const char *command;	   /* sudo's; NULL: "sudo id" */
	size_t command_len;
	int turned; /* the verdict: enum question; 0: each */
};

#define HOLDS(who, what) .holder = who, .role = what
#define COMMAND(words)	 .command = words, .command_len = sizeof(words)

static const struct scenario allowed[] = {
	{"sudo auth", "sudo", "alice", UID_ALICE, AUTH, HOLDS("alice", "db-operator"), .turned = QUESTION_GATE_ANY},
	{"sudo account", "sudo", "alice", UID_ALICE, ACCOUNT, HOLDS("alice", "db-operator")},
	{"sudo session", "sudo", "root", UID_ALICE, SESSION, HOLDS("alice", "db-operator")},
	{"sudo by a standing right", "sudo", "root", UID_ERIN, SESSION},
	{"sudo by a local login", "sudo", "bob", UID_BOB, ACCOUNT, HOLDS("bob", "db-operator")},
	{"sudo -g", "sudo", "postgres", UID_GINA, SESSION, HOLDS("gina", "pg-reader"),
	 COMMAND("sudo\0-u\0postgres\0-g\0adm\0id"), .turned = QUESTION_GROUP},
	{"sudoedit", "sudo", "gina", UID_GINA, ACCOUNT, HOLDS("gina", "pg-operator"),
	 COMMAND("sudoedit\0-u\0postgres\0f")},
	{"sudoedit -g", "sudo", "gina", UID_GINA, ACCOUNT, HOLDS("gina", "pg-reader"),
	 COMMAND("sudoedit\0-u\0postgres\0-g\0adm\0f"), .turned = QUESTION_GROUP},
	{"su account", "su", "root", UID_ALICE, ACCOUNT, HOLDS("alice", "db-operator")},
	{"su session", "su", "root", UID_ALICE, SESSION, HOLDS("alice", "db-operator")},
	{"password", "sshd", "alice", 0, AUTH},
	{"step-up", "tenure", "alice", 0, AUTH},
	{"login", "sshd", "alice", 0, ACCOUNT},
	{"login session", "sshd", "alice", 0, SESSION},
	{"login session by a grant", "sshd", "gina", 0, SESSION, HOLDS("gina", "visitor"), .turned = QUESTION_LOGIN},
	{"batch", "cron", "alice", 0, ACCOUNT},
	{"batch session", "cron", "alice", 0, SESSION},
};

static const struct scenario denied[] = {
	{"sudo auth", "sudo", "alice", UID_ALICE, AUTH},
	{"sudo account", "sudo", "alice", UID_ALICE, ACCOUNT},
	{"sudo session", "sudo", "root", UID_ALICE, SESSION},
	{"sudo -g", "sudo", "postgres", UID_GINA, SESSION, HOLDS("gina", "pg-operator"),
	 COMMAND("sudo\0-u\0postgres\0-g\0adm\0id"), .turned = QUESTION_GROUP},
	{"su account", "su", "root", UID_ALICE, ACCOUNT},
	{"password", "sshd", "dan", 0, AUTH},
	{"login", "sshd", "mallory", 0, ACCOUNT},
	{"login session", "sshd", "mallory", 0, SESSION},
	{"batch", "cron", "dan", 0, ACCOUNT},
	{"batch session", "cron", "dan", 0, SESSION},
};

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
	fake->uid = s->invoker;
	fake->flip_question = s->turned;
	fake_broker_forget(broker);
}

static int run(const struct scenario *s, uint32_t flip)
{
	int r;

	fake->flip = flip;
	fake->group_count = 0;
	fake->syslog[0] = '\0';
	r = s->phase == AUTH	  ? world_authenticate(s->service, s->user, WORLD_PASSWORD)
	    : s->phase == ACCOUNT ? world_account(s->service, s->user)
				  : world_session(s->service, s->user);
	fake->flip = 0;
	return r;
}

static void assert_denied(const struct scenario *s, uint32_t flip)
{
	int r = run(s, flip);

	if (r == PAM_SUCCESS || r == WORLD_IGNORED)
		fail_msg("%s: with the bits %08x turned over, %d comes back", s->name, flip, r);
	assert_string_equal(fake_broker_heard(broker), "");
	assert_int_equal(fake->group_count, 0);
}

static void test_T3_an_allow_with_a_bit_turned_over_denies(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(allowed); i++) {
		prepare(&allowed[i]);
		for (int bit = 0; bit < 32; bit++)
			assert_denied(&allowed[i], UINT32_C(1) << bit);
		/* cleared memory, and a truth value that strayed here */
		assert_denied(&allowed[i], VERDICT_ALLOW);
		assert_denied(&allowed[i], VERDICT_ALLOW ^ 1);
		assert_denied(&allowed[i], UINT32_MAX);
		if (run(&allowed[i], 0) != PAM_SUCCESS)
			fail_msg("%s: denied as it is", allowed[i].name);
	}
}

static void test_T3_a_denial_with_a_bit_turned_over_denies(void **state)
{
	for (size_t i = 0; i < ARRAY_LENGTH(denied); i++) {
		prepare(&denied[i]);
		assert_denied(&denied[i], 0);
		for (int bit = 0; bit < 32; bit++)
			assert_denied(&denied[i], UINT32_C(1) << bit);
		assert_denied(&denied[i], VERDICT_DENY);
		assert_denied(&denied[i], VERDICT_DENY ^ 1);
	}
}

/* The login stands for itself; a group that it would take on does not come along. */
static void test_T3_a_group_by_a_verdict_with_a_bit_turned_over(void **state)
{
	static const struct scenario dated = {"dated group", "sshd", "hank", 0, SESSION, .turned = QUESTION_GROUP};
	static const struct scenario granted = {"granted group", "sshd", "alice", 0, SESSION,
						HOLDS("alice", "db-operator"), .turned = QUESTION_GROUP};
	const struct scenario *const both[] = {&dated, &granted};

	for (size_t i = 0; i < ARRAY_LENGTH(both); i++) {
		prepare(both[i]);
		for (int bit = 0; bit < 32; bit++) {
			assert_int_equal(run(both[i], UINT32_C(1) << bit), PAM_SUCCESS);
			assert_int_equal(fake->group_count, 0);
		}
		assert_string_equal(fake_broker_heard(broker), "");
		assert_int_equal(run(both[i], 0), PAM_SUCCESS);
		assert_int_equal(fake->group_count, 1);
	}
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_T3_an_allow_with_a_bit_turned_over_denies),
		CASE(test_T3_a_denial_with_a_bit_turned_over_denies),
		CASE(test_T3_a_group_by_a_verdict_with_a_bit_turned_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
