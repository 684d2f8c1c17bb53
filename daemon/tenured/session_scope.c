/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/tenured/scope.h"
#include "daemon/tenured/session_state.h"

int session_folder(const struct sessions *s, const struct session *e)
{
	return e->parent_fd >= 0 ? e->parent_fd : s->slice;
}

void session_parent_open(struct sessions *s, struct session *e)
{
	if (!e->parent[0] || e->parent_fd >= 0 || s->root < 0)
		return;
	int fd = cgroup_path_open(s->root, e->parent);
	if (fd >= 0)
		e->parent_fd = fd;
}

/* "/user.slice/user-UID.slice/session-N.scope": where pam_systemd has put a login of that user. */
static bool is_login_scope(const char *path, uid_t uid)
{
	char wanted[64];
	int n = snprintf(wanted, sizeof(wanted), "/user.slice/user-%lu.slice/session-", (unsigned long)uid);

	if (strncmp(path, wanted, (size_t)n) != 0)
		return false;
	path += n + (int)strspn(path + n, "c0123456789");
	return strcmp(path, ".scope") == 0;
}

static int contain_plain(struct sessions *s, struct session *e)
{
	cgroup_name(&e->id, CGROUP_PLAIN, e->cgroup);
	int r = session_record_write(s, e);
	if (r == 0)
		r = cgroup_make(session_folder(s, e), e->cgroup);
	if (r == 0)
		r = cgroup_move(session_folder(s, e), e->cgroup, e->pid);
	return r;
}

/* systemctl shows it to everybody: not whose session it is, who may be of a tenant that hides. */
#define SCOPE_DESCRIPTION "Elevated session; see: tenure sessions"

static int contain_scope(struct sessions *s, struct session *e)
{
	cgroup_name(&e->id, CGROUP_SCOPE, e->cgroup);
	int r = session_record_write(s, e);
	if (r == 0)
		r = scope_start(s->manager, e->cgroup, SCOPE_DESCRIPTION, e->pid);
	return r;
}

/*
 * A front-end that stands in a session of ours already: its own goes into that one, and ends with it. Cuts origin
 * behind the innermost of ours; false: there is none.
 */
static bool is_nested(const char *origin, char *buf, size_t size)
{
	char name[CGROUP_NAME_MAX];
	size_t end = 0;

	for (const char *at = origin; *at;) {
		at += strspn(at, "/");
		size_t n = strcspn(at, "/");
		if (n < sizeof(name)) {
			memcpy(name, at, n);
			name[n] = '\0';
			if (cgroup_name_is_ours(name))
				end = (size_t)(at - origin) + n;
		}
		at += n;
	}
	if (end == 0 || end >= size)
		return false;
	memcpy(buf, origin, end);
	buf[end] = '\0';
	return true;
}

/*
 * Under systemd a gate's session gets a scope; a login stays in the scope that logind knows it by, one level deeper. If
 * systemd makes none, a plain cgroup contains as well.
 */
int session_contain(struct sessions *s, struct session *e)
{
	if (is_nested(e->origin, e->parent, sizeof(e->parent))) {
		session_parent_open(s, e);
		return e->parent_fd < 0 ? -ENOENT : contain_plain(s, e);
	}
	if (!scope_available() || !s->manager)
		return contain_plain(s, e);
	if (e->kind == SESSION_LOGIN) {
		if (is_login_scope(e->origin, e->invoker))
			memcpy(e->parent, e->origin, sizeof(e->parent));
		session_parent_open(s, e);
		return contain_plain(s, e);
	}
	int r = contain_scope(s, e);
	if (r == -EINPROGRESS) /* a scope that comes late would take the process out of any other */
		return -ETIMEDOUT;
	if (r == 0)
		return 0;
	session_log(s, LOG_WARNING, "systemd makes no scope for the session of %s (%s): a plain cgroup instead",
		    e->user, strerror(-r));
	return contain_plain(s, e);
}

/*
 * A scope's cgroup is systemd's to remove: were it gone before PID 1 has seen it empty, the unit would stay "running"
 * for ever.
 */
void session_cgroup_remove(struct sessions *s, struct session *e)
{
	char scope[CGROUP_NAME_MAX];

	cgroup_name(&e->id, CGROUP_SCOPE, scope);
	if (strcmp(scope, e->cgroup) == 0 && scope_available() && s->manager)
		scope_stop(s->manager, scope);
	else
		(void)!cgroup_remove(session_folder(s, e), e->cgroup);
}

void session_backstop_arm(struct sessions *s, struct session *e, const struct instant *now)
{
	int64_t left = window_left_ns(&e->window, now);

	if (!scope_available() || !s->manager || s->reaping)
		return;
	if (left == TIME_FOREVER) {
		session_backstop_disarm(s, e);
		return;
	}
	int r = scope_timer_start(s->manager, &e->id, e->timer + 1, left, e->window.end_ns);
	if (r < 0)
		session_log(s, LOG_WARNING, "session of %s: no timer of systemd ends it should tenured be stopped: %s",
			    e->user, strerror(-r));
	else
		e->timer++;
}

void session_backstop_disarm(struct sessions *s, struct session *e)
{
	if (e->timer > 0 && s->manager && !s->reaping)
		scope_timer_stop(s->manager, &e->id, e->timer);
	e->timer = 0;
}

void session_user_stop(struct sessions *s, const struct session *e)
{
	if (e->kind == SESSION_LOGIN && s->manager && scope_available())
		scope_user_stop(s->manager, e->invoker);
}

void session_user_leaves(struct sessions *s, const struct session *e)
{
	if (e->kind == SESSION_LOGIN && s->manager && scope_available() && !scope_user_has_other(e->invoker, e->parent))
		scope_user_stop(s->manager, e->invoker);
}
