/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What can run out, or fail, under the module: memory, descriptors, files, clocks, the broker's socket. One count goes
 * through all of it, and the test says which call fails. And a verdict may have bits turned over.
 */
#include "tests/pam/fakes.h"

#include <crypt.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include <security/pam_modules.h>

#include "common/decide/decide.h"

/* The linker gives the original the one name and sends the module's calls to the other. */
#define FAKE(type, name, ...)             \
	type __real_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

static bool fails(enum fake_call call, int error)
{
	fakes.calls++;
	if (fakes.fail_call == 0 || fakes.calls < fakes.fail_call)
		return false;
	if (fakes.calls > fakes.fail_call && !fakes.fail_all_after)
		return false;
	fakes.failed[call]++;
	errno = error;
	return true;
}

/* ---- memory ---- */

FAKE(void *, malloc, size_t size)
{
	return fails(CALL_MEMORY, ENOMEM) ? NULL : __real_malloc(size);
}

FAKE(void *, calloc, size_t n, size_t size)
{
	return fails(CALL_MEMORY, ENOMEM) ? NULL : __real_calloc(n, size);
}

FAKE(void *, realloc, void *p, size_t size)
{
	return fails(CALL_MEMORY, ENOMEM) ? NULL : __real_realloc(p, size);
}

FAKE(char *, strdup, const char *text)
{
	return fails(CALL_MEMORY, ENOMEM) ? NULL : __real_strdup(text);
}

FAKE(void *, mmap, void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
	return fails(CALL_MAP, ENOMEM) ? MAP_FAILED : __real_mmap(at, len, protection, flags, fd, offset);
}

FAKE(char *, crypt_r, const char *word, const char *setting, struct crypt_data *data)
{
	return fails(CALL_CRYPT, ENOMEM) ? NULL : __real_crypt_r(word, setting, data);
}

/* ---- files: what may be said of a file that is whole (another error means a torn one, and has tests of its own) ---- */

static mode_t mode_of(int flags, va_list arguments)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

FAKE(int, open, const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return fails(CALL_OPEN, EMFILE) ? -1 : __real_open(path, flags, mode);
}

FAKE(int, openat, int at, const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode;

	va_start(arguments, flags);
	mode = mode_of(flags, arguments);
	va_end(arguments);
	return fails(CALL_OPEN, EMFILE) ? -1 : __real_openat(at, path, flags, mode);
}

/* openat2 is all that we call so. */
FAKE(long, syscall, long number, ...)
{
	long a, b, c, d;
	va_list arguments;

	va_start(arguments, number);
	a = va_arg(arguments, long);
	b = va_arg(arguments, long);
	c = va_arg(arguments, long);
	d = va_arg(arguments, long);
	va_end(arguments);
	return fails(CALL_OPEN, EMFILE) ? -1 : __real_syscall(number, a, b, c, d);
}

FAKE(int, fstat, int fd, struct stat *ret)
{
	return fails(CALL_STAT, ENOMEM) ? -1 : __real_fstat(fd, ret);
}

FAKE(int, fstatat, int at, const char *path, struct stat *ret, int flags)
{
	return fails(CALL_STAT, ENOMEM) ? -1 : __real_fstatat(at, path, ret, flags);
}

FAKE(int, fstatfs, int fd, struct statfs *ret)
{
	int r = fails(CALL_STAT, ENOMEM) ? -1 : __real_fstatfs(fd, ret);

	if (r == 0)
		ret->f_type = fakes.cgroup2 ? CGROUP2_SUPER_MAGIC : 0;
	return r;
}

FAKE(ssize_t, read, int fd, void *data, size_t len)
{
	return fails(CALL_READ, ENOMEM) ? -1 : __real_read(fd, data, len);
}

FAKE(ssize_t, write, int fd, const void *data, size_t len)
{
	return fails(CALL_WRITE, ENOSPC) ? -1 : __real_write(fd, data, len);
}

FAKE(int, mkdir, const char *path, mode_t mode)
{
	return fails(CALL_MKDIR, ENOSPC) ? -1 : __real_mkdir(path, mode);
}

