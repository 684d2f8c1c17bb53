# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Inside the bed of elevation.sh. Argument: rounds.
. /tests/e2e/lib.sh
rounds=$1
tar -C /inst -c . | tar -x -C / --keep-directory-symlink
cp /pam-config /usr/share/pam-configs/tenure
cp /pam-config-session /usr/share/pam-configs/tenure-session
cp /etc/pam.d/sudo /run/sudo.before
pam-auth-update --package 2>/dev/null
sed -i -E 's/^(passwd|group):( *files)/& tenure/' /etc/nsswitch.conf
host_prepare
echo 'dave ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/zz-dave
chmod 440 /etc/sudoers.d/zz-dave
start_tenured
start_sshd

now_us() { local t=$EPOCHREALTIME; echo $((${t%.*} * 1000000 + 10#${t#*.})); }
# Median of the lines of a file of µs, in ms.
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { printf "%.1f", v[int((NR + 1) / 2)] / 1000 }'; }

cat >/run/rounds.sh <<'R'
now_us() { local t=$EPOCHREALTIME; echo $((${t%.*} * 1000000 + 10#${t#*.})); }
for _ in $(seq "$1"); do
	a=$(now_us)
	tenure request quick-root --for 1m >/dev/null 2>&1 || exit 1
	b=$(now_us)
	sudo -n true || exit 1
	c=$(now_us)
	tenure end >/dev/null 2>&1 || exit 1
	echo $((b - a)) >>/tmp/request
	echo $((c - b)) >>/tmp/sudo
	echo $((c - a)) >>/tmp/both
done
R
as dave "bash /run/rounds.sh $rounds" || { echo "the rounds failed"; exit 1; }
printf 'auth sufficient pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n' >/etc/pam.d/sudo
cat >/run/permit.sh <<'R'
now_us() { local t=$EPOCHREALTIME; echo $((${t%.*} * 1000000 + 10#${t#*.})); }
for _ in $(seq "$1"); do
	a=$(now_us)
	sudo -n true || exit 1
	echo $(($(now_us) - a)) >>/tmp/permit
done
R
as dave "bash /run/permit.sh $rounds" || { echo "sudo under pam_permit failed"; exit 1; }
cp /run/sudo.before /etc/pam.d/sudo

echo "elevation, $rounds rounds, ms, median"
printf '  %-44s %8s\n' "request, no approval, until granted" "$(median /tmp/request)"
printf '  %-44s %8s\n' "sudo true under the grant" "$(median /tmp/sudo)"
printf '  %-44s %8s\n' "sudo true under pam_permit" "$(median /tmp/permit)"
printf '  %-44s %8s   (to reach: 50)\n' "request until sudo has worked" "$(median /tmp/both)"
