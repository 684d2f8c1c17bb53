/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The broker and who asks: whom it lets in, and what each may ask. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/tenured/call.h"
#include "tests/unit/server_fixture.h"

/* True if the broker closes without a word. */
static bool closes_silently(int fd)
{
	char byte;
	ssize_t n;

	do
		n = recv(fd, &byte, 1, 0);
	while (n < 0 && errno == EINTR);
	return n == 0 || (n < 0 && errno == ECONNRESET);
}

static int lie_about_uid(struct bed *b, void *argument)
{
	json_t *reply;

	(void)argument;
	for (size_t i = 0; i < verb_count; i++) {
		static const char *const names[] = {"uid", "login", "peer", "caller", "pid"};

		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
			const char *error;

			if (verbs[i].flags & VERB_ONEWAY || (strcmp(verbs[i].name, "SessionOpen") == 0 && n == 4))
				continue;
			error = peer_ask(b, verbs[i].name, json_pack("{s:i}", names[n], 0), NULL, &reply);
			if (strcmp(error, "Invalid") != 0 && strcmp(error, "NotYours") != 0 &&
			    strcmp(error, "org.varlink.service.MethodNotFound") != 0) {
				(void)fprintf(stderr, "%s with %s: %s\n", verbs[i].name, names[n], error);
				return 1;
			}
		}
	}
	/* Nor beside the parameters. */
	int fd = peer_connect_raw(b);
	static const char call[] = "{\"method\":\"io.tenure.Status\",\"uid\":0}";
	char answer[512] = "";

	if (write(fd, call, sizeof(call)) != (ssize_t)sizeof(call) || recv(fd, answer, sizeof(answer) - 1, 0) <= 0)
		return 2;
	return strstr(answer, "io.tenure.Invalid") ? 0 : 3;
}

static void test_T14_no_parameter_names_the_caller(void **state)
{
	assert_int_equal(bed_as(*state, ALICE, NO_LOGIN, lie_about_uid, NULL), 0);
}

static int ask_about_others(struct bed *b, void *argument)
{
	static const char *const methods[] = {"Status", "Roles", "Sessions", "History", "Explain"};
	json_t *reply;

	(void)argument;
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(peer_ask(b, methods[i], json_pack("{s:s}", "user", "carol"), NULL, &reply), "NotYours") != 0)
			return 1;
		/* Whether there is such a user is not told either. */
		if (strcmp(peer_ask(b, methods[i], json_pack("{s:s}", "user", "nobody-here"), NULL, &reply),
			   "NotYours") != 0)
			return 2;
		if (strcmp(peer_ask(b, methods[i], json_pack("{s:s}", "user", "alice@contoso.com"), NULL, &reply),
			   "") != 0)
			return 3;
	}
	return 0;
}

static void test_T14_others_are_asked_about_by_right_alone(void **state)
{
	assert_int_equal(bed_as(*state, ALICE, NO_LOGIN, ask_about_others, NULL), 0);
}

/* A copy of the socket in another process: whoever it was that connected, it is not who speaks. */
static int watch_fork_and_exit(struct bed *b, void *argument)
{
	int fds[2], fd = peer_connect_raw(b), status = 0;
	static const char call[] = "{\"method\":\"io.tenure.Ping\"}";
	char answer[256] = "";
	pid_t child;

	(void)argument;
	/* First the simple case: a child speaks while its parent lives. */
	child = fork();
	if (child == 0)
		_exit(write(fd, call, sizeof(call)) == (ssize_t)sizeof(call) ? 0 : 1);
	if (waitpid(child, &status, 0) != child || status != 0)
		return 1;
	if (!closes_silently(fd))
		return 2;
	/* Then: who connected is gone before a byte is sent. */
	if (pipe(fds) < 0)
		return 3;
	child = fork();
	if (child == 0) {
		fd = peer_connect_raw(b);
		if (fork() == 0) {
			close(fds[1]);
			(void)!read(fds[0], answer, 1); /* end of file: the parent is gone */
			(void)!send(fd, call, sizeof(call), MSG_NOSIGNAL);
			_exit(recv(fd, answer, sizeof(answer), 0) > 0 ? 1 : 0);
		}
		_exit(0);
	}
	close(fds[1]);
	(void)waitpid(child, NULL, 0);
	return waitpid(-1, &status, 0) > 0 ? status != 0 : 0;
}

