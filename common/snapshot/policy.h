/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SNAPSHOT_POLICY_H
#define TENURE_SNAPSHOT_POLICY_H

/*
 * policy: the tenant's principals, roles and assignments as they reach this host, with the host's ceiling, for the
 * decision core. Root alone reads it. Principals are found by id, by uid and by name; each has the list of its
 * assignments, groups resolved. Everything carries its place (file:line or DN), so that a trace can name it.
 *
 * Every call returns 0, or -ENOENT (no such object; behind the last), or -EBADMSG (the file is damaged); *ret is set
 * on success alone. Strings live as long as the policy is open. The file is checked where it is touched, so that a
 * call costs by what it asks for.
 *
 * Format: see policy_format.h.
 */

#include "common/model/settings.h"
#include "common/snapshot/map.h"

struct policy;

/* 0; as snapshot_map; -ENOMEM. */
int policy_open(const char *tenant, struct policy **ret) MUST_CHECK;
/* The same of any file, without its delta. */
int policy_open_path(const char *path, struct policy **ret) MUST_CHECK;
/* The same of bytes in memory that outlive the policy, for fuzzing; data aligned to 8. */
int policy_open_memory(const void *data, size_t len, struct policy **ret) MUST_CHECK;
void policy_close(struct policy *p);
void policy_closep(struct policy **p);

/* What the deltas of the file name it by (delta.h). */
uint64_t policy_base_id(const struct policy *p);

/* What was compiled: to notice that the file was replaced. */
uint64_t policy_generation(const struct policy *p);

struct policy_tenant {
	struct uuid id;
	const char *name, *domain;
	bool home;
};
int policy_tenant(const struct policy *p, struct policy_tenant *ret) MUST_CHECK;

/* Position of a principal. by_name: as the directory calls it. by_uid: the login's here, mapped logins included. */
int policy_principal_by_id(const struct policy *p, const struct uuid *id, uint32_t *ret) MUST_CHECK;
int policy_principal_by_uid(const struct policy *p, uid_t uid, uint32_t *ret) MUST_CHECK;
int policy_principal_by_name(const struct policy *p, const char *name, uint32_t *ret) MUST_CHECK;

struct policy_principal {
	struct uuid id;
	const char *name;  /* in the directory: "alice" */
	const char *login; /* on this host, mapped logins included; NULL: none */
	uid_t uid;	   /* of that login; NO_ID: none */
	enum user_kind kind;
	bool enabled, has_password;
	int64_t start_ns, end_ns;
	const char *place;
};
/* Positions, in some of which there may be nobody any more: -ENOENT, as behind the last. */
size_t policy_principal_count(const struct policy *p);
int policy_principal(const struct policy *p, uint32_t i, struct policy_principal *ret) MUST_CHECK;

/* The host as the directory knows it; known = false: this host's id is in no hosts entry, so no path but "/" reaches it. */
struct policy_host {
	bool known;
	const char *name, *path, *scope, *environment, *place; /* NULL where unknown */
};
int policy_host(const struct policy *p, struct policy_host *ret) MUST_CHECK;

/* A list of rights: of a role after not_actions, or of a deny. */
struct policy_rights {
	uint32_t first, count;
};
struct policy_right {
	enum right_kind kind;
	const char *argument; /* BECOME, GROUP: never NULL; else NULL */
};
int policy_right(const struct policy *p, struct policy_rights rights, uint32_t i, struct policy_right *ret) MUST_CHECK;

struct policy_role {
	struct uuid id;
	const char *name, *title, *place;
	struct policy_rights rights;
	struct activation activation; /* without the lists of approvers */
	bool approvers_named;
	uint32_t approver_count;
};
size_t policy_role_count(const struct policy *p);
int policy_role(const struct policy *p, uint32_t i, struct policy_role *ret) MUST_CHECK;
/* The named approvers, groups resolved: principals, ascending, distinct. */
int policy_role_approver(const struct policy *p, uint32_t role, uint32_t i, uint32_t *ret) MUST_CHECK;

