/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "daemon/tenured/journal_internal.h"

/* A batch: several lines that stand or fall together. */
#define BATCH_MAX 64

/* Nothing may ever stand behind a line that is not whole. */
static int cut_tail(struct journal *j)
{
	if (!j->tail_is_dirty)
		return 0;
	if (ftruncate(j->fd, j->length) < 0)
		return -errno;
	j->tail_is_dirty = false;
	return 0;
}

static int next_segment(struct journal *j)
{
	int fd;

	if (j->fd >= 0 && j->length < (off_t)JOURNAL_SEGMENT_MAX)
		return 0;
	fd = journal_segment_create(j->folder_fd, j->chain.seq + 1);
	if (fd < 0)
		return j->fd >= 0 ? 0 : fd; /* the old one grows on */
	fd_closep(&j->fd);
	j->fd = fd;
	j->length = 0;
	return 0;
}

static int write_whole(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENOSPC;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int put_on_disk(struct journal *j, const struct buffer *b)
{
	int r = next_segment(j);

	if (r == 0)
		r = cut_tail(j);
	if (r < 0)
		return r;
	j->tail_is_dirty = true;
	r = write_whole(j->fd, b->data, b->len);
	if (r == 0 && fdatasync(j->fd) < 0)
		r = -errno;
	if (r < 0) {
		(void)cut_tail(j);
		return r;
	}
	j->tail_is_dirty = false;
	j->length += (off_t)b->len;
	return 0;
}

static int make_lines(struct journal *j, const struct journal_entry *entries, size_t count, struct journal_chain *chain,
		      struct buffer *b, json_t **lines)
{
	for (size_t i = 0; i < count; i++) {
		int r = journal_line_make(j, entries[i].event, entries[i].fields, chain, b, &lines[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

int journal_write(struct journal *j, const struct journal_entry *entries, size_t count, uint64_t *ret_first)
{
	CLEANUP(buffer_done) struct buffer b = BUFFER(BATCH_MAX * (size_t)JOURNAL_LINE_MAX);
	struct journal_chain chain = j->chain;
	json_t *lines[BATCH_MAX] = {NULL};
	int r = count > BATCH_MAX ? -E2BIG : make_lines(j, entries, count, &chain, &b, lines);

	if (r == 0)
		r = put_on_disk(j, &b);
	if (r == 0) {
		*ret_first = j->chain.seq + 1;
		j->chain = chain;
		journal_head_write(j->head_fd, &chain);
	}
	for (size_t i = 0; i < count && i < BATCH_MAX; i++) {
		if (r == 0 && j->listener)
			j->listener(j->listener_context, *ret_first + i, journal_event_text(entries[i].event), lines[i]);
		json_decref(lines[i]);
	}
	return r;
}

/* From here on only endings are taken, until journal_retry has brought everything to the disk. */
static void start_failing(struct journal *j, int error)
{
	json_t *fields;

	if (j->failing)
		return;
	j->failing = true;
	(void)snprintf(j->trouble, sizeof(j->trouble), "the journal cannot be written: %s", strerror(-error));
	fields = json_object();
	(void)json_object_set_new(fields, "reason", json_string(j->trouble));
	journal_wait(j, JOURNAL_DEGRADE, fields);
}

static bool disk_is_full(int error)
{
	return error == -ENOSPC || error == -EDQUOT;
}

/* Writes all that waits, oldest first. */
static int drain(struct journal *j)
{
	while (j->waiting_count > 0) {
		struct journal_entry entries[BATCH_MAX];
		size_t n = j->waiting_count < BATCH_MAX ? j->waiting_count : BATCH_MAX;
		uint64_t seq;

		for (size_t i = 0; i < n; i++)
			entries[i] = (struct journal_entry){j->waiting[i].event, j->waiting[i].fields};
		journal_listener listener = j->listener;

		j->listener = NULL; /* it heard of them when they happened */
		int r = journal_write(j, entries, n, &seq);

		j->listener = listener;
		if (disk_is_full(r) && j->reserve_held) {
			journal_reserve_release(j);
			continue;
		}
		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i++)
			json_decref(j->waiting[i].fields);
		j->waiting_count -= n;
		memmove(j->waiting, j->waiting + n, j->waiting_count * sizeof(*j->waiting));
	}
	journal_wait_done(j);
	return 0;
}

int journal_retry(struct journal *j)
{
	uint64_t seq;
	int r;

	if (j->damaged)
		return -EROFS;
	r = drain(j);
	if (r == 0)
		r = journal_reserve_hold(j);
	if (r == 0 && j->failing) {
		const struct journal_entry recover = {JOURNAL_RECOVER, NULL};

		r = journal_write(j, &recover, 1, &seq);
	}
	if (r < 0) {
		start_failing(j, r);
		return r;
	}
	j->failing = false;
	return 0;
}

/* Without its words, but with its id: a line that is its own obstacle. */
static json_t *reduced(json_t *fields)
{
	json_t *id = json_object_get(fields, "id"), *less = json_object();

	if (id && less)
		(void)json_object_set(less, "id", id);
	json_decref(fields);
	return less;
}

static int write_endings(struct journal *j, const struct journal_entry *entries, size_t count, uint64_t *ret_first)
{
	int r = j->damaged ? -EROFS : drain(j);

	if (r == 0)
		r = journal_write(j, entries, count, ret_first);
	if (disk_is_full(r) && j->reserve_held && j->waiting_count == 0) {
		journal_reserve_release(j);
		r = journal_write(j, entries, count, ret_first);
		if (r == 0)
			start_failing(j, -ENOSPC); /* no room is kept any more: no grants until it is again */
	}
	return r;
}

/* Endings take place. What cannot be written waits. Takes the fields. */
static void append_endings(struct journal *j, struct journal_entry *entries, size_t count, uint64_t *ret_first)
{
	int r = write_endings(j, entries, count, ret_first);

	if (r < 0 && r != -E2BIG && r != -ENOMEM && !j->damaged)
		start_failing(j, r);
	for (size_t i = 0; i < count; i++) {
		if (r < 0)
			journal_wait(j, entries[i].event, r == -E2BIG ? reduced(entries[i].fields) : entries[i].fields);
		else
			json_decref(entries[i].fields);
		entries[i].fields = NULL;
	}
	if (r < 0)
		*ret_first = 0;
}

static void free_entries(struct journal_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		json_decref(entries[i].fields);
		entries[i].fields = NULL;
	}
}

static bool all_are_endings(const struct journal_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!journal_event_is_ending(entries[i].event))
			return false;
	return true;
}

int journal_append_batch(struct journal *j, struct journal_entry *entries, size_t count, uint64_t *ret_first_seq)
{
	int r = 0;

	if (all_are_endings(entries, count)) {
		for (size_t i = 0; i < count; i += BATCH_MAX) {
			uint64_t seq;

			append_endings(j, entries + i, count - i < BATCH_MAX ? count - i : BATCH_MAX, &seq);
			if (i == 0)
				*ret_first_seq = seq;
		}
		return 0;
	}
	if (j->damaged || j->failing || j->waiting_count > 0)
		r = -EROFS;
	if (r == 0)
		r = journal_reserve_hold(j);
	if (r == 0)
		r = journal_write(j, entries, count, ret_first_seq);
	if (r < 0 && r != -EROFS && r != -E2BIG && r != -ENOMEM)
		start_failing(j, r);
	free_entries(entries, count);
	return r;
}

int journal_append(struct journal *j, const char *event, json_t *fields, uint64_t *ret_seq)
{
	struct journal_entry entry = {journal_event_of(event), fields};

	if (entry.event == JOURNAL_EVENT_NONE) {
		json_decref(fields);
		return -EINVAL;
	}
	return journal_append_batch(j, &entry, 1, ret_seq);
}
