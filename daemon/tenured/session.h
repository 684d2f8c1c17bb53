/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_SESSION_H
#define TENURE_TENURED_SESSION_H

/*
 * Contained sessions, from SessionOpen to the last process gone (decision 5). Each has a cgroup of its own; all
 * endings are state machines that one descriptor and one tick drive, so that a thousand sessions end together.
 *
 * MUST: no session is open before its process is in the cgroup and its record is in PATH_SESSIONS; an ending is
 * journalled before the first signal, and goes on when the journal refuses; nothing outside a cgroup of ours is
 * signalled, no pid <= 1 ever (T38); a process is known by pid and start time (T15, T37).
 *
 * What it needs of the rest of the broker comes through struct session_ports, which session_engine.c fills from engine
 * and journal, and which tests fill themselves.
 */

#include <sys/types.h>

#include "common/decide/decide.h"
#include "common/model/settings.h"

struct sessions;

enum session_kind {
	SESSION_GATE = 1, /* sudo, su: the target's processes */
	SESSION_LOGIN,	  /* a just-in-time login: user@UID ends with it */
};

enum session_cause {
	SESSION_CAUSE_NONE,
	SESSION_CLOSED,	  /* its front-end left and nothing stayed behind */
	SESSION_EXPIRED,  /* expire: its time was up */
	SESSION_ENDED,	  /* end: its holder ended the grant */
	SESSION_REVOKED,  /* revoke */
	SESSION_LOST,	  /* lost: eligibility, role, right or ceiling went away */
	SESSION_DISABLED, /* disabled: the account */
	SESSION_DRAINED,  /* drain: package removal */
	SESSION_FAILED,	  /* failed: it never opened, or no record accounts for it */
	SESSION_CAUSE_COUNT
};
const char *session_cause_text(enum session_cause cause);

/* From the verb SessionOpen; peer_* is what the kernel says of the socket. Strings are copied. */
struct session_input {
	enum session_kind kind;
	const char *service; /* "sudo-i" */
	uid_t invoker;	     /* the real uid that the account phase saw */
	const char *target;  /* "root"; of a login, its login name */
	const char *groups;  /* login: the local groups that it takes on, "adm,systemd-journal"; NULL or "": none */
	const char *tty;     /* "/dev/pts/3" or NULL */
	pid_t pid;	     /* as the client says: must be the peer's */
	pid_t peer_pid;
	int peer_pidfd; /* -1: none; stays the caller's */
	uid_t peer_uid; /* must be 0 (tests: geteuid()) */
};

#define SESSION_MESSAGE_MAX 160
struct session_answer {
	struct uuid id;
	char role[NAME_LENGTH_MAX + 1];
	struct uuid request; /* null: a standing right */
	int64_t until_ns;    /* REALTIME or TIME_FOREVER */
	char message[SESSION_MESSAGE_MAX]; /* "You hold db-operator until 15:04:11 CET." or "" */
};

/* What a session is asked for when it opens, and again after every change. */
struct session_question {
	enum session_kind kind;
	const char *service;
	uid_t invoker;
	const char *target;
	const char *groups; /* each must be held as well, as long as the session lasts; "": none */
	struct uuid principal; /* whom it was opened for, who may be a guest; null at opening */
	struct uuid rests_on; /* the grant that covered it so far; null at opening and for standing rights */
	struct instant now;
};

#define SESSION_USER_MAX 288
struct session_judgement {
	/* of all that it needs: their common window; role, by_grant and request of the right that ends first */
	struct decision decision;
	char user[SESSION_USER_MAX]; /* "alice@contoso.com"; filled at opening */
	char login[SESSION_USER_MAX];
	struct uuid tenant_id, principal;
	enum session_cause cause; /* denied: why a session that rested on `rests_on` must end now */
};

/* Walks a list of local groups; fn returns 0 to go on. 0, -EINVAL (no such list, or too many), or fn's value. */
int session_groups_each(const char *groups, int (*fn)(void *context, const char *group), void *context) MUST_CHECK;

/* A session as others see it. Strings live as long as the call. */
struct session_view {
	struct uuid id;
	enum session_kind kind;
	const char *user, *login, *role, *service, *target, *tty; /* tty "" if none */
	struct uuid tenant_id, principal, request;
	uid_t invoker;
	pid_t pid;
	int64_t since_ns; /* REALTIME */
	int64_t until_ns; /* REALTIME or TIME_FOREVER */
	int64_t left_ns;  /* or TIME_FOREVER */
	unsigned processes;
	bool ending;
	enum session_cause cause; /* ending: why */
};

