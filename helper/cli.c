/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/cli.h"

#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/base/text.h"

/* What cli_text and the escapes made: freed together. */
struct text_node {
	struct text_node *next;
	char *text;
};

static bool stream_is_terminal(int fd)
{
	return isatty(fd) == 1;
}

static unsigned width_of(int fd, bool terminal)
{
	uint64_t columns = 0;

	if (terminal) {
		struct winsize size = {0};

		if (ioctl(fd, TIOCGWINSZ, &size) == 0)
			columns = size.ws_col;
	} else {
		const char *said = getenv("COLUMNS");

		if (said && number_parse(said, 10000, &columns) < 0)
			columns = 0;
	}
	if (columns == 0)
		return CLI_WIDTH_DEFAULT;
	return columns < CLI_WIDTH_MIN ? CLI_WIDTH_MIN : (unsigned)columns;
}

static bool colour_is_wanted(bool terminal)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (!terminal || (no_colour && *no_colour))
		return false;
	return term && *term && strcmp(term, "dumb") != 0;
}

void cli_init(struct cli *cli)
{
	*cli = (struct cli){.clock = &clock_system};
	/* The person's character set decides what the terminal is sent; messages and numbers stay as they are. */
	(void)setlocale(LC_CTYPE, "");
	cli->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	cli->out_terminal = stream_is_terminal(STDOUT_FILENO);
	cli->err_terminal = stream_is_terminal(STDERR_FILENO);
	cli->in_terminal = stream_is_terminal(STDIN_FILENO);
	cli->no_input = !cli->in_terminal;
	cli->width = width_of(STDOUT_FILENO, cli->out_terminal);
	cli->err_width = width_of(STDERR_FILENO, cli->err_terminal);
	cli->colour = colour_is_wanted(cli->out_terminal);
}

void cli_done(struct cli *cli)
{
	while (cli->texts) {
		struct text_node *node = cli->texts;

		cli->texts = node->next;
		free(node->text);
		free(node);
	}
}

int64_t cli_now(const struct cli *cli)
{
	struct instant now;

	return cli->clock->now(cli->clock, &now) == 0 ? now.realtime_ns : 0;
}

/* Takes the string over. */
static const char *keep(struct cli *cli, char *text)
{
	struct text_node *node = text ? malloc(sizeof(*node)) : NULL;

	if (!node) {
		free(text);
		cli->out_of_memory = true;
		return "";
	}
	*node = (struct text_node){.next = cli->texts, .text = text};
	cli->texts = node;
	return text;
}

const char *cli_text(struct cli *cli, const char *format, ...)
{
	va_list args;
	char *text = NULL;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	return keep(cli, n < 0 ? NULL : text);
}

/* The most that escaping makes of a byte: \xNN. */
#define ESCAPED_MAX 4

/*
 * To a terminal of another character set than UTF-8 every byte above ASCII is one of its own; those of 0x80 to 0x9f are
 * control characters there (a Latin-1 terminal takes 0x9b for ESC [). Moves text to the end of its buffer, then back.
 */
static void escape_bytes(char *text, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t len = strlen(text) + 1, to = 0;
	const char *from = memmove(text + size - len, text, len);

	for (; *from; from++) {
		unsigned char c = (unsigned char)*from;

		if (c < 0x80) {
			text[to++] = (char)c;
			continue;
		}
		text[to++] = '\\';
		text[to++] = 'x';
		text[to++] = digits[c >> 4];
		text[to++] = digits[c & 15];
	}
	text[to] = '\0';
}

/* Takes the string over; size is what was allocated: ESCAPED_MAX for each byte there was. */
static const char *keep_escaped(struct cli *cli, char *escaped, size_t size)
{
	if (escaped && !cli->utf8)
		escape_bytes(escaped, size);
	return keep(cli, escaped);
}

const char *cli_escape(struct cli *cli, const char *text)
{
	size_t size = text ? strlen(text) * ESCAPED_MAX + 1 : 1;
	char *escaped = malloc(size);

	if (escaped)
		(void)text_escape(text ? text : "", escaped, size);
	return keep_escaped(cli, escaped, size);
}

const char *cli_escape_line(struct cli *cli, const char *text)
{
	const char *from = text ? text : "";
	size_t size = strlen(from) * ESCAPED_MAX + 1, at = 0;
	char *escaped = malloc(size);
	char *piece = strdup(from);

	while (escaped && piece && *from) {
		size_t len = strcspn(from, "\"\\");

		memcpy(piece, from, len);
		piece[len] = '\0';
		(void)text_escape(piece, escaped + at, size - at);
		at += strlen(escaped + at);
		from += len;
		if (*from)
			escaped[at++] = *from++;
	}
	if (escaped && piece) {
		escaped[at] = '\0';
	} else {
		free(escaped);
		escaped = NULL;
	}
	free(piece);
	return keep_escaped(cli, escaped, size);
}
