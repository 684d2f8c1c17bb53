/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_DELTA_H
#define TENURE_TENURED_DELTA_H

/*
 * What a change of a directory in LDAP costs is what the change is: beside the tenant's files (the bases), deltas say what
 * is other since (common/snapshot/delta.h). They are computed from three things alone: the bases, the mirror, and which
 * objects were changed since the bases were made.
 *
 * MUST: a delta publishes what a whole publication of the same mirror would. Only changes of which that can be told are
 * taken: users who come, go, are renamed, moved or become other (delta_user.c), groups that nobody names, likewise
 * (delta_shape.c), who is in a group that is not bound (delta_rules.c, delta_nest.c), and what is assigned at a scope that
 * denies and manages nothing (delta_assign.c), with no problem in the object before or after but members that lead nowhere.
 * Of anything else, and wherever in doubt, -EAGAIN: all of it anew.
 */

#include "common/snapshot/delta.h"
#include "common/snapshot/identity.h"
#include "common/snapshot/keys.h"
#include "common/snapshot/policy.h"
#include "common/mirror/mirror_build.h"
#include "daemon/tenured/rows.h"
#include "daemon/tenured/state.h"

/* In a delta: more, and all of it is published. */
#define DELTA_USERS_MAX	 1024u
#define DELTA_GROUPS_MAX 256u
#define DELTA_WEIGHT_MAX 65536u

/* A user's entry, and the principal that he is. */
struct delta_entry {
	struct uuid uuid, id;
};

/* Objects that changed. */
struct delta_objects {
	struct delta_entry *users;
	struct uuid *groups, *assignments;
	size_t user_count, group_count, assignment_count;
};

/* An assignment of the bases' directory that holds. */
struct delta_assignment {
	struct uuid entry, id;
	struct uuid user, group; /* the principal, or the group's entry; the other is null */
	uint32_t position;	 /* in the policy; NO_INDEX: it means nothing here */
	bool bound; /* it denies, or manages: who has it decides more than deltas tell */
};

/* When the last of them was made, and which it is: what comes later stands behind all. */
struct delta_last {
	uint8_t created[64];
	size_t created_len;
	struct uuid entry;
};

/* A group is in another. */
struct delta_nesting {
	struct uuid below, above; /* their entries */
};

/* A group that NSS shows. */
struct delta_shown {
	gid_t gid;
	struct uuid uuid; /* its entry's */
	bool restricts;	  /* what is denied to its members is not to be lost with one of them */
	bool named;	  /* by an assignment, a unit, a role or another group */
	bool primary;	  /* somebody's, by his gid */
};

/* The bases, and what they were made of that they do not tell. */
struct delta_base {
	struct identity *identity; /* NULL: none are open */
	struct policy *policy;
	struct snapshot keys;
	uint64_t holders_id;
	char **through; /* of each assignment of the policy, the group's name; NULL: none */
	size_t through_count;
};

/* Holders follow from the policy. */
enum delta_kind { DELTA_IDENTITY, DELTA_KEYS, DELTA_POLICY, DELTA_KIND_COUNT };
#define DELTA_DIGEST_LEN 32

struct delta {
	bool whole; /* something changed that deltas do not tell, or may have */
	struct delta_base base;
	bool clean;   /* what the directory of the bases had wrong is known: odd */
	bool troubled; /* what is published beside the bases has problems of its own; they stand behind those of the bases */
	bool reshaped; /* or it has other groups or assignments: what is known of these is of the bases */
	size_t base_problems;
	struct uuid *ids; /* of all objects that are no users, ascending */
	size_t id_count;
	struct uuid *referred; /* principals that are named where deltas know nothing of; ascending */
	size_t referred_count;
	struct delta_shown *shown; /* ascending by gid */
	size_t shown_count;
	struct delta_nesting *nestings; /* ascending by below */
	size_t nesting_count;
	struct delta_assignment *assignments; /* ascending by entry */
	size_t assignment_count;
	struct delta_last last;
	char **places; /* paths of scopes and hosts, ascending */
	size_t place_count;
	char **managing; /* roles that name a management right, ascending */
	size_t managing_count;
	uint64_t *odd; /* hashes of names, DNs, ids and numbers that something is wrong with; ascending */
	size_t odd_count;
	struct uuid *shadowed; /* objects to which no DN leads, for their name is another's; ascending */
	size_t shadowed_count;
	char **bound; /* names of groups whose members decide more than a delta tells, ascending */
	size_t bound_count;
	struct delta_objects changed; /* since the bases; since compaction began, if one is under way */
	struct delta_objects before;  /* before compaction began */
	size_t weight;		      /* of the last delta: users and members that it went through */
	uint64_t sequence;
	uint8_t written[DELTA_KIND_COUNT][DELTA_DIGEST_LEN]; /* what the deltas that are published say; zeroes: none */
	pid_t compactor;	      /* 0: none is at work */
	bool publishing;	      /* it makes not the bases anew but all that changed, which is in force then */
	int report_fd;		      /* where it says what it found, if so */
};

/* delta.c */
void delta_done(struct delta *d); /* also one that was begun, or zeroed; its compactor is ended */
/* Forgets that anything changed: a whole publication is the base now, which delta_open_base opens. */
void delta_restart(struct delta *d);
/* An object became another one: to be told before the mirror takes it in. */
void delta_note(struct delta *d, const struct tenant_config *tenant, const struct mirror *m, const struct mirror_change *c);
/* next: those that a compactor has written. 0; -errno: then nothing is open. */
int delta_open_base(const struct tenant_config *tenant, bool next, struct delta_base *ret) MUST_CHECK;
void delta_base_done(struct delta_base *b);
bool delta_objects_add_user(struct delta_objects *o, const struct delta_entry *user);
bool delta_objects_add_group(struct delta_objects *o, const struct uuid *group);
bool delta_objects_add_assignment(struct delta_objects *o, const struct uuid *assignment);
void delta_objects_done(struct delta_objects *o);
/* tenants/NAME/FILE.next */
#define DELTA_NEXT ".next"

