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

# tenure.conf and the tenant contoso in LDAP, bound as db1.
host_of_ldap()
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

# The tenant of tests/e2e (fixture/contoso.directory.conf) as entries. HASH: crypt(5); KEY: of ssh.
e2e_ldif() # HASH KEY
{
	local name hash=$1 key=$2
	entry() { printf 'dn: %s,%s\n' "$1" "$suffix"; shift; printf '%s\n' "$@" ''; } # RDNS LINE...
	person() # NAME [LINE...]
	{
		local n=$1
		shift
		entry "uid=$n,ou=people" 'objectClass: inetOrgPerson' 'objectClass: tenureUser' "uid: $n" "cn: $n" 'sn: x' "$@"
	}
	login() # NAME UID [LINE...]
	{
		local n=$1 uid=$2
		shift 2
		person "$n" 'objectClass: posixAccount' 'objectClass: ldapPublicKey' "uidNumber: $uid" "gidNumber: $uid" \
			"homeDirectory: /home/contoso.com/$n" 'loginShell: /bin/bash' "userPassword: {CRYPT}$hash" "sshPublicKey: $key" "$@"
	}
	group() # NAME GID MEMBER
	{
		entry "cn=$1,ou=groups" 'objectClass: groupOfNames' 'objectClass: tenureGroup' "cn: $1" "gidNumber: $2" "member: uid=$3,ou=people,$suffix"
	}
	scope() { entry "cn=$1,ou=scopes,ou=tenure" 'objectClass: tenureScope' "cn: $1" "tenureScopePath: $2" "tenureScopeKind: $3" "${@:4}"; }
	role() { entry "cn=$1,ou=roles,ou=tenure" 'objectClass: tenureRoleDefinition' "cn: $1" "${@:2}"; }
	quick() { role "$1" "tenureTitle: $1" "tenureAction: $2" 'tenureMaxDuration: 1h' 'tenureJustificationRequired: FALSE' \
		'tenureStepUpRequired: FALSE' 'tenureApprovals: 0'; }
	assignment() # CN TYPE ROLE PRINCIPAL LINE...
	{
		entry "cn=$1,ou=assignments,ou=tenure" 'objectClass: tenureRoleAssignment' "cn: $1" "tenureAssignmentType: $2" "tenureRole: $3" \
			"tenurePrincipal: $4,$suffix" "${@:5}"
	}

	login alice 1900000001 'gecos: Alice Ito' 'tenureAttribute: department=HR' 'tenureAttribute: country=DE'
	person bob
	login carol 1900000003
	login dave 1900000004
	login erin 1900000005
	login mallory 1900000006
	group dba-oncall 1900010002 bob
	group approvers 1900010003 carol
	group operators 1900010004 dave
	entry cn=dba,ou=groups 'objectClass: groupOfNames' 'objectClass: tenureGroup' 'cn: dba' 'gidNumber: 1900010001' \
		"member: uid=alice,ou=people,$suffix" "member: cn=dba-oncall,ou=groups,$suffix"
	scope prod /prod management-group 'tenureEnvironment: production'
	scope prod-hr /prod/hr subscription
	scope prod-hr-web /prod/hr/web resource-group
	entry cn=db1,ou=hosts,ou=tenure 'objectClass: device' 'objectClass: tenureHost' 'objectClass: simpleSecurityObject' 'cn: db1' \
		"tenureId: $(tenure check --host-id)" 'tenureScopePath: /prod/hr/web' "userPassword: $password"
	entry cn=emea,ou=units,ou=tenure 'objectClass: tenureAdministrativeUnit' 'cn: emea' "tenureMember: uid=alice,ou=people,$suffix" \
		"tenureMember: uid=bob,ou=people,$suffix" "tenureMember: cn=dba,ou=groups,$suffix" "tenureMember: cn=db1,ou=hosts,ou=tenure,$suffix"
	role db-operator 'tenureTitle: Database Operator' 'gidNumber: 1900090100' 'tenureAction: login' 'tenureAction: become:root' \
		'tenureAction: group:adm' 'tenureMaxDuration: 2h' 'tenureJustificationRequired: TRUE' 'tenureStepUpRequired: TRUE' \
		'tenureApprovals: 1' "tenureApprover: cn=approvers,ou=groups,$suffix"
	quick quick-root become:root
	quick quick-postgres become:postgres
	role standing-root 'tenureTitle: Standing root' 'tenureAction: login' 'tenureAction: become:root'
	assignment a1 active host-user-login cn=dba,ou=groups 'tenureScopePath: /prod/hr'
	assignment a2 active host-user-login cn=approvers,ou=groups 'tenureScopePath: /prod'
	assignment a3 active host-user-login cn=operators,ou=groups 'tenureScopePath: /'
	assignment a4 eligible db-operator cn=dba,ou=groups 'tenureScopePath: /prod/hr/web' 'tenureEnd: 20991231235959Z'
	for name in quick-root quick-postgres; do
		assignment "op-$name" eligible "$name" cn=operators,ou=groups 'tenureScopePath: /prod/hr/web'
	done
	assignment a7 eligible quick-root cn=dba-oncall,ou=groups 'tenureScopePath: /prod/hr/web'
	assignment a8 active standing-root uid=erin,ou=people 'tenureScopePath: /prod/hr/web'
	assignment a9 eligible helpdesk-administrator uid=carol,ou=people "tenureUnit: cn=emea,ou=units,ou=tenure,$suffix"
}

# slapd with that tenant, and the host bound to it in place of the file.
e2e_tenant_up()
{
	local of_alice key
	of_alice=$(sed -n 's/.*name = "alice".*password = "\([^"]*\)".*/\1/p' /etc/tenure/directory.d/contoso.conf)
	key=$(cut -d' ' -f1,2 /root/.ssh/id.pub)
	slapd_configure && slapd_start && pki_make && certificate ldap.contoso.com && slapd_tls ldap.contoso.com &&
		as_root ldapadd -f /conf/schema/tenure.ldif && as_root ldapadd -f /conf/schema/openssh-lpk.ldif &&
		awk -v RS= -v ORS='\n\n' '/^(#[^\n]*\n)*dn: (dc|ou)=/' /conf/examples/openldap/tenant.ldif | as ldapadd "$admin" &&
		e2e_ldif "$of_alice" "$key" >/run/e2e.ldif && as ldapadd "$admin" -f /run/e2e.ldif &&
		as_root ldapmodify -f /conf/examples/openldap/access.ldif &&
		printf '127.0.0.1 ldap.contoso.com\n' >>/etc/hosts && host_of_ldap && rm /etc/tenure/directory.d/contoso.conf
}
