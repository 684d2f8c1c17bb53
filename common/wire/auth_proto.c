/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/wire/auth_proto.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static const size_t field_count[AUTH_TYPE_COUNT] = {
	[AUTH_START] = 3, [AUTH_PROMPT] = 1, [AUTH_MESSAGE] = 1, [AUTH_ANSWER] = 1, [AUTH_RESULT] = 1,
	[AUTH_VERIFY] = 1, [AUTH_VERDICT] = 1,
};

static bool type_is_valid(unsigned type)
{
	return type >= AUTH_START && type < AUTH_TYPE_COUNT;
}

void auth_record_wipe(struct auth_record *record)
{
	explicit_bzero(record, sizeof(*record));
}

/* One field; moves *at behind it. */
static int field_decode(const uint8_t *packet, size_t len, size_t *at, char ret[static AUTH_FIELD_MAX + 1])
{
	size_t size;

	if (len - *at < 2)
		return -EBADMSG;
	size = (size_t)packet[*at] | (size_t)packet[*at + 1] << 8;
	*at += 2;
	if (size > AUTH_FIELD_MAX || size > len - *at || memchr(packet + *at, '\0', size))
		return -EBADMSG;
	memcpy(ret, packet + *at, size);
	ret[size] = '\0';
	*at += size;
	return 0;
}

int auth_record_decode(const void *packet, size_t len, struct auth_record *ret)
{
	const uint8_t *bytes = packet;
	size_t at = 4;
	int r = 0;

	memset(ret, 0, sizeof(*ret));
	if (len < 4 || len > AUTH_PACKET_MAX || bytes[0] != AUTH_PROTO_VERSION || !type_is_valid(bytes[1]) ||
	    bytes[3] != field_count[bytes[1]])
		return -EBADMSG;
	ret->type = (enum auth_type)bytes[1];
	ret->flag = bytes[2];
	ret->count = bytes[3];
	for (size_t i = 0; i < ret->count && r == 0; i++)
		r = field_decode(bytes, len, &at, ret->fields[i]);
	if (r == 0 && at != len)
		r = -EBADMSG;
	if (r < 0)
		auth_record_wipe(ret);
	return r;
}

int auth_record_encode(const struct auth_record *record, uint8_t packet[static AUTH_PACKET_MAX])
{
	size_t at = 4;

	if (!type_is_valid(record->type) || record->count != field_count[record->type])
		return -EINVAL;
	packet[0] = AUTH_PROTO_VERSION;
	packet[1] = (uint8_t)record->type;
	packet[2] = record->flag;
	packet[3] = (uint8_t)record->count;
	for (size_t i = 0; i < record->count; i++) {
		size_t size = strnlen(record->fields[i], AUTH_FIELD_MAX);

		packet[at++] = (uint8_t)size;
		packet[at++] = (uint8_t)(size >> 8);
		memcpy(packet + at, record->fields[i], size);
		at += size;
	}
	return (int)at;
}

int auth_record_make(enum auth_type type, uint8_t flag, const char *first, const char *second, const char *third,
		     struct auth_record *ret)
{
	const char *const texts[AUTH_FIELDS_MAX] = {first, second, third};

	memset(ret, 0, sizeof(*ret));
	if (!type_is_valid(type))
		return -EINVAL;
	ret->type = type;
	ret->flag = flag;
	ret->count = field_count[type];
	for (size_t i = 0; i < ret->count; i++) {
		size_t size = texts[i] ? strlen(texts[i]) : 0;

		if (size > AUTH_FIELD_MAX) {
			auth_record_wipe(ret);
			return -EMSGSIZE;
		}
		if (size)
			memcpy(ret->fields[i], texts[i], size);
	}
	return 0;
}

int auth_record_send(int fd, const struct auth_record *record)
{
	uint8_t packet[AUTH_PACKET_MAX];
	int len = auth_record_encode(record, packet), r = len < 0 ? len : 0;
	ssize_t n;

	if (r == 0) {
		do
			n = send(fd, packet, (size_t)len, MSG_NOSIGNAL);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			r = errno == ECONNRESET ? -EPIPE : -errno;
		else if (n != len)
			r = -EIO;
	}
	explicit_bzero(packet, sizeof(packet));
	return r;
}

int auth_record_receive(int fd, struct auth_record *ret)
{
	uint8_t packet[AUTH_PACKET_MAX + 1]; /* one more shows that a packet was longer */
	ssize_t n;
	int r;

	do
		n = recv(fd, packet, sizeof(packet), 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		r = errno == ECONNRESET ? -EPIPE : -errno;
	else if (n == 0)
		r = -EPIPE;
	else
		r = auth_record_decode(packet, (size_t)n, ret);
	explicit_bzero(packet, sizeof(packet));
	return r;
}