struct policy_unit {
	const char *name;
	bool restricted, holds_host;
};
size_t policy_unit_count(const struct policy *p);
int policy_unit(const struct policy *p, uint32_t i, struct policy_unit *ret) MUST_CHECK;
/* The units that hold a principal (itself; a group in a unit does not bring its members). */
int policy_principal_unit(const struct policy *p, uint32_t principal, uint32_t i, uint32_t *ret) MUST_CHECK;

struct policy_assignment {
	enum assignment_type type;
	uint32_t role;	     /* NO_INDEX: a deny of single rights */
	uint32_t unit;	     /* NO_INDEX: made at a scope */
	const char *name;    /* may be NULL */
	const char *through; /* the group; NULL: direct */
	const char *scope;   /* NULL: made at a unit */
	const char *place;
	bool at_host; /* its scope covers this host, or its unit holds it */
	bool blocked; /* at_host, but a restricted unit keeps it from giving anything here */
	struct policy_rights rights;
	struct window window;
};
/*
 * The assignments of a principal: direct or by a group. Left out is what can mean nothing here: it neither reaches
 * this host nor names a management right, or it makes a service principal eligible.
 */
int policy_assignment(const struct policy *p, uint32_t principal, uint32_t i, struct policy_assignment *ret) MUST_CHECK;

/* Principals with an assignment that names a management right, ascending. */
int policy_manager(const struct policy *p, uint32_t i, uint32_t *ret) MUST_CHECK;

/* The ceiling: kind is RIGHT_BECOME or RIGHT_GROUP. Names alone: "*" is no wildcard here. */
int policy_ceiling(const struct policy *p, enum right_kind kind, uint32_t i, const char **ret) MUST_CHECK;

/*
 * For the broker: writes the policy of this host. bindings[].tenant is a position in host->tenants; those of other
 * tenants are passed over. 0; -EINVAL: something that only restricts does not compile (d->broken_restriction, a deny
 * whose group, role or unit is gone, a restricted unit with a dangling member, a dropped entry of this very host), so
 * that the caller keeps the last good file (T49); -ENOMEM, -EFBIG, -errno.
 */
struct index_binding;
int policy_write(const char *path, uint64_t generation, const struct directory *d, const struct host_config *host,
		 const struct tenant_config *tenant, const struct uuid *host_id, const struct index_binding *bindings,
		 size_t binding_count) MUST_CHECK;

/*
 * For the broker: the delta of a base. What is other of a principal of it: by position in the base, whose other fields
 * stay; or a new one; held: positions of the base's assignments, ascending. 0; -EBADMSG: the base does not hold; -errno.
 */
struct policy_change {
	uint32_t principal;
	bool added; /* it is not in the base: all such come first, and have the positions behind the base's */
	bool gone;  /* it is in the base, and no more */
	struct uuid id;
	const char *name, *login, *place; /* name NULL: these and uid are as they were */
	uid_t uid;
	bool service; /* of an added one */
	bool enabled;
	int64_t start_ns, end_ns;
	const uint32_t *held;
	size_t held_count;
};
/* An assignment of a role at a scope. */
struct policy_assigned {
	uint32_t replaces; /* position in the base, ascending; NO_INDEX: it is not there; such come last */
	const struct assignment *assignment;
	uint32_t role;
};
struct policy_delta {
	const struct policy_change *changes;
	size_t change_count;
	const struct policy_assigned *assigned;
	size_t assigned_count;
};
int policy_delta_write(const char *path, uint64_t generation, uint64_t sequence, const struct policy *base,
		       const struct policy_delta *delta) MUST_CHECK;
/* Does it mean something on this host, by the base? Of a role that names no management right. */
int policy_scope_reaches(const struct policy *base, const char *scope, bool *ret_at_host, bool *ret_blocked) MUST_CHECK;
/* A base that is open already, which must stay so, with the delta at that path. 0; as snapshot_map; -ENOMEM. */
int policy_open_delta(const struct policy *base, const char *path, struct policy **ret) MUST_CHECK;
/* Of the base: how many assignments, and what the i-th is. The position of a principal's i-th one. */
size_t policy_assignment_count(const struct policy *p);
int policy_assignment_at(const struct policy *p, uint32_t i, struct policy_assignment *ret) MUST_CHECK;
int policy_held_position(const struct policy *p, uint32_t principal, uint32_t i, uint32_t *ret) MUST_CHECK;

#endif
