#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Directories that were there before: one in the style of Active Directory (names, GUIDs, no uids, no pushes), and one of
# RFC 2307 with members by name and ids of its own.
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

status() { tenure status --json | jq -e ".directories[0] | $1"; } # JQ-EXPRESSION
polls() { status '.connected and .polls'; }
shown() { getent passwd "$1" | cut -d: -f"$2"; } # LOGIN FIELD
field_is() { [ "$(shown "$1" "$2")" = "$3" ]; }
in_group() { getent group "$1" | tr ':' ',' | grep -q ",$2\\(,\|\$\)"; }
not_in_group() { ! in_group "$@"; }
change() { printf '%s\n' "$@" | as ldapmodify "$admin"; }
string=1.3.6.1.4.1.1466.115.121.1.15 number=1.3.6.1.4.1.1466.115.121.1.27

ad_schema()
{
	as_root ldapadd <<-L
		dn: cn=ad,cn=schema,cn=config
		objectClass: olcSchemaConfig
		cn: ad
		olcAttributeTypes: ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SYNTAX $string SINGLE-VALUE )
		olcAttributeTypes: ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
		olcAttributeTypes: ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX $number SINGLE-VALUE )
		olcAttributeTypes: ( 1.2.840.113556.1.4.159 NAME 'accountExpires' EQUALITY integerMatch SYNTAX $number SINGLE-VALUE )
		olcAttributeTypes: ( 1.2.840.113556.1.2.2 NAME 'whenCreated' EQUALITY generalizedTimeMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.24 SINGLE-VALUE )
		olcAttributeTypes: ( 1.2.840.113556.1.6.18.1.334 NAME 'unixHomeDirectory' EQUALITY caseExactMatch SYNTAX $string SINGLE-VALUE )
		olcObjectClasses: ( 1.2.840.113556.1.5.9 NAME 'user' SUP top STRUCTURAL MUST sAMAccountName MAY ( cn $ objectGUID $ userAccountControl $ accountExpires $ whenCreated $ displayName $ unixHomeDirectory $ loginShell $ uidNumber $ gidNumber ) )
		olcObjectClasses: ( 1.2.840.113556.1.5.8 NAME 'group' SUP top STRUCTURAL MUST cn MAY ( member $ objectGUID $ whenCreated $ sAMAccountName ) )
	L
}
guid() { printf '\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017%b' "\\0$1" | base64; } # OCTAL
ad_user() # NAME OCTAL CONTROL
{
	change "dn: cn=$1,cn=Users,$suffix" 'changetype: add' 'objectClass: user' "cn: $1" "sAMAccountName: $1" "objectGUID:: $(guid "$2")" \
		"userAccountControl: $3" "displayName: $1 of AD" 'whenCreated: 20260101000000Z'
}
ad_up()
{
	slapd_configure
	rm -f "/etc/ldap/slapd.d/cn=config/olcDatabase={1}mdb/"*syncprov*
	sed -i '/olcModuleLoad: {1}syncprov/d' "/etc/ldap/slapd.d/cn=config/cn=module{0}.ldif"
	slapd_start && ad_schema && change "dn: $suffix" 'changetype: add' 'objectClass: dcObject' 'objectClass: organization' 'dc: contoso' 'o: x' &&
		change "dn: cn=Users,$suffix" 'changetype: add' 'objectClass: applicationProcess' 'cn: Users' &&
		change "dn: cn=host,$suffix" 'changetype: add' 'objectClass: simpleSecurityObject' 'objectClass: applicationProcess' 'cn: host' \
			"userPassword: $password" &&
		ad_user Anna 020 512 && ad_user ben 021 514 && ad_user pc1 022 4096 &&
		change "dn: cn=Ops,cn=Users,$suffix" 'changetype: add' 'objectClass: group' 'cn: Ops' 'sAMAccountName: ops' "objectGUID:: $(guid 030)" \
			"member: cn=Anna,cn=Users,$suffix" &&
		change "dn: cn=All,cn=Users,$suffix" 'changetype: add' 'objectClass: group' 'cn: All' 'sAMAccountName: all-of-it' "objectGUID:: $(guid 031)" \
			"member: CN=Ops, CN=Users,$suffix"
}
host_of() # LINE...: of the group ldap
{
	mkdir -p /etc/tenure/tenants.d
	[ -s /etc/machine-id ] || head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >/etc/machine-id
	echo 'tenants = [ "contoso" ]; gate = { mode = "report-only"; };' >/etc/tenure/tenure.conf
	(umask 077 && echo "$password" >/etc/tenure/contoso.password)
	{
		sed -e '/^source/d' -e "s/^id_range.*/id_range = [ ${range:-1900000000, 1900099999} ];/" \
			-e "s/^role_gids.*/role_gids = [ ${roles:-1900090000, 1900090999} ];/" /tests/e2e/fixture/contoso.tenant.conf
		printf 'source = "ldap";\nldap = {\n  uris = [ "ldapi://%%2frun%%2fslapd%%2fldapi" ];\n  base = "%s";\n' "$suffix"
		printf '  bind_dn = "cn=host,%s";\n  password_file = "/etc/tenure/contoso.password";\n' "$suffix"
		printf '  scopes = ""; hosts = ""; units = ""; roles = ""; assignments = "";\n  heartbeat = "2s"; poll = "10s";\n'
		printf '  %s\n' "$@" '};'
	} >/etc/tenure/tenants.d/contoso.conf
}

