/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/base/cgroup_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"

/* Longer lines are none of a cgroup: they have no list of layers. */
#define MOUNT_LINE_MAX 8192

/* A field of a mountinfo line: up to a blank. */
struct field {
	const char *at;
	size_t len;
};

static bool field_next(const char **p, const char *end, struct field *ret)
{
	const char *s = *p;

	if (s >= end)
		return false;
	const char *stop = memchr(s, ' ', (size_t)(end - s));
	if (!stop)
		stop = end;
	*ret = (struct field){s, (size_t)(stop - s)};
	*p = stop < end ? stop + 1 : end;
	return ret->len > 0;
}

static bool field_is(const struct field *f, const char *text)
{
	return f->len == strlen(text) && memcmp(f->at, text, f->len) == 0;
}

/* Blanks, tabs, newlines and backslashes stand as \ooo. buf is good only behind 0. */
static int field_unescape(const struct field *f, char *buf, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < f->len; i++) {
		unsigned char c = (unsigned char)f->at[i];
		if (c == '\\') {
			if (f->len - i < 4)
				return -EBADMSG;
			unsigned value = 0;
			for (size_t k = 1; k <= 3; k++) {
				if (f->at[i + k] < '0' || f->at[i + k] > '7')
					return -EBADMSG;
				value = value * 8 + (unsigned)(f->at[i + k] - '0');
			}
			if (value == 0 || value > 255)
				return -EBADMSG;
			c = (unsigned char)value;
			i += 3;
		}
		if (n + 1 >= size || c == '\0')
			return -ENAMETOOLONG;
		buf[n++] = (char)c;
	}
	buf[n] = '\0';
	return buf[0] == '/' ? 0 : -EBADMSG;
}

/* "36 35 98:0 ROOT MOUNTPOINT OPTIONS TAGS... - TYPE SOURCE SUPER": 0 if it is a cgroup2, else -ENOENT. */
static int line_parse(const char *line, const char *end, struct field *ret_root, struct field *ret_point)
{
	struct field f;
	const char *p = line;

	for (unsigned i = 0; field_next(&p, end, &f); i++) {
		if (i == 3)
			*ret_root = f;
		if (i == 4)
			*ret_point = f;
		if (i >= 6 && field_is(&f, "-"))
			return field_next(&p, end, &f) && field_is(&f, "cgroup2") ? 0 : -ENOENT;
	}
	return -ENOENT;
}

/* What a search has found so far. */
struct search {
	char *buf;
	size_t size;
	bool found;
};

/* True if this is the one: no other is looked at. */
static bool line_take(struct search *s, const char *line, const char *end)
{
	struct field root = {0}, point = {0};
	char path[PATH_MAX];

	if (end - line >= MOUNT_LINE_MAX || line_parse(line, end, &root, &point) < 0)
		return false;
	bool whole = field_is(&root, "/");
	if ((!whole && s->found) || field_unescape(&point, path, sizeof(path)) < 0 || strlen(path) >= s->size)
		return false;
	memcpy(s->buf, path, strlen(path) + 1);
	s->found = true;
	return whole;
}

int cgroup_mount_parse(const char *text, size_t len, char *buf, size_t size)
{
	struct search s = {buf, size, false};

	for (const char *line = text, *end = text + len; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		if (!stop)
			stop = end;
		if (line_take(&s, line, stop))
			break;
		line = stop + 1;
	}
	return s.found ? 0 : -ENOENT;
}

/* Line by line, so that a host with thousands of mounts needs no more than another. */
static int lines_search(int fd, struct search *s)
{
	char block[MOUNT_LINE_MAX];
	size_t have = 0;
	bool skip = false; /* in a line that is too long */

	for (;;) {
		ssize_t n = read(fd, block + have, sizeof(block) - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : s->found ? 0 : -ENOENT;
		have += (size_t)n;
		const char *line = block, *end = block + have;
		for (const char *stop; (stop = memchr(line, '\n', (size_t)(end - line))); line = stop + 1) {
			if (!skip && line_take(s, line, stop))
				return 0;
			skip = false;
		}
		have = (size_t)(end - line);
		memmove(block, line, have);
		if (have == sizeof(block)) {
			skip = true;
			have = 0;
		}
	}
}

int cgroup_mount_find(char *buf, size_t size)
{
	struct search s = {buf, size, false};
	int fd CLEANUP(fd_closep) = open(tenure_path(PATH_MOUNTINFO), O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : lines_search(fd, &s);
}

int cgroup_mount_open(void)
{
	char path[PATH_MAX];
	struct statfs fs;

	int r = cgroup_mount_find(path, sizeof(path));
	if (r < 0)
		return r;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
		return fd;
	close(fd);
	return -ENOENT;
}
