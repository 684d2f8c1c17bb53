# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Threats that only a whole host shows: no name service in a verdict (T11), no secret left behind (T34), a symlink or
# FIFO in the place of a file (T12), an identity range that a user namespace could forge (T47), a deleted user who
# comes back (T50), a broken restriction (T49), approving as another (T48).
. /tests/e2e/lib.sh
host_prepare
start_syslog
strace -f -Y -qq -o /run/trace -e trace=connect,openat,openat2,sendto /usr/sbin/tenured >>"$tenured_log" 2>&1 </dev/null &
wait_for tenure_answers
wait_for getent passwd alice
tenured_pid=$(pgrep -x tenured | head -n 1)
start_sshd
source=${TENURE_E2E_SOURCE:-file}

# T11
as dave 'tenure request quick-root --for 1m' >/dev/null 2>&1
tenure explain alice --service sudo --target root >/run/check.out 2>&1
shows "T11 explain answers" '^deny'
echo "root:$password" | chpasswd # dave's own su: root's is no gate
echo "$password" | strace -f -qq -u dave -o /run/trace.su -e trace=connect,openat,openat2 su -c id root >/run/check.out 2>&1
shows "T11 dave becomes root by su" 'uid=0\(root\)'
# no_name_server TRACE FILE: the trace is there, shows that FILE was opened, and nothing of the network. Only the worker
# of a tenant in LDAP, a process of its own, looks for its server.
no_name_server() { grep -q "openat.*$2" "$1" && ! grep -vE '^[0-9]+<tenure-sync>' "$1" | grep -E "AF_INET|resolv.conf|gai.conf"; }
check "T11 the broker asks no name server" no_name_server /run/trace /etc/tenure
check "T11 nor does a gate" no_name_server /run/trace.su /var/lib/tenure
if [ "$source" = ldap ]; then
	grep '<tenure-sync> connect(.*AF_INET' /run/trace | grep -oE 'sin6?_port=htons\([0-9]+\)' | sort -u >/run/check.out
	shows "T11 the tenant's worker speaks with its server" 'htons\(636\)'
	shows_not "T11   and with a name server or anybody else at no time" 'htons\(([^60]|6[^3])'
fi
as dave 'tenure end' >/dev/null 2>&1

# T48: erin may become root, so carol as well; approving as carol takes a login of hers
on_terminal alice 'tenure request db-operator --for 1m --reason x' >/dev/null 2>&1
id=$(tenure history --json | jq -r '[.items[] | select(.event == "request")][-1].id')
if [ "$(as erin cat /proc/self/loginuid)" = 1900000005 ]; then
	for become in "sudo su carol -c" "sudo su - carol -c" "sudo setpriv --reuid carol --regid 1900000003 --clear-groups sh -c"; do
		expect_status "T48 ${become% *}: approving as carol is refused" 1 on_terminal erin "$become 'tenure approve $id --reason x'"
		shows "T48 ${become% *}: and it says what to do" 'needs a login session of your own: not by sudo or su; '
	done
	check "T48 the request still waits" sh -c "tenure pending --json | jq -e --arg i '$id' 'any(.items[]; .id == \$i)'"
	check "T48 from a login of her own carol approves" on_terminal carol "tenure approve $id --reason seen"
else
	echo "skip T48 approving as another: no audit: a login sets no login uid"
fi
on_terminal alice 'tenure end' >/dev/null 2>&1

# T34
canary=Canary-7f3a9b
password_set alice "$canary"
wait_for by_password alice "$canary" true
check "T34 the canary is alice's password" by_password alice "$canary" true
password=$canary on_terminal alice 'tenure request db-operator --for 10s --reason x' >/run/check.out 2>&1
shows "T34 and her step-up" 'waits for'
by_password alice "wrong-$canary" true >/dev/null 2>&1
check "T34 no log has it" sh -c "! grep -r '$canary' /run/syslog /run/tenured.log /run/sshd.log /var/log /var/lib/tenure /run/tenure"
expect_status "T34 memory that holds it is found: this shell's" 1 memory_lacks $$ "$canary"
check "T34 the broker's memory does not hold it" memory_lacks "$tenured_pid" "$canary"
check "T34 the broker leaves no core" grep -qE '^Max core file size +0 +0 ' "/proc/$tenured_pid/limits"
if [ "$source" = ldap ]; then
	worker=$(pgrep -x tenure-sync | head -n 1)
	check "T34 nor does the tenant's worker hold it" memory_lacks "$worker" "$canary"
	check "T34 nor leave a core" grep -qE '^Max core file size +0 +0 ' "/proc/$worker/limits"
fi
password_set alice "$password"
wait_for by_password alice "$password" true

# T12, T33: of a file, and so only with the tenant in one
if [ "$source" = file ]; then
	cp $directory /run/copy
	sed 's/^users = (/&\n  { name = "zoe"; uid = 1900000098; },/' /run/copy >/run/zoe
	chmod 600 /run/zoe
	ln -sf /run/zoe $directory
	sleep 1
	expect_status "T12 a symbolic link is not followed" 2 getent passwd zoe
	check "T12 the last good content stays" getent passwd alice
	rm $directory && install -m 600 /run/zoe $directory
	check "T12 as a file the same content is taken over" wait_for getent passwd zoe
	rm $directory && mkfifo $directory && sleep 1
	check "T12 a FIFO does not hold the broker up" timeout 10 tenure sessions
	check "T12 nor the lookups" getent passwd alice
	rm -f $directory && install -m 666 /run/copy $directory && sleep 1
	tenure check >/run/check.out 2>&1
	shows "T33 a directory that others may write is refused, and check says so" 'error +conf-file .*contoso'
	rm -f $directory && install -m 600 /run/copy $directory
fi

# T47: from now on a user namespace of luser's could hold a tenant's uid
echo 'luser:1900000000:65536' >>/etc/subuid
tenure check >/run/check.out 2>&1
shows "T47 check reports the overlap" '^(error|warn) +subuid'
sed -i '$d' /etc/subuid

# T50: dave goes, another dave comes with the same uid
as dave true
check "T50 dave holds a grant" as dave 'tenure request quick-root --for 10m'
user_replace dave
check "T50 another dave of the same uid has nothing of the first" \
	wait_for sh -c '! getent group become-root | grep -q dave'

printf 'erin ALL=(ALL) NOPASSWD: ALL\n' >/etc/sudoers.d/zz-erin && chmod 440 /etc/sudoers.d/zz-erin
# T49: a deny that does not resolve closes instead of opening
check "T49 erin's standing role serves" wait_for as erin 'sudo -n id'
assignment_add deny no-such-role erin /
assignment_add eligible quick-root mallory /
sleep 1
tenure explain mallory --service sudo --target root >/run/check.out 2>&1
shows_not "T49 a directory with a broken deny gives nothing new" 'quick-root'
assignment_remove deny no-such-role erin
check "T49 and without it what is new" \
	wait_for sh -c 'tenure explain mallory --service sudo --target root | grep -q quick-root'
