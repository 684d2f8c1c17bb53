/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the broker and tenure-auth keep to themselves, and what hostile arguments do to them. */
#include "tests/unit/cmocka_test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/result.h"
#include "tests/unit/server_fixture.h"

/* In pieces, so that this program's own text has it nowhere whole; many times over, so that what is left of a block
 * that others took shows it too. */
static char mark[64], canary[1000];

static void make_canary(void)
{
	size_t len;

	(void)snprintf(mark, sizeof(mark), "%s-%s-%d", "canary", "of-the-test", (int)getpid());
	for (len = 0; len + sizeof(mark) < sizeof(canary); len = strlen(canary))
		(void)snprintf(canary + len, sizeof(canary) - len, "%s", mark);
}

/* --- T34 --- */

static int steps_up_with_canary(struct bed *b, void *argument)
{
	const char *const answers[] = {canary, canary, PASSWORD, NULL};
	const char *const wrong[] = {canary, canary, canary, NULL};
	json_t *reply;

	(void)argument;
	if (strcmp(peer_ask(b, "Request", json_pack("{s:s}", "role", "fast"), answers, &reply), "") != 0)
		return 1;
	if (strcmp(peer_ask(b, "Authenticate", NULL, wrong, &reply), "StepUpFailed") != 0)
		return 2;
	/* An answer that nobody asked for. */
	struct wire_client *c = peer_connect(b, false);

	if (wire_client_call(c, "Answer", json_pack("{s:s}", "text", canary), WIRE_ONEWAY) < 0)
		return 3;
	if (strcmp(peer_call(c, "Ping", NULL, NULL, &reply), "") != 0)
		return 4;
	/* One that breaks off, and one amid a call that is refused. */
	if (wire_client_call(c, "Answer", json_pack("{s:s, s:s}", "text", canary, "more", canary), WIRE_ONEWAY) < 0)
		return 5;
	return strcmp(peer_call(c, "Ping", NULL, NULL, &reply), "") == 0 ? 0 : 6;
}

static bool contains(const char *data, size_t len, const char *text)
{
	return memmem(data, len, text, strlen(text)) != NULL;
}

static int canary_seen;

static int look_into(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char *data;
	ssize_t n;
	int fd;

	(void)ftw;
	if (type != FTW_F || !S_ISREG(st->st_mode))
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	data = malloc((size_t)st->st_size + 1);
	assert_true(fd >= 0 && data);
	n = read(fd, data, (size_t)st->st_size);
	if (n > 0 && contains(data, (size_t)n, mark)) {
		(void)fprintf(stderr, "in %s\n", path);
		canary_seen++;
	}
	free(data);
	close(fd);
	return 0;
}

/* Every page that the process may write, read as root may. */
static void look_into_memory(pid_t pid)
{
	char path[64], line[512];
	int mem, maps_lines = 0;
	FILE *maps;

	(void)snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	assert_true(mem >= 0 && maps);
	while (fgets(line, sizeof(line), maps)) {
		uintptr_t first, last;
		char mode[8];
		char *data;
		ssize_t n;

		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &first, &last, mode) != 3 || mode[1] != 'w' ||
		    last - first > (64u << 20))
			continue;
		data = malloc(last - first);
		assert_non_null(data);
		n = pread(mem, data, last - first, (off_t)first);
		if (n > 0 && (contains(data, (size_t)n, mark) || contains(data, (size_t)n, PASSWORD))) {
			(void)fprintf(stderr, "in memory: %s", line);
			canary_seen++;
		}
		maps_lines += n > 0;
		explicit_bzero(data, last - first);
		free(data);
	}
	assert_true(maps_lines > 3);
	fclose(maps);
	close(mem);
}

