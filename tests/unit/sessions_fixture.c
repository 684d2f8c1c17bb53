/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit/cmocka_test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "tests/unit/sessions_fixture.h"

#define LIMIT_S	 60
#define BOMB_MAX 400

static int fake_now(struct clock_source *self, struct instant *ret)
{
	struct world *w = (struct world *)(void *)self;
	struct timespec boot, real;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &real);
	ret->boottime_ns = boot.tv_sec * NS_PER_S + boot.tv_nsec + w->offset_ns;
	ret->realtime_ns = real.tv_sec * NS_PER_S + real.tv_nsec + w->offset_ns;
	return 0;
}

static int fake_judge(void *context, const struct session_question *q, struct session_judgement *ret)
{
	struct world *w = context;

	snprintf(w->groups, sizeof(w->groups), "%s", q->groups);
	*ret = (struct session_judgement){.decision = {.verdict = w->verdict, .why = w->why, .by_grant = !w->standing,
						       .window = w->window, .request = w->request},
					  .principal = w->principal, .cause = w->cause};
	strcpy(ret->decision.role, "db-operator");
	strcpy(ret->user, "alice@contoso.com");
	strcpy(ret->login, "alice");
	return w->judge_error;
}

static int fake_journal(void *context, enum session_event event, const struct session_entry *entries, size_t count)
{
	struct world *w = context;
	const struct session_report *report = &entries[count - 1].report;

	if (w->journal_error)
		return w->journal_error;
	w->writes++;
	if (event == SESSION_EVENT_OPEN)
		w->opened += (unsigned)count;
	if (event == SESSION_EVENT_ENDING)
		w->ending += (unsigned)count;
	if (event != SESSION_EVENT_END)
		return 0;
	w->ended += (unsigned)count;
	w->last = *report;
	snprintf(w->survivors, sizeof(w->survivors), "%s", report->survivors);
	snprintf(w->leftovers, sizeof(w->leftovers), "%s", report->leftovers);
	return 0;
}

static void fake_released(void *context, const struct uuid *request, const struct session_report *report)
{
	struct world *w = context;

	w->released++;
}

static void fake_log(void *context, int priority, const char *text)
{
	if (getenv("TENURE_TEST_VERBOSE"))
		fprintf(stderr, "log %d %s\n", priority, text);
}

static int sessions_start(struct world *w)
{
	struct session_ports ports = {.context = w, .clock = &w->clock, .judge = fake_judge, .journal = fake_journal,
				      .released = fake_released, .log = fake_log};

	return sessions_new(&ports, &w->config, &w->sessions);
}

struct world *world_new(const char **ret_why)
{
	char path[128];
	struct world *w = calloc(1, sizeof(*w));

	*w = (struct world){.clock = {.now = fake_now}, .verdict = VERDICT_ALLOW, .window = WINDOW_ALWAYS,
			    .invoker = 4242, .config = {.warn_before_ns = {60 * NS_PER_S, 10 * NS_PER_S},
							.warn_before_count = 2, .grace_ns = 5 * NS_PER_S}};
	(void)!uuid_random(&w->request);
	(void)!uuid_random(&w->principal);
	/* As /run, which costs no disk at each fsync. */
	*ret_why = tree_make();
	if (*ret_why)
		return NULL;
	snprintf(w->root, sizeof(w->root), "%s/tenure-sessions.XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	*ret_why = "no temporary folder";
	if (!mkdtemp(w->root))
		return NULL;
	setenv("TENURE_TEST_ROOT", w->root, 1);
	for (const char *const *part = (const char *const[]){"/run", "/run/tenure", NULL}; *part; part++) {
		snprintf(path, sizeof(path), "%s%s", w->root, *part);
		mkdir(path, 0755);
	}
	if (!tree_use(w->root) || sessions_start(w) < 0) {
		*ret_why = "sessions cannot be made";
		return NULL;
	}
	*ret_why = sessions_unready(w->sessions);
	if (*ret_why) {
		world_free(w);
		return NULL;
	}
	world_grant(w, 3600 * NS_PER_S);
	return w;
}

void world_free(struct world *w)
{
	char command[128];

	sessions_free(w->sessions);
	tree_empty();
	snprintf(command, sizeof(command), "rm -rf -- '%s'", w->root);
	(void)!system(command);
	free(w);
}

void world_restart(struct world *w)
{
	sessions_free(w->sessions);
	w->sessions = NULL;
	if (sessions_start(w) < 0)
		abort();
}

void world_grant(struct world *w, int64_t left_ns)
{
	struct instant now;

	(void)fake_now(&w->clock, &now);
	w->window = (struct window){TIME_ALWAYS, now.realtime_ns + left_ns, now.boottime_ns + left_ns};
}

/* --- processes --- */

static void say_pid(int said)
{
	pid_t pid = getpid();

	(void)!write(said, &pid, sizeof(pid));
}

static void ignore_all(void)
{
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_IGN);
}

static _Noreturn void sleep_on(int said)
{
	say_pid(said);
	close(said);
	for (;;)
		pause();
}

static void bomb(int said)
{
	ignore_all();
	for (int i = 0; i < BOMB_MAX; i++) {
		if (fork() == 0) {
			close(said);
			if (i % 2)
				setsid();
			for (;;)
				pause();
		}
	}
	sleep_on(said);
}

char escape_to[64];
uid_t escape_uid;

