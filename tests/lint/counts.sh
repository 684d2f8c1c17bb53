#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/run counts right: what was skipped without a reason that this machine has is a failure.
set -u
here=$(cd "$(dirname "$0")/../lib" && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# Counts one log of that result in a shell of its own, and compares the sum.
counts() # WHAT WANTED SUITE RESULT, the log on stdin
{
	local got
	rm -rf "$work/dir"
	mkdir "$work/dir"
	cat >"$work/dir/test_x.log"
	echo ":test-result: $4" >"$work/dir/test_x.trs"
	got=$(
		# shellcheck source=tests/lib/results.sh
		. "$here/results.sh"
		count_trs "$3" "$work/dir" >/dev/null
		echo "$passed $failed $skipped"
	)
	if [ "$got" = "$2" ]; then echo "ok $1"; else echo "not ok $1: $got, not $2"; fi
}
cmocka() # REASON: what cmocka says of three tests of which one was left out
{
	echo "[==========] tests: Running 3 test(s)."
	printf '[ RUN      ] test_a\n%s\n[       OK ] test_a\n' "words of its own"
	printf '[ RUN      ] test_b\n%s[  SKIPPED ] test_b\n' "${1:+skipped: $1
}"
	printf '[ RUN      ] test_c\n[       OK ] test_c\n[==========] tests: 3 test(s) run.\n[  PASSED  ] 2 test(s).\n'
	printf '[  SKIPPED ] tests: 1 test(s), listed below:\n[  SKIPPED ] test_b\n\n 1 SKIPPED TEST(S)\n'
}
cmocka "the sanitizer has malloc" | counts "a test that may be left out is a skip" "1 0 1" asan PASS
cmocka "the sanitizer has malloc" | counts "but in the suite alone that has the reason" "1 1 0" unit PASS
cmocka "not in the mood" | counts "a test left out for no such reason fails" "1 1 0" unit PASS
cmocka "" | counts "a test left out without a word fails" "1 1 0" unit PASS
echo "skip: not in the mood" | counts "a program left out for no such reason fails" "0 1 0" unit SKIP
echo "words" | counts "a program that passes" "1 0 0" unit PASS
echo "words" | counts "a program that fails" "0 1 0" unit FAIL
if bash -c '. "$1/results.sh"; sum_up' - "$here" >/dev/null 2>&1; then echo "not ok no test at all is a failure"; else echo "ok no test at all is a failure"; fi
