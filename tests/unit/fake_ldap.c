/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fake_ldap.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- answering --- */

static void send_bytes(int fd, const char *at, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* the other side has had enough */
		at += n;
		len -= (size_t)n;
	}
}

static void must(int r)
{
	if (r < 0)
		abort();
}

BerElement *fake_entry(const struct fake_request *q, const char *dn)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);

	if (!ber)
		abort();
	must(ber_printf(ber, "{it{s{", q->id, LDAP_RES_SEARCH_ENTRY, dn));
	return ber;
}

void fake_attribute(BerElement *ber, const char *name, const struct berval *values, size_t count)
{
	must(ber_printf(ber, "{s[", name));
	for (size_t i = 0; i < count; i++)
		must(ber_printf(ber, "O", &values[i]));
	must(ber_printf(ber, "]}"));
}

void fake_text(BerElement *ber, const char *name, const char *value)
{
	const struct berval v = {strlen(value), (char *)(uintptr_t)value};

	fake_attribute(ber, name, &v, 1);
}

static void send_all(struct fake_ldap *f, BerElement *ber)
{
	struct berval bytes;

	must(ber_flatten2(ber, &bytes, 0));
	send_bytes(f->fd, bytes.bv_val, bytes.bv_len);
	ber_free(ber, 1);
}

void fake_send(struct fake_ldap *f, BerElement *entry)
{
	must(ber_printf(entry, "}}}"));
	send_all(f, entry);
}

static void put_page(BerElement *ber, const char *cookie)
{
	BerElement *value = ber_alloc_t(LBER_USE_DER);
	struct berval bytes;

	if (!value)
		abort();
	must(ber_printf(value, "{is}", 0, cookie));
	must(ber_flatten2(value, &bytes, 0));
	must(ber_printf(ber, "t{{sO}}", LDAP_TAG_CONTROLS, LDAP_CONTROL_PAGEDRESULTS, &bytes));
	ber_free(value, 1);
}

static void send_result(struct fake_ldap *f, ber_int_t id, ber_tag_t tag, int code, const char *words, const char *cookie)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);

	if (!ber)
		abort();
	must(ber_printf(ber, "{it{ess}", id, tag, code, "", words));
	if (cookie)
		put_page(ber, cookie);
	must(ber_printf(ber, "}"));
	send_all(f, ber);
}

void fake_result(struct fake_ldap *f, const struct fake_request *q, int code, const char *words, const char *cookie)
{
	send_result(f, q->id, LDAP_RES_SEARCH_RESULT, code, words, cookie);
}

/* --- reading --- */

static bool read_bytes(int fd, void *bytes, size_t len)
{
	for (char *at = bytes; len > 0;) {
		ssize_t n = read(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

/* One LDAPMessage with its header; false: the other side is gone. */
static bool read_message(int fd, struct berval *ret)
{
	unsigned char head[6];
	size_t len, more = 0;

	if (!read_bytes(fd, head, 2))
		return false;
	len = head[1];
	if (len & 0x80) {
		more = len & 0x7f;
		if (more > 4 || !read_bytes(fd, head + 2, more))
			abort();
		len = 0;
		for (size_t i = 0; i < more; i++)
			len = len << 8 | head[2 + i];
	}
	*ret = (struct berval){2 + more + len, malloc(2 + more + len)};
	if (!ret->bv_val)
		abort();
	memcpy(ret->bv_val, head, 2 + more);
	if (read_bytes(fd, ret->bv_val + 2 + more, len))
		return true;
	free(ret->bv_val);
	return false;
}

/* The paged results control's value (RFC 2696). */
static void parse_page(struct berval *value, struct fake_request *q)
{
	BerElement *ber = ber_init(value);

	if (!ber || q->cookie || ber_scanf(ber, "{ia}", &q->page_size, &q->cookie) == LBER_ERROR)
		abort();
	ber_free(ber, 1);
}

/* Controls (RFC 4511 4.1.11), if there are any; of them, the page that is asked for. */
static void parse_controls(BerElement *ber, struct fake_request *q)
{
	ber_len_t len;
	char *last;

	if (ber_peek_tag(ber, &len) != LDAP_TAG_CONTROLS)
		return;
	for (ber_tag_t tag = ber_first_element(ber, &len, &last); tag != LBER_DEFAULT;
	     tag = ber_next_element(ber, &len, last)) {
		struct berval value = {0, NULL};
		ber_int_t critical;
		char *oid;

		if (ber_scanf(ber, "{a", &oid) == LBER_ERROR)
			abort();
		if (ber_peek_tag(ber, &len) == LBER_BOOLEAN && ber_scanf(ber, "b", &critical) == LBER_ERROR)
			abort();
		if (ber_peek_tag(ber, &len) == LBER_OCTETSTRING && ber_scanf(ber, "m", &value) == LBER_ERROR)
			abort();
		if (strcmp(oid, LDAP_CONTROL_PAGEDRESULTS) == 0)
			parse_page(&value, q);
		ber_memfree(oid);
	}
}

/* SearchRequest (RFC 4511 4.5.1) and what follows it; the filter is skipped. */
static void parse_search(BerElement *ber, struct fake_request *q)
{
	ber_int_t deref, size, time, types;
	ber_len_t len;
	ber_tag_t tag;
	char *last;
	size_t count = 0;

	if (ber_scanf(ber, "{aeeiibx", &q->base, &q->scope, &deref, &size, &time, &types) == LBER_ERROR)
		abort();
	for (tag = ber_first_element(ber, &len, &last); tag != LBER_DEFAULT; tag = ber_next_element(ber, &len, last))
		if (count == FAKE_ATTRIBUTES_MAX - 1 || ber_scanf(ber, "a", &q->attributes[count++]) == LBER_ERROR)
			abort();
	parse_controls(ber, q);
}

static bool answer_search(struct fake_ldap *f, BerElement *ber, ber_int_t id)
{
	struct fake_request q = {.id = id};
	bool on;

	parse_search(ber, &q);
	on = f->answer(f, &q);
	ber_memfree(q.base);
	ber_memfree(q.cookie);
	for (char **a = q.attributes; *a; a++)
		ber_memfree(*a);
	return on;
}

/* false: that was all. Anything else has no answer here. */
static bool answer(struct fake_ldap *f, const struct berval *message)
{
	struct berval bytes = *message;
	BerElement *ber = ber_init(&bytes);
	bool on = true;
	ber_len_t len;
	ber_int_t id;

	if (!ber || ber_scanf(ber, "{i", &id) == LBER_ERROR)
		abort();
	switch (ber_peek_tag(ber, &len)) {
	case LDAP_REQ_BIND:
		send_result(f, id, LDAP_RES_BIND, LDAP_SUCCESS, "", NULL);
		break;
	case LDAP_REQ_SEARCH:
		on = answer_search(f, ber, id);
		break;
	case LDAP_REQ_UNBIND:
		on = false;
		break;
	default:
		break;
	}
	ber_free(ber, 1);
	return on;
}

void fake_ldap_serve(struct fake_ldap *f)
{
	struct berval message;

	for (bool on = true; on && read_message(f->fd, &message);) {
		on = answer(f, &message);
		free(message.bv_val);
	}
	(void)shutdown(f->fd, SHUT_RDWR);
}
