/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenure-sync/connect.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define USER_TIMEOUT_MS 10000

static enum sync_failure kind_of(int code)
{
	switch (code) {
	case LDAP_INVALID_CREDENTIALS:
	case LDAP_INSUFFICIENT_ACCESS:
	case LDAP_INAPPROPRIATE_AUTH:
	case LDAP_STRONG_AUTH_REQUIRED:
		return SYNC_FAILURE_CREDENTIALS;
	case LDAP_NO_SUCH_OBJECT:
		return SYNC_FAILURE_BASE;
	case LDAP_FILTER_ERROR:
	case LDAP_PARAM_ERROR:
		return SYNC_FAILURE_CONFIG;
	case LDAP_SIZELIMIT_EXCEEDED:
	case LDAP_TIMELIMIT_EXCEEDED:
	case LDAP_ADMINLIMIT_EXCEEDED:
		return SYNC_FAILURE_LIMIT;
	case LDAP_SERVER_DOWN:
	case LDAP_CONNECT_ERROR:
	case LDAP_TIMEOUT:
	case LDAP_BUSY:
	case LDAP_UNAVAILABLE:
		return SYNC_FAILURE_UNREACHABLE;
	default:
		return SYNC_FAILURE_PROTOCOL;
	}
}

/* Texts of servers are anybody's: cut, and what is not plain becomes a question mark. */
static void take_text(char ret[static TEXT_LEN], const char *words, const char *more)
{
	(void)snprintf(ret, TEXT_LEN, "%s%s%s", words, more && *more ? ": " : "", more ? more : "");
	for (char *at = ret; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

void failure_of(LDAP *ld, int code, struct failure *ret)
{
	char *more = NULL;

	(void)ldap_get_option(ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
	ret->kind = kind_of(code);
	take_text(ret->text, ldap_err2string(code), more);
	ldap_memfree(more);
}

static int refuse(struct failure *ret, enum sync_failure kind, const char *text)
{
	ret->kind = kind;
	take_text(ret->text, text, NULL);
	return -EIO;
}

static bool set_option(LDAP *ld, int option, const void *value)
{
	return ldap_set_option(ld, option, value) == LDAP_OPT_SUCCESS;
}

static bool set_descriptor(LDAP *ld, int option, int fd)
{
	char path[32];

	if (fd < 0)
		return true;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return set_option(ld, option, path);
}

/* Did anybody take the connection? libldap with GnuTLS says the same of a refused one and of a bad certificate. */
static _Thread_local bool reached;
static int note_reached(LDAP *ld, Sockbuf *sb, LDAPURLDesc *server, struct sockaddr *address, struct ldap_conncb *ctx)
{
	(void)ld, (void)sb, (void)server, (void)address, (void)ctx;
	reached = true;
	return 0;
}
static void note_gone(LDAP *ld, Sockbuf *sb, struct ldap_conncb *ctx)
{
	(void)ld, (void)sb, (void)ctx;
}
static _Thread_local struct ldap_conncb watch = {.lc_add = note_reached, .lc_del = note_gone};

static bool set_times(LDAP *ld)
{
	const struct timeval connect = {CONNECT_SECONDS, 0}, answer = {ANSWER_SECONDS, 0};
	const int idle = 5, probes = 3, interval = 2;
	const unsigned user_timeout = USER_TIMEOUT_MS;

	return set_option(ld, LDAP_OPT_NETWORK_TIMEOUT, &connect) && set_option(ld, LDAP_OPT_TIMEOUT, &answer) &&
	       set_option(ld, LDAP_OPT_X_KEEPALIVE_IDLE, &idle) && set_option(ld, LDAP_OPT_X_KEEPALIVE_PROBES, &probes) &&
	       set_option(ld, LDAP_OPT_X_KEEPALIVE_INTERVAL, &interval) &&
	       set_option(ld, LDAP_OPT_TCP_USER_TIMEOUT, &user_timeout);
}

/* Certificate and a name in its SAN, whatever the subject is called. */
static bool set_tls(LDAP *ld, const struct settings *s)
{
	const int demand = LDAP_OPT_X_TLS_HARD, protocol = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, no_server = 0;

	(void)set_option(ld, LDAP_OPT_X_TLS_PROTOCOL_MIN, &protocol); /* GnuTLS has a floor of its own */
	return s->ca_fd >= 0 && set_option(ld, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) &&
	       set_option(ld, LDAP_OPT_X_TLS_REQUIRE_SAN, &demand) &&
	       set_descriptor(ld, LDAP_OPT_X_TLS_CACERTFILE, s->ca_fd) &&
	       set_descriptor(ld, LDAP_OPT_X_TLS_CERTFILE, s->cert_fd) &&
	       set_descriptor(ld, LDAP_OPT_X_TLS_KEYFILE, s->key_fd) &&
	       set_option(ld, LDAP_OPT_X_TLS_NEWCTX, &no_server);
}

static bool is_local(const char *uri)
{
	return strncmp(uri, "ldapi://", 8) == 0;
}

static int start_tls(LDAP *ld, struct failure *ret)
{
	int code = ldap_start_tls_s(ld, NULL, NULL);

	if (code == LDAP_SUCCESS && ldap_tls_inplace(ld))
		return 0;
	failure_of(ld, code == LDAP_SUCCESS ? LDAP_CONNECT_ERROR : code, ret);
	if (reached && code != LDAP_TIMEOUT)
		ret->kind = SYNC_FAILURE_TLS;
	return -EIO;
}

/* TLS from the first byte: libldap would do it with the first operation, where what failed is no more to be told. */
static int start_ldaps(LDAP *ld, struct failure *ret)
{
	const int code = ldap_connect(ld);

	if (code == LDAP_SUCCESS && ldap_tls_inplace(ld))
		return 0;
	failure_of(ld, code == LDAP_SUCCESS ? LDAP_CONNECT_ERROR : code, ret);
	if (reached && code != LDAP_TIMEOUT)
		return refuse(ret, SYNC_FAILURE_TLS, "");
	return -EIO;
}

int connect_open(const struct settings *s, const char *uri, LDAP **ret, struct failure *ret_failure)
{
	const int version = LDAP_VERSION3;
	LDAP *ld = NULL;
	int code = ldap_initialize(&ld, uri), r = 0;

	if (code != LDAP_SUCCESS || !ld)
		return refuse(ret_failure, SYNC_FAILURE_CONFIG, "the URI is none");
	reached = false;
	if (!set_option(ld, LDAP_OPT_CONNECT_CB, &watch) || !set_option(ld, LDAP_OPT_PROTOCOL_VERSION, &version) || !set_option(ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) ||
	    !set_times(ld))
		r = refuse(ret_failure, SYNC_FAILURE_CONFIG, "libldap does not take its options");
	else if (!is_local(uri) && !set_tls(ld, s))
		r = refuse(ret_failure, SYNC_FAILURE_TLS, "tls_ca, tls_cert or tls_key holds no certificate or key");
	else if (strncmp(uri, "ldap://", 7) == 0)
		r = start_tls(ld, ret_failure);
	else if (strncmp(uri, "ldaps://", 8) == 0)
		r = start_ldaps(ld, ret_failure);
	if (r < 0) {
		connect_close(ld);
		return r;
	}
	*ret = ld;
	return 0;
}

int connect_bind(const struct settings *s, LDAP *ld, struct failure *ret_failure)
{
	struct berval none = {0, (char *)(uintptr_t)""}; /* there, and empty: who the certificate says */
	struct berval password = {s->password ? strlen(s->password) : 0, s->password};
	int code;

	if (!s->external && password.bv_len == 0)
		return refuse(ret_failure, SYNC_FAILURE_CREDENTIALS, "the password is empty");
	if (s->external)
		code = ldap_sasl_bind_s(ld, NULL, "EXTERNAL", &none, NULL, NULL, NULL);
	else
		code = ldap_sasl_bind_s(ld, s->bind_dn, LDAP_SASL_SIMPLE, &password, NULL, NULL, NULL);
	if (code == LDAP_SUCCESS)
		return 0;
	failure_of(ld, code, ret_failure);
	return -EIO;
}

void connect_close(LDAP *ld)
{
	if (ld)
		(void)ldap_unbind_ext(ld, NULL, NULL);
}
