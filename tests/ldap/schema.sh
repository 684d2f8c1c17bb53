#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The schema, the example of a tenant and the access rules, on a real slapd.
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

people=ou=people,$suffix
groups=ou=groups,$suffix
tenure=ou=tenure,$suffix
host=cn=db1,ou=hosts,$tenure
alice=uid=alice,$people
dave=uid=dave,$people

read_as() # DN BASE [SCOPE]
{
	as ldapsearch "$1" -LLL -o ldif-wrap=no -b "$2" -s "${3:-base}" '(objectClass=*)' '*' '+'
}
modify_as() { local dn=$1; shift; printf '%s\n' "$@" | as ldapmodify "$dn"; }
refused() { expect_status "$1" 50 "${@:2}"; } # insufficientAccessRights (RFC 4511 4.1.9)

# The definitions of a file, one a line, however it writes them.
definitions()
{
	sed -E -e '/^#/d; /^(dn|objectClass|cn): /d' -e 's/^(olcObjectIdentifier|objectIdentifier):? /\nidentifier /' \
		-e 's/^(olcAttributeTypes|attributetype):? /\nattribute /' -e 's/^(olcObjectClasses|objectclass):? /\nclass /' "$1" |
		awk -v RS= '{ gsub(/[ \t\n]+/, " "); print }'
}

the_schema()
{
	definitions /conf/schema/tenure.schema >/run/a
	definitions /conf/schema/tenure.ldif >/run/b
	check "tenure.schema and tenure.ldif define the same" cmp /run/a /run/b
	check "and that is more than 60 things" test "$(wc -l </run/a)" -gt 60

	mkdir /run/conf.d
	printf 'include /etc/ldap/schema/%s.schema\n' core cosine nis inetorgperson >/run/slapd.conf
	printf 'include /conf/schema/tenure.schema\n' >>/run/slapd.conf
	check "slapd.conf takes tenure.schema" slaptest -f /run/slapd.conf -F /run/conf.d

	check "ldapadd loads tenure.ldif" as_root ldapadd -f /conf/schema/tenure.ldif
	check "ldapadd loads openssh-lpk.ldif" as_root ldapadd -f /conf/schema/openssh-lpk.ldif
	check "ldapadd loads the example of a tenant" as ldapadd "$admin" -f /conf/examples/openldap/tenant.ldif
	check "ldapmodify loads the access rules" as_root ldapmodify -f /conf/examples/openldap/access.ldif
}

people_of_the_test()
{
	local dn

	as ldapadd "$admin" >/run/check.out 2>&1 <<-L
		dn: $dave
		objectClass: inetOrgPerson
		uid: dave
		cn: Dave
		sn: Dave

		dn: cn=tenure-admins,$groups
		objectClass: groupOfNames
		cn: tenure-admins
		member: $dave
	L
	for dn in "$host" "$alice" "$dave" "uid=carol,$people"; do
		as ldappasswd "$admin" -s "$password" "$dn" || return 1
	done
}

# A group of no member, and one whose members a rule finds: groupOfNames takes neither.
what_the_schema_takes()
{
	check "a group may be empty" modify_as "$admin" "dn: cn=empty,$groups" 'changetype: add' \
		'objectClass: posixGroup' 'objectClass: tenureGroup' 'cn: empty' 'gidNumber: 1900010004'
	check "a group may be dynamic" modify_as "$admin" "dn: cn=sales,$groups" 'changetype: add' \
		'objectClass: posixGroup' 'objectClass: tenureGroup' 'cn: sales' 'gidNumber: 1900010005' \
		'tenureMembershipRule: (user.department -eq "Sales")'
	check "a policy has conditions and controls" modify_as "$admin" "dn: cn=p,$tenure" 'changetype: add' \
		'objectClass: tenureAccessPolicy' 'cn: p' 'tenurePolicyState: report-only' 'tenureService: sshd' \
		"tenureIncludePrincipal: cn=dba,$groups" 'tenureExcludeLocation: office' \
		"tenureIncludeUnit: cn=emea,ou=units,$tenure" 'tenureControl: step-up'
	check "a named location has networks" modify_as "$admin" "dn: cn=office,$tenure" 'changetype: add' \
		'objectClass: tenureNamedLocation' 'cn: office' 'tenureCidr: 192.0.2.0/24' 'tenureTrusted: TRUE'
	check "a trust lists its guests" modify_as "$admin" "dn: cn=fabrikam,$tenure" 'changetype: add' \
		'objectClass: tenureTrust' 'cn: fabrikam' 'tenureTenantId: 5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f61' \
		'tenureGuestId: 5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f62'
	check "a grant holds what was asked and answered" modify_as "$admin" "dn: cn=g,$tenure" 'changetype: add' \
		'objectClass: tenureGrant' 'cn: g' 'tenureId: 5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f63' \
		"tenurePrincipal: $alice" 'tenureRole: db-operator' 'tenureRequestState: pending' \
		'tenureScopePath: /prod/hr/web' 'tenureJustification: show it' 'tenureEnd: 20261231235959Z'
}

