/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The broker as its clients meet it: what is answered, and what one client can do to others. */
#include "tests/unit/cmocka_test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/tenured/call.h"
#include "tests/unit/server_fixture.h"

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

static int hold_connections(struct bed *b, void *argument)
{
	const struct rlimit many = {4096, 4096};
	int *ready = argument, opened = 0;

	if (setrlimit(RLIMIT_NOFILE, &many) < 0)
		return 1;
	for (int i = 0; i < 2000; i++) {
		int fd = peer_connect_raw(b);

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
	for (int i = 0; i < 1200 && !bed_answers(b, USER_UID(1)); i++)
		usleep(50000);
	assert_true(bed_answers(b, USER_UID(1)));
	close(ready[0]);
	close(ready[1]);
}

static int hold_forty(struct bed *b, void *argument)
{
	for (int i = 0; i < 40; i++)
		(void)peer_connect_raw(b);
	(void)!write(*(int *)argument, "y", 1);
	pause();
	return 0;
}

/*
 * No descriptor left: who comes is turned away at once instead of waiting, and served when there are some again. What
 * the broker held as it started, bed_start's connection among it, may come free behind the first forty: more come then.
 */
static void test_T17_without_descriptors_the_queue_still_moves(void **state)
{
	struct bed *b = *state;
	pid_t holders[8];
	int ready[2], n = 0;
	bool served = true;
	char byte;

	bed_stop(b, SIGKILL);
	b->descriptors = 64;
	bed_start(b);
	while (served && n < 8) {
		assert_int_equal(pipe(ready), 0);
		holders[n] = bed_spawn(b, USER_UID(n), NO_LOGIN, hold_forty, &ready[1]);
		close(ready[1]); /* so that a holder that fails is an end, not a wait */
		assert_int_equal(read(ready[0], &byte, 1), 1);
		close(ready[0]);
		served = bed_answers(b, ALICE);
		n++;
	}
	assert_false(served);
	while (n > 0) {
		kill(holders[--n], SIGKILL);
		(void)bed_wait(holders[n]);
	}
	for (int i = 0; i < 3000 && !bed_answers(b, ALICE); i++)
		usleep(20000);
	assert_true(bed_answers(b, ALICE));
}

static int send_garbage(struct bed *b, void *argument)
{
	unsigned seed = *(unsigned *)argument;
	struct wire_client *witness = peer_connect(b, false);
	json_t *reply;

	for (int i = 0; i < 200; i++) {
		char bytes[512];
		int fd = peer_connect_raw(b);

		for (size_t n = 0; n < sizeof(bytes); n++) {
			seed = seed * 1103515245u + 12345u;
			bytes[n] = (char)(seed >> 16);
		}
		(void)!send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL);
		close(fd);
	}
	return strcmp(peer_call(witness, "Ping", NULL, NULL, &reply), "") == 0 ? 0 : 1;
}

/* Each its own uid: what one sends may cost its own later connections (T17), never those of another. */
static void test_T18_bad_input_ends_its_client_and_nobody_else(void **state)
{
	struct bed *b = *state;
	pid_t pids[4];

	assert_int_equal(kill(b->broker, SIGSTOP), 0); /* so that much of it waits before any is read */
	for (unsigned i = 0; i < 4; i++)
		pids[i] = bed_spawn(b, USER_UID(10 + i), NO_LOGIN, send_garbage, &(unsigned){i + 1});
	usleep(200000);
	assert_int_equal(kill(b->broker, SIGCONT), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(bed_wait(pids[i]), 0);
	assert_int_equal(kill(b->broker, 0), 0);
	assert_true(bed_answers(b, ALICE));
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
		TEST(test_T17_2000_held_connections_of_one_uid_leave_others_served),
		TEST(test_T17_without_descriptors_the_queue_still_moves),
		TEST(test_T18_bad_input_ends_its_client_and_nobody_else),
		TEST(test_hang_up_reads_again_and_terminate_ends),
	};

	if (geteuid() != 0) {
		(void)puts("skipped: needs root, to be other users");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
