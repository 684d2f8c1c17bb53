/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/ask.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "common/base/secret.h"
#include "common/base/text.h"
#include "helper/prompt.h"
#include "helper/times.h"

#define TRIES 3

/* One line without the blanks around it, as a string of the cli. */
static int read_answer(struct cli *cli, const char *question, const char *option, const char **ret)
{
	char *line = NULL, *from, *end;
	int r = prompt_read(cli, question, PROMPT_SHOWN, &line);

	if (r == -EMSGSIZE) {
		*ret = "";
		return CODE_DONE;
	}
	if (r < 0)
		return cli_fail(cli, CODE_USAGE, "input-missing", cli_text(cli, "give --%s", option),
				r == -ENODATA ? "no answer was given" : "there is no terminal to ask on");
	for (from = line; *from && isspace((unsigned char)*from); from++)
		;
	for (end = from + strlen(from); end > from && isspace((unsigned char)end[-1]); end--)
		;
	*ret = cli_text(cli, "%.*s", (int)(end - from), from);
	secret_free(line);
	return CODE_DONE;
}

static int fail_tries(struct cli *cli, const char *option)
{
	return cli_fail(cli, CODE_USAGE, "input-missing", cli_text(cli, "give --%s", option),
			"no usable answer in %d tries", TRIES);
}

int ask_text(struct cli *cli, const char *question, const char *option, size_t max, const char **ret)
{
	for (int i = 0; i < TRIES; i++) {
		const char *answer;
		int code = read_answer(cli, question, option, &answer);

		if (code != CODE_DONE)
			return code;
		if (*answer && text_check(answer, max) == 0) {
			*ret = answer;
			return CODE_DONE;
		}
		fprintf(stderr, *answer ? "Plain text, please, at most %zu bytes.\n" : "A few words, please.\n", max);
	}
	return fail_tries(cli, option);
}

int ask_duration(struct cli *cli, int64_t proposal_ns, int64_t *ret)
{
	const char *question = cli_text(cli, "For how long? [%s] ", duration_text(cli, proposal_ns));

	for (int i = 0; i < TRIES; i++) {
		const char *answer;
		int code = read_answer(cli, question, "for", &answer);

		if (code != CODE_DONE)
			return code;
		if (!*answer) {
			*ret = proposal_ns;
			return CODE_DONE;
		}
		if (duration_parse(answer, ret) == 0 && *ret > 0 && *ret <= proposal_ns)
			return CODE_DONE;
		fprintf(stderr, "At most %s, written like 45m or 1h30m.\n", duration_text(cli, proposal_ns));
	}
	return fail_tries(cli, "for");
}

int ask_letter(struct cli *cli, const char *question, const char *letters, char otherwise, char *ret)
{
	const char *answer;
	int code = read_answer(cli, question, "reason", &answer);
	char letter;

	if (code != CODE_DONE)
		return code;
	letter = (char)tolower((unsigned char)*answer);
	*ret = letter && strchr(letters, letter) ? letter : otherwise;
	return CODE_DONE;
}
