/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cli_run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/fake_broker.h"

#define WORDS_MAX  32
#define OUTPUT_MAX (1024 * 1024)
#define PATIENCE_S 60

unsigned cli_real_uid;
unsigned short cli_columns = 80;

static char root[64], socket_path[128], log_path[128];
static pid_t broker;

static void tear_down(void)
{
	char path[160];

	fake_broker_stop(broker);
	(void)unlink(socket_path);
	(void)unlink(log_path);
	for (const char *const *sub = (const char *const[]){"/run/tenure", "/run", "", NULL}; *sub; sub++) {
		(void)snprintf(path, sizeof(path), "%s%s", root, *sub);
		(void)rmdir(path);
	}
}

const char *cli_root(void)
{
	char path[160];

	if (root[0])
		return root;
	(void)snprintf(root, sizeof(root), "/tmp/tenure-cli-XXXXXX");
	assert_non_null(mkdtemp(root));
	(void)snprintf(path, sizeof(path), "%s/run", root);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/run/tenure", root);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(socket_path, sizeof(socket_path), "%s/run/tenure/tenured.sock", root);
	(void)snprintf(log_path, sizeof(log_path), "%s/run/tenure/calls", root);
	assert_int_equal(setenv("TENURE_TEST_ROOT", root, 1), 0);
	assert_int_equal(setenv("TZ", "UTC", 1), 0);
	assert_int_equal(setenv("LC_ALL", "C.UTF-8", 1), 0);
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	(void)unsetenv("NO_COLOR");
	(void)unsetenv("COLUMNS");
	assert_int_equal(atexit(tear_down), 0);
	return root;
}

void cli_broker(const char *script)
{
	(void)cli_root();
	fake_broker_stop(broker);
	broker = 0;
	(void)unlink(socket_path);
	(void)unlink(log_path);
	if (script)
		assert_int_equal(fake_broker_start(socket_path, script, log_path, &broker), 0);
}

/* From its start; the caller frees. */
static char *read_all(int fd)
{
	char *text = calloc(1, OUTPUT_MAX);
	size_t len = 0;
	ssize_t n;

	assert_non_null(text);
	(void)lseek(fd, 0, SEEK_SET);
	while (len < OUTPUT_MAX - 1 && (n = read(fd, text + len, OUTPUT_MAX - 1 - len)) > 0)
		len += (size_t)n;
	return text;
}

char *cli_calls(void)
{
	int fd = open(log_path, O_RDONLY | O_CLOEXEC);
	char *text;

	if (fd < 0)
		return calloc(1, 1);
	text = read_all(fd);
	close(fd);
	return text;
}

void cli_result_done(struct cli_result *r)
{
	free(r->out);
	free(r->err);
	*r = (struct cli_result){0};
}

static const char *program(void)
{
	const char *said = getenv("TENURE_UNDER_TEST");

	return said ? said : "tests/unit/tenure_under_test";
}

/* Splits in place. */
static void split(char *words, char *argv[WORDS_MAX + 2])
{
	size_t n = 1;
	char *rest = NULL;

	argv[0] = (char *)(uintptr_t)"tenure";
	for (char *w = strtok_r(words, " ", &rest); w && n <= WORDS_MAX; w = strtok_r(NULL, " ", &rest))
		argv[n++] = w;
	argv[n] = NULL;
}

static double seconds_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void wait_for_child(pid_t pid, struct cli_result *r)
{
	double end = seconds_now() + PATIENCE_S;
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (seconds_now() > end) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, &status, 0);
			fail_msg("tenure did not end");
		}
		(void)poll(NULL, 0, 5);
	}
	r->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	r->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

