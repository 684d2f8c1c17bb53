/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/check/sudoers.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16
#define JOINED	  "\v" /* stands where a backslash joined two lines: a blank that can be counted */
#define WORD_MAX 4096

struct reading {
	const struct check_context *c;
	struct sudoers *s;
	const char *file;
	unsigned line, depth;
	bool no_memory;
};

static int read_file(const struct check_context *c, struct sudoers *s, const char *file, unsigned depth);

static char *place_of(struct reading *r)
{
	char *place;

	if (asprintf(&place, "%s:%u", r->file, r->line) < 0) {
		r->no_memory = true;
		return NULL;
	}
	return place;
}

static void add_rule(struct reading *r, struct sudoers_rule **rules, size_t *count, const char *who, char *place,
		     bool root, bool nopasswd)
{
	struct sudoers_rule *grown = reallocarray(*rules, *count + 1, sizeof(*grown));

	if (grown) {
		*rules = grown;
		grown[*count] = (struct sudoers_rule){strdup(who), place, root, nopasswd};
		(*count)++;
	}
	if (!grown || !grown[*count - 1].who || !place)
		r->no_memory = true;
	if (!grown)
		free(place);
}

static void add_default(struct reading *r, const char *setting)
{
	struct sudoers_default *grown = reallocarray(r->s->defaults, r->s->default_count + 1, sizeof(*grown));

	if (!grown) {
		r->no_memory = true;
		return;
	}
	r->s->defaults = grown;
	grown[r->s->default_count] = (struct sudoers_default){strdup(setting), place_of(r), strdup(r->file)};
	if (!grown[r->s->default_count].setting || !grown[r->s->default_count].file)
		r->no_memory = true;
	r->s->default_count++;
}

