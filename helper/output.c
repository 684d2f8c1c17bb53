/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "helper/output.h"

#include <stdlib.h>
#include <string.h>

#define GAP 2 /* blanks between columns */

static const char *const style_codes[] = {
	[STYLE_NONE] = "", [STYLE_GOOD] = "\033[32m", [STYLE_WAIT] = "\033[33m",
	[STYLE_BAD] = "\033[31m", [STYLE_TITLE] = "\033[1m",
};

/* Length and width of the character at s; broken UTF-8 counts byte by byte. */
static size_t character(const char *s, unsigned *ret_width)
{
	static const struct {
		uint32_t first, last;
		unsigned width;
	} odd[] = {
		{0x300, 0x36f, 0},     {0x1100, 0x115f, 2},   {0x2e80, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},
		{0xf900, 0xfaff, 2},   {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2},
		{0x1f300, 0x1faff, 2}, {0x20000, 0x3fffd, 2},
	};
	unsigned char c = (unsigned char)*s;
	size_t len = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	uint32_t code = len == 1 ? c : c & (0x7fu >> len);

	*ret_width = 1;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 1;
		code = code << 6 | (s[i] & 0x3f);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(odd); i++)
		if (code >= odd[i].first && code <= odd[i].last)
			*ret_width = odd[i].width;
	return len;
}

unsigned display_width(const char *text)
{
	unsigned width = 0, w;

	for (; *text; width += w)
		text += character(text, &w);
	return width;
}

/* Bytes of text that fit the width: to a break behind a blank, slash or comma where there is one. */
static size_t fitting(const char *text, unsigned width)
{
	size_t at = 0, last_break = 0;
	unsigned used = 0, w;

	while (text[at]) {
		size_t len = character(text + at, &w);

		if (used + w > width && at > 0) {
			if (text[at] == ' ')
				return at;
			return last_break ? last_break : at;
		}
		used += w;
		at += len;
		if (strchr(" /,", text[at - 1]))
			last_break = at;
	}
	return at;
}

static void put_clean(FILE *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		(void)fputc(c < 0x20 || c == 0x7f ? '?' : c, to);
	}
}

/* A line of wrapped text: [text, text + len) without the blanks at its end; returns where the next begins. */
static const char *take_line(const char *text, unsigned width, size_t *ret_len)
{
	size_t len = fitting(text, width);
	const char *next = text + len;

	while (len > 0 && text[len - 1] == ' ')
		len--;
	while (*next == ' ')
		next++;
	*ret_len = len;
	return next;
}

void print_styled(const struct cli *cli, FILE *to, enum style style, const char *text)
{
	bool coloured = cli->colour && style != STYLE_NONE;

	if (coloured)
		fputs(style_codes[style], to);
	put_clean(to, text, strlen(text));
	if (coloured)
		fputs("\033[0m", to);
}

void print_labelled(const struct cli *cli, FILE *to, const char *label, unsigned label_width, const char *text)
{
	print_labelled_behind(cli, to, 0, label, label_width, text);
}

void print_labelled_behind(const struct cli *cli, FILE *to, unsigned behind, const char *label, unsigned label_width,
			   const char *text)
{
	unsigned columns = to == stderr ? cli->err_width : cli->width;
	unsigned width = columns > label_width + 10 ? columns - label_width : 10;

	fprintf(to, "%-*s", (int)(label_width - behind), label);
	do {
		size_t len;
		const char *next = take_line(text, width, &len);

		put_clean(to, text, len);
		fputc('\n', to);
		text = next;
		if (*text)
			fprintf(to, "%*s", (int)label_width, "");
	} while (*text);
}

void print_note(const struct cli *cli, const char *text)
{
	static const char label[] = "tenure: ";

	if (cli->err_terminal)
		print_labelled(cli, stderr, label, (unsigned)strlen(label), text);
	else
		fprintf(stderr, "%s%s\n", label, text);
}

void table_init(struct table *t, const struct cli *cli, const struct column *columns, size_t column_count)
{
	*t = (struct table){.cli = cli, .columns = columns, .column_count = column_count};
}

