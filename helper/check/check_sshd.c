/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/check/check.h"

#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8

enum answer { UNSAID, SAID_YES, SAID_NO };

static enum answer read_file(const struct check_context *c, const char *path, unsigned depth);

/* "KEY VALUE", "KEY=VALUE", with blanks around: the first two words. */
static void split(char *line, char **ret_key, char **ret_value)
{
	line += strspn(line, " \t");
	*ret_key = line;
	line += strcspn(line, " \t=");
	if (*line)
		*line++ = '\0';
	line += strspn(line, " \t=\"");
	*ret_value = line;
	line[strcspn(line, " \t\r\"")] = '\0';
}

/* Patterns without a folder stand beside sshd_config. */
static enum answer read_include(const struct check_context *c, const char *pattern, unsigned depth)
{
	char path[PATH_MAX], full[PATH_MAX];
	enum answer answer = UNSAID;
	glob_t found;
	int n = snprintf(path, sizeof(path), "%s%s", pattern[0] == '/' ? "" : "/etc/ssh/", pattern);

	if (n < 0 || n >= (int)sizeof(path) || !check_path(c, path, full) || glob(full, 0, NULL, &found) != 0)
		return UNSAID;
	for (size_t i = 0; i < found.gl_pathc && answer == UNSAID; i++)
		answer = read_file(c, found.gl_pathv[i] + strlen(c->root), depth + 1);
	globfree(&found);
	return answer;
}

/* The first one that says it counts. */
static enum answer read_file(const struct check_context *c, const char *path, unsigned depth)
{
	char *text = depth < DEPTH_MAX ? check_read(c, path) : NULL, *rest = text, *line, *key, *value;
	enum answer answer = UNSAID;

	while (answer == UNSAID && (line = strsep(&rest, "\n"))) {
		split(line, &key, &value);
		if (strcasecmp(key, "Match") == 0)
			break;
		if (strcasecmp(key, "Include") == 0)
			answer = read_include(c, value, depth);
		else if (strcasecmp(key, "UsePAM") == 0)
			answer = strcasecmp(value, "yes") == 0 ? SAID_YES : SAID_NO;
	}
	free(text);
	return answer;
}

int check_sshd(struct check_context *c)
{
	if (check_exists(c, "/etc/ssh/sshd_config") && read_file(c, "/etc/ssh/sshd_config", 0) != SAID_YES)
		problem_add(&c->problems, SEVERITY_ERROR, "sshd-usepam", "/etc/ssh/sshd_config",
			    "UsePAM yes; systemctl reload ssh",
			    "UsePAM is not yes: logins by key pass by Tenure, and sessions do not end");
	return 0;
}
