/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

/*
 * The child that searches, and what its finds mean for each session that waits. The child knows the sessions as they
 * were when it began and writes a struct find for what concerns one of them, and one more when it has seen all; what it
 * found up to its time limit counts. Whatever keeps it from that end is said: "search incomplete".
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

#include "daemon/tenured/leftover.h"
#include "daemon/tenured/notice.h"
#include "daemon/tenured/session_state.h"

#define CHILD_SECONDS_MAX 10
#define LEFTOVER_RESERVE  32 /* for "search incomplete" */
#define SURVIVORS_MAX	  1024 /* that concern somebody; more are not counted */
#define PATIENCE_NS	  (15 * NS_PER_S)
#define RETRY_NS	  NS_PER_S
#define CLOSED_WAIT_NS	  (3 * NS_PER_S) /* those that closed by themselves: many of them in one search */

/* Child and broker are one program: the struct goes through the pipe as it is. */
struct find {
	enum { FIND_LEFTOVER = 1, FIND_SURVIVOR, FIND_CUT, FIND_END } kind;
	union {
		struct leftover leftover;
		struct survivor survivor;
	};
};

struct leftover_scan {
	pid_t child;
	int fd;
	int64_t begun_ns; /* BOOTTIME */
	bool cut, ended;
	struct find next; /* as much of it as came */
	size_t have;
};

/* What the child has in hand. */
struct searcher {
	struct sessions *sessions; /* its copy */
	int fd;
	unsigned survivors;
};

/* --- what concerns whom --- */

/* Those that joined SWEEP before the child began. */
static bool waits_for(const struct session *e, const struct leftover_scan *scan)
{
	return e->stage == STAGE_SWEEP && !e->swept && e->stage_ns <= scan->begun_ns;
}

/* A target other than root can only have left what is its own. */
static bool leftover_concerns(const struct session *e, const struct leftover *l)
{
	return l->changed_ns >= e->opened_ns && (strcmp(e->target, "root") == 0 || l->owner == e->target_uid);
}

/* The invoker's own in every respect: with one other uid it is somebody else as well. */
static bool is_invokers(const struct session *e, const struct survivor *p)
{
	return p->uids[0] == e->invoker && p->uids[1] == e->invoker && p->uids[2] == e->invoker &&
	       p->uids[3] == e->invoker;
}

/*
 * An escape from the cgroup: the same audit session or terminal, not the invoker's own, begun since, and no other run
 * of the front-end's program (the invoker at another password prompt).
 */
static bool survivor_concerns(const struct session *e, const struct survivor *p)
{
	bool audit = e->audit_session != PROCESS_NO_AUDIT_SESSION && p->audit_session == e->audit_session;
	bool tty = p->tty != 0 && (p->tty == e->tty_device || p->tty == e->inner_tty);

	return p->start >= e->start && (audit || tty) && !is_invokers(e, p) &&
	       (p->program.device != e->program.device || p->program.inode != e->program.inode);
}

static bool is_front_end(const struct sessions *s, const struct survivor *p)
{
	for (const struct session *e = s->first; e; e = e->next) {
		if (e->pid == p->pid && e->start == p->start)
			return true;
	}
	return false;
}

static bool concerns_anybody(const struct sessions *s, const struct leftover *l, const struct survivor *p)
{
	if (p && is_front_end(s, p))
		return false;
	for (const struct session *e = s->first; e; e = e->next) {
		if (waits_for(e, s->scan) && (l ? leftover_concerns(e, l) : survivor_concerns(e, p)))
			return true;
	}
	return false;
}

/* --- in the child --- */

static int find_write(int fd, const struct find *f)
{
	return write(fd, f, sizeof(*f)) == (ssize_t)sizeof(*f) ? 0 : -EPIPE;
}

static int leftover_print(void *context, const struct leftover *l)
{
	struct searcher *search = context;
	struct find f = {.kind = FIND_LEFTOVER, .leftover = *l};

	return concerns_anybody(search->sessions, l, NULL) ? find_write(search->fd, &f) : 0;
}

static int survivor_print(void *context, const struct survivor *p)
{
	struct searcher *search = context;
	struct find f = {.kind = FIND_SURVIVOR, .survivor = *p};

	if (!concerns_anybody(search->sessions, NULL, p))
		return 0;
	return search->survivors++ < SURVIVORS_MAX ? find_write(search->fd, &f) : -E2BIG;
}

static _Noreturn void child_run(struct sessions *s, int fd, int64_t since_ns, uint64_t since_start, bool setid)
{
	struct searcher search = {.sessions = s, .fd = 3};
	struct find f = {.kind = FIND_CUT};
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	if (dup2(fd, search.fd) < 0)
		_exit(1);
	fcntl(search.fd, F_SETFD, FD_CLOEXEC);
	close_range(4, ~0u, 0);
	setpriority(PRIO_PROCESS, 0, 19);
	alarm(CHILD_SECONDS_MAX);
	int survivors = survivor_search(since_start, survivor_print, &search);
	int leftovers = leftover_search("", since_ns, setid, leftover_print, &search);
	if (survivors == 0 && leftovers == 0)
		f.kind = FIND_END;
	_exit(find_write(search.fd, &f) < 0);
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
	free(scan);
	s->scan = NULL;
}

void leftover_free(struct sessions *s)
{
	scan_done(s);
}

