/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What keeps a worker in: what the broker's start gives it (sync_bare has that alone), and what tenure-sync gives up by
 * itself. Every try is made by the worker's own process, and reported by it.
 */
#include "tests/unit/worker_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/paths.h"

static bool has_seccomp(void)
{
	return access("/proc/sys/kernel/seccomp/actions_avail", F_OK) == 0;
}

static long landlock_abi(void)
{
	return __real_syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
}

static void expect(struct side *s, const char *what, const char *outcome)
{
	const char *text = side_ask(s, "try", what);

	if (!text || strcmp(text, outcome) != 0)
		fail_msg("%s: %s, not %s", what, text ? text : s->why, outcome);
}

static void test_secrets_come_by_descriptor_alone(void **state)
{
	struct bench *b = *state;
	struct side *s = &b->a;

	side_start(b, s);
	assert_string_equal(side_ask(s, "content", "/proc/self/fd/4"), PASSWORD);
	assert_string_equal(side_ask(s, "content", "/proc/self/fd/5"), AUTHORITY);
	assert_string_equal(side_ask(s, "descriptors", ""), "0 1 2 3 4 5 ");
	assert_string_equal(side_ask(s, "environment", ""),
			    "LDAPNOINIT=1\nLC_ALL=C\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n");
	assert_string_equal(side_ask(s, "content", "/proc/self/cmdline"), "tenure-sync\n");
	expect(s, "write /proc/self/fd/4", "EACCES");
	free(b->tenant.ldap.bind_dn);
	b->tenant.ldap.bind_dn = NULL;
	b->tenant.ldap.bind = LDAP_BIND_EXTERNAL;
	side_start(b, &b->b);
	assert_string_equal(side_ask(&b->b, "descriptors", ""), "0 1 2 3 5 ");
}

