/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_WORKER_H
#define TENURE_TENURED_WORKER_H

/*
 * A tenant's tenure-sync process: started without root, capabilities or descriptors but its own, in a pid namespace where
 * the kernel gives one; fed with its configuration; pinged; killed when it hangs, lies or floods; started again, later
 * each time it fails at once. What it says arrives by the callbacks, each packet checked in form; worker.c knows nothing
 * of directories.
 *
 * MUST: no call blocks; what one worker does never holds up another, or the loop: at most WORKER_PACKETS_TURN packets
 * are taken from it at a turn.
 */

#include "common/model/settings.h"
#include "common/wire/sync_proto.h"
#include "daemon/tenured/loop.h"

struct worker;

#define WORKER_PACKETS_TURN	 256
#define WORKER_PING_MS		 10000 /* between two */
#define WORKER_PING_ANSWER_MS	 20000 /* without one it is killed */
#define WORKER_RESTART_FIRST_MS	 100
#define WORKER_RESTART_MAX_MS	 60000
#define WORKER_USER		 "_tenure-sync"

struct worker_hooks {
	void *context;
	/* Started, to be told START by worker_start_sync. fields of HELLO are in p. */
	void (*hello)(void *context, const struct sync_packet *p);
	/* Everything but HELLO and PONG. A negative return ends the worker: it lied (the reason is logged). */
	int (*packet)(void *context, const struct sync_packet *p);
	/* It is gone, and comes back by itself. why: for people, static. */
	void (*gone)(void *context, const char *why);
	/*
	 * It cannot be started, and is tried again: "ldap-password" (its file: none, not root's alone, empty), "ldap-tls" (a
	 * certificate or key), "ldap-worker" (no process). Told at each try; HELLO says that it is over.
	 */
	void (*trouble)(void *context, const char *id, const char *place, const char *text);
};

/* WORKER_USER's, from /etc/passwd, never by NSS (we may be NSS). 0, -ENOENT, -EPERM: it has root's uid or group. */
struct worker_account {
	uid_t uid;
	gid_t gid;
};
int worker_account_find(const struct local_accounts *accounts, struct worker_account *ret) MUST_CHECK;

/*
 * Starts it at the loop's next turn. Copies what it needs of tenant, hooks and account. 0; -EINVAL: root's account;
 * -EMSGSIZE: a text of the configuration fits no packet; -errno. Every hook may free the worker.
 */
int worker_new(struct loop *loop, const struct tenant_config *tenant, const struct worker_account *account,
	       const struct worker_hooks *hooks, struct worker **ret) MUST_CHECK;
/* Ends the process; no callback comes any more. NULL is fine. */
void worker_free(struct worker *w);
/* START with that cookie (NULL: none). 0 or -errno. */
int worker_start_sync(struct worker *w, const void *cookie, size_t len) MUST_CHECK;
/* Another packet: LOGIN, PASSWD. 0; -ENOTCONN: none runs; -EAGAIN: it does not take it. */
int worker_send(struct worker *w, const struct sync_packet *p) MUST_CHECK;
/* Kills it; it comes back. why: static, for the log. */
void worker_restart(struct worker *w, const char *why);
bool worker_is_running(const struct worker *w);

#endif
