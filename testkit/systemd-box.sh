#!/bin/bash
# Starts systemd in a machine of its own, which is this one copied on write: nothing it does reaches a file, a process or a network
# outside. Its /tmp, /run, /var/tmp and /dev are new and empty; no service of this machine is started in it.
#
#   systemd-box.sh PROGRAM_ROOT EMPTY_DIR CGROUP2_MOUNT
#
# The program stands in it at /srv/openclaw, read-only. When the process that was started dies, everything inside does.
set -eu
program=$1
place=$2

if [ "${3:-}" != inside ]; then
  group=$3/openclaw-box-$$
  mkdir "$group"
  echo $$ >"$group/cgroup.procs"
  exec unshare --mount --propagation private --uts --ipc --net --pid --fork --cgroup --kill-child -- bash "$0" "$program" "$place" inside
fi

mount -t tmpfs -o size=2g tmpfs "$place"
mkdir "$place/changed" "$place/work" "$place/root"
root=$place/root
mount -t overlay -o "lowerdir=/,upperdir=$place/changed,workdir=$place/work" overlay "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
for folder in tmp run var/tmp dev; do mount -t tmpfs -o mode=755 tmpfs "$root/$folder"; done
chmod 1777 "$root/tmp" "$root/var/tmp"
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for device in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "$root/dev/${device%:*}" c 1 "${device#*:}"; done
mknod -m 666 "$root/dev/tty" c 5 0
# Tunables are the whole kernel's: closed while systemd begins. Whoever starts the box opens the view of them after.
mount --bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mkdir -p "$root/srv/openclaw"
mount --bind "$program" "$root/srv/openclaw"
mount -o remount,bind,ro "$root/srv/openclaw"

find "$root/etc/systemd" -name '*.wants' -prune -exec rm -r {} +
for unit in udevd udev-trigger sysctl modules-load timesyncd hwdb-update random-seed pstore networkd resolved; do
  ln -sf /dev/null "$root/etc/systemd/system/systemd-$unit.service"
done
: >"$root/etc/machine-id"
mkdir "$root/run/before"
cd "$root"
pivot_root . run/before
umount -l /run/before
exec setpriv --bounding-set=-sys_module,-sys_rawio,-sys_time,-syslog,-mac_admin,-mac_override \
  env -i container=openclaw-box PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=basic.target --show-status=no