static void test_T15_a_client_that_forks_and_exits_is_refused(void **state)
{
	assert_int_equal(bed_as(*state, ALICE, NO_LOGIN, watch_fork_and_exit, NULL), 0);
	assert_true(bed_answers(*state, ALICE));
}

static int from_another_namespace(struct bed *b, void *argument)
{
	int fd;

	(void)argument;
	if (unshare(CLONE_NEWUSER) < 0)
		return 77;
	fd = peer_connect_raw(b);
	(void)!send(fd, "{\"method\":\"io.tenure.Ping\"}", 28, MSG_NOSIGNAL);
	return closes_silently(fd) ? 0 : 1;
}

static void test_T47_a_peer_in_another_user_namespace_is_refused(void **state)
{
	int code = bed_as(*state, ALICE, NO_LOGIN, from_another_namespace, NULL);

	if (code == 77)
		skip_because("no user namespaces for users");
	assert_int_equal(code, 0);
}

static int own_status(struct bed *b, void *argument)
{
	json_t *reply;
	const char *error = peer_ask(b, "Status", NULL, NULL, &reply);

	(void)argument;
	return strcmp(error, "") == 0 ? 0 : 1;
}

static void test_T47_a_uid_that_subordinate_ids_can_forge_is_refused(void **state)
{
	struct bed *b = *state;

	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, own_status, NULL), 0);
	bed_write(b, "etc/subuid", "bob:1900000000:65536\n", 0644);
	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, own_status, NULL), 1);
	assert_true(bed_answers(b, STRANGER));
}

/* --- the role x verb matrix --- */

enum expectation {
	ALL,       /* answered to anybody */
	GOVERNED,  /* and to root */
	PRINCIPAL, /* not to root */
	ROOT_ONLY, /* on the root socket */
};

/* Written down once more, by hand: the table of the code must say the same. */
static const struct {
	const char *verb;
	enum expectation who;
} matrix[] = {
	{"org.varlink.service.GetInfo", ALL},
	{"org.varlink.service.GetInterfaceDescription", ALL},
	{"Ping", ALL},
	{"Answer", ALL},
	{"Status", GOVERNED},
	{"Roles", GOVERNED},
	{"Explain", GOVERNED},
	{"History", GOVERNED},
	{"Sessions", GOVERNED},
	{"Pending", GOVERNED},
	{"Show", GOVERNED},
	{"End", GOVERNED},
	{"Deny", GOVERNED},
	{"Revoke", GOVERNED},
	{"Request", PRINCIPAL},
	{"Extend", PRINCIPAL},
	{"Cancel", PRINCIPAL},
	{"Authenticate", PRINCIPAL},
	{"Approve", PRINCIPAL},
	{"SessionOpen", ROOT_ONLY},
	{"SessionClose", ROOT_ONLY},
	{"VerifyPassword", ROOT_ONLY},
	{"ChangePassword", ROOT_ONLY},
	{"KeepPassword", ROOT_ONLY},
	{"Reload", ROOT_ONLY},
	{"Drain", ROOT_ONLY},
	{"JournalReset", ROOT_ONLY},
};
#define MATRIX_ROWS (sizeof(matrix) / sizeof(matrix[0]))

static bool is_turned_away(const char *error)
{
	return strcmp(error, "NotYours") == 0 || strcmp(error, "NotGoverned") == 0;
}

struct caller {
	unsigned uid;
	bool privileged;
};

static bool may(enum expectation who, const struct caller *caller)
{
	switch (who) {
	case ALL:
		return true;
	case GOVERNED:
		return caller->uid != STRANGER;
	case PRINCIPAL:
		return caller->uid == ALICE;
	case ROOT_ONLY:
		return caller->uid == 0 && caller->privileged;
	}
	return false;
}

