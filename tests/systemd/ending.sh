# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Sessions with systemd as PID 1: pam_systemd moves processes at every login and every sudo -i; ours must be where we
# put them all the same (T53). Scopes, timers, logins that end with their user manager, the backstop.
. /tests/e2e/lib.sh
host_prepare
systemctl stop tenured.socket tenured.service
systemctl start tenured.socket
wait_for tenure_answers
# Without host keys it has failed at boot, again and again; perhaps it still does.
ssh_start() { systemctl reset-failed ssh.service; systemctl start ssh.service && sleep 0.2 && ssh_answers; }
wait_for ssh_start || { echo "sshd did not start:"; systemctl status --no-pager ssh.service; exit 99; }
grant() { as dave "tenure request quick-root --for $1" >/dev/null 2>&1; } # TIME
units() { systemctl list-units --all --no-legend --plain 'tenure-*'; }
start_of() { sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20; }
# True once the process that started then has ended: PID START
is_gone() { [ "$(start_of "$1" 2>/dev/null)" != "$2" ]; }
ours='^0::/tenure\.slice/tenure-[0-9a-f-]{36}\.scope$'

# every way to root, under PAM stacks with pam_systemd in them
grant 10m
for way in 'sudo cat /proc/self/cgroup' 'sudo -i cat /proc/self/cgroup' 'sudo -s cat /proc/self/cgroup' \
	'su -c "cat /proc/self/cgroup" root' 'su -l -c "cat /proc/self/cgroup" root' \
	'sudo sh -c "setsid cat /proc/self/cgroup | cat"'; do
	case $way in su*) echo "root:$password" | chpasswd ;; esac
	on_terminal dave "$way" >/run/check.out 2>&1
	shows "T53 ${way%% *} ${way#* }: in a scope of ours" "$ours"
done
check "behind them no scope or timer is left" wait_for sh -c '[ -z "$(systemctl list-units --all --no-legend --plain "tenure-*")" ]'
as dave 'tenure end' >/dev/null 2>&1

# root goes on by su and sudo, whose stacks have pam_systemd too: all of it stays in the session, and ends with it
grant 20s
cat >/run/work.sh <<'W'
su postgres -c 'exec sleep 1101' </dev/null &
su - postgres -c 'exec sleep 1102' </dev/null &
su - -c 'setsid sleep 1103 >/dev/null 2>&1 </dev/null & sleep 0.3' </dev/null
sudo -u postgres -i sleep 1104 </dev/null &
sudo -i sleep 1105 </dev/null &
sudo -u postgres sleep 1106 </dev/null &
sleep 300
W
on_terminal dave 'sudo bash /run/work.sh' >/run/shell.out 2>&1 &
shell=$!
for n in 1101 1102 1103 1104 1105 1106; do
	wait_for pgrep -f "^sleep $n\$"
	p=$(pgrep -f "^sleep $n\$" | head -n 1)
	check "T53 by root, in the session: $(sed -n "s/^\(.*sleep $n\).*/\1/p" /run/work.sh)" grep -qE '/tenure-[0-9a-f-]{36}' "/proc/$p/cgroup"
done
wait "$shell"
check "T53 and all of them end with it" wait_for sh -c '! pgrep -f "^sleep 110[1-6]$"'

# scope, timer and what ends
grant 10m
on_terminal dave 'sudo sh -c "setsid sleep 1000 & echo \$\$ > /run/root.pid; sleep 300"' >/run/shell.out 2>&1 &
shell=$!
check "a session is up" wait_for test -s /run/root.pid
units >/run/check.out
shows "it has a scope" 'tenure-[0-9a-f-]{36}\.scope +loaded +active +running'
shows "and a timer" 'tenure-end-[0-9a-f-]{36}-1\.timer +loaded +active +waiting'
check "the session's login is what logind knows" sh -c 'loginctl list-sessions --no-legend | grep -q dave'
as dave 'tenure extend --for 30m' >/dev/null 2>&1
check "extended: another timer" wait_for sh -c 'systemctl list-units --all --no-legend --plain "tenure-*" | grep -qE "tenure-end-.*-2\.timer.*waiting"'
check "and the first one is gone" wait_for sh -c '! systemctl list-units --all --no-legend --plain "tenure-*" | grep -qE "tenure-end-.*-1\.timer"'
as dave 'tenure end' >/dev/null 2>&1
wait "$shell"
check "ended: all processes" wait_for sh -c '! pgrep -f "^sleep (300|1000)$"'
check "ended: no scope or timer" wait_for sh -c '[ -z "$(systemctl list-units --all --no-legend --plain "tenure-*")" ]'

