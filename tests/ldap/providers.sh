#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Several servers: fail-over, a provider that lags behind and never takes the host back, a cut between two providers; and
# servers that cannot push, or do not know the tenant.
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

people=ou=people,$suffix
first=127.0.0.1 second=127.0.0.2
second_uri="ldapi://%2frun%2fslapd2%2fldapi"

status() { tenure status --json | jq -e ".directories[0] | $1"; } # JQ-EXPRESSION
connected() { status .connected; }
connected_to() { status ".connected and (.uri | test(\"$1\"))"; }
lost() { status '.connected | not'; }
trouble_has() { status ".trouble // \"\" | test(\"$1\")"; }
add_user() # URI NAME NUMBER
{
	ldapadd -x -H "$1" -D "$admin" -w "$password" <<-L
		dn: uid=$2,$people
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
has_user() { ldapsearch -x -H "$1" -D "$admin" -w "$password" -b "uid=$2,$people" -s base; } # URI NAME
restart_tenured() { stop_tenured; start_tenured; }

# The second is a replica in multi-provider mode: both take writes, each has an id.
second_up()
{
	local n

	rm -rf /etc/ldap/slapd2.d /var/lib/ldap2
	install -d -o openldap -g openldap -m 755 /run/slapd2
	install -d -o openldap -g openldap -m 700 /var/lib/ldap2
	cp -a /etc/ldap/slapd.d /etc/ldap/slapd2.d
	sed -i 's#/run/slapd/slapd.pid#/run/slapd2/slapd.pid#' "/etc/ldap/slapd2.d/cn=config.ldif"
	sed -i 's#/var/lib/ldap$#/var/lib/ldap2#' "/etc/ldap/slapd2.d/cn=config/olcDatabase={1}mdb.ldif"
	second_start
	for n in 1 2; do replicate $n >/run/check.out 2>&1 || return 1; done
}
second_start()
{
	slapd -h "$second_uri ldaps://$second" -u openldap -g openldap -F /etc/ldap/slapd2.d -d 0 >>/run/slapd2.log 2>&1 &
	second_pid=$!
	wait_for ldapsearch -x -H "$second_uri" -b '' -s base
}
second_stop() { kill "$second_pid"; wait_for not_running "$second_pid"; }
replicate() # 1|2: that one pulls from the other
{
	local own=$uri other=$second_uri

	if [ "$1" = 2 ]; then own=$second_uri other=ldapi://%2frun%2fslapd%2fldapi; fi
	ldapmodify -Q -Y EXTERNAL -H "$own" <<-L
		dn: cn=config
		changetype: modify
		replace: olcServerID
		olcServerID: $1

		dn: olcDatabase={1}mdb,cn=config
		changetype: modify
		replace: olcSyncrepl
		olcSyncrepl: rid=00$1 provider=$other bindmethod=simple binddn="$admin" credentials=$password
		  searchbase="$suffix" type=refreshAndPersist retry="1 +" timeout=2
		-
		replace: olcMultiProvider
		olcMultiProvider: TRUE
	L
}
cut_replication() # both ways
{
	local at
	for at in "$uri" "$second_uri"; do
		ldapmodify -Q -Y EXTERNAL -H "$at" >/dev/null <<-L
			dn: olcDatabase={1}mdb,cn=config
			changetype: modify
			delete: olcMultiProvider
			-
			delete: olcSyncrepl
		L
	done
}

fail_over()
{
	check "the first of two is used" wait_for connected_to ldap1
	add_user "$uri" hal 1900000050 >/dev/null
	check "  and pushes" wait_for known hal
	check "  to its replica too" wait_for has_user "$second_uri" hal
	slapd_stop
	check "when it is gone the second is used" wait_for connected_to ldap2
	add_user "$second_uri" ivy 1900000051 >/dev/null
	check "  and pushes, from where the first was" wait_for known ivy
	slapd_start
	wait_for has_user "$uri" ivy
	second_stop
	check "and back" wait_for connected_to ldap1
	check "  with all that there was" known ivy
	second_start
}

# A cut between the providers: what the first was told, the second does not know.
lagging()
{
	cut_replication
	add_user "$uri" jane 1900000052 >/dev/null
	check "what the first alone was told is here" wait_for known jane
	check "  and not at the second" not_at_second jane
	slapd_stop
	check "the second is behind: it is refused" wait_for trouble_has 'behind what we have|cannot be reached'
	sleep 2
	check "  and the host is not taken back in time" known jane
	check "  nor without the broker's memory" restarted_and_known jane
	check "  it says so" wait_for said_behind
	replicate_again
	slapd_start
	check "healed: the first is used again" wait_long connected
	wait_for has_user "$second_uri" jane
	slapd_stop
	check "and the second, when it caught up" wait_long connected_to ldap2
	check "  jane is known still" known jane
	slapd_start
}
not_at_second() { ! has_user "$second_uri" "$1"; }
restarted_and_known() { restart_tenured; known "$1"; }
said_behind() { grep -q 'ldap2.*behind what we have' /run/syslog; }
replicate_again() { slapd_start; replicate 1; replicate 2; slapd_stop; } >/dev/null 2>&1

# A server without syncprov: asked again and again.
without_syncprov()
{
	slapd_stop
	second_stop
	rm -rf "/etc/ldap/slapd.d/cn=config/olcDatabase={1}mdb/"*syncprov*
	sed -i '/olcSyncrepl/,/^[^ ]/{/olcSyncrepl/d;/^ /d};/olcMultiProvider/d' "/etc/ldap/slapd.d/cn=config/olcDatabase={1}mdb.ldif"
	sed -i '/olcModuleLoad: {1}syncprov/d' "/etc/ldap/slapd.d/cn=config/cn=module{0}.ldif"
	set_line 'heartbeat' 'heartbeat = "2s"; poll = "10s";'
	slapd_start
	restart_tenured
	check "a server without syncprov is polled" wait_for status '.connected and .polls'
	add_user "$uri" kim 1900000053 >/dev/null
	check "  what is added is here" wait_long known kim
	as ldapdelete "$admin" "uid=kim,$people"
	check "  and what is deleted is gone" wait_long unknown kim
	check "  status says it" test -n "$(tenure status | grep -i 'poll\|again and again')"
	host_limits 'size.soft=3 size.hard=3 size.prtotal=3'
	check "half an answer is none: a size limit is a failure" wait_long trouble_has 'ize ?limit'
	check "  and it is said what to do" trouble_has 'raise what it gives to bind_dn'
	check "  and nobody is gone" known alice
	host_limits size=unlimited
	check "without it all is well" wait_long connected
}
host_limits() # LIMITS
{
	as_root ldapmodify >/dev/null <<-L
		dn: olcDatabase={1}mdb,cn=config
		changetype: modify
		replace: olcLimits
		olcLimits: dn.onelevel="ou=hosts,ou=tenure,$suffix" $1
	L
}
set_line() { sed -i "s#^ *$1 = .*#  $2#" /etc/tenure/tenants.d/contoso.conf; } # KEY LINE

# What is configured wrongly is said, and nothing of what was known is lost.
wrong_configuration()
{
	local file=/etc/tenure/tenants.d/contoso.conf

	cp $file /run/good.conf
	echo wrong >/etc/tenure/contoso.password
	restart_tenured
	check "a wrong password" wait_for trouble_has 'refuses us'
	check "  takes nothing away" known alice
	echo "$password" >/etc/tenure/contoso.password
	sed -i "s#base = .*#base = \"dc=nowhere,dc=com\";#" $file
	restart_tenured
	check "a base that is not there" wait_for trouble_has 'base is not there'
	check "  takes nothing away" known alice
	cp /run/good.conf $file
	as ldapmodify "$admin" >/dev/null <<-L
		dn: $suffix
		changetype: modify
		replace: tenureId
		tenureId: 00000000-0000-4000-8000-000000000001
	L
	restart_tenured
	check "a base of another tenant (T27)" wait_for trouble_has "another tenant's"
	check "  takes nothing away" known alice
	as ldapmodify "$admin" >/dev/null <<-L
		dn: $suffix
		changetype: modify
		replace: tenureId
		tenureId: 5d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60
	L
	check "all right again" wait_long connected
}

if ! tenant_up >/run/up.log 2>&1; then echo "the tenant did not come up:"; tail /run/up.log; exit 99; fi
printf '%s ldap1.contoso.com\n%s ldap2.contoso.com\n' $first $second >>/etc/hosts
certificate ldap1.contoso.com ldap2.contoso.com && slapd_tls ldap1.contoso.com >/dev/null
ldap_uris='"ldaps://ldap1.contoso.com", "ldaps://ldap2.contoso.com"'
host_of_ldap >/run/up.log 2>&1
check "two providers" second_up
start_syslog
start_tenured
check "a user of the directory is one of the host" wait_for known alice
fail_over
lagging
without_syncprov
wrong_configuration
