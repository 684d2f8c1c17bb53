/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_CHECK_SUDOERS_H
#define TENURE_HELPER_CHECK_SUDOERS_H

/*
 * sudoers, as far as the checks need it: who a line lets in, whether as root and without a password, and what Defaults
 * say. User aliases and includes are followed; what a line does not say clearly counts as giving.
 */

#include "helper/check/check.h"

struct sudoers_rule {
	char *who;   /* "bob", "%sudo", "%:become-root", "#1000", "ALL" */
	char *place; /* "/etc/sudoers:27" */
	bool root;   /* may become root */
	bool nopasswd;
};

struct sudoers_default {
	char *setting; /* "!pam_acct_mgmt", "group_plugin=system_group.so" */
	char *place, *file;
};

struct sudoers {
	struct sudoers_rule *rules;
	size_t rule_count;
	struct sudoers_default *defaults;
	size_t default_count;
	struct sudoers_rule *aliases; /* place: the alias's name, who: one member */
	size_t alias_count;
	bool there; /* /etc/sudoers could be read */
};

/* 0 or -ENOMEM. */
int sudoers_read(const struct check_context *c, struct sudoers *ret) MUST_CHECK;
void sudoers_done(struct sudoers *s);

/* The first rule that lets this account become root; NULL if none does. */
const struct sudoers_rule *sudoers_rule_for(const struct check_context *c, const struct sudoers *s, const char *login);

#endif
