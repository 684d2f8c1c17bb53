/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "common/base/secret.h"

/*
 * Signals that would leave the terminal without echo. SIGTTIN and SIGTTOU stop us as ever: in the background the
 * terminal is not ours to change.
 */
static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

static volatile sig_atomic_t arrived;

static void note_signal(int signal_number)
{
	arrived = signal_number;
}

/*
 * Blocked all the time but while we wait for a key: a signal that comes between looking and waiting must not be missed.
 * old_mask: the mask to wait with.
 */
static void catch_signals(struct sigaction old[], sigset_t *old_mask)
{
	struct sigaction action = {.sa_handler = note_signal};
	sigset_t mask;

	(void)sigemptyset(&action.sa_mask);
	(void)sigemptyset(&mask);
	for (size_t i = 0; i < ARRAY_LENGTH(caught); i++)
		(void)sigaddset(&mask, caught[i]);
	arrived = 0;
	(void)sigprocmask(SIG_BLOCK, &mask, old_mask);
	for (size_t i = 0; i < ARRAY_LENGTH(caught); i++)
		(void)sigaction(caught[i], &action, &old[i]);
}

static void release_signals(const struct sigaction old[], const sigset_t *old_mask)
{
	for (size_t i = 0; i < ARRAY_LENGTH(caught); i++)
		(void)sigaction(caught[i], &old[i], NULL);
	(void)sigprocmask(SIG_SETMASK, old_mask, NULL);
}

static int write_all(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* One line. 0, -EINTR, -ENODATA, -EMSGSIZE, -errno. A line too long is read to its end, so that nothing of it is left. */
static int read_line(int fd, const sigset_t *waiting_mask, char buf[static PROMPT_ANSWER_MAX + 1])
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t len = 0;
	bool too_long = false;

	for (;;) {
		ssize_t n;
		char c;

		if (ppoll(&p, 1, NULL, waiting_mask) < 0)
			return -errno;
		n = read(fd, &c, 1);
		if (n < 0)
			return -errno;
		if (n == 0 && len == 0)
			return -ENODATA;
		if (n == 0 || c == '\n')
			break;
		if (len == PROMPT_ANSWER_MAX)
			too_long = true;
		else
			buf[len++] = c;
	}
	buf[len] = '\0';
	return too_long ? -EMSGSIZE : 0;
}

/* Tries to get to the foreground; for a group that nobody can bring there, a stop does not happen. */
#define FOREGROUND_TRIES 100

/*
 * In the background we stop, as a job that reads does, until somebody brings us back: only then are the terminal's modes
 * the ones that we were started with, and not those of the shell's own line editor. 0 or -EIO.
 */
static int wait_for_foreground(int fd)
{
	for (int i = 0; i < FOREGROUND_TRIES; i++) {
		if (tcgetpgrp(fd) == getpgrp())
			return 0;
		(void)raise(SIGTTOU);
	}
	return -EIO;
}

/* Asks once, with the signals caught. -EINTR: a signal came and `arrived` says which. */
static int ask_once(int fd, const char *question, enum prompt_echo echo, const sigset_t *waiting_mask,
		    char buf[static PROMPT_ANSWER_MAX + 1])
{
	struct termios saved, silent;
	bool hidden = false;
	int r;

	if (tcgetattr(fd, &saved) < 0)
		return -errno;
	if (echo == PROMPT_HIDDEN) {
		silent = saved;
		silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
		/* Typed ahead is not the answer to a question that was not there yet. */
		if (tcsetattr(fd, TCSAFLUSH, &silent) < 0)
			return -errno;
		hidden = true;
	}
	r = write_all(fd, question);
	if (r == 0)
		r = read_line(fd, waiting_mask, buf);
	if (hidden) {
		(void)write_all(fd, "\n");
		while (tcsetattr(fd, TCSAFLUSH, &saved) < 0 && errno == EINTR)
			;
	} else if (r < 0) {
		(void)write_all(fd, "\n");
	}
	return arrived ? -EINTR : r;
}

int prompt_read(const struct cli *cli, const char *question, enum prompt_echo echo, char **ret)
{
	struct sigaction old[ARRAY_LENGTH(caught)];
	char buf[PROMPT_ANSWER_MAX + 1] = "";
	sigset_t old_mask;
	CLEANUP(fd_closep) int fd = -1;
	int r;

	if (cli->no_input)
		return -ENOTTY;
	(void)fflush(stdout);
	(void)fflush(stderr);
	fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -ENOTTY;
	do {
		int signal_number;

		r = wait_for_foreground(fd);
		if (r < 0)
			return r;
		catch_signals(old, &old_mask);
		r = ask_once(fd, question, echo, &old_mask, buf);
		release_signals(old, &old_mask);
		signal_number = arrived;
		/* The terminal is as it was: now the signal may do what it always does; after a stop we ask again. */
		if (signal_number)
			(void)raise(signal_number);
	} while (r == -EINTR);
	if (r == 0) {
		*ret = strdup(buf);
		r = *ret ? 0 : -ENOMEM;
	}
	SECRET_WIPE_ARRAY(buf);
	return r;
}
