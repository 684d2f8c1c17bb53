/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The broker as its clients meet it: who is let in, what is answered, and what one client can do to others. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/tenured/call.h"
#include "tests/unit/server_fixture.h"

static const char *const right_password[] = {PASSWORD, NULL};

static int raw_connect(const struct bed *b)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/run/tenure/tenured.sock", b->root);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		_exit(99);
	return fd;
}

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

static void test_sockets_have_the_modes_they_should(void **state)
{
	struct bed *b = *state;
	struct stat st;

	assert_int_equal(stat(bed_path(b, "run/tenure/tenured.sock"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
	assert_int_equal(stat(bed_path(b, "run/tenure/root.sock"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static int describe_itself(struct bed *b, void *argument)
{
	json_t *reply;
	const char *text;

	(void)argument;
	if (strcmp(peer_ask(b, "org.varlink.service.GetInfo", NULL, NULL, &reply), "") != 0)
		return 1;
	if (strcmp(peer_ask(b, "org.varlink.service.GetInterfaceDescription",
			    json_pack("{s:s}", "interface", "io.tenure"), NULL, &reply),
		   "") != 0)
		return 2;
	text = json_string_value(json_object_get(reply, "description"));
	for (size_t i = 0; text && i < verb_count; i++) {
		char method[128];

		(void)snprintf(method, sizeof(method), "\nmethod %s(", verbs[i].name);
		if (!strchr(verbs[i].name, '.') && !strstr(text, method)) {
			(void)fprintf(stderr, "%s is not described\n", verbs[i].name);
			return 3;
		}
	}
	return text ? 0 : 4;
}

static void test_it_describes_every_verb(void **state)
{
	assert_int_equal(bed_as(*state, STRANGER, NO_LOGIN, describe_itself, NULL), 0);
}

/* --- who --- */

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
	int fd = raw_connect(b);
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
	int fds[2], fd = raw_connect(b), status = 0;
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
		fd = raw_connect(b);
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
	fd = raw_connect(b);
	(void)!send(fd, "{\"method\":\"io.tenure.Ping\"}", 28, MSG_NOSIGNAL);
	return closes_silently(fd) ? 0 : 1;
}

static void test_T47_a_peer_in_another_user_namespace_is_refused(void **state)
{
	int code = bed_as(*state, ALICE, NO_LOGIN, from_another_namespace, NULL);

	if (code == 77)
		skip();
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

/* --- what one client can do to others --- */

static int hold_connections(struct bed *b, void *argument)
{
	const struct rlimit many = {4096, 4096};
	int *ready = argument, opened = 0;

	if (setrlimit(RLIMIT_NOFILE, &many) < 0)
		return 1;
	for (int i = 0; i < 2000; i++) {
		int fd = raw_connect(b);

		opened += fd >= 0;
		if (i % 2)
			(void)!send(fd, "{\"method\":", 10, MSG_NOSIGNAL);
	}
	(void)!write(ready[1], opened == 2000 ? "y" : "n", 1);
	pause();
	return 0;
}

static void test_T17_2000_held_connections_of_one_uid_leave_others_served(void **state)
{
	struct bed *b = *state;
	const struct rlimit many = {4096, 4096};
	int ready[2];
	char said = 0;
	pid_t holder;

	(void)setrlimit(RLIMIT_NOFILE, &many);
	assert_int_equal(pipe(ready), 0);
	holder = bed_spawn(b, USER_UID(1), NO_LOGIN, hold_connections, ready);
	assert_int_equal(read(ready[0], &said, 1), 1);
	assert_int_equal(said, 'y');
	assert_true(bed_answers(b, ALICE));
	assert_true(bed_answers(b, STRANGER));
	assert_true(bed_answers(b, 0));
	kill(holder, SIGKILL);
	(void)bed_wait(holder);
	for (int i = 0; i < 100 && !bed_answers(b, USER_UID(1)); i++)
		usleep(50000);
	assert_true(bed_answers(b, USER_UID(1)));
	close(ready[0]);
	close(ready[1]);
}

static int hold_forty(struct bed *b, void *argument)
{
	for (int i = 0; i < 40; i++)
		(void)raw_connect(b);
	(void)!write(*(int *)argument, "y", 1);
	pause();
	return 0;
}

/* No descriptor left: who comes is turned away at once instead of waiting, and served when there are some again. */
static void test_T17_without_descriptors_the_queue_still_moves(void **state)
{
	struct bed *b = *state;
	int ready[2];
	char byte;
	pid_t holder;

	bed_stop(b, SIGKILL);
	b->descriptors = 64;
	bed_start(b);
	assert_int_equal(pipe(ready), 0);
	holder = bed_spawn(b, USER_UID(1), NO_LOGIN, hold_forty, &ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_false(bed_answers(b, ALICE));
	kill(holder, SIGKILL);
	(void)bed_wait(holder);
	for (int i = 0; i < 200 && !bed_answers(b, ALICE); i++)
		usleep(20000);
	assert_true(bed_answers(b, ALICE));
	close(ready[0]);
	close(ready[1]);
}

static int send_garbage(struct bed *b, void *argument)
{
	unsigned seed = *(unsigned *)argument;
	struct wire_client *witness = peer_connect(b, false);
	json_t *reply;

	for (int i = 0; i < 200; i++) {
		char bytes[512];
		int fd = raw_connect(b);

		for (size_t n = 0; n < sizeof(bytes); n++) {
			seed = seed * 1103515245u + 12345u;
			bytes[n] = (char)(seed >> 16);
		}
		(void)!send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
		close(fd);
	}
	return strcmp(peer_call(witness, "Ping", NULL, NULL, &reply), "") == 0 ? 0 : 1;
}

static void test_T18_bad_input_ends_its_client_and_nobody_else(void **state)
{
	struct bed *b = *state;
	pid_t pids[4];

	for (unsigned i = 0; i < 4; i++)
		pids[i] = bed_spawn(b, ALICE + 2 * (i % 2), NO_LOGIN, send_garbage, &(unsigned){i + 1});
	for (int i = 0; i < 4; i++)
		assert_int_equal(bed_wait(pids[i]), 0);
	assert_int_equal(kill(b->broker, 0), 0);
	assert_true(bed_answers(b, ALICE));
}

/* --- step-up --- */

/* How far a client gets before it goes. */
enum { AT_CONNECT, AT_HALF, AT_CALL, AT_PROMPT, AT_WRONG_ANSWER, AT_NEXT_PROMPT, AT_COUNT };

/* Goes away at one step of a request with step-up. */
static int leave_at(struct bed *b, void *argument)
{
	size_t stage = *(size_t *)argument;
	struct wire_client *c;
	json_t *reply;

	if (stage <= AT_HALF) {
		int fd = raw_connect(b);

		if (stage == AT_HALF)
			(void)!write(fd, "{\"method\":\"io.ten", 17);
		return 0;
	}
	c = peer_connect(b, false);
	if (wire_client_call(c, "Request", json_pack("{s:s, s:s}", "role", "db-operator", "reason", "x"), WIRE_MORE) <
	    0)
		return 1;
	if (stage >= AT_PROMPT && !peer_await(c, "prompt", &reply))
		return 2;
	if (stage >= AT_WRONG_ANSWER && wire_client_call(c, "Answer", json_pack("{s:s}", "text", "wrong"), WIRE_ONEWAY) < 0)
		return 3;
	if (stage >= AT_NEXT_PROMPT && !peer_await(c, "prompt", &reply))
		return 4;
	return 0; /* the kernel closes */
}

static int count_pending(struct bed *b, void *argument)
{
	json_t *reply;

	(void)argument;
	if (strcmp(peer_ask(b, "Pending", NULL, NULL, &reply), "") != 0)
		return 99;
	return (int)json_array_size(json_object_get(reply, "items"));
}

static void test_T16_a_client_that_leaves_at_any_step_leaves_nothing(void **state)
{
	struct bed *b = *state;

	for (size_t stage = 0; stage < AT_COUNT; stage++) {
		assert_int_equal(bed_as(b, ALICE, NO_LOGIN, leave_at, &stage), 0);
		assert_true(bed_await_helpers(b, 0));
		assert_int_equal(bed_as(b, 0, NO_LOGIN, count_pending, NULL), 0);
		assert_true(bed_answers(b, ALICE));
	}
}

static int request_fast(struct bed *b, void *argument)
{
	json_t *reply;
	const char *error = peer_ask(b, "Request", json_pack("{s:s}", "role", "fast"), argument, &reply);

	if (strcmp(error, "StepUpFailed") == 0)
		return 6;
	return strcmp(error, "") == 0 ? 0 : 1;
}

static void test_step_up_has_three_tries(void **state)
{
	static const char *const third[] = {"no", "nor this", PASSWORD, NULL};
	static const char *const never[] = {"no", "nor this", "", PASSWORD, NULL};

	assert_int_equal(bed_as(*state, ALICE, NO_LOGIN, request_fast, (void *)(uintptr_t)never), 6);
	assert_int_equal(bed_as(*state, ALICE, NO_LOGIN, request_fast, (void *)(uintptr_t)third), 0);
}

static void test_who_guesses_must_wait_and_others_need_not(void **state)
{
	static const char *const right[] = {PASSWORD, NULL};
	struct bed *b = *state;
	size_t stage = AT_WRONG_ANSWER; /* guesses once, and leaves before the verdict */

	for (int i = 0; i < 5; i++)
		assert_int_equal(bed_as(b, ALICE, NO_LOGIN, leave_at, &stage), 0);
	assert_true(bed_await_helpers(b, 0));
	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, request_fast, (void *)(uintptr_t)right), 1);
	assert_int_equal(bed_as(b, USER_UID(1), NO_LOGIN, request_fast, (void *)(uintptr_t)right), 0);
}

struct rendezvous {
	int arrived, go;
};

static int step_up_together(struct bed *b, void *argument)
{
	const struct rendezvous *at = argument;
	struct wire_client *c = peer_connect(b, false);
	json_t *reply;
	const char *error;
	bool continues;
	char byte;

	if (wire_client_call(c, "Request", json_pack("{s:s}", "role", "fast"), WIRE_MORE) < 0)
		return 1;
	if (!peer_await(c, "prompt", &reply))
		return 2;
	(void)!write(at->arrived, "x", 1);
	if (read(at->go, &byte, 1) != 0) /* end of file: all have arrived */
		return 3;
	if (wire_client_call(c, "Answer", json_pack("{s:s}", "text", PASSWORD), WIRE_ONEWAY) < 0)
		return 4;
	if (wire_client_next(c, PATIENCE_MS, &reply, &continues, &error) < 0 || continues || error)
		return 5;
	return 0;
}

static void test_50_step_ups_at_once(void **state)
{
	struct bed *b = *state;
	int arrived[2], go[2];
	pid_t pids[50];
	char byte;

	assert_int_equal(pipe(arrived), 0);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	for (int i = 0; i < 50; i++) {
		struct rendezvous at = {arrived[1], go[0]};

		pids[i] = fork();
		if (pids[i] == 0) {
			close(go[1]);
			_exit(bed_as(b, USER_UID(i), NO_LOGIN, step_up_together, &at));
		}
	}
	for (int i = 0; i < 50; i++)
		assert_int_equal(read(arrived[0], &byte, 1), 1);
	assert_int_equal(bed_helpers(b), 50);
	close(go[1]);
	for (int i = 0; i < 50; i++)
		assert_int_equal(bed_wait(pids[i]), 0);
	assert_true(bed_await_helpers(b, 0));
	close(arrived[0]);
	close(arrived[1]);
	close(go[0]);
}

static int keep_prompt_open(struct bed *b, void *argument)
{
	struct wire_client *c = peer_connect(b, false);
	json_t *reply;

	if (wire_client_call(c, "Request", json_pack("{s:s}", "role", "fast"), WIRE_MORE) < 0 ||
	    !peer_await(c, "prompt", &reply))
		return 1;
	(void)!write(*(int *)argument, "x", 1);
	pause();
	return 0;
}

static void test_step_ups_die_with_the_broker(void **state)
{
	struct bed *b = *state;
	int ready[2];
	char path[64], byte;
	pid_t client, helper = 0;
	FILE *f;

	assert_int_equal(pipe(ready), 0);
	client = bed_spawn(b, ALICE, NO_LOGIN, keep_prompt_open, &ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", b->broker, b->broker);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &helper), 1);
	fclose(f);
	bed_stop(b, SIGKILL);
	(void)snprintf(path, sizeof(path), "/proc/%d", helper);
	for (int i = 0; i < PATIENCE_MS / 20 && access(path, F_OK) == 0; i++)
		usleep(20000);
	assert_int_not_equal(access(path, F_OK), 0);
	kill(client, SIGKILL);
	(void)bed_wait(client);
	close(ready[0]);
	close(ready[1]);
}

/* --- by PAM --- */

#define MATRIX "/usr/lib/x86_64-linux-gnu/pam_wrapper/pam_matrix.so"

struct pam_case {
	const char *stack;
	const char *const *answers;
	const char *error;
};

static int request_by_pam(struct bed *b, void *argument)
{
	const struct pam_case *x = argument;
	json_t *reply;
	const char *error = peer_ask(b, "Request", json_pack("{s:s}", "role", "fast"), x->answers, &reply);

	if (strcmp(error, x->error) == 0)
		return 0;
	(void)fprintf(stderr, "%s: \"%s\"\n", x->stack, error);
	return 1;
}

/* Whatever the stack answers but a whole success is a no; what PAM says comes to the client, and its answers to PAM. */
static void test_step_up_by_pam(void **state)
{
	static const char *const right[] = {"of the matrix", NULL}, *const third[] = {"no", "no", "of the matrix",
										      NULL};
	static const char *const wrong[] = {"no", "no", "no", NULL}, *const none[] = {NULL};
	const struct pam_case cases[] = {
		{"auth required " MATRIX " passdb=%s\naccount required pam_permit.so\n", right, ""},
		{"auth required " MATRIX " passdb=%s\naccount required pam_permit.so\n", third, ""},
		{"auth required " MATRIX " passdb=%s\naccount required pam_permit.so\n", wrong, "StepUpFailed"},
		/* The directory's own password is none of this stack's. */
		{"auth required " MATRIX " passdb=%s\naccount required pam_permit.so\n",
		 (const char *const[]){PASSWORD, PASSWORD, PASSWORD, NULL}, "StepUpFailed"},
		{"auth required pam_permit.so\naccount required pam_deny.so\n", none, "StepUpFailed"},
		{"auth required pam_permit.so\n", none, "StepUpFailed"},
		{"auth required pam_ignore_me_not.so\naccount required pam_permit.so\n", none, "StepUpFailed"},
		{"", none, "StepUpFailed"},
	};
	struct bed *b = *state;
	char passdb[128], stack[512];

	if (access(MATRIX, R_OK) < 0)
		skip();
	assert_int_equal(mkdir(bed_path(b, "etc/pam.d"), 0755), 0);
	bed_write(b, "etc/passdb", "alice:of the matrix:tenure\nu1:of the matrix:tenure\nu2:of the matrix:tenure\n",
		  0600);
	(void)snprintf(passdb, sizeof(passdb), "%s", bed_path(b, "etc/passdb"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pam_case x = cases[i];
		const char *hole = strstr(x.stack, "%s");

		(void)snprintf(stack, sizeof(stack), "%.*s%s%s", (int)(hole ? hole - x.stack : (long)strlen(x.stack)),
			       x.stack, hole ? passdb : "", hole ? hole + 2 : "");
		bed_write(b, "etc/pam.d/tenure", stack, 0644);
		assert_int_equal(bed_as(b,
					i == 1  ? USER_UID(1)
					: i < 4 ? ALICE
						: USER_UID(2),
					NO_LOGIN, request_by_pam, &x),
				 0);
	}
}

/* --- whose request it is --- */

static int file_request(struct bed *b, void *argument)
{
	json_t *reply;
	const char *error = peer_ask(b, "Request", json_pack("{s:s, s:s}", "role", "db-operator", "reason", "x"),
				     right_password, &reply);

	(void)argument;
	return strcmp(error, "") == 0 ? 0 : 1;
}

static void pending_id(struct bed *b, char *buf, size_t len)
{
	json_t *reply;

	assert_string_equal(peer_ask(b, "Pending", NULL, NULL, &reply), "");
	(void)snprintf(buf, len, "%s",
		       json_string_value(json_object_get(json_array_get(json_object_get(reply, "items"), 0), "id")));
	json_decref(reply);
}

static int try_anothers_id(struct bed *b, void *argument)
{
	static const char *const methods[] = {"Show", "Cancel", "End", "Extend"};
	json_t *reply;

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(peer_ask(b, methods[i], json_pack("{s:s}", "id", (char *)argument), NULL, &reply),
			   "NoSuchRequest") != 0)
			return 1;
	for (int i = 0; i < 2; i++)
		if (strcmp(peer_ask(b, i ? "Approve" : "Revoke",
				    json_pack("{s:s, s:s}", "id", (char *)argument, "reason", "x"), NULL, &reply),
			   "NoSuchRequest") != 0)
			return 2;
	return 0;
}

static void test_T20_anothers_id_is_no_id(void **state)
{
	struct bed *b = *state;
	char id[16];

	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, file_request, NULL), 0);
	pending_id(b, id, sizeof(id));
	assert_int_equal(bed_as(b, USER_UID(2), NO_LOGIN, try_anothers_id, id), 0);
	id[4] = '\0';
	assert_int_equal(bed_as(b, USER_UID(2), NO_LOGIN, try_anothers_id, id), 0);
	assert_int_equal(bed_as(b, USER_UID(2), NO_LOGIN, try_anothers_id, (void *)(uintptr_t) "AAAA"), 0);
}

static int approve(struct bed *b, void *argument)
{
	json_t *reply;
	const char *error = peer_ask(b, "Approve", json_pack("{s:s, s:s}", "id", (char *)argument, "reason", "fine"),
				     right_password, &reply);

	if (strcmp(error, "NotFromLogin") == 0)
		return 48;
	if (strcmp(error, "OwnRequest") == 0)
		return 43;
	return strcmp(error, "") == 0 ? 0 : 1;
}

static int request_and_wait(struct bed *b, void *argument)
{
	struct wire_client *c = peer_connect(b, false);
	json_t *reply;
	const char *error;

	(void)argument;
	error = peer_call(c, "Request", json_pack("{s:s, s:s, s:b}", "role", "db-operator", "reason", "x", "wait", 1),
			  right_password, &reply);
	if (strcmp(error, "") != 0)
		return 1;
	return strcmp(json_string_value(json_object_get(json_object_get(reply, "request"), "state")), "active") == 0
		       ? 0
		       : 2;
}

static void test_T48_who_became_another_cannot_approve_as_them(void **state)
{
	struct bed *b = *state;
	char id[16];
	pid_t waiting;

	if (!bed_can_set_login_uid())
		skip();
	waiting = bed_spawn(b, ALICE, ALICE, request_and_wait, NULL);
	for (int i = 0; i < PATIENCE_MS / 20 && bed_as(b, 0, NO_LOGIN, count_pending, NULL) != 1; i++)
		usleep(20000);
	pending_id(b, id, sizeof(id));
	assert_int_equal(bed_as(b, CAROL, ALICE, approve, id), 48);
	assert_int_equal(bed_as(b, ALICE, ALICE, approve, id), 43);
	assert_int_equal(bed_as(b, CAROL, CAROL, approve, id), 0);
	assert_int_equal(bed_wait(waiting), 0);
}

static void test_a_waiting_client_may_go_and_the_request_stays(void **state)
{
	struct bed *b = *state;
	pid_t waiting = bed_spawn(b, ALICE, ALICE, request_and_wait, NULL);

	for (int i = 0; i < PATIENCE_MS / 20 && bed_as(b, 0, NO_LOGIN, count_pending, NULL) != 1; i++)
		usleep(20000);
	kill(waiting, SIGKILL);
	(void)bed_wait(waiting);
	assert_true(bed_answers(b, ALICE));
	assert_int_equal(bed_as(b, 0, NO_LOGIN, count_pending, NULL), 1);
	bed_stop(b, SIGKILL);
	bed_start(b);
	assert_int_equal(bed_as(b, 0, NO_LOGIN, count_pending, NULL), 1);
}

static void test_hang_up_reads_again_and_terminate_ends(void **state)
{
	struct bed *b = *state;
	int status;

	assert_int_equal(kill(b->broker, SIGHUP), 0);
	assert_true(bed_answers(b, ALICE));
	assert_int_equal(kill(b->broker, SIGTERM), 0);
	assert_int_equal(waitpid(b->broker, &status, 0), b->broker);
	b->broker = 0;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sockets_have_the_modes_they_should),
		TEST(test_it_describes_every_verb),
		TEST(test_T14_no_parameter_names_the_caller),
		TEST(test_T14_others_are_asked_about_by_right_alone),
		TEST(test_T15_a_client_that_forks_and_exits_is_refused),
		TEST(test_T47_a_peer_in_another_user_namespace_is_refused),
		TEST(test_T47_a_uid_that_subordinate_ids_can_forge_is_refused),
		TEST(test_T19_role_by_verb_matrix),
		TEST(test_T19_rights_reach_as_far_as_they_say),
		TEST(test_T19_the_root_socket_lets_nobody_else_connect),
		TEST(test_T17_2000_held_connections_of_one_uid_leave_others_served),
		TEST(test_T17_without_descriptors_the_queue_still_moves),
		TEST(test_T18_bad_input_ends_its_client_and_nobody_else),
		TEST(test_T16_a_client_that_leaves_at_any_step_leaves_nothing),
		TEST(test_step_up_has_three_tries),
		TEST(test_who_guesses_must_wait_and_others_need_not),
		TEST(test_50_step_ups_at_once),
		TEST(test_step_ups_die_with_the_broker),
		TEST(test_step_up_by_pam),
		TEST(test_T20_anothers_id_is_no_id),
		TEST(test_T48_who_became_another_cannot_approve_as_them),
		TEST(test_a_waiting_client_may_go_and_the_request_stays),
		TEST(test_hang_up_reads_again_and_terminate_ends),
	};

	if (geteuid() != 0) {
		(void)puts("skipped: needs root, to be other users");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
