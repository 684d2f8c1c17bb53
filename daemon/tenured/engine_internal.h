/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_ENGINE_INTERNAL_H
#define TENURE_TENURED_ENGINE_INTERNAL_H

/* What the files of the engine share among themselves; nobody else includes it. */

#include <nettle/sha2.h>

#include "daemon/tenured/compile.h"
#include "daemon/tenured/delta.h"
#include "daemon/tenured/engine.h"
#include "daemon/tenured/state.h"
#include "daemon/tenured/watch.h"

/* A tenant's published files as the engine itself reads them back. */
struct engine_tenant {
	struct policy *policy;	 /* NULL: could not be read */
	struct holders *grants;	 /* NULL: could not be read */
	bool grants_dirty;	 /* the file says something else than the state does */
	bool grants_ended;	 /* and it is about to be written for that */
	bool guests_stand;	 /* its policy is by the trusts of its configuration */
	bool changed;		 /* its mirror says something else than its files do */
	bool in_front;		 /* a child could not publish that: we do */
	int64_t not_before_ns;	 /* BOOTTIME: changes until then are one publication */
	bool silent;		 /* its server does not answer */
	struct problem_list trouble; /* why nothing can be heard of it */
	int64_t answered_ns;	 /* REALTIME when it did; 0: not since this broker started */
	struct delta delta;	 /* of LDAP */
	uint64_t whole_count, delta_count; /* publications */
};

/* What a principal has had written lately: engine_limit.c. */
struct spender {
	struct uuid tenant_id, principal;
	int64_t paid_ns; /* BOOTTIME when nothing of it counts any more */
};
#define SPENDERS_MAX 1024

struct engine {
	struct clock_source *clock;
	struct journal *journal;
	struct journal_report report;
	struct state state;
	struct engine_hooks hooks;
	struct uuid host_id;
	struct compile *compile; /* the configuration in force */
	struct mirrors mirrors;
	struct problem_list shown; /* all problems; the items' texts belong to others */
	uint8_t bindings[SHA256_DIGEST_SIZE]; /* what the index that is published says of local logins */
	struct engine_tenant *tenants;
	size_t tenant_count;
	size_t behind_objects; /* a directory of so many is published by a child */
	struct watch *watch;
	bool started, floor_said;
	unsigned draining; /* so many removals are under way */
	char degraded_said[192];
	struct spender spenders[SPENDERS_MAX];
	bool load_failed; /* the files could not be read for want of memory or the like: again */
	const char *broken;	 /* why it must not grant until it is started anew */
	char publish_trouble[160];
	char load_trouble[LOST_TEXT_MAX]; /* why what is in force stays, whatever the files say */
	int64_t trimmed_ns, tried_ns; /* BOOTTIME */
};

/* --- engine_commit.c: the one way from a judgement to the state --- */

/* Fields of a record; NULL values are left out. Sets *failed when memory runs out. */
struct fields {
	json_t *object;
	bool failed;
};
struct fields fields_new(void);
void fields_text(struct fields *f, const char *key, const char *value);
void fields_int(struct fields *f, const char *key, int64_t value);
void fields_uuid(struct fields *f, const char *key, const struct uuid *value);
void fields_time(struct fields *f, const char *key, int64_t realtime_ns);
/* id, user, principal, role and scope of a request: what every record about it has. */
struct fields fields_of(const struct request *r);
/* Who did it, and from which login; NULL: the broker itself. */
void fields_by(struct fields *f, const struct actor *who);
/* The same of what was done to a request. */
void fields_by_of(struct fields *f, const struct actor *who, const struct request *r);

/* Takes the fields. All of it is on disk and in the state, or nothing happened. 0 or -errno (-EROFS: cannot now). */
#define COMMIT_MAX 64
int engine_commit(struct engine *e, enum journal_event *events, struct fields *fields, size_t count) MUST_CHECK;
/* The state takes what the journal has. If it cannot, nothing is granted any more until replay has put that right. */
void engine_apply(struct engine *e, enum journal_event event, json_t *fields);
/* Of a grant; from_ns: REALTIME, when it begins, for people. */
void fields_window(struct fields *f, const struct window *w, int64_t from_ns);
/* For what has no request and goes on whatever the disk says. Takes the fields. */
void engine_commit_ending(struct engine *e, enum journal_event event, struct fields fields);

/*
 * Endings of requests, collected: one write, then the tables, once a tenant, then the hooks. Each takes place whatever
 * disk and memory say. To be zeroed first, and ended by engine_overs_done.
 */