in_the_style_of_ad()
{
	local uid

	check "a directory in the style of Active Directory" ad_up
	host_of 'schema = "ad"; users = "cn=Users"; groups = "cn=Users"; ids = "derived";'
	start_tenured
	check "it is polled" wait_for polls
	check "sAMAccountName is the login, in lower case" wait_for known anna
	check "  with a uid of the tenant's range" test "$(shown anna 3)" -ge 1900000000 -a "$(shown anna 3)" -le 1900099999
	check "  displayName, and a home where none is said" field_is anna 5 'Anna of AD'
	check "  /home/contoso.com/anna" field_is anna 6 /home/contoso.com/anna
	check "a member by DN, however it is written, and through a group" in_group all-of-it anna
	uid=$(shown anna 3)
	change "dn: cn=Anna,cn=Users,$suffix" 'changetype: modify' 'replace: sAMAccountName' 'sAMAccountName: annette' >/dev/null
	check "renamed she is known by her new name" wait_for known annette
	check "  with the uid that she had" field_is annette 3 "$uid"
	stop_tenured
	rm -rf /var/lib/tenure/mirror /var/lib/tenure/tenants /var/lib/tenure/index
	start_tenured
	check "and so on a host that never saw her" wait_for field_is annette 3 "$uid"
	check "userAccountControl 514 is disabled" disabled ben
	stop_tenured
}
disabled() { ! tenure explain "$1" --service cron && tenure explain "$1" --service cron | grep -q disabled; }

posix_up()
{
	slapd_stop
	slapd_configure
	slapd_start && change "dn: $suffix" 'changetype: add' 'objectClass: dcObject' 'objectClass: organization' 'dc: contoso' 'o: x' &&
		change "dn: ou=people,$suffix" 'changetype: add' 'objectClass: organizationalUnit' 'ou: people' &&
		change "dn: ou=groups,$suffix" 'changetype: add' 'objectClass: organizationalUnit' 'ou: groups' &&
		change "dn: cn=host,$suffix" 'changetype: add' 'objectClass: simpleSecurityObject' 'objectClass: applicationProcess' 'cn: host' \
			"userPassword: $password" &&
		change "dn: uid=old,ou=people,$suffix" 'changetype: add' 'objectClass: account' 'objectClass: posixAccount' 'uid: old' 'cn: Old User' \
			'uidNumber: 12001' 'gidNumber: 12500' 'homeDirectory: /srv/old' &&
		change "dn: cn=staff-x,ou=groups,$suffix" 'changetype: add' 'objectClass: posixGroup' 'cn: staff-x' 'gidNumber: 12500' 'memberUid: old' \
			'memberUid: gone'
}
of_rfc2307()
{
	check "a directory of RFC 2307, without Tenure's schema" posix_up
	range="12000, 12999" roles="12900, 12999"
	host_of 'schema = "rfc2307";'
	rm -rf /var/lib/tenure/mirror /var/lib/tenure/tenants /var/lib/tenure/index /run/tenure/fresh-contoso
	start_tenured
	check "a home that lies elsewhere is refused, and said" wait_for sh -c "tenure check --json | jq -e 'any(.items[]; .id == \"dir-home\")'"
	echo 'home_parents = [ "/srv" ];' >>/etc/tenure/tenants.d/contoso.conf
	check "its ids are adopted by declaring its range, its homes by their folder" wait_for field_is old 3 12001
	check "  with the primary group that it says" field_is old 4 12500
	check "  and its home" field_is old 6 /srv/old
	check "members by name" in_group staff-x old
	check "  those that are there" not_in_group staff-x gone
	change "dn: cn=staff-x,ou=groups,$suffix" 'changetype: modify' 'delete: memberUid' 'memberUid: old' >/dev/null
	check "  and what changes is pushed" wait_for not_in_group staff-x old
}

in_the_style_of_ad
of_rfc2307
