/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_STATE_H
#define TENURE_TENURED_STATE_H

/*
 * What the journal says, in memory: requests and grants, bindings of local logins, retired uids, the floor of the
 * clock. It changes through state_apply alone, by the same records in life and in replay, so that a broker that was
 * killed comes back as what it was. It judges nothing but what time and boot decide, and reads no clock.
 *
 * MUST: an id is activated once (T44); what is over stays over; a line that makes no sense changes nothing.
 */

#include "daemon/tenured/engine.h"

/* Finished requests are forgotten (by memory, not by the journal) after this. */
#define STATE_KEEP_NS (31 * 24 * 3600 * NS_PER_S)

/*
 * The floor of REALTIME: what the journal has seen, carried on by BOOTTIME, so that a clock that was set back revives
 * nothing. A jump forward beyond these is not believed as a floor (a wrong clock must not close the host for years);
 * root may set it (`journal-reset`, what "clock").
 */
#define FLOOR_JUMP_MAX	    (24 * 3600 * NS_PER_S)	 /* beyond what BOOTTIME says passed */
#define FLOOR_JUMP_BOOT_MAX (366 * 24 * 3600 * NS_PER_S) /* while the host was down */

struct time_floor {
	bool known, refused; /* refused: REALTIME is ahead of what we believe */
	struct uuid boot;
	struct instant at;
};
void floor_note(struct time_floor *f, const struct uuid *boot, const struct instant *at);
/* REALTIME raised to the floor. */
struct instant floor_apply(const struct time_floor *f, const struct uuid *boot, const struct instant *now);

struct binding {
	char *login;
	uid_t uid;
	struct uuid tenant_id, principal;
};

/* The uid is that principal's alone, for good. */
struct retired {
	uid_t uid;
	struct uuid tenant_id, principal;
};

struct policy_file {
	char *name;
	char sha256[JOURNAL_HEX_LEN + 1];
};

/* Where things stand in an array, by a hash of their key: state_index.c. */
struct state_slot {
	uint32_t hash, at; /* at: position + 1; 0: free */
};
struct state_index {
	struct state_slot *slots;
	size_t size, used; /* size: a power of two */
};

struct state {
	struct uuid boot; /* this one */
	struct request **requests;
	size_t request_count;
	struct state_index by_id;
	struct binding *bindings;
	size_t binding_count;
	struct retired *retired;
	size_t retired_count;
	struct policy_file *files;
	size_t file_count;
	struct time_floor floor;
	uint64_t nonsense; /* lines that changed nothing because they make no sense */
	uint64_t replayed;
};

void state_init(struct state *s, const struct uuid *boot);
void state_done(struct state *s);

/* journal_fn; context is the state. 0 or -ENOMEM. */
int state_apply(void *context, const struct journal_record *record) MUST_CHECK;
/* The same for a journal that is read from its beginning: what ended long before is forgotten on the way. */
int state_replay(void *context, const struct journal_record *record) MUST_CHECK;

/*
 * The request is over by that event, by hand: for when memory does not suffice for a record. False: it was so already,
 * or the event does not fit.
 */
bool state_end(struct request *r, enum journal_event event, const struct instant *at);

struct request *state_request(const struct state *s, const struct uuid *id);
const struct binding *state_binding_of_login(const struct state *s, const char *login);
const struct binding *state_binding_of_principal(const struct state *s, const struct uuid *tenant_id,
						 const struct uuid *principal);
/* As `retire` does, in memory alone. 0 or -ENOMEM. */
int state_add_retired(struct state *s, const struct retired *t) MUST_CHECK;
/* May the principal have that uid? */
bool state_uid_is_free(const struct state *s, const struct uuid *tenant_id, uid_t uid, const struct uuid *principal);
const char *state_policy_hash(const struct state *s, const char *file);

/*
 * Is it a grant that holds now, on this boot? now: without the floor, as gates read it. Whoever sets REALTIME back
 * gains nothing: BOOTTIME ends it.
 */
bool state_is_live(const struct state *s, const struct request *r, const struct instant *now);

/*
 * The window of a grant that begins now, on both clocks as gates read them (T40): the duration, or until the date that
 * bounds it, which is judged by the floor. Over at once if that has passed. It has no start: a clock that is set back
 * ends no grant.
 */
struct window state_grant_window(const struct instant *now, const struct instant *with_floor, int64_t duration_ns,
				 int64_t bound_ns);

/* Forgets what ended long ago. */
void state_trim(struct state *s, const struct instant *now);

void state_request_free(struct request *r);
uint32_t state_hash_id(const struct uuid *id);
/* 0 or -ENOMEM. */
int state_index_add(struct state_index *x, uint32_t hash, size_t at) MUST_CHECK;
/* The next position with that hash: *cursor is 0 at first. False: no more. */
bool state_index_next(const struct state_index *x, uint32_t hash, size_t *cursor, size_t *ret_at);
/* Empties it and keeps its room. */
void state_index_clear(struct state_index *x);
void state_index_done(struct state_index *x);

#endif
