/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_OUTPUT_H
#define TENURE_HELPER_OUTPUT_H

/*
 * What stands on stdout: tables that fit the terminal, label lines, JSON. Text from outside was escaped where it was
 * read (rows.h); here a control byte that strayed becomes '?' (T13). Nothing is cut: what is too wide wraps inside its
 * column.
 */

#include <jansson.h>

#include "helper/cli.h"

enum style { STYLE_NONE, STYLE_GOOD, STYLE_WAIT, STYLE_BAD, STYLE_TITLE };

struct cell {
	const char *text; /* NULL or "" shows as "-" */
	enum style style;
};

struct column {
	const char *title; /* of the first column NULL: no titles, and empty cells stay empty */
	unsigned width_min; /* may shrink to this; 0: always as wide as its widest text */
};

#define TABLE_COLUMNS_MAX 10

struct table {
	const struct cli *cli;
	const struct column *columns;
	size_t column_count, row_count, size;
	struct cell *cells;
};

/* The columns must outlive the table. */
void table_init(struct table *t, const struct cli *cli, const struct column *columns, size_t column_count);
/* One cell for each column; their texts must live until the table is printed. Out of memory marks the cli. */
void table_add(struct table *t, struct cli *cli, const struct cell *cells);
void table_print(const struct table *t, FILE *to);
void table_done(struct table *t);

/*
 * "  reason   rebuild payroll index": the text wraps behind the label, at the width of stdout or stderr. label_width:
 * columns, indent included.
 */
void print_labelled(const struct cli *cli, FILE *to, const char *label, unsigned label_width, const char *text);

/* The same where `behind` columns of the label, at most label_width, are on the line already. */
void print_labelled_behind(const struct cli *cli, FILE *to, unsigned behind, const char *label, unsigned label_width,
			   const char *text);

/*
 * "tenure: TEXT" on stderr: what is the matter. Wraps on a terminal; elsewhere it stays one line, so that a program
 * finds it whole.
 */
void print_note(const struct cli *cli, const char *text);

/* Text in a style, where the terminal takes colour. */
void print_styled(const struct cli *cli, FILE *to, enum style style, const char *text);

/* Columns that a text takes. */
unsigned display_width(const char *text);

/* Prints the object on one line and marks the run as answered. Takes the reference. Returns CODE_DONE. */
int print_json(struct cli *cli, json_t *object);

#endif
