/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TENURE_CONFIG_TENANT_LDAP_H
#define TENURE_CONFIG_TENANT_LDAP_H

/* What tenants.d/NAME.conf says of a tenant whose directory is LDAP. Offsets count from struct tenant_config. */

#include "common/config/reader.h"

extern const struct key_table tenant_ldap_table, tenant_lease_table;

/* Before the file is read. */
void tenant_ldap_defaults(struct tenant_config *c);
/* After it: fills in what was left out, and holds it against itself. False after a report. s: the group `ldap`. */
bool tenant_ldap_finish(struct reader *r, const config_setting_t *s, struct tenant_config *c);

#endif
