/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_HELPER_CHECK_PAM_STACK_H
#define TENURE_HELPER_CHECK_PAM_STACK_H

/*
 * The modules of a PAM service for one type, in order, with @include, include and substack followed, and where each may
 * lead. MUST: what libpam would do is read from the control, not from what it looks like.
 */

#include "helper/check/check.h"

#define PAM_STACK_MAX 256

/* What a control says, for the values that a module may return. */
struct pam_control {
	bool ends;	    /* a success ends the stack */
	bool ends_expired;  /* "a new password is due" ends it, as a success that sudo and su go on from */
	size_t jump;	    /* the longest jump; 0: none */
	bool weak;	    /* some failure is passed over */
	bool forgets;	    /* some value takes back what the modules before said */
};

struct pam_entry {
	char module[64]; /* without folder: "pam_unix.so" */
	struct pam_control control;
	size_t end; /* where it leads when it ends its stack: behind the substack that it stands in */
};

struct pam_stack {
	struct pam_entry entries[PAM_STACK_MAX];
	size_t count;
};

/* "required", "[success=1 default=ignore]"; what libpam does not understand fails. */
struct pam_control pam_control_read(const char *text);

/* False if there is no such service. type: "auth", "account", "session". */
bool pam_stack_read(const struct check_context *c, const char *service, const char *type, struct pam_stack *ret);

/* Position of the first such module; the count if there is none. */
size_t pam_stack_find(const struct pam_stack *s, const char *module);

/* The first entry that may lead past position `to` without asking it; NULL if all of them lead there. */
const struct pam_entry *pam_stack_passing(const struct pam_stack *s, size_t to);
/* The same for a password that has expired. */
const struct pam_entry *pam_stack_passing_expired(const struct pam_stack *s, size_t to);

#endif
