# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Every way into sudo and su, with and without a grant: what sudoers gives to everybody here, the gate alone takes away.
# shellcheck disable=SC1091,SC2154  # lib.sh: what it sets
. /tests/e2e/lib.sh
sudoers=/etc/sudoers.d/zz-e2e # behind the package's own: sudo takes the last line that fits
sudo_lets() { printf '%s\n' 'Defaults lecture = never' "$@" >$sudoers && chmod 440 $sudoers; }
sudo_lets 'ALL ALL=(ALL:ALL) ALL'
host_up
# shellcheck disable=SC2154  # lib.sh has it
echo "root:$password" | chpasswd
postgres_uid=$(id -u postgres)

refused() # NAME USER COMMAND: over ssh without a terminal; the line stands there once
{
	expect_status "$1" 1 as "$2" "$3"
	if [ "$(grep -c 'Tenure: ' /run/check.out)" = 1 ]; then ok "$1: told once"; else not_ok "$1: told once" "$(tr '\n' '|' </run/check.out)"; fi
	shows_not "$1: nothing ran" 'uid=0'
}

# --- no grant -----------------------------------------------------------------------------------------------------
for options in '' '-i' '-l' '-v' '-s' '-u postgres' "-u '#0'" "-u '#$postgres_uid'" '-g adm' '-E' '-H' '-b'; do
	command="sudo $options id"
	case $options in -l | -v) command="sudo $options" ;; esac
	expect_status "T6 sudo $options without a grant" 1 on_terminal alice "$command"
	shows "T6 sudo $options: the next step" 'Tenure: sudo needs an active role; next: tenure request db-operator'
	shows_not "T6 sudo $options: no password asked for" 'assword for'
done
expect_status "T6 sudo -n without a grant" 1 as alice 'sudo -n id'

sudo_lets 'ALL ALL=(ALL:ALL) NOPASSWD: ALL'
for options in '' '-n' '-i' '-n -i' '-l' '-v' '-n -l' '-s' '-u postgres' "-u '#0'" "-u '#$postgres_uid'" '-g adm' '-k'; do
	command="sudo $options id"
	case $options in *-l | *-v) command="sudo $options" ;; esac
	refused "T6 NOPASSWD, sudo $options" alice "$command"
	shows "T6 NOPASSWD, sudo $options: the phase" 'PAM account management error: Permission denied'
done
refused "T6 NOPASSWD, sudoedit" alice 'EDITOR=true sudoedit /etc/hosts'
expect_status "T6 an unknown uid, which would open no session, is refused by sudo itself" 1 as alice "sudo -n -u '#4711' id"
shows_not "T6 an unknown uid: nothing ran" 'uid=4711'
refused "T6 a mapped local login" bob 'sudo -n id'
check "a local account that nobody maps" as luser 'sudo -n id'
check "root" sudo -n id
sudo_lets 'Defaults !pam_ruser' 'ALL ALL=(ALL:ALL) NOPASSWD: ALL'
refused "T5 !pam_ruser" alice 'sudo -n id'

# --- another's password or name is not another's grant -------------------------------------------------------------
for default in targetpw rootpw runaspw; do
	sudo_lets "Defaults $default, runas_default = erin" 'ALL ALL=(ALL:ALL) ALL'
	for target in erin root dave; do
		expect_status "T5 $default, carol as $target" 1 as carol "echo $password | sudo -S -u $target id"
		shows "T5 $default, carol as $target: by the gate" 'Tenure: sudo needs an active role'
	done
done
sudo_lets 'ALL ALL=(ALL:ALL) NOPASSWD: ALL'
check "dave takes quick-root" as dave 'tenure request quick-root --for 10m'
check "T5 and is root" as dave 'sudo -n id -u | grep -qx 0'
refused "T5 his grant is not carol's" carol 'sudo -n id'
refused "T5 nor in his name" carol "SUDO_USER=dave USER=dave LOGNAME=dave sudo -n id"

