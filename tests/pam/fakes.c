/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/pam/fakes.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/magic.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <security/pam_modules.h>

/* The linker gives the originals these names. */
uid_t __real_getuid(void);
uid_t __real_geteuid(void);
int __real_fstatfs(int fd, struct statfs *ret);
int __real_mkdirat(int at, const char *name, mode_t mode);
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
uid_t __wrap_getuid(void);
uid_t __wrap_geteuid(void);
uid_t __wrap_tenure_trusted_uid(void);
int __wrap_fstatfs(int fd, struct statfs *ret);
int __wrap_mkdirat(int at, const char *name, mode_t mode);
void *__real_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset);
int __real_fstat(int fd, struct stat *ret);
int __real_open(const char *path, int flags, ...);
int __real_openat(int at, const char *path, int flags, ...);
long __real_syscall(long number, ...);
int __real_socket(int domain, int type, int protocol);
ssize_t __real_read(int fd, void *data, size_t len);
void *__wrap_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset);
int __wrap_fstat(int fd, struct stat *ret);
int __wrap_open(const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...);
long __wrap_syscall(long number, ...);
int __wrap_socket(int domain, int type, int protocol);
ssize_t __wrap_read(int fd, void *data, size_t len);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
int __wrap_getgroups(int size, gid_t list[]);
int __wrap_setgroups(size_t count, const gid_t *list);
struct passwd *__wrap_pam_modutil_getpwnam(pam_handle_t *pamh, const char *name);
struct passwd *__wrap_pam_modutil_getpwuid(pam_handle_t *pamh, uid_t uid);
struct group *__wrap_pam_modutil_getgrnam(pam_handle_t *pamh, const char *name);
struct group *__wrap_pam_modutil_getgrgid(pam_handle_t *pamh, gid_t gid);
__attribute__((format(printf, 3, 4))) void __wrap_pam_syslog(const pam_handle_t *pamh, int priority,
							     const char *format, ...);

__attribute__((visibility("default"))) struct fakes fakes = {.uid = (uid_t)-1, .euid = (uid_t)-1};

uid_t __wrap_getuid(void)
{
	return fakes.uid == (uid_t)-1 ? __real_getuid() : fakes.uid;
}

uid_t __wrap_geteuid(void)
{
	return fakes.euid == (uid_t)-1 ? __real_geteuid() : fakes.euid;
}

/* The files are the test's own, whoever it plays. */
uid_t __wrap_tenure_trusted_uid(void)
{
	return __real_geteuid();
}

int __wrap_fstatfs(int fd, struct statfs *ret)
{
	int r = __real_fstatfs(fd, ret);

	if (r == 0)
		ret->f_type = fakes.cgroup2 ? CGROUP2_SUPER_MAGIC : 0;
	return r;
}

