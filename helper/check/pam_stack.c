/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/check/pam_stack.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 8

static bool read_file(const struct check_context *c, const char *name, const char *type, struct pam_stack *s,
		      unsigned depth);

/* The next word, or a whole [...]; moves *p behind it. */
static void take_word(const char **p, char *word, size_t len)
{
	size_t n;

	while (isspace((unsigned char)**p))
		(*p)++;
	n = **p == '[' ? strcspn(*p, "]") + ((*p)[strcspn(*p, "]")] == ']') : strcspn(*p, " \t\r");
	(void)snprintf(word, len, "%.*s", (int)n, *p);
	*p += n;
}

static void add_entry(struct pam_stack *s, const char *control, const char *module)
{
	const char *slash = strrchr(module, '/');

	if (s->count == PAM_STACK_MAX)
		return;
	(void)snprintf(s->entries[s->count].control, sizeof(s->entries[0].control), "%s", control);
	(void)snprintf(s->entries[s->count].module, sizeof(s->entries[0].module), "%.63s",
		       slash ? slash + 1 : module);
	s->count++;
}

static void read_line(const struct check_context *c, const char *line, const char *type, struct pam_stack *s,
		      unsigned depth)
{
	char word[64], control[64], module[256];

	take_word(&line, word, sizeof(word));
	if (word[0] == '\0' || word[0] == '#')
		return;
	if (strcmp(word, "@include") == 0) {
		take_word(&line, module, sizeof(module));
		(void)read_file(c, module, type, s, depth + 1);
		return;
	}
	if (strcasecmp(word[0] == '-' ? word + 1 : word, type) != 0)
		return;
	take_word(&line, control, sizeof(control));
	take_word(&line, module, sizeof(module));
	if (strcmp(control, "include") == 0 || strcmp(control, "substack") == 0)
		(void)read_file(c, module, type, s, depth + 1);
	else
		add_entry(s, control, module);
}

/* A backslash joins a line with the next. */
static void join_lines(char *text)
{
	for (char *p = text; (p = strstr(p, "\\\n"));)
		p[0] = p[1] = ' ';
}

static bool read_file(const struct check_context *c, const char *name, const char *type, struct pam_stack *s,
		      unsigned depth)
{
	char path[PATH_MAX], *text, *rest, *line;
	int n = snprintf(path, sizeof(path), "%s%s", name[0] == '/' ? "" : "/etc/pam.d/", name);

	if (depth > DEPTH_MAX || n < 0 || n >= (int)sizeof(path))
		return false;
	text = check_read(c, path);
	if (!text && name[0] != '/') {
		(void)snprintf(path, sizeof(path), "/usr/lib/pam.d/%s", name);
		text = check_read(c, path);
	}
	if (!text)
		return false;
	join_lines(text);
	rest = text;
	while ((line = strsep(&rest, "\n")))
		read_line(c, line, type, s, depth);
	free(text);
	return true;
}

bool pam_stack_read(const struct check_context *c, const char *service, const char *type, struct pam_stack *ret)
{
	ret->count = 0;
	return read_file(c, service, type, ret, 0);
}

size_t pam_stack_find(const struct pam_stack *s, const char *module)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->entries[i].module, module) == 0)
			return i;
	return s->count;
}