# --- a grant to another target --------------------------------------------------------------------------------------
for options in '-u postgres' "-u '#$postgres_uid'" '-g adm' '-u dave' '-u alice' '-u postgres -i'; do
	refused "T5 quick-root, sudo $options" dave "sudo -n $options id"
	shows "T5 quick-root, sudo $options: the line" 'Tenure: quick-root (does not let you become|is not for) '
	shows "T5 quick-root, sudo $options: the phase" 'pam_open_session: Permission denied'
done
refused "T5 quick-root, sudoedit -u postgres" dave 'EDITOR=true sudoedit -u postgres /etc/hosts'
for options in '' '-i' "-u '#0'" '-s' '-u root -g adm'; do
	check "T5 quick-root, sudo $options" as dave "sudo -n $options id -u | grep -qx 0"
done
check "T5 quick-root, sudo -l" as dave 'sudo -n -l'
check "T5 quick-root, sudo -v" as dave "echo $password | sudo -S -v"
check "T5 quick-root, sudoedit" as dave 'EDITOR=true sudoedit /etc/hosts'
sudo_lets 'Defaults rootpw' 'ALL ALL=(ALL:ALL) ALL'
check "T5 quick-root, rootpw" as dave "echo $password | sudo -S id -u | grep -qx 0"
sudo_lets 'ALL ALL=(ALL:ALL) NOPASSWD: ALL'
as dave 'sudo -n cat /proc/self/cgroup' >/run/check.out 2>&1
shows "T53 sudo runs in a cgroup of its own" '^0::/.*tenure\.slice/tenure-'

# --- what sudo does before it opens the session ---------------------------------------------------------------------
on_terminal dave 'tenure end' >/dev/null 2>&1
check "dave takes quick-postgres" as dave 'tenure request quick-postgres --for 10m'
echo root-only >/root/secret.txt
for command in 'sudoedit -n' 'sudo -n -e' 'sudo -n --ed' 'sudo -n sudoedit' 'sudo -n -e -p -- A=b -u postgres'; do
	# shellcheck disable=SC2086  # words
	EDITOR=true strace -f -u dave -e trace=openat,openat2,open -o /run/trace $command /root/secret.txt >/run/check.out 2>&1
	shows "T5 quick-postgres, $command: refused" 'Tenure: quick-postgres is not for root; next: tenure request quick-root'
	check "T5 quick-postgres, $command: sudo ran" grep -q '/etc/sudoers' /run/trace
	check "T5 quick-postgres, $command: the file was never read" sh -c '! grep -q secret.txt /run/trace'
done
refused "T5 quick-postgres and the group of the disks" dave 'sudo -n -u postgres -g disk id'
shows "T5 quick-postgres and the group of the disks: the line" 'Tenure: no role lets you take group disk here'
check "T5 quick-postgres with its own group" as dave 'sudo -n -u postgres -g postgres id -u'
on_terminal dave 'tenure end' >/dev/null 2>&1

# pam_unix ends the account stack for a password that is too old; whoever stood behind it would not be asked.
by_uid() { setpriv --reuid "$(id -u "$1")" --regid "$(id -g "$1")" --clear-groups env HOME=/tmp EDITOR=/run/plant "${@:2}"; }
# shellcheck disable=SC2016  # the script expands it
printf '#!/bin/sh\necho toor::0:0::/root:/bin/sh >>"$1"\n' >/run/plant && chmod 755 /run/plant
chage -d 2020-01-01 -M 30 bob
for command in 'sudo -n id' 'sudo -n -l' 'sudo -n -v' 'sudoedit -n /etc/passwd' 'sudo -n -e /etc/passwd'; do
	# shellcheck disable=SC2086  # words
	expect_status "T6 $command behind an aged password" 1 by_uid bob $command
	shows "T6 $command behind an aged password: by the gate" 'Tenure: sudo needs an active role'
