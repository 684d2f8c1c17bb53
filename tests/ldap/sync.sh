#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A tenant in OpenLDAP, as a host sees it: what is changed there is true here, however the connection was lost.
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

people=ou=people,$suffix
groups=ou=groups,$suffix
assignments=ou=assignments,ou=tenure,$suffix

change() { printf '%s\n' "$@" | as ldapmodify "$admin"; } # LDIF-LINE...
add_user() # NAME NUMBER [LDIF-LINE...]
{
	local name=$1 number=$2
	shift 2
	change "dn: uid=$name,$people" 'changetype: add' 'objectClass: inetOrgPerson' 'objectClass: posixAccount' \
		"uid: $name" "cn: $name" "sn: $name" "uidNumber: $number" "gidNumber: $number" \
		"homeDirectory: /home/contoso.com/$name" 'loginShell: /bin/bash' "$@"
}
delete() { as ldapdelete "$admin" "$1"; }
shell_is() { getent passwd "$1" | grep -q ":$2\$"; }
in_group() { getent group "$1" | tr ':' ',' | grep -q ",$2\\(,\|\$\)"; }
not_in_group() { ! in_group "$@"; }
status() { tenure status --json | jq -e ".directories[0] | $1"; } # JQ-EXPRESSION
connected() { status .connected; }
lost() { status '.connected | not'; }
trouble_has() { status ".trouble | test(\"$1\")"; }
refreshes() { grep -c 'cookie=' /run/slapd.log; }

changes_are_true_here()
{
	check "a user that is added is known" add_user dora 1900000020
	check "  here" wait_for known dora
	check "an attribute that changes" change "dn: uid=dora,$people" 'changetype: modify' 'replace: loginShell' 'loginShell: /bin/sh'
	check "  is seen here" wait_for shell_is dora /bin/sh
	check "a member that is added" change "dn: cn=dba,$groups" 'changetype: modify' 'add: member' "member: uid=dora,$people"
	check "  is one here" wait_for in_group dba dora
	check "a user that is renamed" change "dn: uid=dora,$people" 'changetype: modrdn' 'newrdn: uid=doris' 'deleteoldrdn: 1'
	check "  has its new name here" wait_for known doris
	check "  and not the old one" unknown dora
	check "a user that is moved to where users do not lie" change "dn: uid=doris,$people" 'changetype: modrdn' 'newrdn: uid=doris' \
		'deleteoldrdn: 0' "newsuperior: $groups"
	check "  is none here (T27)" wait_for unknown doris
	check "and one that is moved back" change "dn: uid=doris,$groups" 'changetype: modrdn' 'newrdn: uid=doris' 'deleteoldrdn: 0' \
		"newsuperior: $people"
	check "  is one again" wait_for known doris
	check "an entry that leaves the search" change "dn: uid=doris,$people" 'changetype: modify' 'delete: objectClass' \
		'objectClass: posixAccount' - 'delete: uidNumber' - 'delete: gidNumber' - 'delete: homeDirectory' - 'delete: loginShell'
	check "  is gone here" wait_for unknown doris
	check "and one that comes back into it" change "dn: uid=doris,$people" 'changetype: modify' 'add: objectClass' \
		'objectClass: posixAccount' - 'add: uidNumber' 'uidNumber: 1900000020' - 'add: gidNumber' 'gidNumber: 1900000020' - \
		'add: homeDirectory' 'homeDirectory: /home/contoso.com/doris'
	check "  is here" wait_for known doris
	check "a user that is deleted" delete "uid=doris,$people"
	check "  is gone here" wait_for unknown doris
}

policy_is_journalled()
{
	check "a role that is taken away" change "dn: cn=login-dba,$assignments" 'changetype: delete'
	check "  is in the journal" wait_for history_has policy
	check "  and history says what it was" wait_for history_says 'assignment +cn=login-dba,.* removed'
	check "a user that is disabled" change "dn: uid=carol,$people" 'changetype: modify' 'replace: tenureEnabled' \
		'tenureEnabled: FALSE'
	check "  is in history with who did it (modifiersName)" wait_for history_says "user +uid=carol,$people +changed +by $admin"
}
history_says() { tenure history --json | jq -r '.items[].text' | grep -E "$1"; }

a_server_that_restarts()
{
	slapd_stop
	check "that the server is gone is noticed" wait_for lost
	check "  and the host answers" known alice
	slapd_start
	add_user eve 1900000021 >/dev/null
	check "what was changed before we came back is here" wait_for known eve
	check "  over a connection" wait_for connected
}

# What happened meanwhile is more than the session log has: only a present phase tells what is gone.
a_session_log_that_was_lost()
{
	local i

	for i in 1 2 3 4 5 6; do add_user "gone$i" 190000003$i >/dev/null; done
	wait_for known gone6
	session_log 2
	stop_worker
	for i in 1 2 3 4 5 6; do delete "uid=gone$i,$people"; done
	add_user stays 1900000040 >/dev/null
	check "that it came without the session log is known" test "$(ldapsearch_count 'uid=gone*')" = 0
	resume_worker
	check "what was added while we were away is here" wait_for known stays
	for i in 1 2 3 4 5 6; do check "  and deleted user $i is not" unknown "gone$i"; done
	check "  and who was there before is" known alice
	session_log 1000
}
ldapsearch_count() { as ldapsearch "$admin" -LLL -b "$suffix" "$1" dn | grep -c ^dn; }
session_log() # LENGTH
{
	as_root ldapmodify >/dev/null <<-L
		dn: olcOverlay={0}syncprov,olcDatabase={1}mdb,cn=config
		changetype: modify
		replace: olcSpSessionlog
		olcSpSessionlog: $1
	L
}

# The broker is away, so that no worker is: what is known of the directory is on the disk.
stop_worker() { stop_tenured; }
resume_worker() { start_tenured; }

a_host_that_restarts()
{
	stop_tenured
	add_user frank 1900000022 >/dev/null
	delete "uid=eve,$people"
	check "without the broker the host answers from its snapshot" known eve
	slapd_stop
	start_tenured
	check "a broker that starts without its directory has what there was" known eve
	check "  and says what is the matter" wait_for trouble_has 'cannot be reached'
	slapd_start
	check "when it is back, what changed is here" wait_for known frank
	check "  and what is gone is not" unknown eve
}

a_server_that_freezes()
{
	kill -STOP "$slapd_pid"
	check "a frozen server is noticed" wait_for lost
	check "  and said" trouble_has 'stopped answering|cannot be reached'
	check "  and the host answers" known alice
	kill -CONT "$slapd_pid"
	check "when it thaws it is used again" wait_for connected
	add_user gina 1900000023 >/dev/null
	check "  and pushes" wait_for known gina
}

a_worker_that_dies()
{
	local signal number=1900000100

	for signal in KILL SEGV STOP; do
		pkill "-$signal" -x tenure-sync
		number=$((number + 1))
		add_user "w$number" "$number" >/dev/null
		check "a worker that gets SIG$signal is replaced" wait_long known "w$number"
		check "  and the host answers" known alice
	done
}

if ! tenant_up >/run/up.log 2>&1; then echo "the tenant did not come up:"; tail /run/up.log; exit 99; fi
host_of_ldap >/run/up.log 2>&1
start_tenured
check "a user of the directory is one of the host" wait_for known alice
changes_are_true_here
policy_is_journalled
a_server_that_restarts
a_session_log_that_was_lost
a_host_that_restarts
a_server_that_freezes
a_worker_that_dies
