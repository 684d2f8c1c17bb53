/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "common/wire/session_record.h"
#include "daemon/tenured/cgroup.h"
#include "daemon/tenured/session_process.h"

#define DEPTH_MAX  32 /* of cgroups below a session's */
#define ROUNDS_MAX 64 /* freeze and kill, until nothing new is seen */

void cgroup_name(const struct uuid *session, enum cgroup_form form, char buf[static CGROUP_NAME_MAX])
{
	static const char *const endings[] = {"", ".scope"};
	char id[UUID_TEXT_MAX];

	uuid_format(session, id);
	snprintf(buf, CGROUP_NAME_MAX, SESSION_CGROUP_PREFIX "%s%s", id, endings[form]);
}

bool cgroup_name_is_ours(const char *name)
{
	struct uuid session;

	return cgroup_name_parse(name, &session);
}

bool cgroup_name_parse(const char *name, struct uuid *ret_session)
{
	char id[UUID_TEXT_MAX], expected[CGROUP_NAME_MAX];
	size_t prefix = strlen(SESSION_CGROUP_PREFIX);

	if (strlen(name) < prefix + UUID_TEXT_MAX - 1)
		return false;
	memcpy(id, name + prefix, UUID_TEXT_MAX - 1);
	id[UUID_TEXT_MAX - 1] = '\0';
	if (uuid_parse(id, ret_session) < 0)
		return false;
	/* What we would write ourselves, and nothing else: no upper case, no other ending. */
	for (enum cgroup_form form = CGROUP_PLAIN; form <= CGROUP_SCOPE; form++) {
		cgroup_name(ret_session, form, expected);
		if (strcmp(expected, name) == 0)
			return true;
	}
	return false;
}

