#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# House rules that a machine can see: sizes, SPDX lines, leftovers, shell and manual lint.
set -u
report() { if [ -z "$2" ]; then echo "ok $1"; else echo "not ok $1: $(tr '\n' ' ' <<<"$2" | cut -c1-600)"; fi; }
sources=$(find common nss_module pam_module daemon helper -name '*.[ch]')
tests=$(find tests -name '*.[ch]' -o -name '*.sh' -o -name run -type f)
# shellcheck disable=SC2086
report "files of at most 500 lines" "$(wc -l $sources $tests | awk '$2 != "total" && $1 > 500 { print $2 "(" $1 ")" }')"
report "an SPDX line first" "$(for f in $sources $tests; do
	sed '1{/^#!/d}' "$f" | head -n 1 | grep -q SPDX-License-Identifier || echo "$f"; done)"
report "nothing left open in the code" "$(grep -rnE '\b(TO''DO|FIX''ME|X''XX|HA''CK|not im''plemented|unim''plemented)\b' --include='*.[ch]' --include='*.sh' common nss_module pam_module daemon helper tests quickstart 2>/dev/null | head -n 5)"
report "functions of at most 60 lines" "$(echo "$sources $tests" | tr ' ' '\n' | grep '\.c$' | xargs ctags -f - --fields=+ne --kinds-c=f 2>/dev/null |
	awk -F'\t' '{ s = e = 0; for (i = 4; i <= NF; i++) { if ($i ~ /^line:/) s = substr($i, 6); if ($i ~ /^end:/) e = substr($i, 5) } if (e - s >= 60) print $2 ":" $1 "(" e - s + 1 ")" }')"
# shellcheck disable=SC2086
report "no atoi, sscanf, strcpy, system, popen, alloca" "$(grep -nE '\b(atoi|atol|strtok|sscanf|strcpy|strcat|sprintf|system|popen|alloca|gets)\(' $sources | grep -v '^[^:]*:[0-9]*:[[:space:]]*\*' | head -n 5)"
manuals=$(find . \( -path ./tests -o -path ./autom4te.cache \) -prune -o -regex '.*\.[1-9]' -print | grep -v '/\.' )
# shellcheck disable=SC2086
report "manuals are clean mdoc" "$(mandoc -T lint -W warning $manuals 2>&1 | grep -v 'referenced manual not found' | head -n 5)"
report "manuals of every program, module and format" "$(for m in tenure.1 tenured.8 pam_tenure.8 libnss_tenure.8 tenure.conf.5 tenure-directory.5 tenure-journal.5; do echo "$manuals" | grep -q "/$m\$" || echo "$m"; done)"
# shellcheck disable=SC2046
report "shell is clean" "$(shellcheck -x -P SCRIPTDIR -e SC1091,SC2016,SC2119 quickstart tests/run .ci/run $(find tests -name '*.sh') tests/bench/run \
	$(find debian -name '*.p*inst' -o -name '*.p*rm') 2>&1 | grep -E '^In |SC[0-9]+' | head -n 6)"
