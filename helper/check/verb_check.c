/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "helper/check/check.h"
#include "helper/check/check_screen.h"
#include "helper/output.h"
#include "helper/verbs.h"

static int print_host_id(struct cli *cli)
{
	char text[UUID_TEXT_MAX];
	struct uuid id;
	int r = host_id_read(&id);

	if (r < 0)
		return cli_fail(cli, CODE_NO, "no-host-id", "systemd-machine-id-setup", "no host id: machine-id: %s",
				strerror(-r));
	uuid_format(&id, text);
	if (cli->json)
		return print_json(cli, json_pack("{s:s}", "host_id", text));
	puts(text);
	return CODE_DONE;
}

static int show(struct cli *cli, struct check_context *c, const bool *ok)
{
	bool errors = c->problems.errors > 0 || c->problems.lost;

	if (c->problems.lost)
		return cli_fail(cli, CODE_NO, "out-of-memory", "", "out of memory");
	if (cli->json)
		(void)print_json(cli, check_json(cli, c, ok));
	else
		check_print(cli, c, ok);
	return errors ? CODE_NO : CODE_DONE;
}

int verb_check(struct cli *cli)
{
	struct check_context c = {.ask_broker = broker_ask};
	bool ok[CHECKS_MAX] = {false};
	int code, r;

	if (cli->options.host_id)
		return print_host_id(cli);
	if (geteuid() != tenure_trusted_uid())
		return cli_fail(cli, CODE_NO, "not-root", "sudo tenure check", "only root may read what check looks at");
	r = check_run(&c, ok);
	code = r < 0 ? cli_fail(cli, CODE_NO, "check-failed", "", "the checks could not be run: %s", strerror(-r))
		     : show(cli, &c, ok);
	check_done(&c);
	return code;
}
