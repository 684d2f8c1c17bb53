/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_CHECK_PAM_STACK_H
#define TENURE_HELPER_CHECK_PAM_STACK_H

/* The modules of a PAM service for one type, in order, with @include, include and substack followed. */

#include "helper/check/check.h"

#define PAM_STACK_MAX 64

struct pam_entry {
	char control[64], module[64]; /* without folder: "pam_unix.so" */
};

struct pam_stack {
	struct pam_entry entries[PAM_STACK_MAX];
	size_t count;
};

/* False if there is no such service. type: "auth", "account", "session". */
bool pam_stack_read(const struct check_context *c, const char *service, const char *type, struct pam_stack *ret);

/* Position of the first such module; the count if there is none. */
size_t pam_stack_find(const struct pam_stack *s, const char *module);

#endif
