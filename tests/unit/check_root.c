/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/check_root.h"

#define HASH "$y$j9T$u3BBvpHCkLQqKmjPmFcxf.$RLd5DAMUwxSPo3Er9nejHvjMh6pzrqU67DReuB5gd04"
#define STACK "@include common-auth\n@include common-account\n@include common-session\n"

/* As they are in /etc, and as the broker took them last. */
#define TENURE_CONF \
	"tenants = [ \"contoso\" ];\ngate = { mode = \"enforce\"; };\nceiling = { allow_become = [ \"root\" ]; };\n" \
	"local_logins = ( { login = \"bob\"; principal = \"bob@contoso.com\"; } );\n"
#define TENANT_CONF \
	"id = \"5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60\";\ndomains = [ \"contoso.com\" ];\nsource = \"file\";\n" \
	"id_range = [ 1900000000, 1900099999 ];\nrole_gids = [ 1900090000, 1900090999 ];\n"
#define DIRECTORY_CONF \
	"version = 1;\nusers = ( { name = \"alice\"; uid = 1900000001; password = \"" HASH "\"; },\n  { name = \"bob\"; },\n" \
	"  { name = \"carol\"; uid = 1900000003; } );\n" \
	"groups = ( { name = \"dba\"; gid = 1900010001; members = [ \"alice\", \"bob\" ]; } );\n" \
	"hosts = ( { name = \"db1\"; scope = \"/\"; id = \"47dcdcd0-cfb4-42b4-b7f0-711136d8bbc3\"; } );\n" \
	"roles = ( { name = \"db-operator\"; actions = [ \"login\", \"become:root\" ]; } );\n" \
	"assignments = ( { type = \"eligible\"; role = \"db-operator\"; group = \"dba\"; scope = \"/\"; } );\n"

static char root[64];

static const struct {
	const char *path, *text;
	mode_t mode;
} files[] = {
	{"/etc/passwd",
	 "root:x:0:0:root:/root:/bin/bash\nbob:x:1000:1000:Bob:/home/bob:/bin/bash\n"
	 "dora:x:1001:1001:Dora:/home/dora:/bin/bash\nmail:x:8:8:mail:/var/mail:/usr/sbin/nologin\n",
	 0644},
	{"/etc/shadow", "root:" HASH ":19000::::::\nbob:" HASH ":19000::::::\ndora:" HASH ":19000::::::\nmail:*:19000::::::\n", 0600},
	{"/etc/group", "root:x:0:\nsudo:x:27:bob\nshadow:x:42:\ndocker:x:998:\nbob:x:1000:\ndora:x:1001:\n", 0644},
	{"/etc/subuid", "bob:100000:65536\n", 0644},
	{"/etc/machine-id", "0123456789abcdef0123456789abcdef\n", 0444},
	{"/etc/nsswitch.conf", "# comment\npasswd:  files systemd tenure\ngroup: files systemd tenure # ours\nhosts: files dns\n", 0644},
	{"/etc/pam.d/common-auth",
	 "auth [success=2 ignore=ignore default=die] pam_tenure.so\nauth [success=1 default=ignore] pam_unix.so nullok\n"
	 "auth requisite pam_deny.so\nauth required pam_permit.so\n",
	 0644},
	{"/etc/pam.d/common-account",
	 "account required /usr/lib/security/pam_tenure.so\n"
	 "account [success=1 new_authtok_reqd=done default=ignore] \\\n  pam_unix.so\naccount requisite pam_deny.so\n"
	 "account required pam_permit.so\n",
	 0644},
	{"/etc/pam.d/common-session",
	 "session [default=1] pam_permit.so\nsession required pam_unix.so\nsession optional pam_systemd.so\nsession required pam_tenure.so\n",
	 0644},
	{"/etc/pam.d/common-session-noninteractive", "session required pam_unix.so\nsession required pam_tenure.so\n", 0644},
	{"/etc/pam.d/sudo",
	 "@include common-auth\n@include common-account\n@include common-session-noninteractive\n", 0644},
	{"/etc/pam.d/sudo-i", STACK, 0644},
	{"/etc/pam.d/su", "auth sufficient pam_rootok.so\n" STACK, 0644},
	{"/etc/pam.d/su-l", "auth include su\naccount include su\nsession include su\n", 0644},
	{"/etc/pam.d/sshd", "@include common-auth\naccount required pam_nologin.so\n@include common-account\n@include common-session\n", 0644},
	{"/etc/pam.d/cron", "@include common-auth\n@include common-account\n@include common-session-noninteractive\n", 0644},
	{"/etc/pam.d/tenure", "auth required pam_tenure.so\n", 0644},
	{"/etc/sudoers",
	 "Defaults env_reset, secure_path=\"/usr/sbin:/usr/bin\"\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n"
	 "@includedir /etc/sudoers.d\n",
	 0440},
	{"/etc/sudoers.d/tenure",
	 "Defaults group_plugin=system_group.so\nDefaults:%:become-root pam_acct_mgmt, pam_session, use_pty\n"
	 "%:become-root ALL=(root) ALL\n",
	 0440},
	{"/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n", 0644},
	{"/etc/tenure/tenure.conf", TENURE_CONF, 0644},
	{"/etc/tenure/tenants.d/contoso.conf", TENANT_CONF, 0644},
	{"/etc/tenure/directory.d/contoso.conf", DIRECTORY_CONF, 0600},
	{"/var/lib/tenure/last/tenure.conf", TENURE_CONF, 0600},
	{"/var/lib/tenure/last/tenants.d/contoso.conf", TENANT_CONF, 0600},
	{"/var/lib/tenure/last/directory.d/contoso.conf", DIRECTORY_CONF, 0600},
	{"/home/contoso.com/alice/.profile", "", 0644},
	{"/home/contoso.com/carol/.profile", "", 0644},
	{"/var/lib/tenure/journal/00000001", "{}\n", 0600},
	{"/var/lib/tenure/tenants/contoso/policy", "x", 0600},
	{"/run/tenure/generation", "x", 0644},
	{"/proc/self/mountinfo",
	 "22 27 0:21 / /proc rw,nosuid shared:12 - proc proc rw\n30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n",
	 0644},
	{"/sys/fs/cgroup/cgroup.procs", "", 0644},
};

