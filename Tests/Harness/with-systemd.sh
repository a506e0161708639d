#!/bin/bash
# Runs a command on a real systemd: PID 1, journald, logind and user managers.
#
#   with-systemd.sh [--user NAME=UID]... COMMAND [ARGUMENT]...
#
# The command runs as root in the repository's directory. For each --user there is an account of
# that name and number whose user manager is up. The exit status is the command's, or 125, with
# the reason on standard error, where no systemd can be had.
#
# The host is left as it was. systemd gets namespaces of its own (processes, mounts, cgroups,
# host name, IPC, network), and / is an overlay whose changes are in memory: packages, accounts,
# units and files made inside are gone afterwards. /tmp, /run and /dev are new, /sys and
# /proc/sys are read-only. Only the repository is the host's, at its own path and writable.
set -euo pipefail

repository=$(cd "$(dirname "$0")/../.." && pwd -P)

cannot() { echo "with-systemd: $1" >&2; exit 125; }

users=()
while [ "${1:-}" = --user ]; do
    [[ "${2:-}" =~ ^[a-z][a-z0-9-]*=[0-9]+$ ]] || { echo "with-systemd: --user NAME=UID" >&2; exit 2; }
    users+=("$2"); shift 2
done
[ $# -gt 0 ] || { echo "usage: with-systemd.sh [--user NAME=UID]... COMMAND..." >&2; exit 2; }

[ "$(id -u)" = 0 ] || cannot "needs root, for namespaces and an overlay of /"
for tool in unshare nsenter mount pivot_root; do
    [ -n "$(type -P $tool)" ] || cannot "needs $tool (Debian: util-linux, mount)"
done
manager=
for path in /usr/lib/systemd/systemd /lib/systemd/systemd; do
    [ -x "$path" ] && manager=$path && break
done
[ -n "$manager" ] || cannot "needs systemd (Debian: systemd, libpam-systemd, dbus-user-session)"
for kind in cgroup2 tmpfs; do
    grep -qw "$kind" /proc/filesystems || cannot "needs the kernel's $kind file system"
done

# From here on in mounts of our own: what is mounted below is not seen outside.
if [ "${WITH_SYSTEMD_MOUNTS:-}" != "$(readlink /proc/self/ns/mnt)" ]; then
    arguments=()
    for user in "${users[@]}"; do arguments+=(--user "$user"); done
    exec unshare --mount --propagation private bash -c \
        'WITH_SYSTEMD_MOUNTS=$(readlink /proc/self/ns/mnt) exec "$@"' \
        bash "$0" "${arguments[@]}" "$@"
fi
unset WITH_SYSTEMD_MOUNTS

state=$(mktemp -d /var/tmp/with-systemd.XXXXXX)
hierarchy=$state/cgroups
cgroup=$hierarchy/${state##*/}
boot=

# Whatever happens: no process, no cgroup and no file is left.
clean_up() {
    trap '' INT TERM HUP
    # --kill-child takes PID 1 along, and PID 1 everything in its namespace.
    if [ -n "$boot" ]; then kill -KILL "$boot" 2>/dev/null || true; wait "$boot" 2>/dev/null || true; fi
    for _ in $(seq 50); do
        [ -d "$cgroup" ] || break
        find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null || true
        if [ -d "$cgroup" ]; then sleep 0.1; fi
    done
    umount "$hierarchy" 2>/dev/null || true
    rm -rf --one-file-system "$state"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

mkdir "$hierarchy"
mount -t cgroup2 cgroup2 "$hierarchy" || cannot "cgroup v2 cannot be mounted"
mkdir "$cgroup" || cannot "no cgroup can be made"

cat >"$state/init" <<'INIT'
#!/bin/bash
set -euo pipefail
state=$1 repository=$2 manager=$3
layers=$state/layers root=$state/layers/root
mkdir "$layers"
mount -t tmpfs -o mode=0755 tmpfs "$layers"
mkdir "$layers/changes" "$layers/work" "$root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$layers/changes,workdir=$layers/work" "$root"

mount -t proc proc "$root/proc"
mount --bind -o ro "$root/proc/sys" "$root/proc/sys"
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
if [ -d "$root/sys/kernel/tracing" ]; then
    mount -t tracefs -o ro tracefs "$root/sys/kernel/tracing" || true
fi

mount -t tmpfs -o mode=0755,dev tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    : >"$root/dev/$node"; mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s /proc/self/fd/0 "$root/dev/stdin"
ln -s /proc/self/fd/1 "$root/dev/stdout"
ln -s /proc/self/fd/2 "$root/dev/stderr"

mount -t tmpfs -o mode=0755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
# The host's journal is not ours to read.
mkdir -p "$root/var/log"
mount -t tmpfs -o mode=0755 tmpfs "$root/var/log"
mkdir -p "$root$repository" "$root/mnt"
mount --bind "$repository" "$root$repository"

ip link set lo up 2>/dev/null || true
cd "$root"
pivot_root . mnt
umount -l /mnt
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=with-systemd \
    "$manager" --system --unit=basic.target
INIT
chmod +x "$state/init"

# The shell that becomes PID 1's parent enters the cgroup first: its namespace begins there.
(
    echo "$BASHPID" >"$cgroup/cgroup.procs"
    exec unshare --mount --pid --fork --kill-child --cgroup --uts --ipc --net \
        "$state/init" "$state" "$repository" "$manager"
) >"$state/log" 2>&1 </dev/null &
boot=$!

pid=
enter() {
    # --wd would be looked up outside; the directory's path is the same inside.
    nsenter --target "$pid" --all bash -c 'cd "$1" && shift && exec "$@"' bash "$repository" "$@"
}
for _ in $(seq 300); do
    kill -0 "$boot" 2>/dev/null || break
    read -r pid _ <"/proc/$boot/task/$boot/children" 2>/dev/null || true
    if [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = systemd ]; then
        case $(enter systemctl is-system-running 2>/dev/null) in
        running | degraded) up=1; break ;;
        esac
    fi
    sleep 0.1
done
if [ -z "${up:-}" ]; then
    sed 's/^/with-systemd:   /' "$state/log" >&2
    cannot "systemd did not come up"
fi

enter systemctl start dbus.socket systemd-logind.service systemd-user-sessions.service ||
    cannot "logind did not start"
for user in "${users[@]}"; do
    name=${user%=*} uid=${user#*=}
    enter useradd --create-home --uid "$uid" --shell /bin/bash "$name" || cannot "useradd $name failed"
    enter loginctl enable-linger "$name" || cannot "loginctl enable-linger $name failed"
    for _ in $(seq 100); do
        enter test -S "/run/user/$uid/systemd/private" && break
        sleep 0.1
    done
    enter test -S "/run/user/$uid/systemd/private" || cannot "the user manager of $name did not start"
done

# In the background, because a shell that waits for a foreground command runs no trap.
status=0
enter "$@" <&0 &
wait $! || status=$?
exit "$status"