static int scan_fork(struct sessions *s, int64_t since_ns, uint64_t since_start, bool setid, const struct instant *now)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
	int fds[2];

	struct leftover_scan *scan = calloc(1, sizeof(*scan));
	if (!scan)
		return -ENOMEM;
	int r = pipe2(fds, O_CLOEXEC) < 0 ? -errno : 0;
	*scan = (struct leftover_scan){.fd = fds[0], .begun_ns = now->boottime_ns};
	s->scan = scan;
	scan->child = r < 0 ? -1 : fork();
	if (scan->child == 0)
		child_run(s, fds[1], since_ns, since_start, setid);
	if (scan->child < 0) {
		if (r == 0) {
			r = -errno;
			close(fds[0]);
			close(fds[1]);
		}
		free(scan);
		s->scan = NULL;
		return r;
	}
	close(fds[1]);
	(void)fcntl(scan->fd, F_SETFL, O_NONBLOCK);
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, scan->fd, &event) == 0)
		return 0;
	r = -errno;
	scan_done(s);
	return r;
}

/* When the search for this one is due. */
static int64_t search_due_ns(const struct session *e)
{
	return e->cause == SESSION_CLOSED ? time_add(e->stage_ns, CLOSED_WAIT_NS) : e->stage_ns;
}

int64_t leftover_start(struct sessions *s, const struct instant *now)
{
	int64_t since_ns = INT64_MAX, due_ns = TIME_FOREVER;
	uint64_t since_start = UINT64_MAX;
	bool setid = false;

	if (s->scan && now->boottime_ns - s->scan->begun_ns > PATIENCE_NS)
		leftover_ready(s, now);
	for (const struct session *e = s->first; !s->scan && e; e = e->next) {
		if (e->stage != STAGE_SWEEP || e->swept)
			continue;
		since_ns = e->opened_ns < since_ns ? e->opened_ns : since_ns;
		since_start = e->start < since_start ? e->start : since_start;
		due_ns = search_due_ns(e) < due_ns ? search_due_ns(e) : due_ns;
		setid = setid || e->cause != SESSION_CLOSED;
	}
	due_ns = due_ns < s->scan_retry_ns ? s->scan_retry_ns : due_ns;
	if (since_ns == INT64_MAX || now->boottime_ns < due_ns)
		return since_ns == INT64_MAX ? TIME_FOREVER : due_ns;
	int r = scan_fork(s, since_ns, since_start, setid, now);
	if (r == 0)
		return TIME_FOREVER;
	if (s->scan_retry_ns == 0)
		session_log(s, LOG_WARNING, "cannot look for what sessions left behind: %s", strerror(-r));
	s->scan_retry_ns = time_add(now->boottime_ns, RETRY_NS);
	return s->scan_retry_ns;
}

/* reserve: what others may need behind it. */
static void list_add(char *list, size_t size, size_t reserve, const char *item)
{
	size_t used = strlen(list);

	if (used + strlen(item) + 16 + reserve < size)
		snprintf(list + used, size - used, "%s%s", used ? ", " : "", item);
	else if (used + 8 + reserve < size && strcmp(list + used - 3, "...") != 0)
		snprintf(list + used, size - used, ", ...");
}

void leftover_incomplete(struct session *e)
{
	static const char item[] = "search incomplete";

	if (!strstr(e->leftovers, item))
		list_add(e->leftovers, sizeof(e->leftovers), 0, item);
}

void leftover_survivor(struct session *e, pid_t pid, const char *name)
{
	char item[4 * PROCESS_NAME_MAX + 16];

	snprintf(item, sizeof(item), "%d %s", (int)pid, name);
	e->survived++;
	list_add(e->survivors, sizeof(e->survivors), 0, item);
}

static void find_use(struct sessions *s, const struct find *f)
{
	struct leftover_scan *scan = s->scan;
	const struct survivor *p = &f->survivor;

	scan->cut = scan->cut || f->kind == FIND_CUT;
	scan->ended = scan->ended || f->kind == FIND_END;
	if (f->kind == FIND_SURVIVOR && (is_front_end(s, p) || !process_is(p->pid, p->start)))
		return;
	for (struct session *e = s->first; e; e = e->next) {
		if (!waits_for(e, scan))
			continue;
		if (f->kind == FIND_LEFTOVER && leftover_concerns(e, &f->leftover)) {
			e->left++;
			list_add(e->leftovers, sizeof(e->leftovers), LEFTOVER_RESERVE, f->leftover.text);
		} else if (f->kind == FIND_SURVIVOR && survivor_concerns(e, p)) {
			leftover_survivor(e, p->pid, p->name);
		}
	}
}

/* To the terminal that the session had. Who closed it by themselves is at work there again: to the journal alone. */
static void left_say(struct session *e)
{
	char line[NOTICE_MAX];

	if (!e->leftovers[0] || !e->tty[0] || e->cause == SESSION_CLOSED)
		return;
	notice_left(e->leftovers, line);
	(void)!notice_write(e->tty, e->tty_device, e->invoker, line);
}

static void scan_over(struct sessions *s, const struct instant *now)
{
	s->scan_retry_ns = 0;
	for (struct session *e = s->first; e; e = e->next) {
		if (!waits_for(e, s->scan))
			continue;
		if (!s->scan->ended || s->scan->cut)
			leftover_incomplete(e);
		left_say(e);
		ending_swept(s, e, now);
	}
}

void leftover_ready(struct sessions *s, const struct instant *now)
{
	struct leftover_scan *scan = s->scan;
	ssize_t n = 0;

	if (!scan)
		return;
	while ((n = read(scan->fd, (char *)&scan->next + scan->have, sizeof(scan->next) - scan->have)) > 0) {
		scan->have += (size_t)n;
		if (scan->have < sizeof(scan->next))
			continue;
		scan->have = 0;
		find_use(s, &scan->next);
	}
	if (n < 0 && errno == EAGAIN && now->boottime_ns - scan->begun_ns <= PATIENCE_NS)
		return;
	scan_over(s, now);
	scan_done(s);
}
