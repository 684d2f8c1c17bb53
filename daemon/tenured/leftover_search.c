/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/safe_file.h"
#include "common/base/text.h"
#include "common/wire/session_record.h"
#include "daemon/tenured/leftover.h"

#define SETID_DEPTH_MAX	  12
#define SETID_ENTRIES_MAX 200000 /* looked at, all folders together */
#define FOUND_MAX	  256

/* How a place is looked at. */
enum place_kind {
	PLACE_FILE,  /* the file itself */
	PLACE_FILES, /* each file in the folder */
	PLACE_AT,    /* jobs of at(1), by their numbers */
	PLACE_UNITS, /* units, one folder deeper too (.wants, .d) */
	PLACE_HOMES, /* .ssh/authorized_keys of each home in the folder */
	PLACE_SETID, /* the tree, for setuid and setgid files */
};

static const struct place {
	enum place_kind kind;
	const char *path;
} places[] = {
	{PLACE_AT, "/var/spool/cron/atjobs"},
	{PLACE_FILE, "/etc/crontab"},
	{PLACE_FILES, "/etc/cron.d"},
	{PLACE_FILES, "/etc/cron.hourly"},
	{PLACE_FILES, "/etc/cron.daily"},
	{PLACE_FILES, "/etc/cron.weekly"},
	{PLACE_FILES, "/etc/cron.monthly"},
	{PLACE_FILES, "/var/spool/cron/crontabs"},
	{PLACE_UNITS, "/etc/systemd/system"},
	{PLACE_UNITS, "/etc/systemd/user"},
	{PLACE_UNITS, "/run/systemd/system"},
	{PLACE_UNITS, "/run/systemd/transient"},
	{PLACE_UNITS, "/usr/local/lib/systemd/system"},
	{PLACE_FILE, "/etc/sudoers"},
	{PLACE_FILES, "/etc/sudoers.d"},
	{PLACE_FILES, "/etc/pam.d"},
	{PLACE_FILE, "/etc/passwd"},
	{PLACE_FILE, "/etc/shadow"},
	{PLACE_FILE, "/etc/group"},
	{PLACE_FILE, "/etc/ld.so.preload"},
	{PLACE_FILE, "/root/.ssh/authorized_keys"},
	{PLACE_HOMES, "/home"},
	{PLACE_SETID, "/tmp"},
	{PLACE_SETID, "/var/tmp"},
	{PLACE_SETID, "/dev/shm"},
	{PLACE_SETID, "/usr/local"},
	{PLACE_SETID, "/home"},
	{PLACE_SETID, "/root"},
};

struct search {
	const char *root;
	int64_t since_ns;
	leftover_fn fn;
	void *context;
	size_t looked, found;
	dev_t device; /* of the tree that is walked: no other file system is entered */
};

static int found(struct search *s, const struct stat *st, const char *prefix, const char *path)
{
	struct leftover l = {.changed_ns = (int64_t)st->st_ctim.tv_sec * NS_PER_S + st->st_ctim.tv_nsec,
			     .owner = st->st_uid};
	char shown[LEFTOVER_TEXT_MAX - 16];

	if (l.changed_ns < s->since_ns)
		return 0;
	if (++s->found > FOUND_MAX)
		return -E2BIG;
	snprintf(l.text, sizeof(l.text), "%s%s", prefix, text_escape(path, shown, sizeof(shown)));
	return s->fn(s->context, &l);
}

/* at(1) names a job by a letter, five hexadecimal digits of its number and eight of its minute. */
static int at_job_found(struct search *s, const struct stat *st, const char *name)
{
	char digits[6], number[16], *end;

	if (strlen(name) != 14 || name[0] == '.')
		return 0;
	memcpy(digits, name + 1, 5);
	digits[5] = '\0';
	unsigned long job = strtoul(digits, &end, 16);
	if (*end)
		return 0;
	snprintf(number, sizeof(number), "%lu", job);
	return found(s, st, "at job ", number);
}

/* What logind and we ourselves make all the time. */
static bool unit_is_usual(const char *name)
{
	static const char *const usual[] = {"tenure-", "session-", "user-", "user@", "user-runtime-dir@"};

	for (size_t i = 0; i < ARRAY_LENGTH(usual); i++) {
		if (strncmp(name, usual[i], strlen(usual[i])) == 0)
			return true;
	}
	return false;
}

static int folder_search(struct search *s, const char *path, enum place_kind kind, unsigned depth);

