#!/bin/bash
# What `make test` runs after the build: unit and integration tests with `swift test`; a package
# that uses the library alone; then, as root, a hostile client against the daemon and the tests that
# need a real systemd. Whatever is skipped is named with its reason.
set -uo pipefail
cd "$(dirname "$0")/../.."
status=0
part() { printf '\n== %s\n' "$*"; }

# A Python with the varlink package, to talk to the daemon with a client that is not ours.
python=.build/test-python
if [ ! -x "$python/bin/python" ] && /usr/bin/python3 -m venv "$python" 2>/dev/null; then
    "$python/bin/pip" install --quiet varlink || true
fi
if "$python/bin/python" -c 'import varlink' 2>/dev/null; then
    export PROFILERD_TEST_PYTHON=$PWD/$python/bin/python
fi

part "unit and integration tests, as $(id -un)"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# One at a time: exit tests, real perf events and full rings want the machine for themselves.
swift test --no-parallel "$@" >"$log" 2>&1 || status=1
# The whole log where something is wrong; else what was skipped, and the count.
if [ "$status" = 0 ]; then
    grep -E '^➜ ' "$log" || true
    grep -E 'Test run with' "$log"
else
    cat "$log"
fi

part "the library without the profiler"
Tests/Harness/library.sh || status=1
part "the exposure of the units"
Tests/Harness/exposure.sh || status=1

part "a hostile client"
if [ "$(id -u)" = 0 ]; then
    PROFILERD=$PWD/.build/release/profilerd python3 -B Tests/HostileClient/test_hostile_client.py ||
        status=1
else
    echo "ok - the hostile client # SKIP it needs root: sudo make test"
fi

part "a real systemd"
if [ "$(id -u)" = 0 ]; then
    Tests/SystemdIntegration/run.sh || status=1
else
    echo "ok - the systemd tests # SKIP they need root: sudo make test"
fi
exit "$status"
