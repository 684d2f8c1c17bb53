/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/base/id.h"

#include <errno.h>
#include <nettle/hmac.h>
#include <nettle/sha1.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/base/secret.h"

/* Ours for ever: hosts are known by what it makes of their machine-id. */
static const uint8_t application_id[16] = {0x9c, 0x1e, 0x4b, 0x52, 0x0d, 0x7a, 0x4f, 0x36,
					   0xb8, 0x23, 0x61, 0xe5, 0x7d, 0xa4, 0x90, 0xcf};

static void set_version(struct uuid *u, uint8_t version)
{
	u->bytes[6] = (uint8_t)((u->bytes[6] & 0x0f) | version << 4);
	u->bytes[8] = (uint8_t)((u->bytes[8] & 0x3f) | 0x80);
}

void uuid_v5(const struct uuid *space, const char *name, struct uuid *ret)
{
	struct sha1_ctx context;

	sha1_init(&context);
	sha1_update(&context, sizeof(space->bytes), space->bytes);
	sha1_update(&context, strlen(name), (const uint8_t *)name);
	sha1_digest(&context, sizeof(ret->bytes), ret->bytes);
	set_version(ret, 5);
}

int uuid_random(struct uuid *ret)
{
	ssize_t n;

	do
		n = getrandom(ret->bytes, sizeof(ret->bytes), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	if ((size_t)n != sizeof(ret->bytes))
		return -EIO;
	set_version(ret, 4);
	return 0;
}

/* 32 hexadecimal digits and perhaps a newline, as machine-id(5) has it. */
static int machine_id_parse(char *text, size_t len, struct uuid *ret)
{
	char hyphenated[UUID_TEXT_MAX];

	if (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	if (len == 0 || strcmp(text, "uninitialized") == 0)
		return -ENOENT;
	if (len != 32)
		return -EINVAL;
	for (size_t from = 0, to = 0; from < 32; from++) {
		if (from == 8 || from == 12 || from == 16 || from == 20)
			hyphenated[to++] = '-';
		hyphenated[to++] = text[from];
	}
	hyphenated[UUID_TEXT_MAX - 1] = '\0';
	if (uuid_parse(hyphenated, ret) < 0 || uuid_is_null(ret))
		return -EINVAL;
	SECRET_WIPE_ARRAY(hyphenated);
	return 0;
}

int host_id_read(struct uuid *ret)
{
	CLEANUP(secret_freep) char *text = NULL;
	struct hmac_sha256_ctx context;
	struct uuid machine;
	size_t len;
	int r;

	r = safe_read(tenure_path(PATH_MACHINE_ID), 64, &text, &len);
	if (r < 0)
		return r == -EFBIG ? -EINVAL : r;
	r = machine_id_parse(text, len, &machine);
	if (r < 0)
		return r;
	hmac_sha256_set_key(&context, sizeof(machine.bytes), machine.bytes);
	hmac_sha256_update(&context, sizeof(application_id), application_id);
	hmac_sha256_digest(&context, sizeof(ret->bytes), ret->bytes);
	set_version(ret, 4);
	SECRET_WIPE_ARRAY(machine.bytes);
	return 0;
}
