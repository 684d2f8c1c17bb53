/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_FAKE_LDAP_H
#define TENURE_TESTS_FAKE_LDAP_H

/*
 * An LDAP server of one connection: it reads requests, and the test's own function answers them. What it says is put
 * together by the test, so that it may say anything. Whoever binds is let in.
 */

#include <ldap.h>
#include <stdbool.h>
#include <stddef.h>

#define FAKE_ATTRIBUTES_MAX 128

struct fake_ldap;
/* A search. */
struct fake_request {
	ber_int_t id, scope;
	char *base;
	char *attributes[FAKE_ATTRIBUTES_MAX]; /* ended by NULL */
	/* Of the paged results control (RFC 2696); cookie: NULL if there is none, and empty for the first page. */
	ber_int_t page_size;
	char *cookie;
};
/* false: it closes the connection. */
typedef bool (*fake_answer)(struct fake_ldap *f, const struct fake_request *q);
struct fake_ldap {
	int fd; /* connected; whoever opened it closes it */
	fake_answer answer;
	void *context;
};

/* Until the other side is gone or has said so, or the answer is that. */
void fake_ldap_serve(struct fake_ldap *f);

/* To be called by the answering function. An entry: begun, its attributes, sent. */
BerElement *fake_entry(const struct fake_request *q, const char *dn);
void fake_attribute(BerElement *ber, const char *name, const struct berval *values, size_t count);
void fake_text(BerElement *ber, const char *name, const char *value);
void fake_send(struct fake_ldap *f, BerElement *entry);
/* cookie: of a page that is not the last; empty: of the last; NULL: no page. */
void fake_result(struct fake_ldap *f, const struct fake_request *q, int code, const char *words, const char *cookie);

#endif
