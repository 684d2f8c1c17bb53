/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_CLI_H
#define TENURE_HELPER_CLI_H

/*
 * One run of tenure: what was typed, what it is connected to, and the strings it made. A verb is a row of the table
 * in verbs.c and a function in a file of its own; options have one table, in cli.c, and a verb names those it takes.
 */

#include <stdio.h>

#include "common/base/clock.h"
#include "helper/error.h"

#define CLI_ARGUMENTS_MAX 2
/* What the broker takes (io.tenure): more is refused before it is asked for anything else. */
#define TICKET_LENGTH_MAX 128
#define LIMIT_MAX	  1000

#define CLI_WIDTH_DEFAULT 80
#define CLI_WIDTH_MIN	  40

/* Bits of verb.options. --json, --no-input and --help go with every verb. */
enum option_bit {
	OPTION_FOR = 1 << 0,
	OPTION_REASON = 1 << 1,
	OPTION_TICKET = 1 << 2,
	OPTION_SCOPE = 1 << 3,
	OPTION_WAIT = 1 << 4,
	OPTION_USER = 1 << 5,
	OPTION_LIMIT = 1 << 6,
	OPTION_SERVICE = 1 << 7,
	OPTION_TARGET = 1 << 8,
	OPTION_ROLE = 1 << 9,
	OPTION_TIME = 1 << 10,
	OPTION_HOST_ID = 1 << 11,
	OPTION_ALWAYS = 1 << 30,
};

struct options {
	int64_t duration_ns; /* --for; 0: not given */
	const char *reason, *ticket, *scope, *user, *service, *target, *role; /* as typed; NULL: not given */
	const char *time;    /* RFC 3339, checked */
	uint64_t limit;	     /* 0: not given */
	bool wait, host_id;
};

struct cli;

/* A verb. run returns an exit code; for any but CODE_DONE it has recorded why (cli_fail), or its answer says it. */
struct verb {
	const char *name;
	const char *arguments; /* as usage shows them: "[ID]" */
	const char *summary;
	unsigned options; /* enum option_bit */
	size_t arguments_min, arguments_max;
	int (*run)(struct cli *cli);
};

/* The table, in the order of the help; ends with a NULL name. */
extern const struct verb verb_table[];

/* By name; NULL if there is none. */
const struct verb *verb_find(const char *name);

struct text_node;

struct cli {
	const struct verb *verb;
	const char *arguments[CLI_ARGUMENTS_MAX];
	size_t argument_count;
	struct options options;
	bool json, no_input, help;

	bool in_terminal, out_terminal, err_terminal;
	bool colour;	/* on stdout */
	unsigned width, err_width; /* columns of stdout's and stderr's terminals; COLUMNS or the default elsewhere */
	bool utf8;	/* the terminal's character set; else only ASCII is shown as it is */

	struct clock_source *clock;
	struct failure failure;
	bool answered;	/* --json: the one object is out */
	bool out_of_memory;
	struct text_node *texts;
};

/* What the run is connected to: terminals, width, colour. Looks at the environment's NO_COLOR, TERM and COLUMNS. */
void cli_init(struct cli *cli);
void cli_done(struct cli *cli);

/* Takes the words behind the program's name apart. CODE_DONE, or a recorded CODE_USAGE. */
int cli_parse(struct cli *cli, int argc, char **argv);

/* Usage of the whole program, or of one verb. */
void cli_usage(const struct cli *cli, const struct verb *verb, FILE *to);
/* The same on stdout, with --json as an object. CODE_DONE. */
int cli_help(struct cli *cli, const struct verb *verb);

/* REALTIME now, 0 if the clock fails. */
int64_t cli_now(const struct cli *cli);

/* Strings that live until cli_done. Never NULL: "" when memory is out, which main reports. */
const char *cli_text(struct cli *cli, const char *format, ...) PRINTF_LIKE(2, 3);

/* Text of one piece from outside, fit to show anywhere, between quotes too (text_escape). NULL gives "". */
const char *cli_escape(struct cli *cli, const char *text);

/*
 * A sentence that the broker wrote for people, with its own quotes and escapes in it: the same, but '"' and '\' stay.
 */
const char *cli_escape_line(struct cli *cli, const char *text);

#endif
