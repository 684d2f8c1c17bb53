/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Step-up: three tries, by the directory's password or by PAM, and clients that leave in the middle of it. */
#include "tests/unit/cmocka_test.h"

#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/server_fixture.h"

/* How far a client gets before it goes. */
enum { AT_CONNECT, AT_HALF, AT_CALL, AT_PROMPT, AT_WRONG_ANSWER, AT_NEXT_PROMPT, AT_COUNT };

/* Goes away at one step of a request with step-up. */
static int leave_at(struct bed *b, void *argument)
{
	size_t stage = *(size_t *)argument;
	struct wire_client *c;
	json_t *reply;

	if (stage <= AT_HALF) {
		int fd = peer_connect_raw(b);

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

static void test_T16_a_client_that_leaves_at_any_step_leaves_nothing(void **state)
{
	struct bed *b = *state;

	for (size_t stage = 0; stage < AT_COUNT; stage++) {
		assert_int_equal(bed_as(b, ALICE, NO_LOGIN, leave_at, &stage), 0);
		assert_true(bed_await_helpers(b, 0));
		assert_int_equal(bed_as(b, 0, NO_LOGIN, peer_count_pending, NULL), 0);
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

/* Where its package puts it, below whichever folder libraries have here. */
static bool find_matrix(char *buf, size_t len)
{
	static const char *const places[] = {"/usr/lib/*/pam_wrapper/pam_matrix.so", "/usr/lib*/pam_wrapper/pam_matrix.so"};
	bool found = false;
	glob_t g;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && !found; i++) {
		found = glob(places[i], 0, NULL, &g) == 0;
		if (found)
			(void)snprintf(buf, len / 2, "%s", g.gl_pathv[0]);
		globfree(&g);
	}
	return found;
}

/* Whatever the stack answers but a whole success is a no; what PAM says comes to the client, and its answers to PAM. */
static void test_step_up_by_pam(void **state)
{
	static const char *const right[] = {"of the matrix", NULL}, *const third[] = {"no", "no", "of the matrix",
										      NULL};
	static const char *const wrong[] = {"no", "no", "no", NULL}, *const none[] = {NULL};
	const struct pam_case cases[] = {
		{"auth required @\naccount required pam_permit.so\n", right, ""},
		{"auth required @\naccount required pam_permit.so\n", third, ""},
		{"auth required @\naccount required pam_permit.so\n", wrong, "StepUpFailed"},
		/* The directory's own password is none of this stack's. */
		{"auth required @\naccount required pam_permit.so\n",
		 (const char *const[]){PASSWORD, PASSWORD, PASSWORD, NULL}, "StepUpFailed"},
		{"auth required pam_permit.so\naccount required pam_deny.so\n", none, "StepUpFailed"},
		{"auth required pam_permit.so\n", none, "StepUpFailed"},
		{"auth required pam_ignore_me_not.so\naccount required pam_permit.so\n", none, "StepUpFailed"},
		{"", none, "StepUpFailed"},
	};
	struct bed *b = *state;
	char matrix[512], stack[1024];

	if (!find_matrix(matrix, sizeof(matrix)))
		skip_because("no pam_matrix; install libpam-wrapper");
	assert_int_equal(mkdir(bed_path(b, "etc/pam.d"), 0755), 0);
	bed_write(b, "etc/passdb", "alice:of the matrix:tenure\nu1:of the matrix:tenure\nu2:of the matrix:tenure\n",
		  0600);
	(void)strcat(strcat(matrix, " passdb="), bed_path(b, "etc/passdb"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pam_case x = cases[i];
		const char *hole = strchr(x.stack, '@');

		(void)snprintf(stack, sizeof(stack), "%.*s%s%s", (int)(hole ? hole - x.stack : (long)strlen(x.stack)),
			       x.stack, hole ? matrix : "", hole ? hole + 1 : "");
		bed_write(b, "etc/pam.d/tenure", stack, 0644);
		assert_int_equal(bed_as(b,
					i == 1  ? USER_UID(1)
					: i < 4 ? ALICE
						: USER_UID(2),
					NO_LOGIN, request_by_pam, &x),
				 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_T16_a_client_that_leaves_at_any_step_leaves_nothing),
		TEST(test_step_up_has_three_tries),
		TEST(test_who_guesses_must_wait_and_others_need_not),
		TEST(test_50_step_ups_at_once),
		TEST(test_step_ups_die_with_the_broker),
		TEST(test_step_up_by_pam),
	};

	if (geteuid() != 0) {
		(void)puts("skipped: needs root, to be other users");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