struct over {
	struct request *request;
	enum journal_event event;
	struct fields fields;
};
#define OVERS_MAX 64 /* in one write */
struct overs {
	struct over items[OVERS_MAX];
	size_t count;
};
/* Takes the fields. */
void engine_over(struct engine *e, struct overs *o, struct request *r, enum journal_event event, struct fields fields);
/* In the journal and in the state, before anything is judged by it. */
void engine_overs_write(struct engine *e, struct overs *o);
void engine_overs_done(struct engine *e, struct overs *o);
void engine_say(struct engine *e, enum engine_event_kind kind, const struct request *r);
/* Tells the hooks if engine_degraded changed its mind. */
void engine_say_degraded(struct engine *e);

/* --- engine_unbound.c --- */

/* Takes away unfinished files of brokers that were killed: there may be password hashes in them. */
void engine_sweep(struct engine *e);
/* A tenant that is no longer bound leaves nothing behind; a folder that cannot be removed is a problem. */
void engine_remove_unbound(struct engine *e);

/* --- engine_publish.c --- */

/*
 * Writes all files of the configuration in force, opens them, judges what is granted anew; where it cannot be told who
 * is governed, opens those that are published. 0 or -errno.
 */
int engine_publish(struct engine *e);
/* The same of one tenant, whose directory is another one now; those of the others stay as they are. 0 or -ENOMEM. */
int engine_publish_one(struct engine *e, size_t tenant) MUST_CHECK;
/* Rewrites `grants` of one tenant from the state. 0 or -errno: then it was taken away, and is tried again. */
int engine_publish_grants(struct engine *e, size_t tenant);
/* Makes a fresh grant count. If it cannot be published it is revoked again, and -EROFS. */
int engine_grant_published(struct engine *e, struct request *r) MUST_CHECK;
void engine_close_tenants(struct engine *e);
/* Are they other than what the index that is published says? */
bool engine_bindings_changed(const struct engine *e, const struct index_binding *bindings, size_t count);

/* --- engine_standing.c --- */

/* Writes `holders` from the policy that is open. 0 or -errno: then it says at most what the policy does, or is gone. */
int engine_publish_standing(struct engine *e, size_t tenant, uint64_t generation);
/* Opens the new policy without a place on the disk, to judge by until it has one. 0 or -errno. */
int engine_judge_by_copy(struct engine *e, size_t tenant, uint64_t generation, const struct index_binding *bindings,
			 size_t count);

/* The policy is another one by now, or its delta is: opens it, and `grants` by it. 0 or -errno: a whole publication is due. */
int engine_renew_policy(struct engine *e, size_t tenant) MUST_CHECK;

/* --- engine_guest.c --- */

/* Publishes tenants whose guests are others now, or marks those whose directory has to be read for it. 0 or -ENOMEM. */
int engine_publish_guests(struct engine *e) MUST_CHECK;
/* Is the principal nobody's guest, or is it one now, whose account holds in its own tenant? */
bool engine_principal_stands(struct engine *e, size_t tenant, const struct policy_principal *p,
			     const struct instant *now);

/* --- engine_delta.c --- */

/* Publishes what changed as deltas. 0; -EAGAIN: all of it is to be published; -errno: likewise, and disk or memory fail. */
int engine_publish_delta(struct engine *e, size_t tenant) MUST_CHECK;
/* What the set says is true: its problems are the tenant's, beside those of its bases. */
void engine_take_set(struct engine *e, size_t tenant, struct delta_set *s);
/* What its changes are held against. */
struct delta_where engine_delta_where(const struct engine *e, size_t tenant, const struct mirror *m);
/* All files of the tenant were published, or failed to be: what changes from now on may be deltas of them. */
void engine_delta_begin(struct engine *e, size_t tenant, int published, uint64_t generation);
/* Removes deltas of bases that are not in place any more. */
void engine_sweep_deltas(const char *tenant);

/* --- engine_compact.c --- */

/* Where deltas are heavy, a process of its own writes the bases anew; when it has, they are put in place. */
void engine_compact_tick(struct engine *e);
/* Begins, if there is anything that can be compacted. */
void engine_compact(struct engine *e, size_t tenant);
/* BOOTTIME when to look again. */
int64_t engine_compact_due(const struct engine *e, const struct instant *now);
/* For a child: all files of the tenant, beside those that stand. 0 or -errno. */
int engine_write_next(struct engine *e, const struct compiled_tenant *t, const struct index_binding *bindings,
		      size_t count) MUST_CHECK;
/* What changed since a child began, as deltas of what it wrote. As engine_publish_delta. */
int engine_write_deltas_of(struct engine *e, size_t tenant, const struct delta_base *base) MUST_CHECK;
int engine_put_next_in_place(const char *tenant) MUST_CHECK;

/* --- engine_behind.c --- */

