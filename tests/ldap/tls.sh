#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Who the server is, T31: nothing is said to one whose certificate or name is wrong, whatever the environment wants (T10).
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

name=ldap.contoso.com

# Everything that could make libldap less careful, of the host, of the account and of the environment.
hostile_surroundings()
{
	printf 'TLS_REQCERT never\nTLS_REQSAN never\nURI ldap://127.0.0.1:3890\nREFERRALS on\nBASE dc=evil\n' >/etc/ldap/ldap.conf
	cp /etc/ldap/ldap.conf /ldaprc
	cp /etc/ldap/ldap.conf /.ldaprc
	cp /etc/ldap/ldap.conf /run/ldaprc
	chmod 644 /etc/ldap/ldap.conf /ldaprc /.ldaprc /run/ldaprc
	export LDAPTLS_REQCERT=never LDAPTLS_REQSAN=never LDAPRC=/run/ldaprc LDAPCONF=/run/ldaprc LDAPURI=ldap://127.0.0.1:3890
	export LDAPTLS_CACERT=/run/pki/evil.pem LDAPBASE=dc=evil LDAPSASL_NOCANON=on SSLKEYLOGFILE=/run/keys RES_OPTIONS=use-vc
	export GNUTLS_SYSTEM_PRIORITY_FILE=/run/ldaprc HOME=/ LOCALDOMAIN=evil.org HOSTALIASES=/run/aliases
	printf '%s localhost\n' "$name" >/run/aliases
}

ext() { printf 'subjectAltName=%s\n' "$1"; shift; printf '%s\n' "$@"; } # SAN [LINE...]
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$pki/$1.key" 2>/dev/null; }
request() # FILE CN [REQ-OPTION...]
{
	local f=$1 cn=$2
	shift 2
	[ -e "$pki/$f.key" ] || key "$f"
	openssl req -new -key "$pki/$f.key" -subj "/CN=$cn" -out "$pki/$f.csr" "$@" 2>/dev/null
}
sign() # FILE CA EXTENSIONS [X509-OPTION...]
{
	local f=$1 ca=$2 extensions=$3
	shift 3
	openssl x509 -req -in "$pki/$f.csr" -CA "$pki/$ca.pem" -CAkey "$pki/$ca.key" -CAcreateserial \
		-extfile <(printf '%s\n' "$extensions") -out "$pki/$f.pem" "$@" 2>/dev/null
}
authority() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" -keyout "$pki/$1.key" -out "$pki/$1.pem" 2>/dev/null; }

bad_certificates() # makes them; prints FILE:WHAT
{
	local days=(-days 2)

	authority other
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$name" -addext "subjectAltName=DNS:$name" \
		-keyout $pki/self.key -out $pki/self.pem 2>/dev/null
	echo "self:a certificate that signed itself"
	request foreign "$name" && sign foreign other "$(ext "DNS:$name")" "${days[@]}"
	echo "foreign:another authority's"
	# x509 takes no dates; faketime is no part of the root: a CA file does
	request expired "$name" && dated expired 20200101000000Z 20200102000000Z
	echo "expired:one that has expired"
	request future "$name" && dated future 20990101000000Z 20991231000000Z
	echo "future:one that is not valid yet"
	request named "$name" && sign named ca "$(ext 'DNS:ldap.fabrikam.com')" "${days[@]}"
	echo "named:another server's, whose subject has our name"
	request nosan "$name" && sign nosan ca 'basicConstraints=CA:FALSE' "${days[@]}"
	echo "nosan:one without a SAN, whose subject has our name"
	request wild "*.com" && sign wild ca "$(ext 'DNS:*.com')" "${days[@]}"
	echo "wild:a wildcard over more than a label"
	request longer "$name" && sign longer ca "$(ext "DNS:$name.evil.org")" "${days[@]}"
	echo "longer:a name that begins with ours"
	request shorter "$name" && sign shorter ca "$(ext 'DNS:contoso.com')" "${days[@]}"
	echo "shorter:the name of what is above us"
	request address "$name" && sign address ca "$(ext 'IP:127.0.0.1')" "${days[@]}"
	echo "address:an address instead of the name"
	request mail "$name" && sign mail ca "$(ext "email:x@$name,URI:ldaps://$name/")" "${days[@]}"
	echo "mail:our name as another kind of name"
	request leaf "leaf.contoso.com" && sign leaf ca 'basicConstraints=critical,CA:FALSE' "${days[@]}" &&
		request below "$name" && sign below leaf "$(ext "DNS:$name")" "${days[@]}" && cat $pki/leaf.pem >>$pki/below.pem
	echo "below:one that a mere server's certificate signed"
	request middle "Middle" && sign middle ca 'basicConstraints=critical,CA:TRUE' "${days[@]}" &&
		request orphan "$name" && sign orphan middle "$(ext "DNS:$name")" "${days[@]}"
	echo "orphan:one whose chain has a gap"
	openssl genrsa -out $pki/weak.key 512 2>/dev/null || openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:512 -out $pki/weak.key 2>/dev/null
	request weak "$name" && sign weak ca "$(ext "DNS:$name")" "${days[@]}"
	echo "weak:one whose key is too short"
}
dated() # FILE FROM UNTIL
{
	local dir=$pki/db-$1
	mkdir -p "$dir" && : >"$dir/index.txt" && echo 01 >"$dir/serial"
	printf '%s\n' '[ca]' 'default_ca=d' '[d]' "new_certs_dir=$dir" "database=$dir/index.txt" "serial=$dir/serial" 'policy=p' \
		'default_md=sha256' 'x509_extensions=e' '[p]' 'commonName=supplied' '[e]' "subjectAltName=DNS:$name" >"$dir/cnf"
	openssl ca -batch -config "$dir/cnf" -cert $pki/ca.pem -keyfile $pki/ca.key -in "$pki/$1.csr" -out "$pki/$1.pem" -notext \
		-startdate "$2" -enddate "$3" 2>/dev/null
}

