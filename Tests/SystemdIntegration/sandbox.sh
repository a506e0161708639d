# sandbox_tests: what the running daemon is refused, asked of the daemon itself (call-in.c), and of
# another process of its user, to see that it is the sandbox that refuses.

sandbox_tests() {
    local daemon free landlock
    landlock=$(python3 -c 'import ctypes; print(ctypes.CDLL(None).syscall(444, None, 0, 1))')
    if [ "$(uname -m)" != x86_64 ] || ! tool; then
        skip "$title: what the daemon is refused" "it needs gcc and an x86_64"
        return
    fi
    restart_with 'idle-exit = "10min"'
    daemon=$(property MainPID)
    # A shell that waits for its user's input: a plain process of the same user.
    mkfifo --mode=0600 "$work/$kind.wait" && chown "$user" "$work/$kind.wait"
    as "$user" env -C / sh -c 'echo $$; read -r _ <>"$0"' "$work/$kind.wait" >"$work/$kind.pid" &
    within 5 test -s "$work/$kind.pid"
    free=$(cat "$work/$kind.pid")
    call_tests
    program_tests
    file_tests
    mount_tests
    namespace_tests
    same "$title: after all that the daemon answers" '"sessions": []' \
        "$(call "$control" io.profilerd.Control.List --claim "$uid" 2>&1 |
            grep -o '"sessions": \[\]')"
    if [ "$kind" = user ]; then no_namespace_tests; fi
    kill -KILL "$free"
    wait 2>/dev/null
    restart_with 'idle-exit = "2s"'
}

# Another configuration, and a daemon that has read it.
restart_with() {
    echo "$1" >/etc/profilerd/profilerd.toml
    manager stop "$service" 2>/dev/null
    call "$control" org.varlink.service.GetInfo --claim "$uid" >/dev/null
}

tool() { [ -x "$work/call-in" ] || gcc -O1 -o "$work/call-in" "$here/call-in.c"; }
in_daemon() { "$work/call-in" "$daemon" "$@" 2>&1; }
in_free() { "$work/call-in" "$free" "$@" 2>&1; }
# The number of an open file or the address of a mapping is "done".
outcome() { "$@" | sed 's/^[0-9-]*$/done/'; }

# refused WHAT ELSEWHERE HERE SYSCALL ARGUMENT...: what the call comes to in a plain process of the
# user, and in the daemon.
refused() {
    local what=$1 elsewhere=$2 here=$3
    shift 3
    same "$title: $what: $elsewhere elsewhere, $here in the daemon" "$elsewhere $here" \
        "$(outcome in_free "$@") $(outcome in_daemon "$@")"
}

# A filter answers before the arguments are looked at, so that bad ones tell it from the kernel.
call_tests() {
    refused "perf_event_open" EFAULT EPERM perf_event_open 0 0 -1 -1 0
    refused "ptrace" ESRCH EPERM ptrace 16 2147483647 0 0
    refused "process_vm_readv" EINVAL EPERM process_vm_readv 2147483647 0 0 0 0 1
    refused "an internet socket" done EAFNOSUPPORT socket 2 1 0
    refused "an internet socket, IPv6" done EAFNOSUPPORT socket 10 2 0
    refused "a netlink socket" done EAFNOSUPPORT socket 16 3 0
    refused "io_uring" EFAULT EPERM io_uring_setup 1 0
    refused "another's namespace" EBADF EPERM setns -1 0
    refused "keys" done EPERM keyctl 0 -4 1
    refused "its own uid anew" done EPERM setuid "$uid"
    refused "a file that gives its user's rights away" ENOENT EPERM chmod s:/nowhere 04755
    refused "a mount" EFAULT EPERM mount 0 0 0 0 0
    refused "the clock" EINVAL EPERM clock_settime 99 0
    refused "another personality" done EPERM personality 0x0040000
    refused "memory that is written and executed" done EPERM mmap 0 4096 7 0x22 -1 0
    if [ "$landlock" -ge 6 ]; then
        refused "a signal to another process of its user" done EPERM kill "$free" 0
    else
        skip "$title: a signal to another process of its user" "Landlock is older than Linux 6.12"
    fi
}