done
check "T6 nothing was planted" sh -c '! grep -q toor /etc/passwd'
chage -d "$(date +%F)" -M 99999 bob
check "dave takes quick-root once more" as dave 'tenure request quick-root --for 10m'

# --- a ticket outlives no grant -------------------------------------------------------------------------------------
sudo_lets 'Defaults timestamp_type = global' 'ALL ALL=(ALL:ALL) ALL'
on_terminal dave 'sudo true && sudo -n true && tenure end >/dev/null; sudo -n id' >/run/check.out 2>&1
shows "T6 a valid ticket without the grant" 'Tenure: sudo needs an active role; next: tenure request'
shows_not "T6 a valid ticket: nothing ran" 'uid=0'

# --- su ---------------------------------------------------------------------------------------------------------------
for options in '' '-l' '-p'; do
	expect_status "T6 su $options without a grant" 1 on_terminal alice "su $options -c id"
	shows "T6 su $options: the line" 'Tenure: su needs an active role; next: tenure request db-operator'
	shows_not "T6 su $options: no password asked for" 'assword'
done
check "dave takes quick-root again" as dave 'tenure request quick-root --for 10m'
expect_status "su with a grant asks for root's password" 0 on_terminal dave 'su -c id'
shows "su with a grant" 'uid=0'
expect_status "su -l with a grant" 0 on_terminal dave 'su -l -c "cat /proc/self/cgroup"'
shows "T53 su runs in a cgroup of its own" '^0::/.*tenure\.slice/tenure-'
expect_status "T5 su to another target" 1 on_terminal dave 'su postgres -c id'
shows "T5 su to another target: the line" 'Tenure: quick-root is not for postgres; next: tenure request quick-postgres'
expect_status "T5 su to another user of the tenant" 1 on_terminal dave 'su carol -c id'
check "root's su is nobody's business" su alice -c true
expect_status "nor a local account's" 0 on_terminal luser 'su -c id'

