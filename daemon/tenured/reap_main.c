/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tenure-reap -- SESSION: ends an elevated session whose time is up, when tenured does not. systemd runs it by the
 * timer that tenured arms for each session. It does nothing to a session whose time is not up.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "daemon/tenured/session.h"

int main(int argc, char **argv)
{
	if (argc != 3 || strcmp(argv[1], "--") != 0) {
		fputs("usage: tenure-reap -- SESSION   (systemd runs it at the end of an elevated session)\n", stderr);
		return 2;
	}
	if (geteuid() != tenure_trusted_uid()) {
		fputs("tenure-reap: root alone ends sessions\n", stderr);
		return 1;
	}
	int r = sessions_reap(argv[2], &clock_system);
	if (r < 0)
		fprintf(stderr, "tenure-reap: %s\n", strerror(-r));
	return r < 0;
}
