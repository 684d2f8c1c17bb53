/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "daemon/tenured/cgroup.h"
#include "daemon/tenured/session_process.h"

#define TAIL " S 812 813 813 34819 900 4194304 1 2 3 4 5 6 7 8 20 0 1 0 123456 1000 200 18446744073709551615 1 1 0\n"

static void test_T37_stat_counts_from_the_last_parenthesis(void **state)
{
	static const char *const names[] = {"bash", "a b", "x) R 1 1 (y", ") S 1 1 1 1 1 1 1 1", "(((", ")))", "", "\n"};
	struct process_stat stat;
	char text[512];

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		int n = snprintf(text, sizeof(text), "900 (%s)" TAIL, names[i]);
		assert_int_equal(process_stat_parse(text, (size_t)n, &stat), 0);
		assert_string_equal(stat.name, names[i]);
		assert_int_equal(stat.state, 'S');
		assert_int_equal(stat.parent, 812);
		assert_int_equal(stat.start, 123456);
		assert_true(stat.tty == makedev(136, 3));
	}
}

static void test_stat_that_is_torn_is_refused(void **state)
{
	static const char text[] = "900 (bash)" TAIL;
	struct process_stat stat;
	size_t start = (size_t)(strstr(text, " 123456") - text);

	for (size_t n = 0; n <= start; n++)
		assert_int_equal(process_stat_parse(text, n, &stat), -EBADMSG);
	assert_int_equal(process_stat_parse("900 )bash(" TAIL, strlen("900 )bash(" TAIL), &stat), -EBADMSG);
	assert_int_equal(process_stat_parse("900 (a) S -5" TAIL, strlen("900 (a) S -5" TAIL), &stat), -EBADMSG);
}

static void test_T37_a_process_that_names_itself_like_a_stat_line(void **state)
{
	struct process_stat stat;
	int ready[2];
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_NAME, "x) R 1 1 1 (");
		(void)!write(ready[1], "x", 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(process_stat_read(child, &stat), 0);
	assert_string_equal(stat.name, "x) R 1 1 1 (");
	assert_int_equal(stat.parent, getpid());
	assert_true(process_is(child, stat.start));
	assert_false(process_is(child, stat.start + 1));
	kill(child, SIGKILL);
	waitid(P_PID, (id_t)child, NULL, WEXITED | WNOWAIT);
	assert_false(process_is(child, stat.start)); /* a zombie */
	waitpid(child, NULL, 0);
	assert_false(process_is(child, stat.start));
	close(ready[0]);
	close(ready[1]);
}

static void test_pidfd_follows_one_process(void **state)
{
	assert_int_equal(process_open(0), -EINVAL);
	assert_int_equal(process_open(1), -EINVAL);
	assert_int_equal(process_open(-1), -EINVAL);
	assert_int_equal(process_signal(-1, SIGKILL), -EBADF);

	pid_t child = fork();
	if (child == 0)
		for (;;)
			pause();
	int fd = process_open(child);
	assert_true(fd >= 0);
	assert_false(process_has_ended(fd));
	assert_int_equal(process_signal(fd, SIGKILL), 0);
	waitpid(child, NULL, 0);
	assert_true(process_has_ended(fd));
	assert_int_equal(process_signal(fd, SIGKILL), -ESRCH);
	close(fd);
}

static void test_cgroup_line(void **state)
{
	static const char hybrid[] = "9:name=systemd:/x\n3:cpuset:/\n0::/user.slice/a b\n";
	char buf[32];

	assert_int_equal(process_cgroup_parse(hybrid, strlen(hybrid), buf, sizeof(buf)), 0);
	assert_string_equal(buf, "/user.slice/a b");
	assert_int_equal(process_cgroup_parse(hybrid, strlen(hybrid), buf, 8), -ENAMETOOLONG);
	assert_int_equal(process_cgroup_parse("1:cpu:/\n", 8, buf, sizeof(buf)), -EBADMSG);
	assert_int_equal(process_cgroup_parse("0::relative\n", 12, buf, sizeof(buf)), -EBADMSG);
	assert_int_equal(process_cgroup_parse("", 0, buf, sizeof(buf)), -EBADMSG);
}

static void test_uids(void **state)
{
	static const char text[] = "Name:\tbash\nUmask:\t0022\nUid:\t1\t2\t3\t4294967294\nGid:\t0\t0\t0\t0\n";
	uid_t uids[4];

	assert_int_equal(process_uids_parse(text, strlen(text), uids), 0);
	assert_int_equal(uids[0], 1);
	assert_int_equal(uids[1], 2);
	assert_int_equal(uids[2], 3);
	assert_true(uids[3] == 4294967294u);
	assert_int_equal(process_uids_parse("Uid:\t1\t2\n", 9, uids), -EBADMSG);
	assert_int_equal(process_uids_read(getpid(), uids), 0);
	assert_true(uids[0] == getuid() && uids[1] == geteuid());
}

