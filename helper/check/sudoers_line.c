/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/check/sudoers_line.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS	 " \t\r\v\f"
#define WORD_MAX 4096
#define ITEM_MAX 256

char *sudoers_place(struct sudoers_reading *r)
{
	char *place;

	if (asprintf(&place, "%s:%u", r->file, r->line) < 0) {
		r->no_memory = true;
		return NULL;
	}
	return place;
}

const char *sudoers_skip_blanks(const char *p)
{
	return p + strspn(p, BLANKS);
}

void sudoers_take_until(const char **p, const char *ends, char *word, size_t len)
{
	size_t used = 0;
	bool quoted = false;

	*p = sudoers_skip_blanks(*p);
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
	while (used > 0 && strchr(BLANKS, word[used - 1]))
		used--;
	word[used] = '\0';
}

static void list_add(struct sudoers_reading *r, struct sudoers_list *list, const char *item)
{
	char **grown = reallocarray(list->items, list->count + 1, sizeof(*grown)), *copy = strdup(item);

	if (grown)
		list->items = grown;
	if (!grown || !copy) {
		r->no_memory = true;
		free(copy);
		return;
	}
	grown[list->count++] = copy;
}

/* "!!" is nothing, and blanks may stand behind a '!'. True: taken out. */
static bool take_signs(const char **p)
{
	bool negated = false;

	while (*(*p = sudoers_skip_blanks(*p)) == '!') {
		negated = !negated;
		(*p)++;
	}
	return negated;
}

/* A word with its sign, up to one of `ends`; "" if there is none. Moves *p behind it and the blanks that follow. */
static void take_item(const char **p, const char *ends, char *item, size_t len)
{
	bool negated = take_signs(p);

	item[0] = '!';
	sudoers_take_until(p, ends, item + negated, len - 1);
	if (negated && item[1] == '\0')
		item[0] = '\0';
	*p = sudoers_skip_blanks(*p);
}

/* "sha256:HASH /bin/ls": the command follows behind blanks. */
static bool is_digest(const char *item)
{
	return strncmp(item, "sha", 3) == 0 && strspn(item + 3, "0123456789") == 3 && item[6] == ':';
}

/* "^/bin/(a|b), c$": a pattern ends at a '$' that nothing of it can follow. */
static const char *skip_pattern(const char *p)
{
	for (p++; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '$' && strchr(BLANKS ",", p[1]))
			return p + 1;
	}
	return p;
}

/* What stands behind the sign of "Defaults:bob, dora SETTING": it ends at the first blank without a comma beside it. */
static const char *skip_binding(const char *p)
{
	char item[ITEM_MAX];

	for (;;) {
		(void)take_signs(&p);
		if (*p == '^') {
			p = sudoers_skip_blanks(skip_pattern(p));
			item[0] = '\0';
		} else {
			take_item(&p, "!," BLANKS, item, sizeof(item));
		}
		if (*p == ',')
			p++;
		else if (!is_digest(item))
			return p;
	}
}

static void add_default(struct sudoers_reading *r, const char *setting)
{
	struct sudoers_default *grown = reallocarray(r->s->defaults, r->s->default_count + 1, sizeof(*grown));

	if (!grown) {
		r->no_memory = true;
		return;
	}
	r->s->defaults = grown;
	grown[r->s->default_count] = (struct sudoers_default){strdup(setting), sudoers_place(r), strdup(r->file)};
	if (!grown[r->s->default_count].setting || !grown[r->s->default_count].file)
		r->no_memory = true;
	r->s->default_count++;
}

/* "c = d": blanks mean nothing here. */
static void squeeze(char *word)
{
	char *to = word;

	for (; *word; word++)
		if (!strchr(BLANKS, *word))
			*to++ = *word;
	*to = '\0';
}

