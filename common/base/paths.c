/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common/base/paths.h"

#include "common/base/result.h"

/* Given by the build: see Makemodule.am. /run is not runstatedir, whose /var/run is a symbolic link. */
static const char *const paths[PATH_COUNT] = {
	[PATH_ETC] = "/etc",
	[PATH_CONFIG] = TENURE_SYSCONFDIR "/tenure/tenure.conf",
	[PATH_TENANTS_D] = TENURE_SYSCONFDIR "/tenure/tenants.d",
	[PATH_DIRECTORY_D] = TENURE_SYSCONFDIR "/tenure/directory.d",
	[PATH_STATE] = TENURE_LOCALSTATEDIR "/lib/tenure",
	[PATH_JOURNAL] = TENURE_LOCALSTATEDIR "/lib/tenure/journal",
	[PATH_RUN] = TENURE_RUNDIR "/tenure",
	[PATH_GENERATION] = TENURE_RUNDIR "/tenure/generation",
	[PATH_SESSIONS] = TENURE_RUNDIR "/tenure/sessions",
	[PATH_SOCKET] = TENURE_RUNDIR "/tenure/tenured.sock",
	[PATH_ROOT_SOCKET] = TENURE_RUNDIR "/tenure/root.sock",
	[PATH_MACHINE_ID] = "/etc/machine-id",
	[PATH_BOOT_ID] = "/proc/sys/kernel/random/boot_id",
	[PATH_AUTH_HELPER] = TENURE_LIBEXECDIR "/tenure/tenure-auth",
	[PATH_SYNC_HELPER] = TENURE_LIBEXECDIR "/tenure/tenure-sync",
	[PATH_MOUNTINFO] = "/proc/self/mountinfo",
	[PATH_CMDLINE] = "/proc/self/cmdline",
	[PATH_PASSWD] = "/etc/passwd",
	[PATH_HOMES] = "/home",
	[PATH_LOG_JOURNAL] = TENURE_RUNDIR "/systemd/journal/socket",
	[PATH_LOG_SYSLOG] = "/dev/log",
	[PATH_NSCD] = "/var/run/nscd/socket",
	[PATH_USERDB_ALL] = TENURE_RUNDIR "/systemd/userdb/io.systemd.Multiplexer",
	[PATH_USERDB_NSS] = TENURE_RUNDIR "/systemd/userdb/io.systemd.NameServiceSwitch",
};

const char *tenure_path(enum tenure_path id)
{
	if ((size_t)id >= ARRAY_LENGTH(paths))
		return "";
	return paths[id];
}

uid_t tenure_trusted_uid(void)
{
	return 0;
}
