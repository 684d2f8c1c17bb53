/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MUST: what runs tenure-sync has lost root before it executes a byte of it, and cannot get it back; it holds the
 * descriptors that it was announced and no other, an environment of constants, and no argument. Between clone and exec
 * nothing allocates, logs or locks.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/safe_file.h"
#include "daemon/tenured/log.h"
#include "daemon/tenured/worker_internal.h"

#define OUT_OF_THE_WAY 16 /* above every number that is announced */
#define OOM_SCORE      "500" /* the broker's is -900, and the tenant's directory may be huge */

/* A namespace came to be and was of no use (AppArmor takes the capabilities in it): not tried again. */
static bool namespaces_useless;
static bool namespaces_missed; /* logged */

static void miss_namespaces(int error)
{
	if (!namespaces_missed)
		log_text(LOG_NOTICE, "tenure-sync runs without a user and pid namespace of its own: %s",
			 error < 0 ? strerror(-error) : "its account cannot be taken on in one");
	namespaces_missed = true;
}

/* In the child */

static void close_from(unsigned first)
{
#ifdef HAVE_CLOSE_RANGE
	if (close_range(first, ~0u, 0) == 0)
		return;
#endif
	for (unsigned fd = first; fd < 65536; fd++)
		close((int)fd);
}

/* Those that are announced, at their numbers; /dev/null as 0 to 2; nothing else. */
static bool arrange_descriptors(int socket, const int files[WORKER_FILE_COUNT])
{
	int moved[WORKER_FILE_COUNT], null;

	socket = fcntl(socket, F_DUPFD, OUT_OF_THE_WAY);
	null = open("/dev/null", O_RDWR);
	for (size_t i = 0; i < WORKER_FILE_COUNT; i++)
		moved[i] = files[i] < 0 ? -1 : fcntl(files[i], F_DUPFD, OUT_OF_THE_WAY);
	if (socket < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
	    dup2(socket, WORKER_SOCKET_FD) < 0)
		return false;
	for (size_t i = 0; i < WORKER_FILE_COUNT; i++) {
		const int number = WORKER_FIRST_FILE_FD + (int)i;

		if (files[i] < 0)
			close(number);
		else if (moved[i] < 0 || dup2(moved[i], number) < 0)
			return false;
	}
	close_from(WORKER_FIRST_FILE_FD + WORKER_FILE_COUNT);
	return true;
}

/* By the kernel's own call: glibc's leaves out two that it keeps for threads. Zeros are SIG_DFL, whatever its struct. */
static void reset_signals(void)
{
	static const unsigned char standard[128];
	sigset_t none;

	for (int n = 1; n < NSIG; n++)
		(void)syscall(SYS_rt_sigaction, n, standard, NULL, (NSIG - 1) / 8);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* No capability is left, nor could a file give one. Outside a namespace the bounding set stays without CAP_SETPCAP. */
static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct none[2] = {{0}};

	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, none) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

static bool ids_are(const struct worker_account *a)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if (getresuid(&r, &e, &s) < 0 || getresgid(&rg, &eg, &sg) < 0 || getgroups(0, NULL) != 0)
		return false;
	return r == a->uid && e == a->uid && s == a->uid && rg == a->gid && eg == a->gid && sg == a->gid;
}

/* The wrapper's header has another struct group than ours. */
static bool leave_groups(void)
{
	return syscall(SYS_setgroups, 0, NULL) == 0;
}

static bool take_account(const struct worker_account *a)
{
	for (int capability = 0; prctl(PR_CAPBSET_READ, capability) >= 0; capability++)
		(void)prctl(PR_CAPBSET_DROP, capability);
	if (!leave_groups() || setresgid(a->gid, a->gid, a->gid) < 0 || setresuid(a->uid, a->uid, a->uid) < 0)
		return false;
	/* In a namespace that has no root the change of ids takes no capability away. */
	if (!drop_capabilities() || !ids_are(a))
		return false;
	return setuid(0) < 0 && setgid(0) < 0 && seteuid(0) < 0 && setegid(0) < 0 && ids_are(a);
}

/* The first of a memory shortage, not the broker's twin in its score. */
static void offer_to_oom_killer(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, OOM_SCORE, sizeof(OOM_SCORE) - 1);
	close(fd);
}

