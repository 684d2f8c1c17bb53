/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_ENGINE_H
#define TENURE_TENURED_ENGINE_H

/*
 * The engine: requests, grants and sessions of this host, and the journal that they live in. It knows no socket and no
 * JSON of the wire; it takes the time from a clock_source. Every change follows one order: judge, journal (on disk),
 * change the state, publish, answer. If the journal refuses, nothing has happened; endings alone go on without it.
 *
 * MUST: no path from an error to a grant; endings go on when grants cannot (disk full, damaged journal); a grant names
 * tenant, principal id, uid, role, scope, request id, and is judged anew at activation.
 *
 * Who uses it: the server for its verbs, sessions through the ports of session.h. Life: engine_new (opens the journal
 * and replays it), engine_set_hooks, engine_start (loads, publishes, writes `start`), then engine_tick whenever the
 * time that it returned has come, a call changed something, or REALTIME was set; engine_watch_ready when
 * engine_watch_fd is readable; engine_free.
 */

#include "common/decide/decide.h"
#include "daemon/tenured/journal.h"

struct engine;

enum request_state {
	REQUEST_PENDING = 1, REQUEST_SCHEDULED, REQUEST_ACTIVE, REQUEST_EXPIRED, REQUEST_ENDED, REQUEST_REVOKED,
	REQUEST_DENIED, REQUEST_CANCELLED, REQUEST_TIMED_OUT, REQUEST_FAILED,
};
const char *request_state_text(enum request_state s);

struct approval {
	struct uuid principal;
	char *by; /* "carol@contoso.com" */
	char *reason;
	int64_t at_ns;
};

/* Nobody could tell yet whether the request's tenant is bound: it is judged by nothing, and not granted either. */
#define TENANT_UNKNOWN (SIZE_MAX - 1)

/* Stays where it is until the next engine_tick; strings are the engine's. */
struct request {
	struct uuid id;
	enum request_state state;
	size_t tenant;	      /* position in the engine's tenants; SIZE_MAX: no longer bound; TENANT_UNKNOWN */
	struct uuid tenant_id, principal;
	uid_t uid;	      /* of the login that asked */
	char *user;	      /* "alice@contoso.com" */
	char *login;
	char *role, *scope;
	struct uuid role_id;
	int64_t duration_ns;
	char *reason, *ticket; /* NULL where none */
	int64_t asked_ns, times_out_ns; /* REALTIME */
	struct uuid extends;   /* null: none */
	unsigned approvals_needed;
	struct approval *approvals;
	size_t approval_count;
	bool quorum;	       /* its last approval was enough: what follows from it is the same write */
	struct window window;  /* active ones, and those that were; it has no start */
	int64_t activated_ns;  /* REALTIME, for people; 0: never */
	struct uuid boot;      /* the boot that the window is bound to */
	int64_t decided_ns;    /* REALTIME of the last change of state; 0: pending */
	char *decided_by, *decided_reason;
	char *why;	       /* how it ended, in words that stay: "time", "reboot", "not-eligible"; NULL */
	bool step_up_done;
	bool ending;	       /* over, but its sessions are still being ended: `expire` waits for their counts */
	int64_t ending_ns;     /* BOOTTIME since when */
	unsigned ended, survived, left; /* what their endings came to */
	bool changed, lost; /* the hooks are still to hear of it; lost: a grant that ended */
};

/*
 * Who acts: made by engine_actor from the peer's credentials, never from a parameter (T14). A copy: good as long as
 * the caller keeps it, looked up anew by id in each call.
 */
#define USER_TEXT_MAX  288 /* alice@contoso.com */
#define LOGIN_TEXT_MAX 288
#define PROOF_TEXT_MAX 32
struct actor {
	uid_t uid;
	uid_t login_uid;      /* /proc/PID/loginuid; NO_ID if unset */
	bool root;	      /* uid 0 */
	bool governed;	      /* a tenant knows it: the rest is set */
	size_t tenant;
	size_t home;	      /* the tenant that the account is of: `tenant`, but for a guest */
	struct uuid tenant_id;
	uint32_t principal;   /* position in the tenant's policy at the time of engine_actor */
	struct uuid principal_id;
	char user[USER_TEXT_MAX];
	char login[LOGIN_TEXT_MAX];
	char proof[PROOF_TEXT_MAX]; /* how step-up was proved, for the journal: "pam:tenure", "password"; "" before */
};

