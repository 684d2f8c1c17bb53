/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

/*
 * Cgroups of ours in tenure.slice with processes in them and no record: nobody would ever end these. pam_tenure
 * contains before it writes its record, so one may be a moment old; what two looks have seen is ended. A record that is there,
 * though it cannot be read now, is waited for.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/tenured/session_state.h"

#define STRAY_LOOK_NS (30 * NS_PER_S)
#define STRAY_AGE_NS  (10 * NS_PER_S)
#define STRAYS_MAX    256 /* at a time; others are seen when these are gone */

struct stray {
	char name[CGROUP_NAME_MAX];
	int64_t seen_ns; /* BOOTTIME of the look that saw it first */
};

static int64_t seen_before(const struct sessions *s, const char *name, const struct instant *now)
{
	for (size_t i = 0; i < s->stray_count; i++) {
		if (strcmp(s->strays[i].name, name) == 0)
			return s->strays[i].seen_ns;
	}
	return now->boottime_ns;
}

/* A session of nobody's, that exists to be ended. */
static void stray_end(struct sessions *s, const char *name, const struct uuid *id, const struct instant *now)
{
	struct session *e = calloc(1, sizeof(*e));

	if (!e)
		return;
	*e = (struct session){.id = *id, .kind = SESSION_GATE, .invoker = NO_ID, .opened_ns = now->realtime_ns,
			      .start = (uint64_t)(now->boottime_ns / (NS_PER_S / sysconf(_SC_CLK_TCK))),
			      .audit_session = PROCESS_NO_AUDIT_SESSION, .window = WINDOW_ALWAYS, .stage = STAGE_OPEN,
			      .parent_fd = -1, .pidfd = -1, .watch = -1, .front_gone = true, .stray = true,
			      .due_ns = TIME_FOREVER, .target_uid = NO_ID};
	memcpy(e->cgroup, name, strlen(name) + 1);
	(void)!session_watch(s, e); /* the tick looks too */
	session_link(s, e);
	ending_due(e, SESSION_FAILED);
	session_log(s, LOG_WARNING, "%s has processes and no record of a session: it is ended", name);
}

/* True if it is one; *ret says since when. */
static bool stray_look(struct sessions *s, const char *name, const struct instant *now, struct uuid *ret_id,
		       struct stray *ret)
{
	if (!cgroup_name_parse(name, ret_id) || session_find(s, ret_id) || session_record_exists(ret_id))
		return false;
	int populated = cgroup_populated(s->slice, name);
	if (populated == 0 || populated == -ENOENT)
		return false;
	memcpy(ret->name, name, strlen(name) + 1);
	ret->seen_ns = seen_before(s, name, now);
	return true;
}

static int strays_look(struct sessions *s, const struct instant *now)
{
	int copy = openat(s->slice, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct stray *found = calloc(STRAYS_MAX, sizeof(*found));
	struct uuid id;
	size_t count = 0;

	if (!d || !found) {
		if (d)
			closedir(d);
		else if (copy >= 0)
			close(copy);
		free(found);
		return -ENOMEM;
	}
	for (struct dirent *e; count < STRAYS_MAX && (e = readdir(d));) {
		if (!stray_look(s, e->d_name, now, &id, &found[count]))
			continue;
		if (now->boottime_ns - found[count].seen_ns < STRAY_AGE_NS)
			count++;
		else
			stray_end(s, e->d_name, &id, now);
	}
	closedir(d);
	free(s->strays);
	s->strays = found;
	s->stray_count = count;
	return 0;
}

int64_t strays_tick(struct sessions *s, const struct instant *now)
{
	if (s->reaping)
		return TIME_FOREVER;
	if (now->boottime_ns >= s->strays_next_ns) {
		int r = sessions_slice_ready(s);
		if (r == 0)
			r = strays_look(s, now);
		int64_t pause_ns = r < 0 || s->stray_count > 0 ? STRAY_AGE_NS : STRAY_LOOK_NS;
		s->strays_next_ns = time_add(now->boottime_ns, pause_ns);
	}
	return s->strays_next_ns;
}
