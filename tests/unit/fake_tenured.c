/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* fake_tenured SOCKET SCRIPT: the broker of fake_broker.h by itself, to look at screens by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/result.h"
#include "tests/unit/fake_broker.h"

int main(int argc, char **argv)
{
	static char script[256 * 1024];
	FILE *f = argc == 3 ? fopen(argv[2], "re") : NULL;
	pid_t pid;

	if (!f)
		return 2;
	script[fread(script, 1, sizeof(script) - 1, f)] = '\0';
	(void)fclose(f);
	if (fake_broker_start(argv[1], script, NULL, &pid) < 0)
		return 1;
	for (;;)
		(void)pause();
}