/* A kernel fills a new cgroup. */
int __wrap_mkdirat(int at, const char *name, mode_t mode)
{
	int r = __real_mkdirat(at, name, mode);
	int folder, fd;

	if (r < 0 || !fakes.cgroup2)
		return r;
	folder = __real_openat(at, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	fd = __real_openat(folder, "cgroup.procs", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	close(fd);
	close(folder);
	return r;
}

/* One count for all that can run out. */
static bool allocation_fails(void)
{
	fakes.allocations++;
	if (fakes.fail_allocation == 0)
		return false;
	if (fakes.allocations == fakes.fail_allocation)
		return true;
	return fakes.fail_all_after && fakes.allocations > fakes.fail_allocation;
}

void *__wrap_malloc(size_t size)
{
	return allocation_fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return allocation_fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return allocation_fails() ? NULL : __real_realloc(p, size);
}

static bool runs_out(int error)
{
	if (!allocation_fails())
		return false;
	errno = error;
	return true;
}

void *__wrap_mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset)
{
	return runs_out(ENOMEM) ? MAP_FAILED : __real_mmap(at, len, protection, flags, fd, offset);
}

int __wrap_fstat(int fd, struct stat *ret)
{
	return runs_out(ENOMEM) ? -1 : __real_fstat(fd, ret);
}

/* The module creates no file with open(2) or openat(2) but through safe_replace, which gives 0600. */
int __wrap_open(const char *path, int flags, ...)
{
	return runs_out(EMFILE) ? -1 : __real_open(path, flags, 0600);
}

int __wrap_openat(int at, const char *path, int flags, ...)
{
	return runs_out(EMFILE) ? -1 : __real_openat(at, path, flags, 0600);
}

/* openat2(2) has no wrapper in libc yet. */
long __wrap_syscall(long number, ...)
{
	va_list arguments;
	long a, b, c, d;

	va_start(arguments, number);
	a = va_arg(arguments, long);
	b = va_arg(arguments, long);
	c = va_arg(arguments, long);
	d = va_arg(arguments, long);
	va_end(arguments);
	return runs_out(EMFILE) ? -1 : __real_syscall(number, a, b, c, d);
}

int __wrap_socket(int domain, int type, int protocol)
{
	return runs_out(EMFILE) ? -1 : __real_socket(domain, type, protocol);
}

ssize_t __wrap_read(int fd, void *data, size_t len)
{
	return runs_out(ENOMEM) ? -1 : __real_read(fd, data, len);
}

int __wrap_getgroups(int size, gid_t list[])
{
	if (size == 0)
		return fakes.group_count;
	if (size < fakes.group_count) {
		errno = EINVAL;
		return -1;
	}
	memcpy(list, fakes.groups, (size_t)fakes.group_count * sizeof(gid_t));
	return fakes.group_count;
}

int __wrap_setgroups(size_t count, const gid_t *list)
{
	if (count > FAKE_GROUPS_MAX) {
		errno = EINVAL;
		return -1;
	}
	memcpy(fakes.groups, list, count * sizeof(gid_t));
	fakes.group_count = (int)count;
	return 0;
}

/* The test host's NSS: its own accounts and contoso's. The primary group has the account's number. */
static struct {
	char name[16];
	uid_t uid;
} accounts[] = {
	{"root", 0},		{"postgres", 105},	 {"luser", 1500},	  {"bob", 1501},
	{"rescue", 1502},	{"lou", 1503},		 {"moved", 1505},	  {"alice", 1900000001},
	{"alias", 1900000001},	{"carol", 1900000003},	 {"dan", 1900000004},	  {"erin", 1900000005},
	{"mallory", 1900000006}, {"future", 1900000007}, {"gina", 1900000008},	  {"nopass", 1900000009},
	{"locked", 1900000010},
};

static struct {
	char name[16];
	gid_t gid;
} groups[] = {{"root", 0}, {"adm", 4}, {"disk", 6}, {"postgres", 105}};

static struct passwd *account_found(size_t i)
{
	static struct passwd found;

	found = (struct passwd){.pw_name = accounts[i].name, .pw_uid = accounts[i].uid, .pw_gid = accounts[i].uid};
	return &found;
}

struct passwd *__wrap_pam_modutil_getpwnam(pam_handle_t *pamh, const char *name)
{
	(void)pamh;
	for (size_t i = 0; !fakes.nss_fails && i < sizeof(accounts) / sizeof(*accounts); i++)
		if (strcmp(accounts[i].name, name) == 0)
			return account_found(i);
	return NULL;
}

struct passwd *__wrap_pam_modutil_getpwuid(pam_handle_t *pamh, uid_t uid)
{
	(void)pamh;
	for (size_t i = 0; !fakes.nss_fails && i < sizeof(accounts) / sizeof(*accounts); i++)
		if (accounts[i].uid == uid)
			return account_found(i);
	return NULL;
}

static struct group *group_found(size_t i)
{
	static struct group found;

	found = (struct group){.gr_name = groups[i].name, .gr_gid = groups[i].gid};
	return &found;
}

struct group *__wrap_pam_modutil_getgrnam(pam_handle_t *pamh, const char *name)
{
	(void)pamh;
	for (size_t i = 0; !fakes.nss_fails && i < sizeof(groups) / sizeof(*groups); i++)
		if (strcmp(groups[i].name, name) == 0)
			return group_found(i);
	return NULL;
}

struct group *__wrap_pam_modutil_getgrgid(pam_handle_t *pamh, gid_t gid)
{
	(void)pamh;
	for (size_t i = 0; !fakes.nss_fails && i < sizeof(groups) / sizeof(*groups); i++)
		if (groups[i].gid == gid)
			return group_found(i);
	return NULL;
}

void __wrap_pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...)
{
	size_t len = strlen(fakes.syslog);
	va_list arguments;

	(void)pamh;
	(void)priority;
	va_start(arguments, format);
	(void)vsnprintf(fakes.syslog + len, sizeof(fakes.syslog) - len - 2, format, arguments);
	va_end(arguments);
	len = strlen(fakes.syslog);
	memcpy(fakes.syslog + len, "\n", 2);
}
