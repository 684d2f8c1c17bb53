/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_REPLY_H
#define TENURE_TENURED_REPLY_H

/* What the wire shows of requests, roles, sessions and journal lines: the types of io.tenure.varlink. */

#include "daemon/tenured/call.h"

/* All return a new reference, NULL without memory. viewer: who will read it. */
json_t *row_request(struct broker *b, const struct actor *viewer, const struct request *r) MUST_CHECK;
json_t *row_session(const struct session_view *s) MUST_CHECK;
json_t *row_event(const struct journal_record *record) MUST_CHECK;
/* Roles of one principal: assigned, eligible, activated, pending. */
json_t *rows_of_roles(struct broker *b, const struct actor *viewer, const struct actor *subject) MUST_CHECK;
/* Names of the administrative units that hold the principal. */
json_t *rows_of_units(struct broker *b, const struct actor *subject) MUST_CHECK;
/* The principal's own requests that are open or active. */
json_t *rows_of_requests(struct broker *b, const struct actor *viewer, const struct actor *subject) MUST_CHECK;

/* The directories in LDAP of all tenants, for root; of the own tenant, with policy.read; for others none. */
json_t *rows_of_directories(struct broker *b, const struct actor *viewer) MUST_CHECK;

/* Times and whole seconds as the wire has them; null for TIME_FOREVER and TIME_ALWAYS. */
json_t *json_time(int64_t realtime_ns) MUST_CHECK;
json_t *json_seconds(int64_t ns) MUST_CHECK;
json_t *json_text(const char *text) MUST_CHECK; /* NULL is null */
json_t *json_short_id(const struct uuid *id) MUST_CHECK; /* the null UUID is null */

/*
 * May the viewer do `right` to the subject (NULL: to this host)? Root may look at everything; anything that cannot be
 * read is a no.
 */
bool viewer_has_right(struct broker *b, const struct actor *viewer, enum right_kind right,
		      const struct actor *subject) MUST_CHECK;
/* May the viewer know of the request at all? Whoever may not hears that there is none (T20). */
bool viewer_may_see(struct broker *b, const struct actor *viewer, const struct request *r) MUST_CHECK;
/* May the viewer decide it now, step-up aside? */
bool viewer_may_decide(struct broker *b, const struct actor *viewer, const struct request *r) MUST_CHECK;
bool request_is_of(const struct request *r, const struct actor *who) MUST_CHECK;
/* Its principal holds its role at its scope now: the window of the grant that lasts longest. False: it does not. */
bool request_is_held(struct broker *b, const struct request *r, struct window *ret) MUST_CHECK;

/* Of its tenant too: ids are chosen by those who run directories, and two of them may choose the same. */
bool session_is_of(struct broker *b, const struct session_view *s, const struct actor *who) MUST_CHECK;
/* Root may know of every tenant, anybody else of the own one. */
bool viewer_may_know(const struct actor *viewer, size_t tenant) MUST_CHECK;
bool viewer_may_know_session(struct broker *b, const struct actor *viewer, const struct session_view *s) MUST_CHECK;

/*
 * By what a person typed: "alice", "alice@contoso.com", or the local login mapped to her; nobody of a tenant that the
 * viewer may not know of, not even as a name that is slower to miss. 0, -ENOENT, -errno. The actor says who is meant,
 * never who acts.
 */
int subject_find(struct broker *b, const struct actor *viewer, const char *text, struct actor *ret) MUST_CHECK;

#endif
