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
};

struct front {
	pid_t pid;
	uint64_t start;
	int go, said; /* pipes: start now; pids of what was started */
};

/* NULL if this machine can not do it; then *ret_why says why. */
struct world *world_new(const char **ret_why);
void world_free(struct world *w);
/* A broker that dies and comes back: what it held is let go, and adopted anew. */
void world_restart(struct world *w);
/* The grant ends so far from now. */
void world_grant(struct world *w, int64_t left_ns);

struct front front_start(unsigned work);
int front_open(struct world *w, const struct front *f, struct session_answer *ret);
/* Lets it start its work; returns how many processes it started, their pids in the array. */
size_t front_go(struct front *f, pid_t pids[], size_t max);
/* True if it exited by itself with status 0. */
bool front_done(struct front *f);
void front_kill(struct front *f);

/* Turns the sessions until fn is true: false after a generous limit. */
bool world_until(struct world *w, bool (*fn)(struct world *w));
bool world_is_empty(struct world *w);
void world_turn(struct world *w, int timeout_ms);
bool pid_is_gone(pid_t pid);

#endif