/*
 * Fills *ret for a uid that the kernel told. 0: also for uids that no tenant knows (governed = false). -EBADMSG,
 * -EKEYREVOKED (a broken mapping) and the like: could not be found out; the server refuses.
 */
int engine_actor(struct engine *e, uid_t uid, uid_t login_uid, struct actor *ret) MUST_CHECK;

/* May the tenant `of` have guests of `from` now? */
bool engine_lets_in(const struct engine *e, size_t of, size_t from);
/*
 * Who acts, as the guest that he is in another tenant: 0 and a copy of who, with that tenant and that principal;
 * -ENOENT: none; -errno: could not be told.
 */
int engine_guest(struct engine *e, const struct actor *who, size_t tenant, struct actor *ret) MUST_CHECK;

/* Is the principal of that tenant the one who acts, or the guest that he is there? By ids alone: also of what was. */
bool engine_actor_is(const struct actor *who, const struct uuid *tenant_id, const struct uuid *principal) MUST_CHECK;

/* --- life --- */

/*
 * Opens the journal below PATH_JOURNAL and replays it. A damaged journal is no error: the engine is degraded. -EBUSY:
 * another broker runs. 0 or -errno. The clock stays the caller's.
 */
int engine_new(struct clock_source *clock, struct engine **ret) MUST_CHECK;
void engine_free(struct engine *e);
void engine_freep(struct engine **e);

enum engine_event_kind {
	ENGINE_REQUEST_CHANGED = 1, /* request: filed, approved, active, over */
	ENGINE_GRANT_ENDED,	    /* request: its sessions must be judged again and end */
	ENGINE_PUBLISHED,	    /* policy or grants in force changed; mapped ones of before are gone */
	ENGINE_JOURNALLED,	    /* event, seq, record: for syslog; seq 0: kept in memory only */
	ENGINE_CONFIGURED,	    /* engine_host_config changed */
	ENGINE_DIRECTORY,	    /* a tenant's directory was published: engine_problems may have changed */
	ENGINE_DEGRADED,	    /* text: why nothing can be granted; NULL: it can again */
};

struct engine_event {
	enum engine_event_kind kind;
	const struct request *request;
	const char *event;
	uint64_t seq;
	json_t *record; /* borrowed: the whole line; NULL: memory did not suffice for it */
	const char *chain; /* JOURNALLED: the first 16 digits of its hash, what the next line has as `prev`; NULL: it waits */
	const char *text;
};

/*
 * event: called after the change, from inside the call that made it; must not call back into anything that changes the
 * engine. sessions: how many sessions rest on that grant and would end with it; NULL counts as 0. While there are
 * some, `expire` waits (at most EXPIRE_WAIT_NS) for engine_session_report, so that it carries the counts; the ending
 * itself is in the journal before (`ending`).
 */
#define EXPIRE_WAIT_NS (60 * NS_PER_S)
struct engine_hooks {
	void *context;
	void (*event)(void *context, const struct engine_event *event);
	size_t (*sessions)(void *context, const struct request *r);
};
void engine_set_hooks(struct engine *e, const struct engine_hooks *hooks);

/* Loads the configuration, publishes, journals `start`. Problems of the files are no error. 0 or -errno. */
int engine_start(struct engine *e, const char *version) MUST_CHECK;
/* Journals `stop`. */
void engine_stop(struct engine *e);

/*
 * What must happen now: time-outs, ends of grants, lost eligibility, a boot that passed. Returns the BOOTTIME of the
 * next; call it earlier when REALTIME was set.
 */
int64_t engine_tick(struct engine *e);

/* Poll for input; -1: none (engine_tick looks every 2 s then). */
int engine_watch_fd(const struct engine *e);
void engine_watch_ready(struct engine *e);

/* Reads all files anew. Counts what is wrong with them. who: asked for it; NULL: nobody that is known. 0 or -errno. */
int engine_reload(struct engine *e, const struct actor *who, size_t *ret_errors, size_t *ret_warnings) MUST_CHECK;
const struct problem_list *engine_problems(const struct engine *e);
/* Those of one tenant's directory, and of reaching it. */
size_t engine_problem_count(const struct engine *e, size_t tenant);

/*
 * The directories of tenants whose source is LDAP. The engine owns their mirrors; who feeds them calls
 * engine_directory_changed behind each batch that changed something: at one of the next ticks that tenant's files are
 * published, alone, at once the first time and then no sooner than the last publication took. A mirror is good until the
 * next tick, load or reload: another serial is another one. NULL: none is open (its problem says why).
 */
