/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_MODEL_SETTINGS_H
#define TENURE_MODEL_SETTINGS_H

/* What tenure.conf and tenants.d/NAME.conf say, after parsing. config/ fills these, the broker compiles them. */

#include "common/model/validate.h"

struct gate_service {
	char *name;
	enum gate_mode mode; /* the host's unless the service says otherwise */
};

struct local_login {
	char *login;	 /* of /etc/passwd */
	char *principal; /* "bob@contoso.com" */
	char *place;
	bool governs_login; /* login = "tenant"; default "local": gates only */
};

#define WARNINGS_MAX 8

struct host_config {
	char **tenants; /* the first is the home tenant */
	size_t tenant_count;
	enum gate_mode gate_mode;
	struct gate_service *gate_services;
	size_t gate_service_count;
	char **login_services; /* sshd, login, ...: class login */
	size_t login_service_count;
	char **batch_services; /* cron, atd, systemd-user: class batch */
	size_t batch_service_count;
	char **break_glass_users;
	size_t break_glass_user_count;
	char **allow_become, **allow_groups; /* the ceiling; empty: nothing */
	size_t allow_become_count, allow_group_count;
	char **visible_to; /* local accounts that may read the identities of hidden tenants */
	size_t visible_to_count;
	struct local_login *local_logins;
	size_t local_login_count;
	int64_t warn_before_ns[WARNINGS_MAX]; /* descending */
	size_t warn_before_count;
	int64_t grace_ns;
	int64_t min_duration_ns; /* shortest activation: 1 min unless set */
	size_t journal_reserve;	 /* bytes kept free for endings */
};

/* Where a tenant's directory is. */
enum source {
	SOURCE_FILE = 1, /* directory.d/NAME.conf */
	SOURCE_LDAP,
};

enum ldap_bind { LDAP_BIND_SIMPLE = 1, LDAP_BIND_EXTERNAL };

/* Which attributes and classes a server has: tenure.conf(5) has the table. */
enum ldap_schema { LDAP_SCHEMA_RFC2307 = 1, LDAP_SCHEMA_RFC2307BIS, LDAP_SCHEMA_AD };

/* The attribute that each field comes from, where it is not the schema's. */
enum ldap_field {
	LDAP_USER_NAME, LDAP_USER_UID, LDAP_USER_GID, LDAP_USER_GECOS, LDAP_USER_HOME, LDAP_USER_SHELL, LDAP_USER_SSH_KEY,
	LDAP_USER_ID, LDAP_GROUP_NAME, LDAP_GROUP_GID, LDAP_GROUP_MEMBER, LDAP_GROUP_MEMBER_NAME, LDAP_GROUP_ID,
	LDAP_FIELD_COUNT
};

struct ldap_config {
	char **uris; /* ldaps://, ldap:// (StartTLS, always), ldapi://; tried in this order */
	size_t uri_count;
	char *base;
	enum ldap_bind bind;
	char *bind_dn;	     /* simple */
	char *password_file; /* simple: absolute, root's, 0600; its first line */
	char *tls_ca;	     /* absolute; NULL: ldapi alone */
	char *tls_cert, *tls_key; /* NULL: no client certificate */
	enum ldap_schema schema;
	char *bases[OBJECT_KIND_COUNT]; /* whole DNs: an object of a kind that lies elsewhere does not count (T27) */
	char *user_filter, *group_filter; /* RFC 4515; NULL: the schema's */
	char *map[LDAP_FIELD_COUNT];	  /* NULL: the schema's */
	bool derive_ids;		  /* uids and gids from the objects' ids */
	int64_t heartbeat_ns, poll_ns;
	unsigned offline_login_days; /* 0: never */
	bool offline_gates;
};

/* The longest that a kind of decision may rest on what the directory said last; 0: no limit. */
struct lease {
	int64_t login_ns, gate_ns, grant_ns;
};

struct tenant_config {
	char *name;
	struct uuid id;
	char **domains;
	size_t domain_count;
	struct id_range id_range, role_gids;
	enum visibility visibility;
	enum source source;
	struct ldap_config ldap; /* SOURCE_LDAP */
	struct lease lease;	 /* SOURCE_LDAP */
	char **home_parents; /* folders that its users' homes may lie in; none: home_is_allowed says */
	size_t home_parent_count;
	char **foreign_domains; /* of the other tenants of this host (tenants_introduce) */
	size_t foreign_domain_count;
	bool home; /* first in tenure.conf: short names */
	bool directory_passwords; /* its passwords are its directory's to judge; also where only what is published is known */
};

/*
 * Reports where a tenant's ids could be forged (T47): an overlap with what /etc/subuid or /etc/subgid gives away is an
 * error, and directory_validate refuses the single ids in it as well; one with what is usually given away, to containers
 * too, is a warning.
 */
void tenant_check_range(const struct tenant_config *t, const struct local_accounts *local, struct problem_list *problems);
/*
 * Why the members' group of a hidden tenant must not open its folder: its gid is, or can be, somebody else's. NULL: it
 * may. Static text.
 */
const char *tenant_members_fault(const struct tenant_config *t, const struct local_accounts *local);
/* Reports that, and a local group that stands before the members' one. */
void tenant_check_members(const struct tenant_config *t, const struct local_accounts *local, struct problem_list *problems);
/* Reports a cache that would tell everybody of a tenant that hides. leak: its name (leak_find, common/snapshot), or NULL. */
void tenant_check_leak(const struct tenant_config *t, const char *leak, struct problem_list *problems);
/* Two tenants share no id, no domain and no range. False: they do, which was reported as a fault of t. */
bool tenants_differ(const struct tenant_config *t, const struct tenant_config *other, struct problem_list *problems);
/* Tells t the domains of the other one, in whose homes its users have none. 0 or -ENOMEM. */
int tenants_introduce(struct tenant_config *t, const struct tenant_config *other) MUST_CHECK;
/* Both, for all of them: each against those before it. */
void tenants_validate(const struct tenant_config *tenants, size_t count, const struct local_accounts *local,
		      struct problem_list *problems);

/* Both free what is inside, accept half-filled ones, and leave them empty. */
void host_config_done(struct host_config *c);
void ldap_config_done(struct ldap_config *c);
void tenant_config_done(struct tenant_config *c);

#endif
