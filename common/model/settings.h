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
	struct local_login *local_logins;
	size_t local_login_count;
	int64_t warn_before_ns[WARNINGS_MAX]; /* descending */
	size_t warn_before_count;
	int64_t grace_ns;
	int64_t min_duration_ns; /* shortest activation: 1 min unless set */
	size_t journal_reserve;	 /* bytes kept free for endings */
};

struct tenant_config {
	char *name;
	struct uuid id;
	char **domains;
	size_t domain_count;
	struct id_range id_range, role_gids;
	enum visibility visibility;
	bool home; /* first in tenure.conf: short names */
};

/*
 * Reports where a tenant's ids could be forged (T47): an overlap with what /etc/subuid or /etc/subgid gives away is an
 * error, and directory_validate refuses the single ids in it as well; one with what is usually given away, to containers
 * too, is a warning.
 */
void tenant_check_range(const struct tenant_config *t, const struct local_accounts *local, struct problem_list *problems);
/* Two tenants share no id, no domain and no range. False: they do, which was reported as a fault of t. */
bool tenants_differ(const struct tenant_config *t, const struct tenant_config *other, struct problem_list *problems);
/* Both, for all of them: each against those before it. */
void tenants_validate(const struct tenant_config *tenants, size_t count, const struct local_accounts *local,
		      struct problem_list *problems);

/* Both free what is inside, accept half-filled ones, and leave them empty. */
void host_config_done(struct host_config *c);
void tenant_config_done(struct tenant_config *c);

#endif
