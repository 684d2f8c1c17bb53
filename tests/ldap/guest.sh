#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A guest of a tenant in LDAP, who is a user of one in a file: tenureGuest names her, a trust on the host lets her in, and
# what the directory takes away is gone at once. What a guest may else is in tests/e2e/guest.sh.
export TENURE_E2E_SOURCE=ldap
# shellcheck disable=SC1091,SC2154  # lib.sh: what it sets
. /tests/e2e/lib.sh
zoe=zoe@fabrikam.com assignments=ou=assignments,ou=tenure,dc=contoso,dc=com

fabrikam_prepare()
{
	local key
	key=$(cut -d' ' -f1,2 /root/.ssh/id.pub)
	sed -i 's/^tenants = .*/tenants = [ "contoso", "fabrikam" ];/' /etc/tenure/tenure.conf
	cat >/etc/tenure/tenants.d/fabrikam.conf <<-C
		id = "6d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60"; domains = [ "fabrikam.com" ]; source = "file";
		id_range = [ 1950000000, 1950099999 ]; role_gids = [ 1950090000, 1950090999 ]; visibility = "tenant";
	C
	cat >/etc/tenure/directory.d/fabrikam.conf <<-C
		version = 1;
		users = ( { name = "zoe"; uid = 1950000001; ssh_keys = [ "$key" ]; } );
		assignments = ( { type = "active"; role = "host-user-login"; user = "zoe"; scope = "/"; } );
	C
	chmod 600 /etc/tenure/directory.d/fabrikam.conf
	echo 'trusts = ( { tenant = "fabrikam"; users = [ "zoe" ]; } );' >>/etc/tenure/tenants.d/contoso.conf
	install -d -m 755 /home/fabrikam.com
	install -d -m 700 -o 1950000001 -g 1950000001 /home/fabrikam.com/zoe
	printf '%s\n' 'Defaults lecture = never' 'ALL ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/zz-e2e
}
guest_add() # NAME GUEST
{
	directory_change "dn: cn=$1,$assignments" 'changetype: add' 'objectClass: tenureRoleAssignment' "cn: $1" \
		'tenureAssignmentType: eligible' 'tenureRole: quick-root' "tenureGuest: $2" 'tenureScopePath: /prod/hr/web'
}
guest_remove() { directory_change "dn: cn=$1,$assignments" 'changetype: delete'; } # NAME
is_reported() { tenure check --json | jq -e '[.items[] | select(.id == "dir-reference" and (.message | contains("zoo@fabrikam.com")))] | length == 1'; }
is_not_reported() { ! is_reported; }
may() { as $zoe 'tenure roles' | grep -q quick-root; }
may_not() { ! may; }

host_prepare
fabrikam_prepare
start_syslog
start_tenured
start_sshd
check "whom nothing names may nothing" may_not
check "an assignment of the directory names a guest" guest_add a-guest $zoe
check "  who may ask for the role at once" wait_for may
check "  and gets it" as $zoe 'tenure request quick-root --for 10m'
check "  and is root" as $zoe 'sudo -n id -u | grep -qx 0'
as $zoe "sudo -n sh -c 'echo \$\$ >/run/guest.pid; exec sleep 600'" >/run/guest.out 2>&1 &
check "a root session of hers runs" wait_for test -s /run/guest.pid
check "one who is no guest is named" guest_add no-guest zoo@fabrikam.com
check "  which check reports" wait_for is_reported
check "  and takes nothing from who is one" kill -0 "$(cat /run/guest.pid)"
check "the assignment is deleted" guest_remove a-guest
check "  her session ends" wait_for not_running "$(cat /run/guest.pid)"
check "  and she may nothing" wait_for may_not
expect_status "  the gate is closed" 1 as $zoe 'sudo -n id -u'
check "what names nobody is deleted" guest_remove no-guest
check "  and all is well" wait_for is_not_reported
check "named again" guest_add a-guest $zoe
check "  she may again" wait_for may
sed -i '/^trusts/d' /etc/tenure/tenants.d/contoso.conf
check "without the trust she may not" wait_for may_not