/* The socket's other side is the broker's alone; a pid namespace has no parent to ask for. */
static bool broker_lives(void)
{
	struct pollfd other_side = {.fd = WORKER_SOCKET_FD, .events = POLLIN};

	return poll(&other_side, 1, 0) >= 0 && !(other_side.revents & (POLLHUP | POLLERR | POLLNVAL));
}

/* go: readable as soon as the ids of the namespace are mapped. */
static void become_worker(const struct worker_account *a, int socket, const int files[WORKER_FILE_COUNT], int go)
{
	static char name[] = "tenure-sync", no_ldaprc[] = "LDAPNOINIT=1", locale[] = "LC_ALL=C",
		    path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *const arguments[] = {name, NULL}, *const environment[] = {no_ldaprc, locale, path, NULL};
	char byte;

	if (read(go, &byte, 1) != 1)
		_exit(WORKER_NOT_CONFINED);
	reset_signals();
	offer_to_oom_killer();
	if (!arrange_descriptors(socket, files) || !take_account(a))
		_exit(WORKER_NOT_CONFINED);
	/* A change of ids takes this back: so behind it, and then a look whether it came too late. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || !broker_lives())
		_exit(WORKER_NOT_CONFINED);
	(void)setsid();
	(void)umask(077);
	if (chdir("/") < 0)
		_exit(WORKER_NOT_CONFINED);
	(void)execve(tenure_path(PATH_SYNC_HELPER), arguments, environment);
	_exit(WORKER_NOT_EXECUTED);
}

/* In the broker */

/* clone3 is ENOSYS under RestrictNamespaces; glibc's clone wants a stack. */
static pid_t fork_into(unsigned long namespaces)
{
	const unsigned long flags = namespaces | SIGCHLD;
#ifdef __s390__
	long pid = syscall(SYS_clone, 0, flags, 0, 0, 0);
#else
	long pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
#endif

	return pid < 0 ? -errno : (pid_t)pid;
}

static int write_map(pid_t pid, const char *name, unsigned id)
{
	CLEANUP(fd_closep) int fd = -1;
	char path[64], line[64];
	int len;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	len = snprintf(line, sizeof(line), "%u %u 1\n", id, id);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, line, (size_t)len) == len ? 0 : -EIO;
}

static int map_ids(pid_t pid, const struct worker_account *a)
{
	int r = write_map(pid, "uid_map", a->uid);

	return r < 0 ? r : write_map(pid, "gid_map", a->gid);
}

static pid_t spawn_into(unsigned long namespaces, const struct worker_account *a, int socket,
			const int files[WORKER_FILE_COUNT])
{
	CLEANUP(fd_closep) int wait_here = -1;
	CLEANUP(fd_closep) int go = -1;
	int ends[2], r = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	wait_here = ends[0];
	go = ends[1];
	pid = fork_into(namespaces);
	if (pid == 0) {
		close(go);
		become_worker(a, socket, files, wait_here);
	}
	if (pid < 0)
		return pid;
	if (namespaces)
		r = map_ids(pid, a);
	if (r == 0 && write(go, "", 1) == 1)
		return pid;
	/* It reads the pipe and nothing else, so its end is not waited for long. */
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return r < 0 ? r : -EIO;
}

int worker_spawn(const struct worker_account *account, int socket, const int files[WORKER_FILE_COUNT], pid_t *ret_pid,
		 bool *ret_contained)
{
	pid_t pid = -EPERM;
	bool contained = false;

	if (!namespaces_useless) {
		pid = spawn_into(CLONE_NEWUSER | CLONE_NEWPID, account, socket, files);
		contained = pid > 0;
		if (!contained)
			miss_namespaces(pid);
	}
	if (!contained)
		pid = spawn_into(0, account, socket, files);
	if (pid < 0)
		return pid;
	*ret_pid = pid;
	*ret_contained = contained;
	return 0;
}

void worker_spawn_judge(int status, bool contained)
{
	if (!contained || status < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != WORKER_NOT_CONFINED)
		return;
	namespaces_useless = true;
	miss_namespaces(0);
}
