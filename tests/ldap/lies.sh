#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What somebody who can write a part of the directory might try: objects where they do not belong (T27), referrals
# (T30), a restriction that this version does not know.
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

people=ou=people,$suffix groups=ou=groups,$suffix
below() { echo "ou=$1,ou=tenure,$suffix"; } # scopes|hosts|...
add() { as ldapadd "$admin"; }
status() { tenure status --json | jq -e ".directories[0] | $1"; } # JQ-EXPRESSION
connected() { status .connected; }
may_login() { tenure explain "$1" --service sshd; }
may_not_login() { ! may_login "$1"; }
user() # DN NAME NUMBER
{
	add <<-L
		dn: $1
		objectClass: inetOrgPerson
		objectClass: posixAccount
		uid: $2
		cn: $2
		sn: $2
		uidNumber: $3
		gidNumber: $3
		homeDirectory: /home/contoso.com/$2
	L
}
assignment() # DN NAME PRINCIPAL TYPE
{
	add <<-L
		dn: $1
		objectClass: tenureRoleAssignment
		cn: $2
		tenureAssignmentType: $4
		tenureRole: host-user-login
		tenurePrincipal: $3
		tenureScopePath: /
	L
}

planted()
{
	local place

	check "a user without a role" user "uid=ned,$people" ned 1900000060
	wait_for known ned
	check "  may not log in" may_not_login ned
	for place in "$people" "$groups" "$(below scopes)" "$(below hosts)" "$(below units)" "$(below roles)" "ou=tenure,$suffix" "$suffix"; do
		check "T27 an assignment planted in $place" assignment "cn=planted,$place" planted "uid=ned,$people" active
	done
	for place in "$groups" "$(below scopes)" "$(below hosts)" "$(below units)" "$(below roles)" "$(below assignments)" "$suffix"; do
		check "T27 a user planted in $place" user "uid=evil,$place" evil 1900000061
	done
	check "what was planted comes after what was not" user "uid=last,$people" last 1900000062
	wait_for known last
	check "  gives ned nothing" may_not_login ned
	check "  and makes nobody" unknown evil
	check "one where it belongs does" assignment "cn=real,$(below assignments)" real "uid=ned,$people" active
	check "  so that ned may log in" wait_for may_login ned
	check "T26 a name with commas and quotes" user "uid=o\\,\\\"dd\\+,$people" 'odd' 1900000063
}

# Whoever comes to where the referral points would be seen.
referrals()
{
	socat -u TCP-LISTEN:3890,bind=127.0.0.1,fork,reuseaddr OPEN:/run/rogue,creat,append &
	wait_for sh -c 'ss -ltn | grep -q 127.0.0.1:3890'
	check "a referral among the users" refer "ou=elsewhere,$people"
	check "and one beside them" refer "ou=more,$suffix"
	user "uid=after,$people" after 1900000064 >/dev/null
	check "what comes behind it is read" wait_for known after
	stop_tenured
	rm -f /var/lib/tenure/mirror/contoso
	start_tenured
	check "and all of it from the beginning" wait_for connected
	check "  users are known" wait_for known after
	sleep 1
	check "T30 nobody followed" test ! -s /run/rogue
}
refer()
{
	as ldapadd "$admin" -M <<-L
		dn: $1
		objectClass: referral
		objectClass: extensibleObject
		ou: x
		ref: ldap://127.0.0.1:3890/$1
	L
}

unknown_restriction()
{
	check "a policy that is enabled, and that this version does not know" policy enabled
	check "  is said" wait_for check_says 'policy'
	check "  the last good policy stays" may_login ned
	as ldapdelete "$admin" "cn=real,$(below assignments)" >/dev/null
	user "uid=later,$people" later 1900000065 >/dev/null
	sleep 2
	check "  and nothing is given" may_not_login later
	check "disabled it restricts nothing" policy_state disabled
	check "  and what changed is in force" wait_for may_not_login ned
}
policy()
{
	add <<-L
		dn: cn=strict,ou=tenure,$suffix
		objectClass: tenureAccessPolicy
		cn: strict
		tenurePolicyState: $1
		tenureService: sshd
	L
}
policy_state() { printf '%s\n' "dn: cn=strict,ou=tenure,$suffix" 'changetype: modify' 'replace: tenurePolicyState' "tenurePolicyState: $1" | as ldapmodify "$admin"; }
check_says() { tenure check | tr '\n' ' ' | grep -q "$1"; }

if ! tenant_up >/run/up.log 2>&1; then echo "the tenant did not come up:"; tail /run/up.log; exit 99; fi
host_of_ldap >/run/up.log 2>&1
start_syslog
start_tenured
check "a user of the directory is one of the host" wait_for known alice
planted
referrals
unknown_restriction
