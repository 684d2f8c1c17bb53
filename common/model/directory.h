/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_MODEL_DIRECTORY_H
#define TENURE_MODEL_DIRECTORY_H

/*
 * A tenant's directory in memory, whatever it came from: the embedded file now, LDAP later. Plain data, owned by
 * struct directory and freed as one; references are by name until directory_validate has resolved them to indices.
 * The words are those of the vocabulary: user, group, host, scope, unit, role, assignment.
 */

#include <sys/types.h>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/model/problem.h"
#include "common/model/words.h"

/* A list of names, and what they resolved to: index[i] is NO_INDEX where the reference dangles. */
struct name_list {
	char **names;
	uint32_t *index; /* NULL before directory_validate */
	size_t count;
};

struct attribute {
	char *name, *value; /* a list of values is several attributes of one name */
};

/* Every object starts so. `dropped` objects stay in place (indices hold) and count for nothing. */
struct object {
	char *name;
	struct uuid id;
	char *place; /* "directory.d/contoso.conf:5" or a DN */
	bool dropped;
};

enum user_kind { USER_PERSON, USER_SERVICE };

struct user {
	struct object o;
	enum user_kind kind;
	uid_t uid; /* NO_ID: no login of its own */
	gid_t gid; /* NO_ID in the file: private group, gid = uid */
	char *gecos, *home, *shell, *password; /* password: crypt(5) hash or NULL */
	bool enabled;
	int64_t start_ns, end_ns;
	char **ssh_keys;
	size_t ssh_key_count;
	struct attribute *attributes;
	size_t attribute_count;
};

struct group {
	struct object o;
	gid_t gid; /* NO_ID: not shown by NSS, serves assignments only */
	struct name_list members, member_groups;
	uint32_t *closure; /* users, directly or by nesting, ascending; set by directory_validate */
	size_t closure_count;
};

struct scope {
	struct object o; /* o.name is the path */
	char *kind, *environment, *tier; /* NULL: none of its own, then that of the scope above counts */
	uint32_t parent; /* NO_INDEX for the root */
};

struct host {
	struct object o; /* o.id: tenure check --host-id */
	char *scope;
	char *path; /* scope/name: where assignments at the host itself point */
	struct attribute *attributes;
	size_t attribute_count;
};

struct unit {
	struct object o;
	bool restricted;
	struct name_list users, groups, hosts;
};

struct right {
	enum right_kind kind;
	char *argument; /* NULL where the kind takes none */
};

struct activation {
	int64_t max_duration_ns; /* 1 min to 24 h; default 8 h */
	bool justification, ticket, step_up;
	unsigned approvals;
	struct name_list approver_users, approver_groups;
	int64_t approval_timeout_ns;
};

struct role {
	struct object o;
	char *title;
	gid_t gid; /* of role-NAME; NO_ID: chosen from role_gids */
	struct right *actions, *not_actions;
	size_t action_count, not_action_count;
	struct activation activation;
	bool built_in;
};

enum assignment_type { ASSIGNMENT_ELIGIBLE, ASSIGNMENT_ACTIVE, ASSIGNMENT_DENY };

struct assignment {
	struct object o; /* o.name may be NULL */
	enum assignment_type type;
	char *role;	    /* NULL for a deny of single rights */
	char *user, *group, *guest; /* one of the three; guest: "zoe@fabrikam.com" */
	char *scope, *unit; /* one of the two */
	struct right *actions; /* a deny may name rights instead of a role */
	size_t action_count;
	int64_t start_ns, end_ns;
	uint32_t role_index, user_index, group_index, unit_index;
	uint32_t guest_index; /* set by directory_set_guests; NO_INDEX: gives nothing, restricts nobody */
};

/*
 * A user of another tenant whom a trust lets in: a principal here, and nothing else. Its id is of this tenant alone, so
 * that no id which the other directory chooses is one of ours.
 */
struct guest {
	struct uuid id;
	struct uuid tenant_id, home_id; /* where it is from, and what it is there */
	char *tenant; /* the name of that tenant */
	char *name;  /* "zoe@fabrikam.com" */
	char *login; /* as NSS shows it; NULL: none */
	uid_t uid;   /* of that login; NO_ID: none */
	enum user_kind kind;
	bool enabled;
	int64_t start_ns, end_ns;
};

struct directory {
	struct uuid tenant_id;
	struct user *users;
	struct group *groups;
	struct scope *scopes;
	struct host *hosts;
	struct unit *units;
	struct role *roles;
	struct assignment *assignments;
	struct guest *guests; /* directory_set_guests (guest.h) */
	size_t guest_count;
	size_t user_count, group_count, scope_count, host_count, unit_count, role_count, assignment_count;
	struct id_range *taken_ranges; /* gids in the tenant's role_gids that are the host's; set by directory_validate */
	size_t taken_range_count;
	struct uuid *shadowed; /* of a mirror: objects whose name another one has; ascending */
	size_t shadowed_count;
	bool in_parts; /* its snapshots may get deltas (common/snapshot/delta.h) */
	bool broken_restriction; /* an object that only restricts was unusable: keep the last good policy (T49) */
};

#define ROLE_DURATION_DEFAULT_NS	 (8 * 3600 * NS_PER_S)
#define ROLE_DURATION_MIN_NS		 (60 * NS_PER_S)
#define ROLE_DURATION_MAX_NS		 (24 * 3600 * NS_PER_S)
#define ROLE_APPROVAL_TIMEOUT_DEFAULT_NS (24 * 3600 * NS_PER_S)

/* The defaults of an object that says nothing; the others begin as zeroes. */
void user_init(struct user *u);
void group_init(struct group *g);
void role_init(struct role *r);
void assignment_init(struct assignment *a);

/* Free what an object holds, half-built ones too. */
void user_done(struct user *u);
void group_done(struct group *g);
void scope_done(struct scope *s);
void host_done(struct host *h);
void unit_done(struct unit *u);
void role_done(struct role *r);
void assignment_done(struct assignment *a);

/* What is wrong with the values of one, wherever it came from: static text, and what to do; NULL: nothing. */
const char *scope_fault(const struct scope *s, const char **ret_remedy);
const char *role_fault(const struct role *r, const char **ret_remedy);

void directory_free(struct directory *d);
void directory_freep(struct directory **d);

/* Appends the built-in roles whose names the directory has not taken (vocabulary, "Built-in roles"). 0 or -ENOMEM. */
int directory_add_built_in_roles(struct directory *d) MUST_CHECK;

/* In libright.la, libc alone, for the modules too. "become:root" and the like. 0, -EINVAL, -ENOMEM. right_done frees the argument. */
int right_parse(const char *text, struct right *ret) MUST_CHECK;
void right_done(struct right *r);
/* The text form; len >= RIGHT_TEXT_MAX. */
#define RIGHT_TEXT_MAX 64
void right_format(enum right_kind kind, const char *argument, char *buf, size_t len);

#endif
