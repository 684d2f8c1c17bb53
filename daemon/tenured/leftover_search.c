/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/safe_file.h"
#include "common/base/text.h"
#include "common/wire/session_record.h"
#include "daemon/tenured/cgroup.h"
#include "daemon/tenured/leftover.h"

/* Bounds for each place: what somebody piles up in one hides nothing in another. */
#define SETID_DEPTH_MAX	 12
#define ENTRIES_MAX	 1000000 /* looked at; the time for all of it is shorter */
#define FOUND_MAX	 256

/* How a place is looked at. */
enum place_kind {
	PLACE_FILE,  /* the file itself */
	PLACE_FILES, /* each file in the folder */
	PLACE_AT,    /* jobs of at(1), by their numbers */
	PLACE_UNITS, /* units, one folder deeper too (.wants, .d) */
	PLACE_TRANSIENT, /* the same, but for those that logind and we make all the time */
	PLACE_HOMES, /* .ssh/authorized_keys of each home in it, and in root's folders there: /home/DOMAIN/USER */
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
	{PLACE_TRANSIENT, "/run/systemd/transient"},
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
	/* Small ones first: time may be short. */
	{PLACE_SETID, "/tmp"},
	{PLACE_SETID, "/var/tmp"},
	{PLACE_SETID, "/dev/shm"},
	{PLACE_SETID, "/root"},
	{PLACE_SETID, "/usr/local"},
	{PLACE_SETID, "/etc"},
	{PLACE_SETID, "/opt"},
	{PLACE_SETID, "/home"},
	{PLACE_SETID, "/usr"},
	{PLACE_SETID, "/var"},
	{PLACE_SETID, "/srv"},
};

struct search {
	const char *root;
	int64_t since_ns;
	leftover_fn fn;
	void *context;
	size_t looked, found; /* in this place */
	bool cut;	      /* a bound was reached, here or before */
	dev_t device; /* of the tree that is walked: no other file system is entered */
};

static int64_t changed_ns(const struct stat *st)
{
	return (int64_t)st->st_ctim.tv_sec * NS_PER_S + st->st_ctim.tv_nsec;
}

static int found(struct search *s, const struct stat *st, const char *prefix, const char *path)
{
	struct leftover l = {.changed_ns = changed_ns(st), .owner = st->st_uid};
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

/* "session-c3.scope", "user@1000.service": the text before, a number, the text behind. */
static bool has_number(const char *name, const char *before, const char *digits, const char *behind)
{
	size_t n = strlen(before);

	if (strncmp(name, before, n) != 0)
		return false;
	size_t number = strspn(name + n, digits);
	return number > 0 && strcmp(name + n + number, behind) == 0;
}

/* "tenure-end-UUID-2.timer" */
static bool is_timer_of_ours(const char *name)
{
	static const char before[] = SESSION_CGROUP_PREFIX "end-";
	char id[UUID_TEXT_MAX];
	struct uuid session;

	if (strncmp(name, before, sizeof(before) - 1) != 0 || strlen(name) < sizeof(before) - 1 + UUID_TEXT_MAX)
		return false;
	memcpy(id, name + sizeof(before) - 1, UUID_TEXT_MAX - 1);
	id[UUID_TEXT_MAX - 1] = '\0';
	name += sizeof(before) - 1 + UUID_TEXT_MAX - 1;
	return uuid_parse(id, &session) == 0 && (has_number(name, "-", "0123456789", ".timer") ||
						 has_number(name, "-", "0123456789", ".service"));
}

/* What logind and we ourselves make all the time; a folder of settings has the unit's name and ".d". */
static bool unit_is_usual(const char *name)
{
	char unit[NAME_MAX + 1];
	size_t len = strlen(name);

	if (len >= sizeof(unit))
		return false;
	memcpy(unit, name, len + 1);
	if (len > 2 && strcmp(unit + len - 2, ".d") == 0)
		unit[len - 2] = '\0';
	return has_number(unit, "session-", "c0123456789", ".scope") ||
	       has_number(unit, "user-", "0123456789", ".slice") ||
	       has_number(unit, "user@", "0123456789", ".service") ||
	       has_number(unit, "user-runtime-dir@", "0123456789", ".service") || cgroup_name_is_ours(unit) ||
	       is_timer_of_ours(unit);
}

/* A tree that is walked for itself. */
static bool is_place(const char *path)
{
	for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
		if (places[i].kind == PLACE_SETID && strcmp(places[i].path, path) == 0)
			return true;
	}
	return false;
}

static int folder_search(struct search *s, const char *path, enum place_kind kind, unsigned depth);

