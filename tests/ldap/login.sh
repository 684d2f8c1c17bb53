#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Passwords that a directory in LDAP holds: logins by sshd, step-up, passwd, and what ppolicy says.
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

people=ou=people,$suffix
alice=uid=alice,$people

login() { by_password "$1" "$2" true; } # USER PASSWORD
denied() { ! by_password "$@" true >/run/check.out 2>&1; }
binds_of() { grep -c "BIND dn=\"$1\"" /run/slapd.log; } # DN
set_password() { as ldappasswd "$admin" -s "$2" "$1"; } # DN PASSWORD
change() { printf '%s\n' "$@" | as ldapmodify "$admin"; } # LDIF-LINE...

by_bind()
{
	local before

	check "the right password logs in" login alice "$password"
	check "a wrong one does not" denied alice wrong
	before=$(binds_of "$alice")
	check "T1 an empty one does not" denied alice ''
	check "  and binds nobody" test "$(binds_of "$alice")" = "$before"
	check "a user whom the directory does not know does not" denied nobody-here "$password"
	set_password "$alice" other >/dev/null
	check "the new password works at once" login alice other
	check "  the old one does not" denied alice "$password"
	set_password "$alice" "$password" >/dev/null
	check "T34 no password is in the log" not_in_log
	check "a server that is gone" stop_and_deny
	slapd_start
	check "  and when it is back" wait_for login alice "$password"
}
not_in_log() { ! grep -rE "(^|[^a-z])($password|other)([^a-z.]|\$)" /run/syslog; }
stop_and_deny() { slapd_stop; denied alice "$password"; }

step_up()
{
	check "a wrong password is no step-up" no_step_up wrong
	check "step-up by the directory's password" on_terminal alice "tenure request db-operator --for 30m --reason 'a test of it'"
	shows_request
}
no_step_up() { ! password=$1 on_terminal alice "tenure request db-operator --for 30m --reason 'a test of it'" >/run/check.out 2>&1; }
shows_request() { check "  files the request" alice_requests; }
alice_requests() { tenure pending --json | jq -e '.items | length > 0' || tenure history --json | jq -e 'any(.items[]; .event == "request")'; }

passwd_as() # USER OLD NEW
{
	expect -f - -- "$@" <<-'X' >/run/check.out 2>&1
		set timeout 60
		lassign $argv user old new
		spawn -noecho ssh -tt -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i /root/.ssh/id $user@localhost passwd
		expect {
			-re {urrent password: ?$} { send -- "$old\r"; exp_continue }
			-re {(New|Retype)[^\r\n]*assword: ?$} { send -- "$new\r"; exp_continue }
			timeout { exit 98 }
			eof
		}
		lassign [wait] pid spawn_id os status
		exit $status
	X
}
changing()
{
	check "passwd changes it in the directory" passwd_as alice "$password" brand-new-1
	check "  the new one logs in" login alice brand-new-1
	check "  the old one does not" denied alice "$password"
	check "passwd with a wrong one changes nothing" not_changed
	check "  so that the new one still logs in" login alice brand-new-1
	set_password "$alice" "$password" >/dev/null
	check "T34 the worker's memory holds neither the new one" memory_lacks "$(pgrep -x tenure-sync)" brand-new-1
	check "T34   nor the one that failed" memory_lacks "$(pgrep -x tenure-sync)" another-1
}
not_changed() { ! passwd_as alice wrong another-1; }