/* What an ending came to: the text fields of its journal record. */
struct session_report {
	enum session_cause cause;
	unsigned ended, survived, left;
	const char *survivors; /* "812 bash, 813 sleep" or "" */
	const char *leftovers; /* "at job 12, /etc/cron.d/x" or "" */
};

enum session_event {
	SESSION_EVENT_OPEN = 1, /* `session` */
	SESSION_EVENT_ENDING,	/* `session-ending`: the cause, before the first signal */
	SESSION_EVENT_END,	/* `session-end`: with the report */
};

struct session_entry {
	struct session_view view;
	struct session_report report;
};

struct session_ports {
	void *context;
	struct clock_source *clock;
	/* decide() with the policy and the grants in force. Always fills ret; 0 or -errno, which denies. */
	int (*judge)(void *context, const struct session_question *q, struct session_judgement *ret);
	/*
	 * All entries in one write, on disk before it returns: a thousand endings cost one fdatasync. For OPEN there is
	 * one entry and no report; for ENDING only the report's cause counts.
	 */
	int (*journal)(void *context, enum session_event event, const struct session_entry *entries, size_t count);
	/* A session no longer rests on this grant: it is over (with these counts), or something else covers it (zeros). */
	void (*released)(void *context, const struct uuid *request, const struct session_report *report);
	/* One line for the log (an edge: here it is logged). */
	void (*log)(void *context, int priority, const char *text);
};

/*
 * Adopts what PATH_SESSIONS holds: live sessions go on, those whose time is up begin to end, endings that were cut
 * short are finished. host gives warn_before and grace and is copied. 0 or -errno. A host without a cgroup to
 * write is no error here: sessions_open says it, and sessions_unready.
 */
int sessions_new(const struct session_ports *ports, const struct host_config *host, struct sessions **ret) MUST_CHECK;
/*
 * tenure-reap: the same for one session, by its record, when its time is up and no broker ends it. Nothing is judged
 * and nothing journalled: what it came to stays in the record, and the next broker journals it. id is the text of a UUID.
 * 0 when it has ended or is not to end (yet), -ENOENT (no such record), -EINVAL, -errno.
 */
int sessions_reap(const char *id, struct clock_source *clock) MUST_CHECK;
/* Lets go; no session ends by that. */
void sessions_free(struct sessions *s);
void sessions_configure(struct sessions *s, const struct host_config *host);

/* Why no session can be opened ("no cgroup2 to write"), or NULL. */
const char *sessions_unready(const struct sessions *s);

/*
 * Poll this for input and call sessions_dispatch. sessions_tick does what is due and returns the BOOTTIME at which it
 * wants to be called again (TIME_FOREVER: not before something happens). Both are cheap when there is nothing to do.
 */
int sessions_fd(const struct sessions *s);
void sessions_dispatch(struct sessions *s);
int64_t sessions_tick(struct sessions *s);

/*
 * Judges again, moves the process, journals, writes the record; only then 0. -EACCES (denied), -EPERM (the peer is not
 * root, or pid is not its own), -ESRCH (it is gone), -EINVAL, -EOPNOTSUPP (no cgroup to write), -EBUSY (too many),
 * -errno: in every case the gate denies, and nothing is left behind.
 */
int sessions_open(struct sessions *s, const struct session_input *in, struct session_answer *ret) MUST_CHECK;

/*
 * The front-end says that it leaves. The session is over if its cgroup is empty but for the front-end; else it stays,
 * contained, to its deadline. peer_pid must be the session's. 0, -ENOENT, -EPERM. id is the text of the whole UUID or
 * of its short form.
 */
int sessions_close(struct sessions *s, const char *id, pid_t peer_pid) MUST_CHECK;

/* After any change of grants or policy: each session is judged again. */
void sessions_recheck(struct sessions *s);

/*
 * Ends all of them (package removal). sessions_count says when they are gone. Nothing opens until sessions_drain_over has
 * been called as often.
 */
void sessions_drain(struct sessions *s);
void sessions_drain_over(struct sessions *s);

/* Ends one: user.sessions.end. 0 or -ENOENT. */
int sessions_end(struct sessions *s, const struct uuid *id, enum session_cause cause) MUST_CHECK;

/* Walks them, oldest first; fn returns 0 to go on. The strings are good for the call. */
int sessions_each(struct sessions *s, int (*fn)(void *context, const struct session_view *view),
		  void *context) MUST_CHECK;
size_t sessions_count(const struct sessions *s);
/* How many rest on that grant and are not over yet: what `expire` waits for. */
size_t sessions_resting_on(const struct sessions *s, const struct uuid *request);

#endif
