/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TESTS_SESSIONS_FIXTURE_H
#define TENURE_TESTS_SESSIONS_FIXTURE_H

/*
 * Sessions on real cgroups, with real processes, and with everything else of the test's own: clock, judge, journal.
 * A front-end stands in for sudo: it is opened a session for, then it starts what the test wants and waits.
 */

#include <sys/types.h>

#include "daemon/tenured/session.h"
#include "daemon/tenured/session_state.h"

struct world {
	struct clock_source clock; /* first */
	int64_t offset_ns;	   /* both clocks, ahead of BOOTTIME */
	struct sessions *sessions;
	struct host_config config;
	/* the judge */
	enum verdict verdict;
	enum why why;
	enum session_cause cause;
	struct window window;
	struct uuid request, principal;
	bool standing; /* by no grant */
	char groups[64]; /* that it was asked for last */
	int judge_error;
	uid_t invoker;
	/* the journal */
	unsigned opened, ending, ended, writes;
	int journal_error;
	struct session_report last; /* strings in the two below */
	char survivors[SESSION_TEXT_MAX], leftovers[SESSION_TEXT_MAX];
	unsigned released;
	char root[64];
};

/* What a front-end starts, each in a child of its own. */
enum work {
	WORK_SLEEP = 1,
	WORK_SETSID = 2,   /* sleeps in a session of its own */
	WORK_STUBBORN = 4, /* ignores every signal that can be ignored */
	WORK_DAEMON = 8,   /* double fork, setsid, stubborn */
	WORK_BOMB = 16,	   /* forks as long as it can, bounded */
	WORK_STOPPED = 32, /* stopped by SIGSTOP */
	WORK_FRONT = 128,  /* another front-end, which front_within gives */
	WORK_LINGER = 256, /* not started: the front-end itself stays when the others are gone */
	WORK_ESCAPE = 64,  /* leaves the session's cgroup for the terminal `escape_to`, as another program */
};

struct front {
	pid_t pid;
	uint64_t start;
	int go, said; /* pipes: start now; pids of what was started */
};

/*
 * A tree of cgroups of this program's own, with a cgroup namespace over it: a broker ends what it finds in its slice
 * and no record accounts for, and another test may be at work on this machine. NULL, or why not. Once a program.
 */
const char *tree_make(void);
/* Makes mountinfo below the test's root name it. */
bool tree_use(const char *root);
/* Kills what a test has left in its sessions, and waits until it is gone. */
void tree_empty(void);
/* Moves the calling process to the top of the tree, out of every session. */
bool tree_escape(void);

/* NULL if this machine can not do it; then *ret_why says why. */
struct world *world_new(const char **ret_why);
void world_free(struct world *w);
/* For cmocka; and whether this machine can do it at all: false has said why. */
int world_setup(void **state);
int world_teardown(void **state);
bool world_is_possible(void);
/* A broker that dies and comes back: what it held is let go, and adopted anew. */
void world_restart(struct world *w);
/* The grant ends so far from now. */
void world_grant(struct world *w, int64_t left_ns);

/* The terminal that WORK_ESCAPE takes for its own, and the real uid that it goes by; of the next front_start. */
extern char escape_to[64];
extern uid_t escape_uid;

struct front front_start(unsigned work);
/* The front-end that WORK_FRONT starts inside the session of the other; it starts a stubborn process. */
struct front front_within(struct front *outer);
int front_open(struct world *w, const struct front *f, struct session_answer *ret);
/* Lets it start its work; returns how many processes it started, their pids in the array. */
size_t front_go(struct front *f, pid_t pids[], size_t max);
/* True if it exited by itself with status 0. */
bool front_done(struct front *f);
void front_kill(struct front *f);

/* A terminal of the invoker's; what is written there is read without waiting. */
struct terminal {
	int master, slave;
	char name[64];
};
struct terminal terminal_open(const struct world *w);
/* Makes it the first session's, as if its front-end had it. */
void terminal_give(struct world *w, const struct terminal *t);
/* What was written: "" if nothing. */
const char *terminal_read(const struct terminal *t, char *buf, size_t size);
void terminal_close(const struct terminal *t);

/*
 * A session that pam_tenure opened by itself. foreign_make contains the front-end and writes its record under a name
 * that nobody looks at, foreign_publish gives it its own.
 */
struct foreign {
	struct uuid id;
	char part[256], path[256];
};
void foreign_make(struct world *w, const struct front *f, int64_t left_ns, struct foreign *ret);
void foreign_publish(const struct foreign *r);
/* A file in PATH_SESSIONS. */
void record_put(const char *name, const char *text);

/* No file can be opened, or be written to, until it is given back. */
void files_take(void);
void writing_take(void);
void limits_give(void);

/* Turns the sessions until fn is true: false after a generous limit. */
bool world_until(struct world *w, bool (*fn)(struct world *w));
bool world_is_empty(struct world *w);
void world_turn(struct world *w, int timeout_ms);
bool pid_is_gone(pid_t pid);
/* Asserts it of each. */
void pids_are_gone(const pid_t *pids, size_t n);
bool world_cgroup_is_gone(const struct world *w, const struct uuid *id);
/* How many session records there are. */
unsigned world_records(void);

#endif
