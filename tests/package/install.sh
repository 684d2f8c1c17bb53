# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# On a fresh Debian: install changes nothing for anybody, removal restores the files byte for byte, upgrade keeps
# sessions, purge leaves nothing.
. /tests/e2e/lib.sh

watched=(/etc/nsswitch.conf /etc/pam.d/common-account /etc/pam.d/common-auth /etc/pam.d/common-password
	/etc/pam.d/common-session /etc/pam.d/common-session-noninteractive)
state() { sha256sum "${watched[@]}"; }
useradd -m -s /bin/bash admin && echo "admin:$password" | chpasswd && usermod -aG sudo admin
before=$(state)

check "the packages install" sh -c 'dpkg -i /debs/*_*.deb'
check "configured, nothing half done" sh -c '[ -z "$(dpkg --audit)" ]'
check "nsswitch.conf names the module" grep -qE '^passwd:.*\btenure\b' /etc/nsswitch.conf
check "common-auth has it before pam_unix" sh -c \
	'[ "$(grep -nE "^auth.*pam_tenure" /etc/pam.d/common-auth | cut -d: -f1)" -lt "$(grep -nE "^auth.*pam_unix" /etc/pam.d/common-auth | cut -d: -f1)" ]'
check "common-session has it behind pam_systemd" sh -c \
	'[ "$(grep -nE "^session.*pam_tenure" /etc/pam.d/common-session | cut -d: -f1)" -gt "$(grep -nE "^session.*pam_systemd" /etc/pam.d/common-session | cut -d: -f1)" ]'
check "tenure-sync has an account of its own" sh -c \
	'getent passwd _tenure-sync | awk -F: "{ exit !(\$3 > 0 && \$3 < 1000 && \$4 > 0 && \$7 ~ /nologin/) }"'
check "and a group without members" sh -c '[ "$(getent group _tenure-sync | cut -d: -f4)" = "" ]'
check "sudoers are sound" visudo -c
check "sudoers.d/tenure is 0440" sh -c '[ "$(stat -c %a /etc/sudoers.d/tenure)" = 440 ]'
check "a lookup is answered as before" getent passwd admin
expect_status "an unknown name is unknown" 2 getent passwd nobody-of-that-name
check "an unmapped sudoer goes on with the password" su admin -c "echo $password | sudo -S -p '' true"
check "root becomes anybody" su - admin -c true
check "the manuals are there" sh -c 'dpkg -L tenure libpam-tenure libnss-tenure | grep -c "/man/man[158]/.*\.gz" | grep -qE "^(7|8)$"'

# an upgrade: the same contents under a higher version
mkdir /tmp/new
for deb in /debs/*_*.deb; do
	case $deb in *dbgsym*) continue ;; esac
	dpkg-deb -R "$deb" /tmp/new/x
	sed -i 's/^Version: \(.*\)$/Version: \1+up1/; s/(= \([^)]*\))/(= \1+up1)/' /tmp/new/x/DEBIAN/control
	dpkg-deb -b /tmp/new/x "/tmp/new/$(basename "$deb")" >/dev/null
	rm -rf /tmp/new/x
done
host_prepare
start_tenured
check "a tenant's user is known" getent passwd alice
# dave's root shell is open while the packages are exchanged
dave() { setpriv --reuid 1900000004 --regid 1900000004 --clear-groups "$@"; }
echo "root:$password" | chpasswd
check "dave holds a grant" dave tenure request quick-root --for 10m
echo "$password" | dave su -c 'echo $$ >/run/root.pid; exec sleep 1000' root >/run/su.out 2>&1 &
check "dave's session is open" wait_for test -s /run/root.pid
cgroup_of() { sed -n 's/^0:://p' "/proc/$1/cgroup"; }
before_upgrade=$(cgroup_of "$(cat /run/root.pid)")
check "upgrade" sh -c 'dpkg -i /tmp/new/*.deb'
check "upgrade keeps the session" test -d "/proc/$(cat /run/root.pid)"
check "upgrade keeps it contained" sh -c "case '$before_upgrade' in */tenure-*) [ '$before_upgrade' = '$(cgroup_of "$(cat /run/root.pid)")' ] ;; *) false ;; esac"
check "upgrade keeps the grant" sh -c 'getent group become-root | grep -q dave'
stop_tenured
start_tenured
check "the new broker takes the session on" sh -c 'tenure sessions --json | jq -e ".items | length == 1"'
check "and ends it" dave tenure end
check "dave's root shell is gone" wait_for not_running "$(cat /run/root.pid)"
check "a tenant's user is still known" getent passwd alice
# A process that lives on: bash expands ~NAME by getpwnam in its own process. seen NAME PATTERN: what that one says.
coproc living { while read -r name; do eval "echo ~$name"; done; }
# shellcheck disable=SC2053,SC2153,SC2154  # coproc sets living; the answer is held against a pattern
seen() { echo "$1" >&"${living[1]}" && read -r -t 10 answer <&"${living[0]}" && [[ $answer == $2 ]]; }
check "a process that lives on knows the user" seen alice "/home/*"
check "the new version is in" sh -c 'dpkg-query -W -f "\${Version}" tenure | grep -q up1'
stop_tenured

check "removal" dpkg -r libpam-tenure libnss-tenure tenure
if [ "$before" = "$(state)" ]; then ok "removal restores nsswitch.conf and common-* byte for byte"
else not_ok "removal restores nsswitch.conf and common-*" "$(diff <(echo "$before") <(state) | tr '\n' ' ')"; fi
expect_status "a tenant's user is unknown again" 2 getent passwd alice
check "nor does a process that lived through it know it" seen alice "~alice"
check "an unmapped sudoer goes on" su admin -c "echo $password | sudo -S -p '' true"
check "installed again" sh -c 'dpkg -i /tmp/new/*.deb'
check "nobody is known before the broker starts" seen alice "~alice"
sed -i 's/^users = (/&\n  { name = "newcomer"; uid = 1900000099; },/' /etc/tenure/directory.d/contoso.conf
start_tenured
check "the process that lived through it knows the new user" seen newcomer "/home/*"
stop_tenured
check "removal again" dpkg -r libpam-tenure libnss-tenure tenure
check "and forgets it again" seen newcomer "~newcomer"
rm -rf /etc/tenure
check "purge" dpkg -P libpam-tenure libnss-tenure tenure
check "purge leaves nothing" sh -c '! ls -d /var/lib/tenure /run/tenure /etc/sudoers.d/tenure /etc/pam.d/tenure 2>/dev/null'
check "the account stays, so that its number is nobody else's" getent passwd _tenure-sync
