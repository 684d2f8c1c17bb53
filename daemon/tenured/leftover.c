/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

/*
 * The child that searches, and what its finds mean for each session that waits. The child writes one struct find for
 * each and exits; what it found up to its time limit counts.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "common/base/buffer.h"
#include "daemon/tenured/leftover.h"
#include "daemon/tenured/notice.h"
#include "daemon/tenured/session_state.h"

#define CHILD_SECONDS_MAX 10
#define ANSWER_MAX	  (1u << 20)
#define PATIENCE_NS	  (15 * NS_PER_S)

struct leftover_scan {
	pid_t child;
	int fd;
	int64_t begun_ns; /* BOOTTIME */
	struct buffer answer;
};

/* Child and broker are one program: the struct goes through the pipe as it is. */
struct find {
	enum { FIND_LEFTOVER = 1, FIND_SURVIVOR } kind;
	union {
		struct leftover leftover;
		struct survivor survivor;
	};
};

/* --- in the child --- */

static int find_write(int fd, const struct find *f)
{
	return write(fd, f, sizeof(*f)) == (ssize_t)sizeof(*f) ? 0 : -EPIPE;
}

static int leftover_print(void *context, const struct leftover *l)
{
	struct find f = {.kind = FIND_LEFTOVER, .leftover = *l};

	return find_write(*(int *)context, &f);
}

static int survivor_print(void *context, const struct survivor *p)
{
	struct find f = {.kind = FIND_SURVIVOR, .survivor = *p};

	return find_write(*(int *)context, &f);
}

static _Noreturn void child_run(int fd, int64_t since_ns, uint64_t since_start)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	if (dup2(fd, 3) < 0)
		_exit(1);
	fcntl(3, F_SETFD, FD_CLOEXEC);
	close_range(4, ~0u, 0);
	setpriority(PRIO_PROCESS, 0, 19);
	alarm(CHILD_SECONDS_MAX);
	fd = 3;
	int r = survivor_search(since_start, survivor_print, &fd);
	if (r == 0)
		r = leftover_search("", since_ns, leftover_print, &fd);
	_exit(r < 0);
}

/* --- in the broker --- */

static void scan_done(struct sessions *s)
{
	struct leftover_scan *scan = s->scan;

	if (!scan)
		return;
	(void)epoll_ctl(s->epoll, EPOLL_CTL_DEL, scan->fd, NULL);
	close(scan->fd);
	/* It is ours and not yet waited for: the pid is still its own. */
	(void)kill(scan->child, SIGKILL);
	(void)waitpid(scan->child, NULL, 0);
	buffer_done(&scan->answer);
	free(scan);
	s->scan = NULL;
}

void leftover_free(struct sessions *s)
{
	scan_done(s);
}

static int scan_fork(struct sessions *s, int64_t since_ns, uint64_t since_start, const struct instant *now)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
	int fds[2];

	struct leftover_scan *scan = calloc(1, sizeof(*scan));
	if (!scan)
		return -ENOMEM;
	int r = pipe2(fds, O_CLOEXEC) < 0 ? -errno : 0;
	pid_t child = r < 0 ? -1 : fork();
	if (child == 0)
		child_run(fds[1], since_ns, since_start);
	if (child < 0) {
		if (r == 0) {
			r = -errno;
			close(fds[0]);
			close(fds[1]);
		}
		free(scan);
		return r;
	}
	close(fds[1]);
	*scan = (struct leftover_scan){child, fds[0], now->boottime_ns, BUFFER(ANSWER_MAX)};
	s->scan = scan;
	(void)fcntl(scan->fd, F_SETFL, O_NONBLOCK);
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, scan->fd, &event) == 0)
		return 0;
	r = -errno;
	scan_done(s);
	return r;
}

/* Those that joined SWEEP before the child began. */
static bool waits_for(const struct session *e, const struct leftover_scan *scan)
{
	return e->stage == STAGE_SWEEP && e->stage_ns <= scan->begun_ns;
}