static const char *skip_blanks(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

/* Up to one of `ends` outside quotes and behind no backslash; blanks at the end are cut. Moves *p there. */
static void take_until(const char **p, const char *ends, char *word, size_t len)
{
	size_t used = 0;
	bool quoted = false;

	*p = skip_blanks(*p);
	for (; **p && (quoted || !strchr(ends, **p)); (*p)++) {
		if (**p == '"') {
			quoted = !quoted;
			continue;
		}
		if (**p == '\\' && (*p)[1])
			(*p)++;
		if (used + 1 < len)
			word[used++] = **p;
	}
	while (used > 0 && isspace((unsigned char)word[used - 1]))
		used--;
	word[used] = '\0';
}

/* "! a", "c = d": blanks mean nothing here. */
static void squeeze(char *word)
{
	char *to = word;

	for (; *word; word++)
		if (!isspace((unsigned char)*word))
			*to++ = *word;
	*to = '\0';
}

/* "Defaults@HOST a, !b, c=d" */
static void read_defaults(struct reading *r, const char *p)
{
	char word[WORD_MAX];

	if (*p && !isspace((unsigned char)*p))
		p += strcspn(p, " \t");
	while (*(p = skip_blanks(p))) {
		take_until(&p, ",", word, sizeof(word));
		squeeze(word);
		if (*word)
			add_default(r, word);
		p += *p == ',';
	}
}

/* "User_Alias A = x, y : B = z" */
static void read_aliases(struct reading *r, const char *p)
{
	char name[128], member[256];

	while (*(p = skip_blanks(p))) {
		take_until(&p, "=", name, sizeof(name));
		p += *p == '=';
		for (;;) {
			take_until(&p, ",:", member, sizeof(member));
			if (*member)
				add_rule(r, &r->s->aliases, &r->s->alias_count, member, strdup(name), false, false);
			if (*p != ',')
				break;
			p++;
		}
		p += *p == ':';
	}
}

/* "(root, postgres : adm)": with no list, root it is. Any list of the line that has root counts, or an alias. */
static bool names_root(const char *commands)
{
	const char *open = strchr(commands, '(');
	char runas[256];

	if (!open)
		return true;
	for (; open; open = strchr(open, '(')) {
		open++;
		take_until(&open, ":)", runas, sizeof(runas));
		if (strstr(runas, "root") || strstr(runas, "#0") || runas[strcspn(runas, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")])
			return true;
	}
	return false;
}

static void add_user(struct reading *r, const char *who, bool root, bool nopasswd, unsigned depth)
{
	bool alias = false;

	for (size_t i = 0; i < r->s->alias_count && depth < DEPTH_MAX; i++)
		if (strcmp(r->s->aliases[i].place, who) == 0) {
			alias = true;
			add_user(r, r->s->aliases[i].who, root, nopasswd, depth + 1);
		}
	if (!alias && *who != '!')
		add_rule(r, &r->s->rules, &r->s->rule_count, who, place_of(r), root, nopasswd);
}

/* "USER, USER HOST = (RUNAS) TAG: COMMAND": the users end at the first blank that no comma surrounds. */
static void read_rule(struct reading *r, const char *line)
{
	const char *p = line, *commands = strchr(line, '=');
	char who[256];
	bool root, nopasswd;

	if (!commands)
		return;
	root = names_root(commands);
	nopasswd = strstr(commands, "NOPASSWD") != NULL;
	for (;;) {
		take_until(&p, ", \t", who, sizeof(who));
		if (*who)
			add_user(r, who, root, nopasswd, 0);
		p = skip_blanks(p);
		if (*p != ',')
			return;
		p++;
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* As sudo does: no names with a dot or a tilde at the end, in the order of the C locale. */
static int read_folder(struct reading *r, const char *folder)
{
	char path[PATH_MAX], *names[256];
	size_t count = 0;
	struct dirent *entry;
	int error = 0;
	DIR *d;

	d = check_path(r->c, folder, path) ? opendir(path) : NULL;
	while (d && (entry = readdir(d)) && count < ARRAY_LENGTH(names)) {
		size_t len = strlen(entry->d_name);

		if (strchr(entry->d_name, '.') || entry->d_name[len - 1] == '~')
			continue;
		names[count] = strdup(entry->d_name);
		if (!names[count])
			break;
		count++;
	}
	if (d)
		closedir(d);
	qsort(names, count, sizeof(*names), compare_names);
	for (size_t i = 0; i < count; i++) {
		int n = snprintf(path, sizeof(path), "%s/%s", folder, names[i]);

		if (error == 0 && n >= 0 && n < (int)sizeof(path))
			error = read_file(r->c, r->s, path, r->depth + 1);
		free(names[i]);
	}
	return error;
}

/* "@include FILE", "#includedir FOLDER" and so on; false if the line is none of them. */
static bool read_include(struct reading *r, const char *line, int *error)
{
	static const char *const words[] = {"@includedir", "#includedir", "@include", "#include"};
	char name[PATH_MAX], path[PATH_MAX];

	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		size_t len = strlen(words[i]);
		const char *p = line + len, *slash = strrchr(r->file, '/');
		int n;

		if (strncmp(line, words[i], len) != 0 || !isspace((unsigned char)*p))
			continue;
		take_until(&p, "\n", name, sizeof(name));
		n = name[0] == '/' ? snprintf(path, sizeof(path), "%s", name)
				   : snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - r->file), r->file, name);
		if (n < 0 || n >= (int)sizeof(path))
			return true;
		*error = i < 2 ? read_folder(r, path) : read_file(r->c, r->s, path, r->depth + 1);
		return true;
	}
	return false;
}

/* A '#' that begins a word ends the line, unless a number follows: then it is a uid. */
static void cut_comment(char *line)
{
	for (char *p = line; (p = strchr(p, '#')); p++)
		if (!isdigit((unsigned char)p[1]) && (p == line || p[-1] != '\\')) {
			*p = '\0';
			return;
		}
}

static int read_line(struct reading *r, char *line)
{
	static const char *const others[] = {"Host_Alias", "Runas_Alias", "Cmnd_Alias", "Cmd_Alias"};
	int error = 0;

	line += strspn(line, " \t");
	if (read_include(r, line, &error))
		return error;
	cut_comment(line);
	if (*line == '\0')
		return 0;
	if (strncmp(line, "Defaults", 8) == 0) {
		read_defaults(r, line + 8);
		return 0;
	}
	if (strncmp(line, "User_Alias", 10) == 0) {
		read_aliases(r, line + 10);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		if (strncmp(line, others[i], strlen(others[i])) == 0)
			return 0;
	read_rule(r, line);
	return 0;
}

static int read_file(const struct check_context *c, struct sudoers *s, const char *file, unsigned depth)
{
	struct reading r = {.c = c, .s = s, .file = file, .depth = depth};
	char *text, *rest, *line;
	int error = 0;

	text = depth < DEPTH_MAX ? check_read(c, file) : NULL;
	if (!text)
		return 0;
	s->there = true;
	for (char *p = text; (p = strstr(p, "\\\n"));)
		memcpy(p, " " JOINED, 2);
	rest = text;
	for (unsigned next = 1; error == 0 && (line = strsep(&rest, "\n"));) {
		r.line = next++;
		for (const char *p = line; (p = strstr(p, JOINED)); p++)
			next++;
		error = read_line(&r, line);
	}
	free(text);
	return r.no_memory ? -ENOMEM : error;
}

int sudoers_read(const struct check_context *c, struct sudoers *ret)
{
	int r;

	*ret = (struct sudoers){0};
	r = read_file(c, ret, "/etc/sudoers", 0);
	if (r < 0)
		sudoers_done(ret);
	return r;
}

static void rules_free(struct sudoers_rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(rules[i].who);
		free(rules[i].place);
	}
	free(rules);
}

void sudoers_done(struct sudoers *s)
{
	rules_free(s->rules, s->rule_count);
	rules_free(s->aliases, s->alias_count);
	for (size_t i = 0; i < s->default_count; i++) {
		free(s->defaults[i].setting);
		free(s->defaults[i].place);
		free(s->defaults[i].file);
	}
	free(s->defaults);
	*s = (struct sudoers){0};
}

static bool rule_names(const struct check_context *c, const struct sudoers_rule *rule, const char *login)
{
	const struct unix_account *a = check_account(c, login);
	char number[16];

	if (strcmp(rule->who, login) == 0 || strcmp(rule->who, "ALL") == 0)
		return true;
	if (rule->who[0] == '#' && a) {
		(void)snprintf(number, sizeof(number), "%u", a->uid);
		return strcmp(rule->who + 1, number) == 0;
	}
	return rule->who[0] == '%' && rule->who[1] != ':' && rule->who[1] != '#' &&
	       check_in_group(c, login, rule->who + 1);
}

const struct sudoers_rule *sudoers_rule_for(const struct check_context *c, const struct sudoers *s, const char *login)
{
	for (size_t i = 0; i < s->rule_count; i++)
		if (s->rules[i].root && rule_names(c, &s->rules[i], login))
			return &s->rules[i];
	return NULL;
}
