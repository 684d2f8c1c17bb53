#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The decision core is pure: it can neither open, read a clock, allocate, log, resolve a name (T11) nor look at its
# environment, since it calls nothing but what is listed here.
set -eu
archive=.libs/libdecide.a
[ -e "$archive" ] || archive=libdecide.a
own=$(nm --defined-only "$archive" | awk 'NF == 3 { print $3 }' | sort -u)
called=$(nm --undefined-only "$archive" | awk 'NF == 2 { print $2 }' | sort -u)
bad=
for name in $called; do
	case $name in
	policy_* | holders_of_principal) continue ;;
	window_holds | window_left_ns | time_format_rfc3339 | scope_covers | scope_path_is_valid) continue ;;
	request_id_format | right_format) continue ;;
	strcmp | strlen | strnlen | memcpy | memset | snprintf) continue ;;
	__*_chk | __stack_chk_fail | _GLOBAL_OFFSET_TABLE_) continue ;;
	__asan_* | __ubsan_* | __sanitizer_* | __gcov_* | __sancov_* | __start_* | __stop_*) continue ;;
	esac
	printf '%s\n' "$own" | grep -qx "$name" || bad="$bad $name"
done
if [ -n "$bad" ]; then
	echo "T11: the decision core calls$bad"
	exit 1
fi
echo "T11: the decision core calls nothing that could resolve, open, wait or allocate"
