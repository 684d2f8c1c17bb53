/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the seeds of fuzz_policy anew, into the folder that the argument names: worlds as the tests draw them. */

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/world.h"

#define SEEDS 4

static int write_seed(const struct world *w, const char *folder, unsigned n)
{
	char path[4096];
	(void)snprintf(path, sizeof(path), "%s/world-%u", folder, n);
	FILE *f = fopen(path, "we");
	if (!f || fwrite(w->image, 1, w->image_len, f) != w->image_len || fclose(f) != 0) {
		perror(path);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int failed = argc != 2;
	for (unsigned seed = 100, written = 0; !failed && written < SEEDS; seed++) {
		struct world *w = world_new();
		struct random r = {.state = seed};
		world_randomise(w, &r);
		if (world_compile(w) == 0)
			failed = write_seed(w, argv[1], written++);
		world_free(w);
	}
	return failed;
}
