# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# How elevated sessions end: by revocation, lost eligibility, a disabled account, the holder, package removal; with a
# broker that is killed before or in between; with and without a pty of sudo's own; what stays behind.
. /tests/e2e/lib.sh
host_up
# Who has nothing to do with any of it: pid and start time stay (T38).
start_of() { sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20; }
setsid sleep 1200 &
bystanders=$(for p in $! "$(pgrep -o -x sshd)" 1; do echo "$p:$(start_of "$p")"; done)

cat >/run/shell.exp <<'X'
# USER WORK: a root shell that does WORK, says so in /run/shell.up, and is ended by somebody else
set timeout 90
set user [lindex $argv 0]; set work [lindex $argv 1]
spawn -noecho ssh -tt -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i /root/.ssh/id $user@localhost
expect "$ "
send "stty -g > /tmp/stty.before; PS1='A% '; echo\r"
expect "A% "
send "sudo -i\r"
expect {
	-re {assword[^\r\n]*: ?$} { send "secret\r"; exp_continue }
	"root@" {}
	timeout { puts "expect: no root shell"; exit 98 }
}
send "(trap '' HUP TERM; exec sleep 1001) &\r"
send "setsid sh -c 'echo \$\$ > /run/setsid.pid; exec sleep 1002' & echo \$\$ > /run/root.pid\r"
send "$work; echo up > /run/shell.up\r"
expect {
	"this session was closed" {}
	timeout { puts "expect: the session did not end"; exit 97 }
}
send "\r"
expect {
	"A% " {}
	timeout { puts "expect: no prompt"; exit 96 }
}
send "stty -g > /tmp/stty.after; sleep 3\r"
expect "A% "
send "exit\r"
expect eof
X

