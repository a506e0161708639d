#!/bin/bash
# What `make demo` runs after the build: a real program, a real daemon without any privilege, a
# real recording, a table of where the time went and a flame graph.
#
# As root, program and daemon run under a numeric uid of their own, which needs no account. As an
# ordinary user they run as that user, and perf_event_paranoid decides what can be seen.
set -euo pipefail
cd "$(dirname "$0")/../.."
binaries=$PWD/.build/release
output=$PWD/.build/demo
mkdir -p "$output"
seconds=${DEMO_SECONDS:-5}

run=$(mktemp -d /tmp/profilerd-demo.XXXXXX)
pids=()
finish() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait 2>/dev/null || true
    rm -rf "$run"
}
trap finish EXIT


# Call chains follow frame pointers, which swiftc leaves out and swift build does not.
swiftc -O -g -Xcc -fno-omit-frame-pointer -o "$run/server" Tests/Harness/demo/main.swift
cp "$binaries/profilerd" "$run/profilerd"
chmod 0755 "$run"

uid=$(id -u)
as=()
if [ "$uid" = 0 ]; then
    uid=61184
    while ps -o pid= -u "$uid" >/dev/null 2>&1; do uid=$((uid + 1)); done
    as=(setpriv --reuid "$uid" --regid "$uid" --clear-groups --)
fi
mkdir "$run/state"
[ "$(id -u)" != 0 ] || chown "$uid" "$run/state"

"${as[@]}" "$run/server" &
pids+=($!)
server=$!
HOME=$run/state "${as[@]}" "$run/profilerd" --listen "$run/state/control.sock" --state-directory "$run/state/recordings" &
pids+=($!)
daemon=$!
for _ in $(seq 100); do
    [ -S "$run/state/control.sock" ] && break
    sleep 0.05
done

echo
echo "A Swift server runs as uid $uid (pid $server). profilerd runs as the same uid (pid $daemon):"
grep -E '^(CapEff|NoNewPrivs)' "/proc/$daemon/status" | sed 's/^/  /'
echo "profilerctl runs as $(id -un), opens the events and hands them over. Recording ${seconds} s."
echo
"$binaries/profilerctl" record --socket "$run/state/control.sock" --pid "$server" \
    --duration "${seconds}s" --frequency 499 --output "$output/demo.recording"
for format in html pb.gz folded txt; do
    "$binaries/profilerctl" report "$output/demo.recording" --output "$output/demo.$format"
done
echo "Where the time went:"
echo
head -n 16 "$output/demo.txt"
echo
grep -m1 -q 'Checksum.update' <(sed -n 1,12p "$output/demo.txt") || {
    echo "demo: Checksum.update should be at the top of this table and is not" >&2
    exit 1
}
echo "Flame graph:  $output/demo.html"
echo "pprof:        $output/demo.pb.gz     (go tool pprof -top demo.pb.gz)"
echo "Folded:       $output/demo.folded"
