#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A group of more members than Active Directory gives at once. No such server is to be had here:
# tests/unit/fake_ad_server.c says what one says. What it may say besides is in tests/unit/test_sync_parts.c.
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

ad=/run/ad
status() { tenure status --json | jq -e ".directories[0] | $1"; } # JQ-EXPRESSION
members() { getent group big | cut -d: -f4 | tr ',' '\n' | grep -c '^u[0-9]*$'; }
has() { [ "$(members)" = "$1" ]; } # COUNT
asked() { grep -c "$1" $ad/asked; } # PATTERN
said() { tenure check | tr '\n' ' ' | tr -s ' ' | grep -q "$1"; }
lie() { echo "$1" >$ad/lie; }
well() { has 3999 && status '.problems == 0'; }
# Whoever holds to the last good content, or to nothing: never to a part of it.
never_a_part() { has 3999 || has 0; }

ad_up()
{
	mkdir -p $ad
	echo 4000 >$ad/members
	/debs/tenure/fake-ad-server $ad/ldapi $ad >/run/ad.log 2>&1 &
	wait_for test -S $ad/ldapi
}
host_up_of_ad()
{
	mkdir -p /etc/tenure/tenants.d
	[ -s /etc/machine-id ] || head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >/etc/machine-id
	echo 'tenants = [ "contoso" ]; gate = { mode = "report-only"; };' >/etc/tenure/tenure.conf
	(umask 077 && echo "$password" >/etc/tenure/contoso.password)
	{
		sed -e '/^source/d' /tests/e2e/fixture/contoso.tenant.conf
		printf 'source = "ldap";\nldap = {\n  uris = [ "ldapi://%s" ];\n  base = "%s";\n' "${ad//\//%2f}%2fldapi" "$suffix"
		printf '  bind_dn = "cn=host,%s";\n  password_file = "/etc/tenure/contoso.password";\n' "$suffix"
		printf '  scopes = ""; hosts = ""; units = ""; roles = ""; assignments = "";\n  heartbeat = "2s"; poll = "10s";\n'
		printf '  schema = "ad"; users = "cn=Users"; groups = "cn=Users";\n};\n'
	} >/etc/tenure/tenants.d/contoso.conf
}

ad_up
host_up_of_ad
start_syslog
start_tenured
check "a group of 4000 members that come in three parts" wait_for has 4000
check "  one of the last part is a member, too" sh -c 'id -nG u3999 | grep -qw big'
check "  the parts are asked for from the last value that was there" asked '^member;range=2998-\*$'
check "  between the pages" test "$(sed -n 2p $ad/asked)" = 'member;range=1499-*'
check "  nothing is the matter" status '.connected and .polls and .problems == 0'
echo 3999 >$ad/members
check "one goes, and is none any more" wait_for has 3999
for how in "repeat:gave another one" "forever:there is no end" "fail:says: Operations error"; do
	lie "${how%%:*}"
	check "a server that does not give the next one (${how%%:*}) is reported" wait_for said "member comes in parts, and .*${how#*:}"
	check "  and no part of the group is taken for all of it" never_a_part
	check "  all else is read" status '.connected and .current'
	lie ''
	check "  and when it does, all is well" wait_for well
done
lie mute
check "one that never answers is left" wait_for sh -c "tenure status --json | jq -e '.directories[0].connected | not'"
check "  the group is as it was" has 3999
lie ''
echo 4100 >$ad/members
check "  and what it says then is true here" wait_long has 4100
