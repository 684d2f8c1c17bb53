# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# The main job, as a person lives it: login, refused sudo, request, approval, sudo, a root shell that ends.
. /tests/e2e/lib.sh
host_up

# logins
check "alice logs in by key" as alice true
check "alice logs in by password" by_password alice "$password" true
expect_status "a wrong password is refused" 255 by_password alice wrong true
expect_status "mallory has no right to log in" 255 as mallory true
check "luser, whom no tenant knows, logs in" as luser true
check "bob, mapped for gates alone, logs in as ever" as bob true
as alice 'id' >/run/check.out 2>&1
shows "id shows the transitive groups" 'uid=1900000001\(alice\).*1900010001\(dba\)'
shows_not "initgroups returns no role groups" 'become-root|role-'

# sudo without a grant
expect_status "sudo without a grant is refused" 1 on_terminal alice 'sudo id'
shows "the refusal says what to do next" 'Tenure: sudo needs an active role; next: tenure request db-operator'
shows_not "and no password was asked for" 'assword for alice'

# request, self-approval, approval
on_terminal alice 'tenure request db-operator --for 12s --reason "show it"' >/run/check.out 2>&1
shows "the request waits for carol" 'Request [A-Z2-7]{4}-[A-Z2-7]{4} waits for.*carol'
id=$(tenure history --json | jq -r '[.items[] | select(.event == "request")][-1].id')
expect_status "nobody approves their own" 1 on_terminal alice "tenure approve $id --reason mine"
shows "and it says whom to ask" 'own request.*carol'
expect_status "mallory's login is needed to decide at all" 255 as mallory "tenure approve $id"
expect_status "for dave, who may not decide, there is no such request" 3 on_terminal dave "tenure approve $id --reason no"
# the elevated shell and its end
cat >/run/shell.exp <<'X'
set timeout 60
log_user 1
spawn -noecho ssh -tt -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i /root/.ssh/id alice@localhost
expect "$ "
send "stty -g > /tmp/stty.before; PS1='A% '; tty > /tmp/tty\r"
expect "A% "
exec touch /run/shell.ready
while {![file exists /run/approved]} { after 50 }
send "sudo -i\r"
expect {
	-re {assword[^\r\n]*: ?$} { send "secret\r"; exp_continue }
	"root@" {}
	timeout { puts "expect: no root shell"; exit 98 }
}
send "(trap '' HUP TERM; while :; do date +%s.%N >> /tmp/ticks; sleep 0.05; done) &\r"
send "setsid sleep 1000 &\r"
send "echo \$\$ > /tmp/shell.pid\r"
exec bash -c "until pgrep -f '^sleep 1000$' > /run/setsid.pid; do sleep 0.05; done"
expect {
	"this session was closed" {}
	timeout { puts "expect: the session did not end"; exit 97 }
}
send "\r"
expect "A% "
send "stty -g > /tmp/stty.after; echo done > /tmp/done\r"
expect "A% "
send "exit\r"
expect eof
X
expect -f /run/shell.exp >/run/shell.out 2>&1 &
shell_expect=$!
wait_for test -e /run/shell.ready
check "carol approves by a prefix of four" on_terminal carol "tenure approve ${id%-*} --reason seen"
getent group become-root >/run/check.out
shows "become-root shows alice" '^become-root:.*\balice\b'
touch /run/approved
check "a root shell opens, and closes when its time is up; the login that was there before stays" wait "$shell_expect"
check "the session's end came with a line" grep -q 'Tenure: db-operator has ended; this session was closed' /run/shell.out
check "there was a warning before" grep -q 'Tenure: db-operator ends in 3 s' /run/shell.out
check "the shell is gone" not_running "$(cat /tmp/shell.pid)"
check "the setsid child is gone" not_running "$(cat /run/setsid.pid)"
check "the terminal is as before" cmp /tmp/stty.before /tmp/stty.after
expect_status "the next sudo is refused" 1 on_terminal alice 'sudo id'
check "the journal has the expiry" wait_for history_has expire
# The one who ignores HUP and TERM has its grace of 2 s; a second more for a busy machine to kill it.
end=$(grep -h '"event":"activate"' /var/lib/tenure/journal/*.jsonl | tail -n 1 |
	sed -nE 's/.*"end_ns":([0-9]+)([0-9]{9})[^0-9].*/\1.\2/p')
check "the deadline is in the journal" test -n "$end"
check "a line was written in the last second before the deadline" awk -v end="$end" \
	'$1 > end - 1 && $1 <= end { n++ } END { exit !n }' /tmp/ticks
check "and none after deadline and grace" awk -v end="$end" '{ last = $1 } END { exit !(end > 0 && last < end + 3) }' /tmp/ticks
tenure history --json | jq -r '.items[] | "\(.seq) \(.event) \(.text)"' >/run/check.out
shows "expire counts what ended" 'expire .*[0-9]+ processes ended, 0 survived'
check "the journal's chain is intact" sh -c 'tenure history --json | jq -e ".intact"'
tenure history | sed "s/^/# /"
