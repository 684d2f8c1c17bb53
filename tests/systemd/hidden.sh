# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Two tenants on one host, of which one hides (visibility = "tenant"): with systemd, the system bus, sshd and sudo. What
# members of the other try, and what its own members and the services of the host go on doing.
. /tests/e2e/lib.sh

zoe=zoe@fabrikam.com yan=yan@fabrikam.com nobody=nobody@fabrikam.com
group=tenant-fabrikam@fabrikam.com gid=1950090999

fabrikam_prepare()
{
	local key hash
	hash=$(mkpasswd -m yescrypt -R 5 "$password")
	key=$(cut -d' ' -f1,2 /root/.ssh/id.pub)
	sed -i 's/tenants = .*/tenants = [ "contoso", "fabrikam" ];/' /etc/tenure/tenure.conf
	cat >/etc/tenure/tenants.d/fabrikam.conf <<-'X'
		id = "6d0b3a2e-7c64-4f0e-9a57-2b3c8d1e4f60"; domains = [ "fabrikam.com" ]; source = "file";
		id_range = [ 1950000000, 1950099999 ]; role_gids = [ 1950090000, 1950090999 ];
		visibility = "tenant";
	X
	cat >/etc/tenure/directory.d/fabrikam.conf <<-X
		version = 1;
		users = ( { name = "zoe"; uid = 1950000001; gecos = "Zoe Secret"; password = "$hash"; ssh_keys = [ "$key" ]; shell = "/bin/bash"; },
		  { name = "yan"; uid = 1950000002; ssh_keys = [ "$key" ]; shell = "/bin/bash"; } );
		groups = ( { name = "vault"; gid = 1950010001; members = [ "zoe", "yan" ]; } );
		hosts = ( { name = "db1"; id = "$(tenure check --host-id)"; scope = "/"; } );
		roles = ( { name = "quick"; title = "Quick"; actions = [ "become:root" ];
		  activation = { max_duration = "1h"; justification = false; step_up = false; approvals = 0; }; } );
		assignments = ( { type = "active"; role = "host-user-login"; group = "vault"; scope = "/"; },
		  { type = "eligible"; role = "quick"; user = "zoe"; scope = "/"; },
		  { type = "active"; role = "security-reader"; user = "yan"; scope = "/"; },
		  { type = "active"; role = "helpdesk-administrator"; user = "yan"; scope = "/"; } );
	X
	chmod 600 /etc/tenure/directory.d/fabrikam.conf
	# In contoso, carol may see and end everything of contoso's.
	sed -i 's/^assignments = (/&\n  { type = "active"; role = "security-reader"; user = "carol"; scope = "\/"; },\n  { type = "active"; role = "helpdesk-administrator"; user = "carol"; scope = "\/"; },/' \
		/etc/tenure/directory.d/contoso.conf
}

setup()
{
	host_prepare
	fabrikam_prepare
	pam-auth-update --enable mkhomedir --package >/dev/null 2>&1
	systemctl start tenured.socket
	wait_for tenure_answers || { echo "tenured did not start"; exit 99; }
	systemctl reset-failed ssh.service
	systemctl restart ssh.service
	wait_for ssh_answers
	for u in dbus polkit; do systemctl start $u.service; done
}

# --- its members ------------------------------------------------------------------------------------------------------
members_live()
{
	check "a member logs in" as $zoe true
	as $zoe 'id; getent passwd zoe@fabrikam.com yan@fabrikam.com 1950000002; getent group vault@fabrikam.com; pwd' >/run/check.out 2>&1
	shows "has the group of all members" "$gid\\($group\\)"
	shows "knows the others by name" '^yan@fabrikam.com:[*x]:1950000002:'
	shows "and groups" '^vault@fabrikam.com:'
	shows "and is at home" '^/home/fabrikam.com/zoe$'
	check "the folder of the homes was made, and closed" test "$(stat -c '%U:%g:%a' /home/fabrikam.com)" = root:$gid:710
	check "the folder of the tenant is closed" test "$(stat -c '%U:%g' /var/lib/tenure/tenants/fabrikam)" = root:$gid
	expect_status "with a door for the system bus" 0 getfacl -n -p /var/lib/tenure/tenants/fabrikam
	shows "  by its number" "^user:$(id -u messagebus):--x"
	shows_not "  and for nobody else" '^other::.*[rwx]'
	check "root knows all" getent passwd $zoe
}

