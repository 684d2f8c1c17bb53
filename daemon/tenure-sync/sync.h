/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SYNC_SYNC_H
#define TENURE_SYNC_SYNC_H

/*
 * tenure-sync: one tenant's LDAP directory, as packets (common/wire/sync_proto.h). main.c confines the process and says
 * HELLO; sync_serve does all the rest. It is the only program that links libldap.
 *
 * MUST: nothing of the environment, of a file (ldaprc) or of a referral decides where it connects or what it believes;
 * TLS with certificate and name, or ldapi; no empty password is ever sent (T1, T10, T30, T31); no call waits without a
 * deadline, and the broker's PING is answered while anything else is under way.
 */

#include "common/base/result.h"

#define SYNC_BROKER_FD 3

/* Reads CONFIG and START, then serves until the broker goes. Returns only then: 0, or -errno when it must end. */
int sync_serve(int fd) MUST_CHECK;

#endif
