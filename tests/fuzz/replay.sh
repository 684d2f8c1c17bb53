#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Gives each fuzz target that was built its seeds. A target without seeds is an error.
set -eu
seeds="${srcdir:-.}/tests/fuzz/seeds"
replayed=0
for target in tests/fuzz/fuzz_*; do
	case "$target" in
	*.o | *.c | *.log | *.trs) continue ;;
	esac
	[ -x "$target" ] || continue
	name=${target#tests/fuzz/fuzz_}
	echo "$name"
	"$target" "$seeds/$name"
	replayed=$((replayed + 1))
done
[ "$replayed" -gt 0 ]
