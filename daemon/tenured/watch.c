/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/tenured/watch.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/paths.h"

#define EVENTS                                                                                                         \
	(IN_CLOSE_WRITE | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF |           \
	 IN_MOVE_SELF | IN_ONLYDIR)

/* FOLDER_ABOVE: in which the folder of tenure.conf comes to be; /etc once more, or another sysconfdir. */
enum folder { FOLDER_ETC, FOLDER_ABOVE, FOLDER_TENURE, FOLDER_TENANTS, FOLDER_DIRECTORY, FOLDER_COUNT };

struct watch {
	int fd;
	int watches[FOLDER_COUNT]; /* -1: the folder is not there */
	int64_t due_ns, first_ns; /* BOOTTIME; TIME_FOREVER: nothing changed */
	bool poll; /* no inotify, or a folder is there and no watch is to be had for it */
	int64_t poll_ns;
	uint64_t signature;
};

/* What counts in a folder; NULL: *.conf does. files: so many of the first are files, whose content counts. */
static const struct {
	const char *names[5];
	size_t files;
} folders[FOLDER_COUNT] = {
	[FOLDER_ETC] = {{"passwd", "group", "subuid", "subgid", NULL}, 4},
	[FOLDER_ABOVE] = {{"tenure", NULL}, 0},
	[FOLDER_TENURE] = {{"tenure.conf", "tenants.d", "directory.d", NULL}, 1},
};

/* The folder of a path, so often. */
static void go_up(char path[static PATH_MAX], int steps)
{
	for (char *slash; steps > 0 && (slash = strrchr(path, '/')); steps--)
		*slash = '\0';
	if (!*path)
		(void)snprintf(path, PATH_MAX, "/");
}

static void folder_path(enum folder folder, char path[static PATH_MAX])
{
	switch (folder) {
	case FOLDER_ETC:
		(void)snprintf(path, PATH_MAX, "%s", tenure_path(PATH_ETC));
		break;
	case FOLDER_ABOVE:
	case FOLDER_TENURE:
		(void)snprintf(path, PATH_MAX, "%s", tenure_path(PATH_CONFIG));
		go_up(path, folder == FOLDER_ABOVE ? 2 : 1);
		break;
	case FOLDER_TENANTS:
		(void)snprintf(path, PATH_MAX, "%s", tenure_path(PATH_TENANTS_D));
		break;
	default:
		(void)snprintf(path, PATH_MAX, "%s", tenure_path(PATH_DIRECTORY_D));
		break;
	}
}

static bool counts(enum folder folder, const char *name)
{
	size_t len = strlen(name);

	if (!folders[folder].names[0])
		return len > 5 && name[0] != '.' && strcmp(name + len - 5, ".conf") == 0;
	for (const char *const *names = folders[folder].names; *names; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

/* True if a folder is watched that was not before: what it holds is news. One that cannot be watched is looked at. */
static bool add_watches(struct watch *w)
{
	char path[PATH_MAX];
	bool news = false;

	w->poll = false;
	for (int i = 0; i < FOLDER_COUNT; i++) {
		folder_path((enum folder)i, path);
		int id = inotify_add_watch(w->fd, path, EVENTS);

		w->poll = w->poll || (id < 0 && errno != ENOENT && errno != ENOTDIR);
		news = news || (id >= 0 && id != w->watches[i]);
		w->watches[i] = id;
	}
	return news;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	return (hash ^ value) * UINT64_C(0x100000001b3);
}

static uint64_t sign_file(uint64_t hash, const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);

	for (const char *c = name; *c; c++)
		hash = mix(hash, (unsigned char)*c);
	if (n < 0 || (size_t)n >= sizeof(path) || stat(path, &st) < 0)
		return mix(hash, 1);
	hash = mix(mix(hash, st.st_ino), (uint64_t)st.st_size);
	hash = mix(mix(hash, (uint64_t)st.st_mtim.tv_sec), (uint64_t)st.st_mtim.tv_nsec);
	return mix(mix(hash, (uint64_t)st.st_ctim.tv_sec), (uint64_t)st.st_ctim.tv_nsec);
}

/* The order of a folder's entries does not matter: each is signed for itself. */
static uint64_t sign_folder(enum folder folder)
{
	char path[PATH_MAX];
	uint64_t hash = 0;
	struct dirent *entry;
	struct stat st;

	folder_path(folder, path);
	if (stat(path, &st) == 0)
		hash = mix(mix(hash, st.st_mode), st.st_uid);
	for (size_t i = 0; i < folders[folder].files; i++)
		hash += sign_file(1, path, folders[folder].names[i]);
	if (folders[folder].names[0])
		return hash;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir)))
		if (counts(folder, entry->d_name))
			hash += sign_file(1, path, entry->d_name);
	if (dir)
		closedir(dir);
	return hash;
}