# --- whatever has run out (T46) -------------------------------------------------------------------------------------
sudo_lets 'ALL ALL=(ALL:ALL) NOPASSWD: ALL'
# Between a sudo that cannot start and one that has all it needs are a few KiB in which we cannot read: hence a page a
# step. su sleeps at each denial: it gets the coarse ones.
memory() # STEPS COMMAND: under each limit of memory, then under every other
{
	# shellcheck disable=SC2016  # alice's shell expands it
	local limits='for v in STEPS; do (ulimit -v $v; COMMAND) 2>&1; done
		for n in $(seq 3 24); do (ulimit -n $n; COMMAND) 2>&1; done
		for s in 16 32 64 128 256; do (ulimit -s $s; COMMAND) 2>&1; done
		for d in 0 64 256 1024; do (ulimit -d $d; COMMAND) 2>&1; done
		for l in "-f 0" "-l 0" "-u 1" "-i 0" "-q 0" "-c 0" "-t 1"; do (ulimit $l; COMMAND) 2>&1; done; echo all of it'
	limits=${limits//STEPS/$1}
	as alice "${limits//COMMAND/$2}" >/run/check.out 2>&1
}
# shellcheck disable=SC2016  # alice's shell expands it
memory '$(seq 1000 500 5000) $(seq 5000 4 7000) $(seq 7000 200 16000) $(seq 17000 8000 120000)' 'sudo -n id'
shows "T46 sudo: every limit was tried" '^all of it$'
shows_not "T46 sudo under every limit" 'uid=0'
shows "T46 sudo: where it could not read, it says so" 'Tenure: cannot read your rights, so sudo is closed'
shows "T46 sudo: where it could, it judges" 'Tenure: sudo needs an active role'
# shellcheck disable=SC2016  # alice's shell expands it
memory '$(seq 1000 1000 20000) $(seq 22000 8000 120000)' "echo $password | su -c id"
shows "T46 su: every limit was tried" '^all of it$'
shows_not "T46 su under every limit" 'uid=0'
shows "T46 su: where it could read, it judges" 'Tenure: su needs an active role'

# --- the broker hangs -----------------------------------------------------------------------------------------------
as dave 'tenure end' >/dev/null 2>&1
check "dave takes quick-root before the broker hangs" as dave 'tenure request quick-root --for 10m'
# shellcheck disable=SC2154  # lib.sh has it
kill -STOP "$tenured_pid"
as dave 'sudo -n sleep 20' >/dev/null 2>&1 &
check "a broker that hangs holds nobody up for good" wait_for pgrep -u 0 -x sleep
check "who passed is contained all the same" grep -q 'tenure.slice/tenure-' "/proc/$(pgrep -u 0 -x sleep)/cgroup"
kill -CONT "$tenured_pid"
adopted_once() { ! ls /run/tenure/sessions/*.adopt && [ "$(tenure sessions --json | jq '.items | length')" = 1 ]; }
check "and adopted, once" wait_for adopted_once

# --- the broker is gone ---------------------------------------------------------------------------------------------
as dave 'tenure end' >/dev/null 2>&1
check "dave takes quick-root for a moment" as dave 'tenure request quick-root --for 6s'
stop_tenured KILL
check "erin, standing, logs in without the broker" as erin true
check "erin, standing, passes the gate without the broker" as erin 'sudo -n true'
check "a live grant passes the gate without the broker" as dave 'sudo -n cat /proc/self/cgroup | grep -q tenure.slice/tenure-'
as dave 'sudo -n setpriv --reuid 1900000005 --regid 1900000005 --clear-groups sudo -n cat /proc/self/cgroup' >/run/check.out 2>&1
shows "a session inside of it is contained in there" '^0::/.*tenure\.slice/tenure-[0-9a-f-]{36}(\.scope)?/tenure-[0-9a-f-]{36}'
refused "no grant, no broker" alice 'sudo -n id'
gate_is_closed() { ! as dave 'sudo -n true'; }
check "and only until its deadline" wait_for gate_is_closed
start_tenured
check "the next broker adopts what was opened meanwhile" wait_for sh -c '! ls /run/tenure/sessions/*.adopt'

# --- no cgroup to write ----------------------------------------------------------------------------------------------
check "the cgroups are closed" mount -o remount,bind,ro /sys/fs/cgroup
refused "a host that cannot end sessions opens none" erin 'sudo -n id'
shows "and says so" 'root for: tenure check'
mount -o remount,bind,rw /sys/fs/cgroup
check "until it can again" as erin 'sudo -n true'

# --- an index that nobody can read -----------------------------------------------------------------------------------
stop_tenured TERM
cp -p /var/lib/tenure/index /run/index
echo torn >/run/torn && install -m 644 /run/torn /var/lib/tenure/index
expect_status "a torn index closes the gate" 1 setpriv --reuid 1900000005 --regid 1900000005 --clear-groups sudo -n id
shows_not "nothing ran" 'uid=0'
expect_status "to whoever is not root" 1 as luser 'sudo -n id'
shows "and says so" 'Tenure: cannot read your rights, so sudo is closed; ask root for: tenure check'
check "root passes" sudo -n true
check "a local account logs in" as luser true
expect_status "a tenant's user does not" 255 as alice true
cp -p /run/index /var/lib/tenure/index
start_tenured

# --- report-only -----------------------------------------------------------------------------------------------------
: >/run/syslog
sed -i 's/mode = "enforce"/mode = "report-only"/' /etc/tenure/tenure.conf
reports() { as alice 'sudo -n id -u' | grep -qx 0; }
check "report-only lets pass" wait_for reports
check "report-only says what it would deny" grep -q 'pam_tenure(sudo:account): would-deny user=alice why=no-active-role' /run/syslog
check "report-only: a mapped local login" as bob 'sudo -n true'
check "report-only says that too" grep -q 'would-deny user=bob why=no-active-role' /run/syslog
expect_status "report-only: su asks for a password" 0 on_terminal alice 'su -c id'
expect_status "report-only does not open logins" 255 as mallory true
