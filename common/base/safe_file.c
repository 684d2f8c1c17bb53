/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/base/safe_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/paths.h"

void fd_closep(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

/*
 * One step of a path. We walk step by step and hold the folder that we have looked at, so that nobody can put another
 * in its place; a kernel without openat2, or a sandbox that forbids it, refuses a link in a single step just as well by
 * O_NOFOLLOW.
 */
static int open_step(int at, const char *name, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, at, name, &how, sizeof(how));

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(at, name, flags | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : (int)fd;
}

/*
 * A folder that only its owner fills. A sticky one that all may fill (/tmp, where tests live) will do: there each
 * may take away only what is theirs, and every step below is checked for its owner too.
 */
static int folder_judge(const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != tenure_trusted_uid())
		return -EPERM;
	if ((st->st_mode & (S_IWGRP | S_IWOTH)) && !(st->st_mode & S_ISVTX))
		return -EPERM;
	return 0;
}

static int folder_trust(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -errno : folder_judge(&st);
}

/* Cuts the next step off *path; false behind the last. "." and ".." have no place in a path that we trust. */
static bool next_step(const char **path, char *step, size_t len)
{
	size_t n;

	while (**path == '/')
		(*path)++;
	n = strcspn(*path, "/");
	if (n == 0 || n >= len)
		return false;
	memcpy(step, *path, n);
	step[n] = '\0';
	*path += n;
	return strcmp(step, ".") != 0 && strcmp(step, "..") != 0;
}

/* Opens the folder that holds the last step of the path and leaves that step's name in base. */
static int open_parent(const char *path, char base[static NAME_MAX + 1])
{
	CLEANUP(fd_closep) int fd = -1;
	int next, r;

	if (path[0] != '/' || !next_step(&path, base, NAME_MAX + 1))
		return -EINVAL;
	fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (;;) {
		r = folder_trust(fd);
		if (r < 0)
			return r;
		if (*path == '\0') {
			next = fd;
			fd = -1;
			return next;
		}
		next = open_step(fd, base, O_PATH | O_DIRECTORY);
		if (next < 0)
			return next;
		close(fd);
		fd = next;
		if (!next_step(&path, base, NAME_MAX + 1))
			return -EINVAL;
	}
}

