# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# How tests/run counts: a line for each test, and which skips a kind of machine has a reason for.
passed=0 failed=0 skipped=0
failures=()
skips=()

pass() { passed=$((passed + 1)); echo "ok    $1"; }
fail() # NAME [LOG]
{
	failed=$((failed + 1))
	failures+=("$1")
	echo "FAIL  $1"
	[ -z "${2:-}" ] || tail -n 60 "$2" | sed 's/^/      | /'
}

# The machine must lack what the reason says, and for nothing else may anything be skipped. NAME begins with its suite.
permitted_skip() # NAME REASON
{
	case "$2" in
	*"no cgroup v2"* | *"no cgroup2 is mounted"*) [ -z "$(findmnt -n -t cgroup2 -o TARGET)" ] ;;
	*"no namespaces"*) ! unshare -mpnuf true 2>/dev/null ;;
	*"no user namespaces for users"*) ! setpriv --reuid 1900000001 --clear-groups unshare -U true 2>/dev/null ;;
	*"no audit"*) ! bash -c 'echo 1900000003 >/proc/self/loginuid' 2>/dev/null ;;
	*"no ptrace"*) ! strace -o /dev/null true 2>/dev/null ;;
	*"no seccomp filter"*) ! grep -q '^Seccomp:' /proc/self/status ;;
	# landlock_create_ruleset for its version: the number is the same everywhere
	*"no Landlock"*) ! perl -e 'exit(syscall(444, 0, 0, 1) < 1)' ;;
	*"no chroot"*) ! chroot / true 2>/dev/null ;;
	*"the sanitizer has malloc"*) case $1 in asan:*) ;; *) return 1 ;; esac ;;
	*) return 1 ;;
	esac
}
skip() # NAME REASON
{
	if permitted_skip "$1" "$2"; then
		skipped=$((skipped + 1))
		skips+=("$1: $2")
		echo "skip  $1: $2"
	else
		echo "      | skipped without a permitted reason: $2"
		fail "$1"
	fi
}

# Reads "ok NAME", "not ok NAME: WHY", "skip NAME: WHY" lines of a script's output; an exit status counts as a test.
count_lines() # SUITE LOG STATUS
{
	local line name seen=0
	while IFS= read -r line; do
		case $line in
		"ok "*) seen=1; pass "$1: ${line#ok }" ;;
		"not ok "*) seen=1; fail "$1: ${line#not ok }" ;;
		"skip "*)
			seen=1
			name=${line#skip }
			skip "$1: ${name%%: *}" "${name#*: }"
			;;
		esac
	done <"$2"
	if [ "$3" != 0 ] || [ $seen = 0 ]; then fail "$1: ended with status $3" "$2"; fi
}

# What a cmocka program left out: NAME TAB REASON; the reason is the line before "[  SKIPPED ] NAME".
skipped_within() # LOG
{
	awk '/^\[ RUN / { inside = 1; why = ""; next }
		/^\[  SKIPPED \] / && inside { print substr($0, 14) "\t" (why == "" ? "it says no reason" : why); inside = 0; next }
		/^\[/ { inside = 0; next }
		{ why = $0; sub(/^skipped: /, "", why) }' "$1"
}

# The sum of an automake run: a line for each program, and for each test that one left out; its log where it failed.
count_trs() # SUITE DIR
{
	local trs name result test why
	while IFS= read -r trs; do
		name=${trs#"$2"/}
		name=${name%.trs}
		result=$(sed -n 's/^:test-result: *//p' "$trs" | head -n 1)
		case $result in
		PASS*)
			pass "$1: $name"
			while IFS=$'\t' read -r test why; do
				skip "$1: $name: $test" "$why"
			done < <(skipped_within "${trs%.trs}.log")
			;;
		SKIP*) skip "$1: $name" "$(grep -v '^SKIP ' "${trs%.trs}.log" | tail -n 1)" ;;
		*) fail "$1: $name" "${trs%.trs}.log" ;;
		esac
	done < <(find "$2" -name '*.trs' | sort)
}

# The last lines, and the exit status. "No test ran" fails.
sum_up()
{
	local s
	for s in "${skips[@]+"${skips[@]}"}"; do echo "skipped: $s"; done
	for s in "${failures[@]+"${failures[@]}"}"; do echo "failed:  $s"; done
	if [ $((passed + failed)) = 0 ]; then echo "tests/run: no test ran" >&2; failed=1; fi
	echo "$passed passed, $failed failed, $skipped skipped"
	[ $failed = 0 ]
}
