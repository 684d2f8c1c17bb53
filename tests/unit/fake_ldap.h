/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_FAKE_LDAP_H
#define TENURE_TESTS_FAKE_LDAP_H

/*
 * An LDAP server of one connection, in a thread: it reads requests, and the test's own function answers them. What it
 * says is put together by the test, so that it may say anything.
 */

#include <ldap.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define FAKE_ATTRIBUTES_MAX 128

struct fake_ldap;
struct fake_request {
	ber_int_t id, scope;
	bool search;
	char *base;
	char *attributes[FAKE_ATTRIBUTES_MAX]; /* ended by NULL */
	const char *bytes;		       /* all of it, as it came */
	size_t len;
};
/* false: it closes the connection. */
typedef bool (*fake_answer)(struct fake_ldap *f, const struct fake_request *q);
struct fake_ldap {
	int fd;
	pthread_t thread;
	fake_answer answer;
	void *context;
};

/* *ret_ld: connected to it. */
void fake_ldap_start(struct fake_ldap *f, fake_answer answer, void *context, LDAP **ret_ld);
/* After ldap_unbind_ext of the other side. */
void fake_ldap_end(struct fake_ldap *f);

/* In the answering thread. An entry: begun, its attributes (values: ended by NULL), sent. */
BerElement *fake_entry(const struct fake_request *q, const char *dn);
void fake_attribute(BerElement *ber, const char *name, const struct berval *values, size_t count);
void fake_text(BerElement *ber, const char *name, const char *value);
void fake_send(struct fake_ldap *f, BerElement *entry);
/* cookie: of a page that is not the last; NULL: none. */
void fake_result(struct fake_ldap *f, const struct fake_request *q, int code, const char *words, const char *cookie);

#endif
