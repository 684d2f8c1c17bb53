# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2154
# The story of quickstart, told on real terminals: sourced inside the sandbox, where the host is up.

printf '%11s %3d s\n' ok $(($(date +%s) - sandbox_start))
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
say() { stdbuf -oL sed 's/^/  /'; }

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
need {root@db1}
send "setsid sleep 1000 & echo \$! \$\$ > /tmp/pids\r"
need {this session was closed}
need {alice@db1:~\$ $}
send "sudo id\r"
need {alice@db1:~\$ $}
log_user 0
send "stty -g > /tmp/stty.after\r"
need {alice@db1:~\$ $}
send "exit\r"
expect eof
X
TERM=dumb expect -f /run/alice.exp 2>&1 | stdbuf -oL tr '\r' '\n' | stdbuf -oL grep -avE '^(waiting .*| *)$' | say
wait_for history_has expire
echo

read -r setsid_pid shell_pid </tmp/pids
proof=ok
not_running "$shell_pid" || proof="the shell lives"
not_running "$setsid_pid" || proof="the setsid child lives"
cmp -s /tmp/stty.before /tmp/stty.after || proof="the terminal changed"
tenure history --json | jq -e 'any(.items[]; .event == "expire")' >/dev/null || proof="no expire in the journal"
printf '4 proof     %-66s %s\n' "shell gone, setsid child gone, terminal sane, grant ended" "$proof"
tenure history --json >/run/history.json
printf '5 trail     %s entries, chain %s:\n' "$(jq '.items | length' /run/history.json)" \
	"$(jq -r 'if .intact then "intact" else "BROKEN" end' /run/history.json)"
tenure history | say
[ "$proof" = ok ] || exit 1
