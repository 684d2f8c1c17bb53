#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# boot.sh LOWER[:LOWER...] SCRIPT: boots systemd as PID 1 (systemd-nspawn, pure cgroup v2) on a throwaway overlay, runs
# SCRIPT as a unit once multi-user is up, powers off, and ends with SCRIPT's status. Its output goes to stdout.
# BED_BIND as in bed.sh. BOOT_TIMEOUT: seconds for all of it (default 300).
set -eu

bed_lower=$1
bed_script=$(realpath "$2")
bed_dir=$(mktemp -d "${TMPDIR:-/tmp}/tenure-boot.XXXXXX")
cgroup_mount=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
[ -n "$cgroup_mount" ] || { echo "skip boot: no cgroup v2"; exit 0; }
bed_cgroup=$cgroup_mount/${bed_dir##*/}
mkdir "$bed_cgroup"

# shellcheck disable=SC2317  # called by the trap
boot_clean()
{
	echo 1 >"$bed_cgroup/cgroup.kill" 2>/dev/null || true
	for _ in $(seq 50); do
		find "$bed_cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null || true
		[ -e "$bed_cgroup" ] || break
		sleep 0.1
	done
	rmdir "$bed_dir" 2>/dev/null || true
}
trap boot_clean EXIT
export bed_lower bed_script bed_dir bed_cgroup BED_BIND=${BED_BIND:-} BOOT_TIMEOUT=${BOOT_TIMEOUT:-300}

# shellcheck disable=SC2016,SC2089  # the inner shell expands it
bed_inner='
	mount -t tmpfs tmpfs "$bed_dir"
	mkdir "$bed_dir/u" "$bed_dir/w" "$bed_dir/m" "$bed_dir/out"
	mount -t overlay overlay -o "lowerdir=$bed_lower,upperdir=$bed_dir/u,workdir=$bed_dir/w" "$bed_dir/m"
	m=$bed_dir/m
	mount -t tmpfs -o mode=755 run /run
	umount -R /sys/fs/cgroup 2>/dev/null || umount -l /sys/fs/cgroup
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	cp "$bed_script" "$m/root/bed-script"
	cat >"$m/etc/systemd/system/bed-script.service" <<U
[Unit]
Description=test script
After=multi-user.target
[Service]
Type=oneshot
Environment=HOME=/root TERM=xterm LANG=C.UTF-8
ExecStart=/bin/bash -c "/bin/bash /root/bed-script >/out/log 2>&1; echo \$? >/out/status; systemctl --no-block poweroff"
U
	mkdir -p "$m/etc/systemd/system/default.target.wants"
	ln -s /etc/systemd/system/bed-script.service "$m/etc/systemd/system/default.target.wants/"
	ln -sf /lib/systemd/system/multi-user.target "$m/etc/systemd/system/default.target"
	for u in getty.target console-getty.service apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer fstrim.timer \
		dpkg-db-backup.timer; do
		ln -sf /dev/null "$m/etc/systemd/system/$u"
	done
	binds=
	for b in $BED_BIND; do binds="$binds --bind-ro=$b"; done
	timeout --foreground -k 10 "$BOOT_TIMEOUT" systemd-nspawn --quiet --register=no --keep-unit --private-network \
		--resolv-conf=off --timezone=off --link-journal=no -M db1 --bind="$bed_dir/out:/out" $binds -D "$m" -b \
		</dev/null >"$bed_dir/out/console" 2>&1 || echo "systemd-nspawn ended with $?"
	cat "$bed_dir/out/log" 2>/dev/null || tail -n 40 "$bed_dir/out/console"
	exit "$(cat "$bed_dir/out/status" 2>/dev/null || echo 99)"
'
# shellcheck disable=SC2090
export bed_inner
status=0
# shellcheck disable=SC2016,SC2089
bash -c 'echo $BASHPID >"$bed_cgroup/cgroup.procs"; exec unshare --cgroup --mount --pid --fork --kill-child --mount-proc \
	--net --ipc --uts --propagation private bash -eu -c "$bed_inner"' || status=$?
exit $status
