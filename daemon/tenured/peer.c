/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "common/base/text.h"

#define PROC_TEXT_MAX 8192

/* Reads a file of /proc whole, cut at the buffer's end. 0 or -errno. */
static int proc_read(int folder, const char *name, char *buf, size_t len)
{
	CLEANUP(fd_closep) int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t used = 0;

	if (fd < 0)
		return -errno;
	while (used < len - 1) {
		ssize_t n = read(fd, buf + used, len - 1 - used);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	buf[used] = '\0';
	return 0;
}

int peer_start_time_parse(const char *stat, uint64_t *ret)
{
	const char *p = strrchr(stat, ')');
	char *end;
	unsigned long long value;

	/* Behind the name comes field 3; field 22 is the 20th blank on. */
	for (int field = 2; p && field < 22; field++) {
		p = strchr(p, ' ');
		if (p)
			p++;
	}
	if (!p || *p < '0' || *p > '9')
		return -EBADMSG;
	errno = 0;
	value = strtoull(p, &end, 10);
	if (errno || (*end != ' ' && *end != '\n'))
		return -EBADMSG;
	*ret = value;
	return 0;
}

/* The next number of the line, behind which *p moves. */
static bool take_uid(const char **p, uid_t *ret)
{
	char *end;

	while (**p == '\t' || **p == ' ')
		(*p)++;
	if (**p < '0' || **p > '9')
		return false;
	*ret = (uid_t)strtoul(*p, &end, 10);
	*p = end;
	return true;
}

static const char *uid_line(const char *status)
{
	const char *p = strstr(status, "\nUid:");

	return p ? p + strlen("\nUid:") : NULL;
}

bool peer_status_has_uid(const char *status, uid_t uid)
{
	const char *p = uid_line(status);
	uid_t value;

	for (int i = 0; p && i < 4 && take_uid(&p, &value); i++)
		if (value == uid)
			return true;
	return false;
}

int peer_status_real_uid(const char *status, uid_t *ret)
{
	const char *p = uid_line(status);

	return p && take_uid(&p, ret) ? 0 : -EBADMSG;
}

/* NO_ID where the kernel keeps no login uid. */
static int login_uid_read(int folder, uid_t *ret)
{
	char text[32];
	uint64_t value;
	int r = proc_read(folder, "loginuid", text, sizeof(text));

	if (r == -ENOENT) {
		*ret = (uid_t)-1;
		return 0;
	}
	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	r = number_parse(text, UINT32_MAX, &value);
	if (r == 0)
		*ret = (uid_t)value;
	return r;
}

uid_t peer_own_login_uid(void)
{
	CLEANUP(fd_closep) int own = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	uid_t uid = (uid_t)-1;

	return own >= 0 && login_uid_read(own, &uid) == 0 ? uid : (uid_t)-1;
}

/* Only who shares our map of ids has an id that means the same here. */
static int same_user_namespace(int folder)
{
	CLEANUP(fd_closep) int own = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char theirs[PROC_TEXT_MAX], ours[PROC_TEXT_MAX];
	int r;

	if (own < 0)
		return -errno;
	r = proc_read(own, "uid_map", ours, sizeof(ours));
	if (r == -ENOENT)
		return 0; /* a kernel without user namespaces */
	if (r == 0)
		r = proc_read(folder, "uid_map", theirs, sizeof(theirs));
	if (r == 0 && strcmp(ours, theirs) != 0)
		r = -EACCES;
	return r;
}

static int is_alive(int pidfd)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int n = poll(&p, 1, 0);

	if (n < 0)
		return -errno;
	return n == 0 ? 0 : -ESRCH;
}

int peer_check(struct peer *peer)
{
	CLEANUP(fd_closep) int folder = -1;
	char path[32], text[PROC_TEXT_MAX];
	uint64_t start = 0;
	uid_t login_uid = (uid_t)-1, real_uid = (uid_t)-1;
	int r;

	(void)snprintf(path, sizeof(path), "/proc/%d", peer->pid);
	folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	r = proc_read(folder, "stat", text, sizeof(text));
	if (r == 0)
		r = peer_start_time_parse(text, &start);
	if (r == 0)
		r = proc_read(folder, "status", text, sizeof(text));
	if (r == 0 && !peer_status_has_uid(text, peer->uid))
		r = -EACCES;
	if (r == 0)
		r = peer_status_real_uid(text, &real_uid);
	if (r == 0)
		r = same_user_namespace(folder);
	if (r == 0)
		r = login_uid_read(folder, &login_uid);
	/* Last: if the process of the pidfd lives now, all of the above was its own. */
	if (r == 0)
		r = is_alive(peer->pidfd);
	if (r == 0 && peer->start_time && start != peer->start_time)
		r = -ESRCH;
	if (r < 0)
		return r;
	peer->start_time = start;
	peer->login_uid = login_uid;
	peer->real_uid = real_uid;
	return 0;
}

int peer_read(int socket_fd, struct peer *ret)
{
	struct peer peer = PEER_NONE;
	struct ucred credentials;
	socklen_t len = sizeof(credentials);
	int r;

	if (getsockopt(socket_fd, SOL_SOCKET, SO_PEERCRED, &credentials, &len) < 0)
		return -errno;
	/* 0: a process that our pid namespace does not show; -1: an id that our user namespace does not have. */
	if (len != sizeof(credentials) || credentials.pid <= 0 || credentials.uid == (uid_t)-1)
		return -EACCES;
	peer.pid = credentials.pid;
	peer.uid = credentials.uid;
	peer.gid = credentials.gid;
	peer.pidfd = (int)syscall(SYS_pidfd_open, peer.pid, 0);
	if (peer.pidfd < 0)
		return -errno;
	r = peer_check(&peer);
	if (r < 0) {
		peer_done(&peer);
		return r;
	}
	*ret = peer;
	return 0;
}

void peer_done(struct peer *peer)
{
	if (peer->pidfd >= 0)
		close(peer->pidfd);
	*peer = PEER_NONE;
}
