/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "daemon/tenured/journal_internal.h"

static int open_folder(struct journal *j)
{
	struct stat st;

	if (mkdir(j->folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	j->folder_fd = open(j->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (j->folder_fd < 0 || fstat(j->folder_fd, &st) < 0)
		return -errno;
	if (st.st_uid != tenure_trusted_uid() || (st.st_mode & 077) != 0)
		return -EPERM;
	j->lock_fd = openat(j->folder_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (j->lock_fd < 0)
		return -errno;
	if (flock(j->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	return 0;
}

/* The last segment, cut behind its last whole line. */
static int open_segment(struct journal *j, uint64_t segment, size_t length)
{
	char name[40];
	struct stat st;

	if (segment == 0)
		return 0; /* none yet */
	journal_segment_name(segment, name);
	j->fd = openat(j->folder_fd, name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (j->fd < 0 || fstat(j->fd, &st) < 0)
		return -errno;
	j->length = (off_t)length;
	if (st.st_size > j->length && (ftruncate(j->fd, j->length) < 0 || fdatasync(j->fd) < 0))
		return -errno;
	return 0;
}

static int open_for_writing(struct journal *j, uint64_t segment, size_t length)
{
	int r = open_segment(j, segment, length);

	if (r < 0)
		return r;
	return journal_head_create(j->folder_fd, &j->chain, &j->head_fd);
}

static int read_and_open(struct journal *j, journal_fn fn, void *context, struct journal_report *report)
{
	uint64_t segment = 0;
	size_t length = 0;
	int r = journal_read_all(j->folder_fd, fn, context, report, &j->chain, &segment, &length);

	if (r != 0)
		return r;
	if (report->damaged) {
		j->damaged = true;
		(void)snprintf(j->trouble, sizeof(j->trouble), "the journal is damaged: %s", report->damage);
		if (report->last_seq > j->chain.seq)
			j->chain.seq = report->last_seq; /* numbers are never used twice */
	} else {
		r = open_for_writing(j, segment, length);
		if (r == -ENOSPC || r == -EDQUOT || r == -EIO || r == -EROFS) {
			j->damaged = true; /* no line is lost by that; a start with room on the disk heals it */
			(void)snprintf(j->trouble, sizeof(j->trouble), "the journal cannot be opened: %s", strerror(-r));
			r = 0;
		}
	}
	return r != 0 ? r : journal_wait_adopt(j, fn, context);
}

int journal_open(const char *folder, struct clock_source *clock, journal_fn fn, void *context,
		 struct journal_report *report, struct journal **ret)
{
	struct journal *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return -ENOMEM;
	j->folder_fd = j->lock_fd = j->head_fd = j->fd = -1;
	j->clock = clock;
	j->folder = strdup(folder);
	r = j->folder ? journal_wait_open(j) : -ENOMEM;
	if (r == 0)
		r = boot_id_read(&j->boot);
	if (r == 0)
		r = open_folder(j);
	if (r == 0)
		r = read_and_open(j, fn, context, report);
	if (r != 0) {
		journal_close(j);
		return r;
	}
	*ret = j;
	return 0;
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	for (size_t i = 0; i < j->waiting_count; i++)
		json_decref(j->waiting[i].fields);
	free(j->waiting);
	fd_closep(&j->fd);
	fd_closep(&j->head_fd);
	fd_closep(&j->lock_fd);
	fd_closep(&j->folder_fd);
	free(j->folder);
	free(j);
}

size_t journal_waiting(const struct journal *j)
{
	return j->waiting_count;
}

const char *journal_trouble(const struct journal *j)
{
	if (j->damaged || j->failing)
		return j->trouble;
	if (j->forgot)
		return "memory ran out for endings; start tenured anew";
	return j->waiting_count > 0 ? "endings wait for the journal" : NULL;
}

int journal_set_reserve(struct journal *j, size_t bytes)
{
	if (bytes != j->reserve) {
		journal_reserve_release(j);
		j->reserve = bytes;
	}
	return journal_reserve_hold(j);
}

void journal_set_listener(struct journal *j, journal_listener fn, void *context)
{
	j->listener = fn;
	j->listener_context = context;
}

int journal_each(struct journal *j, journal_fn fn, void *context, struct journal_report *report)
{
	struct journal_chain chain;
	uint64_t segment;
	size_t length;

	return journal_read_all(j->folder_fd, fn, context, report, &chain, &segment, &length);
}

uint64_t journal_last_seq(const struct journal *j)
{
	return j->chain.seq;
}

const struct uuid *journal_boot(const struct journal *j)
{
	return &j->boot;
}