static void test_what_holds_a_secret_is_sealed(void **state)
{
	const struct worker_account account = {WORKER_UID, WORKER_GID};
	struct bench *b = *state;
	int files[WORKER_FILE_COUNT];
	enum worker_file failed;
	struct worker_config c;
	struct stat st;

	assert_int_equal(worker_config_make(&b->tenant.ldap, &b->tenant.id, &c), 0);
	assert_int_equal(worker_files_open(&c, &account, files, &failed), 0);
	assert_int_equal(files[WORKER_KEY], -1);
	assert_int_equal(write(files[WORKER_PASSWORD], "x", 1), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(files[WORKER_PASSWORD], 0), -1);
	assert_int_equal(fstat(files[WORKER_PASSWORD], &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(st.st_uid, WORKER_UID);
	assert_int_equal(fcntl(files[WORKER_PASSWORD], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	worker_files_close(files);
	worker_config_done(&c);
}

static void expect_line(const char *status, const char *line)
{
	if (!strstr(status, line))
		fail_msg("no line \"%s\" in:\n%s", line, status);
}

/* The bounding set says what an executed file could give; without new privileges none gives any. */
static void expect_no_privilege(const char *status, bool contained)
{
	expect_line(status, "\nUid:\t1900000099\t1900000099\t1900000099\t1900000099\n");
	expect_line(status, "\nGid:\t1900000098\t1900000098\t1900000098\t1900000098\n");
	expect_line(status, "\nGroups:\t \n");
	expect_line(status, "\nCapInh:\t0000000000000000\n");
	expect_line(status, "\nCapPrm:\t0000000000000000\n");
	expect_line(status, "\nCapEff:\t0000000000000000\n");
	if (contained || prctl(PR_CAPBSET_READ, CAP_SETPCAP) == 1)
		expect_line(status, "\nCapBnd:\t0000000000000000\n");
	expect_line(status, "\nCapAmb:\t0000000000000000\n");
	expect_line(status, "\nNoNewPrivs:\t1\n");
	expect_line(status, "\nSigBlk:\t0000000000000000\n");
}

static void test_it_has_no_privilege(void **state)
{
	struct bench *b = *state;
	const char *status;

	bench_use(b, "sync_bare");
	side_start(b, &b->a);
	status = side_ask(&b->a, "content", "/proc/self/status");
	expect_no_privilege(status, true);
	expect_line(status, "\nSigIgn:\t0000000000000000\n");
	expect_line(side_ask(&b->a, "content", "/proc/self/oom_score_adj"), "500");
	assert_int_equal(b->a.flags, 0);
}

static void test_the_kernel_keeps_it_in_where_it_can(void **state)
{
	struct bench *b = *state;

	side_start(b, &b->a);
	assert_int_equal(!!(b->a.flags & SYNC_CONFINED_LANDLOCK), landlock_abi() > 0);
	assert_int_equal(!!(b->a.flags & SYNC_CONFINED_SECCOMP), has_seccomp());
	expect_no_privilege(side_ask(&b->a, "content", "/proc/self/status"), true);
	if (has_seccomp())
		expect_line(side_ask(&b->a, "content", "/proc/self/status"), "\nSeccomp:\t2\n");
}

/* As under systemd, in a container, or where an administrator forbids them. */
static void test_without_namespaces_it_runs_all_the_same(void **state)
{
	static const int refusals[] = {EPERM, ENOSPC, EINVAL, EUSERS};
	struct bench *b = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
		namespaces_fail = refusals[i];
		side_start(b, &b->a);
		assert_int_equal(b->a.flags & SYNC_CONFINED_PID_NAMESPACE, 0);
		expect_no_privilege(side_ask(&b->a, "content", "/proc/self/status"), false);
		assert_string_equal(side_ask(&b->a, "descriptors", ""), "0 1 2 3 4 5 ");
		side_free(&b->a);
	}
}

static const char *number_of(const struct side *s)
{
	static char text[16];

	(void)snprintf(text, sizeof(text), "%d", (int)worker_pid(s->worker));
	return text;
}

static void expect_apart(struct side *one, const struct side *other)
{
	static const char *const secret[] = {"environ", "maps", "mem", "fd/", "root", "cwd", "kill", "ptrace", "pidfd"};
	const char *opened = side_ask(one, "process", number_of(other));

	assert_non_null(opened);
	for (size_t i = 0; i < ARRAY_LENGTH(secret); i++)
		if (strstr(opened, secret[i]))
			fail_msg("of another worker it has: %s", opened);
}

/* By the namespaces and by what is not dumpable, without a filter that would end whoever tries. */
static void test_T51_workers_of_one_account_are_apart(void **state)
{
	struct bench *b = *state;
	const char *opened;

	bench_use(b, "sync_bare");
	side_start(b, &b->a);
	side_start(b, &b->b);
	if (strstr(side_ask(&b->a, "content", "/proc/self/status"), "\nNSpid:\t1\n"))
		fail_msg("its own /proc is not the host's: the tries below would say nothing");
	expect_apart(&b->a, &b->b);
	expect_apart(&b->b, &b->a);
	/* That this can fail: without namespaces one signals the other, and sees it, but still does not look into it. */
	side_free(&b->a);
	side_free(&b->b);
	namespaces_fail = EPERM;
	side_start(b, &b->a);
	side_start(b, &b->b);
	opened = side_ask(&b->a, "process", number_of(&b->b));
	assert_non_null(strstr(opened, "kill pidfd"));
	assert_null(strstr(opened, "environ"));
	assert_null(strstr(opened, "mem"));
	assert_null(strstr(opened, "fd/"));
	assert_null(strstr(opened, "ptrace"));
}

static void test_T51_nor_does_proc_show_them(void **state)
{
	static const char *const files[] = {"status", "cmdline", "environ", "stat", "fd/4", "mem"};
	struct bench *b = *state;
	char what[64];

	if (landlock_abi() < 1)
		skip_because("no Landlock");
	side_start(b, &b->a);
	side_start(b, &b->b);
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		(void)snprintf(what, sizeof(what), "read /proc/%s/%s", number_of(&b->b), files[i]);
		expect(&b->a, what, "EACCES");
	}
	expect(&b->a, "read /proc", "EACCES");
	expect(&b->a, "read /proc/self/status", "ok");
}

static void test_what_it_needs_works(void **state)
{
	static const char *const needed[] = {
		"socket inet", "socket inet6", "socket unix", "socket route", "call kill self",
		"resolve localhost", "read /etc/hosts", "read /etc/nsswitch.conf", "read /usr/lib", "read /dev/null",
	};
	struct bench *b = *state;

	side_start(b, &b->a);
	for (size_t i = 0; i < ARRAY_LENGTH(needed); i++)
		expect(&b->a, needed[i], "ok");
	expect(&b->a, "connect", "ECONNREFUSED");
	assert_string_equal(side_ask(&b->a, "thread", ""), "ok");
	assert_string_equal(side_ask(&b->a, "outdated", ""), "no");
	assert_int_equal(b->a.gones, 0);
}

static void test_files_are_out_of_its_reach(void **state)
{
	static const char *const forbidden[] = {
		"read /etc/passwd", "read /etc/shadow", "read /etc", "read /home", "read /tmp", "read /var/lib",
		"create /tmp/tenure-sync-was-here", "create /dev/shm/tenure-sync-was-here", "write /etc/hosts",
		"read /usr/lib/../../etc/passwd", "read /proc/self/root/etc/passwd",
	};
	struct bench *b = *state;

	if (landlock_abi() < 1)
		skip_because("no Landlock");
	side_start(b, &b->a);
	for (size_t i = 0; i < ARRAY_LENGTH(forbidden); i++)
		expect(&b->a, forbidden[i], "EACCES");
	if (landlock_abi() >= 4)
		expect(&b->a, "listen", "EACCES");
}

static void test_calls_that_only_an_attacker_makes_end_it(void **state)
{
	static const char *const deadly[] = {"call ptrace", "call process_vm_readv", "call execve", "call mount",
					     "call bpf", "call keyctl", "call unshare", "call setuid", "call kill",
					     "call io_uring"};
	struct bench *b = *state;

	if (!has_seccomp())
		skip_because("no seccomp filter");
	hurry = 20;
	side_start(b, &b->a);
	for (unsigned i = 0; i < ARRAY_LENGTH(deadly); i++) {
		const char *text = side_ask(&b->a, "try", deadly[i]);

		if (text)
			fail_msg("%s: %s", deadly[i], text);
		assert_string_equal(b->a.why, "it tried a system call that it may not make");
		TURN_UNTIL(b->loop, b->a.hellos == i + 2);
	}
}

static void test_other_calls_are_refused(void **state)
{
	static const char *const refused[] = {"fork", "socket audit", "socket packet", "memory",
					      "call dumpable", "call typing", "call chmod"};
	struct bench *b = *state;

	if (!has_seccomp())
		skip_because("no seccomp filter");
	side_start(b, &b->a);
	for (size_t i = 0; i < ARRAY_LENGTH(refused); i++)
		expect(&b->a, refused[i], "EPERM");
	expect(&b->a, "call clone3", "ENOSYS");
	assert_int_equal(b->a.gones, 0);
}

/* resolv.conf is replaced by rename: the rule is the old one's. */
static void test_it_knows_when_a_file_was_replaced(void **state)
{
	struct bench *b = *state;

	if (landlock_abi() < 1)
		skip_because("no Landlock");
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		skip_because("no namespaces");
	side_start(b, &b->a);
	assert_string_equal(side_ask(&b->a, "outdated", ""), "no");
	assert_int_equal(mount(b->ca_file, "/etc/hosts", NULL, MS_BIND, NULL), 0);
	assert_string_equal(side_ask(&b->a, "outdated", ""), "yes");
	worker_restart(b->a.worker, "anew");
	TURN_UNTIL(b->loop, b->a.hellos == 2);
	assert_string_equal(side_ask(&b->a, "outdated", ""), "no");
	assert_int_equal(umount("/etc/hosts"), 0);
}

/* The program itself, started by somebody else: status and what it says. */
static int run_alone(bool with_socket, char *said, size_t size)
{
	int out[2], pair[2], status = -1;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(out), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	pid = fork();
	if (pid == 0) {
		const int its = fcntl(pair[1], F_DUPFD, 20);

		close(3);
		if (dup2(out[1], 2) < 0 || (with_socket && dup2(its, 3) < 0))
			_exit(99);
		(void)execl(tenure_path(PATH_SYNC_HELPER), "tenure-sync", (char *)NULL);
		_exit(99);
	}
	close(out[1]);
	n = read(out[0], said, size - 1);
	said[n > 0 ? n : 0] = '\0';
	close(pair[0]);
	close(pair[1]);
	close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_it_refuses_to_run_as_root_or_for_somebody_else(void **state)
{
	char said[256];

	(void)state;
	assert_int_equal(run_alone(true, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "does not run as root"));
	assert_int_equal(run_alone(false, said, sizeof(said)), 1);
	assert_non_null(strstr(said, "it is no command"));
}

int main(void)
{
#define WORKER_TEST(fn) cmocka_unit_test_setup_teardown(fn, bench_setup, bench_teardown)
	const struct CMUnitTest tests[] = {
		WORKER_TEST(test_secrets_come_by_descriptor_alone),
		WORKER_TEST(test_what_holds_a_secret_is_sealed),
		WORKER_TEST(test_it_has_no_privilege),
		WORKER_TEST(test_the_kernel_keeps_it_in_where_it_can),
		WORKER_TEST(test_without_namespaces_it_runs_all_the_same),
		WORKER_TEST(test_T51_workers_of_one_account_are_apart),
		WORKER_TEST(test_T51_nor_does_proc_show_them),
		WORKER_TEST(test_what_it_needs_works),
		WORKER_TEST(test_files_are_out_of_its_reach),
		WORKER_TEST(test_calls_that_only_an_attacker_makes_end_it),
		WORKER_TEST(test_other_calls_are_refused),
		WORKER_TEST(test_it_knows_when_a_file_was_replaced),
		WORKER_TEST(test_it_refuses_to_run_as_root_or_for_somebody_else),
	};

	if (geteuid() != 0) {
		print_message("skipped: needs root\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
