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

/* The old one may grow on while there can be no new one, as far as every batch still fits what is read of a file. */
static bool may_grow_on(const struct journal *j)
{
	return j->fd >= 0 && j->length < (off_t)(2 * JOURNAL_SEGMENT_MAX - BATCH_MAX * JOURNAL_LINE_MAX);
}

static int next_segment(struct journal *j)
{
	int fd;

	if (j->fd >= 0 && j->length < (off_t)JOURNAL_SEGMENT_MAX)
		return 0;
	fd = journal_segment_create(j->folder_fd, j->chain.seq + 1);
	if (fd < 0)
		return may_grow_on(j) ? 0 : fd;
	fd_closep(&j->fd);
	j->fd = fd;
	j->length = 0;
	return 0;
}

int journal_write_whole(int fd, const char *data, size_t len)
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

/* The tail is cut in the file that has it: before another one is begun. */
static int put_on_disk(struct journal *j, const char *data, size_t len)
{
	int r = cut_tail(j);

	if (r == 0)
		r = next_segment(j);
	if (r < 0)
		return r;
	j->tail_is_dirty = true;
	r = journal_write_whole(j->fd, data, len);
	if (r == 0 && fdatasync(j->fd) < 0)
		r = -errno;
	if (r < 0) {
		(void)cut_tail(j);
		return r;
	}
	j->tail_is_dirty = false;
	j->length += (off_t)len;
	return 0;
}

int journal_make_lines(struct journal *j, const struct journal_entry *entries, size_t count,
		       struct journal_chain *chain, struct buffer *b, struct journal_made *made)
{
	for (size_t i = 0; i < count; i++) {
		int r = journal_line_make(j, entries[i].event, entries[i].fields, chain, b, &made[i].line);

		if (r < 0)
			return r;
		memcpy(made[i].hash, chain->hash, sizeof(made[i].hash));
	}
	return 0;
}

void journal_lines_done(struct journal *j, const struct journal_entry *entries, size_t count, uint64_t first,
			struct journal_made *made)
{
	for (size_t i = 0; i < count; i++) {
		if (first > 0 && j->listener)
			j->listener(j->listener_context, first + i, journal_event_text(entries[i].event), made[i].line,
				    made[i].hash);
		json_decref(made[i].line);
	}
}

/* On disk: the chain goes on. The number of the first. */
static uint64_t acknowledge(struct journal *j, const struct journal_chain *chain)
{
	const uint64_t first = j->chain.seq + 1;

	j->chain = *chain;
	journal_head_write(j->head_fd, chain);
	return first;
}

int journal_write(struct journal *j, const struct journal_entry *entries, size_t count, uint64_t *ret_first)
{
	CLEANUP(buffer_done) struct buffer b = BUFFER(BATCH_MAX * (size_t)JOURNAL_LINE_MAX);
	struct journal_chain chain = j->chain;
	struct journal_made made[BATCH_MAX] = {0};
	int r = count > BATCH_MAX ? -E2BIG : journal_make_lines(j, entries, count, &chain, &b, made);

	if (r == 0)
		r = put_on_disk(j, b.data, b.len);
	if (r == 0)
		*ret_first = acknowledge(j, &chain);
	journal_lines_done(j, entries, count < BATCH_MAX ? count : BATCH_MAX, r == 0 ? *ret_first : 0, made);
	return r;
}

/* Whose ending it is, and no more: what takes no memory. */
static int write_plain(struct journal *j, const struct journal_entry *entry, uint64_t *ret_seq)
{
	struct journal_chain chain = j->chain;
	char line[JOURNAL_PLAIN_MAX];
	size_t len;
	int r = journal_line_plain(j, entry->event, &entry->id, &chain, line, &len);

	if (r == 0)
		r = put_on_disk(j, line, len);
	if (r < 0)
		return r;
	*ret_seq = acknowledge(j, &chain);
	if (j->listener)
		j->listener(j->listener_context, *ret_seq, journal_event_text(entry->event), NULL, chain.hash);
	return 0;
}

/* From here on only endings are taken, until journal_retry has brought everything to the disk. */
static void start_failing(struct journal *j, int error)
{
	struct journal_entry degrade = {.event = JOURNAL_DEGRADE};

	if (j->failing)
		return;
	j->failing = true;
	(void)snprintf(j->trouble, sizeof(j->trouble), "the journal cannot be written: %s", strerror(-error));
	degrade.fields = json_object();
	(void)json_object_set_new(degrade.fields, "reason", json_string(j->trouble));
	journal_wait(j, &degrade);
}