program_tests() {
    local number
    refused "the program of a descriptor that is none" EBADF EPERM execveat -1 s: 0 0 0x1000
    same "$title: it executes no shell" EPERM "$(in_daemon execve s:/bin/sh 0 0)"
    same "$title: not even itself" EPERM "$(in_daemon execve s:/usr/bin/profilerd 0 0)"
    number=$(in_daemon memfd_create s:program 0)
    cat /bin/true >"/proc/$daemon/fd/$number"
    same "$title: nor what is in memory" EPERM "$(in_daemon execveat "$number" s: 0 0 0x1000)"
    in_daemon close "$number" >/dev/null
    opened "a program mapped as code" /bin/sh done EPERM mmap 0 4096 5 2 NUMBER 0
    opened "its own program mapped as code" /usr/bin/profilerd done EPERM mmap 0 4096 5 2 NUMBER 0
}

# opened WHAT PATH ELSEWHERE HERE SYSCALL ARGUMENT...: as refused, for a call with NUMBER, a
# descriptor of the file.
opened() {
    local what=$1 path=$2 elsewhere=$3 here=$4 process number result=
    shift 4
    for process in in_free in_daemon; do
        number=$($process open "s:$path" 0)
        result+=" $(outcome $process "${@/NUMBER/$number}")"
        $process close "$number" >/dev/null
    done
    same "$title: $what: $elsewhere elsewhere, $here in the daemon" " $elsewhere $here" "$result"
}

file_tests() {
    local home
    home=$(getent passwd "$user" | cut -d: -f6)
    refused "a file in /tmp that others see" done ENOENT open "s:$work/$kind.pid" 0
    if [ "$kind" = user ] || [ "$landlock" -ge 1 ]; then
        refused "another process' memory" done EACCES open "s:/proc/$free/mem" 2
        refused "another process' mappings" done EACCES open "s:/proc/$free/maps" 0
    else
        skip "$title: another process' memory" "this kernel has no Landlock"
    fi
    if [ "$kind" = user ]; then
        echo secret >"$home/secret" && chown "$user" "$home/secret"
        refused "a file of its user's home" done ENOENT open "s:$home/secret" 0
        connects "the user's bus" "/run/user/$uid/bus" ENOENT
        connects "the user's manager" "/run/user/$uid/systemd/private" ENOENT
    fi
    connects "the machine's bus" /run/dbus/system_bus_socket EACCES
    same "$title: the overflow uid can be read" "$(cat /proc/sys/kernel/overflowuid)" \
        "$(cat "/proc/$daemon/root/proc/sys/kernel/overflowuid" 2>&1)"
}

connects() {
    local what=$1 path=$2 here=$3 process number result=
    for process in in_free in_daemon; do
        number=$($process socket 1 1 0)
        result+=" $($process connect "$number" "u:$path" 110)"
        $process close "$number" >/dev/null
    done
    same "$title: $what: connected elsewhere, $here in the daemon" " 0 $here" "$result"
}

