/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one client may take of what all need: places, memory, the log, time, grants; and what a removal leaves behind. */
#include "tests/unit/cmocka_test.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/server_fixture.h"

#define SUBORDINATE 100000u /* the first of bob's */
#define CROWD	    56u	    /* so many uids with 64 connections each are all that there are */
#define EACH	    64u
#define HELD	    15u /* connections in a step-up */
#define STAY_S	    60	/* at most, should nobody end them */

static unsigned count_lines(struct bed *b, const char *word)
{
	FILE *f = fopen(bed_path(b, "log"), "r");
	char line[8192];
	unsigned n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		n += strstr(line, word) != NULL;
	(void)fclose(f);
	return n;
}

/* --- places --- */

static int hold_many(struct bed *b, void *argument)
{
	char byte = 'y';

	for (unsigned i = 0; i < EACH; i++)
		(void)peer_connect_raw(b);
	if (write(*(int *)argument, &byte, 1) != 1)
		return 1;
	(void)alarm(STAY_S);
	return pause();
}

/* One person has as many uids as /etc/subuid gives; they are nobody here, and take nobody's place. */
static void test_T17_subordinate_ids_shut_nobody_out(void **state)
{
	struct rlimit many = {8192, 8192};
	struct bed *b = *state;
	pid_t crowd[CROWD];
	int gate[2];
	char byte;

	(void)setrlimit(RLIMIT_NOFILE, &many);
	assert_int_equal(pipe(gate), 0);
	for (unsigned i = 0; i < CROWD; i++) {
		crowd[i] = bed_spawn(b, SUBORDINATE + i, NO_LOGIN, hold_many, &gate[1]);
		assert_int_equal(read(gate[0], &byte, 1), 1);
	}
	assert_true(bed_answers(b, ALICE));
	assert_true(bed_answers(b, STRANGER));
	assert_true(bed_answers(b, 0));
	assert_false(bed_answers(b, SUBORDINATE));
	for (unsigned i = 0; i < CROWD; i++) {
		(void)kill(crowd[i], SIGKILL);
		(void)bed_wait(crowd[i]);
	}
	close(gate[0]);
	close(gate[1]);
}

/* A setuid program of root, started by alice: it speaks as root, and it is alice's place that it takes. */
static int as_setuid_root(struct bed *b, void *argument)
{
	char byte = 'y';

	for (unsigned i = 0; i < EACH + 8; i++)
		(void)peer_connect_raw(b);
	if (write(*(int *)argument, &byte, 1) != 1)
		return 1;
	(void)alarm(STAY_S);
	return pause();
}

static pid_t spawn_setuid_root(struct bed *b, int *fd)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(setresuid(ALICE, 0, 0) < 0 ? 97 : as_setuid_root(b, fd));
	return pid;
}

static void test_T17_a_setuid_program_takes_its_callers_place(void **state)
{
	struct bed *b = *state;
	int gate[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(gate), 0);
	pid = spawn_setuid_root(b, &gate[1]);
	assert_int_equal(read(gate[0], &byte, 1), 1);
	assert_false(bed_answers(b, ALICE));
	assert_true(bed_answers(b, 0));
	assert_true(bed_answers(b, CAROL));
	(void)kill(pid, SIGKILL);
	(void)bed_wait(pid);
	close(gate[0]);
	close(gate[1]);
}

/* --- the log --- */

/* Another process sends on each socket, so that each is refused. */
static int be_refused(struct bed *b, void *argument)
{
	const unsigned count = *(unsigned *)argument;

	for (unsigned i = 0; i < count; i++) {
		int fd = peer_connect_raw(b);
		pid_t other = fork();
		char byte;

		if (other == 0)
			_exit(send(fd, "{}", 3, MSG_NOSIGNAL) == 3 ? 0 : 1);
		if (waitpid(other, NULL, 0) != other)
			return 1;
		if (recv(fd, &byte, 1, 0) > 0)
			return 2;
		close(fd);
	}
	return 0;
}

static void test_who_is_refused_fills_no_log(void **state)
{
	unsigned count = 200;

	assert_int_equal(bed_as(*state, STRANGER, NO_LOGIN, be_refused, &count), 0);
	assert_in_range(count_lines(*state, "refused"), 1, 2);
}

/* --- memory --- */

static long resident_kb(pid_t pid)
{
	char path[64], line[256];
	long kb = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		(void)sscanf(line, "VmRSS: %ld", &kb);
	(void)fclose(f);
	return kb;
}

