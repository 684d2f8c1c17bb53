/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_CLI_RUN_H
#define TENURE_TESTS_CLI_RUN_H

/* Runs the real command line against a root of the test's own: with pipes, or at a terminal of its own. */

#include <stdbool.h>
#include <stddef.h>

/* A fresh root with run/tenure; TENURE_TEST_ROOT names it, TZ is UTC. Removed at exit. */
const char *cli_root(void);
/* A broker that plays the script (fake_broker.h) at the root's socket, in place of the one before; NULL: none. */
void cli_broker(const char *script);
/* What the broker was called with since it was started: a line of JSON a call. The caller frees. */
char *cli_calls(void);

struct cli_result {
	int code;	/* exit code, -1: a signal */
	int signal;
	char *out, *err; /* at a terminal: all in out */
};
void cli_result_done(struct cli_result *r);

/* words: one string, split at blanks, without the program. Fails the test after 60 s. */
struct cli_result cli_run(const char *words);
struct cli_result cli_run_argv(char *const argv[]);

/* Real uid of the programs that cli_run starts, for root alone; 0: ours. The effective uid stays, and with it trust. */
extern unsigned cli_real_uid;

enum echo { ECHO_ANY, ECHO_ON, ECHO_OFF };

/* Waits until the terminal shows `expect`, looks at its echo, types `send`. */
struct pty_step {
	const char *expect;
	enum echo echo;
	const char *send;
};
/* Columns of the terminal; 80 at the start. */
extern unsigned short cli_columns;
/* ret_sane: the terminal has echo and canonical mode when all is over. */
struct cli_result cli_run_pty(const char *words, const struct pty_step *steps, size_t count, bool *ret_sane);

#endif
