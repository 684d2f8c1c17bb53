/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/contain.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/wire/session_record.h"

/* ---- where cgroup2 is ---- */

/* mountinfo writes blank, tab, newline and backslash as \ooo. In place. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
		    s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

/* "41 31 0:38 / /sys/fs/cgroup/unified rw shared:7 - cgroup2 cgroup2 rw": the fifth field, if the type fits. */
static char *cgroup2_of_line(char *line)
{
	char *type = strstr(line, " - ");
	char *point = line;
	char *end;

	if (!type || strncmp(type + 3, "cgroup2 ", 8) != 0)
		return NULL;
	for (int i = 0; i < 4; i++) {
		point = strchr(point, ' ');
		if (!point)
			return NULL;
		point++;
	}
	end = strchr(point, ' ');
	if (!end || end > type)
		return NULL;
	*end = '\0';
	unescape(point);
	return point;
}

/* A line longer than the block is none of a cgroup. */
static int find_line(int fd, char *buf, size_t len)
{
	char block[8192];
	size_t have = 0;
	bool skip = false;

	for (;;) {
		ssize_t n = read(fd, block + have, sizeof(block) - 1 - have);
		char *line = block, *newline;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EOPNOTSUPP;
		have += (size_t)n;
		block[have] = '\0';
		while ((newline = memchr(line, '\n', have - (size_t)(line - block)))) {
			const char *point;

			*newline = '\0';
			point = skip ? NULL : cgroup2_of_line(line);
			skip = false;
			line = newline + 1;
			if (!point)
				continue;
			if (strlen(point) >= len)
				return -ENAMETOOLONG;
			memcpy(buf, point, strlen(point) + 1);
			return 0;
		}
		have -= (size_t)(line - block);
		memmove(block, line, have);
		if (have == sizeof(block) - 1) {
			skip = true;
			have = 0;
		}
	}
}

