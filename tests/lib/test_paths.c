/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stands in for common/base/paths.c in tests: every path gets the root that TENURE_TEST_ROOT names (none: the machine's
 * own), and who runs the test is trusted. The environment is asked each time, so that one program tests many roots.
 */
#include "common/base/paths.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const paths[PATH_COUNT] = {
	[PATH_ETC] = "/etc",
	[PATH_CONFIG] = "/etc/tenure/tenure.conf",
	[PATH_TENANTS_D] = "/etc/tenure/tenants.d",
	[PATH_DIRECTORY_D] = "/etc/tenure/directory.d",
	[PATH_STATE] = "/var/lib/tenure",
	[PATH_JOURNAL] = "/var/lib/tenure/journal",
	[PATH_RUN] = "/run/tenure",
	[PATH_GENERATION] = "/run/tenure/generation",
	[PATH_SESSIONS] = "/run/tenure/sessions",
	[PATH_SOCKET] = "/run/tenure/tenured.sock",
	[PATH_ROOT_SOCKET] = "/run/tenure/root.sock",
	[PATH_MACHINE_ID] = "/etc/machine-id",
	[PATH_BOOT_ID] = "/proc/sys/kernel/random/boot_id",
	[PATH_AUTH_HELPER] = "/usr/libexec/tenure/tenure-auth",
	[PATH_SYNC_HELPER] = "/usr/libexec/tenure/tenure-sync",
	[PATH_MOUNTINFO] = "/proc/self/mountinfo",
	[PATH_CMDLINE] = "/proc/self/cmdline",
	[PATH_PASSWD] = "/etc/passwd",
	[PATH_HOMES] = "/home",
	[PATH_LOG_JOURNAL] = "/run/systemd/journal/socket",
	[PATH_LOG_SYSLOG] = "/dev/log",
	[PATH_NSCD] = "/var/run/nscd/socket",
	[PATH_USERDB_ALL] = "/run/systemd/userdb/io.systemd.Multiplexer",
	[PATH_USERDB_NSS] = "/run/systemd/userdb/io.systemd.NameServiceSwitch",
};

static _Thread_local char rooted[PATH_COUNT][PATH_MAX];

/* What the kernel says is the kernel's own unless the test's root has it. */
const char *tenure_path(enum tenure_path id)
{
	const char *root = getenv("TENURE_TEST_ROOT");
	int n;

	if (id >= PATH_COUNT)
		return "";
	if (!root || !*root)
		return paths[id];
	n = snprintf(rooted[id], PATH_MAX, "%s%s", root, paths[id]);
	if (n < 0 || n >= PATH_MAX)
		abort();
	if ((id == PATH_BOOT_ID || id == PATH_MOUNTINFO || id == PATH_CMDLINE) && access(rooted[id], F_OK) < 0)
		return paths[id];
	return rooted[id];
}

uid_t tenure_trusted_uid(void)
{
	uid_t real, effective, saved = 0;

	/* A test that plays somebody else, as the real or as the effective user, is trusted for what it made still. */
	(void)getresuid(&real, &effective, &saved);
	return saved;
}