struct delta_set;

/* delta_rules.c: which groups are bound, and who is referred to. The bases must be open. 0 or -ENOMEM. */
int delta_rules(struct delta *d, const struct tenant_config *tenant, const struct directory *directory,
		const struct mirror *m) MUST_CHECK;
bool delta_is_bound(const struct delta *d, const char *group);
bool delta_is_referred_to(const struct delta *d, const struct uuid *principal);
/* Whoever has a group for his own by the set keeps it from going by a delta, of these bases and of later ones. */
void delta_keep_primary(const struct delta *d, const struct delta_set *s);
/* Of the bases. NULL: none that shows. */
const struct delta_shown *delta_shown_group(const struct delta *d, gid_t gid);
const struct delta_shown *delta_shown_entry(const struct delta *d, const struct uuid *entry);

/* delta_places.c: assignments, and where they may be made. 0 or -errno. */
int delta_list_assignments(struct delta *d, const struct directory *directory, const struct mirror *m) MUST_CHECK;
const struct delta_assignment *delta_assignment_of(const struct delta *d, const struct uuid *entry);
bool delta_is_place(const struct delta *d, const char *path);
bool delta_role_manages(const struct delta *d, const char *role);
bool delta_entry_of(const struct mirror *m, const char *dn, struct uuid *ret);

/*
 * delta_odd.c: what the bases' directory had wrong, and what could become right, or wrong, by somebody who comes or goes:
 * names and numbers of what was left out, references that lead nowhere, groups of somebody's own that others name as theirs.
 * After delta_rules has listed the groups that show. 0 or -ENOMEM.
 */
int delta_odd(struct delta *d, const struct tenant_config *tenant, const struct directory *directory) MUST_CHECK;
bool delta_is_odd_text(const struct delta *d, const char *text);
bool delta_is_odd_number(const struct delta *d, uint32_t number);
bool delta_is_odd_id(const struct delta *d, const struct uuid *id);

/* What a change is held against. */
struct local_accounts;
struct delta_where {
	const struct tenant_config *tenant;
	const struct mirror *m;
	const struct local_accounts *accounts;
	const struct host_config *host; /* which local logins are mapped */
	const struct state *state;	/* who was deleted */
};

/* delta_compute.c: what is other than in the base. */
#define DELTA_ADDED 0x80000000u /* and more: the offset of somebody who is not in the base */
struct delta_user {
	uint32_t offset; /* of its record in the base */
	char *login;	 /* of somebody who is not in it, or under another name; NULL: as it was */
	char *left;	 /* the name that he had; NULL: he has it still */
	bool gone, added, fresh; /* fresh: what says who he is is other */
	struct identity_user base; /* and what says who he is now */
	struct user *now; /* parsed anew; NULL: its own fields are as they were, or he is gone */
	uint32_t *gids;	  /* ascending */
	size_t gid_count;
	char *strings; /* of a record that is other; NULL: it is not */
	struct identity_user record;
	uint32_t *held;
	size_t held_count;
	struct policy_change policy;
	bool other_identity, other_policy, other_keys;
	bool left_keys; /* in the base, under the name that he had */
};

struct delta_group {
	struct uuid entry;
	struct group parsed;
	bool same; /* its members, and what they are called */
	bool gone, added, fresh; /* fresh: what says which it is is other */
	char *login;		 /* as it shows now; NULL: gone */
	gid_t gid;		 /* now */
	struct identity_group base; /* of an added one: nothing */
	uint32_t offset;
	uint32_t *before, *now; /* offsets of the members' records, ascending */
	size_t before_count, now_count;
	uint8_t *lengths; /* as struct identity_group has them */
	char *names;
	size_t names_len;
};

struct delta_assigned {
	struct assignment parsed; /* gone: nothing */
	const struct delta_assignment *base; /* NULL: it is new */
	struct source_object source;
	bool gone, counts; /* counts: it means something here, now */
	uint32_t role;	   /* in the policy */
	uint32_t position; /* in lists */
	uint32_t user;	   /* offset of whom it is given to; 0: to a group */
	struct uuid group; /* its entry */
};

struct delta_set {
	struct delta_user *users;
	struct delta_group *groups;
	struct delta_assigned *assigned;
	size_t user_count, group_count, assigned_count;
	size_t weight;
	bool reshaped;		      /* there are other groups, or assignments */
	struct problem_list problems; /* of the groups */
};
/* 0; -EAGAIN: it cannot be told; -ENOMEM. */
int delta_compute(const struct delta *d, const struct delta_base *base, const struct delta_objects *const *changed,
		  size_t changed_count, const struct delta_where *w, struct delta_set *ret) MUST_CHECK;
void delta_set_done(struct delta_set *s);

/* delta_lists.c: gids and held assignments of one user, whose groups changed. 0, -EBADMSG, -ENOMEM. */
int delta_gids(const struct delta_set *s, struct delta_user *u) MUST_CHECK;
int delta_policy(const struct delta_base *base, const struct delta_set *s, struct delta_user *u) MUST_CHECK;
int delta_policy_added(const struct delta_base *base, const struct delta_set *s, struct delta_user *u) MUST_CHECK;

/*
 * delta_write.c: what is other than what was written before. *ret_policy: policy and holders are other now. 0 or -errno:
 * some may be written, and a whole publication is due.
 */
int delta_write(struct delta *d, const struct delta_base *base, const struct delta_set *s, const struct delta_where *w,
		uint64_t generation, bool *ret_policy) MUST_CHECK;

#endif
