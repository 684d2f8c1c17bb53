/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_CHECK_SUDOERS_H
#define TENURE_HELPER_CHECK_SUDOERS_H

/*
 * sudoers, as far as the checks need it: who a line lets in, whether as root and without a password, and what Defaults
 * say. User aliases and includes are followed, wherever they stand; hosts and commands are not looked at: what a line
 * gives somewhere, for some command, counts as given.
 */

#include "helper/check/check.h"

/* "bob", "%sudo", "%:become-root", "#1000", "+net", "ALL", an alias; with a '!' before it if it is taken out again. */
struct sudoers_list {
	char **items;
	size_t count;
};

struct sudoers_rule {
	struct sudoers_list who;
	char *place; /* "/etc/sudoers:27" */
	bool root;   /* may become root */
	bool nopasswd;
};

struct sudoers_alias {
	char *name;
	struct sudoers_list members;
};

struct sudoers_default {
	char *setting; /* "!pam_acct_mgmt", "group_plugin=system_group.so" */
	char *place, *file;
};

/* A file that is named and could not be read: nothing can be said of it. */
struct sudoers_unread {
	char *place; /* the line that names it; "" for /etc/sudoers itself */
	char *file;
	int error;
};

struct sudoers {
	struct sudoers_rule *rules;
	struct sudoers_alias *aliases;
	struct sudoers_default *defaults;
	struct sudoers_unread *unread;
	size_t rule_count, alias_count, default_count, unread_count;
	bool there; /* there is an /etc/sudoers */
};

/* 0 or -ENOMEM. */
int sudoers_read(const struct check_context *c, struct sudoers *ret) MUST_CHECK;
void sudoers_done(struct sudoers *s);

/* Does some rule have this very item, by itself or in an alias? */
bool sudoers_names(const struct sudoers *s, const char *item);

/* May this account of the host become root? MAYBE: by a netgroup, whose members are not known here. */
enum sudoers_answer { SUDOERS_NO, SUDOERS_MAYBE, SUDOERS_YES };
enum sudoers_answer sudoers_gives_root(const struct check_context *c, const struct sudoers *s, const char *login);

#endif
