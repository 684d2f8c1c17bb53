/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_JOURNAL_H
#define TENURE_TENURED_JOURNAL_H

/*
 * The journal is the database (decision 6): one JSON line a state change, chained by hashes, on disk before anybody is
 * answered. Format: journal_format.h, tenure-journal(5).
 *
 * MUST: nothing is acknowledged before fdatasync; no line behind one that is not whole; a torn last write is cut off,
 * damage anywhere else stops granting and nothing else; endings go on in memory when the disk cannot take them, in
 * order, and are written before any other line. One broker: flock.
 */

#include <jansson.h>
#include <limits.h>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "daemon/tenured/journal_format.h"

struct journal;

/* JOURNAL_EVENT_NONE for a name that this version does not know. */
enum journal_event journal_event_of(const char *name);
const char *journal_event_text(enum journal_event event);
bool journal_event_is_ending(enum journal_event event);

/* A line that was read: the whole object and what each has. */
struct journal_record {
	uint64_t seq;
	struct instant at;
	struct uuid boot;
	enum journal_event event;
	const char *name; /* the event's, also one that is unknown */
	json_t *line;	  /* borrowed */
};

/* fn returns 0 to go on, anything else to stop with that value. */
typedef int (*journal_fn)(void *context, const struct journal_record *record);

/* What reading found. */
struct journal_report {
	uint64_t verified;   /* lines whose chain holds */
	uint64_t last_seq;
	uint64_t cut_bytes;  /* of a torn last write, cut off */
	bool damaged;
	char damage[160];    /* "journal-...418.jsonl:12: sum differs" */
};

/*
 * Opens the folder (created 0700 if missing), locks it, reads every line through fn, cuts off a torn last write. 0
 * (with report->damaged too: then lines behind the damage that are whole in themselves came through fn as well, and
 * only journal_reset makes it take lines again); -EBUSY (another broker), -EPERM (owner or mode), -errno, or fn's
 * value.
 */
int journal_open(const char *folder, struct clock_source *clock, journal_fn fn, void *context,
		 struct journal_report *report, struct journal **ret) MUST_CHECK;
void journal_close(struct journal *j);

/*
 * Appends one line and returns when it is on disk. Takes `fields` (an object; NULL: none) in every case. 0 with its
 * seq. For events that end something: never fails for the disk's sake; what could not be written is kept in memory
 * (and in a file of PATH_RUN, for a broker that dies meanwhile), *ret_seq is 0, and journal_retry writes it later. For
 * all others -EROFS while the journal is damaged or endings wait, -ENOSPC, -EDQUOT, -EIO, -E2BIG: nothing happened.
 */
int journal_append(struct journal *j, const char *event, json_t *fields, uint64_t *ret_seq) MUST_CHECK;

/*
 * Several lines in one write (at most 64 where not all are endings); all or none is acknowledged. Takes the fields in
 * every case. If all of them are endings: as journal_append says of these; without memory for its fields, the line of
 * an ending still says whose it is, by `id`, so that what was taken away never comes back.
 */
struct journal_entry {
	enum journal_event event;
	json_t *fields;
	struct uuid id; /* of the request; null: none */
};
int journal_append_batch(struct journal *j, struct journal_entry *entries, size_t count,
			 uint64_t *ret_first_seq) MUST_CHECK;

/* Tries what waits. 0: nothing waits any more. */
int journal_retry(struct journal *j);
size_t journal_waiting(const struct journal *j);

/* Why it takes no more than endings, or NULL. */
const char *journal_trouble(const struct journal *j);

/* Bytes to keep free for endings; takes them from the disk now. 0 or -errno: then the next grant tries again. */
int journal_set_reserve(struct journal *j, size_t bytes);

/*
 * Called behind each line, also for those that wait (seq 0, no hash). line: NULL if memory did not suffice for it.
 * hash: of the line, what the next one has as `prev`.
 */
typedef void (*journal_listener)(void *context, uint64_t seq, const char *event, json_t *line, const uint8_t *hash);
void journal_set_listener(struct journal *j, journal_listener fn, void *context);

/* Reads it all again, oldest first, and verifies it. 0, -errno or fn's value. */
int journal_each(struct journal *j, journal_fn fn, void *context, struct journal_report *report) MUST_CHECK;

/*
 * The same by and by: what was in it when the reading began. The journal outlives its readers. fn must not return
 * JOURNAL_READER_MORE.
 */
struct journal_reader;
#define JOURNAL_READER_MORE INT_MAX
int journal_reader_new(struct journal *j, journal_fn fn, void *context, struct journal_reader **ret) MUST_CHECK;
/* At most so many lines more. JOURNAL_READER_MORE: go on; else it is over: 0, -errno or fn's value. */
int journal_reader_step(struct journal_reader *r, size_t lines, struct journal_report *report) MUST_CHECK;
void journal_reader_free(struct journal_reader *r);

/*
 * After damage: puts the segments aside and begins anew with these lines, all or none: `journal-reset`, then what must
 * stay (bindings, retired ids). Takes the fields. 0; -EALREADY: it is not damaged; -E2BIG; -errno: it is as it was, or
 * damaged still, and may be tried again.
 */
int journal_reset(struct journal *j, struct journal_entry *entries, size_t count) MUST_CHECK;

uint64_t journal_last_seq(const struct journal *j);
const struct uuid *journal_boot(const struct journal *j);

/* Reads one segment from memory: what journal_open does to each file. For tests and fuzzing. */
struct journal_chain {
	uint64_t seq; /* of the last line; 0: none yet */
	uint8_t hash[JOURNAL_HASH_LEN];
};
/*
 * ret_good: the bytes up to the last line that holds. 0 (all of them hold), -EBADMSG with the line's number and why, or
 * fn's value. chain is carried on.
 */
int journal_scan(const char *data, size_t len, struct journal_chain *chain, journal_fn fn, void *context,
		 size_t *ret_good, size_t *ret_line, const char **ret_why) MUST_CHECK;

#endif
