/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_SYNC_ATTRIBUTES_H
#define TENURE_SYNC_ATTRIBUTES_H

/* What an entry holds, read in one pass: libldap's ldap_get_values_len reads the whole entry for each attribute. */

#include <ldap.h>

#include "common/base/result.h"

struct entry_attribute {
	struct berval name, *values; /* ended by one without bv_val */
};
struct entry_content {
	char *dn;
	struct entry_attribute *list;
	size_t count, size;
};

/*
 * Values stay in the message, which must outlive them and cannot be read a second time (liblber ends texts in place): its
 * controls come first. 0, -EBADMSG, -ENOMEM; attributes_done in each case.
 */
int attributes_read(LDAP *ld, LDAPMessage *entry, struct entry_content *ret) MUST_CHECK;
void attributes_done(struct entry_content *a);

/* Of that very name, in any case; NULL: there is none, or it has no value. */
const struct berval *attributes_find(const struct entry_content *a, const char *name);

#endif