# Each is a mistake that would change what an object means; the server does not take it.
what_the_schema_refuses()
{
	local at=ou=assignments,$tenure

	expect_status "refused: an assignment of no type" 65 modify_as "$admin" "dn: cn=x,$at" 'changetype: add' \
		'objectClass: tenureRoleAssignment' 'cn: x'
	expect_status "refused: a role of no right" 65 modify_as "$admin" "dn: cn=x,ou=roles,$tenure" 'changetype: add' \
		'objectClass: tenureRoleDefinition' 'cn: x'
	expect_status "refused: restricted: maybe" 21 modify_as "$admin" "dn: cn=emea,ou=units,$tenure" 'changetype: modify' \
		'add: tenureRestricted' 'tenureRestricted: maybe'
	expect_status "refused: an end that is no time" 21 modify_as "$admin" "dn: cn=login-dba,$at" 'changetype: modify' \
		'add: tenureEnd' 'tenureEnd: tomorrow'
	expect_status "refused: an id that is no UUID" 21 modify_as "$admin" "dn: $alice" 'changetype: modify' \
		'add: tenureId' 'tenureId: alice'
	expect_status "refused: two scopes for one assignment" 19 modify_as "$admin" "dn: cn=login-dba,$at" \
		'changetype: modify' 'add: tenureScopePath' 'tenureScopePath: /other'
	expect_status "refused: a principal that is no name" 21 modify_as "$admin" "dn: cn=login-dba,$at" \
		'changetype: modify' 'replace: tenurePrincipal' 'tenurePrincipal: dba'
}

what_a_host_may()
{
	local a

	expect_status "a host reads a user" 0 read_as "$host" "$alice"
	for a in uid uidNumber gidNumber loginShell sshPublicKey tenureAttribute entryUUID entryCSN modifiersName; do
		shows "a host reads a user's $a" "^$a: "
	done
	shows_not "a host reads no password, address or other matter of a user" '^(userPassword|mail|sn)::? '
	expect_status "a host reads the whole tenant" 0 read_as "$host" "$suffix" sub
	for a in "cn=dba,$groups" "cn=prod,ou=scopes,$tenure" "$host" "cn=emea,ou=units,$tenure" \
		"cn=db-operator,ou=roles,$tenure" "cn=helpdesk-emea,ou=assignments,$tenure"; do
		shows "with $a" "^dn: $a\$"
	done
	shows_not "and no password in it" '^userPassword'
	expect_status "a host follows changes" 0 as ldapsearch "$host" -b "$suffix" -E sync=ro '(objectClass=*)' dn
	shows "and is given a cookie" '^# cookie: .*csn='

	refused "a host moves itself nowhere" modify_as "$host" "dn: $host" 'changetype: modify' \
		'replace: tenureScopePath' 'tenureScopePath: /dev'
	refused "a host gives nothing" modify_as "$host" "dn: cn=x,ou=assignments,$tenure" 'changetype: add' \
		'objectClass: tenureRoleAssignment' 'cn: x' 'tenureAssignmentType: active'
	refused "a host takes no deny away" as ldapdelete "$host" "cn=login-dba,ou=assignments,$tenure"
	refused "a host joins nobody to a group" modify_as "$host" "dn: cn=dba,$groups" 'changetype: modify' \
		'add: member' "member: $dave"
	expect_status "a host sets no user's password" 1 as ldappasswd "$host" -s x "$alice"
	shows "for want of access" '\(50\)'
	expect_status "a host sees nothing of cn=config" 32 read_as "$host" cn=config
}

what_a_user_may()
{
	expect_status "a user reads the own entry" 0 read_as "$alice" "$alice"
	shows "with the mail address" '^mail: '
	shows_not "without the password" '^userPassword'
	expect_status "and no other's" 32 read_as "$alice" "uid=carol,$people"
	expect_status "nor who may what" 32 read_as "$alice" "$tenure" sub
	expect_status "nor who is in a group" 32 read_as "$alice" "cn=dba,$groups"
	refused "a user adds no attribute to the own entry" modify_as "$alice" "dn: $alice" 'changetype: modify' \
		'add: tenureAttribute' 'tenureAttribute: clearance=top'
	refused "a user takes no other uid" modify_as "$alice" "dn: $alice" 'changetype: modify' \
		'replace: uidNumber' 'uidNumber: 0'
	refused "a user adds no key" modify_as "$alice" "dn: $alice" 'changetype: modify' \
		'add: sshPublicKey' 'sshPublicKey: ssh-ed25519 AAAA'
	check "a user changes the own password" as ldappasswd "$alice" -s "$password"
	expect_status "who is not bound reads nothing" 32 ldapsearch -x -H "$uri" -b "$suffix"
}

what_an_administrator_may()
{
	check "an administrator joins somebody to a group" modify_as "$dave" "dn: cn=dba,$groups" 'changetype: modify' \
		'add: member' "member: $dave"
	read_as "$host" "cn=dba,$groups" >/run/check.out
	shows "a host sees it" "^member: $dave\$"
	shows "and who did it" "^modifiersName: $dave\$"
	check "an administrator sets a password" as ldappasswd "$dave" -s "$password" "$alice"
	expect_status "an administrator reads passwords of nobody" 0 read_as "$dave" "$people" sub
	shows_not "none is shown" '^userPassword'
}

if ! { slapd_configure >/run/slapadd.log 2>&1 && slapd_start; }; then
	not_ok "slapd starts" "$(cat /run/slapadd.log /run/slapd.log 2>/dev/null | tail -n 5 | tr '\n' ' ')"
	exit 0
fi
the_schema
check "passwords are set" people_of_the_test
what_the_schema_takes
what_the_schema_refuses
what_a_host_may
what_a_user_may
what_an_administrator_may
