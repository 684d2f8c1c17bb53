/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/tenure-sync/confine.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41 /* names of a thread's heap */
#endif

/* What libldap, TLS, the resolver, threads and the memory allocator call, whatever the arguments. */
static const int allowed[] = {
	/* files and descriptors */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(write), SCMP_SYS(writev),
	SCMP_SYS(close), SCMP_SYS(close_range), SCMP_SYS(lseek), SCMP_SYS(_llseek), SCMP_SYS(open), SCMP_SYS(openat),
	SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(stat), SCMP_SYS(stat64), SCMP_SYS(lstat),
	SCMP_SYS(lstat64), SCMP_SYS(fstat), SCMP_SYS(fstat64), SCMP_SYS(newfstatat), SCMP_SYS(fstatat64), SCMP_SYS(statx),
	SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents64), SCMP_SYS(getcwd),
	SCMP_SYS(fcntl), SCMP_SYS(fcntl64), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(pipe), SCMP_SYS(pipe2),
	SCMP_SYS(eventfd2), SCMP_SYS(umask),
	/* waiting */
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(ppoll_time64), SCMP_SYS(select), SCMP_SYS(_newselect), SCMP_SYS(pselect6),
	SCMP_SYS(pselect6_time64), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_settime64),
	SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(clock_nanosleep_time64), SCMP_SYS(restart_syscall),
	/* clocks, chance, who we are */
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_gettime64), SCMP_SYS(clock_getres), SCMP_SYS(clock_getres_time64),
	SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(times), SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(gettid),
	SCMP_SYS(getppid), SCMP_SYS(getpgrp), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
	SCMP_SYS(getresuid), SCMP_SYS(getresgid), SCMP_SYS(getgroups), SCMP_SYS(getuid32), SCMP_SYS(geteuid32),
	SCMP_SYS(getgid32), SCMP_SYS(getegid32), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrusage), SCMP_SYS(getcpu),
	/* memory and threads */
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk), SCMP_SYS(mlock), SCMP_SYS(mlock2),
	SCMP_SYS(munlock), SCMP_SYS(mincore), SCMP_SYS(futex), SCMP_SYS(futex_time64), SCMP_SYS(set_robust_list),
	SCMP_SYS(get_robust_list), SCMP_SYS(set_tid_address), SCMP_SYS(rseq), SCMP_SYS(membarrier), SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_getparam), SCMP_SYS(sched_getscheduler), SCMP_SYS(arch_prctl),
	SCMP_SYS(set_thread_area), SCMP_SYS(getrlimit), SCMP_SYS(ugetrlimit), SCMP_SYS(exit), SCMP_SYS(exit_group),
	/* signals to ourselves */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigreturn), SCMP_SYS(sigaltstack),
	SCMP_SYS(rt_sigtimedwait), SCMP_SYS(rt_sigpending),
	/* the network; which families: below */
	SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt), SCMP_SYS(send), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recv),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(recvmmsg_time64), SCMP_SYS(shutdown),
};

/* Nothing that we link ever calls these: somebody else speaks through us. */
static const int deadly[] = {
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(process_madvise),
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(mount), SCMP_SYS(umount2),
	SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen),
	SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(bpf), SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd),
	SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load), SCMP_SYS(reboot),
	SCMP_SYS(tkill), SCMP_SYS(rt_sigqueueinfo), SCMP_SYS(rt_tgsigqueueinfo), SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(pidfd_getfd), SCMP_SYS(setuid), SCMP_SYS(setresuid), SCMP_SYS(setgid), SCMP_SYS(setresgid),
	SCMP_SYS(setgroups), SCMP_SYS(capset), SCMP_SYS(personality),
};

#define THREAD_FLAGS	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define NAMESPACE_FLAGS (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#ifdef __s390__
#define CLONE_FLAGS_ARGUMENT 1
#else
#define CLONE_FLAGS_ARGUMENT 0
#endif

struct rules {
	scmp_filter_ctx filter;
	int error; /* the first */
};

/* A call that this architecture does not have is none to forbid. */
static void rule(struct rules *r, uint32_t action, int call, unsigned count, const struct scmp_arg_cmp *arguments)
{
	int error;

	if (r->error < 0 || call == __NR_SCMP_ERROR)
		return;
	error = seccomp_rule_add_array(r->filter, action, call, count, arguments);
	if (error < 0 && error != -EDOM)
		r->error = error;
}

/* Argument n; the library's own macros are not C17. */
static struct scmp_arg_cmp equals(unsigned n, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){n, SCMP_CMP_EQ, value, 0};
}

static struct scmp_arg_cmp masked(unsigned n, scmp_datum_t mask, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){n, SCMP_CMP_MASKED_EQ, mask, value};
}

