/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SYNC_LOGIN_H
#define TENURE_SYNC_LOGIN_H

/*
 * Passwords: each is tried on a connection of its own, in a thread, so that neither the search nor another one waits.
 * MUST: no password is empty (T1); only a bind that succeeded is a yes, and whatever goes wrong is none; passwords are
 * wiped when they were used.
 */

#include "daemon/tenure-sync/settings.h"

#define LOGIN_THREADS_MAX 8
#define LOGINS_WAIT_MAX	  64

struct logins;

/* fd: where RESULT goes. settings: as long as it lives. 0 or -errno. */
int logins_new(int fd, const struct settings *settings, struct logins **ret) MUST_CHECK;
/* The server that is asked; NULL: none, so that nobody can be asked. uri: as long as it is set. */
void logins_server(struct logins *l, const char *uri);
/* LOGIN or PASSWD, whose answer comes when it is there. 0, -EBADMSG, -errno. */
int logins_take(struct logins *l, const struct sync_packet *p) MUST_CHECK;

#endif
