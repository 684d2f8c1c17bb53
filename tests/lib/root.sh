#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# root.sh [PACKAGE,...]: prints the folder of the root file system that beds are laid over; makes it when it is not there yet.
# It is a small Debian with the real parts: systemd, sshd, sudo, cron, at, and, not started at boot, slapd, nscd and
# systemd-userdbd. Kept between runs, named after its contents.
# PACKAGE: more of them, in a root of its own.
# TENURE_TEST_CACHE: where (default /var/cache/tenure-tests)
set -eu

packages=systemd,systemd-sysv,libpam-systemd,dbus,openssh-server,openssh-client,sudo,sshpass,expect,iproute2,procps,\
strace,libasan8,libubsan1,psmisc,util-linux,socat,rsync,git,libconfig9,libjansson4,libnettle8,libseccomp2,libcap2,at,\
cron,jq,whois,acl,less,uidmap,opendoas,polkitd,pkexec,libnss-wrapper,slapd,ldap-utils,openssl,\
nscd,systemd-userdbd${1:+,$1}

cache=${TENURE_TEST_CACHE:-/var/cache/tenure-tests}
# shellcheck disable=SC1091
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-bookworm}")
key=$(printf '%s %s\n' "$suite" "$packages" | sha256sum | cut -c1-12)
root=$cache/root-$key

if [ ! -e "$root/.complete" ]; then
	sources=/etc/apt/sources.list.d/debian.sources
	[ -e "$sources" ] || sources=/etc/apt/sources.list
	mkdir -p "$cache"
	exec 9>"$cache/.lock"
	flock 9
	if [ ! -e "$root/.complete" ]; then
		rm -rf "$root"
		mmdebstrap --quiet --variant=minbase --include="$packages" \
			--aptopt='Acquire::Languages "none"' \
			--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
			--dpkgopt='path-exclude=/usr/share/doc/*' \
			"$suite" "$root" "$sources" >&2
		rm -f "$root"/etc/ssh/ssh_host_* "$root"/var/cache/apt/archives/*.deb
		: >"$root/etc/machine-id"
		for u in slapd.service nscd.service systemd-userdbd.service systemd-userdbd.socket; do
			ln -sf /dev/null "$root/etc/systemd/system/$u"
		done
		echo '127.0.0.1 localhost' >"$root/etc/hosts"
		: >"$root/etc/resolv.conf"
		touch "$root/.complete"
	fi
	flock -u 9
fi
echo "$root"
