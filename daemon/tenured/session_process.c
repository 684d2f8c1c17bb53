/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "daemon/tenured/session_process.h"

#define STAT_TEXT_MAX	4096
#define STATUS_TEXT_MAX 8192
#define FIELDS_BEHIND_NAME 20 /* state is field 3 of proc(5), starttime field 22 */

/* One unsigned or signed number at *p up to a blank or the end; moves behind it. */
static int number_take(const char **p, const char *end, int64_t *ret)
{
	const char *s = *p;
	bool negative = false;
	uint64_t value = 0;

	while (s < end && *s == ' ')
		s++;
	if (s < end && *s == '-') {
		negative = true;
		s++;
	}
	if (s == end || *s < '0' || *s > '9')
		return -EBADMSG;
	for (; s < end && *s >= '0' && *s <= '9'; s++) {
		if (value > (uint64_t)INT64_MAX / 10 - 1)
			value = (uint64_t)INT64_MAX / 10 - 1; /* addresses in later fields: no use here */
		value = value * 10 + (uint64_t)(*s - '0');
	}
	*ret = negative ? -(int64_t)value : (int64_t)value;
	*p = s;
	return 0;
}

/* The kernel's encoding of a device in one number (new_encode_dev). */
static dev_t device_decode(uint32_t n)
{
	return makedev((n >> 8) & 0xfff, (n & 0xff) | ((n >> 12) & 0xfff00));
}

int process_stat_parse(const char *text, size_t len, struct process_stat *ret)
{
	const char *end = text + len, *open = memchr(text, '(', len), *close = memrchr(text, ')', len);
	int64_t fields[FIELDS_BEHIND_NAME];

	if (!open || !close || close < open || end - close < 4 || close[1] != ' ' || close[2] == ' ')
		return -EBADMSG;
	const char *p = close + 3;
	for (size_t i = 1; i < FIELDS_BEHIND_NAME; i++) {
		int r = number_take(&p, end, &fields[i]);
		if (r < 0)
			return r;
	}
	if (fields[1] < 0 || fields[1] > INT32_MAX || fields[19] < 0)
		return -EBADMSG;
	size_t n = (size_t)(close - open - 1);
	if (n >= sizeof(ret->name))
		n = sizeof(ret->name) - 1;
	memcpy(ret->name, open + 1, n);
	ret->name[n] = '\0';
	ret->state = close[2];
	ret->parent = (pid_t)fields[1];
	ret->tty = fields[4] > 0 ? device_decode((uint32_t)fields[4]) : 0;
	ret->start = (uint64_t)fields[19];
	return 0;
}

/* The line that starts with prefix; NULL if there is none. *ret_len is without the prefix and the newline. */
static const char *line_find(const char *text, size_t len, const char *prefix, size_t *ret_len)
{
	size_t n = strlen(prefix);

	for (const char *line = text, *end = text + len; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t size = (size_t)((stop ? stop : end) - line);
		if (size >= n && memcmp(line, prefix, n) == 0) {
			*ret_len = size - n;
			return line + n;
		}
		line += size + 1;
	}
	return NULL;
}

int process_cgroup_parse(const char *text, size_t len, char *buf, size_t size)
{
	size_t n;
	const char *path = line_find(text, len, "0::", &n);

	if (!path || n == 0 || path[0] != '/' || memchr(path, '\0', n))
		return -EBADMSG;
	if (n >= size)
		return -ENAMETOOLONG;
	memcpy(buf, path, n);
	buf[n] = '\0';
	return 0;
}

int process_uids_parse(const char *text, size_t len, uid_t ret[4])
{
	size_t n;
	const char *line = line_find(text, len, "Uid:\t", &n);

	if (!line)
		return -EBADMSG;
	for (size_t i = 0; i < 4; i++) {
		int64_t value;
		const char *p = line;
		if (number_take(&p, line + n, &value) < 0 || value < 0 || value > UINT32_MAX)
			return -EBADMSG;
		ret[i] = (uid_t)value;
		size_t used = (size_t)(p - line);
		if (used < n && *p == '\t')
			used++;
		line += used;
		n -= used;
	}
	return 0;
}

/* /proc/PID/NAME into buf; the length, or -errno. */
static ssize_t proc_read(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	size_t used = 0;

	if (pid <= 0)
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	int fd CLEANUP(fd_closep) = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while (used < size) {
		ssize_t n = read(fd, buf + used, size - used);
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	return (ssize_t)used;
}

int process_stat_read(pid_t pid, struct process_stat *ret)
{
	char text[STAT_TEXT_MAX];
	ssize_t n = proc_read(pid, "stat", text, sizeof(text));

	return n < 0 ? (int)n : process_stat_parse(text, (size_t)n, ret);
}

int process_cgroup_read(pid_t pid, char *buf, size_t size)
{
	char text[STATUS_TEXT_MAX];
	ssize_t n = proc_read(pid, "cgroup", text, sizeof(text));

	return n < 0 ? (int)n : process_cgroup_parse(text, (size_t)n, buf, size);
}

int process_uids_read(pid_t pid, uid_t ret[4])
{
	char text[STATUS_TEXT_MAX];
	ssize_t n = proc_read(pid, "status", text, sizeof(text));

	return n < 0 ? (int)n : process_uids_parse(text, (size_t)n, ret);
}

int process_audit_session_read(pid_t pid, uint32_t *ret)
{
	char text[32];
	int64_t value;
	const char *p = text;
	ssize_t n = proc_read(pid, "sessionid", text, sizeof(text));

	if (n < 0)
		return (int)n;
	if (number_take(&p, text + n, &value) < 0 || value < 0 || value > UINT32_MAX)
		return -EBADMSG;
	*ret = (uint32_t)value;
	return 0;
}

int process_program_read(pid_t pid, struct process_program *ret)
{
	char path[64];
	struct stat st;

	if (pid <= 0)
		return -EINVAL;
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat(path, &st) < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	*ret = (struct process_program){st.st_dev, st.st_ino};
	return 0;
}

bool process_is(pid_t pid, uint64_t start)
{
	struct process_stat stat;

	return process_stat_read(pid, &stat) == 0 && stat.start == start && stat.state != 'Z' && stat.state != 'X';
}

int process_open(pid_t pid)
{
	if (pid <= 1)
		return -EINVAL;
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return fd < 0 ? -errno : fd;
}

int process_signal(int pidfd, int signal_number)
{
	if (pidfd < 0)
		return -EBADF;
	return syscall(SYS_pidfd_send_signal, pidfd, signal_number, NULL, 0) < 0 ? -errno : 0;
}

bool process_has_ended(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}