static int slice_openat(int slice, const char *name)
{
	if (!cgroup_name_is_ours(name))
		return -EINVAL;
	int fd = openat(slice, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int cgroup_slice_open(int root)
{
	struct stat st;

	if (mkdirat(root, SESSION_CGROUP_SLICE, 0755) < 0 && errno != EEXIST)
		return -errno;
	int fd = openat(root, SESSION_CGROUP_SLICE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int r = fstat(fd, &st) < 0 ? -errno : 0;
	if (r == 0 && (st.st_uid != tenure_trusted_uid() || (st.st_mode & 022)))
		r = -EPERM;
	if (r == 0 && faccessat(fd, ".", W_OK, AT_EACCESS) < 0)
		r = -errno;
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int cgroup_make(int slice, const char *name)
{
	if (!cgroup_name_is_ours(name))
		return -EINVAL;
	return mkdirat(slice, name, 0755) < 0 ? -errno : 0;
}

/* One write, as the kernel wants it. */
static int file_write(int dir, const char *file, const char *text)
{
	int fd CLEANUP(fd_closep) = openat(dir, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

int cgroup_move(int slice, const char *name, pid_t pid)
{
	char text[16];

	if (pid <= 1)
		return -EINVAL;
	int dir CLEANUP(fd_closep) = slice_openat(slice, name);
	if (dir < 0)
		return dir;
	snprintf(text, sizeof(text), "%d", (int)pid);
	return file_write(dir, "cgroup.procs", text);
}

/* Step by step: openat2 would do it at once, but a container's filter may know no openat2. */
int cgroup_path_open(int root, const char *path)
{
	char copy[PROCESS_CGROUP_MAX], *rest = copy;

	if (path[0] != '/' || strlen(path) >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, path, strlen(path) + 1);
	int dir = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	for (char *step; (step = strsep(&rest, "/"));) {
		if (!*step)
			continue;
		bool up = strcmp(step, "..") == 0;
		int next = up ? -1 : openat(dir, step, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int r = up ? -EINVAL : next < 0 ? -errno : 0;
		close(dir);
		if (r < 0)
			return r;
		dir = next;
	}
	return dir;
}

int cgroup_move_back(int root, const char *path, pid_t pid)
{
	char text[16];

	if (pid <= 1)
		return -EINVAL;
	int dir CLEANUP(fd_closep) = cgroup_path_open(root, path);
	if (dir < 0)
		return dir;
	snprintf(text, sizeof(text), "%d", (int)pid);
	return file_write(dir, "cgroup.procs", text);
}

int cgroup_populated(int slice, const char *name)
{
	char text[256];

	int dir CLEANUP(fd_closep) = slice_openat(slice, name);
	if (dir < 0)
		return dir;
	int fd CLEANUP(fd_closep) = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n < 0) /* it may vanish between open and read */
		return errno == ENODEV ? -ENOENT : -errno;
	text[n] = '\0';
	const char *found = strstr(text, "populated ");
	if (!found || (found[10] != '0' && found[10] != '1'))
		return -EBADMSG;
	return found[10] == '1';
}


/* The processes of one directory, without those below. */
static int pids_walk(int dir, cgroup_pid_fn fn, void *context)
{
	char text[4096];
	int64_t pid = 0;

	int fd CLEANUP(fd_closep) = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = read(fd, text, sizeof(text));
		if (n <= 0)
			return n == 0 ? 0 : errno == ENODEV ? -ENOENT : -errno;
		for (ssize_t i = 0; i < n; i++) {
			if (text[i] >= '0' && text[i] <= '9' && pid < INT32_MAX) {
				pid = pid * 10 + (text[i] - '0');
				continue;
			}
			/* 0: a process that our pid namespace does not see */
			int r = pid > 1 && pid < INT32_MAX ? fn(context, (pid_t)pid) : 0;
			if (r)
				return r;
			pid = 0;
		}
	}
}

/* What is done at each directory of a tree. */
struct tree_walk {
	int (*fn)(void *context, int dir);
	void *context;
};

static int tree_walk(int dir, const struct tree_walk *walk, unsigned depth);

static int tree_children(int dir, const struct tree_walk *walk, unsigned depth)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (!d) {
		r = -errno;
		if (copy >= 0)
			close(copy);
		return r;
	}
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		int child CLEANUP(fd_closep) = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child >= 0)
			r = tree_walk(child, walk, depth + 1);
	}
	closedir(d);
	return r;
}

static int tree_walk(int dir, const struct tree_walk *walk, unsigned depth)
{
	int r = walk->fn(walk->context, dir);

	if (r == 0 && depth < DEPTH_MAX)
		r = tree_children(dir, walk, depth);
	return r == -ENOENT && depth ? 0 : r; /* a directory below that vanished meanwhile */
}

struct pid_visit {
	cgroup_pid_fn fn;
	void *context;
};

static int pid_visit(void *context, int dir)
{
	struct pid_visit *v = context;

	return pids_walk(dir, v->fn, v->context);
}

int cgroup_each_pid(int slice, const char *name, cgroup_pid_fn fn, void *context)
{
	struct pid_visit visit = {fn, context};
	struct tree_walk walk = {pid_visit, &visit};

	int dir CLEANUP(fd_closep) = slice_openat(slice, name);
	return dir < 0 ? dir : tree_walk(dir, &walk, 0);
}

static int pid_count(void *context, pid_t pid)
{
	(*(unsigned *)context)++;
	return 0;
}

unsigned cgroup_count(int slice, const char *name)
{
	unsigned n = 0;

	(void)!cgroup_each_pid(slice, name, pid_count, &n);
	return n;
}

bool cgroup_holds(const char *name, pid_t pid)
{
	char path[PROCESS_CGROUP_MAX];
	size_t len = strlen(name);

	if (!cgroup_name_is_ours(name) || process_cgroup_read(pid, path, sizeof(path)) < 0)
		return false;
	for (const char *at = path; (at = strchr(at, '/')); at++) {
		if (strncmp(at + 1, name, len) == 0 && (at[1 + len] == '\0' || at[1 + len] == '/'))
			return true;
	}
	return false;
}

struct pid_signal {
	const char *name;
	const int *signals;
	size_t count;
	unsigned reached;
};

/* The pid may have been taken by another process since it was read: look again with the pidfd in hand. */
static int pid_signal(void *context, pid_t pid)
{
	struct pid_signal *s = context;
	int fd CLEANUP(fd_closep) = process_open(pid);

	if (fd < 0 || !cgroup_holds(s->name, pid))
		return 0;
	s->reached++;
	for (size_t i = 0; i < s->count; i++)
		(void)!process_signal(fd, s->signals[i]);
	return 0;
}

int cgroup_signal(int slice, const char *name, const int *signals, size_t count)
{
	struct pid_signal s = {name, signals, count, 0};

	return cgroup_each_pid(slice, name, pid_signal, &s);
}

int cgroup_kill(int slice, const char *name)
{
	int dir CLEANUP(fd_closep) = slice_openat(slice, name);

	if (dir < 0)
		return dir;
	int r = file_write(dir, "cgroup.kill", "1");
	return r == -ENOENT ? cgroup_kill_each(slice, name) : r;
}

int cgroup_kill_each(int slice, const char *name)
{
	int dir CLEANUP(fd_closep) = slice_openat(slice, name);

	if (dir < 0)
		return dir;
	/* Frozen, they fork no more; the freezer takes a moment, hence rounds. A killed process leaves the freezer. */
	(void)!file_write(dir, "cgroup.freeze", "1");
	static const int kill_signal = SIGKILL;
	struct pid_signal s = {name, &kill_signal, 1, 1};
	int r = 0;
	for (unsigned round = 0; r == 0 && s.reached > 0 && round < ROUNDS_MAX; round++) {
		s.reached = 0;
		r = cgroup_each_pid(slice, name, pid_signal, &s);
	}
	(void)!file_write(dir, "cgroup.freeze", "0");
	return r;
}

/* Removes what is below dir, deepest first. */
static int below_remove(int dir, unsigned depth)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (!d) {
		r = -errno;
		if (copy >= 0)
			close(copy);
		return r;
	}
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		int child CLEANUP(fd_closep) = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child >= 0 && depth < DEPTH_MAX)
			r = below_remove(child, depth + 1);
		if (r == 0 && unlinkat(dir, e->d_name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			r = -errno;
	}
	closedir(d);
	return r;
}

int cgroup_remove(int slice, const char *name)
{
	int dir CLEANUP(fd_closep) = slice_openat(slice, name);

	if (dir < 0)
		return dir == -ENOENT ? 0 : dir;
	int r = below_remove(dir, 0);
	if (r == 0 && unlinkat(slice, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}
