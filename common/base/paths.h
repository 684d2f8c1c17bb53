/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_BASE_PATHS_H
#define TENURE_BASE_PATHS_H

/*
 * The one place that names the files of Tenure. Shipped programs link paths.c, whose answers are constants of the
 * build; tests link tests/lib/test_paths.c instead, which puts a root of the test's own before each. So no shipped
 * binary has a switch or an environment variable that leads it to other files.
 */

#include <sys/types.h>

enum tenure_path {
	PATH_ETC,	  /* /etc: passwd, group, subuid, subgid (local_accounts_read), pam.d */
	PATH_CONFIG,	  /* /etc/tenure/tenure.conf */
	PATH_TENANTS_D,	  /* /etc/tenure/tenants.d */
	PATH_DIRECTORY_D, /* /etc/tenure/directory.d */
	PATH_STATE,	  /* /var/lib/tenure: index; tenants/NAME/{identity,keys,policy,secrets,holders} */
	PATH_JOURNAL,	  /* /var/lib/tenure/journal */
	PATH_RUN,	  /* /run/tenure: outlives the broker */
	PATH_GENERATION,  /* /run/tenure/generation */
	PATH_SESSIONS,	  /* /run/tenure/sessions: a file for each contained session */
	PATH_SOCKET,	  /* /run/tenure/tenured.sock: everybody */
	PATH_ROOT_SOCKET, /* /run/tenure/root.sock, 0600: privileged verbs */
	PATH_MACHINE_ID,  /* /etc/machine-id */
	PATH_BOOT_ID,	  /* /proc/sys/kernel/random/boot_id */
	PATH_AUTH_HELPER, /* LIBEXEC/tenure/tenure-auth */
	PATH_SYNC_HELPER, /* LIBEXEC/tenure/tenure-sync */
	PATH_MOUNTINFO,	  /* /proc/self/mountinfo: where cgroup2 is */
	PATH_CMDLINE,	  /* /proc/self/cmdline: what sudo was asked for */
	PATH_PASSWD,	  /* /etc/passwd: the host's own accounts, whatever NSS says */
	PATH_HOMES,	  /* /home: in it /home/DOMAIN, which pam_tenure makes */
	PATH_LOG_JOURNAL, /* /run/systemd/journal/socket: of the native protocol */
	PATH_LOG_SYSLOG,  /* /dev/log */
	PATH_NSCD,	  /* /var/run/nscd/socket: where the C library looks for nscd */
	PATH_USERDB_ALL,  /* /run/systemd/userdb/io.systemd.Multiplexer: systemd-userdbd */
	PATH_USERDB_NSS,  /* /run/systemd/userdb/io.systemd.NameServiceSwitch: the same */
	PATH_COUNT
};

/* The absolute path; static storage, never NULL for a known id. */
const char *tenure_path(enum tenure_path id);

/* Who must own every file that we trust: 0 in shipped programs. */
uid_t tenure_trusted_uid(void);

#endif
