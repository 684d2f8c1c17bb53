/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_JOURNAL_INTERNAL_H
#define TENURE_TENURED_JOURNAL_INTERNAL_H

/* What the files of the journal share among themselves; nobody else includes it. */

#include "common/base/buffer.h"
#include "daemon/tenured/journal.h"

/* A line that can be made without memory. */
#define JOURNAL_PLAIN_MAX 640

/* A line as it was made. */
struct journal_made {
	json_t *line;
	uint8_t hash[JOURNAL_HASH_LEN];
};

struct journal {
	char *folder;
	int folder_fd, lock_fd, head_fd, fd; /* fd: the current segment */
	off_t length;			     /* of the current segment, up to its last whole line */
	bool tail_is_dirty;		     /* bytes of a failed write may stand behind length */
	struct clock_source *clock;
	struct uuid boot;
	struct journal_chain chain;
	bool damaged, failing;
	char trouble[192];
	size_t reserve;
	bool reserve_held;
	struct journal_entry *waiting;
	size_t waiting_count, waiting_size;
	bool forgot; /* an ending that PATH_RUN alone has, for want of memory */
	journal_listener listener;
	void *listener_context;
};

/* journal_line.c */

/* The text of an object, the caller's; NULL: no memory. */
char *journal_dump(const json_t *object, size_t *ret_len) MUST_CHECK;
/*
 * Makes the line (with its newline) that follows *chain and carries *chain on. fields is borrowed. ret_line: the
 * object, the caller's. 0, -E2BIG, -ENOMEM, -errno of the clock.
 */
int journal_line_make(const struct journal *j, enum journal_event event, json_t *fields, struct journal_chain *chain,
		      struct buffer *out, json_t **ret_line) MUST_CHECK;
/* The same for an ending of which only the request's id can be said: takes no memory. 0 or -errno of the clock. */
int journal_line_plain(const struct journal *j, enum journal_event event, const struct uuid *id,
		       struct journal_chain *chain, char line[static JOURNAL_PLAIN_MAX], size_t *ret_len) MUST_CHECK;
/*
 * Reads a line (without newline) that is whole in itself: sum, form. ret->line is the caller's. 0 or -EBADMSG with
 * why. hash: of the line; prev: as it says.
 */
int journal_line_read(const char *line, size_t len, struct journal_record *ret, uint8_t hash[static JOURNAL_HASH_LEN],
		      uint8_t prev[static JOURNAL_HASH_LEN], const char **ret_why) MUST_CHECK;
void journal_hex(const uint8_t hash[static JOURNAL_HASH_LEN], char hex[static JOURNAL_HEX_LEN + 1]);
int journal_unhex(const char *hex, uint8_t hash[static JOURNAL_HASH_LEN]) MUST_CHECK;
void journal_sha256(const void *data, size_t len, uint8_t hash[static JOURNAL_HASH_LEN]);

/* journal_files.c */

struct journal_segment {
	uint64_t seq;
	char name[40];
};
/* Oldest first; the caller frees. ret_put_aside: the name of the newest damaged-SEQ folder, "" if there is none. */
int journal_segments(int folder_fd, struct journal_segment **ret, size_t *ret_count,
		     char ret_put_aside[static 40]) MUST_CHECK;
void journal_aside_name(uint64_t seq, char name[static 40]);
void journal_segment_name(uint64_t seq, char name[static 40]);
/* Reads a file of the folder whole. 0, -EPERM, -EFBIG, -errno. */
int journal_file_read(int folder_fd, const char *name, size_t max, char **ret, size_t *ret_len) MUST_CHECK;
/* 0, -ENOENT, -EBADMSG. */
int journal_head_read(int folder_fd, struct journal_chain *ret) MUST_CHECK;
/* Creates it if need be (ret_fd), on disk. */
int journal_head_create(int folder_fd, const struct journal_chain *chain, int *ret_fd) MUST_CHECK;
void journal_head_write(int head_fd, const struct journal_chain *chain);
/* A fresh segment that begins with line seq, on disk. A descriptor or -errno. */
int journal_segment_create(int folder_fd, uint64_t seq) MUST_CHECK;
int journal_reserve_hold(struct journal *j) MUST_CHECK;
void journal_reserve_release(struct journal *j);

/* journal_read.c */

/* Reads all segments through fn and holds them against head. chain: as far as it holds. */
int journal_read_all(int folder_fd, journal_fn fn, void *context, struct journal_report *report,
		     struct journal_chain *chain, uint64_t *ret_last_segment, size_t *ret_last_length) MUST_CHECK;

/* journal_wait.c */

/* Takes the entry's fields. What finds no memory is in the file of PATH_RUN alone, and trouble says so. */
void journal_wait(struct journal *j, const struct journal_entry *entry);
int journal_wait_open(struct journal *j) MUST_CHECK;
/* Endings that a broker left in PATH_RUN when it died: they wait again and come through fn. */
int journal_wait_adopt(struct journal *j, journal_fn fn, void *context) MUST_CHECK;
void journal_wait_done(struct journal *j);

/* journal_append.c */

/* One write, one fdatasync, head. Fields are borrowed. */
int journal_write(struct journal *j, const struct journal_entry *entries, size_t count, uint64_t *ret_first) MUST_CHECK;
/* Its parts, for journal_reset.c. made: count of them, zeroed. */
int journal_make_lines(struct journal *j, const struct journal_entry *entries, size_t count,
		       struct journal_chain *chain, struct buffer *b, struct journal_made *made) MUST_CHECK;
int journal_write_whole(int fd, const char *data, size_t len) MUST_CHECK;
/* Tells the listener (first: of their numbers; 0: of nothing) and frees the lines. */
void journal_lines_done(struct journal *j, const struct journal_entry *entries, size_t count, uint64_t first,
			struct journal_made *made);

#endif