static void test_T34_no_answer_stays_anywhere(void **state)
{
	struct bed *b = *state;
	char path[64];

	make_canary();
	assert_int_equal(bed_as(b, ALICE, NO_LOGIN, steps_up_with_canary, NULL), 0);
	assert_true(bed_await_helpers(b, 0));
	assert_true(bed_answers(b, ALICE));
	canary_seen = 0;
	assert_int_equal(nftw(b->root, look_into, 16, FTW_PHYS), 0);
	for (int i = 0; i < 2; i++) {
		struct stat st = {.st_mode = S_IFREG, .st_size = 65536};

		(void)snprintf(path, sizeof(path), "/proc/%d/%s", b->broker, i ? "cmdline" : "environ");
		(void)look_into(path, &st, FTW_F, NULL);
	}
	look_into_memory(b->broker);
	assert_int_equal(canary_seen, 0);
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

static pid_t only_child(pid_t parent)
{
	char path[64];
	pid_t child = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%d", &child) != 1)
		child = 0;
	if (f)
		fclose(f);
	return child;
}

static void has_no_core(pid_t pid)
{
	struct rlimit limit = {1, 1};

	assert_int_equal(prlimit(pid, RLIMIT_CORE, NULL, &limit), 0);
	assert_int_equal(limit.rlim_cur, 0);
	assert_int_equal(limit.rlim_max, 0);
}

/* Only root may look into a process that is not dumpable; its own uid may not. Descriptors: the socket and /dev/null.
 */
static void test_T34_tenure_auth_has_nothing_of_ours(void **state)
{
	struct bed *b = *state;
	char path[64], environment[4096] = "", byte;
	int ready[2], fd, open_ones = 0;
	pid_t client, helper;

	assert_int_equal(pipe(ready), 0);
	client = bed_spawn(b, ALICE, NO_LOGIN, keep_prompt_open, &ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	helper = only_child(b->broker);
	assert_true(helper > 1);
	has_no_core(b->broker);
	has_no_core(helper);
	for (int i = 0; i < 1024; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", helper, i);
		open_ones += faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	}
	assert_int_equal(open_ones, 4);
	(void)snprintf(path, sizeof(path), "/proc/%d/environ", helper);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0 && read(fd, environment, sizeof(environment) - 1) >= 0);
	close(fd);
	assert_null(memmem(environment, sizeof(environment), "LD_", 3));
	assert_null(memmem(environment, sizeof(environment), "HOME=", 5));
	kill(client, SIGKILL);
	(void)bed_wait(client);
	assert_true(bed_await_helpers(b, 0));
	close(ready[0]);
	close(ready[1]);
}

/* --- T36 --- */

/* Runs it with these arguments and nothing else; how it ended as bed_wait says it. */
static int run(const char *program, char *const *arguments)
{
	static char *const environment[] = {NULL};
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		for (int fd = 0; fd < 3; fd++)
			(void)dup2(null, fd);
		for (int fd = 3; fd < 64; fd++)
			close(fd);
		(void)execve(program, arguments, environment);
		_exit(98);
	}
	return bed_wait(pid);
}

static void test_T36_hostile_arguments_end_in_usage(void **state)
{
	static const char *const programs[] = {"./tenured-test", "./tenured", "./tenure-auth-test", "./tenure-auth",
					       "./tenure"};
	char *long_one = malloc(100000), *many[12], *none[] = {NULL};

	(void)state;
	assert_non_null(long_one);
	memset(long_one, '-', 99999); /* an argument has at most 128 KiB: eleven of them make a MiB */
	long_one[99999] = '\0';
	many[0] = (char *)(uintptr_t) "x";
	for (size_t i = 1; i < ARRAY_LENGTH(many) - 1; i++)
		many[i] = long_one;
	many[ARRAY_LENGTH(many) - 1] = NULL;
	for (size_t i = 0; i < ARRAY_LENGTH(programs); i++) {
		int code;

		if (access(programs[i], X_OK) < 0)
			continue;
		code = run(programs[i], many);
		if (code == 0 || code > 4)
			(void)fprintf(stderr, "%s: %d\n", programs[i], code);
		assert_in_range(code, 1, 4);
		if (i < 2)
			continue; /* without arguments the broker starts: below, where its root is a test's */
		code = run(programs[i], none);
		assert_in_range(code, 0, 4);
	}
	free(long_one);
}

static void test_T36_a_broker_without_any_argument_starts_none_twice(void **state)
{
	struct bed *b = *state;
	char *none[] = {NULL}, root[128];
	char *environment[] = {root, NULL};
	pid_t pid;

	(void)snprintf(root, sizeof(root), "TENURE_TEST_ROOT=%s", b->root);
	pid = fork();
	if (pid == 0) {
		(void)execve("./tenured-test", none, environment);
		_exit(98);
	}
	assert_int_equal(bed_wait(pid), 1); /* the journal is another's */
	assert_true(bed_answers(b, ALICE));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_T34_no_answer_stays_anywhere),
		TEST(test_T34_tenure_auth_has_nothing_of_ours),
		cmocka_unit_test(test_T36_hostile_arguments_end_in_usage),
		TEST(test_T36_a_broker_without_any_argument_starts_none_twice),
	};

	if (geteuid() != 0) {
		(void)puts("skipped: needs root, to be other users");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
