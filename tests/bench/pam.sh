#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The account phase of the shipped PAM module beside pam_permit. In a mount namespace of its own: nothing of the
# machine's /etc, /run and /var/lib is touched.
set -eu
build=${TENURE_BUILD:-$PWD}
if [ "${1-}" = -B ]; then
	build=$2
	shift 2
fi
[ $# -gt 0 ] || set -- 1000 100000
[ "$(id -u)" = 0 ] || { echo "skip pam: needs root"; exit 77; }
unshare --mount true 2>/dev/null || { echo "skip pam: no namespaces"; exit 77; }
if [ -z "${TENURE_BENCH_INSIDE-}" ]; then
	make -s -C "$build" libnss_tenure.la pam_tenure.la tests/bench/bench_pam tests/bench/bench_pam_data
	TENURE_BENCH_INSIDE=1 TENURE_BUILD=$build exec unshare --mount --propagation private "$0" "$@"
fi
work=$(mktemp -d)
trap 'umount "$work" 2>/dev/null; rmdir "$work"' EXIT
mount -t tmpfs bench "$work"
mount -t tmpfs bench /run
mount -t tmpfs bench /var/lib
mkdir -p /run/tenure /var/lib/tenure/tenants/bench "$work/modules" "$work/pam"
cp "$build"/.libs/libnss_tenure.so.2 "$build"/.libs/pam_tenure.so "$work/modules/"
export LD_LIBRARY_PATH=$work/modules
printf 'passwd: files tenure\ngroup: files tenure\n' >"$work/nsswitch.conf"
mount --bind "$work/nsswitch.conf" /etc/nsswitch.conf
echo "account required $work/modules/pam_tenure.so" >"$work/pam/sshd"
echo "account required pam_permit.so" >"$work/pam/permit"
for users; do
	echo
	echo "$users users; $(uname -m), $(nproc) processors, Linux $(uname -r)"
	"$build/tests/bench/bench_pam_data" "$users"
	printf '%-24s %10s %10s %10s %7s %6s\n' "µs, median" tenure pam_permit "" more want
	"$build/tests/bench/bench_pam" "$work/pam" "$users" "${TENURE_BENCH_PASSES:-5000}"
done