static int entry_search(struct search *s, int dir, const char *folder, const char *name, enum place_kind kind,
			unsigned depth)
{
	char path[PATH_MAX];
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return 0;
	switch (kind) {
	case PLACE_AT:
		return S_ISREG(st.st_mode) ? at_job_found(s, &st, name) : 0;
	case PLACE_UNITS:
		if (S_ISDIR(st.st_mode))
			return depth == 0 && !unit_is_usual(name) ? folder_search(s, path, kind, 1) : 0;
		return unit_is_usual(name) ? 0 : found(s, &st, "", path);
	case PLACE_FILES:
		return S_ISDIR(st.st_mode) ? 0 : found(s, &st, "", path);
	case PLACE_HOMES:
		if (!S_ISDIR(st.st_mode) || strlen(path) + sizeof("/.ssh") > sizeof(path))
			return 0;
		memcpy(path + strlen(path), "/.ssh", sizeof("/.ssh"));
		return folder_search(s, path, PLACE_FILE, 0);
	case PLACE_FILE: /* in .ssh */
		return S_ISREG(st.st_mode) && strncmp(name, "authorized_keys", 15) == 0 ? found(s, &st, "", path) : 0;
	case PLACE_SETID:
		if (S_ISDIR(st.st_mode))
			return depth < SETID_DEPTH_MAX && st.st_dev == s->device ?
				       folder_search(s, path, kind, depth + 1) :
				       0;
		return S_ISREG(st.st_mode) && (st.st_mode & (S_ISUID | S_ISGID)) && (st.st_mode & 0111) ?
			       found(s, &st, st.st_mode & S_ISUID ? "setuid " : "setgid ", path) :
			       0;
	}
	return 0;
}

/* path is without the root. What cannot be opened is passed over. */
static int folder_search(struct search *s, const char *path, enum place_kind kind, unsigned depth)
{
	char full[PATH_MAX];
	struct stat st;
	int r = 0;

	if (snprintf(full, sizeof(full), "%s%s", s->root, path) >= (int)sizeof(full))
		return 0;
	int fd = open(full, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	if (depth == 0 && fstat(dirfd(d), &st) == 0)
		s->device = st.st_dev;
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (++s->looked > SETID_ENTRIES_MAX)
			r = -E2BIG;
		else
			r = entry_search(s, dirfd(d), path, e->d_name, kind, depth);
	}
	closedir(d);
	return r;
}

static int file_search(struct search *s, const char *path)
{
	char full[PATH_MAX];
	struct stat st;

	if (snprintf(full, sizeof(full), "%s%s", s->root, path) >= (int)sizeof(full) || lstat(full, &st) < 0)
		return 0;
	return found(s, &st, "", path);
}

int leftover_search(const char *root, int64_t since_ns, leftover_fn fn, void *context)
{
	struct search s = {.root = root, .since_ns = since_ns, .fn = fn, .context = context};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LENGTH(places); i++) {
		if (places[i].kind == PLACE_FILE)
			r = file_search(&s, places[i].path);
		else
			r = folder_search(&s, places[i].path, places[i].kind, 0);
	}
	return r == -E2BIG ? 0 : r; /* bounded: what was found by then */
}

/* --- processes --- */

static bool in_our_slice(pid_t pid)
{
	static const char slice[] = "/" SESSION_CGROUP_SLICE "/";
	char path[PROCESS_CGROUP_MAX];

	return process_cgroup_read(pid, path, sizeof(path)) == 0 && strncmp(path, slice, sizeof(slice) - 1) == 0;
}

static int survivor_look(pid_t pid, uint64_t since, survivor_fn fn, void *context)
{
	struct survivor p = {.pid = pid, .audit_session = PROCESS_NO_AUDIT_SESSION};
	struct process_stat stat;
	uid_t uids[4];

	/* kernel threads have no program */
	if (process_stat_read(pid, &stat) < 0 || stat.start < since || stat.state == 'Z' || in_our_slice(pid) ||
	    process_program_read(pid, &p.program) < 0 || process_uids_read(pid, uids) < 0)
		return 0;
	(void)!process_audit_session_read(pid, &p.audit_session);
	p.start = stat.start;
	p.uid = uids[0];
	p.tty = stat.tty;
	(void)text_escape(stat.name, p.name, sizeof(p.name));
	return fn(context, &p);
}

int survivor_search(uint64_t since, survivor_fn fn, void *context)
{
	DIR *d = opendir("/proc");
	int r = 0;

	if (!d)
		return -errno;
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		uint64_t pid;
		if (number_parse(e->d_name, INT32_MAX, &pid) == 0 && pid > 1)
			r = survivor_look((pid_t)pid, since, fn, context);
	}
	closedir(d);
	return r;
}
