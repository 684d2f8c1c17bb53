#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every threat that this stage answers has a test that carries its number.
set -u
for n in $(seq 1 40) $(seq 45 51) 53; do
	if grep -rqE "(\b|_)T$n(\b|_)" tests --include='*.c' --include='*.sh' --exclude-dir=lint; then
		echo "ok T$n: $(grep -rlE "(\b|_)T$n(\b|_)" tests --include='*.c' --include='*.sh' --exclude-dir=lint | head -n 2 | tr '\n' ' ')"
	else
		echo "not ok T$n: no test carries its number"
	fi
done