static uint64_t sign_all(void)
{
	uint64_t hash = 0;

	for (int i = 0; i < FOLDER_COUNT; i++)
		hash = mix(hash, sign_folder((enum folder)i));
	return hash;
}

static void start_polling(struct watch *w, const struct instant *now)
{
	w->poll = true;
	w->signature = sign_all();
	w->poll_ns = time_add(now->boottime_ns, WATCH_POLL_NS);
}

int watch_new(bool inotify, const struct instant *now, struct watch **ret)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->due_ns = TIME_FOREVER;
	w->fd = inotify ? inotify_init1(IN_NONBLOCK | IN_CLOEXEC) : -1;
	for (int i = 0; i < FOLDER_COUNT; i++)
		w->watches[i] = -1;
	if (w->fd >= 0)
		(void)add_watches(w);
	if (w->fd < 0 || w->poll)
		start_polling(w, now);
	*ret = w;
	return 0;
}

void watch_free(struct watch *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		close(w->fd);
	free(w);
}

int watch_fd(const struct watch *w)
{
	return w ? w->fd : -1;
}

static void changed(struct watch *w, const struct instant *now)
{
	if (w->due_ns == TIME_FOREVER)
		w->first_ns = now->boottime_ns;
	w->due_ns = time_add(now->boottime_ns, WATCH_SETTLE_NS);
	if (w->due_ns > time_add(w->first_ns, WATCH_SETTLE_MAX_NS))
		w->due_ns = time_add(w->first_ns, WATCH_SETTLE_MAX_NS);
}

static bool event_counts(struct watch *w, const struct inotify_event *event)
{
	if (event->mask & IN_Q_OVERFLOW)
		return true;
	for (int i = 0; i < FOLDER_COUNT; i++) {
		if (w->watches[i] != event->wd)
			continue;
		/* Of the folder itself; who may write to it decides whether its files are believed. */
		if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED) ||
		    (event->mask & IN_ATTRIB && event->len == 0))
			return true;
		if (event->len > 0 && counts((enum folder)i, event->name))
			return true;
	}
	return false;
}

void watch_ready(struct watch *w, const struct instant *now)
{
	_Alignas(struct inotify_event) char events[16384];
	bool any = false;
	ssize_t n;

	while (w->fd >= 0 && (n = read(w->fd, events, sizeof(events))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *event = (const void *)(events + at);

			any = event_counts(w, event) || any;
			at += (ssize_t)(sizeof(*event) + event->len);
		}
	}
	bool polled = w->poll;

	if (w->fd >= 0 && add_watches(w))
		any = true;
	if (w->poll && !polled) {
		start_polling(w, now);
		any = true; /* what happened since the watch went, nobody saw */
	}
	if (any)
		changed(w, now);
}

static void look(struct watch *w, const struct instant *now)
{
	if (w->fd >= 0)
		(void)add_watches(w); /* there may be room by now */
	uint64_t signature = sign_all();

	w->poll_ns = time_add(now->boottime_ns, WATCH_POLL_NS);
	if (signature == w->signature)
		return;
	w->signature = signature;
	w->due_ns = now->boottime_ns;
}

bool watch_is_due(struct watch *w, const struct instant *now)
{
	if (!w)
		return false;
	if (w->poll && now->boottime_ns >= w->poll_ns)
		look(w, now);
	if (now->boottime_ns < w->due_ns)
		return false;
	w->due_ns = TIME_FOREVER;
	return true;
}

int64_t watch_deadline(const struct watch *w)
{
	if (!w)
		return TIME_FOREVER;
	return w->poll && w->poll_ns < w->due_ns ? w->poll_ns : w->due_ns;
}
