# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Logins over real sshd: by right, by key and by password, by a grant alone, and when the broker is away.
# shellcheck disable=SC1091
. /tests/e2e/lib.sh
host_prepare
directory=/etc/tenure/directory.d/contoso.conf
# visitor is the only way in for mallory; dave's account is disabled
sed -i -e 's/^roles = (/&\n  { name = "visitor"; title = "Visitor"; actions = [ "login", "group:adm", "group:shadow" ];\n    activation = { max_duration = "1h"; justification = false; step_up = false; approvals = 0; }; },/' \
	-e 's/^assignments = (/&\n  { type = "eligible"; role = "visitor"; user = "mallory"; scope = "\/"; },/' \
	-e '/name = "dave"/s/name = "dave";/& enabled = false;/' $directory
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
sed -i '/name = "mallory"/s/name = "mallory";/& enabled = false;/' $directory
disabled() { ! as mallory true; }
check "a disabled account is out as soon as the directory says so" wait_for disabled
check "and nothing of hers runs" wait_for sh -c '! pgrep -u 1900000006'
