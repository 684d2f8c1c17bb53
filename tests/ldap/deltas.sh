#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# One change costs what the change is: it lies beside the tenant's files, and is folded into them in the background.
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

people=ou=people,$suffix
groups=ou=groups,$suffix
folder=/var/lib/tenure/tenants/contoso

change() { printf '%s\n' "$@" | as ldapmodify "$admin"; } # LDIF-LINE...
newcomers() # FIRST LAST: as one after the other, not as one batch
{
	local n
	for n in $(seq "$1" "$2"); do
		printf '%s\n' "dn: uid=u$n,$people" 'objectClass: inetOrgPerson' 'objectClass: posixAccount' "uid: u$n" "cn: u$n" \
			"sn: u$n" "uidNumber: $((1900020000 + n))" "gidNumber: $((1900020000 + n))" \
			"homeDirectory: /home/contoso.com/u$n" 'loginShell: /bin/bash' ''
	done | as ldapadd "$admin" >/dev/null
}
new_shells() # FIRST LAST SHELL
{
	local n
	for n in $(seq "$1" "$2"); do
		printf '%s\n' "dn: uid=u$n,$people" 'changetype: modify' 'replace: loginShell' "loginShell: $3" ''
	done | as ldapmodify "$admin" >/dev/null
}
shell_is() { getent passwd "$1" | grep -q ":$2\$"; }
shells_are() # FIRST LAST SHELL
{
	local n
	for n in $(seq "$1" "$2"); do shell_is "u$n" "$3" || return 1; done
}
in_group() { id -nG "$1" | tr ' ' '\n' | grep -qx "$2"; }
not_in_group() { ! in_group "$@"; }
base() { stat -c %i "$folder/identity"; }
has_delta() { compgen -G "$folder/$1.????????????????" >/dev/null; } # FILE
has_one_delta() { [ "$(compgen -G "$folder/$1.????????????????" | wc -l)" = 1 ]; }
base_is() { [ "$(base)" = "$1" ]; }
base_is_not() { [ "$(base)" != "$1" ]; }
no_leftovers() { ! compgen -G "$folder/*.next" >/dev/null && ! compgen -G "$folder/.*" >/dev/null; }
unknown() { ! known "$1"; }
lets_in() { tenure explain "$1" --service sshd; }
keeps_out() { ! lets_in "$1"; }

if ! tenant_up >/run/up.log 2>&1; then echo "the tenant did not come up:"; tail /run/up.log; exit 99; fi
# shellcheck disable=SC2119
host_of_ldap >/run/up.log 2>&1
start_tenured
check "a user of the directory is one of the host" wait_for known alice
newcomers 1 3
wait_for known u3
sleep 1
before=$(base)
check "a shell that changes" new_shells 1 1 /bin/sh
check "  is seen" wait_for shell_is u1 /bin/sh
check "  and nothing else was written anew" base_is "$before"
check "  it lies beside" has_delta identity
check "  readable by everybody" sh -c "[ \"\$(stat -c %a $folder/identity.????????????????)\" = 644 ]"
check "a member who is added" change "dn: cn=dba,$groups" 'changetype: modify' 'add: member' "member: uid=u2,$people"
check "  is one" wait_for in_group u2 dba
check "a member who is taken out" change "dn: cn=dba,$groups" 'changetype: modify' 'delete: member' "member: uid=u2,$people"
check "  is none any more" wait_for not_in_group u2 dba
check "somebody who may log in" lets_in alice
check "  and is disabled" change "dn: uid=alice,$people" 'changetype: modify' 'replace: tenureEnabled' 'tenureEnabled: FALSE'
check "  is kept out" wait_for keeps_out alice
newcomers 300 300
wait_for known u300
before=$(base)
check "somebody who is renamed" change "dn: uid=u300,$people" 'changetype: modrdn' 'newrdn: uid=u300b' 'deleteoldrdn: 1'
check "  is known by the new name" wait_for known u300b
check "  and by no other" unknown u300
check "  and somebody who is deleted" change "dn: uid=u300b,$people" 'changetype: delete'
check "  is nobody" wait_for unknown u300b
check "a group that is new" change "dn: cn=delta,$groups" 'changetype: add' 'objectClass: posixGroup' 'objectClass: tenureGroup' \
	'cn: delta' 'gidNumber: 1900010999' "member: uid=u2,$people"
check "  has its members" wait_for in_group u2 delta
check "  and goes" change "dn: cn=delta,$groups" 'changetype: delete'
check "  from them" wait_for not_in_group u2 delta
check "somebody who may not log in" keeps_out u1
check "  and is assigned that he may" change "dn: cn=u1-may-log-in,ou=assignments,ou=tenure,$suffix" 'changetype: add' \
	'objectClass: tenureRoleAssignment' 'cn: u1-may-log-in' 'tenureAssignmentType: active' 'tenureRole: host-user-login' \
	"tenurePrincipal: uid=u1,$people" 'tenureScopePath: /'
check "  may" wait_for lets_in u1
check "  until that is taken away" change "dn: cn=u1-may-log-in,ou=assignments,ou=tenure,$suffix" 'changetype: delete'
check "  and is kept out" wait_for keeps_out u1
check "  and none of that wrote anything anew" base_is "$before"
check "two hundred newcomers" newcomers 4 203
check "  are known" wait_for known u203
new_shells 1 150 /bin/dash
check "a hundred and fifty shells are seen" wait_for shells_are 1 150 /bin/dash
before=$(base)
new_shells 1 203 /bin/zsh
check "two hundred more" wait_for shells_are 1 203 /bin/zsh
check "  are folded into new files" wait_for base_is_not "$before"
check "  with nothing left of the old ones" wait_for no_leftovers
new_shells 5 5 /bin/sh
check "  and what comes later lies beside those" wait_for shell_is u5 /bin/sh
check "  once" wait_for has_one_delta identity
before=$(base)
kill -KILL "$tenured_pid"
wait_for not_running "$tenured_pid"
check "with the broker dead, deltas are read" shell_is u5 /bin/sh
start_tenured
check "one that starts says the same" shells_are 6 203 /bin/zsh
check "  from files of its own" wait_for base_is_not "$before"
