# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# The inside of quickstart: build, host, story, proof, trail. Argument: story, shell or install.
set -u
mode=$1

# 80 columns: 69 for the step, 11 for how it went.
step() { printf '%-11s %-57s' "$1" "$2"; step_start=$SECONDS; }
done_step() { printf '%4s %4d s\n' ok $((SECONDS - step_start)); }
broken() { printf '%11s\n' FAILED; tail -n 40 "$1"; exit 1; }

step "1 build" "tenure, libpam-tenure, libnss-tenure"
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
packages="build-essential dpkg-dev fakeroot openssh-server openssh-client sudo expect socat jq whois sshpass iproute2
	procps psmisc"
missing=
for p in $packages; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing="$missing $p"
done
if [ -n "$missing" ] || ! dpkg-checkbuilddeps /src/debian/control 2>/dev/null; then
	# shellcheck disable=SC2086
	{ apt-get update -q && apt-get install -y -q --no-install-recommends $missing &&
		apt-get build-dep -y -q --no-install-recommends /src; } >/tmp/apt.log 2>&1 || broken /tmp/apt.log
fi
mkdir -p /tmp/build
{ (cd /src && tar -c --exclude=.git --exclude=autom4te.cache .) | tar -x -C /tmp/build -f - &&
	cd /tmp/build && make -s distclean >/dev/null 2>&1
	cd /tmp/build && DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=$(nproc)" dpkg-buildpackage -us -uc -b; } >/tmp/build.log 2>&1 ||
	broken /tmp/build.log
done_step
if [ "$mode" = install ]; then
	cp /tmp/tenure_*.deb /tmp/libpam-tenure_*.deb /tmp/libnss-tenure_*.deb /out/
	exit 0
fi

step "2 sandbox" "host db1: sshd, sudo, tenured, tenant contoso from a file"
sandbox_start=$(date +%s)
ln -sfn /src/tests /tests
cd /
dpkg -i /tmp/tenure_*.deb /tmp/libpam-tenure_*.deb /tmp/libnss-tenure_*.deb >/tmp/install.log 2>&1 || broken /tmp/install.log
for u in alice bob carol dave erin mallory luser rescue postgres; do userdel -r "$u" >/dev/null 2>&1; done
cat >/run/inside <<'I'
mode=$1
ip link set lo up
. /tests/e2e/lib.sh
trap 'printf "%11s\n" FAILED; tail -n 40 /run/host.log' EXIT
host_up >/run/host.log 2>&1
trap - EXIT
. /tests/lib/quickstart-story.sh
I
export mode sandbox_start
: >/run/host.log
unshare --net bash -u /run/inside "$mode"
