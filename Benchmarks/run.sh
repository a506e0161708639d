#!/bin/sh
# Prints the figures of profilerd: `make bench`. As root, with the programs built for release.
#
#     Benchmarks/run.sh [--rounds N] [--trip-rounds N] [--calls N]
#             [--only credentials|recording|start|idle|flight|load]
#
# The figures of credentials need no privilege: any other user gets those alone.
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

only=
for argument; do
	[ "${previous:-}" != --only ] || only=$argument
	previous=$argument
done
if [ -z "$only" ] && [ "$(id -u)" != 0 ]; then
	echo "bench: credentials only: opening a tracepoint on another user's program needs root"
	only=credentials
	set -- "$@" --only credentials
fi
[ "$only" = credentials ] || [ "$(id -u)" = 0 ] ||
	skip "opening a tracepoint on another user's program needs root"
for tool in python3 unshare "${CC:=cc}"; do
	command -v "$tool" >/dev/null || skip "there is no $tool"
done
programs=RoundTrip
[ "$only" = credentials ] || programs="$programs profilerd profilerctl"
for program in $programs; do
	if [ ! -x "$binaries/$program" ]; then
		echo "bench: $binaries/$program is missing: run make build first" >&2
		exit 1
	fi
done
if [ "$only" != credentials ] && [ "${BENCH_NAMESPACE:-}" != 1 ]; then
	BENCH_NAMESPACE=1 exec unshare --mount --propagation private "$0" "$@"
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/profilerd-bench.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
chmod 0755 "$work"
for program in $programs; do
	install -m 0755 "$binaries/$program" "$work"
done
# The same level as the release build of the library that it is compared with.
$CC -O2 -Wall -Wextra -o "$work/roundtrip" "$here/roundtrip.c"

if [ "$only" != credentials ]; then
	uid=${BENCH_UID:-61000}
	while [ -z "${BENCH_UID:-}" ] && getent passwd "$uid" >/dev/null; do
		uid=$((uid + 1))
	done
	tracing=/sys/kernel/tracing
	[ -d $tracing/events ] || mount -t tracefs tracefs $tracing ||
		echo "bench: tracefs cannot be mounted at $tracing"
	mkdir -m 0700 "$work/state"
	chown "$uid:$uid" "$work/state"
	$CC -O2 -Wall -Wextra -o "$work/drain" "$here/drain.c"
	# As written: a frame for every function, and every function a frame.
	$CC -O1 -Wall -Wextra -fno-omit-frame-pointer -fno-optimize-sibling-calls \
		-o "$work/calls" "$here/calls.c"
	set -- --uid "$uid" "$@"
fi

PYTHONDONTWRITEBYTECODE=1 python3 "$here/figures.py" "$work" "$@" || {
	status=$?
	[ ! -e "$work/profilerd.log" ] || cat "$work/profilerd.log" >&2
	exit $status
}