static int setid_search(struct search *s, const struct stat *st, const char *path, unsigned depth)
{
	if (S_ISREG(st->st_mode) && (st->st_mode & (S_ISUID | S_ISGID)) && (st->st_mode & 0111))
		return found(s, st, st->st_mode & S_ISUID ? "setuid " : "setgid ", path);
	if (!S_ISDIR(st->st_mode) || st->st_dev != s->device || is_place(path))
		return 0;
	if (depth < SETID_DEPTH_MAX)
		return folder_search(s, path, PLACE_SETID, depth + 1);
	s->cut = s->cut || changed_ns(st) >= s->since_ns;
	return 0;
}

/* What a user has in a home of their own is not looked through for more homes. */
static int home_search(struct search *s, const struct stat *st, char *path, size_t size, unsigned depth)
{
	size_t len = strlen(path);

	if (!S_ISDIR(st->st_mode) || len + sizeof("/.ssh") > size)
		return 0;
	struct search before = *s;
	memcpy(path + len, "/.ssh", sizeof("/.ssh"));
	s->looked = 0;
	s->found = 0;
	int r = folder_search(s, path, PLACE_FILE, 0);
	path[len] = '\0';
	s->looked = before.looked;
	s->found = before.found;
	if (r == -E2BIG) { /* each home for itself: its owner fills it */
		s->cut = true;
		r = 0;
	}
	return r == 0 && depth == 0 && st->st_uid == geteuid() ? folder_search(s, path, PLACE_HOMES, 1) : r;
}

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
	case PLACE_TRANSIENT:
	case PLACE_UNITS:
		if (kind == PLACE_TRANSIENT && unit_is_usual(name))
			return 0;
		if (S_ISDIR(st.st_mode))
			return depth == 0 ? folder_search(s, path, PLACE_UNITS, 1) : 0;
		return found(s, &st, "", path);
	case PLACE_FILES:
		return S_ISDIR(st.st_mode) ? 0 : found(s, &st, "", path);
	case PLACE_HOMES:
		return home_search(s, &st, path, sizeof(path), depth);
	case PLACE_FILE: /* in .ssh */
		return S_ISREG(st.st_mode) && strncmp(name, "authorized_keys", 15) == 0 ? found(s, &st, "", path) : 0;
	case PLACE_SETID:
		return setid_search(s, &st, path, depth);
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
		s->device = st.st_dev; /* only trees look at it, and they begin one at a time */
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (++s->looked > ENTRIES_MAX)
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

static int place_search(struct search *s, const struct place *place)
{
	s->looked = 0;
	s->found = 0;
	return place->kind == PLACE_FILE ? file_search(s, place->path) : folder_search(s, place->path, place->kind, 0);
}

/* Keys of those whose homes are elsewhere. */
static int homes_search(struct search *s)
{
	char path[PATH_MAX];
	int r = 0;

	snprintf(path, sizeof(path), "%s/etc/passwd", s->root);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	s->looked = 0;
	s->found = 0;
	for (struct passwd *p; r == 0 && (p = fgetpwent(f));) {
		const char *home = p->pw_dir;
		if (home[0] != '/' || strncmp(home, "/home/", 6) == 0 || strcmp(home, "/root") == 0 ||
		    snprintf(path, sizeof(path), "%s/.ssh", home) >= (int)sizeof(path))
			continue;
		r = folder_search(s, path, PLACE_FILE, 0);
	}
	fclose(f);
	return r;
}

int leftover_search(const char *root, int64_t since_ns, bool setid, leftover_fn fn, void *context)
{
	struct search s = {.root = root, .since_ns = since_ns, .fn = fn, .context = context};

	int r = homes_search(&s);
	for (size_t i = 0; (r == 0 || r == -E2BIG) && i < ARRAY_LENGTH(places); i++) {
		s.cut = s.cut || r == -E2BIG;
		r = places[i].kind == PLACE_SETID && !setid ? 0 : place_search(&s, &places[i]);
	}
	return r == 0 && s.cut ? -E2BIG : r;
}

/* --- processes --- */

/* In a session's cgroup: a name of ours right below the slice. What else root makes there is none. */
static bool in_our_slice(pid_t pid)
{
	static const char slice[] = "/" SESSION_CGROUP_SLICE "/";
	char path[PROCESS_CGROUP_MAX];

	if (process_cgroup_read(pid, path, sizeof(path)) < 0 || strncmp(path, slice, sizeof(slice) - 1) != 0)
		return false;
	char *name = path + sizeof(slice) - 1;
	name[strcspn(name, "/")] = '\0';
	return cgroup_name_is_ours(name);
}

static int survivor_look(pid_t pid, uint64_t since, survivor_fn fn, void *context)
{
	struct survivor p = {.pid = pid, .audit_session = PROCESS_NO_AUDIT_SESSION};
	struct process_stat stat;

	/* kernel threads have no program */
	if (process_stat_read(pid, &stat) < 0 || stat.start < since || stat.state == 'Z' || in_our_slice(pid) ||
	    process_program_read(pid, &p.program) < 0 || process_uids_read(pid, p.uids) < 0)
		return 0;
	(void)!process_audit_session_read(pid, &p.audit_session);
	p.start = stat.start;
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