policy_up()
{
	as_root ldapmodify <<-L &&
		dn: cn=module{0},cn=config
		changetype: modify
		add: olcModuleLoad
		olcModuleLoad: ppolicy

		dn: olcOverlay=ppolicy,olcDatabase={1}mdb,cn=config
		changetype: add
		objectClass: olcOverlayConfig
		objectClass: olcPPolicyConfig
		olcOverlay: ppolicy
		olcPPolicyDefault: cn=policy,$suffix
		olcPPolicyUseLockout: TRUE
	L
		as ldapadd "$admin" <<-L
			dn: cn=policy,$suffix
			objectClass: device
			objectClass: pwdPolicy
			cn: policy
			pwdAttribute: userPassword
			pwdMustChange: TRUE
			pwdLockout: TRUE
			pwdMaxFailure: 3
			pwdMinLength: 6
			pwdCheckQuality: 2
			pwdAllowUserChange: TRUE
		L
}
policies()
{
	check "slapd takes a password policy" policy_up
	set_password "$alice" "$password" >/dev/null
	change "dn: $alice" 'changetype: modify' 'replace: pwdReset' 'pwdReset: TRUE' >/dev/null
	check "a password that was reset has to be changed" must_change
	check "  and the one that came of it logs in" login alice changed-1
	check "a new one that the policy refuses" refused_by_policy
	shows "  why is said" 'refuses the new password: '
	for _ in 1 2 3; do denied alice wrong; done
	check "after three failures the account is locked" denied alice changed-1
	shows "  which is said" 'locked|Permission denied'
}
refused_by_policy() { ! passwd_as alice changed-1 abc; }
must_change()
{
	expect -f - -- alice "$password" changed-1 <<-'X' >/run/check.out 2>&1
		set timeout 60
		lassign $argv user old new
		spawn -noecho ssh -tt -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o PubkeyAuthentication=no $user@localhost
		expect {
			-re {New password: ?$} { send -- "$new\r"; exp_continue }
			-re {etype[^\r\n]*assword: ?$} { send -- "$new\r"; exp_continue }
			-re {assword: ?$} { send -- "$old\r"; exp_continue }
			-re {[$] ?$} { send -- "exit\r"; exp_continue }
			timeout { exit 98 }
			eof
		}
	X
	grep -qi 'retype' /run/check.out
}

# While no server can be reached: what was right lately, for logins alone.
offline()
{
	slapd_stop
	check "by default nothing is kept: cut off nobody gets in by password" denied alice "$password"
	slapd_start
	sed -i 's/heartbeat = "2s";/heartbeat = "2s"; offline_login_days = 3;/' /etc/tenure/tenants.d/contoso.conf
	tenure_reload
	check "with offline_login_days a login keeps a hash" login alice "$password"
	check "  of yescrypt, root's alone" kept
	slapd_stop
	check "  and works when the directory is gone" login alice "$password"
	check "  with the right password alone" denied alice wrong
	check "T1 and not without one" denied alice ''
	check "  not for who did not log in before" denied carol "$password"
	check "  and never for step-up" no_step_up "$password"
	stop_tenured
	check "without the broker, too" login alice "$password"
	slapd_start
	start_tenured
	wait_for connected
	set_password "$alice" other >/dev/null
	check "a password that the directory refuses now is not kept any more" denied alice "$password"
	slapd_stop
	check "  so that it is no good when it is gone, either" denied alice "$password"
	slapd_start
	wait_for connected
	set_password "$alice" "$password" >/dev/null
}
kept()
{
	local file
	file=$(echo /var/lib/tenure/tenants/contoso/offline/*)
	[ "$(stat -c '%a %u' "$file")" = '600 0' ] && grep -q '^hash \$y\$' "$file"
}

# T32: what was taken away while the host is cut off holds until the lease runs out, and not longer.
lease()
{
	printf 'lease = { login = "1m"; gate = "1m"; grant = "1m"; };\n' >>/etc/tenure/tenants.d/contoso.conf
	tenure_reload
	check "while the directory is reached, alice logs in by key" by_key alice
	slapd_stop
	check "cut off she still does" by_key alice
	check "T32 until the lease has run out" wait_until_denied
	check "  which explain says" explains_stale
	slapd_start
	check "when the directory is back she logs in again" wait_for by_key alice
}
tenure_reload() { kill -HUP "$tenured_pid"; sleep 0.5; wait_for connected; }
connected() { tenure status --json | jq -e '.directories[0].connected'; }
by_key() { ssh "${ssh_options[@]}" -i /root/.ssh/id -o BatchMode=yes "$1@localhost" true </dev/null; }
wait_until_denied() { for _ in $(seq 200); do by_key alice >/dev/null 2>&1 || return 0; sleep 1; done; return 1; }
explains_stale() { tenure explain alice --service sshd >/run/check.out 2>&1; grep -q stale /run/check.out; }

slapd_debug=256
if ! tenant_up >/run/up.log 2>&1; then echo "the tenant did not come up:"; tail /run/up.log; exit 99; fi
host_of_ldap >/run/up.log 2>&1
useradd -m bob
useradd -m rescue
install -d -m 755 /home/contoso.com
install -d -m 700 -o 1900000001 -g 1900000001 /home/contoso.com/alice
sshd_prepare
change "dn: $alice" 'changetype: modify' 'replace: sshPublicKey' "sshPublicKey: $(cut -d' ' -f1,2 /root/.ssh/id.pub)" >/dev/null
start_syslog
start_tenured
start_sshd
wait_for known alice
by_bind
step_up
changing
offline
lease
policies