struct mirror;
struct mirror *engine_mirror(const struct engine *e, size_t tenant, unsigned *ret_serial);
void engine_directory_changed(struct engine *e, size_t tenant);
/*
 * What changed was told one by one: a publication may cost what the change is (delta.h). To be told from mirror_commit,
 * before it counts; behind it, engine_directory_noted.
 */
struct mirror_change;
void engine_note_change(struct engine *e, size_t tenant, const struct mirror_change *change);
void engine_directory_noted(struct engine *e, size_t tenant);
/* Has that tenant a compactor at work, which writes bases anew? For tests and `tenure status`. */
bool engine_is_compacting(const struct engine *e, size_t tenant);
/* How often it was published whole, and how often by a delta. */
void engine_publications(const struct engine *e, size_t tenant, uint64_t *ret_whole, uint64_t *ret_deltas);
/* Its server answered at that time (REALTIME), or does not. */
void engine_note_answer(struct engine *e, size_t tenant, int64_t realtime_ns);
void engine_note_silence(struct engine *e, size_t tenant);
/* When it did, as far as is known, also before this broker lived; 0: never. */
int64_t engine_answered_ns(const struct engine *e, size_t tenant);
/* 0: what its directory said last is young enough for a new grant, or it is a file; -EKEYEXPIRED. */
int engine_check_lease(const struct engine *e, size_t tenant, const struct instant *now) MUST_CHECK;
/* By name; SIZE_MAX: none in force. */
size_t engine_tenant_by_name(const struct engine *e, const char *name);
/* Why nothing can be heard of it; id NULL: that is over. id: static. */
void engine_note_trouble(struct engine *e, size_t tenant, const char *id, const char *place, const char *remedy,
			 const char *text);
/* Is what its mirror says what is published? Not while it waits, does not hold, or could not be written. */
bool engine_is_current(const struct engine *e, size_t tenant);
const struct local_accounts *engine_accounts(const struct engine *e);
/* Objects of a directory became other than they were, and who changed them: `policy`, and one more for the rest. */
#define POLICY_NOTES_MAX 64
struct policy_note {
	char *dn, *modifier;	  /* NULL: not known */
	const char *kind, *change; /* "assignment", "added" */
};
void engine_note_policy(struct engine *e, size_t tenant, const struct policy_note *notes, size_t count, size_t more);

/* Why nothing can be granted now, or NULL. */
const char *engine_degraded(const struct engine *e);

/* --- what is in force; all of it is good until the next call that may change something --- */

/* The clock as gates read it, for grants and what is shown: BOOTTIME ends them whatever happens to REALTIME. 0 or -errno. */
int engine_now(struct engine *e, struct instant *ret) MUST_CHECK;
/*
 * The time that dates are judged by (assignments, accounts, time-outs, and who may manage others): REALTIME, never below
 * the journal's floor. 0 or -errno.
 */
int engine_dates_now(struct engine *e, struct instant *ret) MUST_CHECK;
const struct host_config *engine_host_config(const struct engine *e);
const struct uuid *engine_host_id(const struct engine *e);
const struct uuid *engine_boot_id(const struct engine *e);
size_t engine_tenant_count(const struct engine *e);
/* NULL: its file never parsed, or i is out of range. */
const struct tenant_config *engine_tenant(const struct engine *e, size_t i);
/* Why what is in force for that tenant is not what its files say now, for people; NULL: it is. The text may be in buf. */
#define ENGINE_STALE_MAX 160
const char *engine_stale(const struct engine *e, size_t tenant, char buf[static ENGINE_STALE_MAX]);
/* NULL: could not be read; decide() denies then. */
const struct policy *engine_policy(const struct engine *e, size_t tenant);
const struct holders *engine_grants(const struct engine *e, size_t tenant);
struct journal *engine_journal(struct engine *e);

/* --- requests --- */

/*
 * Errors of the calls below, beyond -ENOMEM and -errno: -EACCES not eligible or not theirs, -EPERM own request,
 * -ENOENT no such object, -EINVAL bad input, -ENODATA input missing, -EALREADY wrong state, -EKEYREJECTED step-up
 * missing, -ESTALE not from a login of one's own, -EBUSY too many requests or grants at once, -EUSERS too many lately,
 * -EROFS cannot grant now (engine_degraded says why), -ENOTUNIQ ambiguous id.
 */
