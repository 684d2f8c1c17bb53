#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Mutants of the decision core: each comparison, connective, truth value, verdict and reason is turned, one at a time,
# and the unit tests must notice. Short by default (every 12th mutant); `all` tries
# each (`all FILE...` those of these files); `list` prints them; a number tries that one.
# What cannot be noticed is named in mutate-decide.equivalent, with its reason.
set -u
cd "${TENURE_SOURCE:-$(dirname "$0")/../..}" || exit 1
what=${1:-short}
[ $# -eq 0 ] || shift
only=$*
step=12
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
cc=${CC:-gcc}
flags=(-std=gnu17 -D_GNU_SOURCE -O0 -w -I.)
tests="decide decide_manage decide_guest activation trace decide_random windows hostile"
sources="common/decide/decide.c common/decide/find.c common/decide/denies.c common/decide/manage.c common/decide/rights.c
	common/decide/activation.c common/decide/rows.c common/decide/guest.c"

# FILE LINE COLUMN FROM TO, one a line. Comments, declarations and the trace's words are left alone.
mutants()
{
	for f in $sources; do
		perl -ne '
			next if m{^\s*(/?\*|#|//)} || /^(static |int |bool |struct |enum |typedef )/;
			my $line = $_; $line =~ s{/\*.*?\*/}{ " " x length($&) }ge; $line =~ s{"[^"]*"}{ "\"" . "." x (length($&) - 2) . "\"" }ge;
			my @rules = (["==", "!="], ["!=", "=="], ["<=", "<"], [">=", ">"], [" < ", " <= "], [" > ", " >= "],
				["&&", "||"], ["||", "&&"], ["VERDICT_DENY", "VERDICT_ALLOW"], ["VERDICT_ALLOW", "VERDICT_DENY"],
				["true", "false"], ["false", "true"], ["return 0;", "return 1;"], ["return 1;", "return 0;"],
				["WHY_NONE", "WHY_CEILING"], ["continue;", "break;"], ["-EACCES", "0"], ["-EBADMSG", "0"],
				["-ENOENT", "0"], [" & ~", " & "]);
			for my $rule (@rules) {
				my ($from, $to) = @$rule;
				my $at = 0;
				while (($at = index($line, $from, $at)) >= 0) {
					my $after = substr($line, $at + length($from), 1);
					print "'"$f"'\t$.\t$at\t$from\t$to\n" unless ($from eq "<=" or $from eq ">=") and $after eq "=";
					$at += length($from);
				}
			}
			while ($line =~ /!(?=[a-z(])/g) { print "'"$f"'\t$.\t", pos($line) - 1, "\t!\t\n"; }
		' "$f"
	done
}

compile() # SOURCE OBJECT
{
	"$cc" "${flags[@]}" -c "$1" -o "$2"
}

prepare()
{
	local f
	for f in common/base/{buffer,clock,safe_file,secret,text,uuid,id}.c common/model/*.c common/decide/trace.c \
		common/snapshot/{delta,policy,policy_check,policy_delta,policy_record,policy_seal,policy_write,policy_compile,policy_reach,policy_lists,policy_tables,image,map,table}.c \
		tests/lib/test_paths.c tests/unit/{world,world_random,fake_holders,oracle,oracle_reach,decide_example,everything}.c; do
		compile "$f" "$work/$(basename "$f").base.o" || return 1
	done
	(cd "$work" && ar rcs base.a ./*.base.o) || return 1
	for f in $sources; do
		compile "$f" "$work/$(basename "$f").o" || return 1
	done
	for f in $tests; do
		compile "tests/unit/test_$f.c" "$work/test_$f.main.o" || return 1
	done
	run_tests
}

# 0: every test passes
run_tests()
{
	local t core
	core=$(for t in $sources; do echo "$work/$(basename "$t").o"; done)
	for t in $tests; do
		# shellcheck disable=SC2086
		"$cc" "$work/test_$t.main.o" $core "$work/base.a" -lcmocka -lnettle -o "$work/test_$t" 2>"$work/link.log" || return 1
		TENURE_TEST_BRIEF=1 TENURE_TEST_ROOT=$work timeout 60 "$work/test_$t" >"$work/test.log" 2>&1 || return 1
	done
	return 0
}

is_equivalent() # FILE LINE FROM TO
{
	local text
	text=$(sed -n "$2p" "$1" | sed 's/^[[:space:]]*//')
	grep -qxF "$(basename "$1"): $text: ${3// /} -> ${4// /}" tests/lint/mutate-decide.equivalent
}

try_mutant() # FILE LINE COLUMN FROM TO
{
	local object verdict=killed
	object=$work/$(basename "$1").o
	cp "$object" "$work/good.o"
	perl -pe 'if ($. == '"$2"') { substr($_, '"$3"', '"${#4}"') = $ENV{TO} }' "$1" >"$work/mutant.c"
	if compile "$work/mutant.c" "$object" 2>/dev/null && run_tests; then verdict=survived; fi
	cp "$work/good.o" "$object"
	[ "$verdict" = killed ]
}

mutants >"$work/mutants"
total=$(wc -l <"$work/mutants")
if [ "$what" = list ]; then
	cat "$work/mutants"
	exit 0
fi
if [ "$total" -lt 200 ]; then
	echo "not ok mutants of the decision core: only $total found"
	exit 1
fi
if ! echo 'int main(void){return 0;}' | "$cc" -x c - -lcmocka -lnettle -o "$work/probe" 2>/dev/null; then
	echo "skip mutants of the decision core: no cmocka or nettle here"
	exit 77
fi
prepare || {
	echo "not ok mutants of the decision core: the tests fail without any: $(tail -n 3 "$work/test.log" "$work/link.log" 2>/dev/null | tr '\n' ' ')"
	exit 1
}
number=0 tried=0 survivors=0 equivalent=0
offset=0
while IFS=$'\t' read -r file line column from to; do
	number=$((number + 1))
	case $what in
	short) [ $((number % step)) -eq "$offset" ] || continue ;;
	all) [ -z "$only" ] || [[ " $only " == *" $(basename "$file") "* ]] || continue ;;
	*) [ "$number" -eq "$what" ] || continue ;;
	esac
	if is_equivalent "$file" "$line" "$from" "$to"; then
		equivalent=$((equivalent + 1))
		continue
	fi
	tried=$((tried + 1))
	export TO=$to
	try_mutant "$file" "$line" "$column" "$from" || {
		survivors=$((survivors + 1))
		echo "not ok mutant $number survives: $file:$line:$column '$from' -> '$to': $(sed -n "${line}p" "$file" | sed 's/^[[:space:]]*//')"
	}
done <"$work/mutants"
[ "$survivors" -eq 0 ] || exit 1
echo "ok decision core: $tried of $total mutants tried, all killed; $equivalent cannot be told from the original"
