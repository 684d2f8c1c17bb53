/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fault/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct disk disk = {.room = -1};

bool unsynced[FD_MAX];

static void mark(int fd, bool value)
{
	if (fd >= 0 && fd < FD_MAX)
		unsynced[fd] = value;
}

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __real_pwrite(int fd, const void *data, size_t len, off_t offset);
int __real_rename(const char *from, const char *to);
int __real_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __real_unlinkat(int fd, const char *name, int flags);
int __real_posix_fallocate(int fd, off_t offset, off_t len);
int __real_ftruncate(int fd, off_t len);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t offset);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_rename(const char *from, const char *to);
int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to);
int __wrap_unlinkat(int fd, const char *name, int flags);
int __wrap_posix_fallocate(int fd, off_t offset, off_t len);
int __wrap_ftruncate(int fd, off_t len);

/* True: this call is the one. */
static bool hit(void)
{
	if (!disk.counting || disk.fault == FAULT_NONE)
		return disk.calls++, false;
	unsigned call = disk.calls++;

	return disk.fault == FAULT_ERROR_ON ? call >= disk.at : call == disk.at;
}

static bool fails(bool is_hit)
{
	if (is_hit && disk.fault == FAULT_KILL_BEFORE)
		_exit(KILLED);
	if (!is_hit || disk.fault == FAULT_KILL_AFTER)
		return false;
	errno = disk.error;
	return true;
}

static void after(bool is_hit)
{
	if (is_hit && disk.fault == FAULT_KILL_AFTER)
		_exit(KILLED);
}

/* PATH_RUN is another file system. */
static bool is_of_the_disk(int fd)
{
	char link[64], path[4096];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof(path) - 1);

	path[n > 0 ? n : 0] = '\0';
	return !strstr(path, "/run/tenure/");
}

ssize_t __wrap_write(int fd, const void *data, size_t len)
{
	bool is_hit = hit();

	if (is_hit && (disk.fault == FAULT_KILL_BEFORE || disk.error == ENOSPC) && len > 1) {
		ssize_t n = __real_write(fd, data, len / 2); /* half of it reaches the file */

		if (disk.fault == FAULT_KILL_BEFORE)
			_exit(n >= 0 ? KILLED : 1);
	}
	if (fails(is_hit))
		return -1;
	if (disk.room >= 0 && (long)len > disk.room && is_of_the_disk(fd)) {
		errno = ENOSPC;
		return -1;
	}
	ssize_t n = __real_write(fd, data, len);

	mark(fd, true);
	if (disk.room >= 0 && n > 0 && is_of_the_disk(fd))
		disk.room -= n;
	after(is_hit);
	return n;
}

ssize_t __wrap_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	bool is_hit = hit();

	if (fails(is_hit))
		return -1;
	ssize_t n = __real_pwrite(fd, data, len, offset);

	after(is_hit);
	return n;
}

int __wrap_ftruncate(int fd, off_t len)
{
	bool is_hit = hit();

	if (fails(is_hit))
		return -1;
	int r = __real_ftruncate(fd, len);

	after(is_hit);
	return r;
}

/* Processes die here, not machines: nothing need reach the platter. */
int __wrap_fsync(int fd)
{
	bool is_hit = hit();

	if (fails(is_hit))
		return -1;
	mark(fd, false);
	after(is_hit);
	return 0;
}

int __wrap_fdatasync(int fd)
{
	disk.syncs++;
	return __wrap_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
	bool is_hit = hit();

	if (fails(is_hit))
		return -1;
	int r = __real_rename(from, to);

	after(is_hit);
	return r;
}

int __wrap_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	bool is_hit = hit();

	if (fails(is_hit))
		return -1;
	int r = __real_renameat(from_fd, from, to_fd, to);

	after(is_hit);
	return r;
}

int __wrap_unlinkat(int fd, const char *name, int flags)
{
	if (disk.room >= 0 && strcmp(name, "reserve") == 0) {
		disk.room += disk.reserve;
		disk.reserve = 0;
	}
	return __real_unlinkat(fd, name, flags);
}

int __wrap_posix_fallocate(int fd, off_t offset, off_t len)
{
	if (disk.room >= 0 && len > disk.room)
		return ENOSPC;
	if (disk.room >= 0) {
		disk.room -= len;
		disk.reserve = len;
	}
	return __real_posix_fallocate(fd, offset, len);
}
