/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SYNC_DN_H
#define TENURE_SYNC_DN_H

/* Distinguished names (RFC 4514) in one form, so that equal ones are equal bytes. */

#include "common/base/result.h"

/*
 * Attribute types and ASCII letters of values in lower case, blanks at the ends gone and others single, parts of a
 * relative name in order, escapes as libldap writes them: what caseIgnoreMatch makes of the attributes that name
 * entries. 0 and a text for the caller to free; -EINVAL: no DN; -ENOMEM.
 */
int dn_normalise(const char *dn, char **ret) MUST_CHECK;

/* Both normalised: is dn below base, or base itself? */
bool dn_is_below(const char *dn, const char *base);
/* Behind the first relative name; NULL if there is nothing. */
const char *dn_parent(const char *dn);
/* The value of the first relative name if its type is that attribute. 0 and a text to free, -ENOENT, -EINVAL, -ENOMEM. */
int dn_name(const char *dn, const char *attribute, char **ret) MUST_CHECK;

#endif
