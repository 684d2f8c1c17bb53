/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of sudoers, line by line: includes, comments, continued lines. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/check/sudoers_line.h"

#define DEPTH_MAX  32
#define FOLDER_MAX 1024

static int read_file(const struct check_context *c, struct sudoers *s, const char *place, const char *file,
		     unsigned depth);

static int note_unread(struct sudoers *s, const char *place, const char *file, int error)
{
	struct sudoers_unread *grown = reallocarray(s->unread, s->unread_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	s->unread = grown;
	grown[s->unread_count] = (struct sudoers_unread){strdup(place), strdup(file), error};
	s->unread_count++;
	return grown[s->unread_count - 1].place && grown[s->unread_count - 1].file ? 0 : -ENOMEM;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* As sudo does: no names with a dot or a tilde at the end, in the order of the C locale. */
static int list_folder(DIR *d, char *names[static FOLDER_MAX], size_t *ret_count)
{
	struct dirent *entry;

	*ret_count = 0;
	while (d && (entry = readdir(d))) {
		if (strchr(entry->d_name, '.') || entry->d_name[strlen(entry->d_name) - 1] == '~')
			continue;
		if (*ret_count == FOLDER_MAX)
			return -E2BIG;
		names[*ret_count] = strdup(entry->d_name);
		if (!names[*ret_count])
			return -ENOMEM;
		(*ret_count)++;
	}
	qsort(names, *ret_count, sizeof(*names), compare_names);
	return 0;
}

/* A folder that is not there holds nothing: so sudo has it, too. */
static int read_folder(struct sudoers_reading *r, const char *place, const char *folder)
{
	char path[PATH_MAX], *names[FOLDER_MAX];
	size_t count = 0;
	int error = 0;
	DIR *d;

	if (!check_path(r->c, folder, path))
		return note_unread(r->s, place, folder, ENAMETOOLONG);
	d = opendir(path);
	if (!d)
		return errno == ENOENT ? 0 : note_unread(r->s, place, folder, errno);
	error = list_folder(d, names, &count);
	closedir(d);
	if (error == -E2BIG)
		error = note_unread(r->s, place, folder, E2BIG);
	for (size_t i = 0; i < count; i++) {
		int n = snprintf(path, sizeof(path), "%s/%s", folder, names[i]);

		if (error == 0)
			error = n < 0 || n >= (int)sizeof(path) ? note_unread(r->s, place, folder, ENAMETOOLONG)
								: read_file(r->c, r->s, place, path, r->depth + 1);
		free(names[i]);
	}
	return error;
}

/* %h is the host's name up to its first dot; a name without a folder stands beside the file that names it. */
static bool include_path(const char *file, const char *name, char path[static PATH_MAX])
{
	char host[256] = "";
	size_t used = 0;
	int n = 0;

	(void)gethostname(host, sizeof(host) - 1);
	host[strcspn(host, ".")] = '\0';
	if (name[0] != '/')
		n = snprintf(path, PATH_MAX, "%.*s/", (int)(strrchr(file, '/') - file), file);
	for (used = n < 0 ? PATH_MAX : (size_t)n; *name && used < PATH_MAX; used += n < 0 ? PATH_MAX : (size_t)n) {
		bool is_host = strncmp(name, "%h", 2) == 0;

		n = is_host ? snprintf(path + used, PATH_MAX - used, "%s", host)
			    : snprintf(path + used, PATH_MAX - used, "%c", *name);
		name += is_host ? 2 : 1;
	}
	return used < PATH_MAX;
}

/* "@include FILE", "#includedir FOLDER" and so on; what stands behind the word. NULL if the line is none of them. */
static const char *include_of(const char *line, bool *ret_folder)
{
	static const char *const words[] = {"includedir", "include"};

	if (*line != '@' && *line != '#')
		return NULL;
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		size_t len = strlen(words[i]);

		*ret_folder = i == 0;
		if (strncmp(line + 1, words[i], len) == 0 && isspace((unsigned char)line[1 + len]))
			return line + 1 + len;
	}
	return NULL;
}

static int read_include(struct sudoers_reading *r, const char *p, bool is_folder)
{
	char name[PATH_MAX], path[PATH_MAX], *place = sudoers_place(r);
	int error;

	if (!place)
		return -ENOMEM;
	sudoers_take_until(&p, "\n", name, sizeof(name));
	if (!include_path(r->file, name, path))
		error = note_unread(r->s, place, name, ENAMETOOLONG);
	else
		error = is_folder ? read_folder(r, place, path) : read_file(r->c, r->s, place, path, r->depth + 1);
	free(place);
	return error;
}

/* "\", perhaps blanks, and the end of the line: the next one goes on. How long that is; 0 if it is none. */
static size_t continuation(const char *p)
{
	size_t blanks = *p == '\\' ? strspn(p + 1, " \t\r") : 0;

	return *p == '\\' && p[1 + blanks] == '\n' ? blanks + 2 : 0;
}

/* A '#' that begins no number ends the line, and so does a newline; a comment is never continued. */
static bool begins_comment(const char *p)
{
	return *p == '#' && !isdigit((unsigned char)p[p[1] == '-' ? 2 : 1]);
}

/* Cuts a line off *rest, joined and without comment, and counts the lines of the file that it took. NULL at the end. */
static char *next_line(char **rest, unsigned *ret_lines)
{
	char *line = *rest, *p = line;
	bool quoted = false, is_folder;

	*ret_lines = 1;
	if (!line)
		return NULL;
	p = line + strspn(line, " \t");
	if (include_of(p, &is_folder))
		p += strcspn(p, "\n");
	while (*p && *p != '\n' && (quoted || !begins_comment(p))) {
		size_t skip = continuation(p);

		if (skip) {
			memset(p, ' ', skip);
			(*ret_lines)++;
		} else if (*p == '\\' && p[1]) {
			skip = 2;
		} else if (*p == '"') {
			quoted = !quoted;
		}
		p += skip ? skip : 1;
	}
	*rest = strchr(p, '\n');
	if (*rest)
		*(*rest)++ = '\0';
	*p = '\0';
	return line;
}

static int read_text(struct sudoers_reading *r, char *text)
{
	unsigned lines = 0, next = 1;
	int error = 0;
	char *line;

	while (error == 0 && !r->no_memory && (line = next_line(&text, &lines))) {
		const char *start = line + strspn(line, " \t"), *name;
		bool is_folder;

		r->line = next;
		next += lines;
		name = include_of(start, &is_folder);
		if (name)
			error = read_include(r, name, is_folder);
		else
			sudoers_read_line(r, start);
	}
	return r->no_memory ? -ENOMEM : error;
}

static int read_file(const struct check_context *c, struct sudoers *s, const char *place, const char *file,
		     unsigned depth)
{
	struct sudoers_reading r = {.c = c, .s = s, .file = file, .depth = depth};
	char *text;
	int error;

	if (depth > DEPTH_MAX)
		return note_unread(s, place, file, ELOOP);
	text = check_read(c, file);
	if (!text)
		return errno == ENOMEM ? -ENOMEM : note_unread(s, place, file, errno);
	error = read_text(&r, text);
	free(text);
	return error;
}

int sudoers_read(const struct check_context *c, struct sudoers *ret)
{
	int r = 0;

	*ret = (struct sudoers){.there = check_exists(c, "/etc/sudoers")};
	if (ret->there)
		r = read_file(c, ret, "", "/etc/sudoers", 0);
	if (r < 0)
		sudoers_done(ret);
	return r;
}

static void list_done(struct sudoers_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
}

void sudoers_done(struct sudoers *s)
{
	for (size_t i = 0; i < s->rule_count; i++) {
		list_done(&s->rules[i].who);
		free(s->rules[i].place);
	}
	for (size_t i = 0; i < s->alias_count; i++) {
		list_done(&s->aliases[i].members);
		free(s->aliases[i].name);
	}
	for (size_t i = 0; i < s->default_count; i++) {
		free(s->defaults[i].setting);
		free(s->defaults[i].place);
		free(s->defaults[i].file);
	}
	for (size_t i = 0; i < s->unread_count; i++) {
		free(s->unread[i].place);
		free(s->unread[i].file);
	}
	free(s->rules);
	free(s->aliases);
	free(s->defaults);
	free(s->unread);
	*s = (struct sudoers){0};
}