binds() { grep -c "BIND dn=\"cn=db1" /run/slapd.log; }
status() { tenure status --json | jq -e ".directories[0] | $1"; } # JQ-EXPRESSION
connected() { status .connected; }
refused_by_tls() { status '.trouble // "" | test("no TLS")'; }
set_uri() { sed -i "s#uris = .*#uris = [ \"$1\" ];#" /etc/tenure/tenants.d/contoso.conf; }
restart_slapd_with() # FILE
{
	chown openldap "$pki/$1.key" 2>/dev/null
	slapd_tls "$1" >/dev/null 2>&1
	slapd_stop
	slapd_start
}

# Each is offered to a broker that starts: it tries at once.
each_bad_certificate()
{
	local line file before marker=1900000200

	bad_certificates >/run/bad
	while IFS= read -r line; do
		file=${line%%:*}
		marker=$((marker + 1))
		stop_tenured
		if ! restart_slapd_with "$file"; then not_ok "slapd offers ${line#*:}"; continue; fi
		add_marker "m$marker" "$marker" >/dev/null 2>&1
		before=$(binds)
		start_tenured
		check "T31 ${line#*:} is refused" wait_for refused_by_tls
		check "  nobody is bound" test "$(binds)" = "$before"
		check "  nothing of it is believed" unknown "m$marker"
		check "  and what was known is known" known alice
	done </run/bad
	check "those were more than twelve" test "$(wc -l </run/bad)" -gt 12
	stop_tenured
	restart_slapd_with "$name"
	start_tenured
	check "the right one is taken" wait_for connected
	check "  and all that was missed is here" wait_for known "m$marker"
}
add_marker()
{
	as ldapadd "$admin" <<-L
		dn: uid=$1,ou=people,$suffix
		objectClass: inetOrgPerson
		objectClass: posixAccount
		uid: $1
		cn: $1
		sn: $1
		uidNumber: $2
		gidNumber: $2
		homeDirectory: /home/contoso.com/$1
	L
}

# StartTLS is no offer that a man in the middle could take away.
starttls()
{
	local before

	set_uri "ldap://$name"
	stop_tenured
	start_tenured
	check "ldap:// with StartTLS connects" wait_for connected
	stop_tenured
	as_root ldapmodify >/dev/null 2>&1 <<-L
		dn: cn=config
		changetype: modify
		delete: olcTLSCertificateFile
		-
		delete: olcTLSCertificateKeyFile
	L
	slapd_stop
	slapd_start
	before=$(binds)
	start_tenured
	check "T31 a server that knows no StartTLS is refused" wait_for refused_by_tls
	check "  nobody is bound" test "$(binds)" = "$before"
	set_uri "ldapi://%2frun%2fslapd%2fldapi"
	stop_tenured
	start_tenured
	check "ldapi:// needs no TLS" wait_for connected
	slapd_tls "$name" >/dev/null 2>&1
}

# By certificate: the client's, mapped to the host's entry.
external()
{
	certificate db1 || not_ok "a client's certificate"
	cp $pki/db1.pem /etc/tenure/db1.pem
	install -m 600 $pki/db1.key /etc/tenure/db1.key
	as_root ldapmodify >/dev/null 2>&1 <<-L
		dn: cn=config
		changetype: modify
		replace: olcTLSVerifyClient
		olcTLSVerifyClient: try
		-
		replace: olcAuthzRegexp
		olcAuthzRegexp: "^cn=db1\$" "cn=db1,ou=hosts,ou=tenure,$suffix"
	L
	slapd_stop
	slapd_start
	set_uri "ldaps://$name"
	sed -i -e '/bind_dn/d; s#password_file = .*#bind = "external"; tls_cert = "/etc/tenure/db1.pem"; tls_key = "/etc/tenure/db1.key";#' \
		/etc/tenure/tenants.d/contoso.conf
	stop_tenured
	start_tenured
	check "SASL EXTERNAL by certificate connects" wait_for connected
	add_marker external 1900000300 >/dev/null 2>&1
	check "  and is pushed to" wait_for known external
	check "  as the host's entry" grep -q 'BIND dn="cn=db1,ou=hosts,ou=tenure,dc=contoso,dc=com" mech=EXTERNAL' /run/slapd.log
}

slapd_debug=256
if ! tenant_up >/run/up.log 2>&1; then echo "the tenant did not come up:"; tail /run/up.log; exit 99; fi
host_of_ldap >/run/up.log 2>&1
(
	hostile_surroundings
	start_tenured
	check "a user of the directory is one of the host" wait_for known alice
	each_bad_certificate
	starttls
	external
	check "T10 nobody went to where the environment pointed" test ! -e /run/keys
	stop_tenured
)
