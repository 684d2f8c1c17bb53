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
	install -d -o openldap -g openldap -m 750 /etc/ldap/slapd.d /var/lib/ldap
	install -d -o openldap -g openldap -m 755 /run/slapd
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

# An authority of the tests, and a certificate for NAME... in $pki/FIRSTNAME.{pem,key}.
pki=/run/pki
pki_make()
{
	mkdir -p $pki
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=Tests CA' \
		-keyout $pki/ca.key -out $pki/ca.pem 2>/dev/null
}
certificate() # NAME... [OPENSSL-OPTION=VALUE...]
{
	local name=$1 san='' n
	for n in "$@"; do san="$san,DNS:$n"; done
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -keyout "$pki/$name.key" \
		-out "$pki/$name.csr" 2>/dev/null &&
		openssl x509 -req -in "$pki/$name.csr" -CA $pki/ca.pem -CAkey $pki/ca.key -CAcreateserial -days 2 \
			-extfile <(printf 'subjectAltName=%s\n' "${san#,}") -out "$pki/$name.pem" 2>/dev/null &&
		chown openldap "$pki/$name.key"
}

# slapd offers TLS with that certificate.
slapd_tls() # NAME
{
	as_root ldapmodify <<-L
		dn: cn=config
		changetype: modify
		replace: olcTLSCACertificateFile
		olcTLSCACertificateFile: $pki/ca.pem
		-
		replace: olcTLSCertificateFile
		olcTLSCertificateFile: $pki/$1.pem
		-
		replace: olcTLSCertificateKeyFile
		olcTLSCertificateKeyFile: $pki/$1.key
	L
}

slapd_answers() { ldapsearch -x -H $uri -b '' -s base; }
slapd_start()
{
	slapd -h "$uri ldap://127.0.0.1 ldaps://127.0.0.1" -u openldap -g openldap -F /etc/ldap/slapd.d -d "${slapd_debug:-0}" \
		>>/run/slapd.log 2>&1 &
	slapd_pid=$!
	wait_for slapd_answers
}
slapd_stop()
{
	kill "$slapd_pid"
	wait_for not_running "$slapd_pid"
}

as_root() { local c=$1; shift; "$c" -Q -Y EXTERNAL -H $uri "$@"; } # COMMAND ARGUMENT...: with cn=config
as() { local c=$1 dn=$2; shift 2; "$c" -x -H $uri -D "$dn" -w "$password" "$@"; } # COMMAND DN ARGUMENT...

# A tenant of the example, as conf/ has it, in an empty slapd that offers TLS as ldap.contoso.com; passwords are set.
tenant_up()
{
	slapd_configure && slapd_start && pki_make && certificate ldap.contoso.com && slapd_tls ldap.contoso.com &&
		as_root ldapadd -f /conf/schema/tenure.ldif && as_root ldapadd -f /conf/schema/openssh-lpk.ldif &&
		as ldapadd "$admin" -f /conf/examples/openldap/tenant.ldif &&
		as_root ldapmodify -f /conf/examples/openldap/access.ldif &&
		printf '127.0.0.1 ldap.contoso.com\n' >>/etc/hosts
	for dn in "cn=db1,ou=hosts,ou=tenure,$suffix" "uid=alice,ou=people,$suffix" "uid=carol,ou=people,$suffix"; do
		as ldappasswd "$admin" -s "$password" "$dn" || return 1
	done
}

# tenure.conf and the tenant contoso in LDAP, bound as db1. MORE: lines for the group ldap.
host_of_ldap() # [MORE]
{
	mkdir -p /etc/tenure/tenants.d
	[ -s /etc/machine-id ] || head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >/etc/machine-id
	cp /tests/e2e/fixture/tenure.conf /etc/tenure/tenure.conf
	cp $pki/ca.pem /etc/tenure/ca.pem
	(umask 077 && echo "$password" >/etc/tenure/contoso.password)
	sed '/^source/d' /tests/e2e/fixture/contoso.tenant.conf >/etc/tenure/tenants.d/contoso.conf
	cat >>/etc/tenure/tenants.d/contoso.conf <<-C
		source = "ldap";
		ldap = {
		  uris = [ ${ldap_uris:-"\"ldaps://ldap.contoso.com\""} ];
		  base = "$suffix";
		  bind_dn = "cn=db1,ou=hosts,ou=tenure,$suffix";
		  password_file = "/etc/tenure/contoso.password";
		  tls_ca = "/etc/tenure/ca.pem";
		  heartbeat = "2s";
		  ${1:-}
		};
	C
	as ldapmodify "$admin" <<-L
		dn: cn=db1,ou=hosts,ou=tenure,$suffix
		changetype: modify
		replace: tenureId
		tenureId: $(tenure check --host-id)
	L
}
known() { getent passwd "$1"; } # LOGIN
unknown() { ! getent passwd "$1"; }
