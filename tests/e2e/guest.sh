#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Two tenants; contoso trusts fabrikam for zoe, and for whoever is in its vendors. What they may here is what contoso lists.
# shellcheck disable=SC1091,SC2154  # lib.sh: what it sets
. /tests/e2e/lib.sh
tenant=/etc/tenure/tenants.d/contoso.conf abroad=/etc/tenure/directory.d/fabrikam.conf
zoe=zoe@fabrikam.com val=val@fabrikam.com yan=yan@fabrikam.com

fabrikam_prepare()
{
	local u key hash
	key=$(cut -d' ' -f1,2 /root/.ssh/id.pub)
	hash=$(mkpasswd -m yescrypt -R 5 "$password")
	sed -i 's/^tenants = .*/tenants = [ "contoso", "fabrikam" ];/' /etc/tenure/tenure.conf
	cat >/etc/tenure/tenants.d/fabrikam.conf <<-C
		id = "6d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60"; domains = [ "fabrikam.com" ]; source = "file";
		id_range = [ 1950000000, 1950099999 ]; role_gids = [ 1950090000, 1950090999 ]; visibility = "all";
	C
	cat >$abroad <<-C
		version = 1;
		users = (
		  { name = "zoe"; uid = 1950000001; password = "$hash"; ssh_keys = [ "$key" ]; },
		  { name = "val"; uid = 1950000002; ssh_keys = [ "$key" ]; },
		  { name = "yan"; uid = 1950000003; ssh_keys = [ "$key" ]; } );
		groups = ( { name = "vendors"; gid = 1950010001; members = [ "val" ]; },
		  { name = "people"; gid = 1950010002; members = [ "zoe", "yan" ]; } );
		assignments = (
		  { type = "active"; role = "host-user-login"; group = "people"; scope = "/"; } );
	C
	chmod 600 $abroad
	printf '%s\n' 'trusts = ( { tenant = "fabrikam"; users = [ "zoe" ]; groups = [ "vendors" ]; } );' >>$tenant
	sed -i -e 's|^roles = (|&\n  { name = "repairs"; title = "Repairs"; actions = [ "login", "group:adm" ]; },|' \
		-e "s|^assignments = (|&\n  { type = \"eligible\"; role = \"quick-root\"; guest = \"$zoe\"; scope = \"/prod/hr/web\"; },\n  { type = \"active\"; role = \"repairs\"; guest = \"$val\"; scope = \"/prod/hr/web\"; },|" $directory
	for u in zoe:1950000001 val:1950000002 yan:1950000003; do
		install -d -m 755 /home/fabrikam.com
		install -d -m 700 -o "${u#*:}" -g "${u#*:}" "/home/fabrikam.com/${u%:*}"
	done
}
passes() { as "$1" 'sudo -n id -u' | grep -qx 0; }
passes_not() { ! passes "$1"; }
host_prepare
fabrikam_prepare
start_syslog
start_tenured
start_sshd

# --- what is listed ------------------------------------------------------------------------------------------------
# What sudoers gives to everybody here, the gate alone takes away; become-root is shown below.
printf '%s\n' 'Defaults lecture = never' 'ALL ALL=(ALL:ALL) NOPASSWD: ALL' >/etc/sudoers.d/zz-e2e
tenure check >/run/check.out 2>&1
shows_not "nothing is left out" 'dir-|conf-'
expect_status "a guest without a grant" 1 as $zoe 'sudo -n id -u'
shows "the gate names the role" 'tenure request quick-root'
check "a guest asks for a role of contoso" as $zoe 'tenure request quick-root --for 10m'
check "and is root" as $zoe 'sudo -n id -u | grep -qx 0'
getent group become-root >/run/check.out
shows "become-root shows her by her own name" "$zoe"
mv /etc/sudoers.d/zz-e2e /run/zz-e2e
check "which is enough for the package's sudoers" on_terminal $zoe 'sudo id -u | grep -qx 0'
mv /run/zz-e2e /etc/sudoers.d/zz-e2e
as $zoe 'tenure roles' >/run/check.out 2>&1
shows "her roles say whose they are" 'quick-root'
shows_not "and no other is shown" 'db-operator|standing-root|quick-postgres'
as $zoe 'tenure explain --service sudo --target root' >/run/check.out 2>&1
shows "explain says so" 'contoso'
expect_status "one who is not listed" 1 as $yan 'sudo -n id -u'
shows "hears of no role" 'needs an active role'
shows_not "of contoso's" 'quick-root'
expect_status "one whom no trust names asks for nothing" 3 as $yan 'tenure request quick-root --for 10m'
check "a guest through a group logs in by contoso's right alone" as $val 'id -u | grep -qx 1950000002'
check "and holds its group in there" as $val 'id -Gn | tr " " "\n" | grep -qx adm'
expect_status "she is no guest of root's" 1 as $val 'sudo -n id -u'
check "NSS of contoso has none of them" sh -c '! getent passwd zoe val'

