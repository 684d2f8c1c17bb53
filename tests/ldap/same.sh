#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The example's tenant from a file and from LDAP: the same answers.
# shellcheck source=tests/ldap/lib.sh
. /tests/ldap/lib.sh

people="alice bob carol"
places='walk(if type == "object" then del(.place, .time, .since, .answered, .id, .host_id, .assignment) else . end)'
explained() { tenure explain "$@" --json | jq -S "$places"; } # USER OPTION...
answers()
{
	local user service
	getent passwd | awk -F: '$3 >= 1900000000' | LC_ALL=C sort
	getent group | awk -F: '$3 >= 1900000000 { n = split($4, m, ","); for (i = 1; i <= n; i++) print $1, $2, $3, m[i]; if (!n) print $1, $2, $3 }' | LC_ALL=C sort
	for user in alice carol; do id "$user"; tenure ssh-keys "$user"; done
	for user in $people; do
		for service in sudo su sshd cron; do
			echo "== $user $service"
			explained "$user" --service "$service"
		done
		echo "== $user db-operator"
		explained "$user" --service sudo --target postgres
		explained "$user" --role db-operator
		explained "$user" --role helpdesk-administrator
		tenure roles "$user" --json | jq -S "$places"
		tenure status "$user" --json | jq -S "del(.directories) | $places"
	done
}

if ! tenant_up >/run/up.log 2>&1; then echo "the tenant did not come up:"; tail /run/up.log; exit 99; fi
host_of_ldap >/run/up.log 2>&1
useradd -m bob
useradd -m rescue
start_tenured
check "from LDAP alice is known" wait_for known alice
wait_for tenure explain alice --service sshd
answers >/run/ldap 2>&1
stop_tenured
rm -rf /var/lib/tenure/* # bob was bound to his entry in LDAP, which is another principal
cp /tests/e2e/fixture/contoso.tenant.conf /etc/tenure/tenants.d/contoso.conf
mkdir -p /etc/tenure/directory.d
# What an entry must have, the file may leave out: carol's cn is her gecos.
sed -e 's/name = "carol"; uid = 1900000003;/& gecos = "Carol";/' -e "s/0f3c1d52-9a51-4a0c-8d3e-6f1b2a7c9e10/$(tenure check --host-id)/" /conf/examples/directory.d/contoso.conf >/etc/tenure/directory.d/contoso.conf
chmod 600 /etc/tenure/directory.d/contoso.conf
unknown alice || not_ok "the state of LDAP is gone"
start_tenured
check "from the file she is" wait_for known alice
answers >/run/file 2>&1
check "there are answers" test "$(wc -l </run/file)" -gt 200
if cmp -s /run/ldap /run/file; then ok "both are the same"; else not_ok "both are the same" "$(diff /run/ldap /run/file | head -12 | tr '\n' '|')"; fi
