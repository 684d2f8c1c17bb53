# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# With systemd as PID 1: socket activation, Restart=always, the hardened unit, upgrade with a live session, removal.
. /tests/e2e/lib.sh
host_prepare
check "the socket unit listens" systemctl start tenured.socket
check "the broker answers (socket activation)" wait_for tenure_answers
check "and says it is ready" wait_for systemctl is-active tenured.service
systemctl reset-failed ssh.service
systemctl restart ssh.service
wait_for ssh_answers

pid=$(systemctl show -P MainPID tenured.service)
kill -9 "$pid"
check "killed, it comes back by itself" wait_for sh -c "systemctl is-active tenured.service && [ \$(systemctl show -P MainPID tenured.service) != $pid ]"
check "and answers" wait_for tenure_answers
score=$(systemd-analyze security --no-pager tenured.service 2>/dev/null | tail -n 1)
echo "# $score"
check "the unit is hardened (exposure below 5)" sh -c \
	"echo '$score' | grep -oE '[0-9]+\.[0-9]' | head -n 1 | awk '{ exit !(\$1 < 5.0) }'"
check "the journal has TENURE_ fields" wait_for sh -c 'journalctl -o json -u tenured.service | grep -q TENURE_'

# a live elevated session across an upgrade
on_terminal dave 'tenure request quick-root --for 50s && sudo sh -c "echo \$\$ > /run/elevated.pid; sleep 300"' >/run/elevated.out 2>&1 &
check "an elevated session is up" wait_for test -s /run/elevated.pid
elevated=$(cat /run/elevated.pid)
check "T53 its cgroup is in tenure.slice" grep -q 'tenure.slice' "/proc/$elevated/cgroup"
mkdir /tmp/new
for deb in /debs/*_*.deb; do
	case $deb in *dbgsym*) continue ;; esac
	dpkg-deb -R "$deb" /tmp/new/x
	sed -i 's/^Version: \(.*\)$/Version: \1+up1/; s/(= \([^)]*\))/(= \1+up1)/' /tmp/new/x/DEBIAN/control
	dpkg-deb -b /tmp/new/x "/tmp/new/$(basename "$deb")" >/dev/null
	rm -rf /tmp/new/x
done
check "upgrade" sh -c 'dpkg -i /tmp/new/*.deb'
check "the session lives on" kill -0 "$elevated"
check "the new broker answers" wait_for tenure_answers
check "and has adopted the session" sh -c "wait_for() { for i in \$(seq 200); do \"\$@\" && return; sleep .1; done; return 1; }; wait_for sh -c 'tenure sessions --json | jq -e \".items | length == 1\"'"

# the end comes with the broker stopped: PID 1 fires the timer
systemctl stop tenured.service tenured.socket
check "the broker is stopped" sh -c '! systemctl is-active tenured.service'
check "the transient timer ends the session all the same" wait_long not_running "$elevated"
systemctl start tenured.socket
check "a later broker has it in the journal" wait_for history_has expire

# who removes it from inside of what it would end has the ground cut away under dpkg
on_terminal dave 'tenure request quick-root --for 1h && sudo dpkg -r libpam-tenure' >/run/check.out 2>&1
shows "removal from an elevated session is refused" 'would end this elevated session'
check "and nothing is half removed" sh -c '[ -z "$(dpkg --audit)" ] && grep -q pam_tenure /etc/pam.d/common-account'
on_terminal dave 'sudo dpkg -r libpam-tenure tenure' >/run/check.out 2>&1
shows "with the broker neither" 'would end this elevated session'
check "the broker lives" wait_for tenure_answers
expect_status "and the gate" 0 on_terminal dave 'sudo true'
as dave 'tenure end' >/dev/null 2>&1
expect_status "closed without a grant" 1 on_terminal dave 'sudo true'

# the modules alone go and come back: the broker, which stays, grants as before
check "the package of the modules goes" dpkg -r libpam-tenure
check "and comes back" sh -c 'dpkg -i /tmp/new/libpam-tenure_*.deb'
expect_status "what is granted then opens sudo" 0 on_terminal dave 'tenure request quick-root --for 1m && sudo true'
as dave 'tenure end' >/dev/null 2>&1

# any PAM MFA serves: one that counts in the home, from inside of the unit
mv /etc/pam.d/tenure /run/tenure.pam
printf '#!/bin/sh\ntouch /home/contoso.com/alice/.mfa-counter\n' >/usr/local/sbin/mfa
chmod 755 /usr/local/sbin/mfa
printf 'auth required pam_exec.so quiet /usr/local/sbin/mfa\naccount required pam_permit.so\n' >/etc/pam.d/tenure
expect_status "a step-up whose module writes to the home" 0 on_terminal alice 'tenure request db-operator --for 1h --reason mfa'
check "has written there" test -e /home/contoso.com/alice/.mfa-counter
as alice 'tenure cancel' >/dev/null 2>&1
mv /run/tenure.pam /etc/pam.d/tenure

# removal ends what is live
on_terminal dave 'tenure request quick-root --for 1h && sudo sh -c "echo \$\$ > /run/elevated.pid2; sleep 300"' >/run/elevated.out 2>&1 &
check "another elevated session is up" wait_for test -s /run/elevated.pid2
elevated=$(cat /run/elevated.pid2)
check "removal" dpkg -r libpam-tenure libnss-tenure tenure
check "removal has ended the session" not_running "$elevated"
check "and the journal says why" grep -q 'package removed' -r /var/lib/tenure/journal
check "no unit is left" sh -c '! systemctl cat tenured.service'