static void allow_if(struct rules *r, int call, struct scmp_arg_cmp argument)
{
	rule(r, SCMP_ACT_ALLOW, call, 1, &argument);
}

static void allow_both(struct rules *r, int call, struct scmp_arg_cmp first, struct scmp_arg_cmp second)
{
	const struct scmp_arg_cmp both[] = {first, second};

	rule(r, SCMP_ACT_ALLOW, call, ARRAY_LENGTH(both), both);
}

/* SOCK_RAW and SOCK_PACKET take a capability that we lack. */
static void add_sockets(struct rules *r)
{
	static const int families[] = {AF_UNIX, AF_INET, AF_INET6};

	for (size_t i = 0; i < ARRAY_LENGTH(families); i++)
		allow_if(r, SCMP_SYS(socket), equals(0, (scmp_datum_t)families[i]));
	allow_both(r, SCMP_SYS(socket), equals(0, AF_NETLINK), equals(2, NETLINK_ROUTE));
	allow_if(r, SCMP_SYS(socketpair), equals(0, AF_UNIX));
}

/* Memory is written or executed. */
static void add_memory(struct rules *r)
{
	static const int maps[] = {SCMP_SYS(mmap), SCMP_SYS(mmap2)};

	for (size_t i = 0; i < ARRAY_LENGTH(maps); i++) {
		allow_if(r, maps[i], masked(2, PROT_EXEC, 0));
		allow_if(r, maps[i], masked(2, PROT_EXEC | PROT_WRITE, PROT_EXEC));
	}
	allow_if(r, SCMP_SYS(mprotect), masked(2, PROT_EXEC, 0));
}

/* New threads alone; clone3 has its flags in memory, and glibc knows what to do without it. */
static void add_threads(struct rules *r)
{
	const uint64_t all = THREAD_FLAGS | NAMESPACE_FLAGS;

	allow_if(r, SCMP_SYS(clone), masked(CLONE_FLAGS_ARGUMENT, all, THREAD_FLAGS));
	rule(r, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
}

static void add_signals(struct rules *r)
{
	static const int calls[] = {SCMP_SYS(kill), SCMP_SYS(tgkill)};
	const scmp_datum_t self = (scmp_datum_t)getpid();

	for (size_t i = 0; i < ARRAY_LENGTH(calls); i++) {
		const struct scmp_arg_cmp others = {0, SCMP_CMP_NE, self, 0};

		allow_if(r, calls[i], equals(0, self));
		rule(r, SCMP_ACT_KILL_PROCESS, calls[i], 1, &others);
	}
}

static void add_special(struct rules *r)
{
	static const unsigned long requests[] = {FIONREAD, FIONBIO, FIOCLEX, SIOCGIFINDEX, SIOCGIFNAME, TCGETS};
	static const int options[] = {PR_SET_NAME, PR_GET_NAME, PR_SET_VMA, PR_GET_DUMPABLE, PR_CAPBSET_READ,
				      PR_GET_NO_NEW_PRIVS};

	for (size_t i = 0; i < ARRAY_LENGTH(requests); i++)
		allow_if(r, SCMP_SYS(ioctl), equals(1, (scmp_datum_t)requests[i]));
	for (size_t i = 0; i < ARRAY_LENGTH(options); i++)
		allow_if(r, SCMP_SYS(prctl), equals(0, (scmp_datum_t)options[i]));
	/* Reads our own limits. */
	allow_both(r, SCMP_SYS(prlimit64), equals(0, 0), equals(2, 0));
}

/* The kernel has it not, or a sandbox around us forbids it. */
static int load(scmp_filter_ctx filter)
{
	int r = seccomp_load(filter);

	return r == -ENOSYS || r == -EINVAL || r == -EPERM || r == -EOPNOTSUPP ? -EOPNOTSUPP : r;
}

int confine_calls(void)
{
	struct rules r = {.filter = seccomp_init(SCMP_ACT_ERRNO(EPERM))};

	if (!r.filter)
		return -ENOMEM;
	r.error = seccomp_attr_set(r.filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r.error == 0)
		r.error = seccomp_attr_set(r.filter, SCMP_FLTATR_API_SYSRAWRC, 1); /* the kernel's own word from load */
	if (r.error == 0)
		r.error = seccomp_attr_set(r.filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree: there are many */
	for (size_t i = 0; i < ARRAY_LENGTH(allowed); i++)
		rule(&r, SCMP_ACT_ALLOW, allowed[i], 0, NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(deadly); i++)
		rule(&r, SCMP_ACT_KILL_PROCESS, deadly[i], 0, NULL);
	add_sockets(&r);
	add_memory(&r);
	add_threads(&r);
	add_signals(&r);
	add_special(&r);
	if (r.error == 0)
		r.error = load(r.filter);
	seccomp_release(r.filter);
	return r.error;
}