bus_lives()
{
	check "the bus daemon may resolve its users" setpriv --reuid messagebus --regid messagebus --init-groups getent passwd $zoe
	check "polkit too" setpriv --reuid polkitd --regid polkitd --init-groups getent passwd $zoe
	check "another service may not" sh -c "! setpriv --reuid mail --regid mail --clear-groups getent passwd $zoe"
	check "a member talks to the system bus" as $zoe busctl --system list
	check "  to logind" as $zoe 'loginctl --no-pager show-user zoe@fabrikam.com | grep -q ^Name=zoe@fabrikam.com'
	check "  to systemd" as $zoe systemctl --no-pager is-active ssh.service
	check "  and to a systemd of their own" as $zoe 'systemctl --user --no-pager show -P Version'
	check "a local account does as before" as bob busctl --system list
	systemctl start atd.service
	as $zoe 'echo "id -un > /tmp/at.$LOGNAME" | at now' >/run/check.out 2>&1
	check "what a member leaves to at is done" wait_for grep -q . /tmp/at.$zoe
}

# --- members of the other tenant --------------------------------------------------------------------------------------
# told_the_same NAME COMMAND: alice hears of zoe what she hears of nobody, but for the name.
told_the_same()
{
	local a b code
	a=$(as alice "$2" 2>&1)
	code=$?
	b=$(as alice "${2//zoe/nobody}" 2>&1)
	if [ $? = "$code" ] && [ "$a" = "${b//nobody/zoe}" ]; then ok "$1"; else not_ok "$1" "$a | $b"; fi
}
others_see_nothing()
{
	local f
	told_the_same "by name" "getent passwd $zoe"
	expect_status "  which is not found" 2 as alice "getent passwd $zoe"
	expect_status "by number" 2 as alice 'getent passwd 1950000001'
	expect_status "its groups" 2 as alice 'getent group vault@fabrikam.com'
	expect_status "the group of all members" 2 as alice "getent group $group"
	told_the_same "groups of a user" "id $zoe"
	as alice 'getent passwd; getent group; groups' >/run/check.out 2>&1
	shows "lists have their own tenant" '^alice:'
	shows_not "  and nothing of the other" 'zoe|yan|vault|tenant-fabrikam|19500'
	as alice 'ls -la /var/lib/tenure/tenants/fabrikam/ /home/fabrikam.com/ /home/fabrikam.com/zoe' >/run/check.out 2>&1
	shows_not "folders" 'identity|zoe:|bash'
	for f in identity holders grants keys policy secrets; do
		expect_status "the file $f" 1 as alice "cat /var/lib/tenure/tenants/fabrikam/$f"
	done
	as alice 'grep -rlaE "zoe|Zoe Secret|vault" /var/lib/tenure /run/tenure /etc/tenure /run/systemd/units 2>/dev/null' >/run/check.out 2>&1
	shows_not "no file that they may read names any of them" .
	told_the_same "su, root's own program, tells nothing either" "su $zoe -c true"
	as $zoe "su $yan -c true" >/run/check.out 2>&1
	shows_not "  and a member what it did" 'does not exist'
	told_the_same "keys" "tenure ssh-keys $zoe"
}

verbs_tell_nothing()
{
	local v
	for v in 'status --user' 'roles --user' 'history --user' 'sessions --user'; do
		told_the_same "tenure $v" "tenure $v $zoe"
	done
	told_the_same "tenure explain" "tenure explain $zoe"
	for v in status roles history sessions; do
		as carol "tenure $v; tenure $v --json" >/run/check.out 2>&1
		shows_not "carol, who may read all of her tenant: tenure $v" 'zoe|yan|fabrikam|19500'
	done
	v=$(as carol "tenure explain $zoe" 2>&1)
	if [ "$v" = "$(as carol "tenure explain $nobody" 2>&1 | sed 's/nobody/zoe/')" ]; then ok "  and of whom she could ask"; else not_ok "  and of whom she could ask" "$v"; fi
}

