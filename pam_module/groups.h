/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_PAM_GROUPS_H
#define TENURE_PAM_GROUPS_H

/* The supplementary groups that live grants give inside a contained session (right group:NAME). */

#include "pam_module/judge.h"

/* True in *ret if a live grant gives any. 0 or -errno. */
int groups_are_granted(const struct subject *s, bool *ret) MUST_CHECK;

/* Adds them to the process's own groups, as pam_group does. 0 or -errno, with the groups as they were. */
int groups_add(const struct subject *s) MUST_CHECK;

#endif
