/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SYNC_PASSWORD_H
#define TENURE_SYNC_PASSWORD_H

/*
 * A password held against the server, as draft-behera-ldap-password-policy and Active Directory tell of it. Both block
 * for as long as connect.h says, may run in any thread, and never say yes but for a bind that succeeded. text: for
 * people, clean; "" if there is nothing to say.
 */

#include "daemon/tenure-sync/connect.h"

enum sync_verdict password_check(const struct settings *s, const char *uri, const char *dn, const char *password,
				 char ret_text[static TEXT_LEN]) MUST_CHECK;
/* Password Modify (RFC 3062), as the entry itself. */
enum sync_verdict password_change(const struct settings *s, const char *uri, const char *dn, const char *password,
				  const char *new_password, char ret_text[static TEXT_LEN]) MUST_CHECK;

#endif
