# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# What every e2e script stands on: a host with tenant contoso from a file, sshd, sudo, tenured in the foreground.
# Users: alice, carol, dave, erin, mallory of the tenant (password "secret"), bob a local account mapped to a
# principal, luser a local account that no tenant knows, rescue for break glass.
# A script prints "ok NAME", "not ok NAME: WHY" or "skip NAME: WHY" for each thing it shows.

password=secret
sshd_log=/run/sshd.log
tenured_log=/run/tenured.log

ok() { echo "ok $1"; }
not_ok() { echo "not ok $1: ${2:-}"; }
# check NAME COMMAND...: ok if the command succeeds
check()
{
	local name=$1
	shift
	if "$@" >/run/check.out 2>&1; then ok "$name"; else not_ok "$name" "$(tail -n 3 /run/check.out | tr '\n' ' ')"; fi
}
# expect_status NAME WANTED COMMAND...; the output stays in /run/check.out
expect_status()
{
	local name=$1 want=$2 got=0
	shift 2
	"$@" >/run/check.out 2>&1 || got=$?
	if [ "$got" = "$want" ]; then ok "$name"; else not_ok "$name" "status $got, not $want: $(tail -n 4 /run/check.out | tr '\n' ' ')"; fi
}
# shows NAME PATTERN: the last output has the pattern (extended regular expression)
shows() { if grep -qE -- "$2" /run/check.out; then ok "$1"; else not_ok "$1" "no '$2' in: $(tr '\n' '|' </run/check.out | cut -c1-300)"; fi; }
shows_not() { if grep -qE -- "$2" /run/check.out; then not_ok "$1" "'$2' in: $(tr '\n' '|' </run/check.out | cut -c1-300)"; else ok "$1"; fi; }
# wait_for COMMAND...: polls for up to 30 s
wait_for()
{
	for _ in $(seq 600); do
		if "$@" >/dev/null 2>&1; then return 0; fi
		sleep 0.05
	done
	return 1
}

host_prepare()
{
	local u hash key
	useradd -m -s /bin/bash bob && echo "bob:$password" | chpasswd
	useradd -m -s /bin/bash luser && echo "luser:$password" | chpasswd
	useradd -m -s /bin/bash rescue && echo "rescue:$password" | chpasswd
	useradd -r -m -d /var/lib/postgresql -s /bin/bash postgres
	[ -s /etc/machine-id ] || head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n' >/etc/machine-id
	mkdir -p /root/.ssh /etc/tenure/tenants.d /etc/tenure/directory.d
	[ -e /root/.ssh/id ] || ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id
	hash=$(mkpasswd -m yescrypt -R 5 "$password")
	key=$(cut -d' ' -f1,2 /root/.ssh/id.pub)
	cp /tests/e2e/fixture/tenure.conf /etc/tenure/tenure.conf
	cp /tests/e2e/fixture/contoso.tenant.conf /etc/tenure/tenants.d/contoso.conf
	sed -e "s#@HASH@#$hash#" -e "s#@KEY@#$key#" -e "s#@HOST@#$(tenure check --host-id)#" \
		/tests/e2e/fixture/contoso.directory.conf >/etc/tenure/directory.d/contoso.conf
	chmod 600 /etc/tenure/directory.d/contoso.conf
	for u in bob luser rescue; do
		install -d -m 700 -o $u -g $u /home/$u/.ssh
		install -m 600 -o $u -g $u /root/.ssh/id.pub /home/$u/.ssh/authorized_keys
	done
	for u in alice:1900000001 carol:1900000003 dave:1900000004 erin:1900000005 mallory:1900000006; do
		install -d -m 755 /home/contoso.com
		install -d -m 700 -o "${u#*:}" -g "${u#*:}" "/home/contoso.com/${u%:*}"
	done
	sshd_prepare
}