int cgroup2_mount(char *buf, size_t len)
{
	CLEANUP(fd_closep) int fd = open(tenure_path(PATH_MOUNTINFO), O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : find_line(fd, buf, len);
}

/* ---- into a cgroup of our own ---- */

static int open_folder(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int make_folder(int at, const char *name)
{
	if (mkdirat(at, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	return open_folder(at, name);
}

static int open_root(void)
{
	char mount[PATH_MAX];
	struct statfs fs;
	int fd, r = cgroup2_mount(mount, sizeof(mount));

	if (r < 0)
		return r;
	fd = open_folder(AT_FDCWD, mount);
	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC) {
		close(fd);
		return -EOPNOTSUPP;
	}
	return fd;
}

static int write_pid(int folder)
{
	CLEANUP(fd_closep) int fd = openat(folder, "cgroup.procs", O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	char pid[16];
	int len;

	if (fd < 0)
		return -errno;
	len = snprintf(pid, sizeof(pid), "%d", (int)getpid());
	return write(fd, pid, (size_t)len) == len ? 0 : -EIO;
}

static int enter_cgroup(const char *id)
{
	CLEANUP(fd_closep) int root = open_root();
	CLEANUP(fd_closep) int slice = -1;
	CLEANUP(fd_closep) int own = -1;
	char name[sizeof(SESSION_CGROUP_PREFIX) + UUID_TEXT_MAX];

	if (root < 0)
		return root;
	slice = make_folder(root, SESSION_CGROUP_SLICE);
	if (slice < 0)
		return slice;
	(void)snprintf(name, sizeof(name), SESSION_CGROUP_PREFIX "%s", id);
	own = make_folder(slice, name);
	if (own < 0)
		return own;
	return write_pid(own);
}

/* ---- the record ---- */

/* Field 22 of /proc/self/stat, counted from behind the last ')': a process may have any name (T37). */
static int start_time(char *buf, size_t len)
{
	CLEANUP(fd_closep) int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	char stat_line[1024];
	const char *at;
	size_t digits;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, stat_line, sizeof(stat_line) - 1);
	if (n <= 0)
		return -EIO;
	stat_line[n] = '\0';
	at = strrchr(stat_line, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return -EIO;
	digits = strspn(++at, "0123456789");
	if (digits == 0 || digits >= len)
		return -EIO;
	memcpy(buf, at, digits);
	buf[digits] = '\0';
	return 0;
}

static void add_time(struct buffer *b, const char *name, int64_t ns)
{
	if (ns != TIME_FOREVER)
		buffer_printf(b, "%s=%" PRId64 "\n", name, ns);
}

/* A control byte in a value would be another line. */
static int compose(struct buffer *b, const char *id, const struct broker_session_request *request,
		   const struct decision *decision)
{
	char start[24], boot[UUID_TEXT_MAX], grant[UUID_TEXT_MAX];
	struct uuid boot_id;
	struct instant now;
	int r = start_time(start, sizeof(start));

	if (r == 0)
		r = boot_id_read(&boot_id);
	if (r == 0)
		r = clock_system.now(&clock_system, &now);
	if (r < 0)
		return r;
	uuid_format(&boot_id, boot);
	if (text_check(request->service, TRANSACTION_USER_MAX) < 0 ||
	    text_check(request->target, TRANSACTION_USER_MAX) < 0)
		return -EILSEQ;
	buffer_printf(b, "version=%d\nid=%s\nkind=%s\nservice=%s\ninvoker=%u\ntarget=%s\n", SESSION_RECORD_VERSION, id,
		      request->kind, request->service, (unsigned)request->invoker, request->target);
	if (request->tty)
		buffer_printf(b, "tty=%s\n", request->tty);
	buffer_printf(b, "pid=%d\nstart=%s\nboot=%s\nopened=%" PRId64 "\n", (int)getpid(), start, boot,
		      now.realtime_ns);
	if (decision->role[0])
		buffer_printf(b, "role=%s\n", decision->role);
	if (!uuid_is_null(&decision->request)) {
		uuid_format(&decision->request, grant);
		buffer_printf(b, "request=%s\n", grant);
	}
	add_time(b, "end", decision->window.end_ns);
	add_time(b, "boot_end", decision->window.boot_end_ns);
	buffer_printf(b, "cgroup=/" SESSION_CGROUP_SLICE "/" SESSION_CGROUP_PREFIX "%s\n", id);
	return buffer_error(b);
}

static int record_path(const char *id, char *buf, size_t len)
{
	int n = snprintf(buf, len, "%s/%s" SESSION_RECORD_SUFFIX, tenure_path(PATH_SESSIONS), id);

	return n < 0 || (size_t)n >= len ? -ENAMETOOLONG : 0;
}

static int write_record(const char *id, const struct broker_session_request *request, const struct decision *decision)
{
	CLEANUP(buffer_done) struct buffer b = BUFFER(SESSION_RECORD_MAX);
	char path[PATH_MAX];
	int r = compose(&b, id, request, decision);

	if (r == 0)
		r = record_path(id, path, sizeof(path));
	if (r < 0)
		return r;
	if (mkdir(tenure_path(PATH_SESSIONS), 0700) < 0 && errno != EEXIST)
		return -errno;
	return safe_replace(path, b.data, b.len, 0600, (uid_t)-1, (gid_t)-1);
}

static int random_id(char buf[static UUID_TEXT_MAX])
{
	struct uuid id;

	if (getrandom(id.bytes, sizeof(id.bytes), GRND_NONBLOCK) != (ssize_t)sizeof(id.bytes))
		return -EIO;
	id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x40);
	id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80);
	uuid_format(&id, buf);
	return 0;
}

/* In the cgroup first: a record of a process that is not in there would say that it is over. */
static int contain_unattended(const struct broker_session_request *request, const struct decision *decision,
			      struct broker_session *ret)
{
	int r = random_id(ret->id);

	if (r == 0)
		r = enter_cgroup(ret->id);
	if (r == 0)
		r = write_record(ret->id, request, decision);
	return r;
}

int contain(const struct broker_session_request *request, const struct decision *decision,
	    struct broker_session *ret, bool *ret_unattended)
{
	int r = broker_session_open(request, ret);

	*ret_unattended = r == -ENOTCONN;
	return r == -ENOTCONN ? contain_unattended(request, decision, ret) : r;
}

/* True if nothing but the calling process is in its cgroup any more. */
static bool is_alone(int own)
{
	CLEANUP(fd_closep) int fd = openat(own, "cgroup.procs", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char pids[64], self[24];
	ssize_t n;
	int len = snprintf(self, sizeof(self), "%d\n", (int)getpid());

	if (fd < 0)
		return false;
	n = read(fd, pids, sizeof(pids));
	return n == len && memcmp(pids, self, (size_t)len) == 0;
}

/* Nobody adopted it: a record of a session in which nothing runs would only pile up. */
static void forget(const char *id)
{
	CLEANUP(fd_closep) int root = open_root();
	CLEANUP(fd_closep) int own = -1;
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), SESSION_CGROUP_SLICE "/" SESSION_CGROUP_PREFIX "%s", id);

	if (root < 0 || n < 0 || (size_t)n >= sizeof(path))
		return;
	own = open_folder(root, path);
	if (own >= 0 && is_alone(own) && record_path(id, path, sizeof(path)) == 0)
		(void)unlink(path);
}

void contain_close(const char *id)
{
	if (broker_session_close(id) == -ENOTCONN)
		forget(id);
}
