# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Logins over real sshd: by right, by key, by password and by questions, by a grant alone, past a module that swaps the
# user, and when the broker is away.
# shellcheck disable=SC1091
. /tests/e2e/lib.sh
host_prepare
# visitor is the only way in for mallory; dave's account is disabled
visitor_add mallory
account_disable dave
start_syslog
start_tenured
start_sshd
as_mallory() { setpriv --reuid 1900000006 --regid 1900000006 --clear-groups "$@"; }

expect_status "a disabled account is refused, key or not" 255 as dave true
# shellcheck disable=SC2154  # lib.sh has it
expect_status "the right password does not help" 255 by_password dave "$password" true
# shellcheck disable=SC2154  # lib.sh has them
expect_status "no right to log in" 255 ssh -o LogLevel=INFO "${ssh_options[@]}" -i /root/.ssh/id -o BatchMode=yes mallory@localhost true
shows "and is told why, key or not" 'Tenure: login needs visitor to be active; ask your administrator'
check "the log has it" grep -q 'pam_tenure(sshd:account): deny user=mallory why=no-login-right' /run/syslog
: >/run/syslog
expect_status "a name that nobody knows" 255 by_password hunter2 "$password" true
check "is not in our log lines" sh -c '! grep "pam_tenure" /run/syslog | grep -q hunter2'

# a login by a grant alone
check "mallory takes visitor" as_mallory tenure request visitor --for 10m
check "and logs in by key" as mallory true
check "and by password" by_password mallory "$password" true
as mallory 'id; cat /proc/self/cgroup' >/run/check.out 2>&1
shows "her session holds the group" 'groups=.*\(adm\)'
shows_not "that the host's ceiling allows, and no other" 'shadow'
shows "and has a cgroup of its own" '^0::/.*tenure\.slice/tenure-'
as mallory 'true' >/run/check.out 2>&1
expect_status "no byte more than the command's own" 0 test ! -s /run/check.out
as alice 'id; cat /proc/self/cgroup' >/run/check.out 2>&1
shows_not "a standing login is left where it is" 'tenure\.slice|\(adm\)'
as_mallory tenure end >/dev/null 2>&1
expect_status "without the grant she is out again" 255 as mallory true

# the grant's end is the session's
check "mallory takes visitor for a moment" as_mallory tenure request visitor --for 6s
as mallory 'setsid sleep 1000 & sleep 1000' >/run/session.out 2>&1 &
ssh_pid=$!
check "she is in" wait_for pgrep -u 1900000006 sleep
check "and at the end nothing of hers is" wait_for sh -c '! pgrep -u 1900000006'
check "nor her connection" wait_for not_running $ssh_pid

# keyboard-interactive: sshd asks in a process of its own, and the transaction of auth and account is gone with it
sed -e 's/^Port .*/Port 2222/' -e 's/^PasswordAuthentication .*/PasswordAuthentication no/' \
	-e 's/^KbdInteractiveAuthentication .*/KbdInteractiveAuthentication yes/' /etc/ssh/sshd_config >/etc/ssh/sshd_questions
/usr/sbin/sshd -f /etc/ssh/sshd_questions -o PidFile=none -E "$sshd_log"
check "an sshd that asks by keyboard-interactive" wait_for sh -c "ss -ltn | grep -q '127.0.0.1:2222 '"
by_questions() # USER PASSWORD COMMAND...
{
	local user=$1 word=$2
	shift 2
	sshpass -p "$word" ssh -p 2222 "${ssh_options[@]}" -o PubkeyAuthentication=no -o NumberOfPasswordPrompts=1 \
		-o PreferredAuthentications=keyboard-interactive "$user@localhost" "$@"
}
check "by questions: alice" by_questions alice "$password" true
by_questions alice "$password" 'id; cat /proc/self/cgroup' >/run/check.out 2>&1
shows "by questions: as herself" '^uid=1900000001\(alice'
shows_not "by questions: a standing login is left where it is" 'tenure\.slice|\(adm\)'
expect_status "by questions: a wrong password" 255 by_questions alice wrong true
expect_status "by questions: an empty one" 255 by_questions alice '' true
expect_status "by questions: a disabled account" 255 by_questions dave "$password" true
expect_status "by questions: a role that is not activated" 255 by_questions mallory "$password" true
check "by questions: a local account that no tenant knows" by_questions luser "$password" true
expect_status "by questions: its wrong password" 255 by_questions luser wrong true
check "mallory takes visitor, and is asked" as_mallory tenure request visitor --for 10m
by_questions mallory "$password" 'id; cat /proc/self/cgroup' >/run/check.out 2>&1
shows "by questions: a login by a grant" '^uid=1900000006\(mallory'
shows "by questions: it holds the group" 'groups=.*\(adm\)'
shows "by questions: and has a cgroup of its own" '^0::/.*tenure\.slice/tenure-'
expect_status "by questions: a grant is no password" 255 by_questions mallory wrong true

# T4: a module before ours gives the session to somebody else
cp /debs/tenure/.libs/pam_swap.so /run/pam_swap.so
cp /etc/pam.d/sshd /run/sshd.pam
fails() { ! "$@"; }
for other in luser erin root; do
	sed "0,/^@include common-session/s//session required \/run\/pam_swap.so $other\n&/" /run/sshd.pam >/etc/pam.d/sshd
	for user in alice mallory; do
		: >/run/syslog
		expect_status "T4 $user's session, swapped to $other" 254 as $user id
		shows_not "T4 $user, swapped to $other: nothing ran" 'uid='
		check "T4 $user, swapped to $other: the log has it" \
			wait_for grep -q 'pam_tenure(sshd:session): deny .*why=user-changed' /run/syslog
	done
	: >/run/syslog
	check "T4 by questions: alice's session, swapped to $other" fails by_questions alice "$password" id
	shows_not "T4 by questions: alice, swapped to $other: nothing ran" 'uid='
	check "T4 by questions: alice, swapped to $other: the log has it" \
		wait_for grep -q 'pam_tenure(sshd:session): deny .*why=user-changed' /run/syslog
done
sed "0,/^@include common-session/s//session required \/run\/pam_swap.so alice\n&/" /run/sshd.pam >/etc/pam.d/sshd
expect_status "T4 luser's session, swapped to alice" 254 as luser id
check "T4 the same user again is no swap" as alice true
install -m 644 /run/sshd.pam /etc/pam.d/sshd
check "T4 without the module alice is in" as alice true
as_mallory tenure end >/dev/null 2>&1

# the broker is away
check "mallory takes visitor once more" as_mallory tenure request visitor --for 10m
stop_tenured KILL
check "standing logins go on" as alice true
as mallory 'id; cat /proc/self/cgroup' >/run/check.out 2>&1
shows "a live grant lets in" 'uid=1900000006'
shows "contained all the same" '^0::/.*tenure\.slice/tenure-'
expect_status "who has no right stays out" 255 as dave true
check "accounts that no tenant knows log in" as luser true
start_tenured
check "the next broker knows" wait_for sh -c '! ls /run/tenure/sessions/*.adopt'

# under way, the directory says no
check "mallory logs in" as mallory true
account_disable mallory
disabled() { ! as mallory true; }
check "a disabled account is out as soon as the directory says so" wait_for disabled
check "and nothing of hers runs" wait_for sh -c '! pgrep -u 1900000006'