/* A kernel fills a new cgroup. */
FAKE(int, mkdirat, int at, const char *name, mode_t mode)
{
	int r = fails(CALL_MKDIR, ENOSPC) ? -1 : __real_mkdirat(at, name, mode);
	int folder, fd;

	if (r < 0 || !fakes.cgroup2)
		return r;
	folder = __real_openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = __real_openat(folder, "cgroup.procs", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	close(fd);
	close(folder);
	return r;
}

FAKE(int, fchmod, int fd, mode_t mode)
{
	return fails(CALL_CHMOD, EPERM) ? -1 : __real_fchmod(fd, mode);
}

FAKE(int, fsync, int fd)
{
	return fails(CALL_SYNC, EIO) ? -1 : __real_fsync(fd);
}

FAKE(int, renameat, int from, const char *old, int to, const char *new)
{
	return fails(CALL_RENAME, ENOSPC) ? -1 : __real_renameat(from, old, to, new);
}

/* ---- the machine ---- */

FAKE(int, clock_gettime, clockid_t clock, struct timespec *ret)
{
	return fails(CALL_CLOCK, EINVAL) ? -1 : __real_clock_gettime(clock, ret);
}

FAKE(ssize_t, getrandom, void *data, size_t len, unsigned flags)
{
	return fails(CALL_RANDOM, EAGAIN) ? -1 : __real_getrandom(data, len, flags);
}

FAKE(int, getrlimit, int resource, struct rlimit *ret)
{
	return fails(CALL_LIMIT, EPERM) ? -1 : __real_getrlimit(resource, ret);
}

FAKE(int, getgroups, int size, gid_t list[])
{
	if (fails(CALL_GETGROUPS, EIO))
		return -1;
	if (size == 0)
		return fakes.group_count;
	if (size < fakes.group_count) {
		errno = EINVAL;
		return -1;
	}
	memcpy(list, fakes.groups, (size_t)fakes.group_count * sizeof(gid_t));
	return fakes.group_count;
}

FAKE(int, setgroups, size_t count, const gid_t *list)
{
	if (fails(CALL_SETGROUPS, EPERM))
		return -1;
	if (count > FAKE_GROUPS_MAX) {
		errno = EINVAL;
		return -1;
	}
	memcpy(fakes.groups, list, count * sizeof(gid_t));
	fakes.group_count = (int)count;
	return 0;
}

/* ---- the broker's socket ---- */

FAKE(int, socket, int domain, int type, int protocol)
{
	return fails(CALL_SOCKET, EMFILE) ? -1 : __real_socket(domain, type, protocol);
}

FAKE(int, connect, int fd, const struct sockaddr *address, socklen_t len)
{
	return fails(CALL_CONNECT, EACCES) ? -1 : __real_connect(fd, address, len);
}

FAKE(int, getsockopt, int fd, int level, int option, void *value, socklen_t *len)
{
	int r = fails(CALL_GETSOCKOPT, ENOBUFS) ? -1 : __real_getsockopt(fd, level, option, value, len);

	if (r == 0 && option == SO_PEERCRED && fakes.other_peer)
		((struct ucred *)value)->uid++;
	return r;
}

FAKE(ssize_t, send, int fd, const void *data, size_t len, int flags)
{
	return fails(CALL_SEND, ENOBUFS) ? -1 : __real_send(fd, data, len, flags);
}

FAKE(ssize_t, recv, int fd, void *data, size_t len, int flags)
{
	return fails(CALL_RECV, ENOMEM) ? -1 : __real_recv(fd, data, len, flags);
}

FAKE(int, poll, struct pollfd *fds, nfds_t count, int ms)
{
	return fails(CALL_POLL, ENOMEM) ? -1 : __real_poll(fds, count, ms);
}

/* ---- libpam ---- */

FAKE(int, pam_set_data, pam_handle_t *pamh, const char *name, void *data,
     void (*release)(pam_handle_t *pamh, void *data, int status))
{
	return fails(CALL_PAM, ENOMEM) ? PAM_BUF_ERR : __real_pam_set_data(pamh, name, data, release);
}

FAKE(int, pam_set_item, pam_handle_t *pamh, int item, const void *value)
{
	return fails(CALL_PAM, ENOMEM) ? PAM_BUF_ERR : __real_pam_set_item(pamh, item, value);
}

/* ---- the decision core ---- */

FAKE(enum verdict, decide, const struct policy *policy, const struct holders *grants,
     const struct decision_request *request, struct decision *ret, trace_fn trace, void *context)
{
	enum verdict verdict = __real_decide(policy, grants, request, ret, trace, context);

	if (fakes.flip_question != 0 && fakes.flip_question != (int)request->question)
		return verdict;
	ret->verdict = (enum verdict)((uint32_t)verdict ^ fakes.flip);
	return ret->verdict;
}
