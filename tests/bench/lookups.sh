#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Lookups of the shipped NSS module beside their floors. In a mount namespace of its own: nothing of the machine's
# /etc, /run and /var/lib is touched.
set -eu
build=${TENURE_BUILD:-$PWD}
if [ "${1-}" = -B ]; then
	build=$2
	shift 2
fi
[ $# -gt 0 ] || set -- 1000 100000
[ "$(id -u)" = 0 ] || { echo "skip lookups: needs root"; exit 77; }
unshare --mount true 2>/dev/null || { echo "skip lookups: no namespaces"; exit 77; }
if [ -z "${TENURE_BENCH_INSIDE-}" ]; then
	make -s -C "$build" libnss_tenure.la tests/bench/libnss_noop.la tests/bench/bench_data tests/bench/bench_lookups \
		tests/bench/bench_cold
	TENURE_BENCH_INSIDE=1 TENURE_BUILD=$build exec unshare --mount --propagation private "$0" "$@"
fi
work=$(mktemp -d)
trap 'umount "$work" 2>/dev/null; rmdir "$work"' EXIT
mount -t tmpfs bench "$work"
mount -t tmpfs bench /run
mount -t tmpfs bench /var/lib
(umask 022 && mkdir -p /run/tenure /var/lib/tenure/tenants/bench "$work/modules")
cp "$build"/.libs/libnss_tenure.so.2 "$build"/tests/bench/.libs/libnss_noop.so.2 "$work/modules/"
export LD_LIBRARY_PATH=$work/modules
for module in noop tenure; do
	printf 'passwd: %s\ngroup: %s\n' $module $module >"$work/$module.conf"
done
cold() # TITLE COMMAND...
{
	title=$1
	shift
	"$build/tests/bench/bench_cold" 400 "$work/noop.conf" "$work/tenure.conf" -- "$@" |
		while read -r noop tenure ratio; do
			printf '%-24s %10s %10s %10s %7s %6s\n' "$title" "$tenure" "$noop" - "$ratio" 1.05
		done
}
for users; do
	echo
	echo "$users users; $(uname -m), $(nproc) processors, Linux $(uname -r)"
	"$build/tests/bench/bench_data" "$users"
	"$build/tests/bench/bench_lookups" "$users" "$work"
	name=$("$build/tests/bench/bench_data" name $((users - 1)))
	printf '%-24s %10s %10s %10s %7s %6s\n' "ms, a fresh process" tenure no-op "" ratio want
	cold "getent passwd NAME" getent passwd "$name"
	cold "id NAME" id "$name"
done
