/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "daemon/tenured/journal_internal.h"

/*
 * To begin anew, in an order of which every part that a kill leaves is either the old journal, damaged as it was, or
 * one without its beginning, which is damage too and reads what was put aside; or the whole new one. So the new
 * segment is written under another name, the old ones are put aside, and it gets its name last.
 */
#define FRESH_FILE "reset.jsonl"

static int write_fresh(struct journal *j, const struct buffer *b)
{
	int r;

	if (unlinkat(j->folder_fd, FRESH_FILE, 0) < 0 && errno != ENOENT)
		return -errno;
	CLEANUP(fd_closep) int fd = openat(j->folder_fd, FRESH_FILE,
					   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	r = journal_write_whole(fd, b->data, b->len);
	if (r == 0 && fdatasync(fd) < 0)
		r = -errno;
	return r;
}

/* The head that is there already belongs to the segments beside it: it stays. */
static int put_head_aside(struct journal *j, int aside)
{
	if (faccessat(aside, "head", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return unlinkat(j->folder_fd, "head", 0) < 0 && errno != ENOENT ? -errno : 0;
	return renameat(j->folder_fd, "head", aside, "head") < 0 && errno != ENOENT ? -errno : 0;
}

/* All segments and the head into a folder of their own. */
static int put_aside(struct journal *j)
{
	struct journal_segment *segments = NULL;
	char name[40], newest[40];
	size_t count = 0;
	int r = journal_segments(j->folder_fd, &segments, &count, newest);

	if (r < 0)
		return r;
	journal_aside_name(j->chain.seq, name);
	if (mkdirat(j->folder_fd, name, 0700) < 0 && errno != EEXIST)
		r = -errno;
	CLEANUP(fd_closep) int aside =
		r < 0 ? -1 : openat(j->folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (r == 0 && aside < 0)
		r = -errno;
	for (size_t i = 0; r == 0 && i < count; i++)
		if (renameat(j->folder_fd, segments[i].name, aside, segments[i].name) < 0)
			r = -errno;
	free(segments);
	if (r == 0)
		r = put_head_aside(j, aside);
	if (r == 0 && (fsync(aside) < 0 || fsync(j->folder_fd) < 0))
		r = -errno;
	return r;
}

/* The last step of all: from here on the journal is the new one. */
static int name_fresh(struct journal *j, off_t length)
{
	char name[40];

	journal_segment_name(j->chain.seq + 1, name);
	j->fd = openat(j->folder_fd, FRESH_FILE, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (j->fd < 0)
		return -errno;
	if (renameat(j->folder_fd, FRESH_FILE, j->folder_fd, name) < 0 || fsync(j->folder_fd) < 0) {
		int r = -errno;

		fd_closep(&j->fd);
		return r;
	}
	j->length = length;
	j->tail_is_dirty = false;
	return 0;
}

static int begin_anew(struct journal *j, const struct buffer *b)
{
	const struct journal_chain none = {0};
	int r = write_fresh(j, b);

	if (r < 0)
		return r;
	fd_closep(&j->fd);
	fd_closep(&j->head_fd);
	r = put_aside(j);
	if (r == 0)
		r = journal_head_create(j->folder_fd, &none, &j->head_fd);
	return r == 0 ? name_fresh(j, (off_t)b->len) : r;
}

static int reset(struct journal *j, struct journal_entry *entries, size_t count)
{
	CLEANUP(buffer_done) struct buffer b = BUFFER(JOURNAL_FILE_MAX);
	struct journal_made *made = calloc(count, sizeof(*made));
	struct journal_chain chain = j->chain;
	uint64_t first = 0;
	int r = made ? journal_make_lines(j, entries, count, &chain, &b, made) : -ENOMEM;

	if (r == 0)
		r = begin_anew(j, &b);
	if (r == 0) {
		first = j->chain.seq + 1;
		j->chain = chain;
		journal_head_write(j->head_fd, &chain);
		j->damaged = j->failing = false;
	}
	if (made)
		journal_lines_done(j, entries, count, first, made);
	free(made);
	return r;
}

int journal_reset(struct journal *j, struct journal_entry *entries, size_t count)
{
	int r = j->damaged ? 0 : -EALREADY;

	if (entries[0].fields)
		(void)json_object_set_new(entries[0].fields, "trouble", json_string(j->trouble));
	if (r == 0)
		r = reset(j, entries, count);
	for (size_t i = 0; i < count; i++) {
		json_decref(entries[i].fields);
		entries[i].fields = NULL;
	}
	if (r == 0)
		(void)!journal_retry(j); /* what waits is written now, or waits on */
	return r;
}
