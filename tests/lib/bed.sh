#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# bed.sh LOWER[:LOWER...] SCRIPT [ARGUMENT...]
#
# Runs SCRIPT as root in a throwaway host: an overlay of the folders LOWER (the first on top) in mount, pid, net, uts,
# ipc and cgroup namespaces of its own, with /dev, /proc, a cgroup v2 tree and a loopback interface. All of it is gone
# when SCRIPT ends, and so is every process it started.
#
#   BED_BIND="SRC:DST ..."    read-only binds        BED_BINDRW="SRC:DST ..."  writable ones
#   BED_NAME=db1              host name              BED_UPPER=DIR             keep what was written there
#   BED_CGROUP=no             no writable cgroup v2 in the bed
#   BED_STDIN=1               leave standard input as it is (a shell to play in)
#   BED_NET=host              keep the network (to install packages)
#
# LOWER may be "/": an overlay of the running system, nothing of which is written to.
set -eu

bed_lower=$1
bed_script=$(realpath "$2")
shift 2
bed_dir=$(mktemp -d "${TMPDIR:-/tmp}/tenure-bed.XXXXXX")
cgroup_mount=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
bed_cgroup=
if [ -n "$cgroup_mount" ] && [ "${BED_CGROUP:-yes}" = yes ]; then
	bed_cgroup=$cgroup_mount/${bed_dir##*/}
	mkdir "$bed_cgroup" 2>/dev/null || bed_cgroup=
fi

# shellcheck disable=SC2317  # called by the trap
bed_clean()
{
	if [ -n "$bed_cgroup" ]; then
		[ ! -e "$bed_cgroup/cgroup.kill" ] || echo 1 >"$bed_cgroup/cgroup.kill" 2>/dev/null || true
		for _ in $(seq 50); do
			find "$bed_cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null || true
			[ -e "$bed_cgroup" ] || break
			sleep 0.1
		done
	fi
	rmdir "$bed_dir" 2>/dev/null || true
}
trap bed_clean EXIT

export bed_lower bed_script bed_dir bed_cgroup
export BED_BIND=${BED_BIND:-} BED_BINDRW=${BED_BINDRW:-} BED_NAME=${BED_NAME:-db1} BED_UPPER=${BED_UPPER:-} BED_NET=${BED_NET:-}

# shellcheck disable=SC2016,SC2089  # the inner shells expand these
bed_outer='
	[ -z "$bed_cgroup" ] || echo $BASHPID >"$bed_cgroup/cgroup.procs"
	net=--net
	[ "$BED_NET" != host ] || net=
	exec unshare --mount --pid $net --uts --ipc --cgroup --fork --kill-child --propagation private \
		bash -eu -c "$bed_inner" bed "$@"
'
# shellcheck disable=SC2016,SC2089
bed_inner='
	mount -t tmpfs tmpfs "$bed_dir"
	mkdir "$bed_dir/u" "$bed_dir/w" "$bed_dir/m"
	upper=$bed_dir/u work=$bed_dir/w
	if [ -n "$BED_UPPER" ]; then
		mkdir -p "$BED_UPPER" "$BED_UPPER.work"
		upper=$BED_UPPER work=$BED_UPPER.work
	fi
	mount -t overlay overlay -o "lowerdir=$bed_lower,upperdir=$upper,workdir=$work" "$bed_dir/m"
	m=$bed_dir/m
	for d in usr var etc opt; do # parts of "/" that are mounts of their own
		[ "$bed_lower" = / ] && mountpoint -q "/$d" || continue
		mkdir -p "$bed_dir/$d.u" "$bed_dir/$d.w"
		mount -t overlay overlay -o "lowerdir=/$d,upperdir=$bed_dir/$d.u,workdir=$bed_dir/$d.w" "$m/$d"
	done
	mount -t proc -o nosuid,nodev,noexec proc "$m/proc"
	mount -t sysfs -o nosuid,nodev,noexec,ro sysfs "$m/sys"
	if [ -n "$bed_cgroup" ]; then
		mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 "$m/sys/fs/cgroup"
	else
		mount -t tmpfs -o ro none "$m/sys/fs/cgroup"
	fi
	mount -t tmpfs -o mode=755,size=64m dev "$m/dev"
	for d in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$m/dev/${d%:*}" c 1 "${d#*:}"; done
	mknod -m 666 "$m/dev/tty" c 5 0
	mkdir "$m/dev/pts" "$m/dev/shm"
	mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$m/dev/pts"
	ln -s pts/ptmx "$m/dev/ptmx"
	mount -t tmpfs -o mode=1777 shm "$m/dev/shm"
	ln -s /proc/self/fd "$m/dev/fd"
	for n in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${n%:*}" "$m/dev/${n#*:}"; done
	mount -t tmpfs -o mode=755 run "$m/run"
	mount -t tmpfs -o mode=1777 tmp "$m/tmp"
	mkdir -p "$m/run/sshd" "$m/run/lock"
	for b in $BED_BIND; do
		if [ -d "${b%%:*}" ]; then mkdir -p "$m${b#*:}"; else mkdir -p "$m$(dirname "${b#*:}")"; touch "$m${b#*:}"; fi
		mount --bind "${b%%:*}" "$m${b#*:}"
		mount -o remount,bind,ro "$m${b#*:}"
	done
	for b in $BED_BINDRW; do mkdir -p "$m${b#*:}"; mount --bind "${b%%:*}" "$m${b#*:}"; done
	cp "$bed_script" "$m/run/bed-script"
	hostname "$BED_NAME"
	rm -f "$m/etc/hosts" "$m/etc/hostname"
	echo "127.0.0.1 localhost $BED_NAME" >"$m/etc/hosts"
	echo "$BED_NAME" >"$m/etc/hostname"
	[ "$BED_NET" = host ] || ip link set lo up
	cd "$m"
	mkdir -p .bed-old
	pivot_root . .bed-old
	umount -l /.bed-old
	rmdir /.bed-old
	export -n bed_lower bed_script bed_dir bed_cgroup bed_inner bed_outer BED_BIND BED_BINDRW BED_UPPER BED_NET
	exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM="${TERM:-dumb}" \
		TENURE_TEST_LONG="${TENURE_TEST_LONG:-}" ORACLE_SEED="${ORACLE_SEED:-}" \
		LANG=C.UTF-8 BED_NAME="$BED_NAME" DEBIAN_FRONTEND=noninteractive /bin/bash /run/bed-script "$@"
'
# shellcheck disable=SC2090
export bed_inner
if [ -z "${BED_STDIN:-}" ]; then exec </dev/null; fi
status=0
bash -eu -c "$bed_outer" bed "$@" || status=$?
exit $status