/* A folder by its path, all above it being trusted already. */
static int folder_trust_path(const char *path)
{
	struct stat st;

	if (fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	return S_ISDIR(st.st_mode) ? folder_judge(&st) : -ENOTDIR;
}

/*
 * The same trust as open_parent's for a third of its system calls, since modules open files at every sudo: from the root
 * down each folder is looked at by its path. Whoever could put another in its place would have to write to one above,
 * and that one was found to be trusted first. Writers hold the folder instead: open_parent.
 */
static bool walk_knows(const struct safe_walk *walk, const char *folder, size_t len)
{
	if (!walk || !walk->trusted[0] || strncmp(walk->trusted, folder, len) != 0)
		return false;
	return len == 0 || walk->trusted[len] == '\0' || walk->trusted[len] == '/';
}

static void walk_note(struct safe_walk *walk, const char *folder, size_t len)
{
	if (walk && len > 0 && len < sizeof(walk->trusted))
		memcpy(walk->trusted, folder, len + 1);
}

static int trust_folders(struct safe_walk *walk, const char *path)
{
	char folder[PATH_MAX], step[NAME_MAX + 1];
	size_t len = 0;
	int r = 0;

	if (path[0] != '/' || strlen(path) >= sizeof(folder) || !next_step(&path, step, sizeof(step)))
		return -EINVAL;
	folder[0] = '\0';
	if (!walk_knows(walk, "", 0))
		r = folder_trust_path("/");
	while (r == 0 && *path != '\0') {
		folder[len++] = '/';
		memcpy(folder + len, step, strlen(step) + 1);
		len += strlen(step);
		if (!walk_knows(walk, folder, len))
			r = folder_trust_path(folder);
		if (r == 0 && !next_step(&path, step, sizeof(step)))
			r = -EINVAL;
	}
	if (r == 0)
		walk_note(walk, folder, len);
	return r;
}

int safe_open_near(struct safe_walk *walk, const char *path, struct stat *ret)
{
	int fd, r = trust_folders(walk, path);

	if (r < 0)
		return r;
	fd = open_step(AT_FDCWD, path, O_RDONLY | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return fd;
	if (fstat(fd, ret) < 0)
		r = -errno;
	else if (!S_ISREG(ret->st_mode))
		r = -EINVAL;
	else if (ret->st_uid != tenure_trusted_uid() || (ret->st_mode & (S_IWGRP | S_IWOTH)))
		r = -EPERM;
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

int safe_open(const char *path)
{
	struct stat st;

	return safe_open_near(NULL, path, &st);
}

/* Reads up to size bytes; the count, or -errno. */
static ssize_t read_fully(int fd, char *data, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, data + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

static bool same_version(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* One byte more than the file has is asked for, so that a file that grew is noticed. */
static int read_version(int fd, size_t max, char **ret, size_t *ret_len)
{
	struct stat before, after;
	ssize_t len;
	char *data;

	if (fstat(fd, &before) < 0)
		return -errno;
	if (before.st_size < 0 || (uint64_t)before.st_size > max)
		return -EFBIG;
	data = malloc((size_t)before.st_size + 1);
	if (!data)
		return -ENOMEM;
	len = read_fully(fd, data, (size_t)before.st_size + 1);
	if (len >= 0 && fstat(fd, &after) < 0)
		len = -errno;
	if (len >= 0 && (len != before.st_size || !same_version(&before, &after)))
		len = -EAGAIN;
	if (len < 0) {
		explicit_bzero(data, (size_t)before.st_size + 1);
		free(data);
		return (int)len;
	}
	data[len] = '\0';
	*ret = data;
	*ret_len = (size_t)len;
	return 0;
}

int safe_read(const char *path, size_t max, char **ret, size_t *ret_len)
{
	CLEANUP(fd_closep) int fd = safe_open(path);

	if (fd < 0)
		return fd;
	return read_version(fd, max, ret, ret_len);
}

static int write_fully(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A hidden name that nobody guesses, in the folder of the file. */
static int create_temporary(int parent, const char *base, char name[static NAME_MAX + 1])
{
	uint64_t random;
	int fd, n;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -EIO;
	n = snprintf(name, NAME_MAX + 1, ".%s.%016llx", base, (unsigned long long)random);
	if (n < 0 || n > NAME_MAX)
		return -ENAMETOOLONG;
	fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static int fill(int fd, const void *data, size_t len, mode_t mode, uid_t uid, gid_t gid)
{
	int r = write_fully(fd, data, len);

	if (r < 0)
		return r;
	if ((uid != (uid_t)-1 || gid != (gid_t)-1) && fchown(fd, uid, gid) < 0)
		return -errno;
	if (fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

/* The folder comes as O_PATH, which can neither be synced nor read. */
static int open_folder(int parent)
{
	int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int safe_replace(const char *path, const void *data, size_t len, mode_t mode, uid_t uid, gid_t gid)
{
	CLEANUP(fd_closep) int parent = -1;
	CLEANUP(fd_closep) int folder = -1;
	char base[NAME_MAX + 1], temporary[NAME_MAX + 1];
	int fd, r;

	parent = open_parent(path, base);
	if (parent < 0)
		return parent;
	folder = open_folder(parent); /* behind the rename it would be too late to fail */
	if (folder < 0)
		return folder;
	fd = create_temporary(parent, base, temporary);
	if (fd < 0)
		return fd;
	r = fill(fd, data, len, mode, uid, gid);
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r == 0 && renameat(parent, temporary, parent, base) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(parent, temporary, 0);
		return r;
	}
	return fsync(folder) < 0 ? -EIO : 0; /* a power cut may bring the old file back */
}

/* As create_temporary makes them. */
static bool is_temporary(const char *name)
{
	const size_t len = strlen(name), random = 16;
	const char *hex = name + len - random;

	if (name[0] != '.' || len < sizeof(".x.") - 1 + random || hex[-1] != '.')
		return false;
	return strspn(hex, "0123456789abcdef") == random;
}

static int sweep(DIR *dir)
{
	struct dirent *entry;
	struct stat st;
	int r = 0;

	while ((entry = readdir(dir))) {
		if (!is_temporary(entry->d_name) || fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) < 0 && errno != ENOENT)
			r = -errno;
	}
	return r;
}

int safe_sweep(const char *folder)
{
	CLEANUP(fd_closep) int parent = -1;
	char path[PATH_MAX], base[NAME_MAX + 1];
	int fd, r;
	DIR *dir;

	/* Any name will do: open_parent opens the folder that it stands in. */
	if (snprintf(path, sizeof(path), "%s/x", folder) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	parent = open_parent(path, base);
	if (parent < 0)
		return parent;
	fd = open_folder(parent);
	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		close(fd);
		return r;
	}
	r = sweep(dir);
	closedir(dir);
	return r;
}
