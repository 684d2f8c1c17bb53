/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include "daemon/tenured/stepup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/paths.h"
#include "common/base/text.h"

#define AUTH_FD     3
#define DEAD_HELPER 127

/* Lives until its process is reaped, so that no pid is signalled that is not ours. */
struct stepup {
	struct stepups *all;
	struct stepup *next, *previous;
	struct stepup_input in; /* its strings are not kept */
	bool finished;          /* nobody is to be called any more */
	bool asked, answered, verifies;
	pid_t pid;
	int fd;
	struct loop_source *readable, *child, *deadline;
};

/* A step-up that failed: the oldest is overwritten when there are too many to remember. */
struct failure {
	uid_t uid;
	int64_t until_ns; /* BOOTTIME; 0: none */
};
#define FAILURES_KEPT 1024

struct stepups {
	struct loop *loop;
	struct stepup *first;
	struct failure failures[FAILURES_KEPT];
	size_t next_failure;
};

int stepups_new(struct loop *loop, struct stepups **ret)
{
	struct stepups *all = calloc(1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	all->loop = loop;
	*ret = all;
	return 0;
}

size_t stepups_count(const struct stepups *all)
{
	size_t n = 0;

	for (const struct stepup *s = all->first; s; s = s->next)
		n++;
	return n;
}

static size_t count_of_uid(const struct stepups *all, uid_t uid)
{
	size_t n = 0;

	for (const struct stepup *s = all->first; s; s = s->next)
		n += s->in.uid == uid;
	return n;
}

static bool has_place(const struct stepups *all, uid_t uid)
{
	const size_t own = count_of_uid(all, uid);

	return own < STEPUPS_PER_UID_MAX && stepups_count(all) < STEPUPS_MAX >> own;
}

static size_t failures_of_uid(const struct stepups *all, uid_t uid)
{
	int64_t now = loop_in_ms(0);
	size_t n = 0;

	for (size_t i = 0; i < FAILURES_KEPT; i++)
		n += all->failures[i].uid == uid && all->failures[i].until_ns > now;
	return n;
}

static void note_failure(struct stepups *all, uid_t uid)
{
	all->failures[all->next_failure] = (struct failure){uid, loop_in_ms(STEPUP_FAILURE_SECONDS * 1000)};
	all->next_failure = (all->next_failure + 1) % FAILURES_KEPT;
}

/* Behind this nothing comes but the end of its process, which has nothing left to do. */
static void hang_up(struct stepup *s)
{
	s->finished = true;
	s->asked = false;
	loop_source_clear(&s->readable);
	loop_source_clear(&s->deadline);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	if (s->pid > 1)
		(void)kill(s->pid, SIGKILL);
}

static void finish(struct stepup *s, enum auth_result result, const char *method)
{
	if (s->finished)
		return;
	hang_up(s);
	if (result != AUTH_RESULT_YES && s->answered)
		note_failure(s->all, s->in.uid);
	s->in.done(s->in.context, result, method);
}

void stepup_free(struct stepup *s)
{
	if (!s)
		return;
	/* Who guesses and leaves before the verdict has guessed all the same. */
	if (!s->finished && s->answered)
		note_failure(s->all, s->in.uid);
	hang_up(s);
}

static void unlink_and_free(struct stepup *s)
{
	hang_up(s);
	loop_source_clear(&s->child);
	if (s->previous)
		s->previous->next = s->next;
	else
		s->all->first = s->next;
	if (s->next)
		s->next->previous = s->previous;
	free(s);
}

void stepups_free(struct stepups *all)
{
	if (!all)
		return;
	while (all->first) {
		unlink_and_free(all->first); /* init reaps */
	}
	free(all);
}

static void on_deadline(void *context)
{
	finish(context, AUTH_RESULT_NO, "time");
}

/* What a PAM module wrote may be anything. */
static const char *clean(const char *text, char *buf, size_t len)
{
	if (text_check(text, AUTH_FIELD_MAX) == 0)
		return text;
	return text_escape(text, buf, len);
}

static void on_record(struct stepup *s, const struct auth_record *record)
{
	char buf[4 * AUTH_FIELD_MAX + 1];
	const char *text = clean(record->fields[0], buf, sizeof(buf));
	enum auth_result result = AUTH_RESULT_NO;

	switch (record->type) {
	case AUTH_PROMPT:
		if (s->asked)
			break; /* one at a time: that is no helper of ours */
		s->asked = true;
		s->in.prompt(s->in.context, text, record->flag == 1);
		return;
	case AUTH_MESSAGE:
		s->in.message(s->in.context, text);
		return;
	case AUTH_VERIFY:
		if (!s->in.directory || s->verifies)
			break;
		s->verifies = true;
		s->in.verify(s->in.context, record->fields[0]);
		return;
	case AUTH_RESULT:
		if (record->flag == AUTH_RESULT_YES)
			result = AUTH_RESULT_YES;
		else if (record->flag == AUTH_RESULT_UNAVAILABLE)
			result = AUTH_RESULT_UNAVAILABLE;
		finish(s, result, text);
		return;
	default:
		break;
	}
	finish(s, AUTH_RESULT_UNAVAILABLE, "");
}

static void on_readable(void *context, int fd, uint32_t events)
{
	struct stepup *s = context;
	struct auth_record record;
	int r = auth_record_receive(fd, &record);

	(void)events;
	if (r == -EAGAIN)
		return;
	if (r == 0)
		on_record(s, &record);
	else
		finish(s, AUTH_RESULT_UNAVAILABLE, "");
	auth_record_wipe(&record);
}

/* What it said before it ended counts, although its end may be heard of first. */
static void on_child(void *context, pid_t pid, int status)
{
	struct stepup *s = context;
	struct auth_record record;

	(void)pid;
	(void)status;
	s->pid = 0;
	while (!s->finished && auth_record_receive(s->fd, &record) == 0) {
		on_record(s, &record);
		auth_record_wipe(&record);
	}
	finish(s, AUTH_RESULT_UNAVAILABLE, "");
	unlink_and_free(s);
}

int stepup_answer(struct stepup *s, const char *text)
{
	struct auth_record record;
	int r;

	if (s->finished || !s->asked)
		return -EALREADY;
	r = auth_record_make(AUTH_ANSWER, 0, text, NULL, NULL, &record);
	if (r == 0) {
		s->asked = false;
		s->answered = true;
		r = auth_record_send(s->fd, &record);
	}
	auth_record_wipe(&record);
	return r;
}

void stepup_verdict(struct stepup *s, enum sync_verdict verdict)
{
	struct auth_record record;

	if (s->finished || !s->verifies)
		return;
	s->verifies = false;
	if (auth_record_make(AUTH_VERDICT, (uint8_t)verdict, "", NULL, NULL, &record) < 0 ||
	    auth_record_send(s->fd, &record) < 0)
		finish(s, AUTH_RESULT_UNAVAILABLE, "");
}

static void close_from(unsigned first)
{
#ifdef HAVE_CLOSE_RANGE
	if (close_range(first, ~0u, 0) == 0)
		return;
#endif
	for (unsigned fd = first; fd < 65536; fd++)
		close((int)fd);
}

/* In the child: a process as a fresh one, with the socket and nothing else of ours. */
static void become_helper(int fd, pid_t broker)
{
	static char name[] = "tenure-auth", path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *const arguments[] = {name, NULL}, *const environment[] = {path, NULL};
	const struct sigaction standard = {.sa_handler = SIG_DFL};
	sigset_t none;
	int null;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != broker)
		_exit(DEAD_HELPER);
	for (int n = 1; n < NSIG; n++)
		(void)sigaction(n, &standard, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	/* Out of the way of the numbers below, then exactly there. */
	fd = fcntl(fd, F_DUPFD, 10);
	null = open("/dev/null", O_RDWR);
	if (fd < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 || dup2(fd, AUTH_FD) < 0)
		_exit(DEAD_HELPER);
	close_from(AUTH_FD + 1);
	(void)execve(tenure_path(PATH_AUTH_HELPER), arguments, environment);
	_exit(DEAD_HELPER);
}

static int launch(struct stepup *s)
{
	pid_t broker = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	s->pid = fork();
	if (s->pid < 0) {
		int r = -errno;

		close(pair[0]);
		close(pair[1]);
		return r;
	}
	if (s->pid == 0)
		become_helper(pair[1], broker);
	close(pair[1]);
	s->fd = pair[0];
	if (fcntl(s->fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	return 0;
}

static int send_start(struct stepup *s, const struct stepup_input *in)
{
	char principal[UUID_TEXT_MAX];
	struct auth_record record;
	int r;

	uuid_format(&in->principal, principal);
	r = auth_record_make(AUTH_START, (uint8_t)(in->mode | (in->directory ? AUTH_DIRECTORY : 0)), in->tenant, principal, in->login, &record);
	if (r == 0)
		r = auth_record_send(s->fd, &record);
	return r;
}

int stepup_start(struct stepups *all, const struct stepup_input *in, struct stepup **ret)
{
	struct stepup *s;
	int r;

	if (!has_place(all, in->uid))
		return -EBUSY;
	if (failures_of_uid(all, in->uid) >= STEPUP_FAILURES_MAX)
		return -EUSERS;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->all = all;
	s->in = *in;
	s->in.tenant = s->in.login = NULL;
	s->fd = -1;
	s->next = all->first;
	if (s->next)
		s->next->previous = s;
	all->first = s;
	r = launch(s);
	if (r == 0)
		r = loop_add_child(all->loop, s->pid, on_child, s, &s->child);
	if (r == 0)
		r = loop_add_fd(all->loop, s->fd, EPOLLIN, on_readable, s, &s->readable);
	if (r == 0)
		r = loop_add_timer(all->loop, loop_in_ms(AUTH_SECONDS * 1000), on_deadline, s, &s->deadline);
	if (r == 0)
		r = send_start(s, in);
	if (r < 0) {
		stepup_free(s);
		if (s->child)
			return r; /* on_child takes it away */
		if (s->pid > 1)
			(void)waitpid(s->pid, NULL, 0);
		unlink_and_free(s);
		return r;
	}
	*ret = s;
	return 0;
}
