/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "daemon/tenured/cgroup.h"

#define MOUNTINFO_MAX (1u << 20)

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

int cgroup_mount_parse(const char *text, size_t len, char *buf, size_t size)
{
	struct field root = {0}, point = {0};
	char path[PATH_MAX];
	int r = -ENOENT;

	for (const char *line = text, *end = text + len; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		if (!stop)
			stop = end;
		if (line_parse(line, stop, &root, &point) == 0) {
			bool whole = field_is(&root, "/");
			if ((whole || r < 0) && field_unescape(&point, path, sizeof(path)) == 0 && strlen(path) < size) {
				memcpy(buf, path, strlen(path) + 1);
				r = 0;
				if (whole)
					return 0;
			}
		}
		line = stop + 1;
	}
	return r;
}

static int mountinfo_read(char **ret, size_t *ret_len)
{
	size_t used = 0;

	int fd CLEANUP(fd_closep) = open(tenure_path(PATH_MOUNTINFO), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	char *text = malloc(MOUNTINFO_MAX);
	if (!text)
		return -ENOMEM;
	for (ssize_t n; used < MOUNTINFO_MAX && (n = read(fd, text + used, MOUNTINFO_MAX - used)) > 0;)
		used += (size_t)n;
	*ret = text;
	*ret_len = used;
	return 0;
}

int cgroup_root_open(void)
{
	char path[PATH_MAX], *text = NULL;
	struct statfs fs;
	size_t len = 0;

	int r = mountinfo_read(&text, &len);
	if (r == 0)
		r = cgroup_mount_parse(text, len, path, sizeof(path));
	free(text);
	if (r < 0)
		return r;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
		return fd;
	close(fd);
	return -ENOENT;
}
