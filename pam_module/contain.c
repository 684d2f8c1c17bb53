/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pam_module/contain.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "common/base/cgroup_mount.h"
#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/wire/session_record.h"

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
	int fd = cgroup_mount_open();

	return fd == -ENOENT ? -EOPNOTSUPP : fd;
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

/* ---- back into the session that we were started in ---- */

/* "0::/tenure.slice/tenure-UUID\n" of /proc/PID/cgroup: the path, or -ENOENT. */
static int cgroup_of(pid_t pid, char buf[static PATH_MAX])
{
	char path[48], text[PATH_MAX + 512];
	CLEANUP(fd_closep) int fd = -1;
	char *line, *end;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return n < 0 ? -errno : -ENOENT;
	text[n] = '\0';
	line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
	if (!line)
		return -ENOENT;
	line = strchr(line, '/');
	end = line ? strchr(line, '\n') : NULL;
	if (!end || (size_t)(end - line) >= PATH_MAX)
		return -ENOENT;
	memcpy(buf, line, (size_t)(end - line));
	buf[end - line] = '\0';
	return 0;
}

/* Behind "tenure-UUID" or "tenure-UUID.scope" at the start of a component; NULL: it is none of ours. */
static const char *component_end(const char *component)
{
	const char *id = component + sizeof(SESSION_CGROUP_PREFIX) - 1;
	char text[UUID_TEXT_MAX];
	struct uuid uuid;

	if (strncmp(component, SESSION_CGROUP_PREFIX, sizeof(SESSION_CGROUP_PREFIX) - 1) != 0 ||
	    strnlen(id, UUID_TEXT_MAX - 1) < UUID_TEXT_MAX - 1)
		return NULL;
	memcpy(text, id, UUID_TEXT_MAX - 1);
	text[UUID_TEXT_MAX - 1] = '\0';
	id += UUID_TEXT_MAX - 1;
	if (strncmp(id, ".scope", 6) == 0)
		id += 6;
	return uuid_parse(text, &uuid) == 0 && (*id == '\0' || *id == '/') ? id : NULL;
}

/* Behind the innermost component of ours, or NULL. */
static const char *contained_end(const char *path)
{
	const char *found = NULL;

	for (const char *at = path; (at = strchr(at, '/')); at++) {
		const char *end = component_end(at + 1);

		found = end ? end : found;
	}
	return found;
}

bool cgroup_path_is_contained(const char *path)
{
	return contained_end(path) != NULL;
}

/* The session's cgroup that we are in, as a path; "": none. */
static void find_outer(char buf[static PATH_MAX])
{
	const char *end = cgroup_of(getpid(), buf) == 0 && !strstr(buf, "/..") ? contained_end(buf) : NULL;

	buf[end ? end - buf : 0] = '\0';
}

/* Inside of the session that we are in, so that its end is ours too; else in the slice. */
static int enter_cgroup(const char *id, const char *outer)
{
	CLEANUP(fd_closep) int root = open_root();
	CLEANUP(fd_closep) int folder = -1;
	CLEANUP(fd_closep) int own = -1;
	char name[sizeof(SESSION_CGROUP_PREFIX) + UUID_TEXT_MAX];

	if (root < 0)
		return root;
	folder = outer[0] ? open_folder(root, outer + 1) : make_folder(root, SESSION_CGROUP_SLICE);
	if (folder < 0)
		return folder;
	(void)snprintf(name, sizeof(name), SESSION_CGROUP_PREFIX "%s", id);
	own = make_folder(folder, name);
	return own < 0 ? own : write_pid(own);
}

int contain_stay(void)
{
	CLEANUP(fd_closep) int root = -1;
	CLEANUP(fd_closep) int folder = -1;
	char parent[PATH_MAX], own[PATH_MAX];

	/* What cannot be read is no session of ours to return to. */
	if (cgroup_of(getppid(), parent) < 0 || strstr(parent, "/..") || !cgroup_path_is_contained(parent))
		return 0;
	if (cgroup_of(getpid(), own) == 0 && cgroup_path_is_contained(own))
		return 0;
	root = open_root();
	if (root < 0)
		return root;
	folder = open_folder(root, parent + 1);
	return folder < 0 ? folder : write_pid(folder);
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
		   const struct decision *decision, const char *outer)
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
	if (request->groups)
		buffer_printf(b, "groups=%s\n", request->groups);
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
	if (outer[0])
		buffer_printf(b, "parent=%s\n", outer);
	return buffer_error(b);
}

static int record_path(const char *id, char *buf, size_t len)
{
	int n = snprintf(buf, len, "%s/%s" SESSION_RECORD_SUFFIX, tenure_path(PATH_SESSIONS), id);

	return n < 0 || (size_t)n >= len ? -ENAMETOOLONG : 0;
}

static int write_record(const char *id, const struct broker_session_request *request, const struct decision *decision,
			const char *outer)
{
	CLEANUP(buffer_done) struct buffer b = BUFFER(SESSION_RECORD_MAX);
	char path[PATH_MAX];
	int r = compose(&b, id, request, decision, outer);

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

/* A file larger than its writer's limit raises SIGXFSZ. */
static int check_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) < 0)
		return -errno;
	return limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= SESSION_RECORD_MAX ? 0 : -EFBIG;
}

/* In the cgroup first: a record of a process that is not in there would say that it is over. */
static int contain_unattended(const struct broker_session_request *request, const struct decision *decision,
			      struct broker_session *ret)
{
	char outer[PATH_MAX];
	int r = check_file_limit();

	find_outer(outer);
	if (r == 0)
		r = random_id(ret->id);
	if (r == 0)
		r = enter_cgroup(ret->id, outer);
	if (r == 0)
		r = write_record(ret->id, request, decision, outer);
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
	char path[PATH_MAX], nested[PATH_MAX];
	int n = snprintf(path, sizeof(path), SESSION_CGROUP_SLICE "/" SESSION_CGROUP_PREFIX "%s", id);

	if (root < 0 || n < 0 || (size_t)n >= sizeof(path))
		return;
	own = open_folder(root, path);
	if (own == -ENOENT && cgroup_of(getpid(), nested) == 0 && strstr(nested, id))
		own = open_folder(root, nested + 1);
	if (own >= 0 && is_alone(own) && record_path(id, path, sizeof(path)) == 0)
		(void)unlink(path);
}

void contain_close(const char *id)
{
	if (broker_session_close(id) == -ENOTCONN)
		forget(id);
}
