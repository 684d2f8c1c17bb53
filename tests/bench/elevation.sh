#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The elevation path on a throwaway host, with the real broker and the real sudo, ms: the request for a role that needs
# no approval, sudo under the grant, and sudo under pam_permit beside it; then the end of many sessions at once.
set -eu
build=${TENURE_BUILD:-$PWD}
here=$(cd "$(dirname "$0")/.." && pwd)
if [ "${1-}" = -B ]; then
	build=$2
	shift 2
fi
[ "$(id -u)" = 0 ] || { echo "skip elevation: needs root"; exit 77; }
unshare --mount --pid --net true 2>/dev/null || { echo "skip elevation: no namespaces"; exit 77; }
command -v mmdebstrap >/dev/null || { echo "skip elevation: needs mmdebstrap"; exit 77; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make -s -C "$build" install DESTDIR="$work/inst" >/dev/null 2>&1
cp "$here/../debian/pam-config" "$here/../debian/pam-config-session" "$work/inst/"
BED_BIND="$here:/tests $work/inst:/inst" "$here/lib/bed.sh" "$("$here/lib/root.sh")" "$here/bench/elevation-bed.sh" \
	"${TENURE_BENCH_ROUNDS:-20}"