static bool disk_is_full(int error)
{
	return error == -ENOSPC || error == -EDQUOT;
}

/* Only its id can be said. */
static bool is_plain(const struct journal_entry *entry)
{
	return !entry->fields && !uuid_is_null(&entry->id);
}

/* How many of those that wait are one write. */
static size_t next_batch(const struct journal *j)
{
	size_t n = 1;

	while (!is_plain(&j->waiting[0]) && n < j->waiting_count && n < BATCH_MAX && !is_plain(&j->waiting[n]))
		n++;
	return n;
}

/* Writes all that waits, oldest first. */
static int drain(struct journal *j)
{
	while (j->waiting_count > 0) {
		const size_t n = next_batch(j);
		journal_listener listener = j->listener;
		uint64_t seq;

		j->listener = NULL; /* it heard of them when they happened */
		int r = is_plain(&j->waiting[0]) ? write_plain(j, &j->waiting[0], &seq)
						 : journal_write(j, j->waiting, n, &seq);

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
		const struct journal_entry recover = {.event = JOURNAL_RECOVER};

		r = journal_write(j, &recover, 1, &seq);
	}
	if (r < 0) {
		start_failing(j, r);
		return r;
	}
	j->failing = false;
	return 0;
}

static int write_once(struct journal *j, const struct journal_entry *entries, size_t count, uint64_t *ret_first)
{
	if (count == 1 && is_plain(entries))
		return write_plain(j, entries, ret_first);
	for (size_t i = 0; i < count; i++)
		if (is_plain(&entries[i]))
			return -ENOMEM; /* they go one by one */
	return journal_write(j, entries, count, ret_first);
}

/* -ENOMEM and -E2BIG are of these lines; -EAGAIN: memory ran out for those that waited before. */
static int write_endings(struct journal *j, const struct journal_entry *entries, size_t count, uint64_t *ret_first)
{
	int r = j->damaged ? -EROFS : drain(j);

	if (r < 0)
		return r == -ENOMEM || r == -E2BIG ? -EAGAIN : r;
	r = write_once(j, entries, count, ret_first);
	if (disk_is_full(r) && j->reserve_held) {
		journal_reserve_release(j);
		r = write_once(j, entries, count, ret_first);
		if (r == 0)
			start_failing(j, -ENOSPC); /* no room is kept any more: no grants until it is again */
	}
	return r;
}

/* A line that is its own obstacle goes without its words: its id is what counts. */
static void reduce(struct journal_entry *entry)
{
	json_t *less = NULL, *id = json_object_get(entry->fields, "id");

	if (uuid_is_null(&entry->id)) {
		less = json_object();
		if (id && less)
			(void)json_object_set(less, "id", id);
	}
	json_decref(entry->fields);
	entry->fields = less;
}

static bool is_own_obstacle(int error)
{
	return error == -E2BIG || error == -ENOMEM;
}

/* Endings take place. What cannot be written waits. Takes the fields. */
static void append_endings(struct journal *j, struct journal_entry *entries, size_t count, uint64_t *ret_first)
{
	int r = write_endings(j, entries, count, ret_first);

	if (is_own_obstacle(r) && count > 1) {
		for (size_t i = 0; i < count; i++) {
			uint64_t seq;

			append_endings(j, &entries[i], 1, &seq);
			if (i == 0)
				*ret_first = seq;
		}
		return;
	}
	if (r == -E2BIG || (r == -ENOMEM && !uuid_is_null(&entries->id))) {
		reduce(entries);
		r = write_endings(j, entries, 1, ret_first);
	}
	if (r < 0 && r != -EAGAIN && !is_own_obstacle(r) && !j->damaged)
		start_failing(j, r);
	for (size_t i = 0; i < count; i++) {
		if (r < 0)
			journal_wait(j, &entries[i]);
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
	struct journal_entry entry = {.event = journal_event_of(event), .fields = fields};

	if (entry.event == JOURNAL_EVENT_NONE) {
		json_decref(fields);
		return -EINVAL;
	}
	return journal_append_batch(j, &entry, 1, ret_seq);
}
