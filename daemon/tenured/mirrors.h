/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_TENURED_MIRRORS_H
#define TENURE_TENURED_MIRRORS_H

/* The mirrors of all tenants whose directory is LDAP, by tenant's name: the engine's, kept across loads. */

#include "common/mirror/mirror.h"

#define TENANT_DIGEST_LEN 32

struct kept_mirror {
	char *tenant;
	uint8_t digest[TENANT_DIGEST_LEN]; /* of the configuration that it was opened under */
	bool damaged;
	unsigned serial; /* differs from that of any other opening */
	struct mirror *mirror;
};

struct mirrors {
	struct kept_mirror *items;
	size_t count;
	unsigned last_serial;
};

/* Of all that a tenant's worker and mirror depend on. */
void tenant_digest(const struct tenant_config *t, uint8_t ret[static TENANT_DIGEST_LEN]);

/* The tenant's, opened if it is not. Under another configuration than now it is readable all the same. 0 or -errno. */
int mirrors_get(struct mirrors *m, const struct tenant_config *t, const struct kept_mirror **ret) MUST_CHECK;
/* NULL: none is open. */
const struct kept_mirror *mirrors_find(const struct mirrors *m, const char *tenant);
/* Opens it anew if the configuration is another one by now. 0 or -errno: then it is not open. */
int mirrors_refresh(struct mirrors *m, const struct tenant_config *t) MUST_CHECK;
void mirrors_drop(struct mirrors *m, size_t i);
void mirrors_done(struct mirrors *m);

#endif
