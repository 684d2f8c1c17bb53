/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/safe_file.h"
#include "daemon/tenure-sync/confine.h"

/* Of newer kernels than the headers may be: what a kernel does not have is not asked of it. */
#define FS_ACCESS_ABI_1	     ((UINT64_C(1) << 13) - 1)
#define FS_ACCESS_ABI_2	     ((UINT64_C(1) << 14) - 1) /* refer */
#define FS_ACCESS_ABI_3	     ((UINT64_C(1) << 15) - 1) /* truncate */
#define FS_ACCESS_ABI_5	     ((UINT64_C(1) << 16) - 1) /* ioctl of devices */
#define NET_BIND_TCP	     (UINT64_C(1) << 0)	       /* ABI 4; connect stays free */
#define SCOPE_ABSTRACT_UNIX  (UINT64_C(1) << 0)	       /* ABI 6 */
#define SCOPE_SIGNAL	     (UINT64_C(1) << 1)

struct ruleset_attr {
	uint64_t handled_access_fs, handled_access_net, scoped;
};
#define RULESET_SIZE_ABI_1 8
#define RULESET_SIZE_ABI_4 16
#define RULESET_SIZE_ABI_6 24

#define READ_FILE (LANDLOCK_ACCESS_FS_READ_FILE)
#define READ_TREE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/*
 * What libldap, GnuTLS or OpenSSL, SASL's EXTERNAL and the resolver read, libraries that they load among it; links are
 * followed. Sealed memory opens by /proc/self/fd without a rule.
 */
static const char *const readable[] = {
	"/etc/resolv.conf", "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services",
	"/etc/protocols", "/etc/localtime", "/etc/ld.so.cache", "/etc/ssl", "/etc/ca-certificates", "/etc/pki",
	"/etc/gnutls", "/etc/crypto-policies", "/etc/pkcs11", "/etc/sasl2", "/etc/alternatives",
	"/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/lib", "/lib32", "/lib64", "/libx32", "/usr/local/lib", "/usr/share",
	"/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/connman",
	"/proc/self", "/dev/null", "/dev/urandom", "/dev/random",
};

/* Was refused from the beginning: by its mode. */
static bool refused[ARRAY_LENGTH(readable)];
static bool confined;

static int allow(int ruleset, int fd, const struct stat *st)
{
	const struct landlock_path_beneath_attr rule = {
		.allowed_access = S_ISDIR(st->st_mode) ? READ_TREE : READ_FILE,
		.parent_fd = fd,
	};

	return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? -errno : 0;
}

static int add_rules(int ruleset)
{
	for (size_t i = 0; i < ARRAY_LENGTH(readable); i++) {
		CLEANUP(fd_closep) int fd = open(readable[i], O_PATH | O_CLOEXEC);
		struct stat st;
		int r;

		if (fd < 0)
			continue; /* not on this host: nothing to allow */
		if (fstat(fd, &st) < 0)
			return -errno;
		r = allow(ruleset, fd, &st);
		if (r < 0)
			return r;
	}
	return 0;
}

static int create_ruleset(long abi)
{
	struct ruleset_attr attr = {.handled_access_fs = FS_ACCESS_ABI_1};
	size_t size = RULESET_SIZE_ABI_1;
	long fd;

	if (abi >= 2)
		attr.handled_access_fs = FS_ACCESS_ABI_2;
	if (abi >= 3)
		attr.handled_access_fs = FS_ACCESS_ABI_3;
	if (abi >= 5)
		attr.handled_access_fs = FS_ACCESS_ABI_5;
	if (abi >= 4) {
		attr.handled_access_net = NET_BIND_TCP;
		size = RULESET_SIZE_ABI_4;
	}
	if (abi >= 6) {
		attr.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
		size = RULESET_SIZE_ABI_6;
	}
	fd = syscall(SYS_landlock_create_ruleset, &attr, size, 0);
	return fd < 0 ? -errno : (int)fd;
}

/* No kernel has it, this one was started without it, or a sandbox around us forbids it. */
static bool has_it_not(int error)
{
	return error == ENOSYS || error == EOPNOTSUPP || error == EPERM;
}

static bool is_refused(const char *path)
{
	CLEANUP(fd_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd < 0 && errno == EACCES;
}

int confine_files(void)
{
	const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	CLEANUP(fd_closep) int ruleset = -1;
	int r;

	if (abi < 1)
		return has_it_not(errno) ? -EOPNOTSUPP : -errno;
	ruleset = create_ruleset(abi);
	if (ruleset < 0)
		return ruleset;
	r = add_rules(ruleset);
	if (r < 0)
		return r;
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return has_it_not(errno) ? -EOPNOTSUPP : -errno;
	for (size_t i = 0; i < ARRAY_LENGTH(readable); i++)
		refused[i] = is_refused(readable[i]);
	confined = true;
	return 0;
}

/* An inode has the rule, not a name: what was renamed to that name, or came later, is refused. */
bool confine_is_outdated(void)
{
	for (size_t i = 0; confined && i < ARRAY_LENGTH(readable); i++)
		if (!refused[i] && is_refused(readable[i]))
			return true;
	return false;
}
