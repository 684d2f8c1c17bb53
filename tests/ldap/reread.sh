#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# syncprov tells nobody of an entry that went where they may not look; the access rules of the example let hosts see that
# it is there. Where others' rules do not, the host learns of it when it reads all again, once a day.
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

known() { getent passwd "$1"; }
unknown() { ! getent passwd "$1"; }
rules_of_others()
{
	as_root ldapmodify <<-L
		dn: olcDatabase={1}mdb,cn=config
		changetype: modify
		replace: olcAccess
		olcAccess: to attrs=userPassword by anonymous auth by * none
		olcAccess: to dn.subtree="ou=hidden,$suffix" by * none
		olcAccess: to * by dn.onelevel="ou=hosts,ou=tenure,$suffix" read by * none
	L
	as ldapadd "$admin" <<-L
		dn: ou=hidden,$suffix
		objectClass: organizationalUnit
		ou: hidden
	L
}
hide() { as ldapmodrdn "$admin" -s "ou=hidden,$suffix" "uid=$1,ou=people,$suffix" "uid=$1"; } # USER
shell_of()
{
	printf 'dn: uid=alice,ou=people,%s\nchangetype: modify\nreplace: loginShell\nloginShell: %s\n' "$suffix" "$1" | as ldapmodify "$admin"
}
shell_is() { getent passwd alice | grep -q ":$1\$"; } # SHELL

if ! tenant_up >/run/up.log 2>&1 || ! rules_of_others >>/run/up.log 2>&1; then echo "the server did not come up:"; tail /run/up.log; exit 99; fi
host_of_ldap
start_syslog
start_tenured
check "all are known" wait_for known carol
hide carol >/dev/null
shell_of /bin/one >/dev/null
check "of one who is hidden the server says nothing" wait_for shell_is /bin/one
check "  and he stays known" known carol
cp /debs/tenure/tenure-sync-often /usr/libexec/tenure/tenure-sync.new && mv /usr/libexec/tenure/tenure-sync.new /usr/libexec/tenure/tenure-sync
pkill -9 -x tenure-sync
check "all is read again: he is known no more" wait_for unknown carol
check "  the others are" known alice
as ldapmodrdn "$admin" -s "ou=people,$suffix" "uid=carol,ou=hidden,$suffix" uid=carol >/dev/null
check "who is shown again is known again" wait_for known carol
hide carol >/dev/null
check "and so it goes on" wait_for unknown carol
check "  with nothing wrong" sh -c "tenure status --json | jq -e '.directories[0] | .connected and .current'"
shell_of /bin/two >/dev/null
check "  and changes are here at once" wait_for shell_is /bin/two
