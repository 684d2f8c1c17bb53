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
	struct pam_entry *e = &s->entries[s->count];

	if (s->count == PAM_STACK_MAX)
		return;
	*e = (struct pam_entry){.control = pam_control_read(control), .end = SIZE_MAX};
	(void)snprintf(e->module, sizeof(e->module), "%.63s", slash ? slash + 1 : module);
	s->count++;
}

/* An end inside it is the end of the substack alone, and no jump leaves it. */
static void read_substack(const struct check_context *c, const char *name, const char *type, struct pam_stack *s,
			  unsigned depth)
{
	size_t first = s->count;

	(void)read_file(c, name, type, s, depth);
	for (size_t i = first; i < s->count; i++)
		if (s->entries[i].end > s->count)
			s->entries[i].end = s->count;
}

static void read_line(const struct check_context *c, const char *line, const char *type, struct pam_stack *s,
		      unsigned depth)
{
	char word[64], control[1024], module[256];

	take_word(&line, word, sizeof(word));
	if (word[0] == '\0')
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
	if (strcasecmp(control, "include") == 0)
		(void)read_file(c, module, type, s, depth + 1);
	else if (strcasecmp(control, "substack") == 0)
		read_substack(c, module, type, s, depth + 1);
	else
		add_entry(s, control, module);
}

/* Cuts a line off *rest as libpam does: a '#' ends it, a backslash at its end joins it with the next. NULL: none. */
static char *next_line(char **rest)
{
	char *line = *rest, *p = line, *last;

	if (!line)
		return NULL;
	for (;;) {
		p += strcspn(p, "#\n");
		last = p;
		while (*p == '\n' && last > line && isspace((unsigned char)last[-1]))
			last--;
		if (*p != '\n' || last == line || last[-1] != '\\')
			break;
		last[-1] = *p = ' ';
	}
	*rest = strchr(p, '\n');
	if (*rest)
		*(*rest)++ = '\0';
	*p = '\0';
	return line;
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
	rest = text;
	while ((line = next_line(&rest)))
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

static size_t furthest(const struct pam_entry *e, size_t position)
{
	size_t to = position + 1 + e->control.jump;

	return to < e->end ? to : e->end;
}

const struct pam_entry *pam_stack_passing(const struct pam_stack *s, size_t to)
{
	for (size_t i = 0; i < to && i < s->count; i++) {
		const struct pam_entry *e = &s->entries[i];

		if ((e->control.ends ? e->end : furthest(e, i)) > to)
			return e;
	}
	return NULL;
}

const struct pam_entry *pam_stack_passing_expired(const struct pam_stack *s, size_t to)
{
	for (size_t i = 0; i < to && i < s->count; i++)
		if (s->entries[i].control.ends_expired && s->entries[i].end > to)
			return &s->entries[i];
	return NULL;
}
