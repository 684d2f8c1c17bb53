/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/sessions_fixture.h"

#define TREE_MAX 1024

static char tree[TREE_MAX]; /* as it stands in the file system */

static bool file_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

/* Outlives the program, however that ends, and takes the tree away with all that is in it. */
static _Noreturn void clean_up(pid_t program)
{
	char command[3 * TREE_MAX + 256];
	struct pollfd p = {.fd = process_open(program), .events = POLLIN};

	for (int fd = 0; fd <= 2; fd++)
		close(fd);
	while (p.fd >= 0 && poll(&p, 1, -1) <= 0)
		;
	snprintf(command, sizeof(command),
		 "for i in 1 2 3 4 5 6 7 8 9; do echo 1 >%s/cgroup.kill; find %s -depth -type d -exec rmdir {} \\;; "
		 "[ -e %s ] || break; sleep 0.2; done",
		 tree, tree, tree);
	_exit(system(command) != 0);
}

const char *tree_make(void)
{
	char text[1 << 16], mount[TREE_MAX - 64], procs[TREE_MAX + 32];
	ssize_t n = -1;

	if (tree[0])
		return NULL;
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text));
		close(fd);
	}
	if (n <= 0 || cgroup_mount_parse(text, (size_t)n, mount, sizeof(mount)) < 0)
		return "no cgroup2 is mounted";
	snprintf(tree, sizeof(tree), "%s/tenure-test.%d", mount, (int)getpid());
	if (mkdir(tree, 0755) < 0)
		return "no cgroup v2 to write";
	pid_t self = getpid();
	if (fork() == 0)
		clean_up(self);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", tree);
	return file_put(procs, "0") && unshare(CLONE_NEWCGROUP) == 0 ? NULL : "no namespaces of cgroups";
}

bool tree_escape(void)
{
	char procs[TREE_MAX + 32];

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", tree);
	return file_put(procs, "0");
}

void tree_empty(void)
{
	char path[TREE_MAX + 64], text[64] = "";

	snprintf(path, sizeof(path), "%s/tenure.slice/cgroup.kill", tree);
	int fd = open(path, O_WRONLY | O_CLOEXEC); /* from Linux 5.14 on */
	if (fd < 0)
		return;
	(void)!write(fd, "1", 1);
	close(fd);
	snprintf(path, sizeof(path), "%s/tenure.slice/cgroup.events", tree);
	for (unsigned i = 0; i < 500 && !strstr(text, "populated 0"); i++) {
		usleep(10000);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
		text[n > 0 ? n : 0] = '\0';
		if (fd >= 0)
			close(fd);
	}
}

bool tree_use(const char *root)
{
	char path[PATH_MAX], line[TREE_MAX + 64];

	snprintf(path, sizeof(path), "%s/proc", root);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/proc/self", root);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/proc/self/mountinfo", root);
	snprintf(line, sizeof(line), "30 23 0:26 / %s rw,nosuid - cgroup2 cgroup2 rw\n", tree);
	return file_put(path, line);
}
