/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_FAKE_LDAP_THREAD_H
#define TENURE_TESTS_FAKE_LDAP_THREAD_H

/* For a cmocka test: the server in a thread, and a connection to it. */

#include <pthread.h>

#include "tests/unit/fake_ldap.h"

struct fake_ldap_thread {
	struct fake_ldap ldap;
	pthread_t thread;
};

/* *ret_ld: connected to it. */
void fake_ldap_start(struct fake_ldap_thread *t, fake_answer answer, void *context, LDAP **ret_ld);
/* After ldap_unbind_ext of the other side. */
void fake_ldap_end(struct fake_ldap_thread *t);

#endif
