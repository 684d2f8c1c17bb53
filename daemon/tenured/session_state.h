/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_SESSION_STATE_H
#define TENURE_TENURED_SESSION_STATE_H

/* What the files of the session room share: a session and the set of them. Nobody else includes this. */

#include "common/model/settings.h"
#include "common/wire/session_record.h"
#include "daemon/tenured/cgroup.h"
#include "daemon/tenured/session.h"
#include "daemon/tenured/session_process.h"

#define SESSION_TTY_MAX	    64
#define SESSION_SERVICE_MAX 64
#define SESSION_LOGIN_MAX   SESSION_USER_MAX
#define SESSION_TEXT_MAX    512 /* survivors, leftovers: what is shown of them */
#define SESSIONS_MAX	    8192

/*
 * The life of a session. OPENING: its record exists, its process is not known to be inside. DUE: to be ended; the
 * journal comes first, for all that are due together. TERM: hung up and terminated, inside the grace. KILL: killed,
 * waiting for the last to be gone. SWEEP: empty; survivors elsewhere and leftovers are looked for. DONE: to be
 * reported, for all together. STUCK: reported, but something in it does not die. GONE: to be dropped from the set.
 */
enum session_stage {
	STAGE_OPENING = 1,
	STAGE_OPEN,
	STAGE_DUE,
	STAGE_TERM,
	STAGE_KILL,
	STAGE_SWEEP,
	STAGE_DONE,
	STAGE_STUCK,
	STAGE_GONE,
};

struct session {
	struct session *next;

	/* fixed at opening, and in the record */
	struct uuid id;
	enum session_kind kind;
	char service[SESSION_SERVICE_MAX];
	uid_t invoker;
	char target[SESSION_LOGIN_MAX];
	char groups[SESSION_GROUPS_MAX + 1]; /* login: that it took on; "" if none */
	char tty[SESSION_TTY_MAX]; /* "" if none */
	dev_t tty_device;
	pid_t pid;	/* the front-end */
	uint64_t start; /* its start time, clock ticks since boot */
	struct process_program program; /* that it ran when it opened: what execs is no front-end */
	uint32_t audit_session;	/* of the front-end; PROCESS_NO_AUDIT_SESSION */
	char origin[PROCESS_CGROUP_MAX]; /* the cgroup that it came from; "" if unknown */
	char cgroup[CGROUP_NAME_MAX];	 /* below tenure.slice, or parent */
	/* of a login under systemd: its session's scope, which logind goes on to see; of one in another: that one's */
	char parent[PROCESS_CGROUP_MAX];
	int64_t opened_ns;		 /* REALTIME */
	char user[SESSION_USER_MAX], login[SESSION_LOGIN_MAX];
	struct uuid tenant_id, principal;

	/* what covers it now, and in the record */
	char role[NAME_LENGTH_MAX + 1];
	struct uuid request; /* null: a standing right */
	struct window window;

	/* its ending, and in the record */
	enum session_stage stage;
	enum session_cause cause;
	unsigned ended, survived, left;
	uint32_t timer; /* number of its backstop's timer; 0: none */
	int64_t grace_ns; /* the host's, for tenure-reap; TIME_FOREVER: not said */

	/* of this broker's life */
	int parent_fd;	     /* -1: tenure.slice */
	int pidfd;	     /* of the front-end; -1 */
	bool front_gone;
	bool said_closed;    /* the terminal was told */
	bool swept;	     /* SWEEP: what it left was looked for; its front-end is waited for */
	bool stray;	     /* its cgroup was found without a record: there is none to keep */
	bool record_behind;  /* the record could not be written: to be tried again */
	int watch;	     /* inotify on cgroup.events; -1 */
	int64_t due_ns;	     /* BOOTTIME: of the stage, not of the deadline; TIME_FOREVER */
	int64_t stage_ns;    /* BOOTTIME: when the stage began */
	size_t warning_next; /* first of warn_before_ns not yet said; warn_before_count: none left */
	uint64_t counted_start; /* latest start time among the processes counted in `ended` */
	dev_t inner_tty;	/* a terminal of its processes that is not the invoker's: sudo's own; 0 */
	uid_t target_uid;	/* as its processes run; NO_ID while unknown */
	char survivors[SESSION_TEXT_MAX], leftovers[SESSION_TEXT_MAX];
};

