/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SYNC_CONNECT_H
#define TENURE_SYNC_CONNECT_H

/*
 * A connection to one server. MUST: ldaps with certificate and name, or StartTLS with both, or ldapi; whatever does not
 * give that is a failure, never cleartext (T31); no referral is followed (T30); no password is empty (T1); no call waits
 * longer than its time.
 */

#include <ldap.h>

#include "daemon/tenure-sync/settings.h"

#define CONNECT_SECONDS 2 /* until a server takes the connection, and for TLS */
#define ANSWER_SECONDS  3 /* for any one answer */
#define TEXT_LEN	256

struct failure {
	enum sync_failure kind;
	char text[TEXT_LEN];
};

/* Connected and, but for ldapi, inside TLS; nobody yet. 0 and a handle for connect_close; -EIO: *ret_failure says why. */
int connect_open(const struct settings *s, const char *uri, LDAP **ret, struct failure *ret_failure) MUST_CHECK;
/* As the host itself. 0 or -EIO. */
int connect_bind(const struct settings *s, LDAP *ld, struct failure *ret_failure) MUST_CHECK;
void connect_close(LDAP *ld);

/* What an LDAP result means, with the server's words. */
void failure_of(LDAP *ld, int code, struct failure *ret);

#endif
