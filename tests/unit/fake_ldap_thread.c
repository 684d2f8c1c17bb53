/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/fake_ldap_thread.h"

#include <openldap.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/cmocka_test.h"

static void *serve(void *context)
{
	fake_ldap_serve(context);
	return NULL;
}

void fake_ldap_start(struct fake_ldap_thread *t, fake_answer answer, void *context, LDAP **ret_ld)
{
	const int version = LDAP_VERSION3;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	t->ldap = (struct fake_ldap){.fd = fds[1], .answer = answer, .context = context};
	assert_int_equal(ldap_init_fd(fds[0], LDAP_PROTO_IPC, "ldapi:///", ret_ld), LDAP_SUCCESS);
	assert_int_equal(ldap_set_option(*ret_ld, LDAP_OPT_PROTOCOL_VERSION, &version), LDAP_OPT_SUCCESS);
	assert_int_equal(pthread_create(&t->thread, NULL, serve, &t->ldap), 0);
}

void fake_ldap_end(struct fake_ldap_thread *t)
{
	assert_int_equal(pthread_join(t->thread, NULL), 0);
	close(t->ldap.fd);
}
