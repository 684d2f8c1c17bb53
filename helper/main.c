/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tenure: the command line. It has no privilege of its own; the broker judges by who is connected. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/wire/wire.h"
#include "helper/cli.h"
#include "helper/output.h"
#include "helper/verbs.h"

/*
 * Whoever starts us may have closed 0, 1 or 2: then the broker's socket would become stdout. The place is taken the
 * wrong way round, so that using it is still an error.
 */
static bool take_standard_descriptors(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++) {
		int taken;

		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		taken = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
		if (taken != fd)
			return false;
	}
	return true;
}

static int run(struct cli *cli, int argc, char **argv)
{
	int code = cli_parse(cli, argc, argv);

	if (code != CODE_DONE)
		return code;
	if (cli->help)
		return cli_help(cli, cli->verb);
	return cli->verb->run(cli);
}

/* The reader went away: that is its right. Anything else that stopped the answer is an error of ours. */
static int finish_output(int code)
{
	bool lost = fflush(stdout) != 0 || ferror(stdout);

	if (!lost || errno == EPIPE)
		return code;
	fprintf(stderr, "tenure: the answer could not be written: %s\n", strerror(errno));
	return code == CODE_DONE ? CODE_NO : code;
}

int main(int argc, char **argv)
{
	struct cli cli;
	int code;

	if (!take_standard_descriptors())
		return CODE_USAGE;
	/* A pipe that closes must not kill us between a question and its answer. */
	(void)signal(SIGPIPE, SIG_IGN);
	wire_wipe_json_memory();
	cli_init(&cli);
	code = run(&cli, argc, argv);
	if (cli.out_of_memory)
		code = cli_fail(&cli, CODE_NO, "out-of-memory", "", "out of memory");
	failure_report(&cli);
	code = finish_output(code);
	cli_done(&cli);
	return code;
}