grant() # USER TIME
{
	rm -f /run/shell.up /run/setsid.pid /run/root.pid
	as "$1" "tenure request quick-root --for $2" >/dev/null 2>&1
}
session_start() # USER WORK
{
	expect -f /run/shell.exp "$1" "${2:-true}" >/run/shell.out 2>&1 &
	shell=$!
	wait_for test -s /run/shell.up && wait_for test -s /run/setsid.pid
}
# Everything that any end has to show. NAME CAUSE
session_ended()
{
	check "$1: the shell closes with a line, and the prompt comes back" wait "$shell"
	check "$1: the line counts" grep -qE 'Tenure: quick-root has ended; this session was closed \([0-9]+ processes\)\.' /run/shell.out
	check "$1: shell and setsid child are gone" sh -c 'for p in $(cat /run/root.pid /run/setsid.pid); do [ ! -e /proc/$p ] || exit 1; done'
	check "$1: who ignores HUP and TERM is gone" sh -c '! pgrep -f "^sleep 100[12]$"'
	check "$1: the terminal is as before" cmp /tmp/stty.before /tmp/stty.after
	check "$1: the journal has the cause" wait_for last_end_has "$2"
}
last_end_has()
{
	grep -h '"event":"session-end"' /var/lib/tenure/journal/*.jsonl | tail -n 1 |
		jq -e --arg c "$1" '.cause == $c and .ended >= 3 and .survived == 0'
}
last_end() { grep -h '"event":"session-end"' /var/lib/tenure/journal/*.jsonl | tail -n 1; }

# revocation, with and without a pty of sudo's own
for mode in use_pty '!use_pty'; do
	echo "Defaults $mode" >/etc/sudoers.d/zz-pty
	chmod 440 /etc/sudoers.d/zz-pty
	grant dave 10m
	session_start dave
	id=$(tenure history --json | jq -r '[.items[] | select(.event == "activate")][-1].id')
	tenure revoke "$id" --reason test >/dev/null
	session_ended "revoked ($mode)" revoke
done
rm /etc/sudoers.d/zz-pty

# the holder ends it
grant dave 10m
session_start dave
as dave 'tenure end' >/dev/null 2>&1
session_ended "ended by its holder" end

# eligibility lost: the directory says so
grant dave 10m
session_start dave
quick_root_take
session_ended "lost eligibility" lost
quick_root_give
wait_for sh -c "tenure explain dave --service sudo --target root | grep -q eligible"

# the account is disabled
grant dave 10m
session_start dave
account_disable dave
wait "$shell" 2>/dev/null
check "disabled: shell and setsid child are gone" wait_for sh -c 'for p in $(cat /run/root.pid /run/setsid.pid); do [ ! -e /proc/$p ] || exit 1; done'
check "disabled: the journal has the cause" wait_for last_end_has disabled
account_enable dave
wait_for as dave true

# the broker is killed, and comes back behind the deadline
grant dave 8s
session_start dave
stop_tenured KILL
wait_for not_running "$tenured_pid"
sleep 9
check "the broker dead: the session outlives its deadline" test -e "/proc/$(cat /run/root.pid)"
start_tenured
session_ended "overdue when the broker came back" expire

# killed while it ends one
grant dave 10m
session_start dave
id=$(tenure history --json | jq -r '[.items[] | select(.event == "activate")][-1].id')
tenure revoke "$id" --reason test >/dev/null
stop_tenured KILL
start_tenured
session_ended "broker killed in the grace" revoke

# an extension in time: the session goes on
grant dave 6s
session_start dave
as dave 'tenure extend --for 10m' >/run/check.out 2>&1
sleep 7
check "extended: the session goes on behind its first deadline" test -e "/proc/$(cat /run/root.pid)"
as dave 'tenure end' >/dev/null 2>&1
session_ended "extended, then ended" end

# what stays behind: files, and a process that root moved away
cgroup=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
grant dave 10m
session_start dave "echo '* * * * * root true' > /etc/cron.d/left; cp /bin/true /tmp/left; chmod 4755 /tmp/left"
as dave 'tenure end' >/dev/null 2>&1
wait "$shell" 2>/dev/null
check "leftovers are in the journal" wait_for sh -c "grep -h '\"event\":\"session-end\"' /var/lib/tenure/journal/*.jsonl | tail -n 1 | jq -e '.left == 2 and (.leftovers | contains(\"/etc/cron.d/left\") and contains(\"setuid /tmp/left\"))'"
check "and on the terminal" grep -q 'Tenure: left behind: .*/etc/cron.d/left' /run/shell.out
rm -f /etc/cron.d/left /tmp/left

grant dave 10m
session_start dave "bash -c 'trap \"\" HUP TERM; echo \$\$ > $cgroup/cgroup.procs; echo \$\$ > /run/escaped.pid; exec sleep 1003' & sleep 1"
as dave 'tenure end' >/dev/null 2>&1
wait "$shell" 2>/dev/null
check "T45 who escaped is reported" wait_for sh -c "grep -h '\"event\":\"session-end\"' /var/lib/tenure/journal/*.jsonl | tail -n 1 | jq -e '.survived == 1 and (.survivors | contains(\"sleep\"))'"
check "T45 and is accountable, not containable" test -e "/proc/$(cat /run/escaped.pid)"
kill -9 "$(cat /run/escaped.pid)"

# the session closes by itself: no deadline, no signal, and it is looked for all the same
closed_end_has() # JQ
{
	grep -h '"event":"session-end"' /var/lib/tenure/journal/*.jsonl | tail -n 1 | jq -e ".cause == \"closed\" and ($1)"
}
grant dave 10m
on_terminal dave "sudo sh -c 'echo \"* * * * * root true\" > /etc/cron.d/left-too'; sleep 8" >/run/shell.out 2>&1 &
shell=$!
check "closed: leftovers are in the journal" wait_for closed_end_has '.left == 1 and (.leftovers | contains("/etc/cron.d/left-too"))'
wait "$shell"
if grep -q 'left behind' /run/shell.out; then not_ok "closed: the terminal is its user's again" "$(tr -d '\r' </run/shell.out)"; else ok "closed: the terminal is its user's again"; fi
rm -f /etc/cron.d/left-too /run/escaped.pid
on_terminal dave "sudo bash -c '(trap \"\" HUP TERM; echo \$BASHPID > $cgroup/cgroup.procs; echo \$BASHPID > /run/escaped.pid; exec sleep 1004) & sleep 1'; sleep 8" >/run/shell.out 2>&1 &
shell=$!
check "T45 closed: who escaped is reported" wait_for closed_end_has '.survived == 1 and (.survivors | contains("sleep"))'
check "T45 closed: and lives" test -e "/proc/$(cat /run/escaped.pid)"
kill -9 "$(cat /run/escaped.pid)"
wait "$shell"
as dave 'tenure end' >/dev/null 2>&1

# T38: the broker's kill reaches nobody else
bystanders_live() { for b in $bystanders; do [ "$(start_of "${b%:*}")" = "${b#*:}" ] || return 1; done; }
check "T38 no other process was ended" bystanders_live

# drain: what package removal does
grant dave 10m
session_start dave
root_is_gone() { for p in "$(cat /run/root.pid)" "$(cat /run/setsid.pid)"; do [ ! -e "/proc/$p" ] || return 1; done; }
expect_status "drain succeeds" 0 tenured -d removal
shows "and says what it ended" 'ended 1 session.* 1 grant'
check "drain returns when all are gone" root_is_gone
wait "$shell" 2>/dev/null
check "drain: the journal has the cause" wait_for last_end_has drain

# the same with no broker: who drains is the broker meanwhile
wait_for as dave true
grant dave 10m
session_start dave
stop_tenured TERM
expect_status "drain without a broker succeeds" 0 tenured -d removal
shows "it has found the session" 'ended 1 session.* 1 grant'
check "drain without a broker: all are gone" root_is_gone
wait "$shell" 2>/dev/null
start_tenured
check "drain without a broker: the journal has the cause" last_end_has drain

# a host that cannot end sessions does not elevate
mount -o remount,ro "$cgroup"
stop_tenured TERM
start_tenured
grant dave 1m
expect_status "no cgroup to write: the gate denies" 1 on_terminal dave 'sudo id'
shows_not "no cgroup to write: nothing ran" 'uid=0'
tenure check >/run/check.out 2>&1
shows "check says so" 'error +cgroup'
mount -o remount,rw "$cgroup"
check "and elevates again when it can" wait_for on_terminal dave 'sudo id'

# removal, when the end in order fails: what would be left with nobody to end it is killed
cat >/run/remove <<'R'
PATH=/run/broken:$PATH sh "$(dpkg-query --control-path libpam-tenure prerm)" "$@"
R
mkdir /run/broken
printf '#!/bin/sh\nexit 1\n' >/run/broken/tenured
chmod 755 /run/broken/tenured
grant dave 10m
session_start dave
check "deconfigured: nothing ends" sh /run/remove deconfigure in-favour x 1
check "another architecture stays: nothing ends" env DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT=2 sh /run/remove remove
check "the session lives, and the gate" sh -c 'test -e "/proc/$(cat /run/root.pid)" && grep -q pam_tenure /etc/pam.d/common-account'
expect_status "removal goes on" 0 env DPKG_MAINTSCRIPT_NAME=prerm DPKG_MAINTSCRIPT_PACKAGE=libpam-tenure sh /run/remove remove
shows "and says that not all ended in order" 'not everything elevated ended in order'
check "but everything has ended" wait_for root_is_gone
