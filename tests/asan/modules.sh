# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# The modules under AddressSanitizer and UBSan inside the real sshd, sudo and su; the sanitizer's reports are looked for.
. /tests/e2e/lib.sh
host_prepare
libasan=$(find /usr/lib -name 'libasan.so.*' -type f -o -name 'libasan.so.*' -type l | head -n 1)
multiarch=$(dirname "$(find /usr/lib -name libnss_tenure.so.2)")
mkdir -p /run/asan && chmod 1777 /run/asan
export ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0:log_path=/run/asan/report UBSAN_OPTIONS=log_path=/run/asan/report:print_stacktrace=1
echo "SetEnv ASAN_OPTIONS=$ASAN_OPTIONS" >>/etc/ssh/sshd_config
echo 'Defaults env_keep += "ASAN_OPTIONS UBSAN_OPTIONS"' >/etc/sudoers.d/asan
printf 'erin ALL=(ALL) NOPASSWD: ALL\n' >/etc/sudoers.d/zz-erin
chmod 440 /etc/sudoers.d/zz-erin
chmod 440 /etc/sudoers.d/asan
start_tenured
# libcrypt beside it: the sanitizer looks for crypt_r when it starts, before PAM loads the module that needs it.
printf "%s\n" "$libasan" "$(find /usr/lib -name "libcrypt.so.1" | head -n 1)" >/etc/ld.so.preload
cp -L /asan/.libs/libnss_tenure.so.2 "$multiarch/libnss_tenure.so.2"
cp -L /asan/.libs/pam_tenure.so "$multiarch/security/pam_tenure.so"
start_sshd
check "ASan: getent answers" getent passwd alice
check "ASan: enumeration" sh -c 'getent passwd | grep -q alice && getent group | grep -q dba'
check "ASan: login by key" as alice true
check "ASan: login by password" by_password alice "$password" true
expect_status "ASan: a wrong password" 255 by_password alice wrong true
expect_status "ASan: no right to log in" 255 as mallory true
expect_status "ASan: sudo refused" 1 on_terminal alice 'sudo id'
shows "ASan: with its one line" 'Tenure: sudo needs an active role'
check "ASan: sudo of a standing role" as erin 'sudo -n id'
expect_status "ASan: another target is refused" 1 as erin 'sudo -n -u postgres id'
check "ASan: a grant, a sudo, an end" on_terminal dave 'tenure request quick-root --for 30s && sudo true && tenure end'
check "ASan: su by root" su - alice -c true
sleep 1
if compgen -G '/run/asan/report*' >/dev/null; then
	not_ok "ASan: no report" "$(head -n 20 /run/asan/report* | tr '\n' '|' | cut -c1-1500)"
else
	ok "ASan: no report"
fi