# Where the daemon can make a file, and what it can then do with it; and what root, whom file modes
# do not hold, can execute there: there the mounts decide.
mount_tests() {
    local state directory number writable= code= programs= expected
    state=/var/lib/profilerd/$uid
    [ "$kind" = user ] && state=$(getent passwd "$user" | cut -d: -f6)/.local/state/profilerd
    for directory in / /boot /dev /dev/mqueue /dev/shm /etc /home /opt /proc /root /run /run/lock \
        "/run/user/$uid" /srv /sys /sys/fs/cgroup /tmp /usr /usr/bin /var /var/lib /var/lib/profilerd \
        /var/tmp "$(getent passwd "$user" | cut -d: -f6)" "$repository" "$state"; do
        number=$(in_daemon open "s:$directory/new" 0xc2 0600)
        [[ $number =~ ^[0-9]+$ ]] || continue
        writable+=" $directory"
        [ "$(outcome in_daemon mmap 0 4096 5 2 "$number" 0)" = EPERM ] || code+=" $directory"
        in_daemon close "$number" >/dev/null
        in_daemon unlink "s:$directory/new" >/dev/null
    done
    # A user's daemon has three empty directories in place of the homes, in memory. The queues are
    # those of its own IPC namespace.
    expected=" /dev/mqueue /tmp /var/tmp $state"
    [ "$kind" = user ] &&
        expected=" /dev/mqueue /home /root /run/user/$uid /tmp /var/tmp ${state%%/.*} $state"
    same "$title: what it writes to" "$expected" "$writable"
    same "$title: nothing that it has written can be mapped as code" "" "$code"
    for directory in /bin/true /bin/sh /usr/lib/systemd/systemd /usr/bin/profilerctl; do
        "/proc/$daemon/root$directory" --version </dev/null >/dev/null 2>&1
        [ $? = 126 ] || programs+=" $directory"
    done
    same "$title: no program can be executed on its mounts" "" "$programs"
    check "$title: but the daemon" "/proc/$daemon/root/usr/bin/profilerd" --version
    # Root may write to files of root's: only the mounts refuse it.
    for directory in / /etc /usr/bin /usr/lib/x86_64-linux-gnu /var/lib /sys/fs/cgroup; do
        same "$title: a file of root's in $directory" "Read-only file system" \
            "$(mkdir "/proc/$daemon/root$directory/new" 2>&1 | sed 's/.*: //')"
    done
    same "$title: the kernel's tunables are read-only, its tables and logs hidden" \
        "/proc/irq /proc/kallsyms /proc/kmsg /proc/sys /sys" \
        "$(awk '$6 ~ /^ro/ { print $5 }' "/proc/$daemon/mountinfo" | sort -u |
            grep -xE '/proc/(irq|kallsyms|kmsg|sys)|/sys' | xargs)"
    same "$title: of the devices there are those without a machine behind them" \
        "full null random tty urandom zero" "$(cd "/proc/$daemon/root/dev" && for name in *; do
            [ -L "$name" ] || [ ! -c "$name" ] || echo "$name"; done | xargs)"
}

namespace_tests() {
    local name own
    # Last, for the other process has no uid afterwards.
    refused "a user namespace" done EPERM unshare 0x10000000
    own="mnt net ipc uts"
    [ "$kind" = user ] && own+=" user"
    for name in $own; do
        check "$title: a namespace of its own: $name" test \
            "$(readlink "/proc/$daemon/ns/$name")" != "$(readlink "/proc/$free/ns/$name")"
    done
    for name in pid cgroup; do
        same "$title: the namespace of all: $name" "$(readlink "/proc/$free/ns/$name")" \
            "$(readlink "/proc/$daemon/ns/$name")"
    done
    same "$title: its network is an unused loopback" "lo" \
        "$(nsenter --target "$daemon" --net ip -oneline link | cut -d: -f2 | xargs)"
    if [ "$kind" = user ]; then
        same "$title: in its user namespace there is its user alone" "$uid $uid 1" \
            "$(xargs <"/proc/$daemon/uid_map")"
    else
        # So that a denial can name who was denied.
        same "$title: the user namespace is the host's" "$(readlink /proc/1/ns/user)" \
            "$(readlink "/proc/$daemon/ns/user")"
    fi
}

# The lines that docs/sandbox.md has for machines without user namespaces.
no_namespace_tests() {
    local drop_in=/etc/systemd/user/$service.d answer
    mkdir -p "$drop_in"
    sed -n '/^```ini$/,/^```$/ { //!p }' "$repository/docs/sandbox.md" >"$drop_in/lines.conf"
    manager daemon-reload
    restart_with 'idle-exit = "10min"'
    daemon=$(property MainPID)
    same "$title: without a user namespace it runs" \
        "active $(readlink /proc/1/ns/user)" "$(property ActiveState) $(readlink "/proc/$daemon/ns/user")"
    same "$title: without a user namespace it executes nothing either" EPERM \
        "$(in_daemon execve s:/bin/sh 0 0)"
    call "$control" io.profilerd.Control.List >/dev/null 2>&1
    same "$title: without a user namespace a denial names root" 0 \
        "$(journal_field PROFILERD_CLAIMED_UID "MESSAGE_ID=$(message_id requestDenied)" \
            $(of_this_daemon))"
    rm -r "$drop_in"
    manager daemon-reload
}
