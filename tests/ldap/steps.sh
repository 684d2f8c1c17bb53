#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# README's five steps from a file to OpenLDAP, with the files that it names.
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

examples=/run/openldap
host=cn=db1,ou=hosts,ou=tenure,$suffix

status() { tenure status --json | jq -e ".directories[0] | $1"; } # JQ-EXPRESSION
edit() { as ldapmodify "$admin"; }

# As they are installed: examples and schema in one folder.
mkdir -p $examples
cp /conf/examples/openldap/* /conf/schema/*.ldif $examples
slapd_configure
rm -f "/etc/ldap/slapd.d/cn=config/olcDatabase={1}mdb/"*syncprov*
sed -i '/olcModuleLoad: {1}syncprov/d' "/etc/ldap/slapd.d/cn=config/cn=module{0}.ldif"
slapd_start && pki_make && certificate ldap.contoso.com && slapd_tls ldap.contoso.com >/dev/null
printf '127.0.0.1 ldap.contoso.com\n' >>/etc/hosts
cd $examples || exit 99

check "1: the schema" ldapadd -Q -Y EXTERNAL -H ldapi:/// -f tenure.ldif
check "1: keys" ldapadd -Q -Y EXTERNAL -H ldapi:/// -f openssh-lpk.ldif
check "1: pushes" ldapadd -Q -Y EXTERNAL -H ldapi:/// -f syncprov.ldif
check "2: the objects" ldapadd -x -D "$admin" -w "$password" -f tenant.ldif
check "2: the access rules" ldapmodify -Q -Y EXTERNAL -H ldapi:/// -f access.ldif
# slapd gives 500 entries to whom no limit of their own is given.
seq 1 600 | awk -v base="ou=people,$suffix" '{
	printf "dn: uid=u%d,%s\nobjectClass: account\nobjectClass: posixAccount\nuid: u%d\ncn: u%d\n", $1, base, $1, $1
	printf "uidNumber: %d\ngidNumber: %d\nhomeDirectory: /home/contoso.com/u%d\n\n", 1900020000 + $1, 1900020000 + $1, $1 }' >/run/many.ldif
check "2: 600 users more" ldapadd -x -D "$admin" -w "$password" -f /run/many.ldif
check "3: the host's password" ldappasswd -x -D "$admin" -w "$password" -s "$password" "$host"
[ -s /etc/machine-id ] || head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >/etc/machine-id
check "3: the host's id" edit <<-L
	dn: $host
	changetype: modify
	replace: tenureId
	tenureId: $(tenure check --host-id)
L
mkdir -p /etc/tenure/tenants.d
echo 'tenants = [ "contoso" ]; gate = { mode = "report-only"; };' >/etc/tenure/tenure.conf
start_tenured
(umask 077 && echo "$password" >/etc/tenure/contoso.password)
cp $pki/ca.pem /etc/tenure/ca.pem
cp contoso.conf /etc/tenure/tenants.d/contoso.conf
kill -HUP "$tenured_pid" # systemctl reload tenured
check "5: alice is known" wait_for known alice
check "5: and so are 600 others" wait_for known u600
check "5: the server is connected, and pushes" status '.connected and (.polls | not)'
tenure check >/run/check.out 2>&1
shows "5: tenure check finds no fault of the directory" '^ok .* directory '
shows "  nor of the server" '^ok .* ldap |^ +ldap | ldap$'
shows_not "  and no error of either" '^error +(ldap|dir|conf)'
