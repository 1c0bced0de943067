#!/bin/sh
# Starts one command in a world where covered directories are empty and only the listed ones can be written.
#
#   confine.sh bubblewrap ARGUMENT...
#   confine.sh uid|unshare UID GID COUNT (cover|scratch|rw|ro PATH)... COMMAND...
#
# The steps are laid in the order given, parents before what lies in them: `cover` is an empty directory that cannot be
# written, `scratch` one in memory that can, `rw` and `ro` bring back what was there. Everything else becomes read-only.
#
# The text is fixed: values are positional parameters and are never evaluated. A step that fails ends it before the command
# runs. The process that was started stays the leader of its group and ignores TERM, so that a TERM to the group reaches only
# the command, which can then end in good order; when the leader dies, everything inside is killed.
set -eu
umask 022
mode=$1
shift
[ "$mode" = inside ] || PATH=${PATH:-/usr/bin}:/usr/sbin:/usr/bin:/sbin:/bin

case $mode in
  bubblewrap)
    trap '' TERM INT HUP
    exec bwrap "$@"
    ;;
  uid)
    trap '' TERM INT HUP
    exec unshare --mount --pid --ipc --uts --fork --propagation private -- /bin/sh "$0" inside uid "$@"
    ;;
  unshare)
    trap '' TERM INT HUP
    exec unshare --user --map-root-user --mount --pid --ipc --uts --fork --propagation private -- /bin/sh "$0" inside unshare "$@"
    ;;
  inside) ;;
  *)
    echo "confine.sh: unknown mode $mode" >&2
    exit 2
    ;;
esac

# From here on in namespaces of its own, with the right to mount in them. While the covers are laid, what must stay
# reachable is held under /sys, where nobody keeps a program or a workspace.
kind=$1
uid=$2
gid=$3
steps=$4
shift 4

hold() { # KIND, then the steps
  held=$1
  shift
  at=0
  while [ "$at" -lt "$steps" ]; do
    if [ "$1" = "$held" ]; then
      if [ -d "$2" ]; then mkdir "/sys/$at"; else : >"/sys/$at"; fi
      mount -n --rbind "$2" "/sys/$at"
    fi
    at=$((at + 1))
    shift 2
  done
}

# A mount that refuses is not the end: the command itself proves what it can write before it is told anything.
make_all_read_only() {
  mounts=$(cat /proc/self/mountinfo)
  while read -r _ _ _ _ where options _; do
    case $where in /proc | /proc/* | /sys | /sys/* | /dev/pts | /dev/mqueue) continue ;; esac
    case $options in rw*) ;; *) continue ;; esac
    mount -n -o "remount,bind,ro${options#rw}" "$(printf '%b' "$where")" 2>/dev/null || :
  done <<MOUNTS
$mounts
MOUNTS
}

lay() {
  at=0
  while [ "$at" -lt "$steps" ]; do
    case $1 in
      cover)
        [ -d "$2" ] || mkdir -p "$2"
        mount -n -t tmpfs -o nosuid,nodev,mode=755,size=64k cover "$2"
        ;;
      scratch)
        [ -d "$2" ] || mkdir -p "$2"
        mount -n -t tmpfs -o nosuid,nodev,mode=1777,size=256m scratch "$2"
        ;;
      rw | ro)
        if [ -d "/sys/$at" ]; then
          [ -d "$2" ] || mkdir -p "$2"
        elif [ ! -e "$2" ]; then
          mkdir -p "${2%/*}"
          : >"$2"
        fi
        mount -n --move "/sys/$at" "$2"
        ;;
    esac
    at=$((at + 1))
    shift 2
  done
}

close_covers() {
  at=0
  while [ "$at" -lt "$steps" ]; do
    [ "$1" != cover ] || mount -n -o remount,bind,ro,nosuid,nodev "$2"
    at=$((at + 1))
    shift 2
  done
}

mount -n -t proc -o nosuid,nodev,noexec proc /proc
mount -n -t tmpfs -o mode=700,size=64k held /sys
hold rw "$@"
make_all_read_only
hold ro "$@"
lay "$@"
umount -n /sys
close_covers "$@"
shift $((steps * 2))

# The first process of the world waits for the command and for every orphan, so that none stays a zombie.
if [ "$kind" = uid ]; then
  exec setpriv --reuid "$uid" --regid "$gid" --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs \
    --pdeathsig KILL -- /bin/sh -c '"$@"; exit $?' sh "$@"
fi
# A second user namespace: it does not own these mounts, so nobody in it, or below it, can take them away.
exec unshare --user --map-user="$uid" --map-group="$gid" -- setpriv --no-new-privs --pdeathsig KILL -- /bin/sh -c '"$@"; exit $?' sh "$@"
