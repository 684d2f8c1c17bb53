/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_cold RUNS A B -- COMMAND...: starts the command RUNS times with nsswitch.conf A and as often with B, in turn,
 * and prints what the fastest twentieth took at most, in ms, and the ratio: on a busy machine the rest tells of others. A and B are copied over /etc/nsswitch.conf: in a mount namespace of its
 * own alone (tests/bench/run).
 */
#include <fcntl.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/bench.h"

extern char **environ;

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void use(const char *file)
{
	(void)umount2("/etc/nsswitch.conf", MNT_DETACH);
	if (mount(file, "/etc/nsswitch.conf", NULL, MS_BIND, NULL) < 0) {
		perror("bench_cold: /etc/nsswitch.conf");
		exit(2);
	}
}

static double run(char **command, const posix_spawn_file_actions_t *actions)
{
	uint64_t start = bench_now_ns();
	int status;
	pid_t child;

	if (posix_spawnp(&child, command[0], actions, NULL, command, environ) != 0 ||
	    waitpid(child, &status, 0) != child) {
		perror("bench_cold");
		exit(2);
	}
	return (double)(bench_now_ns() - start) / 1e6;
}

int main(int argc, char **argv)
{
	long runs = argc > 5 ? strtol(argv[1], NULL, 10) : 0;
	posix_spawn_file_actions_t actions;
	double *times[2];

	if (runs < 1) {
		(void)fprintf(stderr, "usage: bench_cold RUNS A B -- COMMAND...\n");
		return 2;
	}
	if (posix_spawn_file_actions_init(&actions) != 0 ||
	    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0) != 0)
		return 2;
	for (int which = 0; which < 2; which++) {
		times[which] = calloc((size_t)runs, sizeof(double));
		if (!times[which])
			return 2;
	}
	for (long i = -2; i < runs; i++)
		for (int which = 0; which < 2; which++) {
			double took;

			use(argv[2 + which]);
			took = run(argv + 5, &actions);
			if (i >= 0)
				times[which][i] = took;
		}
	for (int which = 0; which < 2; which++)
		qsort(times[which], (size_t)runs, sizeof(double), compare);
	(void)printf("%.3f %.3f %.3f\n", times[0][runs / 20], times[1][runs / 20],
		     times[1][runs / 20] / times[0][runs / 20]);
	return 0;
}
