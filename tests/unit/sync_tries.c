/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/sync_tries.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int outcome(long r)
{
	return r < 0 ? -errno : 0;
}

static int try_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int try_socket(const char *family)
{
	int fd = -1;

	errno = EINVAL;
	if (strcmp(family, "inet") == 0)
		fd = socket(AF_INET, SOCK_STREAM, 0);
	else if (strcmp(family, "inet6") == 0)
		fd = socket(AF_INET6, SOCK_STREAM, 0);
	else if (strcmp(family, "unix") == 0)
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
	else if (strcmp(family, "route") == 0)
		fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	else if (strcmp(family, "audit") == 0)
		fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT);
	else if (strcmp(family, "packet") == 0)
		fd = socket(AF_PACKET, SOCK_DGRAM, 0);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* A port of ours for somebody to call in. */
static int try_listen(void)
{
	const struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), r;

	if (fd < 0)
		return -errno;
	r = outcome(bind(fd, (const struct sockaddr *)&any, sizeof(any)));
	if (r == 0)
		r = outcome(listen(fd, 1));
	close(fd);
	return r;
}

/* Nobody listens there: refused is the kernel's word, and says that we were let through. */
static int try_connect(void)
{
	const struct sockaddr_in nobody = {.sin_family = AF_INET, .sin_port = htons(1), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), r;

	if (fd < 0)
		return -errno;
	r = outcome(connect(fd, (const struct sockaddr *)&nobody, sizeof(nobody)));
	close(fd);
	return r;
}

static int try_resolve(const char *name)
{
	struct addrinfo *found = NULL;
	int r = getaddrinfo(name, "636", &(struct addrinfo){.ai_socktype = SOCK_STREAM}, &found);

	if (r != 0)
		return r == EAI_SYSTEM ? -errno : -ENOENT;
	freeaddrinfo(found);
	return 0;
}

static int try_memory(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -errno;
	(void)munmap(p, 4096);
	return 0;
}

static int try_execute(void)
{
	static char name[] = "true";
	char *const arguments[] = {name, NULL};

	return outcome(execve("/bin/true", arguments, &arguments[1]));
}

static int try_fork(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return outcome(pid);
}

static int try_call(const char *name)
{
	errno = EINVAL;
	if (strcmp(name, "ptrace") == 0)
		return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	if (strcmp(name, "process_vm_readv") == 0)
		return outcome(syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0));
	if (strcmp(name, "execve") == 0)
		return try_execute();
	if (strcmp(name, "mount") == 0)
		return outcome(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL));
	if (strcmp(name, "bpf") == 0)
		return outcome(syscall(SYS_bpf, 0, NULL, 0));
	if (strcmp(name, "keyctl") == 0)
		return outcome(syscall(SYS_keyctl, 0, 0, 0, 0, 0));
	if (strcmp(name, "unshare") == 0)
		return outcome(syscall(SYS_unshare, CLONE_NEWUSER));
	if (strcmp(name, "setuid") == 0)
		return outcome(syscall(SYS_setuid, getuid()));
	if (strcmp(name, "kill") == 0)
		return outcome(kill(getpid() + 1, 0));
	if (strcmp(name, "io_uring") == 0)
		return outcome(syscall(SYS_io_uring_setup, 1, NULL));
	if (strcmp(name, "kill self") == 0)
		return outcome(kill(getpid(), 0));
	if (strcmp(name, "clone3") == 0)
		return outcome(syscall(SYS_clone3, NULL, 0));
	if (strcmp(name, "dumpable") == 0)
		return outcome(prctl(PR_SET_DUMPABLE, 1));
	if (strcmp(name, "typing") == 0)
		return outcome(ioctl(0, TIOCSTI, "x"));
	if (strcmp(name, "chmod") == 0)
		return outcome(syscall(SYS_fchmodat, AT_FDCWD, "/tmp", 0777));
	return -EINVAL;
}

int sync_try(const char *what)
{
	if (strncmp(what, "read ", 5) == 0)
		return try_open(what + 5, O_RDONLY);
	if (strncmp(what, "write ", 6) == 0)
		return try_open(what + 6, O_WRONLY);
	if (strncmp(what, "create ", 7) == 0)
		return try_open(what + 7, O_WRONLY | O_CREAT | O_EXCL);
	if (strncmp(what, "socket ", 7) == 0)
		return try_socket(what + 7);
	if (strncmp(what, "resolve ", 8) == 0)
		return try_resolve(what + 8);
	if (strncmp(what, "call ", 5) == 0)
		return try_call(what + 5);
	if (strcmp(what, "listen") == 0)
		return try_listen();
	if (strcmp(what, "connect") == 0)
		return try_connect();
	if (strcmp(what, "memory") == 0)
		return try_memory();
	if (strcmp(what, "fork") == 0)
		return try_fork();
	return -EINVAL;
}

void sync_try_process(const char *pid, void (*say)(const char *text))
{
	static const char *const files[] = {"environ", "maps", "mem", "fd/3", "fd/4", "root/etc", "cwd/etc", "stat",
					    "status", "cmdline"};
	const long number = strtol(pid, NULL, 10);
	char path[64];

	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		(void)snprintf(path, sizeof(path), "/proc/%ld/%s", number, files[i]);
		if (try_open(path, O_RDONLY) == 0) {
			say(files[i]);
			say(" ");
		}
	}
	if (kill((pid_t)number, 0) == 0)
		say("kill ");
	if (ptrace(PTRACE_SEIZE, (pid_t)number, NULL, NULL) == 0)
		say("ptrace ");
	if (syscall(SYS_pidfd_open, number, 0) >= 0)
		say("pidfd ");
}
