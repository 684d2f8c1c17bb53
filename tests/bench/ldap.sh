#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A tenant in a real slapd on a throwaway host: load, changes, memory, files and lookups, beside ldapsearch, nslcd and sssd on
# the same slapd. A table for each number of users (1,000,000 take ten minutes, 5 GB of memory and as much of the disk).
# TENURE_BENCH_CHANGES: so many of each kind (300)
set -eu
build=${TENURE_BUILD:-$PWD}
here=$(cd "$(dirname "$0")/.." && pwd)
if [ "${1-}" = -B ]; then
	build=$2
	shift 2
fi
[ $# -gt 0 ] || set -- 1000 10000
[ "$(id -u)" = 0 ] || { echo "skip ldap: needs root"; exit 77; }
unshare --mount --pid --net true 2>/dev/null || { echo "skip ldap: no namespaces"; exit 77; }
command -v mmdebstrap >/dev/null || { echo "skip ldap: needs mmdebstrap"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
programs="bench_ldap_data bench_ldap_change bench_ldap_lookups bench_data"
for p in $programs; do make -s -C "$build" "tests/bench/$p"; done
make -s -C "$build" install DESTDIR="$work/inst" >/dev/null 2>&1
mkdir -p "$work/inst/usr/libexec/bench"
for p in $programs; do cp "$build/tests/bench/$p" "$work/inst/usr/libexec/bench/"; done
# The peers are no part of the tests' root. Where they cannot be had, that one serves.
if root=$("$here/lib/root.sh" sssd-ldap,libnss-sss,nslcd,libnss-ldapd 2>"$work/peers.log"); then
	peers="nslcd sssd"
else
	peers=
	echo "no nslcd, no sssd: $(tail -n 1 "$work/peers.log")"
	root=$("$here/lib/root.sh")
fi
for users; do
	# On a real disk, as on a host: what is measured waits for it.
	rm -rf "$work/ldap" "$work/state"
	mkdir "$work/ldap" "$work/state"
	BED_BIND="$here:/tests $here/../conf:/conf $work/inst:/inst" BED_BINDRW="$work/ldap:/var/lib/ldap $work/state:/var/lib/tenure" \
		"$here/lib/bed.sh" "$root" "$here/bench/ldap-bed.sh" "$users" "${TENURE_BENCH_CHANGES:-300}" "$peers"
done