static const char *const closed[] = {"/var/lib/tenure/journal", "/var/lib/tenure/last", "/var/lib/tenure/last/tenants.d",
				     "/var/lib/tenure/last/directory.d", "/home/contoso.com"};

static void full_path(const char *path, char ret[static 256])
{
	assert_true(snprintf(ret, 256, "%s%s", root, path) < 256);
}

static void make_parents(char *path)
{
	for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		(void)mkdir(path, 0755);
		*p = '/';
	}
}

void check_root_put(const char *path, const char *text, mode_t mode)
{
	char full[256];
	bool behind = text && strlen(text) >= 2 && strcmp(text + strlen(text) - 2, "+\n") == 0;
	size_t len = text ? strlen(text) - (behind ? 2 : 0) : 0;
	int fd;

	full_path(path, full);
	make_parents(full);
	if (!text) {
		if (unlink(full) < 0)
			assert_int_equal(rmdir(full), 0);
		return;
	}
	(void)chmod(full, 0600);
	fd = open(full, O_WRONLY | O_CREAT | O_CLOEXEC | (behind ? O_APPEND : O_TRUNC), 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode ? mode : 0644), 0);
	close(fd);
}

void check_root_chmod(const char *path, mode_t mode)
{
	char full[256];

	full_path(path, full);
	assert_int_equal(chmod(full, mode), 0);
}

void check_root_time(const char *path, time_t when)
{
	struct timespec times[2] = {{when, 0}, {when, 0}};
	char full[256];

	full_path(path, full);
	assert_int_equal(utimensat(AT_FDCWD, full, times, 0), 0);
}

void check_root_make(void)
{
	umask(022);
	strcpy(root, "/tmp/tenure-check.XXXXXX");
	assert_non_null(mkdtemp(root));
	assert_int_equal(chmod(root, 0755), 0);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		check_root_put(files[i].path, files[i].text, files[i].mode);
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
		check_root_chmod(closed[i], 0700);
	assert_int_equal(setenv("TENURE_TEST_ROOT", root, 1), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void check_root_remove(void)
{
	assert_true(strncmp(root, "/tmp/tenure-check.", 18) == 0);
	(void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	unsetenv("TENURE_TEST_ROOT");
}