struct leftover_scan;
struct scope_manager;
struct stray;

struct sessions {
	struct session_ports ports;
	struct session *first;
	size_t count;
	int64_t warn_before_ns[WARNINGS_MAX];
	size_t warn_before_count;
	int64_t grace_ns;
	unsigned draining;
	bool adopted;  /* the records of before are read, all of them */
	bool own_left; /* while they are read: one could not be */
	bool rescan_said;
	int64_t rescan_ns; /* BOOTTIME: when what could not be read or written is tried again; TIME_FOREVER */
	int root, slice; /* descriptors of cgroup2 and tenure.slice; -1 */
	int unready;	 /* -errno of opening them */
	int epoll, inotify;
	int records_watch; /* inotify on PATH_SESSIONS */
	struct uuid boot;
	bool reaping; /* this is tenure-reap: it ends one session and leaves the report to the broker */
	struct scope_manager *manager;
	struct leftover_scan *scan; /* the one that runs, or NULL */
	int64_t scan_retry_ns;	    /* BOOTTIME: none could be begun; 0 */
	struct stray *strays;	    /* seen once */
	size_t stray_count;
	int64_t strays_next_ns; /* BOOTTIME */
};

/* session.c */
/* All but the adoption. */
int sessions_prepare(const struct session_ports *ports, struct sessions **ret) MUST_CHECK;
struct session *session_find(struct sessions *s, const struct uuid *id);
int session_now(struct sessions *s, struct instant *ret) MUST_CHECK;
void session_view_fill(struct sessions *s, const struct session *e, const struct instant *now,
		       struct session_view *ret);
/* Failure is logged, and tried again: until then the record on disk is behind, and an adoption finds more to do. */
void session_record_update(struct sessions *s, struct session *e);
/* Puts it among the others, the oldest first. */
void session_link(struct sessions *s, struct session *e);
void session_log(struct sessions *s, int priority, const char *format, ...) PRINTF_LIKE(3, 4);
/* Opens tenure.slice if it is not yet, or has been removed. 0 or -errno. */
int sessions_slice_ready(struct sessions *s) MUST_CHECK;
/* Frees one that is in no set. */
void session_drop(struct sessions *s, struct session *e);
/* The first warning that is still to come. */
void session_warnings_set(const struct sessions *s, struct session *e, const struct instant *now);

/* session_scope.c: where it is contained, and the backstop. */
/* Descriptor of the folder that its cgroup is in. */
int session_folder(const struct sessions *s, const struct session *e);
/* Makes its cgroup and moves its process there. Writes the record before it. 0 or -errno. */
int session_contain(struct sessions *s, struct session *e) MUST_CHECK;
/* What is empty goes; it may take a moment. */
void session_cgroup_remove(struct sessions *s, struct session *e);
/* Opens the parent again; one that is gone has taken the cgroup with it. */
void session_parent_open(struct sessions *s, struct session *e);
void session_backstop_arm(struct sessions *s, struct session *e, const struct instant *now);
void session_backstop_disarm(struct sessions *s, struct session *e);
/* What a login had running outside its session's scope. */
void session_user_stop(struct sessions *s, const struct session *e);
/* The same for a login that closed by itself: its user may have other sessions, which go on. */
void session_user_leaves(struct sessions *s, const struct session *e);

