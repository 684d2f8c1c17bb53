#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A tenant in OpenLDAP, as a host sees it: what is changed there is true here.
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

people=ou=people,$suffix
groups=ou=groups,$suffix

change() { printf '%s\n' "$@" | as ldapmodify "$admin"; } # LDIF-LINE...

if ! tenant_up >/run/up.log 2>&1; then echo "the tenant did not come up:"; tail /run/up.log; exit 99; fi
host_of_ldap >/run/up.log 2>&1
start_tenured
check "a user of the directory is one of the host" wait_for known alice
getent passwd alice; getent group dba; id alice; tenure check; tenure status; cat $tenured_log; ps -ef | grep tenure; cat /run/tenure/fresh-contoso | od -c | head -3
