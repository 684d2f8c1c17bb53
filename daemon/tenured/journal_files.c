/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/base/text.h"
#include "daemon/tenured/journal_internal.h"

#define SEGMENT_PREFIX "journal-"
#define SEGMENT_SUFFIX ".jsonl"
#define ASIDE_PREFIX   "damaged-"
#define SEQ_DIGITS     20
#define HEAD_SIGNED    (SEQ_DIGITS + 1 + JOURNAL_HEX_LEN) /* the bytes that its sum covers */

void journal_segment_name(uint64_t seq, char name[static 40])
{
	(void)snprintf(name, 40, SEGMENT_PREFIX "%020" PRIu64 SEGMENT_SUFFIX, seq);
}

/* Twenty digits, zeros in front. */
static int read_seq(const char *digits, uint64_t *ret)
{
	char text[SEQ_DIGITS + 1];
	const char *first = text;

	memcpy(text, digits, SEQ_DIGITS);
	text[SEQ_DIGITS] = '\0';
	while (first[0] == '0' && first[1] != '\0')
		first++;
	return number_parse(first, INT64_MAX, ret);
}

static bool is_segment(const char *name, uint64_t *ret_seq)
{
	const size_t prefix = sizeof(SEGMENT_PREFIX) - 1;

	return strlen(name) == prefix + SEQ_DIGITS + sizeof(SEGMENT_SUFFIX) - 1 &&
	       memcmp(name, SEGMENT_PREFIX, prefix) == 0 && strcmp(name + prefix + SEQ_DIGITS, SEGMENT_SUFFIX) == 0 &&
	       read_seq(name + prefix, ret_seq) == 0;
}

