/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SYNC_SERVE_H
#define TENURE_SYNC_SERVE_H

/*
 * What serve.c, attempt.c and search*.c share: one connection at a time, and the one search on it. -EIO from any of them
 * with a struct failure: this connection is over; any other error: the process is.
 */

#include <ldap.h>

#include "daemon/tenure-sync/connect.h"
#include "daemon/tenure-sync/cookie.h"
#include "daemon/tenure-sync/entry.h"
#include "daemon/tenure-sync/login.h"
#include "daemon/tenure-sync/parts.h"
#include "daemon/tenure-sync/settings.h"

#define BACKOFF_FIRST_MS 500
#define BACKOFF_MAX_MS	 30000
#ifndef REREAD_MS /* and up to two fifths more: all of it once a day; a test cannot wait so long */
#define REREAD_MS INT64_C(72000000)
#endif
#define PAGE_SIZE	 500 /* Active Directory gives no more than 1000 at once */

/* Entries of a page of which attributes came in parts: each is read by itself, before the next page. */
#define READING_MAX   16384
#define READING_TRIES 3 /* of one that changes while it is read */
struct reading {
	struct in_parts {
		char *dn;
		struct uuid id;
		enum object_kind kind;
	} *entries;
	size_t count, at; /* at: the one that is read */
	bool under_way;	  /* the operation that is search.id is one of these */
	LDAPMessage *entry; /* with its first parts; NULL: asked for */
	struct entry_content content; /* of that */
	struct parts parts;
	int answers, outcome; /* entries of the answer; of the first: 0 or what parts_begin and parts_add return */
	unsigned tries;
	int64_t asked_ms;
};

struct search {
	int id;	     /* of its operation; -1: none, the next poll is waited for */
	bool polls;  /* no syncprov: all of it, page by page, again and again */
	bool told;   /* CONNECTED was said */
	bool refreshing, open, all; /* of the batch, as sync_proto.h has them */
	struct cookie next; /* in force with the batch */
	struct berval page; /* where the next page begins; bv_val NULL: at the beginning */
	struct reading reading;
	int heartbeat;	 /* id; -1: none is under way */
	int64_t reread_ms; /* when all of it is read again */
	int64_t heard_ms, heartbeat_ms, poll_ms; /* last message; when the heartbeat was sent; when to poll again */
};

struct server {
	int fd;
	struct settings settings;
	struct cookie cookie; /* what the broker has */
	LDAP *ld;	      /* NULL: not connected */
	size_t uri;	      /* of settings.uris: connected to, or to be tried next */
	unsigned rounds;      /* of all URIs, in vain */
	int64_t next_ms;      /* BOOTTIME: not before */
	struct search search;
	struct logins *logins;
	char *filter, *attributes[ATTRIBUTES_MAX];
	struct sync_packet packet;
};

int64_t now_ms(void);

/* attempt.c: one URI. s->ld is connected, bound, this tenant's and not behind. 0, -EIO. */
int attempt(struct server *s, struct failure *ret_failure) MUST_CHECK;

/* search.c: begins; takes what has arrived, at most TURN_MESSAGES; ends. */
#define TURN_MESSAGES 256
int search_begin(struct server *s, struct failure *ret_failure) MUST_CHECK;
/* *ret_wait_ms: until it is to be called again, if nothing arrives; 0: at once. */
int search_turn(struct server *s, int64_t *ret_wait_ms, struct failure *ret_failure) MUST_CHECK;
void search_end(struct server *s);

/* search_sync.c: messages of RFC 4533. */
int sync_begin(struct server *s, struct failure *ret_failure) MUST_CHECK;
int sync_entry(struct server *s, LDAPMessage *m, struct failure *ret_failure) MUST_CHECK;
int sync_info(struct server *s, LDAPMessage *m, struct failure *ret_failure) MUST_CHECK;
/* The search ended, which it should not. */
int sync_result(struct server *s, LDAPMessage *m, struct failure *ret_failure) MUST_CHECK;

/* search_poll.c: pages (RFC 2696). */
int poll_begin(struct server *s, struct failure *ret_failure) MUST_CHECK;
int poll_entry(struct server *s, LDAPMessage *m, struct failure *ret_failure) MUST_CHECK;
int poll_result(struct server *s, LDAPMessage *m, struct failure *ret_failure) MUST_CHECK;

/* Page, entry in parts, or the end of the batch: what comes next. */
int poll_next(struct server *s, struct failure *ret_failure) MUST_CHECK;

/* search_parts.c. Notes an entry in parts for later; false: it is none, or there are too many. */
bool reading_queue(struct server *s, const struct entry_content *entry);
/* Asks for the next entry. 1; 0: there is none any more; -errno. */
int reading_next(struct server *s, struct failure *ret_failure) MUST_CHECK;
/* May take the message over; then it is NULL. */
int reading_entry(struct server *s, LDAPMessage **m) MUST_CHECK;
int reading_result(struct server *s, LDAPMessage *m, struct failure *ret_failure) MUST_CHECK;
/* An answer is due within a heartbeat, whatever else the server says in the meantime. */
int reading_turn(struct server *s, int64_t *ret_wait_ms, struct failure *ret_failure) MUST_CHECK;
void reading_done(struct server *s);

/* batch.c: what is said to the broker. */
int say_connected(struct server *s) MUST_CHECK;
int say_failed(struct server *s, const struct failure *f) MUST_CHECK;
int say(struct server *s, enum sync_type type, unsigned flags) MUST_CHECK;
/* REFRESH, after CONNECTED if that was not said. */
int batch_begin(struct server *s, bool all) MUST_CHECK;
/* DELETED or PRESENT. uuids: 16 bytes each. */
int batch_uuids(struct server *s, enum sync_type type, const struct uuid *uuids, size_t count) MUST_CHECK;
/* DONE with search.next, or the cookie that there was: without one the broker would have none any more. */
int batch_end(struct server *s) MUST_CHECK;

/* wipe.c, before libldap begins: what it frees is wiped. */
void wipe_what_is_freed(void);

/* A failure that is no LDAP result. Returns -EIO. */
int fail(struct failure *ret, enum sync_failure kind, const char *text) MUST_CHECK;

#endif