/* Behind each call that is in step-up comes one that would be a large tree: 128 KiB of {},{},... */
static int send_trees(struct bed *b, void *argument)
{
	static char message[128 * 1024];
	size_t len = (size_t)sprintf(message, "{\"method\":\"io.tenure.Ping\",\"parameters\":{\"a\":[");
	char byte = 'y';

	while (len < sizeof(message) - 64)
		len += (size_t)sprintf(message + len, "{},");
	len += (size_t)sprintf(message + len, "{}]}}") + 1;
	for (unsigned i = 0; i < HELD; i++) {
		struct wire_client *c = peer_connect(b, false);
		json_t *reply;

		if (i < 4 && (wire_client_call(c, "Request", json_pack("{s:s}", "role", "fast"), WIRE_MORE) < 0 ||
			      !peer_await(c, "prompt", &reply)))
			return 1;
		(void)!send(wire_client_fd(c), message, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	usleep(500000);
	if (write(*(int *)argument, &byte, 1) != 1)
		return 2;
	(void)alarm(STAY_S);
	return pause();
}

static void test_T18_a_call_that_waits_is_bytes_and_no_tree(void **state)
{
	struct bed *b = *state;
	int gate[2];
	long before, after;
	char byte;
	pid_t pid;

	assert_int_equal(pipe(gate), 0);
	assert_true(bed_answers(b, ALICE));
	before = resident_kb(b->broker);
	pid = bed_spawn(b, USER_UID(1), NO_LOGIN, send_trees, &gate[1]);
	assert_int_equal(read(gate[0], &byte, 1), 1);
	after = resident_kb(b->broker);
	if (after - before > 6 * 1024)
		fail_msg("%ld KiB more", after - before);
	assert_true(bed_answers(b, ALICE));
	(void)kill(pid, SIGKILL);
	(void)bed_wait(pid);
	close(gate[0]);
	close(gate[1]);
}

/* --- time --- */

/* A client that calls now and then is not idle, although each call is answered at once; one that is silent is. */
static int call_now_and_then(struct bed *b, void *argument)
{
	struct wire_client *c = peer_connect(b, false);
	json_t *reply;

	for (int i = 0; i < 10; i++) {
		if (strcmp(peer_call(c, "Ping", NULL, NULL, &reply), "") != 0)
			return 1 + i;
		json_decref(reply);
		usleep(500000);
	}
	struct pollfd p = {.fd = wire_client_fd(c), .events = POLLIN};

	if (poll(&p, 1, 1000) != 0)
		return 20; /* not even idle yet */
	return poll(&p, 1, PATIENCE_MS) == 1 && (p.revents & POLLHUP) ? 0 : 21;
}

static void test_the_idle_time_begins_anew_with_every_call(void **state)
{
	struct bed *b = *state;

	bed_stop(b, SIGKILL);
	b->program = "./tests/unit/tenured_hurried"; /* 300 s are 3 s */
	bed_start(b);
	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, call_now_and_then, NULL), 0);
}

/* --- grants --- */

static int ask_for_too_many(struct bed *b, void *argument)
{
	const char *error = "";
	unsigned granted = 0;
	json_t *reply, *items;

	for (; granted < 100; granted++) {
		error = peer_ask(b, "Request", json_pack("{s:s}", "role", "quick"), NULL, &reply);
		if (*error)
			break;
	}
	if (strcmp(error, "Busy") != 0 || granted != 32)
		return 1;
	if (strcmp(peer_ask(b, "End", NULL, NULL, &reply), "") != 0)
		return 2;
	items = json_object_get(reply, "items");
	if (json_array_size(items) != granted)
		return 3;
	if (strcmp(peer_ask(b, "End", NULL, NULL, &reply), "") != 0)
		return 4;
	return json_array_size(json_object_get(reply, "items")) == 0 ? 0 : 5;
}

static void test_the_33rd_grant_is_refused_and_end_ends_all(void **state)
{
	assert_int_equal(bed_as(*state, ALICE, NO_LOGIN, ask_for_too_many, NULL), 0);
}

/* --- removal --- */

/* Says in argument what came of it. */
static int open_session(struct bed *b, void *argument)
{
	struct wire_client *c = peer_connect(b, true);
	char error[64] = "";
	json_t *reply;

	(void)snprintf(error, sizeof(error), "%s",
		       peer_call(c, "SessionOpen",
				 json_pack("{s:s, s:s, s:I, s:s, s:i}", "kind", "gate", "service", "sudo", "invoker",
					   (json_int_t)ALICE, "target", "root", "pid", (int)getpid()),
				 NULL, &reply));
	return write(*(int *)argument, error, sizeof(error)) == sizeof(error) ? 0 : 1;
}

static int drain(struct bed *b, void *argument)
{
	struct wire_client *c = peer_connect(b, true);
	json_t *reply;

	return strcmp(peer_call(c, "Drain", json_pack("{s:s}", "reason", "package removed"), NULL, &reply), "");
}

static int ask_for_one(struct bed *b, void *argument)
{
	json_t *reply;

	return strcmp(peer_ask(b, "Request", json_pack("{s:s}", "role", "quick"), NULL, &reply), "") == 0 ? 0 : 1;
}

/* A package that comes back finds everything as it was. */
static void test_a_drain_is_over_when_it_is_done(void **state)
{
	struct bed *b = *state;
	char before[64], after[64];
	int gate[2];

	assert_int_equal(pipe(gate), 0);
	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, ask_for_one, NULL), 0);
	assert_int_equal(bed_as(b, 0, NO_LOGIN, open_session, &gate[1]), 0);
	assert_int_equal(bed_as(b, 0, NO_LOGIN, drain, NULL), 0);
	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, ask_for_one, NULL), 0);
	assert_int_equal(bed_as(b, 0, NO_LOGIN, open_session, &gate[1]), 0);
	assert_int_equal(read(gate[0], before, sizeof(before)), sizeof(before));
	assert_int_equal(read(gate[0], after, sizeof(after)), sizeof(after));
	assert_string_equal(after, before); /* whatever this host says of sessions, it says it again */
	close(gate[0]);
	close(gate[1]);
	assert_int_equal(count_lines(b, "no new grants"), 1);
	assert_int_equal(count_lines(b, "grants are possible again"), 1);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, bed_setup, bed_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_T17_subordinate_ids_shut_nobody_out),
		TEST(test_T17_a_setuid_program_takes_its_callers_place),
		TEST(test_who_is_refused_fills_no_log),
		TEST(test_T18_a_call_that_waits_is_bytes_and_no_tree),
		TEST(test_the_idle_time_begins_anew_with_every_call),
		TEST(test_the_33rd_grant_is_refused_and_end_ends_all),
		TEST(test_a_drain_is_over_when_it_is_done),
	};

	if (geteuid() != 0) {
		(void)puts("skipped: needs root, to be other users");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
