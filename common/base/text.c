/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/base/text.h"

#include <errno.h>
#include <string.h>

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A name of exactly len bytes. */
static bool name_part_is_valid(const char *name, size_t len)
{
	if (len == 0 || len > NAME_LENGTH_MAX || (!is_lower(name[0]) && name[0] != '_'))
		return false;
	for (size_t i = 1; i < len; i++)
		if (!is_lower(name[i]) && !is_digit(name[i]) && name[i] != '_' && name[i] != '.' && name[i] != '-')
			return false;
	return true;
}

bool name_is_valid(const char *name)
{
	return name_part_is_valid(name, strlen(name));
}

bool local_name_is_valid(const char *name)
{
	size_t len = strlen(name), digits = 0;

	if (len == 0 || len > NAME_LENGTH_MAX || name[0] == '-' || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		bool letter = is_lower(name[i]) || (name[i] >= 'A' && name[i] <= 'Z');

		if (is_digit(name[i]))
			digits++;
		else if (!letter && !strchr("_.-", name[i]) && !(name[i] == '$' && i > 0 && i == len - 1))
			return false;
	}
	return digits < len; /* digits alone are an id to whoever reads them */
}

bool login_is_valid(const char *login)
{
	const char *at = strchr(login, '@');

	if (!at)
		return name_is_valid(login);
	return name_part_is_valid(login, (size_t)(at - login)) && domain_is_valid(at + 1);
}

static bool label_is_valid(const char *label, size_t len)
{
	if (len == 0 || len > 63 || label[0] == '-' || label[len - 1] == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_lower(label[i]) && !is_digit(label[i]) && label[i] != '-')
			return false;
	return true;
}

bool domain_is_valid(const char *domain)
{
	size_t labels = 0;

	if (strlen(domain) > 253)
		return false;
	for (;;) {
		size_t len = strcspn(domain, ".");

		if (!label_is_valid(domain, len))
			return false;
		labels++;
		if (domain[len] == '\0')
			return labels >= 2;
		domain += len + 1;
	}
}

/* An absolute path without ".", ".." and "//": what a directory says is never a way to somewhere else (T28). */
bool path_is_plain(const char *path)
{
	if (path[0] != '/' || strlen(path) > SCOPE_LENGTH_MAX || !field_is_valid(path))
		return false;
	while (*path == '/') {
		size_t len = strcspn(path + 1, "/");

		if ((len == 1 && path[1] == '.') || (len == 2 && path[1] == '.' && path[2] == '.') || (len == 0 && path[1]))
			return false;
		path += len + 1;
	}
	return true;
}

bool scope_path_is_valid(const char *path)
{
	if (path[0] != '/' || strlen(path) > SCOPE_LENGTH_MAX)
		return false;
	if (path[1] == '\0')
		return true;
	while (*path == '/') {
		size_t len = strcspn(path + 1, "/");

		if (!name_part_is_valid(path + 1, len))
			return false;
		path += len + 1;
	}
	return true;
}

bool scope_covers(const char *upper, const char *path)
{
	size_t len = strlen(upper);

	if (len == 1)
		return true;
	return strncmp(upper, path, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

/* Length of the UTF-8 sequence at s, 0 if it is none (overlong, surrogate, beyond U+10FFFF, cut). */
static size_t utf8_decode(const char *s, uint32_t *ret)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)s[0];
	uint32_t point;
	size_t len;

	if (first < 0x80) {
		*ret = first;
		return 1;
	}
	len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	point = first & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | ((unsigned char)s[i] & 0x3f);
	}
	if (point < smallest[len] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return 0;
	*ret = point;
	return len;
}

/* What moves a cursor, ends a line or starts an escape. */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

/* What reorders or hides text: bidirectional controls, zero-width and tag characters, interlinear marks. */
static bool is_hidden(uint32_t c)
{
	return c == 0xad || c == 0x34f || c == 0x61c || c == 0x115f || c == 0x1160 || c == 0x180e ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	       c == 0x3164 || c == 0xfeff || c == 0xffa0 || (c >= 0xfff0 && c <= 0xfffb) ||
	       (c >= 0xe0000 && c <= 0xe0fff);
}

int text_check(const char *text, size_t max)
{
	uint32_t point;
	size_t len;

	if (strnlen(text, max + 1) > max)
		return -EMSGSIZE;
	for (; *text != '\0'; text += len) {
		len = utf8_decode(text, &point);
		if (len == 0 || is_control(point) || is_hidden(point))
			return -EILSEQ;
	}
	return 0;
}

/* \xNN for each of the `count` bytes; false if they do not all fit. */
static bool escape_bytes(const char *text, size_t count, char *buf, size_t len, size_t *used)
{
	static const char hex[] = "0123456789abcdef";

	if (len - *used <= 4 * count)
		return false;
	for (size_t i = 0; i < count; i++) {
		unsigned char byte = (unsigned char)text[i];

		buf[(*used)++] = '\\';
		buf[(*used)++] = 'x';
		buf[(*used)++] = hex[byte >> 4];
		buf[(*used)++] = hex[byte & 15];
	}
	return true;
}

const char *text_escape(const char *text, char *buf, size_t len)
{
	size_t used = 0, step;
	uint32_t point;

	for (; *text != '\0'; text += step) {
		size_t valid = utf8_decode(text, &point);

		step = valid ? valid : 1;
		if (!valid || is_control(point) || is_hidden(point) || point == '"' || point == '\\') {
			if (!escape_bytes(text, step, buf, len, &used))
				break;
			continue;
		}
		if (len - used <= step)
			break;
		memcpy(buf + used, text, step);
		used += step;
	}
	buf[used] = '\0';
	return buf;
}

bool field_is_valid(const char *field)
{
	uint32_t point;
	size_t len;

	for (; *field != '\0'; field += len) {
		len = utf8_decode(field, &point);
		if (len == 0 || is_control(point) || point == ':')
			return false;
	}
	return true;
}

int number_parse(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (!is_digit(text[0]) || (text[0] == '0' && text[1] != '\0'))
		return -EINVAL;
	for (size_t i = 0; text[i] != '\0'; i++)
		if (!is_digit(text[i]))
			return -EINVAL;
	for (; *text != '\0'; text++) {
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
			return -ERANGE;
	}
	if (value > max)
		return -ERANGE;
	*ret = value;
	return 0;
}