struct cli_result cli_run_argv(char *const argv[])
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	struct cli_result r = {0};
	pid_t pid;

	(void)cli_root();
	assert_true(in >= 0 && out >= 0 && err >= 0);
	pid = fork();
	if (pid == 0) {
		if (cli_real_uid && setresuid(cli_real_uid, 0, 0) < 0)
			_exit(125);
		if (dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(err, 2) == 2)
			execv(program(), argv);
		_exit(126);
	}
	wait_for_child(pid, &r);
	r.out = read_all(out);
	r.err = read_all(err);
	close(in);
	close(out);
	close(err);
	return r;
}

struct cli_result cli_run(const char *words)
{
	char *copy = strdup(words), *argv[WORDS_MAX + 2];
	struct cli_result r;

	assert_non_null(copy);
	split(copy, argv);
	r = cli_run_argv(argv);
	free(copy);
	return r;
}

/* Reads what the terminal shows until `expect` stands in it behind `from`; NULL: until the end. */
static bool read_until(int fd, char *text, size_t *len, size_t from, const char *expect)
{
	double end = seconds_now() + PATIENCE_S;

	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (expect && strstr(text + from, expect))
			return true;
		if (seconds_now() > end || poll(&p, 1, 100) < 0)
			return false;
		if (!p.revents)
			continue;
		n = read(fd, text + *len, OUTPUT_MAX - 1 - *len);
		if (n <= 0)
			return expect == NULL;
		*len += (size_t)n;
		text[*len] = '\0';
	}
}

static bool has_echo(int fd)
{
	struct termios t;

	assert_int_equal(tcgetattr(fd, &t), 0);
	return t.c_lflag & ECHO;
}

static void play(int fd, char *text, const struct pty_step *steps, size_t count, size_t *len)
{
	size_t from = 0;

	for (size_t i = 0; i < count; i++) {
		double end = seconds_now() + PATIENCE_S;

		if (!read_until(fd, text, len, from, steps[i].expect))
			fail_msg("the terminal did not show \"%s\" but: %s", steps[i].expect, text);
		from = (size_t)(strstr(text + from, steps[i].expect) - text) + strlen(steps[i].expect);
		while (steps[i].echo != ECHO_ANY && has_echo(fd) != (steps[i].echo == ECHO_ON)) {
			if (seconds_now() > end)
				fail_msg("the terminal's echo is wrong at \"%s\"", steps[i].expect);
			(void)poll(NULL, 0, 5);
		}
		if (steps[i].send)
			assert_int_equal(write(fd, steps[i].send, strlen(steps[i].send)), strlen(steps[i].send));
	}
}

static const int shell_signals[] = {SIGINT, SIGQUIT, SIGHUP, SIGTSTP};

struct cli_result cli_run_pty(const char *words, const struct pty_step *steps, size_t count, bool *ret_sane)
{
	struct winsize size = {.ws_row = 24, .ws_col = cli_columns};
	char *copy = strdup(words), *argv[WORDS_MAX + 2];
	struct cli_result r = {.out = calloc(1, OUTPUT_MAX), .err = strdup("")};
	struct termios t;
	size_t len = 0;
	int fd, keep;
	char name[64];
	pid_t pid;

	(void)cli_root();
	assert_non_null(copy);
	split(copy, argv);
	pid = forkpty(&fd, name, NULL, &size);
	assert_true(pid >= 0);
	if (pid == 0) {
		/* As a shell starts it: whoever runs the tests in the background has these ignored. */
		for (size_t i = 0; i < sizeof(shell_signals) / sizeof(shell_signals[0]); i++)
			(void)signal(shell_signals[i], SIG_DFL);
		execv(program(), argv);
		_exit(126);
	}
	/* Held open, so that the terminal and its modes outlive the program. */
	keep = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	play(fd, r.out, steps, count, &len);
	wait_for_child(pid, &r);
	assert_int_equal(tcgetattr(keep, &t), 0);
	*ret_sane = (t.c_lflag & ECHO) && (t.c_lflag & ICANON);
	close(keep);
	(void)read_until(fd, r.out, &len, 0, NULL);
	close(fd);
	free(copy);
	return r;
}
