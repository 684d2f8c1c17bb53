/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_CHECK_CHECK_H
#define TENURE_HELPER_CHECK_CHECK_H

/*
 * tenure check: what is wrong on this host, and what to do. A table of checks, a file for each concern. A check reads
 * files and adds problems; it changes nothing and fails only for want of memory. MUST: all files are found below the
 * root that tenure_path(PATH_ETC) shows, so that tests break one thing at a time.
 */

#include <jansson.h>
#include <limits.h>

#include "common/model/settings.h"

struct broker_facts {
	int error; /* 0: it answered */
	char degraded[256]; /* "" if it can grant */
	char journal[256];  /* "ok", or what is wrong */
	struct problem_list problems; /* what its journal and the files say together */
	json_t *directories; /* rows of Status: tenants in LDAP */
};

/* An account of /etc/passwd with what /etc/shadow says. */
struct unix_account {
	char *name, *shell;
	uint32_t uid, gid;
	bool has_password; /* a hash that can be typed, or none needed */
};

struct unix_group {
	char *name;
	uint32_t gid;
	char **members;
	size_t member_count;
};

struct check_context {
	char root[PATH_MAX]; /* "" or the test's */
	struct problem_list problems;
	struct host_config host; /* with has_host false: what a host has by default */
	bool has_host;		 /* tenure.conf was read, or its last good content */
	bool is_bound;		 /* some tenant is, or it cannot be told */
	bool is_unread;		 /* of something there is neither file nor last good content: what is published stays */
	int64_t last_ns;	 /* since when a last good content is in force, the oldest; 0: all files are as they stand */
	struct tenant_config *tenants;
	struct directory **directories; /* beside tenants, what is in force; NULL where nothing could be read */
	size_t tenant_count;
	struct local_accounts local;
	bool has_local;
	struct unix_account *accounts;
	size_t account_count;
	struct unix_group *groups;
	size_t group_count;
	struct uuid host_id;
	bool has_host_id;
	struct broker_facts broker;
	/* Asks the broker, before the checks; tests bring their own. */
	void (*ask_broker)(struct broker_facts *ret);
};

struct check {
	const char *id;	  /* as the line of what is in order names it */
	const char *what; /* holds when nothing is found: for --json */
	bool unbound;	  /* runs with no tenant bound, too */
	bool of_tenants;  /* looks at what tenants say: not in order while that of one cannot be read */
	/* 0; 1: what it looks at cannot be seen, so it is not in order either; -ENOMEM. */
	int (*run)(struct check_context *c);
};

/* Ends with a NULL id. In the order of the screen. */
extern const struct check check_table[];

/* Reads what all checks need and runs them. ret_ok[i]: check_table[i] ran and found nothing. 0 or -ENOMEM. */
#define CHECKS_MAX 24
int check_run(struct check_context *c, bool ret_ok[static CHECKS_MAX]) MUST_CHECK;
void check_done(struct check_context *c);

/* The real one: Ping and Status on the broker's socket. */
void broker_ask(struct broker_facts *ret);
/* Takes over what the broker reports under an id that only it can: it needs the journal. */
void check_take_broker(struct check_context *c, const char *id);

/* The checks, each in its file. */
int check_config(struct check_context *c);
int check_directory(struct check_context *c);
/* Part of it: what trusts and assignments say of guests. */
int check_guests(struct check_context *c);
int check_host_entry(struct check_context *c);
int check_logins(struct check_context *c);
int check_subuid(struct check_context *c);
int check_ldap(struct check_context *c);
int check_nss(struct check_context *c);
int check_caches(struct check_context *c);
int check_pam(struct check_context *c);
int check_sudo(struct check_context *c);
int check_ways(struct check_context *c);
int check_way_back(struct check_context *c);
int check_permissions(struct check_context *c);
int check_clock(struct check_context *c);
int check_broker(struct check_context *c);
int check_journal(struct check_context *c);
int check_cgroup(struct check_context *c);
int check_sshd(struct check_context *c);
int check_stepup(struct check_context *c);
int check_homes(struct check_context *c);

/* --- what several of them ask (facts.c) --- */

/* The path below the root; false if it is too long. */
bool check_path(const struct check_context *c, const char *path, char ret[static PATH_MAX]);
/* A text file of the host's own, up to 64 MiB, with a NUL behind; NULL, and errno, if it cannot be read. To be freed. */
char *check_read(const struct check_context *c, const char *path);
/* What stands behind "DATABASE:" in a text of nsswitch.conf, which it changes, without comment; NULL: no such line. */
const char *check_nss_sources(char *text, const char *database);
bool check_exists(const struct check_context *c, const char *path);
bool check_is_gate(const struct check_context *c, const char *service);
bool check_enforces(const struct check_context *c);
/* An account that Tenure governs: mapped, or a tenant's own. */
bool check_is_governed(const struct check_context *c, const char *login);

/* A growing "a, b, c", which says "and more" where it is full. */
struct name_text {
	char text[200];
	size_t count;
};
void name_text_add(struct name_text *t, const char *name);

/* How root may log in by ssh (check_sshd.c), somewhere or by default. */
struct sshd_root {
	bool by_key, by_password;
};
struct sshd_root check_sshd_root(const struct check_context *c);

/* --- the host's own accounts (accounts.c) --- */

int check_read_accounts(struct check_context *c) MUST_CHECK;
void check_accounts_done(struct check_context *c);
const struct unix_account *check_account(const struct check_context *c, const char *login);
/* Could log in with a password: a shell and a hash. */
bool check_can_log_in(const struct unix_account *a);
/* Is the login in that group of /etc/group, by list or as its primary one? */
bool check_in_group(const struct check_context *c, const char *login, const char *group);
bool check_in_gid(const struct check_context *c, const char *login, uint32_t gid);

#endif