static int walk_matrix(struct bed *b, void *argument)
{
	const struct caller *caller = argument;
	json_t *reply;
	int wrong = 0;

	for (size_t i = 0; i < MATRIX_ROWS; i++) {
		struct wire_client *c;
		const char *error;

		/* These two act when they are let in: they are walked by other tests. */
		if (strcmp(matrix[i].verb, "Answer") == 0 ||
		    (strcmp(matrix[i].verb, "Drain") == 0 && may(matrix[i].who, caller)))
			continue;
		c = peer_connect(b, caller->privileged);
		error = peer_call(c, matrix[i].verb, NULL, NULL, &reply);
		if (is_turned_away(error) == may(matrix[i].who, caller)) {
			(void)fprintf(stderr, "uid %u, %s socket, %s: \"%s\"\n", caller->uid,
				      caller->privileged ? "root" : "public", matrix[i].verb, error);
			wrong++;
		}
		wire_client_free(c);
	}
	return wrong;
}

static void test_T19_role_by_verb_matrix(void **state)
{
	struct bed *b = *state;
	struct caller callers[] = {{0, false}, {0, true}, {ALICE, false}, {STRANGER, false}};

	assert_int_equal(MATRIX_ROWS, verb_count);
	for (size_t i = 0; i < MATRIX_ROWS; i++) {
		char method[128];

		(void)snprintf(method, sizeof(method), "%s%s", strchr(matrix[i].verb, '.') ? "" : "io.tenure.",
			       matrix[i].verb);
		assert_non_null(verb_find(method));
	}
	for (size_t i = 0; i < sizeof(callers) / sizeof(callers[0]); i++)
		assert_int_equal(bed_as(b, callers[i].uid, NO_LOGIN, walk_matrix, &callers[i]), 0);
}

/* Rights that are held reach as far as they say, and no further. */
static const struct {
	unsigned uid;
	const char *verb;
	bool allowed;
} reaches[] = {
	{READER, "Status", true},    {READER, "Roles", true},    {READER, "Explain", true}, {READER, "History", true},
	{READER, "Sessions", false}, {HELPER, "Sessions", true}, {HELPER, "Status", false}, {HELPER, "Roles", false},
	{HELPER, "Explain", false},  {HELPER, "History", false}, {0, "Status", true},       {0, "Sessions", true},
	{0, "History", true},        {CAROL, "Status", false},   {CAROL, "History", false}, {CAROL, "Sessions", false},
};

static int ask_about_alice(struct bed *b, void *argument)
{
	json_t *reply;

	return strcmp(peer_ask(b, argument, json_pack("{s:s}", "user", "alice"), NULL, &reply), "") == 0 ? 1 : 0;
}

static void test_T19_rights_reach_as_far_as_they_say(void **state)
{
	for (size_t i = 0; i < sizeof(reaches) / sizeof(reaches[0]); i++) {
		bool allowed = bed_as(*state, reaches[i].uid, NO_LOGIN, ask_about_alice,
				      (void *)(uintptr_t)reaches[i].verb) == 1;

		if (allowed != reaches[i].allowed)
			(void)fprintf(stderr, "uid %u, %s\n", reaches[i].uid, reaches[i].verb);
		assert_true(allowed == reaches[i].allowed);
	}
}

static int reach_for_root_socket(struct bed *b, void *argument)
{
	struct wire_client *c;

	(void)argument;
	return wire_client_connect(bed_path(b, "run/tenure/root.sock"), 1000, &c) == -EACCES ? 0 : 1;
}

static void test_T19_the_root_socket_lets_nobody_else_connect(void **state)
{
	assert_int_equal(bed_as(*state, ALICE, NO_LOGIN, reach_for_root_socket, NULL), 0);
	assert_int_equal(bed_as(*state, STRANGER, NO_LOGIN, reach_for_root_socket, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_T14_no_parameter_names_the_caller),
		TEST(test_T14_others_are_asked_about_by_right_alone),
		TEST(test_T15_a_client_that_forks_and_exits_is_refused),
		TEST(test_T47_a_peer_in_another_user_namespace_is_refused),
		TEST(test_T47_a_uid_that_subordinate_ids_can_forge_is_refused),
		TEST(test_T19_role_by_verb_matrix),
		TEST(test_T19_rights_reach_as_far_as_they_say),
		TEST(test_T19_the_root_socket_lets_nobody_else_connect),
	};

	if (geteuid() != 0) {
		(void)puts("skipped: needs root, to be other users");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
