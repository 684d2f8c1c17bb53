/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_SYNC_H
#define TENURE_TENURED_SYNC_H

/*
 * Joins each LDAP tenant's worker, its mirror and the engine: what the worker says goes into the mirror, a batch that is
 * complete is published, and what is known of the server is there to be shown. A tenant's worker can do nothing to
 * another tenant: each has its own state here, and whatever does not follow sync_proto.h ends its worker.
 *
 * MUST: an incomplete batch has not happened; no cookie outlives the objects that it stands for; a sign of life counts
 * for freshness when what it vouches for is published, not before.
 */

#include "common/wire/sync_proto.h"
#include "daemon/tenured/engine.h"
#include "daemon/tenured/loop.h"

struct sync;

/* changed: something is to be settled. */
struct sync_hooks {
	void *context;
	void (*changed)(void *context);
};
int sync_new(struct loop *loop, struct engine *e, const struct sync_hooks *hooks, struct sync **ret) MUST_CHECK;
/* Ends all workers; logins that wait are told nothing any more. NULL is fine. */
void sync_free(struct sync *s);

/* A worker for each tenant in force whose source is LDAP, begun anew where its configuration changed. */
void sync_configure(struct sync *s);
/* Behind engine_tick: signs of life that count by now are written down. */
void sync_settle(struct sync *s);

/* For people. Strings are good until the next call of the loop. */
struct sync_status {
	bool connected, polls;
	const char *uri;     /* NULL: none yet */
	const char *trouble; /* why it is not connected, and what to do; NULL: it is */
	int64_t since_ns;    /* REALTIME: of that state */
	int64_t answered_ns; /* REALTIME; 0: not yet */
	size_t objects;
};
/* 0, -ENOENT: not an LDAP tenant in force. */
int sync_status(const struct sync *s, size_t tenant, struct sync_status *ret) MUST_CHECK;

/*
 * Binds as that principal in its tenant's worker (password: never empty, -EINVAL), or changes its password. done is
 * called once, from the loop: a verdict that is none of enum sync_verdict never arrives. text: for people, clean, or
 * NULL. The answer comes within SYNC_LOGIN_MS, or is SYNC_VERDICT_UNAVAILABLE. -ENOENT: the mirror has no such
 * principal; -ENOTCONN: nobody could be asked; -EBUSY: too many at once.
 */
#define SYNC_LOGIN_MS  15000
#define SYNC_LOGINS_MAX 64 /* of one tenant */
typedef void (*sync_login_fn)(void *context, enum sync_verdict verdict, const char *text);
struct sync_login;
int sync_login(struct sync *s, size_t tenant, const struct uuid *principal, const char *password, sync_login_fn done,
	       void *context, struct sync_login **ret) MUST_CHECK;
int sync_passwd(struct sync *s, size_t tenant, const struct uuid *principal, const char *password,
		const char *new_password, sync_login_fn done, void *context, struct sync_login **ret) MUST_CHECK;
/* done is not called any more. NULL is fine; not after done. */
void sync_login_cancel(struct sync_login *l);

#endif
