/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/wire/sync_proto.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool type_is_known(unsigned type)
{
	return (type >= SYNC_CONFIG && type <= SYNC_PASSWD) || (type >= SYNC_HELLO && type <= SYNC_RESULT);
}

void sync_packet_begin(struct sync_packet *p, enum sync_type type, unsigned flags)
{
	p->bytes[0] = SYNC_PROTO_VERSION;
	p->bytes[1] = (uint8_t)type;
	p->bytes[2] = (uint8_t)flags;
	p->bytes[3] = 0;
	p->len = SYNC_HEADER_LEN;
}

int sync_packet_add(struct sync_packet *p, unsigned tag, const void *data, size_t len)
{
	uint8_t *at = p->bytes + p->len;

	if (len > SYNC_FIELD_MAX || tag == 0 || tag > UINT8_MAX)
		return -EMSGSIZE;
	if (SYNC_PACKET_MAX - p->len < SYNC_FIELD_HEADER_LEN + len)
		return -ENOSPC;
	at[0] = (uint8_t)tag;
	at[1] = 0;
	at[2] = (uint8_t)len;
	at[3] = (uint8_t)(len >> 8);
	if (len > 0)
		memcpy(at + SYNC_FIELD_HEADER_LEN, data, len);
	p->len += SYNC_FIELD_HEADER_LEN + len;
	return 0;
}

int sync_packet_add_text(struct sync_packet *p, unsigned tag, const char *text)
{
	return sync_packet_add(p, tag, text, strlen(text));
}

int sync_packet_add_uuid(struct sync_packet *p, unsigned tag, const struct uuid *id)
{
	return sync_packet_add(p, tag, id->bytes, sizeof(id->bytes));
}

int sync_packet_add_serial(struct sync_packet *p, uint64_t serial)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(serial >> (8 * i));
	return sync_packet_add(p, SYNC_TAG_SERIAL, bytes, sizeof(bytes));
}

int sync_packet_send(int fd, const struct sync_packet *p)
{
	ssize_t n;

	do
		n = send(fd, p->bytes, p->len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return (size_t)n == p->len ? 0 : -EIO;
}

int sync_packet_receive(int fd, struct sync_packet *ret)
{
	struct iovec whole = {ret->bytes, sizeof(ret->bytes)};
	struct msghdr message = {.msg_iov = &whole, .msg_iovlen = 1};
	ssize_t n;

	do
		n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	ret->len = 0;
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (n == 0)
		return -EPIPE;
	if (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return -EBADMSG;
	ret->len = (size_t)n;
	return sync_packet_check(ret->bytes, ret->len);
}

int sync_packet_check(const void *packet, size_t len)
{
	const uint8_t *bytes = packet;
	struct sync_cursor c;
	struct sync_field field;
	int r;

	if (len < SYNC_HEADER_LEN || len > SYNC_PACKET_MAX || bytes[0] != SYNC_PROTO_VERSION || bytes[3] != 0 ||
	    !type_is_known(bytes[1]))
		return -EBADMSG;
	c = sync_object_fields(bytes + SYNC_HEADER_LEN, len - SYNC_HEADER_LEN);
	do
		r = sync_next(&c, &field);
	while (r > 0);
	return r;
}

void sync_packet_wipe(struct sync_packet *p)
{
	explicit_bzero(p, sizeof(*p));
}

enum sync_type sync_packet_type(const struct sync_packet *p)
{
	return (enum sync_type)p->bytes[1];
}

unsigned sync_packet_flags(const struct sync_packet *p)
{
	return p->bytes[2];
}

struct sync_cursor sync_packet_fields(const struct sync_packet *p)
{
	return sync_object_fields(p->bytes + SYNC_HEADER_LEN, p->len - SYNC_HEADER_LEN);
}

struct sync_cursor sync_object_fields(const void *object, size_t len)
{
	return (struct sync_cursor){object, (const uint8_t *)object + len};
}

int sync_next(struct sync_cursor *c, struct sync_field *ret)
{
	const size_t left = (size_t)(c->end - c->at);
	size_t len;

	if (left == 0)
		return 0;
	if (left < SYNC_FIELD_HEADER_LEN || c->at[0] == 0 || c->at[1] != 0)
		return -EBADMSG;
	len = (size_t)c->at[2] | (size_t)c->at[3] << 8;
	if (len > SYNC_FIELD_MAX || len > left - SYNC_FIELD_HEADER_LEN)
		return -EBADMSG;
	*ret = (struct sync_field){c->at[0], c->at + SYNC_FIELD_HEADER_LEN, len};
	c->at += SYNC_FIELD_HEADER_LEN + len;
	return 1;
}

int sync_find(struct sync_cursor c, unsigned tag, struct sync_field *ret)
{
	struct sync_field field;
	int r;

	while ((r = sync_next(&c, &field)) > 0)
		if (field.tag == tag) {
			*ret = field;
			return 0;
		}
	return r < 0 ? r : -ENOENT;
}

int sync_field_text(const struct sync_field *f, char **ret)
{
	char *text;

	if (memchr(f->data, '\0', f->len))
		return -EBADMSG;
	text = malloc(f->len + 1);
	if (!text)
		return -ENOMEM;
	memcpy(text, f->data, f->len);
	text[f->len] = '\0';
	*ret = text;
	return 0;
}

int sync_field_uuid(const struct sync_field *f, struct uuid *ret)
{
	if (f->len != sizeof(ret->bytes))
		return -EBADMSG;
	memcpy(ret->bytes, f->data, sizeof(ret->bytes));
	return 0;
}

int sync_field_serial(const struct sync_field *f, uint64_t *ret)
{
	if (f->len != 8)
		return -EBADMSG;
	*ret = 0;
	for (size_t i = 0; i < 8; i++)
		*ret |= (uint64_t)f->data[i] << (8 * i);
	return 0;
}