# While zoe has a root shell.
session_is_not_shown()
{
	local pid id request
	on_terminal $zoe 'tenure request quick --for 10m && sudo sh -c "echo \$\$ > /run/elevated.pid; sleep 600"' >/run/elevated.out 2>&1 &
	check "a member has a root shell" wait_for test -s /run/elevated.pid
	pid=$(cat /run/elevated.pid)
	id=$(tenure sessions --json | jq -r '.items[0].id')
	request=$(tenure sessions --json | jq -r '.items[0].request')
	check "root sees whose it is" sh -c "tenure sessions | grep -q $zoe"
	as alice 'systemctl --no-pager --all list-units "tenure*"; systemctl --no-pager status tenure.slice; getent group become-root' >/run/check.out 2>&1
	# logind names those who are logged in (tenure.conf(5)); our own units name nobody.
	shows "others see that there is one" 'tenure-.*\.scope'
	shows_not "  and not whose" 'zoe|fabrikam'
	check "the group of those who may become root has her, for root" sh -c "getent group become-root | grep -q $zoe"
	verbs_tell_nothing
	for v in "end $id" "end $request" "revoke $request --reason x" "history $request"; do
		expect_status "carol: tenure ${v%% *}" 3 as carol "tenure $v"
		shows "  there is none" 'there is no (request|entry)'
	done
	check "the shell lives" kill -0 "$pid"
	check "her own tenant's helpdesk ends it" as $yan "tenure end $id"
	check "  and it is gone" wait_for not_running "$pid"
}

trails_are_apart()
{
	as dave 'tenure request quick-root --for 1m' >/dev/null 2>&1
	as $yan 'tenure history --json' >/run/check.out 2>&1
	shows "the auditor of one has its trail" 'zoe@fabrikam.com'
	shows_not "  and none of the other's" 'dave|contoso|19000'
	as carol 'tenure history --json' >/run/check.out 2>&1
	shows "the auditor of the other has that" 'dave@contoso.com'
	shows_not "  and no more" 'zoe|fabrikam|19500'
	tenure history --json >/run/check.out 2>&1
	shows "the host's administrator has the one" 'zoe@fabrikam.com'
	shows "  and the other" 'dave@contoso.com'
}

# --- what would tell everybody ----------------------------------------------------------------------------------------
caches_are_refused()
{
	local u
	for u in nscd.service systemd-userdbd.socket; do
		rm -f /etc/systemd/system/nscd.service /etc/systemd/system/systemd-userdbd.*
		systemctl daemon-reload
		check "$u runs" systemctl start $u
		expect_status "  and its members are nobody, for all" 2 getent passwd $zoe
		check "  the other tenant's are not" getent passwd alice
		expect_status "  so that they do not get in" 255 as $zoe true
		expect_status "  others hear nothing" 2 as alice "getent passwd $zoe"
		tenure check >/run/check.out 2>&1
		shows "  and check says what to do" 'visibility-cache|would hand on'
		systemctl stop $u systemd-userdbd.service nscd.service 2>/dev/null
		check "  without it all is as before" wait_for as $zoe true
	done
}

# The negative control: it is the door that keeps the bus alive.
without_the_door()
{
	sed -i '$a visible_to = [ ];' /etc/tenure/tenure.conf
	check "without visible_to the bus may not resolve them" wait_for sh -c "! setpriv --reuid messagebus --regid messagebus --init-groups getent passwd $zoe"
	sed -i '$d' /etc/tenure/tenure.conf
	check "  and with it, again" wait_for setpriv --reuid messagebus --regid messagebus --init-groups getent passwd $zoe
}

back_to_all()
{
	sed -i 's/visibility = .*/visibility = "all";/' /etc/tenure/tenants.d/fabrikam.conf
	check "written visible, all see it" wait_for as alice "getent passwd $zoe"
	sed -i 's/visibility = .*/visibility = "tenant";/' /etc/tenure/tenants.d/fabrikam.conf
	check "written hidden, nobody but its own" wait_for sh -c "! setpriv --reuid 1900000001 --regid 1900000001 --clear-groups getent passwd $zoe"
}

setup
members_live
bus_lives
others_see_nothing
session_is_not_shown
trails_are_apart
without_the_door
back_to_all
caches_are_refused
