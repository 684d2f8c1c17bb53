/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Looks at the text as libconfig's scanner would, before it does. MUST see strings and comments exactly as libconfig
 * does: what we take for a string and it does not would go in unchecked; so whatever the versions read differently
 * (unknown escapes, bytes outside strings) is refused.
 */
#include "common/config/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NESTING_MAX  16
#define INTEGER_MAX  INT32_MAX

struct scanner {
	const char *at, *end;
	unsigned line;
	unsigned depth;
	const char *place;
	struct problem_list *problems;
};

static int refuse(const struct scanner *s, const char *remedy, const char *what)
{
	char place[256];

	(void)snprintf(place, sizeof(place), "%s:%u", s->place, s->line);
	problem_add(s->problems, SEVERITY_ERROR, "conf-text", place, remedy, "%s", what);
	return -EINVAL;
}

static char peek(const struct scanner *s, size_t ahead)
{
	return (size_t)(s->end - s->at) > ahead ? s->at[ahead] : '\0';
}

static void advance(struct scanner *s)
{
	if (*s->at == '\n')
		s->line++;
	s->at++;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || c == '*';
}

static void skip_line(struct scanner *s)
{
	while (s->at < s->end && *s->at != '\n')
		s->at++;
}

static int skip_comment(struct scanner *s)
{
	s->at += 2;
	while (s->at < s->end && !(*s->at == '*' && peek(s, 1) == '/'))
		advance(s);
	if (s->at == s->end)
		return refuse(s, "end it with */", "a comment does not end");
	s->at += 2;
	return 0;
}

/* Behind the backslash. */
static int check_escape(struct scanner *s)
{
	if (peek(s, 0) != '\0' && strchr("nrtf\\\"", peek(s, 0))) {
		s->at++;
		return 0;
	}
	if ((peek(s, 0) == 'x' || peek(s, 0) == 'X') && is_hex(peek(s, 1)) && is_hex(peek(s, 2))) {
		if (peek(s, 1) == '0' && peek(s, 2) == '0')
			return refuse(s, "remove it", "a string holds a NUL byte");
		s->at += 3;
		return 0;
	}
	return refuse(s, "write \\\\ for a backslash", "a string holds an unknown escape");
}

static int check_string(struct scanner *s)
{
	int r = 0;

	s->at++;
	while (s->at < s->end && *s->at != '"' && r == 0) {
		bool escape = *s->at == '\\';

		advance(s);
		if (escape)
			r = check_escape(s);
	}
	if (r < 0)
		return r;
	if (s->at == s->end)
		return refuse(s, "end it with \"", "a string does not end");
	s->at++;
	return 0;
}

/* libconfig keeps 32 bits and forgets the rest. `text` is the digits, without sign and suffix. */
static bool integer_fits(const char *text, size_t len, unsigned base)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		unsigned digit = is_digit(c) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);

		value = value * base + digit;
		if (value > INTEGER_MAX)
			return false;
	}
	return true;
}

static int check_number(struct scanner *s)
{
	const char *start = s->at, *digits;
	bool (*belongs)(char) = is_digit;
	unsigned base = 10;

	if (start[0] == '0' && (peek(s, 1) == 'x' || peek(s, 1) == 'X')) {
		s->at += 2;
		base = 16;
		belongs = is_hex;
	}
	digits = s->at;
	while (s->at < s->end && belongs(*s->at))
		s->at++;
	if (peek(s, 0) == 'L' || peek(s, 0) == '.' || (base == 10 && (peek(s, 0) | 0x20) == 'e'))
		return refuse(s, "write a whole number without suffix", "this kind of number has no place here");
	if (base == 10 && digits[0] == '0' && s->at - digits > 1)
		return refuse(s, "leave out the zeroes", "a number begins with zero");
	if (!integer_fits(digits, (size_t)(s->at - digits), base))
		return refuse(s, "no number may be larger than 2147483647", "a number is too large");
	return 0;
}

static void skip_word(struct scanner *s)
{
	while (s->at < s->end && is_word(*s->at))
		s->at++;
}

static int check_nesting(struct scanner *s, char c)
{
	if (strchr("({[", c) && ++s->depth > NESTING_MAX)
		return refuse(s, "nothing needs more than a few levels", "the nesting is too deep");
	if (strchr(")}]", c) && s->depth > 0)
		s->depth--;
	s->at++;
	return 0;
}

static int check_token(struct scanner *s)
{
	char c = *s->at;

	if (c == '#' || (c == '/' && peek(s, 1) == '/')) {
		skip_line(s);
		return 0;
	}
	if (c == '/' && peek(s, 1) == '*')
		return skip_comment(s);
	if (c == '"')
		return check_string(s);
	if (is_digit(c))
		return check_number(s);
	if (c == '.')
		return refuse(s, "write a whole number without suffix", "this kind of number has no place here");
	if (c != '\0' && strchr("(){}[]", c))
		return check_nesting(s, c);
	if (c == '@')
		return refuse(s, "put everything in this file", "@include is not served");
	if (is_word(c) && c != '-') {
		skip_word(s);
		return 0;
	}
	if (c == '\0' || !strchr(" \t\r\n\f=:;,+-", c))
		return refuse(s, "text belongs in quotes", "a character has no place here");
	advance(s);
	return 0;
}

int config_text_check(const char *text, size_t len, const char *place, struct problem_list *problems)
{
	struct scanner s = {.at = text, .end = text + len, .line = 1, .place = place, .problems = problems};
	const char *nul = memchr(text, '\0', len);
	int r = 0;

	if (nul) {
		for (; s.at < nul; s.at++)
			s.line += *s.at == '\n';
		return refuse(&s, "write plain text", "the file holds a NUL byte");
	}
	while (s.at < s.end && r == 0)
		r = check_token(&s);
	return r;
}
