#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The tarball has every file of the tree: who has it alone can build, test, package and run quickstart.
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
if ! make -s -C "$TENURE_BUILD" distdir distdir="$work/dist" >"$work/log" 2>&1; then
	echo "not ok the tarball's folder can be made: $(tail -n 3 "$work/log" | tr '\n' ' ')"
	exit 0
fi
# autoreconf makes the second line anew; git alone reads .gitignore.
find . -type f ! -path './.git/*' ! -name '.gitignore' \
	! -path './autom4te.cache/*' ! -path './build-aux/*' ! -path './m4/*' ! -name 'configure~' ! -name 'config.h.in~' |
	sort >"$work/tree"
missing=$(while IFS= read -r f; do [ -e "$work/dist/$f" ] || echo "${f#./}"; done <"$work/tree")
if [ -z "$missing" ]; then echo "ok the tarball has every file of the tree ($(wc -l <"$work/tree"))"
else echo "not ok the tarball has every file of the tree: not $(tr '\n' ' ' <<<"$missing" | cut -c1-600)"; fi
missing=$(while IFS= read -r f; do [ ! -x "$f" ] || [ -x "$work/dist/$f" ] || echo "${f#./}"; done <"$work/tree")
if [ -z "$missing" ]; then echo "ok and what runs there runs here"; else echo "not ok and what runs there runs here: not $missing"; fi
