/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_ERROR_H
#define TENURE_HELPER_ERROR_H

/*
 * What tenure says when it cannot: one line on stderr, "tenure: MESSAGE; NEXT", and an exit code; with --json an
 * object on stdout. A verb records the failure and returns its code; main reports it once, behind the answer.
 */

#include <jansson.h>

#include "common/base/result.h"

struct cli;

/* Exit codes of tenure(1): part of its interface. */
enum exit_code {
	CODE_DONE = 0,
	CODE_NO = 1,	  /* denied, not eligible, not theirs to decide; check found errors */
	CODE_USAGE = 2,	  /* usage, or input missing and no terminal to ask on */
	CODE_UNKNOWN = 3, /* no such role, user, request, session */
	CODE_BROKER = 4,  /* broker not reachable */
	CODE_OPEN = 5,	  /* --wait ended with the request still open */
	CODE_STEP_UP = 6, /* step-up failed */
};

/* Recorded by cli_fail; strings live as long as the cli. */
struct failure {
	int code;
	const char *id;	     /* stable, "not-eligible"; NULL: nothing failed */
	const char *message; /* fit to show */
	const char *next;    /* what to do, "" if nothing helps: "see: tenure roles" */
};

/*
 * Records the failure and returns its code. The message is formatted; whatever comes from outside was escaped before
 * (cli_escape). next may be NULL.
 */
int cli_fail(struct cli *cli, int code, const char *id, const char *next, const char *format, ...) PRINTF_LIKE(5, 6);

/* Records what an error reply of the broker means: its name ("io.tenure.NotEligible") and parameters. */
int cli_fail_reply(struct cli *cli, const char *name, const json_t *parameters);

/* {"code", "id", "message", "next"}: a new reference, NULL when memory is out or nothing failed. */
json_t *failure_json(const struct cli *cli) MUST_CHECK;

/* Says the recorded failure, if there is one and no answer has said it already. */
void failure_report(struct cli *cli);

#endif
