/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/cli.h"
#include "helper/nearest.h"
#include "helper/verbs.h"

int verb_help(struct cli *cli)
{
	const struct verb *verb = NULL;

	if (cli->argument_count > 0) {
		const char *name = cli->arguments[0];
		const char *near = nearest_verb(name);

		verb = verb_find(name);
		if (!verb)
			return cli_fail(cli, CODE_USAGE, "usage",
					near ? cli_text(cli, "did you mean: tenure help %s", near) : "see: tenure --help",
					"no verb \"%s\"", cli_escape(cli, name));
	}
	return cli_help(cli, verb);
}