# a login that takes on the groups of a grant: contained where logind sees it, and ended with its user manager
on_terminal alice 'tenure request db-operator --for 25s --reason x' >/run/check.out 2>&1
id=$(tenure history --json | jq -r '[.items[] | select(.event == "request")][-1].id')
on_terminal carol "tenure approve $id --reason seen" >/run/check.out 2>&1
on_terminal alice 'id; cat /proc/self/cgroup; systemd-run --user --collect sleep 1001; echo $$ > /tmp/login.pid; sleep 1002' >/run/login.out 2>&1 &
login=$!
check "T53 a login with a grant's groups is up" wait_for test -s /tmp/login.pid
cp /run/login.out /run/check.out
shows "it holds the group" 'groups=.*\(adm\)'
shows "T53 it is in a cgroup of ours, inside logind's" '^0::/user\.slice/user-1900000001\.slice/session-[c0-9]+\.scope/tenure-'
check "the login ends with the grant" wait_long not_running "$(cat /tmp/login.pid)"
wait "$login"
check "and what its user manager ran too" wait_for sh -c '! pgrep -f "^([^ ]*/)?sleep 100[12]$"'
check "logind has no session of alice" wait_for sh -c '! loginctl list-sessions --no-legend | grep -q alice'

# a session that opens with the broker stopped: one comes back for it, and it has its end
rm -f /run/root.pid
grant 15s
systemctl stop tenured.socket tenured.service
sleep 3
check "stopped, the broker stays so" sh -c '! systemctl is-active tenured.service'
on_terminal dave 'sudo sh -c "echo \$\$ > /run/root.pid; exec sleep 1236"' >/run/shell.out 2>&1 &
shell=$!
check "a session opens without it" wait_for test -s /run/root.pid
root=$(cat /run/root.pid) started=$(start_of "$(cat /run/root.pid)")
check "then it comes back" wait_for systemctl is-active tenured.service
check "the session has a timer" wait_for sh -c 'systemctl list-units --all --no-legend --plain "tenure-*" | grep -qE "tenure-end-.*\.timer.*waiting"'
check "and ends" wait_long is_gone "$root" "$started"
wait "$shell"
check "and is in the journal" wait_for history_has expire
systemctl start tenured.socket
wait_for tenure_answers

# systemd removes a slice that is stopped
systemctl stop tenure.slice
rm -f /run/root.pid
grant 10m
on_terminal dave 'sudo sh -c "echo \$\$ > /run/root.pid; exec sleep 1237"' >/run/shell.out 2>&1 &
shell=$!
check "tenure.slice stopped: a session opens all the same" wait_for test -s /run/root.pid
root=$(cat /run/root.pid) started=$(start_of "$(cat /run/root.pid)")
check "tenure.slice stopped: in a scope of ours" grep -qE "$ours" "/proc/$root/cgroup"
as dave 'tenure end' >/dev/null 2>&1
check "tenure.slice stopped: and ends" wait_for is_gone "$root" "$started"
wait "$shell"

# the backstop: broker stopped before the deadline; the terminal is restored all the same
rm -f /run/root.pid
grant 25s
cat >/run/shell.exp <<'X'
set timeout 90
spawn -noecho ssh -tt -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i /root/.ssh/id dave@localhost
expect "$ "
send "stty -g > /tmp/stty.before; PS1='A% '; echo\r"
expect "A% "
send "sudo -i\r"
expect {
	-re {assword[^\r\n]*: ?$} { send "secret\r"; exp_continue }
	"root@" {}
}
send "(trap '' HUP TERM; while :; do date +%s.%N >> /tmp/ticks; sleep 0.05; done) &\r"
send "setsid sh -c 'echo \$\$ > /run/setsid.pid; exec sleep 1003' & echo \$\$ > /run/root.pid\r"
expect "A% "
send "stty -g > /tmp/stty.after; exit\r"
expect eof
X
expect -f /run/shell.exp >/run/shell.out 2>&1 &
shell=$!
check "another session is up" wait_for test -s /run/root.pid
wait_for test -s /run/setsid.pid
root=$(cat /run/root.pid) started=$(start_of "$(cat /run/root.pid)")
child=$(cat /run/setsid.pid) child_started=$(start_of "$(cat /run/setsid.pid)")
end=$(sed -n 's/^end=\(.*\)\([0-9]\{9\}\)$/\1.\2/p' /run/tenure/sessions/*)
systemctl stop tenured.socket tenured.service
check "the broker stopped: the session goes on" sh -c "[ -e /proc/$root ] && [ -e /proc/$child ]"
check "the backstop ends it" wait_long is_gone "$root" "$started"
wait "$shell"
check "and its setsid child" is_gone "$child" "$child_started"
check "its terminal is as before" cmp /tmp/stty.before /tmp/stty.after
check "a line was written in the last second before the deadline" awk "BEGIN { exit !($(tail -n 1 /tmp/ticks) > $end - 1) }"
check "and none behind deadline and grace" awk "BEGIN { exit !($(tail -n 1 /tmp/ticks) < $end + 7) }"
systemctl start tenured.socket
wait_for tenure_answers
check "the next broker journals it" wait_for sh -c "grep -h '\"event\":\"session-end\"' /var/lib/tenure/journal/*.jsonl | tail -n 1 | jq -e '.cause == \"expire\" and .ended >= 2 and .survived == 0'"
check "no record is left" wait_for sh -c '[ -z "$(ls /run/tenure/sessions)" ]'
