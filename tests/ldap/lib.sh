# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What every script of this suite stands on: a slapd with an empty database dc=contoso,dc=com, reached by ldapi, whose
# root may change cn=config, as Debian's package leaves it. conf/ of the tree is at /conf.
# shellcheck source=tests/e2e/lib.sh
. /tests/e2e/lib.sh

suffix=dc=contoso,dc=com
admin=cn=admin,$suffix
uri=ldapi:///

slapd_configure()
{
	rm -rf /etc/ldap/slapd.d /var/lib/ldap/*
	install -d -o openldap -g openldap -m 750 /etc/ldap/slapd.d /var/lib/ldap /run/slapd
	slapadd -n 0 -F /etc/ldap/slapd.d <<-C || return 1
		dn: cn=config
		objectClass: olcGlobal
		cn: config
		olcPidFile: /run/slapd/slapd.pid

		dn: cn=module{0},cn=config
		objectClass: olcModuleList
		cn: module{0}
		olcModulePath: /usr/lib/ldap
		olcModuleLoad: back_mdb
		olcModuleLoad: syncprov

		dn: cn=schema,cn=config
		objectClass: olcSchemaConfig
		cn: schema

		include: file:///etc/ldap/schema/core.ldif

		include: file:///etc/ldap/schema/cosine.ldif

		include: file:///etc/ldap/schema/nis.ldif

		include: file:///etc/ldap/schema/inetorgperson.ldif

		dn: olcDatabase={0}config,cn=config
		objectClass: olcDatabaseConfig
		olcDatabase: {0}config
		olcAccess: to * by dn.exact=gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth manage by * none

		dn: olcDatabase={1}mdb,cn=config
		objectClass: olcDatabaseConfig
		objectClass: olcMdbConfig
		olcDatabase: {1}mdb
		olcSuffix: $suffix
		olcDbDirectory: /var/lib/ldap
		olcRootDN: $admin
		olcRootPW: $password
		olcDbIndex: objectClass,entryUUID,entryCSN eq

		dn: olcOverlay={0}syncprov,olcDatabase={1}mdb,cn=config
		objectClass: olcOverlayConfig
		objectClass: olcSyncProvConfig
		olcOverlay: {0}syncprov
		olcSpSessionlog: 1000
	C
	chown -R openldap:openldap /etc/ldap/slapd.d /var/lib/ldap
}

slapd_answers() { ldapsearch -x -H $uri -b '' -s base; }
slapd_start()
{
	slapd -h $uri -u openldap -g openldap -F /etc/ldap/slapd.d -d 0 >/run/slapd.log 2>&1 &
	wait_for slapd_answers
}

as_root() { local c=$1; shift; "$c" -Q -Y EXTERNAL -H $uri "$@"; } # COMMAND ARGUMENT...: with cn=config
as() { local c=$1 dn=$2; shift 2; "$c" -x -H $uri -D "$dn" -w "$password" "$@"; } # COMMAND DN ARGUMENT...
