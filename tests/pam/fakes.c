/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/pam/fakes.h"

#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <security/pam_modules.h>

/* The linker gives the originals these names. */
uid_t __real_getuid(void);
uid_t __real_geteuid(void);
int __real_pam_fail_delay(pam_handle_t *pamh, unsigned us);
uid_t __wrap_getuid(void);
uid_t __wrap_geteuid(void);
uid_t __wrap_tenure_trusted_uid(void);
int __wrap_pam_fail_delay(pam_handle_t *pamh, unsigned us);
struct passwd *__wrap_pam_modutil_getpwnam(pam_handle_t *pamh, const char *name);
struct passwd *__wrap_pam_modutil_getpwuid(pam_handle_t *pamh, uid_t uid);
struct group *__wrap_pam_modutil_getgrnam(pam_handle_t *pamh, const char *name);
struct group *__wrap_pam_modutil_getgrgid(pam_handle_t *pamh, gid_t gid);
__attribute__((format(printf, 3, 4))) void __wrap_pam_syslog(const pam_handle_t *pamh, int priority,
							     const char *format, ...);

__attribute__((visibility("default"))) struct fakes fakes = {.uid = (uid_t)-1, .euid = (uid_t)-1};

uid_t __wrap_getuid(void)
{
	return fakes.uid == (uid_t)-1 ? __real_getuid() : fakes.uid;
}

uid_t __wrap_geteuid(void)
{
	return fakes.euid == (uid_t)-1 ? __real_geteuid() : fakes.euid;
}

/* The files are the test's own, whoever it plays. */
uid_t __wrap_tenure_trusted_uid(void)
{
	return __real_geteuid();
}

int __wrap_pam_fail_delay(pam_handle_t *pamh, unsigned us)
{
	fakes.fail_delay_us = us;
	return __real_pam_fail_delay(pamh, us);
}

/* The test host's NSS: its own accounts and contoso's. The primary group has the account's number. */
static struct {
	char name[24];
	uid_t uid;
} accounts[] = {
	{"root", 0},		{"postgres", 105},	 {"luser", 1500},	  {"bob", 1501},
	{"rescue", 1502},	{"lou", 1503},		 {"moved", 1505},	  {"alice", 1900000001},
	{"alias", 1900000001},	{"carol", 1900000003},	 {"dan", 1900000004},	  {"erin", 1900000005},
	{"mallory", 1900000006}, {"future", 1900000007}, {"gina", 1900000008},	  {"nopass", 1900000009},
	{"locked", 1900000010},	 {"hank", 1900000011},
	{"zoe@fabrikam.com", 1950000001}, {"yan@fabrikam.com", 1950000002},
};

static struct {
	char name[16];
	gid_t gid;
} groups[] = {{"root", 0}, {"adm", 4}, {"disk", 6}, {"postgres", 105}};

static struct passwd *account_found(size_t i)
{
	static struct passwd found;

	found = (struct passwd){.pw_name = accounts[i].name, .pw_uid = accounts[i].uid, .pw_gid = accounts[i].uid};
	return &found;
}

struct passwd *__wrap_pam_modutil_getpwnam(pam_handle_t *pamh, const char *name)
{
	(void)pamh;
	for (size_t i = 0; !fakes.nss_fails && i < sizeof(accounts) / sizeof(*accounts); i++)
		if (strcmp(accounts[i].name, name) == 0)
			return account_found(i);
	return NULL;
}

struct passwd *__wrap_pam_modutil_getpwuid(pam_handle_t *pamh, uid_t uid)
{
	(void)pamh;
	for (size_t i = 0; !fakes.nss_fails && i < sizeof(accounts) / sizeof(*accounts); i++)
		if (accounts[i].uid == uid)
			return account_found(i);
	return NULL;
}

static struct group *group_found(size_t i)
{
	static struct group found;

	found = (struct group){.gr_name = groups[i].name, .gr_gid = groups[i].gid};
	return &found;
}

struct group *__wrap_pam_modutil_getgrnam(pam_handle_t *pamh, const char *name)
{
	(void)pamh;
	for (size_t i = 0; !fakes.nss_fails && i < sizeof(groups) / sizeof(*groups); i++)
		if (strcmp(groups[i].name, name) == 0)
			return group_found(i);
	return NULL;
}

struct group *__wrap_pam_modutil_getgrgid(pam_handle_t *pamh, gid_t gid)
{
	(void)pamh;
	for (size_t i = 0; !fakes.nss_fails && i < sizeof(groups) / sizeof(*groups); i++)
		if (groups[i].gid == gid)
			return group_found(i);
	return NULL;
}

void __wrap_pam_syslog(const pam_handle_t *pamh, int priority, const char *format, ...)
{
	size_t len = strlen(fakes.syslog);
	va_list arguments;

	(void)pamh;
	(void)priority;
	if (len + 2 >= sizeof(fakes.syslog))
		return;
	va_start(arguments, format);
	(void)vsnprintf(fakes.syslog + len, sizeof(fakes.syslog) - len - 2, format, arguments);
	va_end(arguments);
	len = strlen(fakes.syslog);
	memcpy(fakes.syslog + len, "\n", 2);
}