/* session_watch.c: what wakes us. */
int sessions_watch_init(struct sessions *s) MUST_CHECK;
/* Watches front-end and cgroup. 0 or -errno; a front-end that is gone is noted, no error. */
int session_watch(struct sessions *s, struct session *e) MUST_CHECK;
void session_unwatch(struct sessions *s, struct session *e);
/* Something about this one changed, or may have: an open session may be over by itself. */
void session_look(struct sessions *s, struct session *e, const struct instant *now);

/* session_judge.c: judging one again. */
struct session_question session_question_of(const struct session *e, const struct instant *now);
void session_judge_again(struct sessions *s, struct session *e, const struct instant *now);

/* session_groups.c: 0 or -EINVAL. */
int session_groups_check(const char *groups) MUST_CHECK;

/* session_record.c: the file of a session, PATH_SESSIONS/UUID. */
#define SESSION_FILE_MAX 8192
struct buffer;
int session_record_write(const struct sessions *s, const struct session *e) MUST_CHECK;
/* Both forms. */
int session_record_unlink(const struct session *e);
/* Is there a file for it, whatever that holds? Also where that cannot be found out. */
bool session_record_exists(const struct uuid *id);
/* text has a NUL at text[len]. Both forms: the broker's own, and pam_tenure's (session_record.h). -EBADMSG. */
int session_record_parse(const char *text, size_t len, struct session *ret, struct uuid *ret_boot) MUST_CHECK;
/* The broker's own record of that session. 0, -ENOENT, -EBADMSG, -errno. session_adopt.c */
int session_record_read_id(const struct uuid *id, struct session *ret, struct uuid *ret_boot) MUST_CHECK;
int session_record_format(const struct session *e, const struct uuid *boot, struct buffer *out) MUST_CHECK;

/* session_adopt.c: what a broker of before, or pam_tenure alone, has left. */
int sessions_adopt(struct sessions *s) MUST_CHECK;
void sessions_adopt_file(struct sessions *s, const char *name);
/* Tries again, if it is time, what could not be read or written. */
void sessions_rescan(struct sessions *s, const struct instant *now);
void sessions_rescan_soon(struct sessions *s);

/*
 * session_stray.c: ends cgroups of ours that have processes and no record. Returns the BOOTTIME at which it wants to be
 * called again.
 */
int64_t strays_tick(struct sessions *s, const struct instant *now);

/* ending.c */
/* It must end, for this cause; ending_flush begins. In an ending already: nothing. */
void ending_due(struct session *e, enum session_cause cause);
/* What its stage wants now: called when due, and when its cgroup or front-end changed. */
void ending_step(struct sessions *s, struct session *e, const struct instant *now);
/* Journals and begins all that are due; journals and drops all that are done. */
void ending_flush(struct sessions *s, const struct instant *now);
/*
 * Its front-end goes on now, and the terminal is somebody else's: what there is to say is said, though a process may
 * still have its grace.
 */
void ending_front_leaves(struct sessions *s, struct session *e, const struct instant *now);
/* It closed by itself: nobody is in it but for its front-end. What it left elsewhere is looked for in its turn. */
void ending_closed(struct sessions *s, struct session *e, const struct instant *now);
/* Nobody is in it: what it left elsewhere is looked for. */
void ending_sweep(struct session *e, const struct instant *now);
/* That was done. */
void ending_swept(struct sessions *s, struct session *e, const struct instant *now);
/* Moves the front-end out of the cgroup, so that the terminal is restored when the rest dies. */
int ending_front_aside(struct sessions *s, struct session *e);

/*
 * leftover.c: one child at a time looks for all sessions that wait in SWEEP. Returns the BOOTTIME at which it wants to
 * be called again.
 */
int64_t leftover_start(struct sessions *s, const struct instant *now);
/* What is reported besides: a process that is there still; that not all was looked at. */
void leftover_survivor(struct session *e, pid_t pid, const char *name);
void leftover_incomplete(struct session *e);
/* Its pipe is readable. */
void leftover_ready(struct sessions *s, const struct instant *now);
void leftover_free(struct sessions *s);

#endif