void table_done(struct table *t)
{
	free(t->cells);
	*t = (struct table){0};
}

void table_add(struct table *t, struct cli *cli, const struct cell *cells)
{
	if (t->row_count == t->size) {
		size_t size = t->size ? t->size * 2 : 16;
		struct cell *grown = reallocarray(t->cells, size * t->column_count, sizeof(*grown));

		if (!grown) {
			cli->out_of_memory = true;
			return;
		}
		t->cells = grown;
		t->size = size;
	}
	memcpy(&t->cells[t->row_count++ * t->column_count], cells, t->column_count * sizeof(*cells));
}

static bool has_titles(const struct table *t)
{
	return t->columns[0].title != NULL;
}

static const char *cell_text(const struct table *t, const struct cell *c)
{
	if (c->text && *c->text)
		return c->text;
	return has_titles(t) ? "-" : "";
}

/* As wide as the texts, 0 for a column without any; then the widest of those that may shrink gives a column at a time, until all fits. */
static void column_widths(const struct table *t, unsigned widths[TABLE_COLUMNS_MAX])
{
	unsigned total = 0;

	for (size_t c = 0; c < t->column_count; c++) {
		widths[c] = has_titles(t) ? display_width(t->columns[c].title) : 0;
		for (size_t r = 0; r < t->row_count; r++) {
			unsigned w = display_width(cell_text(t, &t->cells[r * t->column_count + c]));

			if (w > widths[c])
				widths[c] = w;
		}
		total += widths[c] + (c && widths[c] ? GAP : 0);
	}
	while (total > t->cli->width) {
		size_t widest = t->column_count;

		for (size_t c = 0; c < t->column_count; c++)
			if (t->columns[c].width_min && widths[c] > t->columns[c].width_min &&
			    (widest == t->column_count || widths[c] >= widths[widest]))
				widest = c;
		if (widest == t->column_count)
			return;
		widths[widest]--;
		total--;
	}
}

/* One line of a row; rest[c] is what column c has still to say. True while something is left. */
static bool print_row_line(const struct table *t, FILE *to, const unsigned widths[], const char *rest[],
			   const struct cell *cells)
{
	bool more = false;
	unsigned blanks = 0;

	for (size_t c = 0; c < t->column_count; c++) {
		size_t len;
		const char *next;
		char *piece;

		if (widths[c] == 0)
			continue;
		next = take_line(rest[c], widths[c], &len);
		piece = strndup(rest[c], len);
		if (piece && *piece) {
			fprintf(to, "%*s", (int)blanks, "");
			blanks = 0;
			print_styled(t->cli, to, cells ? cells[c].style : STYLE_TITLE, piece);
		}
		blanks += widths[c] - (piece ? display_width(piece) : 0) + GAP;
		free(piece);
		rest[c] = next;
		more = more || *next;
	}
	fputc('\n', to);
	return more;
}

static void print_row(const struct table *t, FILE *to, const unsigned widths[], const struct cell *cells)
{
	const char *rest[TABLE_COLUMNS_MAX];

	for (size_t c = 0; c < t->column_count; c++)
		rest[c] = cells ? cell_text(t, &cells[c]) : t->columns[c].title;
	while (print_row_line(t, to, widths, rest, cells))
		;
}

void table_print(const struct table *t, FILE *to)
{
	unsigned widths[TABLE_COLUMNS_MAX];

	column_widths(t, widths);
	if (has_titles(t))
		print_row(t, to, widths, NULL);
	for (size_t r = 0; r < t->row_count; r++)
		print_row(t, to, widths, &t->cells[r * t->column_count]);
}

int print_json(struct cli *cli, json_t *object)
{
	if (object && json_dumpf(object, stdout, JSON_ENSURE_ASCII) == 0)
		putchar('\n');
	else if (!ferror(stdout))
		cli->out_of_memory = true;
	cli->answered = true;
	json_decref(object);
	return CODE_DONE;
}