void leftover_start(struct sessions *s, const struct instant *now)
{
	int64_t since_ns = INT64_MAX;
	uint64_t since_start = UINT64_MAX;

	if (s->scan && now->boottime_ns - s->scan->begun_ns > PATIENCE_NS)
		leftover_ready(s, now);
	if (s->scan)
		return;
	for (const struct session *e = s->first; e; e = e->next) {
		if (e->stage != STAGE_SWEEP)
			continue;
		since_ns = e->opened_ns < since_ns ? e->opened_ns : since_ns;
		since_start = e->start < since_start ? e->start : since_start;
	}
	if (since_ns == INT64_MAX)
		return;
	int r = scan_fork(s, since_ns, since_start, now);
	if (r < 0)
		session_log(s, LOG_WARNING, "cannot look for what sessions left behind: %s", strerror(-r));
}

static void list_add(char *list, size_t size, const char *item)
{
	size_t used = strlen(list);

	if (used + strlen(item) + 16 < size)
		snprintf(list + used, size - used, "%s%s", used ? ", " : "", item);
	else if (used + 8 < size && strcmp(list + used - 3, "...") != 0)
		snprintf(list + used, size - used, ", ...");
}

/* A target other than root can only have left what is its own. */
static void leftover_match(struct sessions *s, const struct leftover *l)
{
	for (struct session *e = s->first; e; e = e->next) {
		if (!waits_for(e, s->scan) || l->changed_ns < e->opened_ns)
			continue;
		if (strcmp(e->target, "root") != 0 && l->owner != e->target_uid)
			continue;
		e->left++;
		list_add(e->leftovers, sizeof(e->leftovers), l->text);
	}
}

static bool is_front_end(const struct sessions *s, pid_t pid, uint64_t start)
{
	for (const struct session *e = s->first; e; e = e->next) {
		if (e->pid == pid && e->start == start)
			return true;
	}
	return false;
}

/*
 * An escape from the cgroup: the same audit session or terminal, not the invoker's own, begun since, and no other run
 * of the front-end's program (the invoker at another password prompt).
 */
static void survivor_match(struct sessions *s, const struct survivor *p)
{
	char item[sizeof(p->name) + 16];

	if (is_front_end(s, p->pid, p->start) || !process_is(p->pid, p->start))
		return;
	snprintf(item, sizeof(item), "%d %s", (int)p->pid, p->name);
	for (struct session *e = s->first; e; e = e->next) {
		bool audit = e->audit_session != PROCESS_NO_AUDIT_SESSION && p->audit_session == e->audit_session;
		bool tty = p->tty != 0 && (p->tty == e->tty_device || p->tty == e->inner_tty);
		if (!waits_for(e, s->scan) || p->start < e->start || p->uid == e->invoker || (!audit && !tty))
			continue;
		if (p->program.device == e->program.device && p->program.inode == e->program.inode)
			continue;
		e->survived++;
		list_add(e->survivors, sizeof(e->survivors), item);
	}
}

static void answer_use(struct sessions *s, const struct instant *now)
{
	char line[NOTICE_MAX];

	const struct buffer *answer = &s->scan->answer;
	struct find f;

	for (size_t at = 0; answer->len - at >= sizeof(f); at += sizeof(f)) {
		memcpy(&f, answer->data + at, sizeof(f));
		if (f.kind == FIND_LEFTOVER)
			leftover_match(s, &f.leftover);
		else
			survivor_match(s, &f.survivor);
	}
	for (struct session *e = s->first; e; e = e->next) {
		if (!waits_for(e, s->scan))
			continue;
		if (e->leftovers[0] && e->tty[0]) {
			notice_left(e->leftovers, line);
			(void)!notice_write(e->tty, e->tty_device, e->invoker, line);
		}
		e->stage = STAGE_DONE;
		e->due_ns = now->boottime_ns;
	}
}

void leftover_ready(struct sessions *s, const struct instant *now)
{
	char chunk[8192];
	ssize_t n = 0;

	if (!s->scan)
		return;
	while ((n = read(s->scan->fd, chunk, sizeof(chunk))) > 0)
		buffer_append(&s->scan->answer, chunk, (size_t)n);
	if (n < 0 && errno == EAGAIN && now->boottime_ns - s->scan->begun_ns <= PATIENCE_NS)
		return;
	answer_use(s, now);
	scan_done(s);
}