sshd_prepare()
{
	mkdir -p /root/.ssh /run/sshd
	[ -e /root/.ssh/id ] || ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id
	[ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
	cat >/etc/ssh/sshd_config <<-'S'
		Port 22
		ListenAddress 127.0.0.1
		HostKey /etc/ssh/ssh_host_ed25519_key
		UsePAM yes
		PasswordAuthentication yes
		KbdInteractiveAuthentication no
		LogLevel VERBOSE
		AuthorizedKeysCommand /usr/bin/tenure ssh-keys %u
		AuthorizedKeysCommandUser root
		Subsystem sftp /usr/lib/openssh/sftp-server
		PrintMotd no
	S
}

start_tenured()
{
	setsid /usr/sbin/tenured >>"$tenured_log" 2>&1 </dev/null &
	tenured_pid=$!
	wait_for tenure_answers || { echo "tenured did not start:"; cat "$tenured_log"; exit 99; }
}
# wait_long COMMAND...: the same for up to 90 s
wait_long()
{
	for _ in $(seq 900); do
		if "$@" >/dev/null 2>&1; then return 0; fi
		sleep 0.1
	done
	return 1
}
tenure_answers() { [ -S /run/tenure/tenured.sock ] && tenure sessions --json; }
stop_tenured() # [SIGNAL]
{
	kill "-${1:-TERM}" "$tenured_pid"
	wait_for not_running "$tenured_pid"
}
not_running() { ! kill -0 "$1" 2>/dev/null || [ "$(ps -o stat= -p "$1" | cut -c1)" = Z ]; }
start_sshd()
{
	/usr/sbin/sshd -E "$sshd_log"
	wait_for ssh_answers || { echo "sshd did not start:"; cat "$sshd_log"; exit 99; }
}
ssh_answers() { ss -ltn | grep -q '127.0.0.1:22 '; }
# A log of what goes to syslog: nobody else reads /dev/log in a bed. By one process: with one for each message, socat loses
# count when there are many, and whoever logs waits for it.
start_syslog()
{
	socat -u UNIX-RECV:/dev/log,mode=666 OPEN:/run/syslog,creat,append &
	wait_for test -S /dev/log
}

ssh_options=(-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=10)
# as USER COMMAND...: over ssh, by key, no terminal
as()
{
	local user=$1
	shift
	ssh "${ssh_options[@]}" -i /root/.ssh/id -o BatchMode=yes "$user@localhost" "$@" </dev/null
}
# by_password USER PASSWORD COMMAND...
by_password()
{
	local user=$1 word=$2
	shift 2
	sshpass -p "$word" ssh "${ssh_options[@]}" -o PubkeyAuthentication=no -o PreferredAuthentications=password \
		-o NumberOfPasswordPrompts=1 "$user@localhost" "$@"
}
# on_terminal USER COMMAND: over ssh with a terminal, by expect; answers "assword" prompts; output without CRs.
on_terminal()
{
	expect -f - -- "$1" "$2" "$password" <<-'X' | stdbuf -oL tr -d '\r'
		set timeout 60
		set user [lindex $argv 0]; set command [lindex $argv 1]; set word [lindex $argv 2]
		spawn -noecho ssh -tt -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -i /root/.ssh/id $user@localhost $command
		expect {
			-re {assword[^\r\n]*: ?$} { send -- "$word\r"; exp_continue }
			timeout { puts "expect: timeout"; exit 98 }
			eof
		}
		lassign [wait] pid spawn_id os status
		exit $status
	X
	return "${PIPESTATUS[0]}"
}
# PID WORD: the memory of the process does not hold it; where it does is said
memory_lacks()
{
	perl - "$@" <<-'P'
		my ($pid, $word) = @ARGV;
		open my $maps, '<', "/proc/$pid/maps" or die; open my $mem, '<:raw', "/proc/$pid/mem" or die;
		my $found = 0;
		while (<$maps>) {
			my ($from, $to, $mode) = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/ or next;
			next if $mode !~ /^r/ || /vvar|vsyscall/;
			($from, $to) = (hex $from, hex $to);
			sysseek $mem, $from, 0 or next;
			sysread $mem, my $data, $to - $from or next;
			next if index($data, $word) < 0;
			$found++;
			print;
		}
		exit($found ? 1 : 0);
	P
}
history_has() { tenure history --json | jq -e --arg e "$1" 'any(.items[]; .event == $e)'; }

# What tests change in the directory, wherever it is.
directory=/etc/tenure/directory.d/contoso.conf
account_disable() { sed -i "s/name = \"$1\";/& enabled = false;/" $directory; } # USER
account_enable() { sed -i "s/name = \"$1\"; enabled = false;/name = \"$1\";/" $directory; }
# Nobody is eligible for quick-root any more, and the operators are again.
quick_root_take()
{
	cp $directory /run/directory.good
	grep -v 'eligible.*quick-root' /run/directory.good >/run/directory.less
	install -m 600 /run/directory.less $directory
}
quick_root_give() { install -m 600 /run/directory.good $directory; }
# A role with which somebody may log in who may not else.
visitor_add() # USER
{
	sed -i -e 's/^roles = (/&\n  { name = "visitor"; title = "Visitor"; actions = [ "login", "group:adm", "group:shadow" ];\n    activation = { max_duration = "1h"; justification = false; step_up = false; approvals = 0; }; },/' \
		-e "s/^assignments = (/&\n  { type = \"eligible\"; role = \"visitor\"; user = \"$1\"; scope = \"\/\"; },/" $directory
}
assignment_add() # TYPE ROLE USER SCOPE
{
	sed -i "s|^assignments = (|&\n  { type = \"$1\"; role = \"$2\"; user = \"$3\"; scope = \"$4\"; },|" $directory
}
assignment_remove() { sed -i "/type = \"$1\"; role = \"$2\"; user = \"$3\"/d" $directory; } # TYPE ROLE USER
password_set() # USER WORD
{
	local hash
	hash=$(mkpasswd -m yescrypt -R 5 "$2")
	sed -i "/name = \"$1\"/s|password = \"[^\"]*\"|password = \"$hash\"|" $directory
}
# USER goes, and somebody else comes with the name and the uid.
user_replace() { sed -i "s/name = \"$1\";/& id = \"11111111-2222-4333-8444-555555555555\";/" $directory; }

host_up()
{
	host_prepare
	start_syslog
	start_tenured
	start_sshd
}

# The same tests with the tenant in a directory in LDAP: a script of tests/ldap says so.
if [ "${TENURE_E2E_SOURCE:-file}" = ldap ] && [ -z "${e2e_of_ldap:-}" ]; then
	e2e_of_ldap=1
	eval "file_$(declare -f host_prepare)"
	eval "file_$(declare -f start_tenured)"
	# In a shell of its own: the names of that suite mean other things here.
	tenant_into_ldap()
	(
		cp /etc/tenure/tenure.conf /run/tenure.conf.of-file
		# shellcheck source=tests/ldap/lib.sh
		. /tests/ldap/lib.sh
		e2e_tenant_up && cp /run/tenure.conf.of-file /etc/tenure/tenure.conf
	)
	# shellcheck disable=SC2031  # that subshell has a password of its own
	as_admin() { local c=$1; shift; "$c" -x -H ldapi:/// -D cn=admin,dc=contoso,dc=com -w "$password" "$@"; } # COMMAND ARGUMENT...
	directory_change() { printf '%s\n' "$@" | as_admin ldapmodify >/dev/null; } # LINE...
	account_enabled() # USER TRUE|FALSE
	{
		directory_change "dn: uid=$1,ou=people,dc=contoso,dc=com" 'changetype: modify' 'replace: tenureEnabled' "tenureEnabled: $2"
	}
	account_disable() { account_enabled "$1" FALSE; }
	account_enable() { account_enabled "$1" TRUE; }
	entry_of_assignment() # NAME TYPE ROLE PRINCIPAL SCOPE
	{
		directory_change "dn: cn=$1,ou=assignments,ou=tenure,dc=contoso,dc=com" 'changetype: add' 'objectClass: tenureRoleAssignment' \
			"cn: $1" "tenureAssignmentType: $2" "tenureRole: $3" "tenurePrincipal: $4,dc=contoso,dc=com" "tenureScopePath: $5"
	}
	eligible_add() { entry_of_assignment "$1" eligible "$2" "$3" "$4"; } # NAME ROLE PRINCIPAL SCOPE
	assignment_add() { entry_of_assignment "$1-$2-$3" "$1" "$2" "uid=$3,ou=people" "$4"; }
	assignment_remove() { directory_change "dn: cn=$1-$2-$3,ou=assignments,ou=tenure,dc=contoso,dc=com" 'changetype: delete'; }
	password_set()
	{
		directory_change "dn: uid=$1,ou=people,dc=contoso,dc=com" 'changetype: modify' 'replace: userPassword' \
			"userPassword: {CRYPT}$(mkpasswd -m yescrypt -R 5 "$2")"
	}
	user_replace()
	{
		local dn="uid=$1,ou=people,dc=contoso,dc=com"
		as_admin ldapsearch -LLL -o ldif_wrap=no -b "$dn" -s base >/run/replaced &&
			directory_change "dn: $dn" 'changetype: delete' && as_admin ldapadd -f /run/replaced >/dev/null
	}
	quick_root_take() { directory_change 'dn: cn=op-quick-root,ou=assignments,ou=tenure,dc=contoso,dc=com' 'changetype: delete'; }
	quick_root_give() { eligible_add op-quick-root quick-root cn=operators,ou=groups /prod/hr/web; }
	visitor_add()
	{
		directory_change 'dn: cn=visitor,ou=roles,ou=tenure,dc=contoso,dc=com' 'changetype: add' 'objectClass: tenureRoleDefinition' \
			'cn: visitor' 'tenureTitle: Visitor' 'tenureAction: login' 'tenureAction: group:adm' 'tenureAction: group:shadow' \
			'tenureMaxDuration: 1h' 'tenureJustificationRequired: FALSE' 'tenureStepUpRequired: FALSE' 'tenureApprovals: 0' &&
			eligible_add visitor visitor "uid=$1,ou=people" /
	}
	host_prepare()
	{
		file_host_prepare
		if ! tenant_into_ldap >/run/ldap.up 2>&1; then
			echo "the tenant did not come up in LDAP:"
			tail /run/ldap.up
			exit 99
		fi
	}
	start_tenured()
	{
		file_start_tenured
		wait_for getent passwd alice || { echo "nothing came from LDAP:"; tenure status; exit 99; }
	}
fi
