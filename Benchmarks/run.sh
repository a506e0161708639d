#!/bin/sh
# Prints the figures of profilerd: `make bench`. As root, with both programs built for release.
#
#     Benchmarks/run.sh [--rounds N] [--calls N] [--only recording|start|idle]
#
# BENCH_UID names the user whose daemon and program are measured; without it both run as a uid that
# nobody has. What is made here is gone afterwards: tracefs is mounted in a mount namespace of its
# own.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
binaries=$here/../.build/release

skip() {
	echo "bench: skipped: $*"
	exit 0
}

[ "$(id -u)" = 0 ] || skip "opening a tracepoint on another user's program needs root"
for tool in python3 unshare "${CC:=cc}"; do
	command -v "$tool" >/dev/null || skip "there is no $tool"
done
for program in profilerd profilerctl; do
	if [ ! -x "$binaries/$program" ]; then
		echo "bench: $binaries/$program is missing: run make build first" >&2
		exit 1
	fi
done
if [ "${BENCH_NAMESPACE:-}" != 1 ]; then
	BENCH_NAMESPACE=1 exec unshare --mount --propagation private "$0" "$@"
fi

uid=${BENCH_UID:-61000}
while [ -z "${BENCH_UID:-}" ] && getent passwd "$uid" >/dev/null; do
	uid=$((uid + 1))
done
tracing=/sys/kernel/tracing
[ -d $tracing/events ] || mount -t tracefs tracefs $tracing ||
	echo "bench: tracefs cannot be mounted at $tracing"

work=$(mktemp -d "${TMPDIR:-/tmp}/profilerd-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
chmod 0755 "$work"
mkdir -m 0700 "$work/state"
chown "$uid:$uid" "$work/state"
install -m 0755 "$binaries/profilerd" "$binaries/profilerctl" "$work"
$CC -O2 -Wall -Wextra -o "$work/drain" "$here/drain.c"
# As written: a frame for every function, and every function a frame.
$CC -O1 -Wall -Wextra -fno-omit-frame-pointer -fno-optimize-sibling-calls -o "$work/calls" \
	"$here/calls.c"

PYTHONDONTWRITEBYTECODE=1 python3 "$here/figures.py" "$work" --uid "$uid" "$@" || {
	status=$?
	[ ! -e "$work/profilerd.log" ] || cat "$work/profilerd.log" >&2
	exit $status
}
