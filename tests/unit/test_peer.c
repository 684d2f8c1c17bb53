/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/tenured/peer.h"

static void test_T37_a_name_with_blanks_and_parentheses_moves_no_field(void **state)
{
	static const char *const names[] = {"sh", "a b", ") R 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 99 (", "", ")", "((", "x) 22"};
	char text[256];
	uint64_t start;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(text, sizeof(text), "812 (%s) S 1 812 812 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 123456 9 10\n",
			       names[i]);
		assert_int_equal(peer_start_time_parse(text, &start), 0);
		assert_int_equal(start, 123456);
	}
	assert_int_equal(peer_start_time_parse("812 (sh) S 1 2 3", &start), -EBADMSG);
	assert_int_equal(peer_start_time_parse("812 sh S 1 2 3", &start), -EBADMSG);
	assert_int_equal(peer_start_time_parse("", &start), -EBADMSG);
}

static void test_the_uid_line_is_found_behind_a_hostile_name(void **state)
{
	static const char status[] = "Name:\tUid:\\t0 0 0 0\nUmask:\t0022\nUid:\t1000\t1001\t1002\t1003\nGid:\t7\t7\t7\t7\n";
	uid_t real;

	(void)state;
	assert_true(peer_status_has_uid(status, 1000));
	assert_true(peer_status_has_uid(status, 1003));
	assert_false(peer_status_has_uid(status, 0));
	assert_false(peer_status_has_uid(status, 7));
	assert_false(peer_status_has_uid("", 0));
	assert_int_equal(peer_status_real_uid(status, &real), 0);
	assert_int_equal(real, 1000);
	assert_int_equal(peer_status_real_uid("Name:\tx\nUid:\tnobody\n", &real), -EBADMSG);
	assert_int_equal(peer_status_real_uid("", &real), -EBADMSG);
}

static void test_a_peer_is_who_the_kernel_says(void **state)
{
	struct peer peer;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(peer_read(pair[0], &peer), 0);
	assert_int_equal(peer.pid, getpid());
	assert_int_equal(peer.uid, geteuid());
	assert_int_equal(peer.real_uid, getuid());
	assert_true(peer.start_time > 0);
	assert_int_equal(peer_check(&peer), 0);
	peer.start_time++;
	assert_int_equal(peer_check(&peer), -ESRCH);
	peer_done(&peer);
	close(pair[0]);
	close(pair[1]);
}

static void test_T16_what_is_gone_is_nobody(void **state)
{
	struct peer peer = PEER_NONE;
	int pair[2], gate[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(gate), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(peer_read(pair[0], &peer), 0);
	/* As if the process had ended behind our back: its pid may be another's by now. */
	pid = fork();
	if (pid == 0) {
		(void)!read(gate[0], &byte, 1);
		_exit(0);
	}
	close(peer.pidfd);
	peer = (struct peer){.pid = pid, .uid = geteuid(), .pidfd = -1, .login_uid = (uid_t)-1};
	peer.pidfd = pair[0]; /* never a pidfd: readable only when there is data; stands for one that lives */
	assert_int_equal(peer_check(&peer), 0);
	assert_int_equal(write(gate[1], "x", 1), 1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_true(peer_check(&peer) < 0);
	assert_int_equal(peer_read(gate[0], &peer), -ENOTSOCK);
	close(pair[0]);
	close(pair[1]);
	close(gate[0]);
	close(gate[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T37_a_name_with_blanks_and_parentheses_moves_no_field),
		cmocka_unit_test(test_the_uid_line_is_found_behind_a_hostile_name),
		cmocka_unit_test(test_a_peer_is_who_the_kernel_says),
		cmocka_unit_test(test_T16_what_is_gone_is_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
