/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/base/id.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool uuid_is_null(const struct uuid *u)
{
	static const struct uuid null;

	return uuid_equal(u, &null);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool hyphen_before(size_t byte)
{
	return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

int uuid_parse(const char *text, struct uuid *ret)
{
	struct uuid u;

	for (size_t i = 0; i < sizeof(u.bytes); i++) {
		int high, low;

		if (hyphen_before(i) && *text++ != '-')
			return -EINVAL;
		high = hex_value(text[0]);
		low = high < 0 ? -1 : hex_value(text[1]);
		if (low < 0)
			return -EINVAL;
		u.bytes[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	if (*text != '\0')
		return -EINVAL;
	*ret = u;
	return 0;
}

void uuid_format(const struct uuid *u, char buf[static UUID_TEXT_MAX])
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof(u->bytes); i++) {
		if (hyphen_before(i))
			*buf++ = '-';
		*buf++ = hex[u->bytes[i] >> 4];
		*buf++ = hex[u->bytes[i] & 15];
	}
	*buf = '\0';
}

/* The kernel's own file: nobody else can put one there, so its owner (nobody, in a user namespace) proves nothing. */
int boot_id_read(struct uuid *ret)
{
	char text[UUID_TEXT_MAX + 1];
	CLEANUP(fd_closep) int fd = -1;
	ssize_t n;

	fd = open(tenure_path(PATH_BOOT_ID), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text));
	if (n < 0)
		return -errno;
	if (n != UUID_TEXT_MAX || text[n - 1] != '\n')
		return -EINVAL;
	text[n - 1] = '\0';
	return uuid_parse(text, ret);
}

#define REQUEST_ID_LETTERS 8
static const char base32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void request_id_format(const struct uuid *id, char buf[static REQUEST_ID_TEXT_MAX])
{
	uint64_t bits = 0;

	for (size_t i = 0; i < 5; i++)
		bits = bits << 8 | id->bytes[i];
	for (size_t i = 0; i < REQUEST_ID_LETTERS; i++) {
		if (i == REQUEST_ID_LETTERS / 2)
			*buf++ = '-';
		*buf++ = base32[bits >> (35 - 5 * i) & 31];
	}
	*buf = '\0';
}

/* The letters that a person typed, in upper case and without the hyphen; their count, 0 if it is no such text. */
static size_t prefix_letters(const char *text, char letters[static REQUEST_ID_LETTERS])
{
	size_t count = 0;

	for (; *text != '\0'; text++) {
		char c = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;

		if (c == '-' && count == REQUEST_ID_LETTERS / 2 && text[-1] != '-')
			continue;
		if (count == REQUEST_ID_LETTERS || !strchr(base32, c))
			return 0;
		letters[count++] = c;
	}
	return count >= REQUEST_ID_PREFIX_MIN ? count : 0;
}

bool request_id_matches(const struct uuid *id, const char *text)
{
	char letters[REQUEST_ID_LETTERS], own[REQUEST_ID_LETTERS], formatted[REQUEST_ID_TEXT_MAX];
	struct uuid whole;
	size_t count;

	if (uuid_parse(text, &whole) == 0)
		return uuid_equal(&whole, id);
	count = prefix_letters(text, letters);
	if (count == 0)
		return false;
	request_id_format(id, formatted);
	return prefix_letters(formatted, own) == REQUEST_ID_LETTERS && memcmp(own, letters, count) == 0;
}

bool request_id_text_is_valid(const char *text)
{
	char letters[REQUEST_ID_LETTERS];
	struct uuid whole;

	return uuid_parse(text, &whole) == 0 || prefix_letters(text, letters) > 0;
}
