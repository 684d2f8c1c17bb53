/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char interface_prefix[] = "io.tenure.";

/* ---- out ---- */

static void put(struct json_writer *w, const char *data, size_t len)
{
	if (w->error)
		return;
	if (len > w->size - w->len) {
		w->error = -EMSGSIZE;
		return;
	}
	memcpy(w->data + w->len, data, len);
	w->len += len;
}

static void put_string(struct json_writer *w, const char *s)
{
	put(w, s, strlen(s));
}

/* How many bytes the UTF-8 character at s has (RFC 3629); 0 if it is none. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
	static const struct {
		unsigned char first, last, second_min, second_max, length;
	} forms[] = {
		{0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; left > 0 && i < ARRAY_LENGTH(forms); i++) {
		if (s[0] < forms[i].first || s[0] > forms[i].last)
			continue;
		if (forms[i].length > left)
			return 0;
		if (forms[i].length > 1 && (s[1] < forms[i].second_min || s[1] > forms[i].second_max))
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if (s[k] < 0x80 || s[k] > 0xbf)
				return 0;
		return forms[i].length;
	}
	return 0;
}

static void put_quoted(struct json_writer *w, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t left = strlen(text);

	put(w, "\"", 1);
	while (left > 0) {
		size_t n = utf8_length(s, left);
		char escape[8];

		if (n == 0) {
			w->error = w->error ? w->error : -EILSEQ;
			return;
		}
		if (*s < 0x20 || *s == '"' || *s == '\\' || *s == 0x7f) {
			(void)snprintf(escape, sizeof(escape), "\\u%04x", *s);
			put_string(w, escape);
		} else {
			put(w, (const char *)s, n);
		}
		s += n;
		left -= n;
	}
	put(w, "\"", 1);
}

static void put_name(struct json_writer *w, const char *name)
{
	if (w->separate)
		put(w, ",", 1);
	w->separate = true;
	put_quoted(w, name);
	put(w, ":", 1);
}

void json_begin(struct json_writer *w, char *buf, size_t size, const char *method, bool more, bool oneway)
{
	*w = (struct json_writer){.data = buf, .size = size};
	put_string(w, "{\"method\":\"");
	put_string(w, interface_prefix);
	put_string(w, method);
	put_string(w, "\",");
	if (more)
		put_string(w, "\"more\":true,");
	if (oneway)
		put_string(w, "\"oneway\":true,");
	put_string(w, "\"parameters\":{");
}

void json_text(struct json_writer *w, const char *name, const char *value)
{
	if (!value)
		return;
	put_name(w, name);
	put_quoted(w, value);
}

void json_number(struct json_writer *w, const char *name, int64_t value)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%" PRId64, value);
	put_name(w, name);
	put_string(w, digits);
}

int json_finish(struct json_writer *w)
{
	put(w, "}}", 3); /* and the NUL that ends a message */
	return w->error ? w->error : (int)w->len;
}

/* ---- in ---- */

struct reader {
	const char *at, *end;
};

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r'))
		r->at++;
}

static bool take(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool take_word(struct reader *r, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
		return false;
	r->at += len;
	return true;
}

/* A text that grows up to its bound, with room for a NUL. */
struct text {
	char *data;
	size_t len, size;
};

static bool text_put(struct text *t, unsigned c)
{
	if (t->len + 1 >= t->size)
		return false;
	t->data[t->len++] = (char)c;
	return true;
}

static bool text_put_code(struct text *t, uint32_t c)
{
	if (c < 0x80)
		return text_put(t, c);
	if (c < 0x800)
		return text_put(t, 0xc0 | c >> 6) && text_put(t, 0x80 | (c & 0x3f));
	if (c < 0x10000)
		return text_put(t, 0xe0 | c >> 12) && text_put(t, 0x80 | (c >> 6 & 0x3f)) &&
		       text_put(t, 0x80 | (c & 0x3f));
	return text_put(t, 0xf0 | c >> 18) && text_put(t, 0x80 | (c >> 12 & 0x3f)) &&
	       text_put(t, 0x80 | (c >> 6 & 0x3f)) && text_put(t, 0x80 | (c & 0x3f));
}

static bool take_hex4(struct reader *r, uint32_t *ret)
{
	*ret = 0;
	if (r->end - r->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = *r->at++;

		*ret <<= 4;
		if (c >= '0' && c <= '9')
			*ret |= (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			*ret |= (uint32_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			*ret |= (uint32_t)(c - 'A' + 10);
		else
			return false;
	}
	return true;
}

/* Behind "\u": one code, or the two halves of one. No NUL, no half alone. */
static bool take_code(struct reader *r, uint32_t *ret)
{
	uint32_t low;

	if (!take_hex4(r, ret) || *ret == 0 || (*ret >= 0xdc00 && *ret <= 0xdfff))
		return false;
	if (*ret < 0xd800 || *ret > 0xdbff)
		return true;
	if (!take_word(r, "\\u") || !take_hex4(r, &low) || low < 0xdc00 || low > 0xdfff)
		return false;
	*ret = 0x10000 + ((*ret - 0xd800) << 10) + (low - 0xdc00);
	return true;
}

static bool take_escape(struct reader *r, struct text *t)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;
	uint32_t code;
	char c;

	if (r->at == r->end)
		return false;
	c = *r->at++;
	if (c == 'u')
		return take_code(r, &code) && text_put_code(t, code);
	found = c ? strchr(from, c) : NULL;
	return found && text_put(t, (unsigned char)to[found - from]);
}

static bool take_string(struct reader *r, char *buf, size_t size)
{
	struct text t = {.data = buf, .size = size};

	buf[0] = '\0';
	if (!take(r, '"'))
		return false;
	while (r->at < r->end && *r->at != '"') {
		size_t n = utf8_length((const unsigned char *)r->at, (size_t)(r->end - r->at));

		if (n == 0 || (unsigned char)*r->at < 0x20)
			return false;
		if (*r->at == '\\') {
			r->at++;
			if (!take_escape(r, &t))
				return false;
			continue;
		}
		while (n-- > 0)
			if (!text_put(&t, (unsigned char)*r->at++))
				return false;
	}
	buf[t.len] = '\0';
	return take(r, '"');
}

/* Whole numbers that fit: the broker sends no other. */
static bool take_number(struct reader *r, int64_t *ret)
{
	bool negative = take_word(r, "-");
	int64_t n = 0;
	int digits = 0;

	for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++, digits++) {
		if (digits == 1 && n == 0)
			return false;
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *r->at - '0', &n))
			return false;
	}
	if (r->at < r->end && (*r->at == '.' || *r->at == 'e' || *r->at == 'E'))
		return false;
	*ret = negative ? -n : n;
	return digits > 0;
}

