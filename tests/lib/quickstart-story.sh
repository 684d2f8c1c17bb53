# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# The story of quickstart, told on real terminals: sourced inside the sandbox, where the host is up.

printf '%4s %4d s\n' ok $(($(date +%s) - sandbox_start))
if [ "$mode" = shell ]; then
	cat <<-'U'

		You are root on db1, a throwaway host. Tenant users: alice (may have db-operator),
		carol (approves), dave (quick-root, nobody asked), erin (standing root); password: secret
		  ssh -i ~/.ssh/id alice@localhost     tenure check     getent group become-root
		Ctrl-D ends it all.

	U
	cd /root && PS1='root@db1:\w# ' bash --norc -i
	exit 0
fi
# On 80 columns, indented by two.
say() { stdbuf -oL fold -s -w 78 | stdbuf -oL sed '/./s/^/  /'; }

printf '3 story     alice may have db-operator, carol approves, for 20 seconds\n\n'
cat >/run/carol.sh <<'C'
. /tests/e2e/lib.sh
id=$(tenure history --json | jq -r '[.items[] | select(.event == "request")][-1].id')
echo
echo "carol@db1:~\$ tenure approve ${id%-*} --reason \"seen\""
on_terminal carol "tenure approve ${id%-*} --reason seen" | grep -v '^Connection to '
echo
C
cat >/run/alice.exp <<'X'
set timeout 60
log_user 0
# Several lines: expect takes a braced argument of one line for a pattern.
proc need {pattern} {
	expect {
		-re $pattern {}
		timeout { puts "expect: no $pattern"; exit 98 }
		eof { puts "expect: closed before $pattern"; exit 97 }
	}
}
# What is typed while sudo still has the terminal may be lost: ask until the shell that we wait for answers.
proc settle {} {
	set timeout 2
	for {set i 0} {$i < 30} {incr i} {
		send "echo back-\"$i\"\r"
		expect -re "back-$i\\s+alice@db1:~\\$ $" { return }
	}
	puts "expect: no shell came back"
	exit 96
}
spawn -noecho ssh -tt -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i /root/.ssh/id alice@localhost
need {\$ $}
send "stty -g > /tmp/stty.before\r"
need {before\s.*\$ $}
send "PS1='alice@db1:~$ '\r"
need {'\s.*alice@db1:~\$ $}
send_user "alice@db1:~$ "
log_user 1
send "sudo id\r"
need {alice@db1:~\$ $}
send "tenure request db-operator --for 20s --reason \"show it\" --wait\r"
need {assword[^\r\n]*: ?$}
send "secret\r"
need {waits for}
need {waiting}
puts [exec bash /run/carol.sh]
need {You hold}
need {alice@db1:~\$ $}
send "sudo -i\r"
need {assword[^\r\n]*: ?$}
send "secret\r"
need {root@db1:~# $}
log_user 0
send "echo \$\$ > /tmp/shell.pid\r"
need {root@db1:~# $}
log_user 1
send "setsid sleep 1000 &\r"
need {root@db1:~# $}
exec bash -c ". /tests/e2e/lib.sh; wait_for pgrep -f '^sleep 1000$' && pgrep -f '^sleep 1000$' > /tmp/setsid.pid"
need {this session was closed[^\r\n]*[\r\n]}
log_user 0
settle
send_user "alice@db1:~$ "
log_user 1
send "sudo id\r"
need {alice@db1:~\$ $}
log_user 0
send "stty -g > /tmp/stty.after\r"
need {alice@db1:~\$ $}
send "exit\r"
expect eof
X
TERM=dumb expect -f /run/alice.exp 2>&1 | stdbuf -oL tr '\r' '\n' |
	stdbuf -oL sed -E 's/^((alice|root)@db1:~[$#] )+/\1/' |
	stdbuf -oL grep -avE '^(waiting .*|\[1\].*|(alice|root)@db1:~[$#] | *)$' |
	stdbuf -oL sed -E 's/^(alice@db1:~\$ (tenure|sudo -i)|carol@db1|Approved by)/\n&/' | say
wait_for history_has expire
echo

proof=ok
if [ ! -s /tmp/shell.pid ] || ! not_running "$(cat /tmp/shell.pid)"; then proof="the shell lives"; fi
if [ ! -s /tmp/setsid.pid ] || ! not_running "$(cat /tmp/setsid.pid)"; then proof="the setsid child lives"; fi
cmp -s /tmp/stty.before /tmp/stty.after || proof="the terminal changed"
tenure history --json | jq -e 'any(.items[]; .event == "expire")' >/dev/null || proof="no expire in the journal"
if [ "$proof" = ok ]; then printf '4 proof     %-57s%4s\n' "shell gone, setsid child gone, terminal sane, grant ended" ok
else printf '4 proof     %-57s%11s\n' "$proof" FAILED; fi
tenure history --json >/run/history.json
printf '5 trail     %s entries, chain %s:\n' "$(jq '.items | length' /run/history.json)" \
	"$(jq -r 'if .intact then "intact" else "BROKEN" end' /run/history.json)"
COLUMNS=78 tenure history | say
[ "$proof" = ok ] || exit 1