/* "Defaults@HOST, HOST a, !b, c=d"; the sign stands right behind the word. */
static void read_defaults(struct sudoers_reading *r, const char *p)
{
	char word[WORD_MAX];

	if (*p && strchr(":@>!", *p))
		p = skip_binding(p + 1);
	while (*(p = sudoers_skip_blanks(p))) {
		take_item(&p, ",", word, sizeof(word));
		squeeze(word);
		if (*word)
			add_default(r, word);
		p += *p == ',';
	}
}

/* "User_Alias A = x, y : B = z" */
static void read_aliases(struct sudoers_reading *r, const char *p)
{
	char name[ITEM_MAX], item[ITEM_MAX];

	while (*(p = sudoers_skip_blanks(p))) {
		struct sudoers_alias *grown = reallocarray(r->s->aliases, r->s->alias_count + 1, sizeof(*grown)), *alias;

		if (!grown) {
			r->no_memory = true;
			return;
		}
		r->s->aliases = grown;
		alias = &grown[r->s->alias_count];
		sudoers_take_until(&p, "=", name, sizeof(name));
		*alias = (struct sudoers_alias){.name = strdup(name)};
		r->no_memory = r->no_memory || !alias->name;
		r->s->alias_count += alias->name != NULL;
		do {
			p += *p == '=' || *p == ',';
			take_item(&p, ",:", item, sizeof(item));
			if (alias->name && *item)
				list_add(r, &alias->members, item);
		} while (*p == ',');
		p += *p == ':';
	}
}

/* "root, !postgres": the last that fits decides; an alias or a group may hold root. */
static bool list_has_root(const char *list)
{
	char item[ITEM_MAX];
	bool has = false;

	do {
		list += *list == ',';
		take_item(&list, ",:)", item, sizeof(item));
		bool negated = item[0] == '!';
		const char *name = item + negated;

		if (strcmp(name, "root") == 0 || strcmp(name, "#0") == 0 || name[0] == '%' || isupper((unsigned char)name[0]))
			has = !negated;
	} while (*list == ',');
	return has;
}

/* "(root, postgres : adm)": with no list, root it is. Any list of the line counts. */
static bool names_root(const char *commands)
{
	const char *open = strchr(commands, '(');
	bool has = !open;

	for (; open && !has; open = strchr(open, '('))
		has = list_has_root(++open);
	return has;
}

/* "USER, USER HOST = (RUNAS) TAG: COMMAND": the users end at the first blank without a comma beside it. */
static void read_rule(struct sudoers_reading *r, const char *line)
{
	const char *commands = strchr(line, '=');
	struct sudoers_rule *grown, *rule;
	char item[ITEM_MAX];

	if (!commands)
		return;
	grown = reallocarray(r->s->rules, r->s->rule_count + 1, sizeof(*grown));
	if (!grown) {
		r->no_memory = true;
		return;
	}
	r->s->rules = grown;
	rule = &grown[r->s->rule_count++];
	*rule = (struct sudoers_rule){
		.place = sudoers_place(r), .root = names_root(commands), .nopasswd = strstr(commands, "NOPASSWD") != NULL};
	do {
		line += *line == ',';
		take_item(&line, "," BLANKS, item, sizeof(item));
		if (*item)
			list_add(r, &rule->who, item);
	} while (*line == ',');
}

static bool starts_with(const char *line, const char *word)
{
	size_t len = strlen(word);

	return strncmp(line, word, len) == 0 && !isalnum((unsigned char)line[len]) && line[len] != '_';
}

void sudoers_read_line(struct sudoers_reading *r, const char *line)
{
	static const char *const others[] = {"Host_Alias", "Runas_Alias", "Cmnd_Alias", "Cmd_Alias"};

	line = sudoers_skip_blanks(line);
	if (*line == '\0')
		return;
	if (starts_with(line, "Defaults")) {
		read_defaults(r, line + 8);
		return;
	}
	if (starts_with(line, "User_Alias")) {
		read_aliases(r, line + 10);
		return;
	}
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		if (starts_with(line, others[i]))
			return;
	read_rule(r, line);
}
