/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line that sshd reads: type, key, comment. No options in front, no second line, and a key that is one. */
#include <string.h>

#include "common/base/text.h"
#include "common/model/validation.h"

#define LINE_MAX_BYTES 16384
#define KEY_MIN_BYTES  16 /* behind the type: less holds no key */

static const char *const types[] = {"ssh-ed25519",
				    "ssh-rsa",
				    "ecdsa-sha2-nistp256",
				    "ecdsa-sha2-nistp384",
				    "ecdsa-sha2-nistp521",
				    "sk-ssh-ed25519@openssh.com",
				    "sk-ecdsa-sha2-nistp256@openssh.com"};

/* The value of a base64 digit, or -1. */
static int digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

static bool is_base64(const char *text, size_t len)
{
	size_t padding = 0;

	while (padding < 2 && padding < len && text[len - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < len - padding; i++)
		if (digit(text[i]) < 0)
			return false;
	return len > 0 && len % 4 == 0;
}

/* Byte i of what the text stands for; the caller keeps inside. */
static uint8_t byte_at(const char *text, size_t i)
{
	size_t at = i / 3 * 4 + i % 3;
	unsigned shift = (unsigned)(i % 3) * 2;

	return (uint8_t)((unsigned)digit(text[at]) << (2 + shift) | (unsigned)digit(text[at + 1]) >> (4 - shift));
}

/* The key begins with its type once more, as a length in four bytes and the word: sshd goes by that one. */
static bool names_type(const char *text, size_t len, const char *type)
{
	const size_t type_len = strlen(type);

	if (len / 4 * 3 < 4 + type_len + KEY_MIN_BYTES + 2)
		return false;
	for (size_t i = 0; i < 4; i++)
		if (byte_at(text, i) != (i == 3 ? type_len : 0))
			return false;
	for (size_t i = 0; i < type_len; i++)
		if (byte_at(text, 4 + i) != (uint8_t)type[i])
			return false;
	return true;
}

bool ssh_key_is_valid(const char *key)
{
	if (text_check(key, LINE_MAX_BYTES) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LENGTH(types); i++) {
		const size_t type_len = strlen(types[i]);
		const char *text = key + type_len + 1;
		size_t len;

		if (strncmp(key, types[i], type_len) != 0 || key[type_len] != ' ')
			continue;
		len = strcspn(text, " ");
		return is_base64(text, len) && names_type(text, len, types[i]);
	}
	return false;
}
