/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/sudo_args.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"

#define VECTOR_MAX 32768 /* options stand in front; what is behind does not matter */

enum takes { TAKES_NOTHING, TAKES_VALUE, TAKES_VALUE_AT_WILL };

struct option {
	char letter; /* 0: has none of its own, or none that matters */
	const char *name;
	enum takes takes;
};

/* Of sudo and of sudoedit; of those with no long name, the letter alone. */
static const struct option options[] = {
	{'A', "askpass", TAKES_NOTHING},	  {'a', "auth-type", TAKES_VALUE},
	{'B', "bell", TAKES_NOTHING},		  {'b', "background", TAKES_NOTHING},
	{'C', "close-from", TAKES_VALUE},	  {'c', "login-class", TAKES_VALUE},
	{'D', "chdir", TAKES_VALUE},		  {'E', "preserve-env", TAKES_VALUE_AT_WILL},
	{'e', "edit", TAKES_NOTHING},		  {'g', "group", TAKES_VALUE},
	{'H', "set-home", TAKES_NOTHING},	  {'h', "help", TAKES_NOTHING},
	{0, "host", TAKES_VALUE},		  {'i', "login", TAKES_NOTHING},
	{'K', "remove-timestamp", TAKES_NOTHING}, {'k', "reset-timestamp", TAKES_NOTHING},
	{'l', "list", TAKES_NOTHING},		  {'N', "no-update", TAKES_NOTHING},
	{'n', "non-interactive", TAKES_NOTHING},  {'P', "preserve-groups", TAKES_NOTHING},
	{'p', "prompt", TAKES_VALUE},		  {'R', "chroot", TAKES_VALUE},
	{'r', "role", TAKES_VALUE},		  {'S', "stdin", TAKES_NOTHING},
	{'s', "shell", TAKES_NOTHING},		  {'T', "command-timeout", TAKES_VALUE},
	{'t', "type", TAKES_VALUE},		  {'U', "other-user", TAKES_VALUE},
	{'u', "user", TAKES_VALUE},		  {'V', "version", TAKES_NOTHING},
	{'v', "validate", TAKES_NOTHING},
};

struct scan {
	const char *at, *end;
	const char *last; /* the word before `at`, an option's value or not */
	struct sudo_args *args;
};

/* The next word, or NULL: there is none, or it is not whole. */
static const char *word_next(struct scan *s)
{
	const char *word = s->at;
	const char *nul = word < s->end ? memchr(word, '\0', (size_t)(s->end - word)) : NULL;

	if (!nul)
		return NULL;
	s->at = nul + 1;
	s->last = word;
	return word;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_variable(const char *word)
{
	return word[0] != '/' && word[0] != '=' && strchr(word, '=');
}

/* sudo takes each of them once. */
static void keep(struct scan *s, char buf[static SUDO_ARG_MAX], const char *value)
{
	size_t len = strlen(value);

	if (buf[0] || len == 0 || len >= SUDO_ARG_MAX)
		s->args->odd = true;
	else
		memcpy(buf, value, len + 1);
}

static void take(struct scan *s, const struct option *option, const char *value)
{
	if (option->takes == TAKES_VALUE && !value)
		value = word_next(s);
	if (option->takes == TAKES_VALUE && !value)
		s->args->odd = true;
	else if (option->letter == 'e')
		s->args->edit = true;
	else if (option->letter == 'u')
		keep(s, s->args->user, value);
	else if (option->letter == 'g')
		keep(s, s->args->group, value);
}

/* "-h" alone may be followed by a host; "-hHOST" is one word. */
static void take_help(struct scan *s, const char *word, const char *rest)
{
	struct scan ahead = *s;
	const char *next = word_next(&ahead);

	if (*rest == '\0' && strcmp(word, "-h") == 0 && next && next[0] != '-' && !is_variable(next))
		*s = ahead;
}

static const struct option *option_by_letter(char letter)
{
	for (size_t i = 0; i < ARRAY_LENGTH(options); i++)
		if (options[i].letter == letter)
			return &options[i];
	return NULL;
}

static void take_letters(struct scan *s, const char *word)
{
	for (const char *p = word + 1; *p; p++) {
		const struct option *option = option_by_letter(*p);

		if (!option) {
			s->args->odd = true;
			return;
		}
		if (option->letter == 'h') {
			take_help(s, word, p + 1);
			return;
		}
		if (option->takes == TAKES_VALUE) {
			take(s, option, p[1] ? p + 1 : NULL);
			return;
		}
		take(s, option, NULL);
	}
}

/* As getopt_long finds it: the exact name, or the only one that begins so. */
static const struct option *option_by_name(const char *name, size_t len)
{
	const struct option *found = NULL;

	for (size_t i = 0; i < ARRAY_LENGTH(options); i++) {
		if (strncmp(options[i].name, name, len) != 0)
			continue;
		if (options[i].name[len] == '\0')
			return &options[i];
		if (found)
			return NULL;
		found = &options[i];
	}
	return found;
}

static void take_name(struct scan *s, const char *word)
{
	const char *name = word + 2;
	const char *equals = strchr(name, '=');
	const struct option *option = option_by_name(name, equals ? (size_t)(equals - name) : strlen(name));

	if (!option || (equals && option->takes == TAKES_NOTHING))
		s->args->odd = true;
	else
		take(s, option, equals ? equals + 1 : NULL);
}

/*
 * Up to the command: the word that ends the options, or NULL. NAME=VALUE is none, but behind a "--" it is: sudo looks
 * back at the word alone, and "-p --" is one, too.
 */
static const char *scan_options(struct scan *s)
{
	const char *word, *last = "";

	for (; (word = word_next(s)); last = s->last) {
		if (word[0] != '-' || word[1] == '\0') {
			if (is_variable(word) && strcmp(last, "--") != 0)
				continue;
			return word;
		}
		if (strcmp(word, "--") == 0)
			return word_next(s);
		if (word[1] == '-')
			take_name(s, word);
		else
			take_letters(s, word);
	}
	return NULL;
}

void sudo_args_parse(const char *words, size_t len, bool cut, struct sudo_args *ret)
{
	struct scan s = {.at = words, .end = words + len, .args = ret};
	const char *name, *command;
	size_t n;

	*ret = (struct sudo_args){.edit = false};
	name = word_next(&s);
	if (!name) {
		ret->odd = true;
		return;
	}
	name = base_of(name);
	n = strlen(name);
	ret->edit = n > 4 && strcmp(name + n - 4, "edit") == 0;
	command = scan_options(&s);
	if (command && strcmp(base_of(command), "sudoedit") == 0)
		ret->edit = true;
	if (!command && cut)
		ret->odd = true;
}

int sudo_args_read(struct sudo_args *ret)
{
	CLEANUP(fd_closep) int fd = open(tenure_path(PATH_CMDLINE), O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *words;
	size_t len = 0;
	ssize_t n = 0;

	*ret = (struct sudo_args){.odd = true};
	if (fd < 0)
		return -errno;
	words = malloc(VECTOR_MAX);
	if (!words)
		return -ENOMEM;
	while (len < VECTOR_MAX) {
		n = read(fd, words + len, VECTOR_MAX - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (n < 0) {
		free(words);
		return -EIO;
	}
	sudo_args_parse(words, len, len == VECTOR_MAX, ret);
	free(words);
	return 0;
}