struct request_input {
	const char *role, *scope, *reason, *ticket; /* NULL where not given */
	int64_t duration_ns;			    /* 0: the role's maximum */
	struct uuid extends;
};

/*
 * What is still missing or wrong, so that the server can prompt before it asks for step-up. No change of state. 0:
 * nothing; -EKEYREJECTED: nothing but step-up; with -ENODATA, -EINVAL, -ENOENT: *ret_field is "role", "duration",
 * "reason", "ticket", "scope" or "extends" (static), else NULL.
 */
int engine_request_check(struct engine *e, const struct actor *who, const struct request_input *in,
			 const char **ret_field) MUST_CHECK;
/*
 * Files the request; activates at once if no approval is needed. step_up: tenure-auth said yes on this connection.
 * The answer's state may be REQUEST_FAILED: decided_reason says why.
 */
int engine_request(struct engine *e, const struct actor *who, const struct request_input *in, bool step_up,
		   const struct request **ret) MUST_CHECK;
/*
 * May `who` decide it now? 0 or the error that engine_approve would give without step-up; -EKEYREJECTED: yes, with
 * step-up.
 */
int engine_approve_check(struct engine *e, const struct actor *who, const struct uuid *id) MUST_CHECK;
int engine_approve(struct engine *e, const struct actor *who, const struct uuid *id, const char *reason,
		   bool step_up, const struct request **ret) MUST_CHECK;
int engine_deny(struct engine *e, const struct actor *who, const struct uuid *id, const char *reason,
		const struct request **ret) MUST_CHECK;
int engine_cancel(struct engine *e, const struct actor *who, const struct uuid *id,
		  const struct request **ret) MUST_CHECK;
int engine_end(struct engine *e, const struct actor *who, const struct uuid *id,
	       const struct request **ret) MUST_CHECK;
int engine_revoke(struct engine *e, const struct actor *who, const struct uuid *id, const char *reason,
		  const struct request **ret) MUST_CHECK;
/*
 * Revokes every grant and denies every open request (package removal), and grants nothing until engine_drain_over has
 * been called as often. Counts the grants.
 */
int engine_drain(struct engine *e, const struct actor *who, const char *reason, size_t *ret_grants) MUST_CHECK;
void engine_drain_over(struct engine *e);
/* What one principal may have live at a time, and may have asked for. */
#define GRANTS_PER_PRINCIPAL_MAX   32
#define REQUESTS_PER_PRINCIPAL_MAX 16
/* 0; -EUSERS: this principal has had too much written to the journal lately, and must wait. Ending is never refused. */
int engine_check_budget(struct engine *e, const struct actor *who) MUST_CHECK;

/* By what a person typed. -ENOENT, -ENOTUNIQ. */
int engine_find(const struct engine *e, const char *text, const struct request **ret) MUST_CHECK;
int engine_find_id(const struct engine *e, const struct uuid *id, const struct request **ret) MUST_CHECK;
/* Walks the requests, oldest first; fn as in holders.h. Those that ended over 31 days ago are no longer among them. */
int engine_each(const struct engine *e, int (*fn)(void *, const struct request *), void *context) MUST_CHECK;

/* Who can still decide a pending request: never its requester. fn gets "carol" (or the login that carol has here). */
int engine_approvers(struct engine *e, const struct request *r, int (*fn)(void *, const char *name),
		     void *context) MUST_CHECK;
/* Activations of that role by that principal within 30 days, r itself not counted. last_ns 0: none. */
void engine_before(struct engine *e, const struct request *r, unsigned *ret_count, int64_t *ret_last_ns);

/* --- journal and sessions --- */

/*
 * A session that rested on this grant is over: counts are summed into its `expire`. The sessions' own records (session,
 * session-ending, session-end) are appended by the session room itself.
 */
void engine_session_report(struct engine *e, const struct uuid *request, unsigned ended, unsigned survived,
			   unsigned left);
/* `step-up` outside of a request: failed ones. what: "request", "approve", "authenticate". 0 or -errno. */
int engine_note_step_up(struct engine *e, const struct actor *who, const char *what, const char *method,
			bool ok) MUST_CHECK;
/* what: "journal" or "clock". Root alone (-EACCES), reason needed (-ENODATA). Audited by `journal-reset`. */
int engine_journal_reset(struct engine *e, const struct actor *who, const char *what, const char *reason) MUST_CHECK;

#endif
