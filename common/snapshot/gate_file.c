/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/snapshot/gate_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/base/text.h"

#define GATE_FILE_MAX (64u << 10)
#define FIRST_LINE    "tenure-gate 1"
#define BREAK_GLASS   "break-glass "

/* Cuts the next line off; NULL behind the last. A rest without newline is no line. */
static const char *next_line(char **rest)
{
	char *line = *rest, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	return line;
}

static int read_line(const char *line, const char *login, struct gate_file *ret)
{
	if (strcmp(line, "report-only") == 0) {
		ret->report_only = true;
		return 0;
	}
	if (strncmp(line, BREAK_GLASS, strlen(BREAK_GLASS)) != 0 || !local_name_is_valid(line + strlen(BREAK_GLASS)))
		return -EBADMSG;
	if (strcmp(line + strlen(BREAK_GLASS), login) == 0)
		ret->break_glass = true;
	return 0;
}

int gate_file_read(const char *login, struct gate_file *ret)
{
	struct gate_file found = {.report_only = false};
	char path[PATH_MAX], *text = NULL, *rest;
	const char *line;
	size_t len;
	int r;

	*ret = found;
	(void)snprintf(path, sizeof(path), "%s/gate", tenure_path(PATH_STATE));
	r = safe_read(path, GATE_FILE_MAX, &text, &len);
	if (r < 0)
		return r;
	rest = text;
	line = next_line(&rest);
	r = strlen(text) < len && line && strcmp(line, FIRST_LINE) == 0 ? 0 : -EBADMSG;
	while (r == 0 && (line = next_line(&rest)))
		r = read_line(line, login, &found);
	if (r == 0 && rest != text + len)
		r = -EBADMSG;
	free(text);
	if (r == 0)
		*ret = found;
	return r;
}