static int compare_segments(const void *a, const void *b)
{
	const struct journal_segment *x = a, *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

static int add_segment(struct journal_segment **list, size_t *count, size_t *size, uint64_t seq)
{
	if (*count == *size) {
		size_t more = *size ? 2 * *size : 16;
		struct journal_segment *grown = reallocarray(*list, more, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		*list = grown;
		*size = more;
	}
	(*list)[*count].seq = seq;
	journal_segment_name(seq, (*list)[*count].name);
	(*count)++;
	return 0;
}

void journal_aside_name(uint64_t seq, char name[static 40])
{
	(void)snprintf(name, 40, ASIDE_PREFIX "%020" PRIu64, seq);
}

static void note_aside(const char *name, char newest[static 40])
{
	if (strncmp(name, ASIDE_PREFIX, sizeof(ASIDE_PREFIX) - 1) == 0 && strlen(name) < 40 && strcmp(name, newest) > 0)
		memcpy(newest, name, strlen(name) + 1);
}

int journal_segments(int folder_fd, struct journal_segment **ret, size_t *ret_count, char ret_put_aside[static 40])
{
	int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	size_t size = 0;
	int r = 0;

	*ret = NULL;
	*ret_count = 0;
	ret_put_aside[0] = '\0';
	if (!folder) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (errno = 0, entry = readdir(folder))) {
		uint64_t seq;

		if (is_segment(entry->d_name, &seq))
			r = add_segment(ret, ret_count, &size, seq);
		else
			note_aside(entry->d_name, ret_put_aside);
	}
	if (r == 0 && errno != 0)
		r = -errno;
	closedir(folder);
	if (r < 0) {
		free(*ret);
		*ret = NULL;
		*ret_count = 0;
	} else if (*ret_count > 1) {
		qsort(*ret, *ret_count, sizeof(**ret), compare_segments);
	}
	return r;
}

static ssize_t read_whole(int fd, char *data, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = read(fd, data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int journal_file_read(int folder_fd, const char *name, size_t max, char **ret, size_t *ret_len)
{
	CLEANUP(fd_closep) int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ELOOP ? -EPERM : -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != tenure_trusted_uid() || (st.st_mode & 077) != 0)
		return -EPERM;
	if ((uint64_t)st.st_size > max)
		return -EFBIG;
	char *data = malloc((size_t)st.st_size + 1);

	if (!data)
		return -ENOMEM;
	ssize_t n = read_whole(fd, data, (size_t)st.st_size);

	if (n < 0) {
		free(data);
		return (int)n;
	}
	data[n] = '\0';
	*ret = data;
	*ret_len = (size_t)n;
	return 0;
}

static void head_format(const struct journal_chain *chain, char text[static JOURNAL_HEAD_LEN + 1])
{
	char hash[JOURNAL_HEX_LEN + 1], sum[JOURNAL_HEX_LEN + 1];
	uint8_t digest[JOURNAL_HASH_LEN];

	journal_hex(chain->hash, hash);
	(void)snprintf(text, JOURNAL_HEAD_LEN + 1, "%020" PRIu64 " %s", chain->seq, hash);
	journal_sha256(text, HEAD_SIGNED, digest);
	journal_hex(digest, sum);
	(void)snprintf(text + HEAD_SIGNED, JOURNAL_HEAD_LEN + 1 - HEAD_SIGNED, " %s\n", sum);
}

int journal_head_read(int folder_fd, struct journal_chain *ret)
{
	char *text = NULL, expected[JOURNAL_HEAD_LEN + 1];
	size_t len = 0;
	int r = journal_file_read(folder_fd, "head", 4096, &text, &len);

	*ret = (struct journal_chain){0};
	if (r == -EPERM || r == -EFBIG)
		return -EBADMSG;
	if (r < 0)
		return r;
	r = -EBADMSG;
	if (len == JOURNAL_HEAD_LEN && read_seq(text, &ret->seq) == 0 &&
	    journal_unhex(text + SEQ_DIGITS + 1, ret->hash) == 0) {
		head_format(ret, expected);
		if (memcmp(text, expected, JOURNAL_HEAD_LEN) == 0)
			r = 0;
	}
	if (r < 0)
		*ret = (struct journal_chain){0};
	free(text);
	return r;
}

int journal_head_create(int folder_fd, const struct journal_chain *chain, int *ret_fd)
{
	char text[JOURNAL_HEAD_LEN + 1];
	int r = 0, fd = openat(folder_fd, "head", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	head_format(chain, text);
	ssize_t n = pwrite(fd, text, JOURNAL_HEAD_LEN, 0);

	if (n != JOURNAL_HEAD_LEN)
		r = n < 0 ? -errno : -ENOSPC;
	else if (ftruncate(fd, JOURNAL_HEAD_LEN) < 0 || fsync(fd) < 0 || fsync(folder_fd) < 0)
		r = -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

void journal_head_write(int head_fd, const struct journal_chain *chain)
{
	char text[JOURNAL_HEAD_LEN + 1];

	head_format(chain, text);
	/* The line itself is on disk. A head that lags detects less and refuses nothing. */
	if (head_fd >= 0 && pwrite(head_fd, text, JOURNAL_HEAD_LEN, 0) < 0)
		return;
}

int journal_segment_create(int folder_fd, uint64_t seq)
{
	char name[40];

	journal_segment_name(seq, name);
	int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	if (fsync(folder_fd) < 0) {
		int r = -errno;

		(void)unlinkat(folder_fd, name, 0);
		close(fd);
		return r;
	}
	return fd;
}

int journal_reserve_hold(struct journal *j)
{
	if (j->reserve == 0 || j->reserve_held)
		return 0;
	CLEANUP(fd_closep) int fd = openat(j->folder_fd, "reserve", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	int r = posix_fallocate(fd, 0, (off_t)j->reserve);

	if (r != 0) {
		(void)unlinkat(j->folder_fd, "reserve", 0);
		return -r;
	}
	j->reserve_held = true;
	return 0;
}

void journal_reserve_release(struct journal *j)
{
	(void)unlinkat(j->folder_fd, "reserve", 0);
	j->reserve_held = false;
}