/* So many objects make a publication long enough to be worth a child. */
#define BEHIND_OBJECTS 10000
/* Begins to publish all of a tenant without anybody having to wait. 0; -EAGAIN: it has to be done at once. */
int engine_publish_behind(struct engine *e, size_t tenant) MUST_CHECK;
/* The child has ended. */
void engine_behind_done(struct engine *e, size_t tenant, bool written);

/* --- engine_directory.c --- */

/* Publishes the directories that changed, each as soon as it may be. */
void engine_directories_tick(struct engine *e, const struct instant *now);
/* BOOTTIME when the next of them may be. */
int64_t engine_directories_due(const struct engine *e);
/* The mirrors are those of the tenants in force; what the others left goes. */
void engine_settle_mirrors(struct engine *e);
/* Frees what a mirror can give again. */
void engine_release_directory(struct engine *e, size_t tenant);
/* Puts what was compiled in the place of what was; the configuration stays. */
void engine_exchange(struct compiled_tenant *t, struct compiled_tenant *now);
/* Takes a released directory from its mirror again. 0 or -ENOMEM. */
int engine_hold_directory(struct engine *e, size_t tenant) MUST_CHECK;

/* --- engine_problem.c --- */

/* engine_problems gives what there is now. */
void engine_collect_problems(struct engine *e);

/* --- engine_load.c --- */

/* Reads the files, journals what changed, publishes. who: asked for it, or NULL. */
int engine_load(struct engine *e, const struct actor *who);

/* --- engine_retire.c --- */

/* Journals `retire` for every uid of a published policy whose principal is gone. 0 or -ENOMEM. */
int engine_retire(struct engine *e, const struct compile *c, bool *ret_any) MUST_CHECK;
/* Of that tenant alone; now: what it is about to be. */
int engine_retire_one(struct engine *e, const struct compiled_tenant *now, bool *ret_any) MUST_CHECK;
/* Of those who changed: whose uid by the policy in force is not theirs any more in the mirror. */
int engine_retire_changed(struct engine *e, size_t tenant, const struct mirror *m,
			  const struct delta_objects *changed) MUST_CHECK;
/* Who would be retired; nobody is. The caller frees the list. */
struct leaver;
int engine_find_leavers(struct engine *e, const struct compiled_tenant *now, struct leaver **ret, size_t *ret_count) MUST_CHECK;
/* Those, where they are not yet. */
int engine_retire_leavers(struct engine *e, size_t tenant, const struct leaver *leavers, size_t count) MUST_CHECK;

/* --- engine_judge.c --- */

/* Finds who acts in the policy in force. 0, -EACCES (not governed, or gone). */
int engine_find_actor(struct engine *e, const struct actor *who, const struct policy **ret_policy,
		      uint32_t *ret_principal) MUST_CHECK;
/*
 * An extension runs from its own activation, so it is one only if its window ends later than what its principal holds of
 * the role there: by the grant that it names, or by another one. (engine_request.c)
 */
bool engine_gains(struct engine *e, const struct uuid *tenant_id, const struct uuid *principal, const char *role, const char *scope,
		  const struct window *w, const struct instant *now);
/* Of who acts; zeroes: no tenant knows them. */
struct uuid engine_tenant_id(const struct engine *e, const struct actor *who);
/* May the request's principal hold its role? now: engine_dates_now. 0 and the terms; -EACCES, -ENOENT: no; else: unknown. */
int engine_judge_request(struct engine *e, const struct request *r, const struct instant *now,
			 struct eligibility *ret) MUST_CHECK;
/* Does `who` hold a management right over this host? 0 or -EACCES. */
int engine_holds_right(struct engine *e, const struct actor *who, enum right_kind right) MUST_CHECK;
/* Is the principal (by id) among those who may approve? */
bool engine_is_approver(struct engine *e, const struct request *r, const struct uuid *principal,
			const struct instant *now);
/* Has it the approvals that it needs, of people who may still give them? */
bool engine_quorum(struct engine *e, const struct request *r, const struct uuid *also, const struct instant *now);

/* --- engine_end.c --- */

/* The grant is over. why: "time", "reboot", ...; who and reason may be NULL. */
void engine_finish(struct engine *e, struct overs *o, struct request *r, enum journal_event event,
		   const struct actor *who, const char *why, const char *reason);
/* That one alone, and all that follows. */
void engine_finish_now(struct engine *e, struct request *r, enum journal_event event, const struct actor *who,
		       const char *why, const char *reason);
/* Writes `expire` of those whose sessions are gone, or took too long. */
void engine_close_endings(struct engine *e, struct overs *o, const struct instant *now);
/* Ends every grant that may not be held any more. */
void engine_rejudge(struct engine *e, struct overs *o);

/* --- engine_limit.c --- */

void engine_spend(struct engine *e, const struct actor *who);

#endif
