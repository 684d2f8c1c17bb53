#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a decision costs, by the size of the directory. In a folder of its own.
set -eu
build=${TENURE_BUILD:-$PWD}
if [ "${1-}" = -B ]; then
	build=$2
	shift 2
fi
[ $# -gt 0 ] || set -- 1000 100000
make -s -C "$build" tests/bench/bench_decide
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/var/lib/tenure/tenants/bench"
for users; do
	echo
	echo "$users users; $(uname -m), $(nproc) processors, Linux $(uname -r)"
	TENURE_TEST_ROOT=$work "$build/tests/bench/bench_decide" "$users"
done