static bool take_bool(struct reader *r, int64_t *ret)
{
	skip_blanks(r);
	*ret = 1;
	if (take_word(r, "true"))
		return true;
	*ret = 0;
	return take_word(r, "false");
}

static bool take_value(struct reader *r, struct json_field *f)
{
	skip_blanks(r);
	if (r->at == r->end)
		return false;
	switch (*r->at) {
	case '"':
		f->type = JSON_TEXT;
		return take_string(r, f->text, sizeof(f->text));
	case 'n':
		f->type = JSON_NULL;
		return take_word(r, "null");
	case 't':
	case 'f':
		f->type = JSON_BOOL;
		return take_bool(r, &f->number);
	default:
		f->type = JSON_NUMBER;
		return take_number(r, &f->number);
	}
}

static const struct json_field *find(const struct json_reply *reply, const char *name)
{
	for (size_t i = 0; i < reply->field_count; i++)
		if (strcmp(reply->fields[i].name, name) == 0)
			return &reply->fields[i];
	return NULL;
}

static bool take_parameters(struct reader *r, struct json_reply *ret)
{
	if (!take(r, '{'))
		return false;
	if (take(r, '}'))
		return true;
	do {
		struct json_field *f = &ret->fields[ret->field_count];

		if (ret->field_count == JSON_FIELDS_MAX || !take_string(r, f->name, sizeof(f->name)) ||
		    find(ret, f->name) || !take(r, ':') || !take_value(r, f))
			return false;
		ret->field_count++;
	} while (take(r, ','));
	return take(r, '}');
}

static bool take_error(struct reader *r, struct json_reply *ret)
{
	char name[sizeof(ret->error) + sizeof(interface_prefix)];
	size_t skip = strlen(interface_prefix);

	if (!take_string(r, name, sizeof(name)) || name[0] == '\0')
		return false;
	if (strncmp(name, interface_prefix, skip) != 0)
		skip = 0;
	if (name[skip] == '\0' || strlen(name + skip) >= sizeof(ret->error))
		return false;
	memcpy(ret->error, name + skip, strlen(name + skip) + 1);
	return true;
}

/* The members of the message itself, each once. */
static bool take_member(struct reader *r, struct json_reply *ret, unsigned *seen)
{
	enum { PARAMETERS = 1, ERROR = 2, CONTINUES = 4 };
	char name[JSON_NAME_MAX];
	unsigned which;
	int64_t flag;
	bool taken;

	if (!take_string(r, name, sizeof(name)) || !take(r, ':'))
		return false;
	if (strcmp(name, "parameters") == 0) {
		which = PARAMETERS;
		taken = !(*seen & which) && take_parameters(r, ret);
	} else if (strcmp(name, "error") == 0) {
		which = ERROR;
		taken = take_error(r, ret);
	} else if (strcmp(name, "continues") == 0) {
		which = CONTINUES;
		taken = take_bool(r, &flag);
		ret->continues = taken && flag != 0;
	} else {
		return false;
	}
	if (!taken || (*seen & which))
		return false;
	*seen |= which;
	return true;
}

static bool take_message(struct reader *r, struct json_reply *ret)
{
	unsigned seen = 0;

	if (!take(r, '{'))
		return false;
	if (!take(r, '}')) {
		do {
			if (!take_member(r, ret, &seen))
				return false;
		} while (take(r, ','));
		if (!take(r, '}'))
			return false;
	}
	skip_blanks(r);
	return r->at == r->end && !(ret->error[0] && ret->continues);
}

int json_parse_reply(const char *text, size_t len, struct json_reply *ret)
{
	struct reader r = {.at = text, .end = text + len};

	memset(ret, 0, sizeof(*ret));
	if (take_message(&r, ret))
		return 0;
	memset(ret, 0, sizeof(*ret));
	return -EBADMSG;
}

const char *json_reply_text(const struct json_reply *reply, const char *name)
{
	const struct json_field *f = find(reply, name);

	return f && f->type == JSON_TEXT ? f->text : NULL;
}