static _Noreturn void escape(int said)
{
	setsid();
	int fd = open(escape_to, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0 || !tree_escape() || setresuid(escape_uid, 0, 0) < 0)
		_exit(1);
	say_pid(said);
	execl("/bin/sleep", "sleep", "1000", (char *)NULL);
	_exit(1);
}

/* The pipes of a front-end that a front-end starts. */
static int within_go[2], within_said[2];

static _Noreturn void front_run(unsigned work, int go, int said);

static _Noreturn void work_run(unsigned work, int said)
{
	prctl(PR_SET_NAME, "worker"); /* a child of the front-end's own name is its monitor, as sudo has one */
	if (work == WORK_SETSID)
		setsid();
	if (work == WORK_STUBBORN)
		ignore_all();
	if (work == WORK_DAEMON) {
		ignore_all();
		setsid();
		if (fork() != 0)
			_exit(0);
	}
	if (work == WORK_BOMB)
		bomb(said);
	if (work == WORK_ESCAPE)
		escape(said);
	if (work == WORK_FRONT) {
		setsid();
		say_pid(said);
		close(said);
		close(within_go[1]);
		close(within_said[0]);
		front_run(WORK_STUBBORN, within_go[0], within_said[1]);
	}
	if (work == WORK_STOPPED) {
		say_pid(said);
		close(said);
		for (;;)
			raise(SIGSTOP);
	}
	sleep_on(said);
}

static _Noreturn void front_run(unsigned work, int go, int said)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(go, &byte, 1) != 1)
		_exit(2);
	for (unsigned bit = 1; bit <= WORK_FRONT; bit <<= 1) {
		if ((work & bit) && fork() == 0)
			work_run(bit, said);
	}
	close(said);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	while (work & WORK_LINGER)
		pause();
	_exit(0);
}

static void pipes_make(int go[2], int said[2])
{
	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(said, O_CLOEXEC) < 0)
		abort();
}

struct front front_within(struct front *outer)
{
	struct process_stat stat;
	pid_t pid;

	if (front_go(outer, &pid, 1) != 1 || process_stat_read(pid, &stat) < 0)
		abort();
	close(within_go[0]);
	close(within_said[1]);
	return (struct front){pid, stat.start, within_go[1], within_said[0]};
}

struct front front_start(unsigned work)
{
	int go[2], said[2];
	struct process_stat stat;

	pipes_make(go, said);
	if (work & WORK_FRONT)
		pipes_make(within_go, within_said);
	pid_t pid = fork();
	if (pid == 0) {
		close(go[1]);
		close(said[0]);
		front_run(work, go[0], said[1]);
	}
	close(go[0]);
	close(said[1]);
	if (process_stat_read(pid, &stat) < 0)
		abort();
	return (struct front){pid, stat.start, go[1], said[0]};
}

int front_open(struct world *w, const struct front *f, struct session_answer *ret)
{
	struct session_input in = {.kind = SESSION_GATE, .service = "sudo-i", .invoker = w->invoker, .target = "root",
				   .pid = f->pid, .peer_pid = f->pid, .peer_pidfd = -1, .peer_uid = geteuid()};

	return sessions_open(w->sessions, &in, ret);
}

size_t front_go(struct front *f, pid_t pids[], size_t max)
{
	size_t n = 0;

	(void)!write(f->go, "x", 1);
	while (n < max && read(f->said, &pids[n], sizeof(pid_t)) == (ssize_t)sizeof(pid_t))
		n++;
	return n;
}

bool front_done(struct front *f)
{
	int status = -1;
	bool done = waitpid(f->pid, &status, 0) == f->pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;

	close(f->go);
	close(f->said);
	return done;
}

void front_kill(struct front *f)
{
	kill(f->pid, SIGKILL);
	(void)front_done(f);
}

bool pid_is_gone(pid_t pid)
{
	struct process_stat stat;

	return process_stat_read(pid, &stat) < 0 || stat.state == 'Z';
}

/* --- turning --- */

void world_turn(struct world *w, int timeout_ms)
{
	struct pollfd p = {.fd = sessions_fd(w->sessions), .events = POLLIN};

	(void)poll(&p, 1, timeout_ms);
	sessions_dispatch(w->sessions);
}

bool world_until(struct world *w, bool (*fn)(struct world *w))
{
	time_t end = time(NULL) + LIMIT_S;

	while (!fn(w)) {
		if (time(NULL) > end)
			return false;
		world_turn(w, 20);
	}
	return true;
}

int world_setup(void **state)
{
	const char *why;

	*state = world_new(&why);
	return *state ? 0 : -1;
}

int world_teardown(void **state)
{
	world_free(*state);
	return 0;
}

bool world_is_possible(void)
{
	const char *why;
	struct world *w = geteuid() == 0 ? world_new(&why) : (why = "needs root", NULL);

	if (!w)
		(void)printf("skip: %s\n", why);
	world_free(w);
	return w;
}

void pids_are_gone(const pid_t *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_true(pid_is_gone(pids[i]));
}

bool world_cgroup_is_gone(const struct world *w, const struct uuid *id)
{
	char name[CGROUP_NAME_MAX];

	cgroup_name(id, CGROUP_PLAIN, name);
	return cgroup_populated(w->sessions->slice, name) == -ENOENT;
}

unsigned world_records(void)
{
	unsigned n = 0;
	DIR *d = opendir(tenure_path(PATH_SESSIONS));

	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

bool world_is_empty(struct world *w)
{
	return sessions_count(w->sessions) == 0;
}
