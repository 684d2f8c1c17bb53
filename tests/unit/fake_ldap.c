/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fake_ldap.h"

#include <errno.h>
#include <openldap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/cmocka_test.h"

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

/* One LDAPMessage with its header; NULL: the other side is gone. */
static char *read_message(int fd, size_t *ret_len)
{
	unsigned char head[6];
	size_t len, more = 0;
	char *message;

	if (!read_bytes(fd, head, 2))
		return NULL;
	len = head[1];
	if (len & 0x80) {
		more = len & 0x7f;
		if (more > 4 || !read_bytes(fd, head + 2, more))
			abort();
		len = 0;
		for (size_t i = 0; i < more; i++)
			len = len << 8 | head[2 + i];
	}
	message = malloc(2 + more + len);
	if (!message)
		abort();
	memcpy(message, head, 2 + more);
	*ret_len = 2 + more + len;
	if (read_bytes(fd, message + 2 + more, len))
		return message;
	free(message);
	return NULL;
}

/* SearchRequest (RFC 4511 4.5.1); the filter is skipped. */
static void parse_search(BerElement *ber, struct fake_request *q)
{
	ber_int_t deref, size, time, types;
	ber_len_t len;
	ber_tag_t tag;
	char *last;
	size_t count = 0;

	if (ber_scanf(ber, "{aeeiibx", &q->base, &q->scope, &deref, &size, &time, &types) == LBER_ERROR)
		abort();
	for (tag = ber_first_element(ber, &len, &last); tag != LBER_DEFAULT && count < FAKE_ATTRIBUTES_MAX - 1;
	     tag = ber_next_element(ber, &len, last))
		if (ber_scanf(ber, "a", &q->attributes[count++]) == LBER_ERROR)
			abort();
}

static void parse(struct fake_request *q)
{
	struct berval bytes = {q->len, (char *)(uintptr_t)q->bytes};
	BerElement *ber = ber_init(&bytes);
	ber_len_t len;

	if (!ber || ber_scanf(ber, "{i", &q->id) == LBER_ERROR)
		abort();
	q->search = ber_peek_tag(ber, &len) == LDAP_REQ_SEARCH;
	if (q->search)
		parse_search(ber, q);
	ber_free(ber, 1);
}

static void *serve(void *context)
{
	struct fake_ldap *f = context;
	bool on = true;

	while (on) {
		struct fake_request q = {.id = 0};
		char *bytes = read_message(f->fd, &q.len);

		if (!bytes)
			break;
		q.bytes = bytes;
		parse(&q);
		if (q.search)
			on = f->answer(f, &q);
		ber_memfree(q.base);
		for (char **a = q.attributes; *a; a++)
			ber_memfree(*a);
		free(bytes);
	}
	(void)shutdown(f->fd, SHUT_RDWR);
	return NULL;
}

void fake_ldap_start(struct fake_ldap *f, fake_answer answer, void *context, LDAP **ret_ld)
{
	const int version = LDAP_VERSION3;
	int fds[2];

	*f = (struct fake_ldap){.answer = answer, .context = context};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	f->fd = fds[1];
	assert_int_equal(ldap_init_fd(fds[0], LDAP_PROTO_IPC, "ldapi:///", ret_ld), LDAP_SUCCESS);
	assert_int_equal(ldap_set_option(*ret_ld, LDAP_OPT_PROTOCOL_VERSION, &version), LDAP_OPT_SUCCESS);
	assert_int_equal(pthread_create(&f->thread, NULL, serve, f), 0);
}

void fake_ldap_end(struct fake_ldap *f)
{
	assert_int_equal(pthread_join(f->thread, NULL), 0);
	close(f->fd);
}

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

void fake_result(struct fake_ldap *f, const struct fake_request *q, int code, const char *words, const char *cookie)
{
	BerElement *ber = ber_alloc_t(LBER_USE_DER);

	if (!ber)
		abort();
	must(ber_printf(ber, "{it{ess}", q->id, LDAP_RES_SEARCH_RESULT, code, "", words));
	if (cookie)
		put_page(ber, cookie);
	must(ber_printf(ber, "}"));
	send_all(f, ber);
}
