/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_SERVER_H
#define TENURE_TENURED_SERVER_H

/*
 * The two sockets, their connections, their limits. MUST: bad input ends the client that sent it and nobody else (T18);
 * one uid cannot take what the others need (T17); who cannot be identified is not served (T16).
 */

#include "daemon/tenured/broker.h"

#define CONNECTIONS_MAX		4096
#define CONNECTIONS_PER_UID_MAX 64
#define CONNECTIONS_ROOT_MAX	512  /* of uid 0: PAM of many logins at once */
#define IDLE_SECONDS		300  /* between calls */
#define MIDWAY_SECONDS		10   /* from a message's first byte to its last; for a reader that does not read */

/* Listens: on what systemd handed over, else on sockets of its own. 0 or -errno. */
int server_new(struct broker *b, struct server **ret) MUST_CHECK;
/* Drops all connections. */
void server_free(struct server *s);

/* Requests, grants or sessions changed: the calls that watch are told. */
void server_changed(struct server *s);

size_t server_connections(const struct server *s);

#endif