cp $directory /run/contoso.good
sed -i "s|guest = \"$zoe\"|guest = \"zoo@fabrikam.com\"|" $directory
tenure check >/run/check.out 2>&1
shows "check names a guest who is none" 'dir-reference.*zoo@fabrikam.com|zoo@fabrikam.com.*is not there'
install -m 600 /run/contoso.good $directory
wait_for as $zoe 'tenure roles | grep -q quick-root'

# --- what is taken away ---------------------------------------------------------------------------------------------
guest_session()
{
	rm -f /run/guest.pid
	as $zoe "sudo -n sh -c 'echo \$\$ >/run/guest.pid; exec sleep 600'" >/run/guest.out 2>&1 &
	wait_for test -s /run/guest.pid
}
gone_within_a_second()
{
	for _ in $(seq 20); do
		not_running "$(cat /run/guest.pid)" && return 0
		sleep 0.05
	done
	return 1
}
cp $tenant /run/tenant.good
check "a root session of hers runs" guest_session
sed -i '/^trusts/d' $tenant
check "it ends within a second of the trust being removed" gone_within_a_second
wait_for passes_not $zoe
expect_status "nothing passes any more" 1 as $zoe 'sudo -n id -u'
shows_not "nor is a role named" 'quick-root'
expect_status "whose login was contoso's is out" 255 as $val true
check "who logs in by the own tenant's right does" as $zoe true
getent group become-root >/run/check.out
shows_not "become-root has her no more" "$zoe"
check "the trail says it" wait_for history_has revoke
cp /run/tenant.good $tenant
wait_for as $zoe 'tenure roles | grep -q quick-root'

check "she asks again" as $zoe 'tenure request quick-root --for 10m'
check "another session runs" guest_session
sed -i 's/name = "zoe";/& enabled = false;/' $abroad
check "it ends within a second of her account's being disabled at home" gone_within_a_second
sed -i 's/ enabled = false;//' $abroad
wait_for as $zoe 'tenure roles | grep -q quick-root'

check "and again" as $zoe 'tenure request quick-root --for 10m'
sed -i "s|^assignments = (|&\n  { type = \"deny\"; actions = [ \"become:root\" ]; user = \"zoe\"; scope = \"/\"; },|" $abroad
wait_for passes_not $zoe
expect_status "a deny of her own tenant takes what contoso gives" 1 as $zoe 'sudo -n id -u'
sed -i '/type = "deny"/d' $abroad
check "without it she is root again" wait_for passes $zoe

# --- what cannot be read --------------------------------------------------------------------------------------------
for who in contoso fabrikam; do
	cp /var/lib/tenure/tenants/$who/policy /run/policy.good
	stop_tenured KILL
	echo torn >/var/lib/tenure/tenants/$who/policy
	expect_status "the policy of $who is torn: the gate is closed" 1 setpriv --reuid 1950000001 --regid 1950000001 --clear-groups sudo -n id -u
	shows "the policy of $who is torn: by the gate" 'account management error'
	if [ $who = contoso ]; then check "its guests log in by their own tenant's right" as $zoe true; fi
	install -m 600 /run/policy.good /var/lib/tenure/tenants/$who/policy
	start_tenured
done
check "whole again" as $zoe 'sudo -n id -u | grep -qx 0'
check "the journal's chain is intact" sh -c 'tenure history --json | jq -e ".intact"'
check "no uid was retired" sh -c '! grep -q "\"event\":\"retire\"" /var/lib/tenure/journal/*.jsonl'