/* The text, and the same as a file, whose last line may lack its end no more than the kernel's does. */
static void mount_is(const char *text, const char *expected)
{
	char buf[256], found[256];
	int r = cgroup_mount_parse(text, strlen(text), buf, sizeof(buf));

	assert_int_equal(r, expected ? 0 : -ENOENT);
	if (expected)
		assert_string_equal(buf, expected);
	char root[] = "/tmp/tenure-mounts.XXXXXX", path[64];
	assert_non_null(mkdtemp(root));
	setenv("TENURE_TEST_ROOT", root, 1);
	for (const char *const *part = (const char *const[]){"/proc", "/proc/self", NULL}; *part; part++) {
		snprintf(path, sizeof(path), "%s%s", root, *part);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	snprintf(path, sizeof(path), "%s/proc/self/mountinfo", root);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%s\n", text);
	fclose(f);
	assert_int_equal(cgroup_mount_find(found, sizeof(found)), r);
	if (expected)
		assert_string_equal(found, expected);
	unsetenv("TENURE_TEST_ROOT");
	snprintf(path, sizeof(path), "rm -r %s", root);
	assert_int_equal(system(path), 0);
}

static void test_cgroup2_is_found_in_mountinfo(void **state)
{
	mount_is("29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n", "/sys/fs/cgroup");
	mount_is("1 2 0:3 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
		 "4 1 0:5 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
		 "6 1 0:7 / /sys/fs/cgroup/unified rw shared:1 master:2 - cgroup2 cgroup2 rw\n",
		 "/sys/fs/cgroup/unified");
	/* a part of the tree, then the whole one */
	mount_is("1 2 0:3 /a /mnt rw - cgroup2 c rw\n4 2 0:3 / /sys/fs/cgroup rw - cgroup2 c rw\n", "/sys/fs/cgroup");
	mount_is("1 2 0:3 /a /mnt rw - cgroup2 c rw\n", "/mnt");
	mount_is("1 2 0:3 / /a\\040b rw - cgroup2 c rw", "/a b");
	/* what only looks like one */
	mount_is("1 2 0:3 / /cgroup2 rw - tmpfs cgroup2 rw\n", NULL);
	mount_is("1 2 0:3 / /x rw - cgroup2x c rw\n", NULL);
	mount_is("1 2 0:3 / relative rw - cgroup2 c rw\n", NULL);
	mount_is("1 2 0:3 / /bad\\9 rw - cgroup2 c rw\n", NULL);
	mount_is("", NULL);
	mount_is("\n\n -\n", NULL);
	/* a line of many layers, whatever it ends with, and one behind it */
	char layers[20000];
	memset(layers, 'l', sizeof(layers));
	static const char pretends[] = " - cgroup2 c rw\n1 2 0:3 / /sys/fs/cgroup rw - cgroup2 c rw\n";
	memcpy(layers, "1 2 0:3 / /wrong rw ", 20);
	memcpy(layers + sizeof(layers) - sizeof(pretends), pretends, sizeof(pretends));
	layers[sizeof(layers) - sizeof(pretends) - 1] = 'l';
	mount_is(layers, "/sys/fs/cgroup");
}

static void test_T38_only_our_names(void **state)
{
	static const char *const ours[] = {
		"tenure-5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60", "tenure-5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60.scope",
	};
	static const char *const others[] = {
		"", ".", "..", "/", "tenure-", "user.slice", "5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60",
		"tenure-5D0B3A2E-7C64-4F0E-9A57-2B3C8D1E4F60", "tenure-5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60/..",
		"tenure-5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60.slice", "tenure-5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f6",
		"tenure-../../../../../../../../../../../../../..",
	};
	for (size_t i = 0; i < ARRAY_LENGTH(ours); i++)
		assert_true(cgroup_name_is_ours(ours[i]));
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		assert_false(cgroup_name_is_ours(others[i]));
		assert_int_equal(cgroup_make(-1, others[i]), -EINVAL);
		assert_int_equal(cgroup_kill(-1, others[i]), -EINVAL);
		assert_int_equal(cgroup_kill_each(-1, others[i]), -EINVAL);
		assert_int_equal(cgroup_signal(-1, others[i], (const int[]){SIGTERM}, 1), -EINVAL);
		assert_int_equal(cgroup_move(-1, others[i], 2), -EINVAL);
		assert_int_equal(cgroup_remove(-1, others[i]), -EINVAL);
		assert_false(cgroup_holds(others[i], getpid()));
	}
	for (pid_t pid = -2; pid <= 1; pid++) {
		assert_int_equal(cgroup_move(-1, ours[0], pid), -EINVAL);
		assert_int_equal(cgroup_move_back(-1, "/", pid), -EINVAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_T37_stat_counts_from_the_last_parenthesis),
		cmocka_unit_test(test_stat_that_is_torn_is_refused),
		cmocka_unit_test(test_T37_a_process_that_names_itself_like_a_stat_line),
		cmocka_unit_test(test_pidfd_follows_one_process),
		cmocka_unit_test(test_cgroup_line),
		cmocka_unit_test(test_uids),
		cmocka_unit_test(test_cgroup2_is_found_in_mountinfo),
		cmocka_unit_test(test_T38_only_our_names),
	};

	return cmocka_run_group_tests_name("session_process", tests, NULL, NULL);
}
