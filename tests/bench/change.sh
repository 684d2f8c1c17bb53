#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# One change in a directory, until the host answers by it. Below /tmp, on its real disk; needs no root.
set -eu
build=${TENURE_BUILD:-$PWD}
if [ "${1-}" = -B ]; then
	build=$2
	shift 2
fi
[ $# -gt 0 ] || set -- 1000 100000
make -s -C "$build" tests/bench/bench_change
for users; do
	echo
	echo "$(uname -m), $(nproc) processors, Linux $(uname -r)"
	"$build/tests/bench/bench_change" "$users"
done
