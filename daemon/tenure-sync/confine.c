/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenure-sync/confine.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/wire/sync_proto.h"

#define DESCRIPTORS_MAX 256
#define THREADS_MAX	512 /* of the account: before Linux 5.14 it counts the workers of all tenants */
#define MEMORY_MAX	(UINT64_C(1) << 30)
#define ADDRESSES_MAX	(UINT64_C(8) << 30) /* a thread's heap reserves 128 MB of them */

/* A sanitizer maps terabytes, and looks into its own process at the end. */
#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

static int limit(int resource, uint64_t most)
{
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t)resource, &now) < 0)
		return -errno;
	if (now.rlim_max > most)
		now.rlim_max = most;
	now.rlim_cur = now.rlim_max;
	return setrlimit((__rlimit_resource_t)resource, &now) < 0 ? -errno : 0;
}

static int bound(void)
{
	int r = limit(RLIMIT_CORE, 0);

	if (r == 0)
		r = limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
	if (r == 0)
		r = limit(RLIMIT_NPROC, THREADS_MAX);
	if (r == 0)
		r = limit(RLIMIT_FSIZE, 0);
#ifndef HAS_SANITIZER
	if (r == 0)
		r = limit(RLIMIT_DATA, MEMORY_MAX);
	if (r == 0)
		r = limit(RLIMIT_AS, ADDRESSES_MAX);
#endif
	return r;
}

/* 0 with the flag, 0 without (the kernel has it not), or -errno. */
static int part(int (*fn)(void), unsigned flag, unsigned *confined)
{
	int r = fn();

	if (r == 0)
		*confined |= flag;
	return r == -EOPNOTSUPP ? 0 : r;
}

int confine(unsigned *ret_confined)
{
	unsigned confined = 0;
	int r;

	if (prctl(PR_SET_DUMPABLE, 0) < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || chdir("/") < 0)
		return -errno;
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	r = bound();
	if (r == 0)
		r = part(confine_files, SYNC_CONFINED_LANDLOCK, &confined);
	if (r == 0)
		r = part(confine_calls, SYNC_CONFINED_SECCOMP, &confined);
	if (r < 0)
		return r;
	/* The broker starts us as the first of a pid namespace, or as one among all. */
	if (getpid() == 1)
		confined |= SYNC_CONFINED_PID_NAMESPACE;
	*ret_confined = confined;
	return 0;
}
